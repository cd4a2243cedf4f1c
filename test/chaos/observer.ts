/**
 * The independent other side: MQTT.js at the broker itself, not through the proxy, with a persistent session at QoS 1.
 * Hears the board's alerts and its lamp, and wishes for lamp states, now and then one that is older than the last.
 */

import mqtt, { type MqttClient } from "mqtt";
import type { Chance } from "./random.js";
import { within } from "./within.js";
import { type Alert, alertOf } from "./witness.js";

export interface ObserverOptions {
	readonly port: number;
	/** Milliseconds from one connection to the next. */
	readonly patience?: number;
	/** Where the board's shadow is updated; about a third of the wishes go by it. */
	readonly shadow?: string | undefined;
	/** The topics of the board start with this. */
	readonly base: string;
	readonly chance: Chance;
	readonly onAlert: (alert: Alert) => void;
	readonly onWish: (ver: number, on: boolean) => void;
}

export class Observer {
	/** The board's last word on its lamp. */
	lamp: { readonly ver?: number; readonly state?: string } = {};
	readonly #options: ObserverOptions;
	readonly #client: MqttClient;
	/** Wishes so far, by version; 0 is none. */
	readonly #wishes: boolean[] = [false];
	#ready = false;
	#waiting: (() => void)[] = [];

	constructor(options: ObserverOptions) {
		this.#options = options;
		const { port, base, patience = 20 } = options;
		this.#client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
			clientId: "chaos-observer",
			clean: false,
			protocolVersion: 4,
			reconnectPeriod: patience,
			connectTimeout: 2000,
			keepalive: 5,
		});
		this.#client.on("error", () => {});
		this.#client.on("close", () => {
			this.#ready = false;
		});
		// Each time: the broker may have forgotten all or some of it.
		this.#client.on("connect", () =>
			this.#client.subscribe([`${base}alerts/+`, `${base}lamp/state`], { qos: 1 }, error => {
				if (error) return;
				this.#ready = true;
				for (const resolve of this.#waiting.splice(0)) resolve();
			}),
		);
		this.#client.on("message", (topic, payload) => this.#hear(topic.slice(base.length), payload.toString()));
	}
	/** Resolves when it is subscribed: what the broker takes from then on, it gets. */
	subscribed(): Promise<void> {
		if (this.#ready) return Promise.resolve();
		return within(20_000, "the observer's subscription", new Promise(resolve => this.#waiting.push(resolve)));
	}
	/** The newest wish. */
	get newest(): { readonly ver: number; readonly on: boolean } {
		const ver = this.#wishes.length - 1;
		return { ver, on: this.#wishes[ver] as boolean };
	}
	/** Wishes for a lamp state: most often a new one, else one that is no longer wanted. */
	wish(): void {
		const { chance, onWish } = this.#options;
		if (!this.#ready) return;
		if (this.#wishes.length > 3 && chance.next() < 0.2) {
			this.#publish(this.#wishes.length - 1 - chance.whole(1, 3));
			return;
		}
		const on = chance.next() < 0.5;
		onWish(this.#wishes.push(on) - 1, on);
		this.#publish(this.#wishes.length - 1);
	}
	/** Wishes for the newest once more, where the broker has lost it. */
	insist(): void {
		if (this.#ready && this.newest.ver > 0) this.#publish(this.newest.ver);
	}
	async close(): Promise<void> {
		await this.#client.endAsync(true);
	}

	#publish(ver: number): void {
		const wish = { state: this.#wishes[ver] ? "ON" : "OFF", ver };
		const { base, chance, shadow } = this.#options;
		if (shadow !== undefined && chance.next() < 0.3)
			this.#client.publish(shadow, JSON.stringify({ state: { desired: { lamp: wish } } }), { qos: 1 });
		else this.#client.publish(`${base}lamp/desired`, JSON.stringify(wish), { qos: 1, retain: true });
	}
	#hear(topic: string, text: string): void {
		if (topic === "lamp/state") {
			if (text) this.lamp = JSON.parse(text);
			return;
		}
		const alert = alertOf(topic.slice("alerts/".length), text);
		if (alert) this.#options.onAlert(alert);
	}
}

/**
 * One of the two test clients: its connection, its subscriptions with a log each, and what was published by it. The clean
 * one is forgotten by the broker when it goes; the persistent one keeps its id and its filters in this browser, so that
 * what was missed can be seen coming.
 */

import { type Signal, signal } from "@preact/signals";
import { Link, type LinkState, type Message, type Through } from "../mqtt/link.js";
import { mark, version } from "./beat.js";
import { Log } from "./log.js";
import { matches } from "./match.js";

export interface Subscription {
	readonly filter: string;
	readonly QoS: number;
	/** Index of a colour. */
	readonly colour: number;
	/** SUBACK's code: 0 to 2 as granted, 128 refused; `undefined` until it comes. */
	granted: number | undefined;
	readonly log: Log;
	paused: boolean;
	/** Came while it was paused. */
	missed: number;
}

export interface Published {
	readonly at: number;
	readonly topic: string;
	readonly bytes: Uint8Array;
	readonly QoS: number;
	readonly retain: boolean;
	/** `undefined` while it is on its way, "" when the broker has it. */
	outcome: string | undefined;
}

export interface ClientState {
	readonly link: LinkState;
	readonly sessionPresent: boolean | undefined;
	readonly reason: string;
}

export interface ClientOptions {
	readonly through: Through;
	readonly id: string;
	readonly clean: boolean;
	/** Where filters of a persistent session are kept. */
	readonly storage?: Pick<Storage, "getItem" | "setItem">;
}

const COLOURS = 8;
const HISTORY = 50;
const KEY = "filters";

export class TestClient {
	readonly id: string;
	readonly clean: boolean;
	readonly link: Link;
	readonly state: Signal<ClientState> = signal({ link: "off", sessionPresent: undefined, reason: "" });
	/** Grows with each message, subscription and publish. */
	readonly version: Signal<number> = version();
	readonly subscriptions: Subscription[] = [];
	/** Newest first. */
	readonly published: Published[] = [];
	/** Messages since it was connected. */
	received = 0;
	readonly #options: ClientOptions;
	#colour = 0;

	constructor(options: ClientOptions) {
		this.#options = options;
		this.id = options.id;
		this.clean = options.clean;
		this.link = new Link({
			through: options.through,
			id: options.id,
			clean: options.clean,
			lasting: options.clean,
			onMessage: message => this.#receive(message),
			onState: (link, { sessionPresent, reason = "" }) => {
				if (link === "online") this.received = 0;
				this.state.value = { link, sessionPresent, reason };
			},
		});
		for (const [filter, QoS] of this.#remembered()) this.subscribe(filter, QoS, true);
	}

	get online(): boolean {
		return this.state.value.link === "online";
	}

	/** Ends the session at the broker: a clean connection, and nothing after it. */
	forget(): void {
		const { through, id } = this.#options;
		const link = new Link({
			through,
			id,
			lasting: false,
			onMessage() {},
			onState: state => {
				if (state === "online") setTimeout(() => link.disconnect());
			},
		});
		link.connect();
	}

	subscribe(filter: string, QoS: number, known = false): void {
		if (this.subscriptions.some(one => one.filter === filter)) return;
		const subscription: Subscription = {
			filter,
			QoS,
			colour: this.#colour++ % COLOURS,
			granted: undefined,
			log: new Log(),
			paused: false,
			missed: 0,
		};
		this.subscriptions.unshift(subscription);
		this.#remember();
		const granted = (code: number | undefined) => {
			subscription.granted = code;
			mark(this.version);
		};
		this.link.subscribe(filter, QoS, granted, known);
		this.version.value++;
	}

	unsubscribe(subscription: Subscription): void {
		const index = this.subscriptions.indexOf(subscription);
		if (index >= 0) this.subscriptions.splice(index, 1);
		this.#remember();
		this.link.unsubscribe(subscription.filter);
		this.version.value++;
	}

	publish(topic: string, bytes: Uint8Array, QoS: number, retain: boolean): void {
		const published: Published = { at: Date.now(), topic, bytes, QoS, retain, outcome: undefined };
		this.published.unshift(published);
		if (this.published.length > HISTORY) this.published.pop();
		this.link.publish(topic, bytes, {
			QoS,
			retain,
			onDone: (error = "") => {
				published.outcome = error;
				mark(this.version);
			},
		});
		mark(this.version);
	}

	/** A broker does not say by which filter a message came: each that matches has it. */
	#receive(message: Message): void {
		this.received++;
		for (const subscription of this.subscriptions) {
			if (!matches(subscription.filter, message.topic)) continue;
			if (subscription.paused) subscription.missed++;
			else subscription.log.add(message);
		}
		mark(this.version);
	}

	#remembered(): [filter: string, QoS: number][] {
		try {
			return JSON.parse(this.#options.storage?.getItem(KEY) ?? "[]");
		} catch {
			return [];
		}
	}
	#remember(): void {
		const filters = this.subscriptions.map(({ filter, QoS }) => [filter, QoS]).reverse();
		this.#options.storage?.setItem(KEY, JSON.stringify(filters));
	}
}

/**
 * Brokers and a network that behave as they are told, under a session with scripted clients: a small model of what
 * MQTT 3.1.1 promises, with an account of everything that arrived. Time moves in steps; all that was written in
 * one step reaches the broker in the next, and its acknowledgement the device in the one after.
 */

import assert from "node:assert/strict";
import type { SessionOptions } from "../../modules/session/options.js";
import { Bench } from "./bench.js";
import type { ScriptedClient, Written } from "./client.js";

/** What a broker does with a connection. A "hole" answers nothing, "mute" nothing after CONNACK; a number is a CONNACK code. */
export type Weather = "good" | "refused" | "hole" | "mute" | number;

const step = 50;
/** Milliseconds of silence after which the client's own keep-alive gives up. */
const silence = 45_000;

interface Connection {
	readonly client: ScriptedClient;
	readonly host: string;
	/** CONNECT fell into a hole: no answer will ever come. */
	lost: boolean;
	accepted: boolean;
	present: boolean;
	/** How many of the written packets the broker has taken. */
	taken: number;
	/** PUBACKs that are on their way to the device. */
	acknowledgements: number[];
	/** Unacknowledged QoS 1, by packet identifier. */
	readonly open: Map<number, string>;
	/** Texts of QoS 1 messages written on this connection. */
	readonly texts: Set<string>;
	/** Filters that were subscribed to on this connection. */
	readonly asked: Set<string>;
	quiet: number;
}

export interface Delivery {
	readonly topic: string;
	readonly text: string;
	readonly host: string;
}

export class World {
	bench: Bench;
	/** False once the device has lost its power: it starts again before time goes on. */
	alive = () => true;
	/** The outbox after a restart. */
	reopen = () => this.bench.outbox;
	readonly weather = new Map<string, Weather>();
	/** Filters of each broker's session for us. */
	readonly sessions = new Map<string, Set<string>>();
	readonly deliveries: Delivery[] = [];
	readonly #options: Partial<SessionOptions>;
	readonly #window: number;
	/** How many filters there are, our status among them. */
	readonly #filters: number;
	/** By host: texts that were written with an identifier to its session, so that DUP is right. */
	readonly #attempted = new Set<string>();
	#connection: Connection | undefined;
	#seen = 0;

	constructor(hosts: readonly string[], options: Partial<SessionOptions>) {
		for (const host of hosts) this.weather.set(host, "good");
		this.#window = options.window ?? 20;
		this.#filters = 1 + (options.subscriptions?.length ?? 0);
		const brokers = hosts.map(host => ({ host, port: 1883 }));
		this.#options = { brokers, ...options };
		this.bench = new Bench(this.#options);
	}
	advance(milliseconds: number): void {
		for (let passed = 0; passed < milliseconds; passed += step) {
			this.bench.clock.advance(step);
			if (this.alive()) this.#live();
			else this.reboot(false);
		}
	}
	/** The connection is cut. What was written before may have reached the broker; no acknowledgement comes back. */
	cut(arrived: boolean): void {
		const connection = this.#connection;
		this.#connection = undefined;
		if (!connection) return;
		this.#inspect(connection);
		if (arrived && connection.accepted) this.#take(connection);
		connection.client.fail(2);
	}
	/** The broker starts anew, without its sessions. */
	restart(host: string): void {
		this.sessions.delete(host);
		if (this.#connection?.host === host) this.cut(false);
	}
	/** The broker starts anew with a store that went back: the session is there, its subscriptions are not. */
	forget(host: string): void {
		this.sessions.get(host)?.clear();
		if (this.#connection?.host === host) this.cut(false);
	}
	/** The device loses power, and starts again with its outbox and its memory. */
	reboot(arrived: boolean): void {
		const connection = this.#connection;
		this.#connection = undefined;
		if (connection) {
			this.#inspect(connection);
			if (arrived && connection.accepted) this.#take(connection);
		}
		const outbox = this.reopen();
		// An identifier is kept before the bytes leave: whether they did is not known any more.
		for (let entry = outbox.next(0); entry; entry = outbox.next(entry.sequence))
			if (entry.packetIdentifier)
				for (const host of this.weather.keys())
					this.#attempted.add(`${host} ${Buffer.from(entry.payload).toString()}`);
		// The clock of the former session stands still from now on, so nothing of it moves any more.
		this.bench = new Bench({ ...this.#options, outbox });
		this.#seen = 0;
	}
	/** Room in the socket: `room` bytes now, all that is needed from the next step on. */
	squeeze(room: number): void {
		if (this.#connection?.accepted) this.#connection.client.writable(room);
	}

	#live(): void {
		const { clients } = this.bench;
		while (this.#seen < clients.length) this.#begin(clients[this.#seen++] as ScriptedClient);
		const connection = this.#connection;
		if (!connection) return;
		if (connection.client.closed) {
			this.#inspect(connection);
			this.#connection = undefined;
			return;
		}
		this.#inspect(connection);
		const weather = this.weather.get(connection.host) as Weather;
		if (connection.lost) return;
		if (weather === "hole" || weather === "mute") connection.quiet += step;
		else connection.quiet = 0;
		if (weather === "hole") {
			if (connection.accepted && connection.quiet >= silence) connection.client.fail(5);
		} else if (!connection.accepted) this.#answer(connection, weather);
		else if (weather !== "mute") this.#serve(connection);
	}
	#begin(client: ScriptedClient): void {
		assert.ok(!this.#connection || this.#connection.client.closed, "two connections at a time");
		const { host } = client.options;
		if (this.#connection) this.#inspect(this.#connection);
		this.#connection = {
			client,
			host,
			lost: this.weather.get(host) === "hole",
			accepted: false,
			present: false,
			taken: 0,
			acknowledgements: [],
			open: new Map(),
			texts: new Set(),
			asked: new Set(),
			quiet: 0,
		};
	}
	#answer(connection: Connection, weather: Weather): void {
		const { client, host } = connection;
		if (weather === "refused") client.fail(2);
		else if (typeof weather === "number") client.accept(false, weather);
		else {
			connection.present = this.sessions.has(host);
			connection.accepted = true;
			if (!connection.present) {
				this.sessions.set(host, new Set());
			}
			client.accept(connection.present);
		}
	}
	#serve(connection: Connection): void {
		const { client } = connection;
		for (const id of connection.acknowledgements.splice(0)) {
			connection.open.delete(id);
			client.acknowledge(id);
		}
		this.#inspect(connection);
		this.#take(connection);
		if (!client.closed) client.writable(1_000_000);
		this.#inspect(connection);
	}
	#looked = new WeakMap<ScriptedClient, number>();
	/** The rules that hold for all that a session writes. */
	#inspect(connection: Connection): void {
		const { client, host, open, texts, present } = connection;
		const { written } = client;
		for (let i = this.#looked.get(client) ?? 0; i < written.length; i++) {
			const { operation, id = 0, text = "", QoS, duplicate, items } = written[i] as Written;
			if (items) for (const item of items) connection.asked.add(item);
			if (operation === 3 && text === "online")
				assert.equal(connection.asked.size, this.#filters, "online before all was subscribed to");
			if (operation !== 3 || !QoS) continue;
			const unique = text !== "online";
			assert.ok(!open.has(id), `identifier ${id} is in use`);
			if (unique) assert.ok(!texts.has(text), `${text} was sent twice on one connection`);
			if (duplicate)
				assert.ok(present && this.#attempted.has(`${host} ${text}`), `${text} has DUP for no reason`);
			open.set(id, text);
			texts.add(text);
			this.#attempted.add(`${host} ${text}`);
			assert.ok(open.size <= this.#window, `${open.size} in flight`);
		}
		this.#looked.set(client, written.length);
	}
	#take(connection: Connection): void {
		const { client, host } = connection;
		const { written } = client;
		while (connection.taken < written.length) {
			const { operation, id = 0, topic = "", text = "", QoS, items } = written[connection.taken++] as Written;
			if (operation === 3) {
				this.deliveries.push({ topic, text, host });
				if (QoS) connection.acknowledgements.push(id);
			} else if (items) {
				for (const item of items) this.sessions.get(host)?.add(item);
				if (this.#connection !== connection) continue;
				client.control({ operation: 9, id, payload: items.map(() => 1) });
			}
		}
	}
}

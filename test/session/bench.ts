/** A session on scripted clients and a clock that is moved by hand, with everything that it told the application. */

import type { ByteBuffer } from "../../modules/mqtt/io.js";
import type { SessionOptions } from "../../modules/session/options.js";
import { Queue } from "../../modules/session/queue.js";
import Session from "../../modules/session/session.js";
import { TestClock } from "../clock.js";
import { clients, type ScriptedClient } from "./client.js";

export const text = (payload: ByteBuffer) => Buffer.from(payload as Uint8Array).toString();

export class Bench {
	readonly clock = new TestClock();
	readonly outbox: SessionOptions["outbox"];
	readonly session: Session;
	/** "online true", "offline 2", "message topic 1rd text", "report 3 topic", in order. */
	readonly told: string[] = [];
	readonly #made: ScriptedClient[];

	constructor(options: Partial<SessionOptions> = {}) {
		const { io, made } = clients();
		this.#made = made;
		this.outbox = options.outbox ?? new Queue();
		const none = { io: class {} as never };
		this.session = new Session({
			client: { io, socket: none, dns: none, timer: this.clock, ticks: this.clock },
			brokers: [{ host: "a", port: 1883 }],
			id: "desk-1",
			keepAlive: 30_000,
			status: { topic: "desk-1/status", online: "online", offline: "offline" },
			outbox: this.outbox,
			timer: this.clock,
			ticks: this.clock,
			random: () => 0.5,
			onMessage: (topic, payload, { QoS, retain, duplicate }) =>
				this.told.push(
					`message ${topic} ${QoS}${retain ? "r" : ""}${duplicate ? "d" : ""} ${text(payload)}`.trimEnd(),
				),
			onOnline: present => this.told.push(`online ${present}`),
			onOffline: reason => this.told.push(`offline ${reason}`),
			onReport: (event, detail) => this.told.push(`report ${event} ${detail}`),
			...options,
			// The scripted broker does not send us our own status, unless a test does.
			deadlines: { hear: 0, ...options.deadlines },
		});
	}
	/** All clients made so far. */
	get clients(): readonly ScriptedClient[] {
		return this.#made;
	}
	/** The client that was made last. */
	get client(): ScriptedClient {
		return this.#made.at(-1) as ScriptedClient;
	}
	/** Goes on to the next client, however long the back-off is. */
	connect(): ScriptedClient {
		const before = this.#made.length;
		for (let i = 0; i < 700 && this.#made.length === before; i++) this.clock.advance(i ? 100 : 0);
		if (this.#made.length === before) throw new Error("no try was made");
		return this.client;
	}
	/** Connects, is accepted and granted, and has its status acknowledged. */
	establish(sessionPresent = false): ScriptedClient {
		const client = this.connect();
		client.accept(sessionPresent);
		client.grant();
		client.acknowledge();
		client.take();
		return client;
	}
	/** Connects, is accepted and granted. Of the lines that the client wrote, those of the subscriptions are taken. */
	resume(sessionPresent: boolean): ScriptedClient {
		const client = this.connect();
		client.accept(sessionPresent);
		client.grant();
		while (client.written[0]?.operation === 8) client.written.shift();
		return client;
	}
	/** What was told since the last call. */
	take(): string[] {
		return this.told.splice(0);
	}
}

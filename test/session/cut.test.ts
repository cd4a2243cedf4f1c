/**
 * A session over the real MQTT client and a network in memory whose connection is cut after every byte, in each
 * direction, of a conversation with QoS 0, 1 and 2 both ways.
 */

import assert from "node:assert/strict";
import MQTTClient from "../../modules/mqtt/client.js";
import { Queue } from "../../modules/session/queue.js";
import Session from "../../modules/session/session.js";
import { TestClock } from "../clock.js";
import { type Line, Wire } from "../wire.js";
import { text } from "./bench.js";
import { Broker } from "./broker.js";

/** When a connection is cut: after so many bytes to the broker, or to the device, since the last cut. */
interface Cut {
	readonly up: number;
	readonly down: number;
	/** The broker forgets the session with it. */
	readonly forgetful?: boolean;
}
const never: Cut = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY };

interface Script {
	readonly cuts?: readonly Cut[];
	/** Bytes that the socket takes before it is drained. */
	readonly room?: number;
	/** Appended to each alert, to make it long. */
	readonly padding?: string;
}

class Conversation {
	readonly clock = new TestClock();
	readonly wire: Wire;
	readonly broker = new Broker();
	readonly outbox = new Queue();
	/** What the application was given. */
	readonly received: string[] = [];
	readonly session: Session;
	/** Bytes that went each way since the last cut. */
	up = 0;
	down = 0;
	readonly #cuts: Cut[];
	#line: Line | undefined;
	#taken = 0;
	/** Bytes on their way to the device. */
	#underway = Buffer.alloc(0);

	constructor({ cuts = [], room = 65_536 }: Script) {
		const { clock } = this;
		const wire = new Wire(room);
		this.wire = wire;
		this.#cuts = [...cuts];
		this.session = new Session({
			client: { io: MQTTClient, socket: wire.socket, dns: wire.dns, timer: clock, ticks: clock },
			brokers: [{ host: "broker", port: 1883 }],
			id: "d",
			keepAlive: 30_000,
			status: { topic: "d/status", online: "online", offline: "offline" },
			subscriptions: [
				{ topic: "in0", QoS: 0 },
				{ topic: "in1", QoS: 1 },
				{ topic: "in2", QoS: 2 },
			],
			outbox: this.outbox,
			timer: clock,
			ticks: clock,
			random: () => 0,
			onMessage: (topic, payload) => this.received.push(`${topic} ${text(payload)}`),
			onReport: (event, detail) => assert.ok(event === 1, `report ${event} ${detail}`),
		});
	}
	advance(milliseconds: number): void {
		for (let passed = 0; passed < milliseconds; passed += 50) {
			this.clock.advance(50);
			this.#connect();
			this.#carry();
		}
	}
	#connect(): void {
		const { resolutions, lines } = this.wire;
		if (resolutions.length && !resolutions.at(-1)?.closed) this.wire.resolve();
		const line = lines.at(-1);
		if (!line || line === this.#line || line.closed) return;
		this.#line = line;
		this.#taken = 0;
		this.#underway = Buffer.alloc(0);
		this.broker.open();
		line.connect();
	}
	/** Bytes go both ways until there are none. */
	#carry(): void {
		for (let line = this.#line; line && !line.closed; line = this.#line) {
			const cut = this.#cuts[0] ?? never;
			const fresh = line.written.subarray(this.#taken);
			const some = fresh.subarray(0, cut.up - this.up);
			this.#taken += some.byteLength;
			this.up += some.byteLength;
			this.#underway = Buffer.concat([this.#underway, this.broker.receive(some), this.broker.take()]);
			const back = this.#underway.subarray(0, cut.down - this.down);
			this.#underway = this.#underway.subarray(back.byteLength);
			this.down += back.byteLength;
			if (back.byteLength) line.send(back);
			if (some.byteLength) line.drain(some.byteLength);
			if (this.up >= cut.up || this.down >= cut.down) this.#sever(line, cut);
			else if (!some.byteLength && !back.byteLength) break;
			if (this.broker.ended) line.drop();
		}
	}
	#sever(line: Line, { forgetful }: Cut): void {
		if (forgetful) this.broker.forget();
		this.#cuts.shift();
		this.up = this.down = 0;
		this.broker.lost();
		line.drop();
	}
}

const count = 3;
const all = Array.from({ length: count }, (_, i) => `${i}`);

/** Plays the conversation to its end. */
function play(script: Script): Conversation {
	const conversation = new Conversation(script);
	const { session, broker, clock } = conversation;
	conversation.advance(50);
	for (const text of all) {
		session.publish("out0", text);
		session.publish("alert", text + (script.padding ?? ""), { QoS: 1, durable: true });
		session.publish("out1", text, { QoS: 1 });
		session.publish("out2", text, { QoS: 2 });
		for (const QoS of [0, 1, 2]) broker.publish(`in${QoS}`, text, QoS);
		conversation.advance(50);
	}
	// Two cuts in a row at one message make it a suspect, which waits 10 s for a connection that is proved.
	conversation.advance(18_000);
	assert.ok(session.online);
	assert.equal(conversation.outbox.length, 0);
	let closed = false;
	session.close(() => {
		closed = true;
	});
	conversation.advance(1000);
	assert.ok(closed);
	assert.equal(clock.pending, 0, "no timer is left");
	return conversation;
}

const on = (lines: readonly string[], topic: string) =>
	lines.filter(line => line.startsWith(`${topic} `)).map(line => line.slice(topic.length + 1));
const once = (lines: readonly string[]) => [...new Set(lines)];

/** Plays it, and holds the promises against what arrived. */
function check(script: Script): Conversation {
	const conversation = play(script);
	const { broker, received } = conversation;
	const { cuts = [], padding = "" } = script;
	const alerts = all.map(text => text + padding);
	assert.deepEqual(once(on(broker.arrived, "alert")), alerts, "alert: at least once, in order");
	assert.deepEqual(once(on(broker.arrived, "out1")), all, "out1: at least once, in order");
	assert.deepEqual(on(broker.arrived, "out0"), once(on(broker.arrived, "out0")), "out0: at most once");
	assert.equal(on(broker.arrived, "d/status").at(-1), "offline");
	// What the broker has forgotten it cannot deliver, nor know that it had it.
	if (cuts.some(({ forgetful }) => forgetful)) return conversation;
	assert.deepEqual(on(broker.arrived, "out2"), all, "out2: exactly once, in order");
	assert.ok(broker.idle);
	const sent = all.slice(broker.missed);
	assert.deepEqual(once(on(received, "in1")), sent, "in1: at least once, in order");
	assert.deepEqual(on(received, "in2"), sent, "in2: exactly once, in order");
	return conversation;
}

describe("a connection that is cut after every byte", function () {
	this.timeout(60_000); // a busy machine: nothing here depends on time
	let up = 0;
	let down = 0;

	it("loses nothing when it is not cut at all", () => {
		const conversation = check({});
		assert.deepEqual(on(conversation.broker.arrived, "out0"), all);
		assert.equal(conversation.broker.connects, 1);
		({ up, down } = conversation);
		assert.ok(up > 250 && down > 180, `${up} bytes to the broker, ${down} to the device`);
	});
	it("to the broker: QoS 1 arrives at least once and QoS 2 exactly once, both ways, in order per topic", () => {
		for (let bytes = 0; bytes < up; bytes++) check({ cuts: [{ ...never, up: bytes }] });
	});
	it("to the device: the same", () => {
		for (let bytes = 0; bytes < down; bytes++) check({ cuts: [{ ...never, down: bytes }] });
	});
	it("to the broker, which loses the session with it: QoS 1 still arrives at least once, in order", () => {
		for (let bytes = 0; bytes < up; bytes++) check({ cuts: [{ ...never, up: bytes, forgetful: true }] });
	});
	it("and cut again, in the other direction, on the next connection: the same", () => {
		for (let first = 0; first < up; first += 11)
			for (let second = 0; second < down; second += 9)
				check({
					cuts: [
						{ ...never, up: first },
						{ ...never, down: second },
					],
				});
	});
	it("over a socket that takes 64 bytes at a time, with messages that are longer: the same", () => {
		const script = { room: 64, padding: "x".repeat(200) };
		const conversation = check(script);
		for (let bytes = 0; bytes < conversation.up; bytes++)
			check({ ...script, cuts: [{ ...never, up: bytes }] });
		for (let bytes = 0; bytes < conversation.down; bytes++)
			check({ ...script, cuts: [{ ...never, down: bytes }] });
	});
});

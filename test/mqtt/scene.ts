/**
 * One MQTT client on a network and a clock that are moved by hand, and the log of all it did: what the
 * tests of modules/mqtt share. The broker's bytes come from `mqtt-packet`, which is not ours.
 */

import assert from "node:assert/strict";
import { generate, type Packet, parser } from "mqtt-packet";
import MQTTClient from "../../modules/mqtt/client.js";
import type { MQTTError } from "../../modules/mqtt/io.js";
import { TestClock } from "../clock.js";
import { type Line, Wire } from "../wire.js";

export type Options = ConstructorParameters<typeof MQTTClient>[0];
export type Control = Parameters<NonNullable<Options["onControl"]>>[1];
export type First = Parameters<NonNullable<Options["onReadable"]>>[1];

/** A message that came, put together again from its fragments. */
export interface Message {
	readonly first: First;
	payload: Buffer;
	fragments: number;
	complete: boolean;
}

/** The packets that `bytes` are, and nothing beside them. */
export function packets(bytes: Uint8Array): Packet[] {
	const found: Packet[] = [];
	const reader = parser({ protocolVersion: 4 });
	reader.on("packet", packet => found.push(packet));
	reader.on("error", error => {
		throw error;
	});
	const left = reader.parse(Buffer.from(bytes));
	assert.equal(left, 0, `${left} bytes behind the last whole packet`);
	return found;
}

/** What a broker sends. */
export const broker = Object.freeze({
	connack: (returnCode = 0, sessionPresent = false) => [0x20, 2, sessionPresent ? 1 : 0, returnCode],
	publish: (
		topic: string,
		payload: string | Uint8Array = "",
		{ qos = 0, id = 0, retain = false, dup = false }: Partial<Flags> = {},
	): Buffer =>
		generate({
			cmd: "publish",
			topic,
			payload: typeof payload === "string" ? payload : Buffer.from(payload),
			qos,
			retain,
			dup,
			messageId: id,
		}),
	/** PUBACK 4, PUBREC 5, PUBCOMP 7, UNSUBACK 11; PUBREL 6 has its flags. */
	acknowledge: (type: number, id: number) => [(type << 4) | (type === 6 ? 2 : 0), 2, id >> 8, id & 255],
	suback: (id: number, ...codes: number[]) => [0x90, 2 + codes.length, id >> 8, id & 255, ...codes],
	pingresp: () => [0xd0, 0],
	pingreq: () => [0xc0, 0],
});
interface Flags {
	qos: 0 | 1 | 2;
	id: number;
	retain: boolean;
	dup: boolean;
}

export default class Scene {
	readonly clock = new TestClock();
	readonly wire: Wire;
	readonly client: MQTTClient;
	/** One line for each callback, in order. */
	readonly log: string[] = [];
	/** Messages, put together, and control packets in order: the same however the bytes were cut. */
	readonly story: string[] = [];
	readonly messages: Message[] = [];
	readonly controls: Control[] = [];
	readonly errors: MQTTError[] = [];
	/** What each onWritable offered. */
	readonly offers: number[] = [];
	/** Callbacks that came after `close` or `onError`; there must never be one. */
	readonly late: string[] = [];
	/** Whether each callback had the client as its `this`. */
	own = true;
	#ended = false;

	/** Callbacks given in `options` run after the scene's own record; `onReadable` replaces its reading. */
	constructor(options: Partial<Options> = {}, room: number | Wire = 65_536) {
		this.wire = typeof room === "number" ? new Wire(room) : room;
		const scene = this;
		this.client = new MQTTClient({
			socket: this.wire.socket,
			dns: this.wire.dns,
			timer: this.clock,
			host: "broker.test",
			id: "scene",
			...options,
			onReadable(count, first) {
				scene.#called(this, `readable ${count} ${first.more}`);
				if (options.onReadable) options.onReadable.call(this, count, first);
				else scene.take(first);
			},
			onWritable(count) {
				scene.#called(this, `writable ${count}`);
				scene.offers.push(count);
				options.onWritable?.call(this, count);
			},
			onControl(opcode, message) {
				scene.#called(this, `control ${opcode}`);
				assert.equal(opcode, message.operation);
				scene.controls.push({ ...message });
				scene.story.push(JSON.stringify(message));
				options.onControl?.call(this, opcode, message);
			},
			onError(error) {
				scene.#called(this, `error ${error.code}`);
				scene.#ended = true;
				scene.errors.push(error);
				options.onError?.call(this, error);
			},
		});
	}

	#called(client: unknown, line: string): void {
		if (client !== this.client) this.own = false;
		if (this.#ended) this.late.push(line);
		this.log.push(line);
	}

	/** Reads what is there and puts it behind the message it belongs to. */
	take(first: First): void {
		if (first.topic !== undefined)
			this.messages.push({
				first: { ...first, more: false },
				payload: Buffer.alloc(0),
				fragments: 0,
				complete: false,
			});
		const message = this.messages.at(-1) as Message;
		const bytes = this.client.read();
		if (bytes) message.payload = Buffer.concat([message.payload, Buffer.from(bytes)]);
		message.fragments++;
		message.complete = !first.more;
		if (message.complete)
			this.story.push(`${JSON.stringify(message.first)} ${message.payload.toString("hex")}`);
	}

	close(): void {
		this.#ended = true;
		this.client.close();
	}

	get line(): Line {
		return this.wire.line;
	}
	/** The one error there was; fails when there was none, or more. */
	get code(): number | undefined {
		assert.equal(this.errors.length, 1, `expected one onError, found ${this.errors.length}`);
		return this.errors[0]?.code;
	}

	/** Resolved, connected, CONNECT sent: CONNACK is awaited. */
	waiting(): this {
		this.wire.resolve();
		this.line.connect();
		return this;
	}
	/** Connected to a broker that accepted; what was written and called so far is forgotten. */
	connected(sessionPresent = false): this {
		this.waiting();
		this.line.send(broker.connack(0, sessionPresent));
		return this.forget();
	}
	forget(): this {
		this.line.writes.length = this.log.length = this.controls.length = this.offers.length = 0;
		return this;
	}
	/** The packets written since `forget`. */
	get sent(): Packet[] {
		return packets(this.line.written);
	}
	/** The same as bytes in hexadecimal, a string for each write. */
	get writes(): string[] {
		return this.line.writes.map(({ bytes }) => Buffer.from(bytes).toString("hex"));
	}
	/** What holds at any end: nothing called too late, no read of bytes that were not there. */
	check(): void {
		assert.deepEqual(this.late, [], "called after close");
		assert.ok(this.own, "a callback without the client as this");
		assert.ok(this.errors.length < 2, "onError twice");
		if (this.errors.length) assert.ok(this.wire.lines.every(({ closed }) => closed));
		assert.equal(
			this.wire.lines.reduce((sum, { idleReads }) => sum + idleReads, 0),
			0,
			"idle reads",
		);
		if (this.#ended) assert.equal(this.clock.pending, 0, "timers stand after the end");
	}
}

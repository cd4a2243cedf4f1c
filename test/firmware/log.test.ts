/**
 * The live log of the command: the lines it prints, and that listening changes nothing of what passes.
 */

import assert from "node:assert/strict";
import { generate, type Packet } from "mqtt-packet";
import { kindOf, describe as lineFor, logging, noteworthy, stamp } from "../../hosts/desk/log.js";
import { tapped } from "../../hosts/desk/tap.js";
import type { ByteBuffer, TCP, TCPClass, TCPOptions } from "../../modules/mqtt/io.js";

const publish = (payload: string | Buffer, more: object = {}): Packet => ({
	cmd: "publish",
	topic: "a/b",
	payload,
	qos: 0,
	dup: false,
	retain: false,
	...more,
});

const bytes = (packet: Packet) => Buffer.from(generate(packet));

describe("live log", () => {
	const table: [title: string, packet: Packet, line: string | undefined][] = [
		["a publish", publish("21.5"), "→ a/b  21.5  [QoS 0]"],
		["a retained one", publish("on", { qos: 1, messageId: 1, retain: true }), "→ a/b  on  [QoS 1, retained]"],
		["a repeated one", publish("on", { qos: 1, messageId: 1, dup: true }), "→ a/b  on  [QoS 1, duplicate]"],
		["an empty payload", publish("", { retain: true }), "→ a/b  (empty)  [QoS 0, retained]"],
		["bytes that are not text", publish(Buffer.of(0, 255, 3)), "→ a/b  (3 bytes)  [QoS 0]"],
		["a line break in text", publish("a\nb"), "→ a/b  (3 bytes)  [QoS 0]"],
		["a long text", publish("x".repeat(300)), `→ a/b  ${"x".repeat(200)}… (300 bytes)  [QoS 0]`],
		["a colour of the terminal in text", publish("a\u009b31mb"), "→ a/b  (7 bytes)  [QoS 0]"],
		["text that turns its direction", publish("a\u202eb"), "→ a/b  (5 bytes)  [QoS 0]"],
		[
			"an order with a password in it: its word alone",
			publish('{"cid":"1","cmd":"config","set":{"provision":{"pasword":"SECRET"}}}', { topic: "a/cmd" }),
			"→ a/cmd  config (67 bytes)  [QoS 0]",
		],
		["an order that is a word", publish("info", { topic: "a/cmd" }), "→ a/cmd  info (4 bytes)  [QoS 0]"],
		["an order that is none", publish("SECRET", { topic: "a/cmd" }), "→ a/cmd  … (6 bytes)  [QoS 0]"],
		["an acknowledgement", { cmd: "puback", messageId: 1 }, undefined],
		["a ping", { cmd: "pingreq" }, undefined],
		[
			"a refusal",
			{ cmd: "connack", returnCode: 5, sessionPresent: false },
			"· connection refused by the broker, return code 5",
		],
	];
	for (const [title, packet, line] of table)
		it(`prints ${line === undefined ? "nothing for" : "one line for"} ${title}`, () => {
			assert.equal(lineFor("→", packet), line);
		});

	const own: [line: string, options: Parameters<typeof noteworthy>[1], shown: boolean][] = [
		["online", { quiet: true }, true],
		["> alerts/hot {} (QoS 1)", {}, false],
		["> lamp/state {} (QoS 1, retained)", {}, false],
		["> alerts/hot {} (QoS 1, queued)", {}, true],
		["> alerts/hot {} (QoS 1, queued)", { log: ["alerts"] }, true],
		["> alerts/hot {} (QoS 1, queued)", { log: ["status"] }, false],
		["> alerts/hot {} (QoS 1, queued)", { quiet: true }, false],
		["> alerts/hot {} (QoS 1, dropped)", { quiet: true }, true],
		["> alerts/hot {} (QoS 1, dropped)", { log: ["status"] }, true],
		["< lamp/set ON", {}, false],
	];
	for (const [line, options, shown] of own)
		it(`${shown ? "has" : "has not"} the board's line ${line} with ${JSON.stringify(options)}`, () => {
			assert.equal(noteworthy(line, options), shown);
		});

	it("puts the time of day in front", () => {
		assert.equal(stamp("x", new Date(2026, 0, 2, 3, 4, 5, 6)), "03:04:05.006 x");
	});

	it("shows what a terminal would obey as its code, wherever a line comes from", () => {
		const line = stamp("x\u001b[2J\r\ny", new Date(2026, 0, 2, 3, 4, 5, 6));
		assert.equal(line, "03:04:05.006 x\\u001b[2J\\u000d\\u000ay");
	});
	for (const [topic, kind] of [
		["f/1/measurements/temp", "measurements"],
		["f/1/alerts/hot/state", "alerts"],
		["f/1/status", "status"],
		["f/1/lamp/desired", "commands"],
		["f/1/cmd/result", "commands"],
	] as const)
		it(`takes ${topic} for one of ${kind}`, () => assert.equal(kindOf(topic), kind));

	const incoming = Buffer.concat([bytes(publish("one")), bytes(publish("two", { retain: true }))]);

	class FakeTCP implements TCP {
		format: "buffer" | "number" = "buffer";
		readonly written: number[] = [];
		#left = incoming;
		read(request?: ByteBuffer | number): never {
			if (this.#left.length === 0) return undefined as never;
			if (this.format === "number") {
				const byte = this.#left[0];
				this.#left = this.#left.subarray(1);
				return byte as never;
			}
			const wanted = typeof request === "object" ? request.byteLength : (request ?? this.#left.length);
			const part = Uint8Array.from(this.#left.subarray(0, wanted));
			this.#left = this.#left.subarray(part.length);
			if (typeof request !== "object") return part.buffer as never;
			new Uint8Array("buffer" in request ? request.buffer : request).set(part);
			return part.length as never;
		}
		write(data: ByteBuffer | number): number {
			if (data === 99) throw new Error("does not fit");
			if (typeof data === "number") this.written.push(data);
			else if (data instanceof ArrayBuffer) this.written.push(...new Uint8Array(data));
			else this.written.push(...new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
			return 1000;
		}
		close() {}
	}
	const open = () => {
		const lines: string[] = [];
		const Tapped = tapped(
			FakeTCP as unknown as TCPClass,
			logging(line => lines.push(line)),
		);
		return { lines, socket: new Tapped({} as TCPOptions) as TCP & FakeTCP };
	};
	const heard = ["← a/b  one  [QoS 0]", "← a/b  two  [QoS 0, retained]"];

	it(`hears what is read 1 to ${incoming.length} bytes at a time, and hands it on unchanged`, () => {
		for (let size = 1; size <= incoming.length; ++size) {
			const { lines, socket } = open();
			const read: number[] = [];
			const buffer = new Uint8Array(size);
			for (let count = socket.read(buffer); count !== undefined; count = socket.read(buffer)) {
				read.push(...buffer.subarray(0, count));
				buffer.fill(0); // the owner may do what it likes with its buffer
			}
			assert.deepEqual(read, [...incoming], `${size} at a time`);
			assert.deepEqual(lines, heard, `${size} at a time`);
		}
	});

	it("hears new buffers and single bytes too", () => {
		const { lines, socket } = open();
		assert.equal((socket.read(5) as ArrayBuffer).byteLength, 5);
		socket.format = "number";
		assert.equal(socket.read(), incoming[5]);
		socket.format = "buffer";
		assert.equal((socket.read() as ArrayBuffer).byteLength, incoming.length - 6);
		assert.equal(socket.read(), undefined);
		assert.deepEqual(lines, heard);
	});

	it("hears what is written, and nothing of a write that threw", () => {
		const { lines, socket } = open();
		const packet = bytes(publish("out"));
		assert.equal(socket.write(packet[0] as number), 1000);
		assert.throws(() => socket.write(99), /does not fit/);
		assert.equal(socket.write(packet.subarray(1, 4), { more: true }), 1000);
		socket.write(new Uint8Array(packet.subarray(4)).buffer);
		assert.deepEqual(socket.written, [...packet]);
		assert.deepEqual(lines, ["→ a/b  out  [QoS 0]"]);
	});

	it("falls silent on a stream that is not MQTT, and hands it on", () => {
		const { lines, socket } = open();
		socket.write(Uint8Array.of(0, 0, 0, 0));
		socket.write(bytes(publish("out")));
		assert.equal(socket.written.length > 4, true);
		assert.deepEqual(lines, []);
	});
});

/** `write` (ECMA-419 §25): what goes out for what, what is refused without a trace, and what there is room for. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { generate, type Packet } from "mqtt-packet";
import MQTTClient from "../../modules/mqtt/client.js";
import { Reason } from "../../modules/mqtt/connection.js";
import type { ByteBuffer, TCPOptions } from "../../modules/mqtt/io.js";
import { Wire } from "../wire.js";
import Scene, { broker, type Options } from "./scene.js";
import { settings } from "./seed.js";

type Data = Parameters<MQTTClient["write"]>[0];
type WriteOptions = Parameters<MQTTClient["write"]>[1];

const { CONNECT, CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK } = MQTTClient;
const { UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT } = MQTTClient;
const text = (value: string) => Buffer.from(value);

/** Options, and the bytes that go out for them with the payload "on". */
const RIGHT: readonly (readonly [string, Data, WriteOptions, string])[] = [
	[
		"PUBLISH at QoS 0, without identifier [MQTT-2.3.1-5] [MQTT-4.3.1-1]",
		text("on"),
		{ topic: "t" },
		"3005000174" + "6f6e",
	],
	["PUBLISH named by its operation", text("on"), { operation: 3, topic: "t", QoS: 0 }, "3005000174" + "6f6e"],
	["PUBLISH that is retained", text("on"), { topic: "t", retain: true }, "3105000174" + "6f6e"],
	[
		"PUBLISH without payload, which clears what is retained",
		undefined,
		{ topic: "t", retain: true },
		"3103000174",
	],
	["PUBLISH of zero bytes", new Uint8Array(0), { topic: "t", QoS: 1 }, "3205000174" + "0001"],
	[
		"PUBLISH at QoS 1, with an identifier [MQTT-4.3.2-1]",
		text("on"),
		{ topic: "t", QoS: 1 },
		"3207000174" + "0001" + "6f6e",
	],
	[
		"PUBLISH at QoS 2, with an identifier [MQTT-4.3.3-1]",
		text("on"),
		{ topic: "t", QoS: 2 },
		"3407000174" + "0001" + "6f6e",
	],
	[
		"PUBLISH with the caller's identifier",
		text("on"),
		{ topic: "t", QoS: 1, id: 65_535 },
		"3207000174" + "ffff" + "6f6e",
	],
	[
		"PUBLISH sent again, with DUP and its identifier [MQTT-3.3.1-1]",
		text("on"),
		{ topic: "t", QoS: 1, id: 258, duplicate: true },
		"3a07000174" + "0102" + "6f6e",
	],
	["PUBLISH in UTF-8 [MQTT-3.3.2-1]", undefined, { topic: "é" }, "30040002c3a9"],
	[
		"SUBSCRIBE with its flags [MQTT-3.8.1-1] [MQTT-3.8.3-1]",
		undefined,
		{ operation: SUBSCRIBE, items: [{ topic: "a" }, { topic: "b/#", QoS: 2 }] },
		"820c" + "0001" + "000161" + "00" + "0003622f23" + "02",
	],
	[
		"UNSUBSCRIBE with its flags [MQTT-3.10.1-1] [MQTT-3.10.3-1]",
		undefined,
		{ operation: UNSUBSCRIBE, items: [{ topic: "a" }] },
		"a205" + "0001" + "000161",
	],
	["PUBACK, its reserved flags at 0 [MQTT-2.2.2-1]", undefined, { operation: PUBACK, id: 9 }, "40020009"],
	["PUBREC", undefined, { operation: PUBREC, id: 9 }, "50020009"],
	["PUBREL with its flags [MQTT-3.6.1-1]", undefined, { operation: PUBREL, id: 9 }, "62020009"],
	["PUBCOMP", undefined, { operation: PUBCOMP, id: 9 }, "70020009"],
	["PINGREQ, its reserved flags at 0 [MQTT-2.2.2-1]", undefined, { operation: PINGREQ }, "c000"],
	["DISCONNECT", undefined, { operation: DISCONNECT }, "e000"],
];

/** What is refused, each with one thing wrong. */
const WRONG: readonly (readonly [string, unknown, unknown])[] = [
	["no options", text("on"), undefined],
	["no topic", text("on"), {}],
	["an empty topic [MQTT-4.7.3-1]", text("on"), { topic: "" }],
	["a topic that is no string", text("on"), { topic: 7 }],
	["a topic with + [MQTT-3.3.2-2]", text("on"), { topic: "a/+" }],
	["a topic with # [MQTT-3.3.2-2]", text("on"), { topic: "#" }],
	["a topic that is U+0000 [MQTT-4.7.3-2]", undefined, { topic: "\0" }],
	["a topic with U+0000 [MQTT-4.7.3-2]", text("on"), { topic: "a\0" }],
	["a topic of 65536 bytes [MQTT-4.7.3-3]", text("on"), { topic: "é".repeat(32_768) }],
	["QoS 3 [MQTT-3.3.1-4]", text("on"), { topic: "t", QoS: 3 }],
	["QoS -1", text("on"), { topic: "t", QoS: -1 }],
	["QoS 0.5", text("on"), { topic: "t", QoS: 0.5 }],
	["QoS 4", text("on"), { topic: "t", QoS: 4 }],
	["QoS 16", text("on"), { topic: "t", QoS: 16 }],
	["QoS 17", text("on"), { topic: "t", QoS: 17 }],
	["DUP at QoS 0 [MQTT-3.3.1-2]", text("on"), { topic: "t", duplicate: true }],
	["identifier 0 [MQTT-2.3.1-1]", text("on"), { topic: "t", QoS: 1, id: 0 }],
	["identifier 65536", text("on"), { topic: "t", QoS: 1, id: 65_536 }],
	["identifier -1", text("on"), { topic: "t", QoS: 1, id: -1 }],
	["identifier 1.5", text("on"), { topic: "t", QoS: 1, id: 1.5 }],
	["an identifier that is not a number", text("on"), { topic: "t", QoS: 1, id: Number.NaN }],
	["a payload that is a string", "on", { topic: "t" }],
	["a payload that is an array", [1, 2], { topic: "t" }],
	["a payload longer than byteLength", text("on"), { topic: "t", byteLength: 1 }],
	["a negative byteLength", undefined, { topic: "t", byteLength: -1 }],
	["a byteLength that is not whole", text("on"), { topic: "t", byteLength: 4.5 }],
	["a byteLength that is not a number", text("on"), { topic: "t", byteLength: Number.NaN }],
	["a byteLength above what Remaining Length can say", text("on"), { topic: "t", byteLength: 268_435_453 }],
	["a byteLength of 2 ** 32", text("on"), { topic: "t", byteLength: 2 ** 32 }],
	["CONNECT a second time", undefined, { operation: CONNECT }],
	["CONNACK", undefined, { operation: CONNACK }],
	["SUBACK", undefined, { operation: SUBACK, id: 1 }],
	["UNSUBACK", undefined, { operation: UNSUBACK, id: 1 }],
	["PINGRESP", undefined, { operation: PINGRESP }],
	["operation 0", undefined, { operation: 0 }],
	["operation 15", undefined, { operation: 15 }],
	["operation 19, which is 3 in four bits", undefined, { operation: 19, topic: "t" }],
	["an operation that is no number", undefined, { operation: "PUBLISH" }],
	["PUBACK without identifier", undefined, { operation: PUBACK }],
	["PUBREC with identifier 0 [MQTT-2.3.1-1]", undefined, { operation: PUBREC, id: 0 }],
	["PUBREL with identifier 65536", undefined, { operation: PUBREL, id: 65_536 }],
	["SUBSCRIBE without items [MQTT-3.8.3-3]", undefined, { operation: SUBSCRIBE }],
	["SUBSCRIBE of no items [MQTT-3.8.3-3]", undefined, { operation: SUBSCRIBE, items: [] }],
	[
		"SUBSCRIBE to what is no filter [MQTT-4.7.1-2]",
		undefined,
		{ operation: SUBSCRIBE, items: [{ topic: "a#" }] },
	],
	["SUBSCRIBE at QoS 3 [MQTT-3.8.3-4]", undefined, { operation: SUBSCRIBE, items: [{ topic: "a", QoS: 3 }] }],
	[
		"SUBSCRIBE with identifier 0 [MQTT-2.3.1-1]",
		undefined,
		{ operation: SUBSCRIBE, id: 0, items: [{ topic: "a" }] },
	],
	["UNSUBSCRIBE of no items [MQTT-3.10.3-2]", undefined, { operation: UNSUBSCRIBE, items: [] }],
	[
		"UNSUBSCRIBE from what is no filter [MQTT-4.7.1-3]",
		undefined,
		{ operation: UNSUBSCRIBE, items: [{ topic: "a+" }] },
	],
];

describe("write", () => {
	for (const [title, data, options, hex] of RIGHT)
		it(`${title}`, () => {
			const scene = new Scene().connected();
			const left = scene.client.write(data, options);
			assert.equal(scene.line.written.toString("hex"), hex);
			assert.ok(left > 0 && left <= scene.line.room);
			assert.deepEqual(scene.log, [], "nothing is called back within write (§8)");
		});

	it("A control packet is one though topic and payload are those of the last message", () => {
		const scene = new Scene().connected();
		scene.client.write(text("on"), { topic: "t" });
		scene.forget().client.write(text("on"), { operation: PINGREQ, topic: "t" });
		assert.deepEqual(scene.writes, ["c000"]);
	});

	for (const [title, data, options] of WRONG)
		it(`With ${title} it throws, sends nothing and takes no identifier`, () => {
			const fresh = new Scene().connected();
			const used = new Scene().connected();
			// Packets that are kept for the next publication, which the wrong one must not be taken for.
			for (const QoS of [0, 1, 2]) used.client.write(text("on"), { topic: "t", QoS, id: 7 });
			used.client.write(text("on"), { topic: "t", QoS: 1, id: 7, duplicate: true });
			used.client.write(text("on"), { topic: "t" });
			for (const scene of [fresh, used]) {
				scene.forget();
				assert.throws(() => scene.client.write(data as Data, options as WriteOptions), Error);
				assert.deepEqual(scene.writes, []);
				scene.client.write(text("on"), { topic: "t", QoS: 1 });
				assert.deepEqual(scene.writes, ["3207000174" + "0001" + "6f6e"]);
				scene.forget().client.write(text("on"), { topic: "t" });
				assert.deepEqual(scene.writes, ["3005000174" + "6f6e"]);
				assert.equal(scene.errors.length, 0);
			}
		});

	for (const [stage, reach] of [
		["the name is being resolved", () => new Scene()],
		["CONNACK is awaited", () => new Scene().waiting()],
		[
			"CONNACK was a refusal",
			() => {
				const scene = new Scene().waiting();
				scene.line.send(broker.connack(5));
				return scene;
			},
		],
		[
			"the client is closed",
			() => {
				const scene = new Scene().connected();
				scene.close();
				return scene;
			},
		],
		[
			"the connection is lost",
			() => {
				const scene = new Scene().connected();
				scene.line.drop();
				return scene;
			},
		],
		[
			"DISCONNECT is out [MQTT-3.14.4-2]",
			() => {
				const scene = new Scene().connected();
				scene.client.write(undefined, { operation: DISCONNECT });
				return scene;
			},
		],
	] as const)
		it(`While ${stage} it throws and sends nothing (§25)`, () => {
			const scene = reach();
			const before = scene.wire.lines.map(({ writes }) => writes.length);
			for (const [, data, options] of RIGHT)
				assert.throws(() => scene.client.write(data, options), Error, JSON.stringify(options));
			assert.throws(() => scene.client.write(text("on"), undefined as never), Error);
			assert.deepEqual(
				scene.wire.lines.map(({ writes }) => writes.length),
				before,
			);
			scene.check();
		});

	it("A resolving client throws the same while the connection is being made (§25)", () => {
		const scene = new Scene();
		scene.wire.resolve();
		assert.throws(() => scene.client.write(text("on"), { topic: "t" }), /not connected/);
	});

	for (const [title, data, options, hex] of [
		...RIGHT,
		["PUBLISH of 400 bytes", Buffer.alloc(400), { topic: "t" }, `309303000174${"00".repeat(400)}`],
		[
			"PUBLISH of 400 bytes at QoS 1",
			Buffer.alloc(400),
			{ topic: "t", QoS: 1 },
			`3295030001740001${"00".repeat(400)}`,
		],
	] as const)
		it(`Without room for ${title} it throws and sends nothing; with as many bytes as that takes, it sends`, () => {
			const size = hex.length / 2;
			const scene = new Scene().connected();
			scene.line.room = 0;
			scene.line.drain(size - 1);
			assert.throws(() => scene.client.write(data, options), /no room/);
			assert.deepEqual(scene.writes, []);
			scene.line.drain(1);
			assert.equal(scene.client.write(data, options), 0);
			assert.equal(scene.line.written.toString("hex"), hex);
			assert.equal(scene.line.room, 0);
			assert.equal(scene.errors.length, 0);
		});

	it("Any sequence of publications over a few topics has the bytes that mqtt-packet writes", () => {
		const publication = fc.record({
			topic: fc.constantFrom("a", "b", "c/d", "e", "f", "g".repeat(60), "h".repeat(192), "long/".repeat(60)),
			size: fc.oneof(fc.nat(20), fc.integer({ min: 120, max: 130 }), fc.integer({ min: 230, max: 300 })),
			qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
			retain: fc.boolean(),
			dup: fc.boolean(),
			fill: fc.nat(255),
		});
		fc.assert(
			fc.property(fc.array(publication, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), (all, kept) => {
				const scene = new Scene({ kept }, 1_000_000).connected();
				all.forEach(({ topic, size, qos, retain, dup: again, fill }, index) => {
					const payload = Buffer.alloc(size, fill);
					const dup = again && qos > 0;
					const messageId = index + 1;
					scene.forget();
					scene.client.write(payload, {
						topic,
						QoS: qos,
						retain,
						duplicate: dup,
						...(qos && { id: messageId }),
					});
					const expected = generate({ cmd: "publish", topic, payload, qos, retain, dup, messageId });
					assert.equal(scene.line.written.toString("hex"), expected.toString("hex"));
					const writes = expected.byteLength < 250 ? 1 : 2;
					assert.ok(scene.line.writes.length <= writes, `${scene.line.writes.length} writes`);
				});
			}),
			settings(300),
		);
	});
});

describe("write: topics that are kept", () => {
	it("A message goes out in one write as long as it has at most 250 bytes, also when its length has changed", () => {
		const scene = new Scene({}, 100_000).connected();
		for (const size of [10, 11, 200, 11, 0, 119, 120, 121, 246]) {
			scene.forget().client.write(Buffer.alloc(size), { topic: "t" });
			assert.equal(scene.line.writes.length, 1, `${size} bytes`);
		}
		scene.forget().client.write(Buffer.alloc(300), { topic: "t" });
		assert.equal(scene.line.writes.length, 2);
	});

	it("Topics of one length have their own messages behind a topic that needed a larger buffer", () => {
		const scene = new Scene().connected();
		const topics = ["long/".repeat(60), "a", "b", "c", "d", "e"];
		topics.forEach((topic, index) => {
			scene.forget().client.write(text(`${index}`), { topic, QoS: 1, id: index + 1 });
			const payload = `${index}`;
			const expected = generate({
				cmd: "publish",
				topic,
				payload,
				qos: 1,
				retain: false,
				dup: false,
				messageId: index + 1,
			});
			assert.equal(scene.line.written.toString("hex"), expected.toString("hex"), topic);
		});
	});

	for (const kept of [1, 4, 9])
		it(`A first message of any length has the right bytes, also that of the client's buffer with ${kept} topics`, () => {
			for (let size = 0; size <= 1200; size++) {
				const scene = new Scene({ kept }, 100_000).connected();
				const payload = Buffer.alloc(size, size);
				scene.client.write(payload, { topic: "t" });
				const expected = generate({ cmd: "publish", topic: "t", payload, qos: 0, retain: false, dup: false });
				assert.ok(scene.line.written.equals(expected), `${size} bytes`);
			}
		});

	it("More topics than are kept, in turn, have the right bytes each time", () => {
		const scene = new Scene({ kept: 3 }, 1_000_000).connected();
		for (let round = 0; round < 3; round++)
			for (let i = 0; i < 5; i++) {
				scene.forget().client.write(text(`${round}`), { topic: `topic/${i}` });
				assert.equal(scene.writes[0], `300a0007${text(`topic/${i}${round}`).toString("hex")}`);
			}
	});

	it("A message that was sent again, with DUP, leaves none on the next [MQTT-3.3.1-2]", () => {
		const scene = new Scene().connected();
		const options = { topic: "t", QoS: 1, id: 1 };
		for (const duplicate of [false, true, false]) scene.client.write(text("on"), { ...options, duplicate });
		assert.deepEqual(
			scene.writes.map(hex => hex.slice(0, 2)),
			["32", "3a", "32"],
		);
	});

	for (const kept of [0, -1, 1001, Number.NaN])
		it(`kept of ${kept} is refused`, () => {
			assert.throws(() => new Scene({ kept }), /^TypeError: kept/);
		});
});

describe("write: room", () => {
	it("onWritable comes first after CONNACK's onControl, with less than the socket's room (§25)", () => {
		const scene = new Scene({}, 1000).waiting();
		scene.line.drain(0);
		assert.deepEqual(scene.log, []);
		scene.line.send(broker.connack());
		assert.equal(scene.log[0], "control 2");
		assert.ok(scene.offers.length === 1);
		assert.equal(scene.log.length, 2);
		const offered = scene.offers[0] as number;
		assert.ok(offered > 900 && offered <= scene.line.room);
	});

	it("onWritable comes again whenever the socket's does, and says how much", () => {
		const scene = new Scene({}, 1000).connected();
		scene.client.write(Buffer.alloc(800), { topic: "t" });
		scene.line.drain(300);
		scene.line.drain(300);
		assert.equal(scene.offers.length, 2);
		assert.equal((scene.offers[1] as number) - (scene.offers[0] as number), 300);
	});

	it("What is kept for acknowledgements is not offered", () => {
		const scene = new Scene().connected();
		scene.line.room = 0;
		for (let i = 0; i < 4; i++) scene.line.drain(1);
		assert.deepEqual(scene.offers, []);
		scene.line.drain(100);
		assert.equal(scene.offers.length, 1);
	});

	it("What write returns is what onWritable would offer, and never below 0", () => {
		const scene = new Scene({}, 300).connected();
		for (let size = 0; size < 60; size++) {
			if (scene.line.room < size + 5) break;
			const left = scene.client.write(Buffer.alloc(size), { topic: "t" });
			assert.ok(left >= 0 && left <= scene.line.room);
			scene.forget().line.drain(0);
			assert.equal(left, scene.offers[0] ?? 0);
		}
	});

	it("The same of messages that are not copied, the first and those like it", () => {
		const scene = new Scene({}, 3000).connected();
		for (let i = 0; i < 2; i++) {
			const left = scene.client.write(Buffer.alloc(1000), { topic: "t" });
			scene.forget().line.drain(0);
			assert.equal(left, scene.offers[0]);
		}
	});
});

describe("write: fragments", () => {
	it("A message in fragments is one PUBLISH, announced to the socket with its length (§25)", () => {
		const scene = new Scene().connected();
		scene.client.write(text("one"), { topic: "t", QoS: 1, byteLength: 8 });
		scene.client.write(text("two"), undefined as never);
		scene.client.write(text("33"), undefined as never);
		assert.equal(scene.line.written.toString("hex"), `320d0001740001${text("onetwo33").toString("hex")}`);
		const { writes } = scene.line;
		assert.deepEqual(
			writes.map(({ options }) => options?.byteLength),
			[15, undefined, undefined, undefined],
			"on its first fragment alone (§10)",
		);
		assert.deepEqual(
			writes.map(({ options }) => options?.more ?? false),
			writes.map((_, index) => index < writes.length - 1),
		);
		assert.deepEqual(scene.log, []);
	});

	it("A first fragment longer than byteLength is refused, also where the message before had that length", () => {
		const scene = new Scene().connected();
		scene.client.write(text("12"), { topic: "t" });
		scene.forget();
		assert.throws(
			() => scene.client.write(text("123"), { topic: "t", byteLength: 2 }),
			/^RangeError: byteLength/,
		);
		assert.deepEqual(scene.writes, []);
	});

	it("A small message that fills all the room goes out in one write", () => {
		const scene = new Scene().connected();
		scene.line.room = 0;
		scene.line.drain(7);
		assert.equal(scene.client.write(text("12"), { topic: "t" }), 0);
		assert.deepEqual(scene.writes, ["30050001743132"]);
	});

	it("The first fragment may be empty, and so may others", () => {
		const scene = new Scene().connected();
		scene.client.write(undefined, { topic: "t", byteLength: 2 });
		scene.client.write(undefined, undefined as never);
		scene.client.write(text("ab"), undefined as never);
		assert.equal(scene.line.written.toString("hex"), "30050001746162");
		scene.forget().client.write(text("c"), { topic: "t" });
		assert.equal(scene.line.written.toString("hex"), "300400017463");
	});

	for (const [title, data, options] of [
		["a fragment that is too long", text("four"), undefined],
		["a fragment with options", text("a"), { topic: "t" }],
		["another PUBLISH", text("abc"), { topic: "u" }],
		["SUBSCRIBE", undefined, { operation: SUBSCRIBE, items: [{ topic: "a" }] }],
		["PINGREQ", undefined, { operation: PINGREQ }],
		["PUBACK, its reserved flags at 0 [MQTT-2.2.2-1]", undefined, { operation: PUBACK, id: 1 }],
		["DISCONNECT", undefined, { operation: DISCONNECT }],
		["a string", "abc", undefined],
	] as const)
		it(`Between fragments ${title} is refused, and the message can be finished`, () => {
			const scene = new Scene().connected();
			scene.client.write(text("12"), { topic: "t", byteLength: 5 });
			assert.throws(() => scene.client.write(data as Data, options as never), Error);
			scene.client.write(text("345"), undefined as never);
			assert.equal(scene.line.written.toString("hex"), `3008000174${text("12345").toString("hex")}`);
			scene.client.write(undefined, { operation: PINGREQ });
			assert.equal(scene.writes.at(-1), "c000");
		});

	it("Without room a fragment throws, sends nothing, and can be written later", () => {
		const scene = new Scene().connected();
		scene.line.room = 0;
		scene.line.drain(7);
		scene.client.write(text("12"), { topic: "t", byteLength: 5 });
		assert.throws(() => scene.client.write(text("345"), undefined as never), /no room/);
		scene.line.drain(3);
		assert.equal(scene.client.write(text("345"), undefined as never), 0);
		assert.equal(scene.line.written.toString("hex"), `3008000174${text("12345").toString("hex")}`);
	});

	it("Between fragments onWritable goes on", () => {
		const scene = new Scene({}, 200).connected();
		scene.client.write(Buffer.alloc(100), { topic: "t", byteLength: 500 });
		scene.line.drain(100);
		assert.equal(scene.offers.length, 1);
	});

	it("After a message in fragments the keep of small packets is as it was", () => {
		const scene = new Scene().connected();
		scene.client.write(text("12"), { topic: "t" });
		scene.client.write(text("1"), { topic: "t", byteLength: 2 });
		scene.client.write(text("2"), undefined as never);
		scene.client.write(text("12"), { topic: "t" });
		assert.equal(scene.line.written.toString("hex"), "30050001743132".repeat(3));
	});

	for (const [title, before] of [
		["its first message", 0],
		["a message like the one before", 1],
	] as const)
		for (const failing of ["header", "payload"] as const)
			it(`A socket that refuses the ${failing} of ${title}: write throws, and half a packet ends the client`, () => {
				let broken = false;
				const wire = new Wire();
				const fragile = class extends wire.socket.io {
					constructor(options: TCPOptions) {
						super(options);
						const write = this.write;
						this.write = (data, options) => {
							if (broken && (options?.byteLength !== undefined) === (failing === "header"))
								throw new Error("broken");
							return write.call(this, data, options);
						};
					}
				};
				const scene = new Scene({ socket: { io: fragile } }, wire).connected();
				const options = { topic: "t" };
				for (let i = 0; i < before; i++) scene.client.write(Buffer.alloc(1000), options);
				scene.forget();
				broken = true;
				assert.throws(() => scene.client.write(Buffer.alloc(1000), options), /broken/);
				assert.deepEqual(scene.log, [], "not within write");
				broken = false;
				if (failing === "header") {
					scene.client.write(Buffer.alloc(1000), options);
					assert.equal(scene.sent.length, 1);
				} else {
					assert.throws(() => scene.client.write(Buffer.alloc(1000), options));
					scene.clock.advance(0);
					assert.equal(scene.code, Reason.disconnected);
				}
				scene.check();
			});

	it("A message of 268435455 bytes in all goes out in bounded memory", () => {
		// A socket that counts, and keeps nothing.
		let bytes = 0;
		let largest = 0;
		let options!: TCPOptions;
		class Counter {
			format = "buffer" as const;
			constructor(value: TCPOptions) {
				options = value;
			}
			read() {
				return undefined;
			}
			write(data: ByteBuffer) {
				bytes += data.byteLength;
				largest = Math.max(largest, (data as Uint8Array).buffer.byteLength);
				return 1 << 20;
			}
			close() {}
		}
		const scene = new Scene({ socket: { io: Counter as unknown as Options["socket"]["io"] } });
		scene.wire.resolve();
		let incoming = Buffer.from(broker.connack());
		Counter.prototype.read = ((target: Uint8Array) => {
			target.set(incoming.subarray(0, target.byteLength));
			const count = Math.min(target.byteLength, incoming.byteLength);
			incoming = incoming.subarray(count);
			return count;
		}) as never;
		options.onWritable?.call({} as never, 1 << 20);
		options.onReadable?.call({} as never, 4);
		bytes = largest = 0;
		const chunk = new Uint8Array(65_536);
		let left = 268_435_455 - 3;
		scene.client.write(undefined, { topic: "t", byteLength: left });
		while (left > 0) {
			const size = Math.min(left, chunk.byteLength);
			scene.client.write(chunk.subarray(0, size), undefined as never);
			left -= size;
		}
		assert.equal(bytes, 268_435_455 + 5);
		assert.equal(largest, chunk.byteLength);
		scene.client.write(undefined, { operation: PINGREQ });
	});
});

describe("write: packet identifiers", () => {
	const subscribe = { operation: SUBSCRIBE, items: [{ topic: "a" }] };
	const unsubscribe = { operation: UNSUBSCRIBE, items: [{ topic: "a" }] };
	const id = (packet: Packet | undefined) => packet?.messageId;

	it("They are 1 and up, across the kinds of packets [MQTT-2.3.1-1] [MQTT-2.3.1-2]", () => {
		const scene = new Scene().connected();
		const { client } = scene;
		client.write(undefined, { topic: "t", QoS: 1 });
		client.write(undefined, subscribe);
		client.write(undefined, { topic: "t", QoS: 2 });
		client.write(undefined, unsubscribe);
		client.write(Buffer.alloc(1000), { topic: "t", QoS: 1 });
		client.write(undefined, { topic: "t" });
		client.write(undefined, { topic: "t", QoS: 1 });
		assert.deepEqual(
			scene.sent.map(packet => [packet.cmd, packet.messageId]),
			[
				["publish", 1],
				["subscribe", 2],
				["publish", 3],
				["unsubscribe", 4],
				["publish", 5],
				["publish", undefined],
				["publish", 6],
			],
		);
	});

	it("From 65535 they go on at 1, past those in flight, in each kind of exchange [MQTT-2.3.1-2] [MQTT-2.3.1-3]", () => {
		const scene = new Scene({}, Number.MAX_SAFE_INTEGER).connected();
		const { client, line } = scene;
		client.write(undefined, { topic: "t", QoS: 1 }); // 1
		client.write(undefined, subscribe); // 2
		client.write(undefined, { topic: "t", QoS: 2 }); // 3
		client.write(undefined, unsubscribe); // 4
		client.write(undefined, { topic: "t", QoS: 2 }); // 5, acknowledged half
		line.send(broker.acknowledge(5, 5));
		for (let i = 6; i <= 65_535; i++) {
			client.write(undefined, { topic: "t", QoS: 1 });
			if (i === 65_535) assert.equal(id(scene.sent.at(-1)), 65_535);
			line.send(broker.acknowledge(4, i));
			scene.forget();
		}
		client.write(undefined, { topic: "t", QoS: 1 });
		assert.equal(id(scene.sent[0]), 6);
		// Each acknowledgement that ends an exchange frees its identifier, and no other does.
		line.send([
			...broker.acknowledge(4, 1),
			...broker.suback(2, 0),
			...broker.acknowledge(5, 3),
			...broker.acknowledge(11, 4),
			...broker.acknowledge(7, 5),
		]);
		for (let i = 7; i <= 65_535; i++) {
			client.write(undefined, { topic: "t", QoS: 1 });
			line.send(broker.acknowledge(4, i));
			scene.forget();
		}
		for (const expected of [1, 2, 4, 5, 7]) {
			client.write(undefined, { topic: "t", QoS: 1 });
			assert.equal(id(scene.sent[0]), expected);
			scene.forget();
		}
		scene.check();
	});

	it("Where the broker has kept the session they begin anywhere, for it may remember QoS 2 messages from before a power cut [MQTT-4.3.3-1]", () => {
		const { random } = Math;
		try {
			Math.random = () => 0.5;
			const first = (sessionPresent: boolean) => {
				const scene = new Scene({ clean: false }).connected(sessionPresent);
				scene.client.write(text("x"), { topic: "t", QoS: 2 });
				return id(scene.sent[0]);
			};
			// What a life before has left behind, a broker takes for the same message again.
			assert.deepEqual([first(false), first(true)], [1, 32_768]);
			Math.random = () => 1 - Number.EPSILON;
			assert.equal(first(true), 65_535);
		} finally {
			Math.random = random;
		}
	});

	it("The caller's identifiers are used as they are, and not remembered", () => {
		const scene = new Scene().connected();
		for (let i = 0; i < 2; i++) scene.client.write(undefined, { topic: "t", QoS: 1, id: 7 });
		scene.client.write(undefined, { ...subscribe, id: 7 });
		assert.deepEqual(scene.sent.map(id), [7, 7, 7]);
	});
});

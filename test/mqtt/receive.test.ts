/** What comes in (ECMA-419 §25, MQTT §4.3): messages of each QoS, their acknowledgements, and control packets. */

import assert from "node:assert/strict";
import MQTTClient from "../../modules/mqtt/client.js";
import { Reason } from "../../modules/mqtt/connection.js";
import Scene, { broker, type First } from "./scene.js";

const { PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP } =
	MQTTClient;

const ack = (type: number, id: number) => Buffer.from(broker.acknowledge(type, id)).toString("hex");

describe("receive: messages", () => {
	for (const [title, bytes, first, payload] of [
		[
			"at QoS 0",
			broker.publish("a/b", "on"),
			{ more: false, topic: "a/b", QoS: 0, byteLength: 2, retain: false, duplicate: false },
			"on",
		],
		[
			"at QoS 1, with its identifier",
			broker.publish("a", "on", { qos: 1, id: 258 }),
			{ more: false, topic: "a", QoS: 1, byteLength: 2, retain: false, duplicate: false, id: 258 },
			"on",
		],
		[
			"at QoS 2, retained and sent again",
			broker.publish("a", "x", { qos: 2, id: 65_535, retain: true, dup: true }),
			{ more: false, topic: "a", QoS: 2, byteLength: 1, retain: true, duplicate: true, id: 65_535 },
			"x",
		],
		[
			"that is retained",
			broker.publish("a", "x", { retain: true }),
			{ more: false, topic: "a", QoS: 0, byteLength: 1, retain: true, duplicate: false },
			"x",
		],
		[
			"of zero bytes",
			broker.publish("a"),
			{ more: false, topic: "a", QoS: 0, byteLength: 0, retain: false, duplicate: false },
			"",
		],
		[
			"of zero bytes at QoS 1",
			broker.publish("a", "", { qos: 1, id: 1 }),
			{ more: false, topic: "a", QoS: 1, byteLength: 0, retain: false, duplicate: false, id: 1 },
			"",
		],
		[
			"whose topic begins with U+FEFF [MQTT-1.5.3-3]",
			broker.publish("\ufeffa\u{1f4a1}", "x"),
			{ more: false, topic: "\ufeffa\u{1f4a1}", QoS: 0, byteLength: 1, retain: false, duplicate: false },
			"x",
		],
		[
			"whose topic has white space, $ and controls [MQTT-4.7.3-4]",
			broker.publish("$SYS/ \u0001 /", "x"),
			{ more: false, topic: "$SYS/ \u0001 /", QoS: 0, byteLength: 1, retain: false, duplicate: false },
			"x",
		],
	] as const)
		it(`A message ${title} is delivered once, with what is known of it (§25)`, () => {
			const scene = new Scene().connected();
			scene.line.send(bytes);
			assert.equal(scene.log.length, 1);
			assert.deepEqual({ id: undefined, ...scene.messages[0]?.first }, { id: undefined, ...first });
			assert.equal(scene.messages[0]?.payload.toString(), payload);
			scene.check();
		});

	it("A topic that changes and comes again is told right each time", () => {
		const scene = new Scene().connected();
		const topics = ["a", "b", "a", "aa", "ab", "b"];
		scene.line.send(Buffer.concat(topics.map(topic => broker.publish(topic, topic))));
		assert.deepEqual(
			scene.messages.map(({ first }) => first.topic),
			topics,
		);
		assert.deepEqual(
			scene.messages.map(({ payload }) => String(payload)),
			topics,
		);
	});

	it("What is known of a message stays as it is until the message is read", () => {
		let known: First | undefined;
		const scene = new Scene({
			onReadable(_, first) {
				known = first;
			},
		}).connected();
		scene.line.send(Buffer.concat([broker.publish("a", "1", { qos: 1, id: 7 }), broker.publish("b", "2")]));
		scene.clock.advance(1000);
		assert.deepEqual([known?.topic, known?.id], ["a", 7]);
		scene.client.read();
		scene.clock.advance(0);
		assert.deepEqual([known?.topic, known?.id], ["b", undefined]);
	});

	it("Without onReadable messages are read and acknowledged all the same [MQTT-4.5.0-2]", () => {
		const scene = new Scene();
		scene.close();
		const client = new MQTTClient({
			socket: scene.wire.socket,
			dns: scene.wire.dns,
			timer: scene.clock,
			host: "h",
		});
		scene.connected();
		scene.line.send(broker.publish("a", Buffer.alloc(5000), { qos: 1, id: 5 }));
		scene.line.send(broker.publish("a", "x", { qos: 2, id: 6 }));
		assert.deepEqual(scene.writes, [ack(PUBACK, 5), ack(PUBREC, 6)]);
		client.close();
	});
});

describe("receive: acknowledgements", () => {
	it("A message at QoS 1 is answered with PUBACK and its identifier, in one write [MQTT-4.3.2-2] [MQTT-2.3.1-6] [MQTT-3.3.4-1]", () => {
		const scene = new Scene().connected();
		scene.line.send(broker.publish("a", "x", { qos: 1, id: 513 }));
		assert.deepEqual(scene.writes, ["40020201"]);
	});

	it("PUBACK goes out after onReadable has returned [MQTT-4.3.2-2]", () => {
		const sent: number[] = [];
		const scene: Scene = new Scene({
			onReadable(_, first) {
				scene.take(first);
				sent.push(scene.line.writes.length);
			},
		}).connected();
		scene.line.send(broker.publish("a", "x", { qos: 1, id: 1 }));
		assert.deepEqual([sent, scene.line.writes.length], [[0], 1]);
	});

	it("PUBACK waits until the whole message is read, though the application reads later [MQTT-4.3.2-2]", () => {
		const scene = new Scene({ onReadable() {} }).connected();
		scene.line.send(Buffer.concat([broker.publish("a", "1234", { qos: 1, id: 1 }), broker.publish("b")]));
		assert.equal(scene.client.read(3)?.byteLength, 3);
		scene.clock.advance(1000);
		assert.deepEqual([scene.log.length, scene.writes], [1, []]);
		assert.equal(scene.client.read()?.byteLength, 1);
		assert.deepEqual([scene.log.length, scene.writes], [1, []], "nothing within read (§8)");
		scene.clock.advance(0);
		assert.deepEqual([scene.log.length, scene.writes], [2, [ack(PUBACK, 1)]]);
		scene.check();
	});

	it("PUBACKs go out in the order of the messages [MQTT-4.6.0-2]", () => {
		const scene = new Scene().connected();
		const ids = [9, 3, 65_535, 1];
		scene.line.send(Buffer.concat(ids.map(id => broker.publish("a", "x", { qos: 1, id }))));
		assert.deepEqual(
			scene.writes,
			ids.map(id => ack(PUBACK, id)),
		);
	});

	it("PUBRECs go out in the order of the messages [MQTT-4.6.0-3]", () => {
		const scene = new Scene().connected();
		const ids = [9, 3, 65_535, 1];
		scene.line.send(Buffer.concat(ids.map(id => broker.publish("a", "x", { qos: 2, id }))));
		assert.deepEqual(
			scene.writes,
			ids.map(id => ack(PUBREC, id)),
		);
	});

	it("PUBRELs go out in the order of the PUBRECs, with their flags [MQTT-4.6.0-4] [MQTT-3.6.1-1] [MQTT-4.3.3-1]", () => {
		const scene = new Scene().connected();
		for (let i = 0; i < 3; i++) scene.client.write(undefined, { topic: "t", QoS: 2 });
		scene.forget();
		scene.line.send([2, 1, 3].flatMap(id => broker.acknowledge(PUBREC, id)));
		assert.deepEqual(scene.writes, ["62020002", "62020001", "62020003"]);
		assert.deepEqual(
			scene.controls.map(({ operation, id }) => [operation, id]),
			[
				[PUBREC, 2],
				[PUBREC, 1],
				[PUBREC, 3],
			],
		);
	});

	it("A QoS 1 message that comes again is delivered again, for only the application can tell [MQTT-4.3.2-2]", () => {
		const scene = new Scene().connected();
		scene.line.send(broker.publish("a", "x", { qos: 1, id: 1 }));
		scene.line.send(broker.publish("a", "x", { qos: 1, id: 1, dup: true }));
		assert.deepEqual(
			scene.messages.map(({ first }) => first.duplicate),
			[false, true],
		);
		assert.equal(scene.writes.length, 2);
	});

	it("A QoS 2 message is delivered once, PUBREC answers each copy, PUBCOMP each PUBREL [MQTT-4.3.3-2]", () => {
		const scene = new Scene().connected();
		const message = broker.publish("a", "x", { qos: 2, id: 7 });
		scene.line.send(message);
		scene.line.send(broker.publish("a", "x", { qos: 2, id: 7, dup: true }));
		scene.line.send(broker.publish("a", Buffer.alloc(3000), { qos: 2, id: 7, dup: true }));
		scene.line.send(broker.publish("a", "", { qos: 2, id: 7, dup: true }));
		scene.line.send(broker.acknowledge(PUBREL, 7));
		scene.line.send(broker.acknowledge(PUBREL, 7));
		assert.equal(scene.messages.length, 1);
		assert.deepEqual(scene.writes, [
			...new Array(4).fill(ack(PUBREC, 7)),
			...new Array(2).fill(ack(PUBCOMP, 7)),
		]);
		scene.line.send(message);
		assert.equal(scene.messages.length, 2, "after PUBCOMP it is a new message");
		scene.check();
	});

	it("A copy of a QoS 2 message in fragments is thrown away as it comes [MQTT-4.3.3-2]", () => {
		const scene = new Scene().connected();
		scene.line.send(broker.publish("a", "x", { qos: 2, id: 7 }));
		scene.forget();
		const copy = broker.publish("a", Buffer.alloc(2000), { qos: 2, id: 7, dup: true });
		for (let i = 0; i < copy.byteLength; i += 99) {
			assert.deepEqual(scene.writes, []);
			scene.line.send(copy.subarray(i, i + 99));
			assert.equal(scene.line.unread, 0);
		}
		assert.deepEqual(scene.writes, [ack(PUBREC, 7)]);
		assert.deepEqual(scene.log, []);
		scene.line.send(broker.publish("b"));
		assert.equal(scene.messages.at(-1)?.first.topic, "b");
	});

	it("The 65th QoS 2 message without PUBREL is neither delivered nor acknowledged, and is taken once there is room [MQTT-4.3.3-2]", () => {
		const scene = new Scene().connected();
		for (let id = 1; id <= 64; id++) scene.line.send(broker.publish("a", "x", { qos: 2, id }));
		scene.forget();
		for (const size of [0, 1, 3000])
			scene.line.send(broker.publish("a", Buffer.alloc(size), { qos: 2, id: 65 }));
		assert.deepEqual([scene.messages.length, scene.writes, scene.errors.length], [64, [], 0]);
		scene.line.send(broker.publish("b", "y", { qos: 1, id: 66 }));
		assert.deepEqual(scene.writes, [ack(PUBACK, 66)]);
		scene.forget().line.send(broker.acknowledge(PUBREL, 1));
		scene.line.send(broker.publish("a", "x", { qos: 2, id: 65, dup: true }));
		assert.deepEqual(scene.writes, [ack(PUBCOMP, 1), ack(PUBREC, 65)]);
		assert.equal(scene.messages.length, 66);
		scene.check();
	});

	it("PUBREL makes room for another QoS 2 message", () => {
		const scene = new Scene().connected();
		for (let id = 1; id <= 300; id++) {
			scene.line.send(broker.publish("a", "x", { qos: 2, id }));
			if (id >= 64) scene.line.send(broker.acknowledge(PUBREL, id - 63));
		}
		assert.equal(scene.errors.length, 0);
		assert.equal(scene.messages.length, 300);
	});

	it("Acknowledgements of identifiers that are not in use are answered as the standard says, and told (§4.3.3)", () => {
		const scene = new Scene().connected();
		for (const type of [PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK])
			scene.line.send(broker.acknowledge(type, 77));
		scene.line.send(broker.suback(77, 0));
		assert.deepEqual(scene.writes, ["6202004d", "7002004d"]);
		assert.deepEqual(
			scene.controls.map(({ operation, id }) => [operation, id]),
			[PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK, SUBACK].map(type => [type, 77]),
		);
		assert.equal(scene.errors.length, 0);
	});

	it("With acknowledge false nothing is answered, nothing remembered, and all is told", () => {
		const scene = new Scene({ acknowledge: false }).connected();
		scene.line.send(broker.publish("a", "1", { qos: 1, id: 1 }));
		scene.line.send(broker.publish("a", "2", { qos: 2, id: 2 }));
		scene.line.send(broker.publish("a", "2", { qos: 2, id: 2, dup: true }));
		scene.line.send(broker.acknowledge(PUBREL, 2));
		scene.line.send(broker.acknowledge(PUBREC, 3));
		assert.deepEqual(scene.writes, []);
		assert.equal(scene.messages.length, 3);
		assert.deepEqual(scene.controls, [
			{ operation: PUBREL, id: 2, payload: undefined },
			{ operation: PUBREC, id: 3, payload: undefined },
		]);
		for (const [operation, id] of [
			[PUBACK, 1],
			[PUBREC, 2],
			[PUBCOMP, 2],
			[PUBREL, 3],
		] as const)
			scene.client.write(undefined, { operation, id });
		assert.deepEqual(scene.writes, ["40020001", "50020002", "70020002", "62020003"]);
		for (let id = 3; id < 200; id++) scene.line.send(broker.publish("a", "2", { qos: 2, id }));
		assert.equal(scene.errors.length, 0);
	});

	it("With acknowledge false PINGREQ is answered still", () => {
		const scene = new Scene({ acknowledge: false }).connected();
		scene.line.send(broker.pingreq());
		assert.deepEqual(scene.writes, ["d000"]);
	});

	it("Without room acknowledgements wait, in order, and nothing further is delivered meanwhile", () => {
		const scene = new Scene().connected();
		scene.line.room = 0;
		scene.line.drain(3);
		scene.line.send(Buffer.concat([1, 2, 3].map(id => broker.publish(`t${id}`, "x", { qos: 1, id }))));
		assert.deepEqual([scene.writes, scene.messages.length], [[], 1]);
		scene.clock.advance(1000);
		scene.line.drain(1);
		assert.deepEqual([scene.writes, scene.messages.length], [[ack(PUBACK, 1)], 2]);
		scene.line.drain(100);
		assert.deepEqual(
			scene.writes,
			[1, 2, 3].map(id => ack(PUBACK, id)),
		);
		assert.deepEqual(
			scene.messages.map(({ first }) => first.topic),
			["t1", "t2", "t3"],
		);
		scene.check();
	});

	it("Between fragments of our own PUBLISH acknowledgements wait, and go out right behind it", () => {
		const scene = new Scene().connected();
		scene.client.write(Buffer.from("12"), { topic: "t", byteLength: 4 });
		scene.line.send(broker.publish("a", "x", { qos: 1, id: 1 }));
		scene.line.send(broker.publish("b", "x", { qos: 2, id: 2 }));
		scene.line.send(broker.pingreq());
		assert.equal(scene.messages[0]?.complete, true);
		scene.client.write(Buffer.from("34"), undefined as never);
		assert.equal(scene.line.written.toString("hex"), "3007000174" + "31323334");
		scene.clock.advance(0);
		assert.equal(
			scene.line.written.toString("hex"),
			`300700017431323334${ack(PUBACK, 1)}${ack(PUBREC, 2)}d000`,
		);
		assert.equal(scene.messages.length, 2);
		scene.check();
	});

	it("After DISCONNECT messages are delivered and nothing is answered [MQTT-3.14.4-2]", () => {
		const scene = new Scene({ keepAlive: 1000 }).connected();
		scene.client.write(undefined, { operation: MQTTClient.DISCONNECT });
		scene.line.send(
			Buffer.concat([
				broker.publish("a", "1", { qos: 1, id: 1 }),
				broker.publish("a", "2", { qos: 2, id: 2 }),
				Buffer.from(broker.acknowledge(PUBREC, 3)),
				Buffer.from(broker.pingreq()),
				broker.publish("a", "3"),
			]),
		);
		scene.clock.advance(10_000);
		assert.deepEqual(scene.writes, ["e000"]);
		assert.equal(scene.messages.length, 3);
	});
});

describe("receive: control packets", () => {
	it("CONNACK is told with session present and return code, before all else [MQTT-3.2.2-2] [MQTT-3.2.2-3]", () => {
		for (const sessionPresent of [false, true]) {
			const scene = new Scene({ clean: false }).waiting();
			scene.line.send(broker.connack(0, sessionPresent));
			assert.deepEqual(scene.controls, [{ operation: 2, sessionPresent, returnCode: 0 }]);
			assert.equal(scene.log[0], "control 2");
		}
	});

	for (let returnCode = 1; returnCode <= 255; returnCode += returnCode < 6 ? 1 : 83)
		it(`CONNACK with return code ${returnCode} is told, and ends the client as refused [MQTT-3.2.2-5]`, () => {
			const scene = new Scene().waiting();
			scene.line.send(broker.connack(returnCode));
			assert.deepEqual(scene.controls, [{ operation: 2, sessionPresent: false, returnCode }]);
			assert.equal(scene.code, Reason.refused);
			assert.equal(scene.errors[0]?.returnCode, returnCode);
			scene.check();
		});

	it("A refusal that says a session is present ends the client as unexpected, for either Clean Session [MQTT-3.2.2-4]", () => {
		for (const clean of [false, true]) {
			const scene = new Scene({ clean }).waiting();
			scene.line.send(broker.connack(2, true));
			assert.equal(scene.code, Reason.unexpected);
			assert.deepEqual(scene.controls, []);
		}
	});

	it("SUBACK is told with its codes in the order of the filters, failures too [MQTT-3.8.4-5] [MQTT-3.9.3-1]", () => {
		const scene = new Scene().connected();
		const items = ["a", "b", "c", "d"].map((topic, QoS) => ({ topic, QoS: QoS % 3 }));
		scene.client.write(undefined, { operation: SUBSCRIBE, items });
		scene.line.send(broker.suback(1, 0, 1, 0x80, 2));
		assert.deepEqual(scene.controls, [{ operation: SUBACK, id: 1, payload: [0, 1, 0x80, 2] }]);
	});

	it("SUBACKs may come in any order, each with as many codes as its SUBSCRIBE had filters [MQTT-2.3.1-7] [MQTT-3.8.4-2]", () => {
		const scene = new Scene().connected();
		scene.client.write(undefined, { operation: SUBSCRIBE, items: [{ topic: "a" }] });
		scene.client.write(undefined, { operation: SUBSCRIBE, items: [{ topic: "a" }, { topic: "b" }] });
		scene.line.send([...broker.suback(2, 0, 0), ...broker.suback(1, 0)]);
		assert.deepEqual(
			scene.controls.map(({ id }) => id),
			[2, 1],
		);
		assert.equal(scene.errors.length, 0);
	});

	it("A number of filters is not taken for an identifier, though SUBACKs come in another order [MQTT-3.8.4-5]", () => {
		const scene = new Scene().connected();
		scene.client.write(undefined, { operation: SUBSCRIBE, items: [{ topic: "a" }, { topic: "b" }] });
		scene.client.write(undefined, { operation: SUBSCRIBE, items: [{ topic: "c" }] });
		scene.line.send([...broker.suback(2, 0), ...broker.suback(1, 0, 0)]);
		assert.equal(scene.errors.length, 0);
		assert.deepEqual(
			scene.controls.map(({ id }) => id),
			[2, 1],
		);
	});

	it("An identifier that is used again counts the filters of its last SUBSCRIBE [MQTT-3.8.4-5]", () => {
		const scene = new Scene().connected();
		for (const topics of [["a"], ["a", "b"], ["a"]]) {
			scene.client.write(undefined, { operation: SUBSCRIBE, id: 7, items: topics.map(topic => ({ topic })) });
			scene.line.send(broker.suback(7, ...topics.map(() => 0)));
		}
		assert.equal(scene.errors.length, 0);
	});

	it("UNSUBACK and PUBACK are told with their identifier [MQTT-2.3.1-7] [MQTT-3.10.4-4]", () => {
		const scene = new Scene().connected();
		scene.client.write(undefined, { operation: UNSUBSCRIBE, items: [{ topic: "a" }] });
		scene.client.write(undefined, { topic: "t", QoS: 1 });
		scene.line.send([...broker.acknowledge(UNSUBACK, 1), ...broker.acknowledge(PUBACK, 2)]);
		assert.deepEqual(scene.controls, [
			{ operation: UNSUBACK, id: 1, payload: undefined },
			{ operation: PUBACK, id: 2 },
		]);
	});

	it("PINGRESP is told, and needs no PINGREQ before it", () => {
		const scene = new Scene().connected();
		scene.line.send(broker.pingresp());
		assert.deepEqual(scene.controls, [{ operation: PINGRESP }]);
	});

	it("PINGREQ is told and answered, though no server of MQTT 3.1.1 sends one (§25)", () => {
		const scene = new Scene().connected();
		scene.line.send(broker.pingreq());
		assert.deepEqual(scene.controls, [{ operation: PINGREQ, id: undefined, payload: undefined }]);
		assert.deepEqual(scene.writes, ["d000"]);
	});

	it("The application may write from onControl, and what it writes goes before nothing else [MQTT-4.3.3-1]", () => {
		const scene: Scene = new Scene({
			onControl(opcode) {
				if (opcode === PUBREC) this.write(Buffer.from("x"), { topic: "t" });
			},
		}).connected();
		scene.line.send(broker.acknowledge(PUBREC, 5));
		assert.deepEqual(scene.sent.map(({ cmd }) => cmd).sort(), ["publish", "pubrel"]);
	});
});

describe("receive: fragments and read", () => {
	it("A message in segments is delivered in fragments; only the first says what it is (§25)", () => {
		const seen: [number, First][] = [];
		const scene: Scene = new Scene({
			onReadable(count, first) {
				seen.push([count, { ...first }]);
				scene.take(first);
			},
		}).connected();
		const bytes = broker.publish("t", "0123456789", { qos: 1, id: 1 });
		for (const segment of [bytes.subarray(0, 9), bytes.subarray(9, 12), bytes.subarray(12)])
			scene.line.send(segment);
		assert.deepEqual(seen, [
			[2, { more: true, topic: "t", QoS: 1, byteLength: 10, retain: false, duplicate: false, id: 1 }],
			[3, { more: true }],
			[5, { more: false }],
		]);
		assert.equal(String(scene.messages[0]?.payload), "0123456789");
		assert.deepEqual(scene.writes, [ack(PUBACK, 1)]);
	});

	it("A header without payload yet is not delivered before the first byte of it", () => {
		const scene = new Scene().connected();
		const bytes = broker.publish("t", "0123456789", { qos: 2, id: 1 });
		scene.line.send(bytes.subarray(0, 7));
		assert.deepEqual(scene.log, []);
		scene.line.send(bytes.subarray(7, 8));
		assert.deepEqual(scene.log, ["readable 1 true"]);
	});

	for (const [title, read] of [
		["read()", (client: MQTTClient) => client.read()],
		["read(count)", (client: MQTTClient) => client.read(1_000_000)],
	] as const)
		it(`${title} returns a new ArrayBuffer of what there is (§9)`, () => {
			let result: unknown;
			const scene = new Scene({
				onReadable() {
					result = read(this);
				},
			}).connected();
			scene.line.send(Buffer.concat([broker.publish("t", "0123"), broker.publish("t", "4567")]));
			assert.ok(result instanceof ArrayBuffer);
			assert.equal(Buffer.from(result).toString(), "4567");
		});

	for (const [title, make] of [
		["an ArrayBuffer", () => new ArrayBuffer(3)],
		["a Uint8Array", () => new Uint8Array(3)],
		["a Uint8Array within a larger buffer", () => new Uint8Array(new ArrayBuffer(9), 4, 3)],
		["an Int8Array", () => new Int8Array(3)],
		["a DataView", () => new DataView(new ArrayBuffer(9), 2, 3)],
		["a Uint16Array's bytes", () => new Uint16Array(2)],
	] as const)
		for (const size of [2, 10, 600, 2000])
			it(`read into ${title} fills it, of a payload of ${size} bytes, and says how many bytes (§9)`, () => {
				const payload = Buffer.from(Array.from({ length: size }, (_, index) => index));
				const parts: Buffer[] = [];
				const scene = new Scene({
					onReadable() {
						for (;;) {
							const buffer = make() as never as Uint8Array;
							const count = this.read(buffer);
							if (count === undefined) break;
							const bytes = ArrayBuffer.isView(buffer) ? buffer : new Uint8Array(buffer);
							parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, count));
						}
					},
				}).connected();
				scene.line.send(
					Buffer.concat([broker.publish("t", payload, { qos: 1, id: 1 }), broker.publish("u", "end")]),
				);
				assert.equal(
					Buffer.concat(parts).toString("hex"),
					Buffer.concat([payload, Buffer.from("end")]).toString("hex"),
				);
				scene.check();
			});

	it("read(0) takes nothing, and a later read all", () => {
		const scene = new Scene({ onReadable() {} }).connected();
		scene.line.send(broker.publish("t", "0123"));
		assert.equal(scene.client.read(0)?.byteLength, 0);
		assert.equal(scene.client.read(new Uint8Array(0)), 0);
		assert.equal(Buffer.from(scene.client.read() as ArrayBuffer).toString(), "0123");
		assert.equal(scene.client.read(), undefined);
	});

	it("read returns undefined when there is nothing (§9)", () => {
		const scene = new Scene().connected();
		assert.equal(scene.client.read(), undefined);
		assert.equal(scene.client.read(10), undefined);
		assert.equal(scene.client.read(new Uint8Array(10)), undefined);
	});

	it("read throws once closed (§8)", () => {
		const scene = new Scene({ onReadable() {} }).connected();
		scene.line.send(broker.publish("t", "0123"));
		scene.close();
		assert.throws(() => scene.client.read(), /closed/);
		assert.throws(() => scene.client.read(new Uint8Array(1)), /closed/);
	});

	for (const wrong of ["text", null, {}, [1]])
		it(`read into ${JSON.stringify(wrong)} throws and takes nothing`, () => {
			const scene = new Scene({ onReadable() {} }).connected();
			scene.line.send(broker.publish("t", "0123"));
			assert.throws(() => scene.client.read(wrong as never), TypeError);
			assert.equal(scene.client.read()?.byteLength, 4);
		});

	it("What the application leaves unread holds back the next message, not the socket's own buffer (§25)", () => {
		const scene = new Scene({ onReadable() {} }).connected();
		scene.line.send(Buffer.concat([broker.publish("a", "12"), broker.publish("b", "34")]));
		scene.line.send(broker.publish("c", "56"));
		assert.deepEqual(scene.log, ["readable 2 false"]);
		scene.client.read();
		scene.clock.advance(0);
		assert.deepEqual(scene.log, ["readable 2 false", "readable 2 false"]);
		scene.client.read(1);
		scene.clock.advance(1000);
		assert.equal(scene.log.length, 2);
		scene.client.read(1);
		scene.clock.advance(0);
		assert.equal(scene.log.length, 3);
		scene.check();
	});

	it("Bytes that come while the application has yet to read are delivered once it has", () => {
		const scene = new Scene({ onReadable() {} }).connected();
		const bytes = broker.publish("a", Buffer.alloc(3000, 1));
		scene.line.send(bytes.subarray(0, 1000));
		scene.line.send(bytes.subarray(1000));
		assert.equal(scene.log.length, 1);
		let total = 0;
		for (let i = 0; i < 10; i++) {
			total += scene.client.read()?.byteLength ?? 0;
			scene.clock.advance(0);
		}
		assert.equal(total, 3000);
		scene.check();
	});

	it("A message of 3 MiB is streamed through a buffer of 1 KiB, the socket never asked for more than that", () => {
		const size = 3 * 1024 * 1024;
		const payload = Buffer.alloc(size);
		for (let i = 0; i < size; i += 4) payload.writeUInt32LE(i, i);
		const buffer = new Uint8Array(1024);
		const hash: Buffer[] = [];
		const scene = new Scene({
			onReadable() {
				for (let count = this.read(buffer); count; count = this.read(buffer))
					hash.push(Buffer.from(buffer.subarray(0, count)));
			},
		}).connected();
		let largest = 0;
		const take = scene.line.take.bind(scene.line);
		scene.line.take = count => {
			largest = Math.max(largest, count);
			return take(count);
		};
		const bytes = broker.publish("t", payload, { qos: 1, id: 1 });
		for (let i = 0; i < bytes.byteLength; i += 1460) scene.line.send(bytes.subarray(i, i + 1460));
		assert.ok(Buffer.concat(hash).equals(payload));
		assert.ok(largest <= 1024, `asked for ${largest}`);
		assert.deepEqual(scene.writes, [ack(PUBACK, 1)]);
		scene.check();
	});

	for (const reading of [true, false])
		it(`A message of 268435455 bytes in all comes in through small buffers, ${reading ? "read" : "unheard"} by the application`, () => {
			const header = Buffer.from("32ffffff7f0001740001", "hex");
			const total = 268_435_455 + 5;
			let position = 0;
			let announced = 0;
			let largest = 0;
			const buffer = new Uint8Array(8192);
			const wire = new Scene().wire;
			const hose = class extends wire.socket.io {
				override read(target: never): never {
					const bytes = target as Uint8Array;
					largest = Math.max(largest, bytes.byteLength);
					if (!streaming) return super.read(target) as never;
					const count = Math.min(bytes.byteLength, announced);
					if (position < header.byteLength) bytes.set(header.subarray(position, position + count));
					position += count;
					announced -= count;
					return count as never;
				}
			};
			let streaming = false;
			let heard = 0;
			const scene: Scene = new Scene(
				{
					socket: { io: hose },
					onReadable() {
						for (let count = this.read(buffer); count; count = this.read(buffer)) heard += count;
					},
				},
				wire,
			);
			if (!reading) {
				scene.close();
				new MQTTClient({ socket: { io: hose }, dns: wire.dns, timer: scene.clock, host: "h" });
			}
			scene.connected();
			streaming = true;
			const { onReadable } = scene.line.options;
			for (let sent = 0; sent < total; ) {
				const segment = Math.min(65_536, total - sent);
				sent += segment;
				announced += segment;
				onReadable?.call({} as never, announced);
				assert.equal(announced, 0);
			}
			if (reading) assert.equal(heard, total - header.byteLength);
			assert.ok(largest <= buffer.byteLength, `asked for ${largest}`);
			assert.deepEqual(scene.writes, [ack(PUBACK, 1)]);
		});
});

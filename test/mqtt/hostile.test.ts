/**
 * Brokers that misbehave, as one table: what one does, and whether the client survives it or ends with one
 * onError and which code. Each row runs in one segment, byte by byte, and cut short at each byte; through
 * all of them nothing leaves a socket's callback, nothing is called after the end, memory stays bounded.
 */

import assert from "node:assert/strict";
import { Reason } from "../../modules/mqtt/connection.js";
import { MALFORMED_PACKETS } from "./malformed.js";
import Scene, { broker } from "./scene.js";

const bytes = (...parts: readonly Iterable<number>[]) =>
	Buffer.concat(parts.map(part => Uint8Array.from(part)));
const hello = broker.connack();
const survives = undefined;

/** What the broker does after the connection stands, and the code it ends with, or `survives`. */
const ROWS: readonly (readonly [string, Buffer, Reason | undefined])[] = [
	["PUBLISH instead of CONNACK [MQTT-3.2.0-1]", broker.publish("t", "x"), Reason.unexpected],
	[
		"PUBLISH at QoS 2 instead of CONNACK [MQTT-3.2.0-1]",
		broker.publish("t", "x", { qos: 2, id: 1 }),
		Reason.unexpected,
	],
	["PINGRESP instead of CONNACK [MQTT-3.2.0-1]", bytes(broker.pingresp()), Reason.unexpected],
	["PINGREQ instead of CONNACK [MQTT-3.2.0-1]", bytes(broker.pingreq()), Reason.unexpected],
	["PUBACK instead of CONNACK [MQTT-3.2.0-1]", bytes(broker.acknowledge(4, 1)), Reason.unexpected],
	["PUBREL instead of CONNACK [MQTT-3.2.0-1]", bytes(broker.acknowledge(6, 1)), Reason.unexpected],
	["SUBACK instead of CONNACK [MQTT-3.2.0-1]", bytes(broker.suback(1, 0)), Reason.unexpected],
	["UNSUBACK instead of CONNACK [MQTT-3.2.0-1]", bytes(broker.acknowledge(11, 1)), Reason.unexpected],
	["CONNACK twice [MQTT-3.2.0-1]", bytes(hello, hello), Reason.unexpected],
	["CONNACK twice, the second a refusal", bytes(hello, broker.connack(5)), Reason.unexpected],
	["a session present after a clean start [MQTT-3.2.2-1]", bytes(broker.connack(0, true)), Reason.unexpected],
	["a session present with a refusal [MQTT-3.2.2-4]", bytes(broker.connack(2, true)), Reason.unexpected],
	[
		"a refusal, and messages behind it [MQTT-3.2.2-5]",
		bytes(broker.connack(5), broker.publish("t", "x")),
		Reason.refused,
	],
	["a refusal with a reserved code", bytes(broker.connack(77)), Reason.refused],
	["bytes of HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), Reason.malformed],
	["bytes of TLS", Buffer.from("1503010002 0228".replace(" ", ""), "hex"), Reason.malformed],
	["bytes of SSH", Buffer.from("SSH-2.0-OpenSSH_9.6\r\n"), Reason.malformed],
	...MALFORMED_PACKETS.map(([title, packet]) => [title, bytes(hello, packet), Reason.malformed] as const),
	...MALFORMED_PACKETS.map(
		([title, packet]) =>
			[
				`${title}, behind a message`,
				bytes(hello, broker.publish("t", "x", { qos: 1, id: 1 }), packet),
				Reason.malformed,
			] as const,
	),
	[
		"acknowledgements of unknown identifiers",
		bytes(hello, ...[4, 5, 6, 7, 11].map(type => broker.acknowledge(type, 999)), broker.suback(999, 0)),
		survives,
	],
	[
		"the same acknowledgement again and again",
		bytes(hello, ...new Array(50).fill(broker.acknowledge(7, 1))),
		survives,
	],
	["PINGRESP without a PINGREQ", bytes(hello, broker.pingresp(), broker.pingresp()), survives],
	[
		"PINGREQ, which ECMA-419 wants answered (§25)",
		bytes(hello, broker.pingreq(), broker.pingreq()),
		survives,
	],
	[
		"a QoS 1 message again and again",
		bytes(hello, ...new Array(50).fill(broker.publish("t", "x", { qos: 1, id: 1, dup: true }))),
		survives,
	],
	[
		"a QoS 2 message again and again [MQTT-4.3.3-2]",
		bytes(hello, ...new Array(50).fill(broker.publish("t", "x", { qos: 2, id: 1, dup: true }))),
		survives,
	],
	["DUP at QoS 0, which means nothing [MQTT-3.3.1-2]", bytes(hello, [0x38, 3, 0, 1, 0x74]), survives],
	["a SUBACK that grants less than was asked [MQTT-3.8.4-6]", bytes(hello, broker.suback(1, 0)), survives],
	["a SUBACK that grants more than was asked", bytes(hello, broker.suback(1, 2)), survives],
	[
		"messages to topics without a subscription",
		bytes(hello, broker.publish("$SYS/x", "x"), broker.publish("/", "x")),
		survives,
	],
	[
		"lengths in more bytes than they need",
		bytes(hello, Buffer.from("408200 0001".replace(" ", ""), "hex"), Buffer.from("30838000000174", "hex")),
		survives,
	],
	["a topic of 65535 bytes", bytes(hello, broker.publish("t".repeat(65_535), "x")), survives],
	[
		"more QoS 2 messages than are remembered, without PUBREL",
		bytes(
			hello,
			...Array.from({ length: 65 }, (_, index) => broker.publish("t", "x", { qos: 2, id: index + 1 })),
		),
		survives,
	],
];

/** Runs a row; an exception that leaves a callback leaves `send`, and fails the test. */
function run(all: Buffer, size: number, options = {}): Scene {
	const scene = new Scene({ keepAlive: 60_000, ...options }, 1_000_000).waiting();
	for (let offset = 0; offset < all.byteLength && !scene.line.closed; offset += size)
		scene.line.send(all.subarray(offset, offset + size));
	return scene;
}

function judge(scene: Scene, code: Reason | undefined): void {
	scene.check();
	if (code === undefined) {
		assert.deepEqual(
			scene.errors.map(({ code }) => code),
			[],
		);
		assert.equal(scene.line.unread, 0);
		// It lives: the next message comes.
		scene.line.send(broker.publish("still/there", "yes"));
		assert.equal(scene.messages.at(-1)?.first.topic, "still/there");
	} else assert.equal(scene.code, code);
	const calls = scene.log.length;
	if (code !== undefined) {
		const { options } = scene.line;
		options.onReadable?.call({} as never, 3);
		options.onWritable?.call({} as never, 3);
		options.onError?.call({} as never);
		scene.clock.advance(10_000_000);
		assert.equal(scene.log.length, calls, "called after the end");
	}
	scene.close();
	scene.check();
}

describe("hostile broker", () => {
	for (const [title, all, code] of ROWS) {
		const what = code === undefined ? "survives" : `ends once with code ${code} at`;
		it(`The client ${what} ${title}`, () => {
			judge(run(all, all.byteLength), code);
		});
		it(`The client ${what} ${title}, byte by byte`, () => {
			judge(run(all, 1), code);
		});
		it(`The client ends once at ${title}, cut short at any byte and reset`, () => {
			// Long rows repeat themselves: their beginning will do.
			for (let end = 0; end < Math.min(all.byteLength, 200); end++) {
				const scene = run(all.subarray(0, end), 200);
				if (!scene.errors.length) scene.line.drop("reset");
				assert.equal(scene.errors.length, 1);
				assert.ok([Reason.disconnected, code].includes(scene.errors[0]?.code), `cut at ${end}`);
				scene.check();
			}
		});
		it(`The client ends once at ${title}, cut short at any byte and then silence`, () => {
			for (let end = 0; end < Math.min(all.byteLength, 60); end++) {
				const scene = run(all.subarray(0, end), 200);
				scene.clock.advance(1_000_000);
				assert.equal(scene.errors.length, 1, `cut at ${end}`);
				assert.ok([Reason.silent, Reason.unanswered, code].includes(scene.errors[0]?.code), `cut at ${end}`);
				scene.check();
			}
		});
	}

	it("CONNACK that comes before CONNECT went out ends the client as unexpected [MQTT-3.2.0-1]", () => {
		const scene = new Scene();
		scene.wire.resolve();
		scene.line.send(hello);
		assert.equal(scene.code, Reason.unexpected);
		scene.check();
	});

	for (const [title, packet] of [
		["A message", broker.publish("t", "x")],
		["A message at QoS 1", broker.publish("t", "x", { qos: 1, id: 1 })],
		["PUBACK", bytes(broker.acknowledge(4, 1))],
		["PINGREQ", bytes(broker.pingreq())],
	] as const)
		it(`${title} that comes before CONNECT went out is not delivered, and ends the client as unexpected [MQTT-3.2.0-1]`, () => {
			const scene = new Scene();
			scene.wire.resolve();
			scene.line.send(packet);
			assert.deepEqual(scene.log, [`error ${Reason.unexpected}`]);
			assert.equal(scene.line.writes.length, 0);
			scene.check();
		});

	it("A reset in the handshake, before and after CONNECT, ends the client once as disconnected", () => {
		for (const reach of [(scene: Scene) => scene.wire.resolve(), (scene: Scene) => void scene.waiting()]) {
			const scene = new Scene();
			reach(scene);
			scene.line.drop();
			assert.equal(scene.code, Reason.disconnected);
			scene.clock.advance(1_000_000);
			scene.check();
		}
	});

	for (const [codes, filters] of [
		[[0], 2],
		[[0, 0, 0], 2],
		[[0x80, 0], 1],
	] as const)
		it(`A SUBACK with ${codes.length} codes for ${filters} filters ends the client as malformed [MQTT-3.8.4-5]`, () => {
			const scene = new Scene().connected();
			const items = Array.from({ length: filters }, () => ({ topic: "a" }));
			scene.client.write(undefined, { operation: 8, items });
			scene.line.send(broker.suback(1, ...codes));
			assert.equal(scene.code, Reason.malformed);
			assert.deepEqual(scene.controls, []);
			scene.check();
		});

	for (const [title, packet, count] of [
		["messages at QoS 0", broker.publish("t", "x"), 10_000],
		["empty messages", broker.publish("t"), 10_000],
		["messages at QoS 1", broker.publish("t", "x", { qos: 1, id: 1 }), 10_000],
		["PINGRESPs", bytes(broker.pingresp()), 10_000],
		["PINGREQs", bytes(broker.pingreq()), 10_000],
		["PUBACKs", bytes(broker.acknowledge(4, 1)), 10_000],
		["PUBRECs", bytes(broker.acknowledge(5, 1)), 10_000],
		["SUBACKs", bytes(broker.suback(1, 0)), 10_000],
	] as const)
		it(`Ten thousand ${title} in one segment are all taken, without recursion`, () => {
			const scene = new Scene({}, Number.MAX_SAFE_INTEGER).connected();
			scene.line.send(Buffer.concat(new Array(count).fill(packet)));
			assert.equal(scene.log.length, count);
			assert.equal(scene.errors.length, 0);
			scene.check();
		});

	it("Ten thousand QoS 1 messages in one segment wait for the room their PUBACKs need, and no buffer grows", () => {
		const scene = new Scene({}, 100).connected();
		scene.line.room = 0;
		scene.line.drain(0);
		scene.line.send(Buffer.concat(new Array(10_000).fill(broker.publish("t", "x", { qos: 1, id: 1 }))));
		let largest = 0;
		const take = scene.line.take.bind(scene.line);
		scene.line.take = count => {
			largest = Math.max(largest, count);
			return take(count);
		};
		for (let i = 0; i < 10_000; i++) {
			assert.ok(scene.messages.length <= i + 1);
			scene.line.drain(4);
		}
		assert.equal(scene.messages.length, 10_000);
		assert.equal(scene.writes.length, 10_000);
		assert.ok(largest <= 1024, `asked for ${largest}`);
		scene.check();
	});

	it("Lengths that are announced and never come cost nothing: no buffer is larger than the parser's", () => {
		const allocated: number[] = [];
		const Original = globalThis.Uint8Array;
		for (const header of ["30ffffff7fffff", "32ffffff7f000174", "30ffffff7f000174"]) {
			const scene = new Scene().connected();
			const counted = new Proxy(Original, {
				construct(target, parameters, newTarget) {
					if (typeof parameters[0] === "number") allocated.push(parameters[0]);
					return Reflect.construct(target, parameters, newTarget);
				},
			});
			const packet = Buffer.from(header, "hex");
			globalThis.Uint8Array = counted;
			try {
				scene.line.send(packet);
			} finally {
				globalThis.Uint8Array = Original;
			}
			scene.check();
		}
		assert.ok(Math.max(0, ...allocated) <= 512, `allocated ${Math.max(...allocated)}`);
	});

	it("After each kind of end a new client connects over the same network", () => {
		for (const [, all] of ROWS.slice(0, 20)) {
			const wire = run(all, 1).wire;
			const next = new Scene({}, wire).connected();
			assert.equal(next.errors.length, 0);
			next.close();
		}
	});
});

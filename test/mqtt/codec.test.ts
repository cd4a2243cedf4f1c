/**
 * What the client sends, packet by packet, against `mqtt-packet`: our bytes are read by its parser and
 * compared with its generator's, for random packets too. Every step of Remaining Length is there.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { generate, type IConnectPacket } from "mqtt-packet";
import MQTTClient from "../../modules/mqtt/client.js";
import Codec from "../../modules/mqtt/codec.js";
import type { ByteBuffer, Item, MQTTClientOptions, Will } from "../../modules/mqtt/io.js";
import Scene, { packets } from "./scene.js";
import { settings } from "./seed.js";

type Credentials = Pick<MQTTClientOptions, "id" | "user" | "password" | "will">;
interface ConnectFields {
	readonly id: string;
	readonly user?: string | undefined;
	readonly password?: string | ByteBuffer | undefined;
	readonly will?: Will | undefined;
	readonly clean: boolean;
	/** Seconds. */
	readonly keepAlive: number;
}
/** What the client's other storeys use of it. */
class Bare extends Codec {
	override connect(fields: Credentials, clean: boolean, keepAlive: number) {
		return super.connect(fields, clean, keepAlive);
	}
	override subscribe(type: 8 | 10, items: readonly Item[] | undefined) {
		return super.subscribe(type, items);
	}
	override bytes(data: ByteBuffer | undefined) {
		return super.bytes(data);
	}
}
const bare = new Bare();
const connect = (fields: ConnectFields) =>
	bare.connect(fields as Credentials, fields.clean, fields.keepAlive);

const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter(value => !value.includes("\0"));
const topicName = text.filter(value => value !== "" && !/[+#]/.test(value));
const payload = fc.uint8Array({ maxLength: 600 });
const QoS = fc.constantFrom(0 as const, 1 as const, 2 as const);
const topicFilter = fc
	.tuple(
		fc.array(
			fc.oneof(
				topicName.map(name => name.replaceAll("/", "-")),
				fc.constant("+"),
			),
			{ minLength: 1, maxLength: 4 },
		),
		fc.boolean(),
	)
	.map(([levels, all]) => (all ? [...levels, "#"] : levels).join("/"));

const fields = fc
	.record({
		id: text,
		clean: fc.boolean(),
		keepAlive: fc.integer({ min: 0, max: 65_535 }),
		user: fc.option(text, { nil: undefined }),
		password: fc.option(fc.oneof(text, payload), { nil: undefined }),
		will: fc.option(
			fc.record({ topic: topicName, message: fc.oneof(text, payload), QoS, retain: fc.boolean() }),
			{ nil: undefined },
		),
	})
	.map(
		(value): ConnectFields => ({
			...value,
			clean: value.clean || value.id === "",
			password: value.user === undefined ? undefined : value.password,
		}),
	);

/** The same CONNECT in mqtt-packet's words. */
function foreign({ id, clean, keepAlive, user, password, will }: ConnectFields): IConnectPacket {
	const packet: IConnectPacket = {
		cmd: "connect",
		protocolId: "MQTT",
		protocolVersion: 4,
		clientId: id,
		clean,
		keepalive: keepAlive,
	};
	if (user !== undefined) packet.username = user;
	if (password !== undefined) packet.password = Buffer.from(password as Uint8Array);
	if (will)
		packet.will = {
			topic: will.topic,
			payload: Buffer.from(will.message as Uint8Array),
			qos: (will.QoS ?? 0) as 0,
			retain: will.retain ?? false,
		};
	return packet;
}

function shared(...values: readonly number[]): SharedArrayBuffer {
	const buffer = new SharedArrayBuffer(values.length);
	new Uint8Array(buffer).set(values);
	return buffer;
}

/** A topic name of so many bytes. */
const long = (bytes: number) => "t".repeat(bytes);

describe("encoder", () => {
	it("CONNECT with random fields is read back whole by mqtt-packet [MQTT-3.1.3-1] [MQTT-3.1.3-3]", () => {
		fc.assert(
			fc.property(fields, value => {
				const [packet] = packets(connect(value)) as [IConnectPacket & { username?: string }];
				assert.equal(packet.cmd, "connect");
				assert.equal(packet.protocolId, "MQTT");
				assert.equal(packet.protocolVersion, 4);
				assert.equal(packet.clientId, value.id);
				assert.equal(packet.clean, value.clean);
				assert.equal(packet.keepalive, value.keepAlive);
				assert.equal(packet.username?.toString(), value.user);
				const { password, will } = foreign(value);
				assert.deepEqual(packet.password, password);
				assert.equal(packet.will?.topic.toString(), will?.topic);
				assert.deepEqual(packet.will?.payload, will?.payload);
				assert.equal(packet.will?.qos, will?.qos);
				assert.equal(packet.will?.retain, will?.retain);
			}),
			settings(500),
		);
	});

	it("CONNECT has the same bytes as mqtt-packet's, for random fields [MQTT-3.1.2-1] [MQTT-3.1.2-2]", () => {
		fc.assert(
			fc.property(fields, value => {
				// What mqtt-packet cannot write: an empty will message, an empty user.
				const packet = foreign(value);
				fc.pre(packet.will?.payload.length !== 0 && value.user !== "" && packet.password?.length !== 0);
				assert.deepEqual(Buffer.from(connect(value)), generate(packet));
			}),
			settings(500),
		);
	});

	for (const [title, value, hex] of [
		[
			"with clean session only, the reserved flag at 0 [MQTT-3.1.2-3]",
			{ id: "a", clean: true, keepAlive: 0 },
			"100d00044d515454040200000001" + "61",
		],
		[
			"of a session that is kept",
			{ id: "a", clean: false, keepAlive: 65_535 },
			"100d00044d5154540400ffff000161",
		],
		[
			"with an empty identifier and clean session [MQTT-3.1.3-7]",
			{ id: "", clean: true, keepAlive: 1 },
			"100c00044d5154540402" + "0001" + "0000",
		],
		[
			"without will, user and password has their flags at 0 [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-15] [MQTT-3.1.2-18] [MQTT-3.1.2-20]",
			{ id: "b", clean: true, keepAlive: 0, user: undefined, password: undefined, will: undefined },
			"100d00044d515454040200000001" + "62",
		],
		[
			"with a will has topic and message behind the identifier [MQTT-3.1.2-9] [MQTT-3.1.3-10]",
			{ id: "a", clean: true, keepAlive: 0, will: { topic: "w", message: "off", QoS: 1, retain: true } },
			"101500044d515454042e00000001610001770003" + "6f6666",
		],
		[
			"with a will of QoS 2 that is empty and not retained [MQTT-3.1.2-14]",
			{ id: "a", clean: true, keepAlive: 0, will: { topic: "w", message: "", QoS: 2 } },
			"101200044d515454041600000001610001770000",
		],
		[
			"with user and password has them last, in this order [MQTT-3.1.2-19] [MQTT-3.1.2-21] [MQTT-3.1.3-1] [MQTT-3.1.3-11]",
			{ id: "a", clean: true, keepAlive: 0, user: "é", password: Uint8Array.of(0, 255) },
			"101500044d51545404c200000001610002" + "c3a9" + "0002" + "00ff",
		],
		[
			"with a user and no password [MQTT-3.1.2-20]",
			{ id: "a", clean: true, keepAlive: 0, user: "" },
			"100f00044d515454048200000001610000",
		],
		[
			"keeps U+FEFF and characters outside the basic plane [MQTT-1.5.3-3] [MQTT-3.1.3-4]",
			{ id: "\ufeff\u{1f4a1}", clean: true, keepAlive: 0 },
			"101300044d51545404020000" + "0007" + "efbbbf" + "f09f92a1",
		],
	] as const satisfies readonly (readonly [string, ConnectFields, string])[])
		it(`CONNECT ${title}`, () => {
			assert.equal(Buffer.from(connect(value)).toString("hex"), hex);
		});

	for (const [title, value, message] of [
		["an empty identifier without clean session [MQTT-3.1.3-7]", { id: "", clean: false }, /^id: /],
		["a password without user [MQTT-3.1.2-22]", { password: "x" }, /^user: /],
		["U+0000 in the identifier [MQTT-1.5.3-2]", { id: "a\0" }, /^text: /],
		["U+0000 in the user [MQTT-1.5.3-2]", { user: "\0" }, /^text: /],
		["an identifier of 65536 bytes [MQTT-4.7.3-3]", { id: "é".repeat(32_768) }, /^text: .*65536/],
		["a will message of 65536 bytes", { will: { topic: "w", message: new Uint8Array(65_536) } }, /^text: /],
		["a will without topic [MQTT-4.7.3-1]", { will: { topic: "", message: "" } }, /^text: /],
		["a will topic with a wildcard [MQTT-4.7.1-1]", { will: { topic: "a/#", message: "" } }, /^text: /],
		["a will topic of 65536 bytes [MQTT-4.7.3-3]", { will: { topic: long(65_536), message: "" } }, /^text: /],
		["a will of QoS 3 [MQTT-3.1.2-14]", { will: { topic: "w", message: "", QoS: 3 } }, /^QoS: /],
	] as const satisfies readonly (readonly [string, Partial<ConnectFields>, RegExp])[])
		it(`CONNECT is refused for ${title}`, () => {
			assert.throws(() => connect({ id: "a", clean: true, keepAlive: 0, ...value }), {
				name: "RangeError",
				message,
			});
		});

	it("SUBSCRIBE and UNSUBSCRIBE have the same bytes as mqtt-packet's, for random items [MQTT-3.8.1-1] [MQTT-3.8.3-1] [MQTT-3.10.1-1] [MQTT-3.10.3-1]", () => {
		const scene = new Scene({}, Number.MAX_SAFE_INTEGER).connected();
		const items = fc.array(fc.record({ topic: topicFilter, QoS }), { minLength: 1, maxLength: 20 });
		fc.assert(
			fc.property(items, fc.integer({ min: 1, max: 65_535 }), (value, messageId) => {
				scene.forget();
				scene.client.write(undefined, { operation: MQTTClient.SUBSCRIBE, id: messageId, items: value });
				assert.deepEqual(
					scene.line.written,
					generate({
						cmd: "subscribe",
						messageId,
						subscriptions: value.map(({ topic, QoS }) => ({ topic, qos: QoS })),
					}),
				);
				scene.forget();
				scene.client.write(undefined, { operation: MQTTClient.UNSUBSCRIBE, id: messageId, items: value });
				assert.deepEqual(
					scene.line.written,
					generate({ cmd: "unsubscribe", messageId, unsubscriptions: value.map(({ topic }) => topic) }),
				);
			}),
			settings(500),
		);
	});

	for (const [title, items] of [
		["no items [MQTT-3.8.3-3] [MQTT-3.10.3-2]", []],
		["an empty filter [MQTT-4.7.3-1]", [{ topic: "" }]],
		["a filter with U+0000 [MQTT-4.7.3-2]", [{ topic: "a\0" }]],
		["# before the last level [MQTT-4.7.1-2]", [{ topic: "a/#/b" }]],
		["# beside other characters [MQTT-4.7.1-2]", [{ topic: "a#" }]],
		["+ beside other characters [MQTT-4.7.1-3]", [{ topic: "a+/b" }]],
		["a filter of 65536 bytes [MQTT-4.7.3-3]", [{ topic: long(65_536) }]],
		["QoS 3 [MQTT-3.8.3-4]", [{ topic: "a", QoS: 3 }]],
		["QoS -1 [MQTT-3.8.3-4]", [{ topic: "a", QoS: -1 }]],
		["QoS 0.5 [MQTT-3.8.3-4]", [{ topic: "a", QoS: 0.5 }]],
		["a wrong item behind a right one", [{ topic: "a" }, { topic: "#a" }]],
		["more filters than a SUBACK may answer", Array.from({ length: 501 }, () => ({ topic: "a" }))],
	] as const)
		it(`SUBSCRIBE is refused for ${title}`, () => {
			assert.throws(() => bare.subscribe(MQTTClient.SUBSCRIBE, items), RangeError);
		});

	it("PUBLISH has the same bytes as mqtt-packet's, for random fields [MQTT-2.3.1-5] [MQTT-3.3.1-1] [MQTT-3.3.2-1]", () => {
		const scene = new Scene({}, Number.MAX_SAFE_INTEGER).connected();
		const value = fc.record({
			topic: topicName,
			payload,
			QoS,
			retain: fc.boolean(),
			duplicate: fc.boolean(),
			id: fc.integer({ min: 1, max: 65_535 }),
		});
		// Twice each: the second time finds the packet that was kept.
		fc.assert(
			fc.property(value, fc.nat(255), ({ topic, payload, QoS, retain, duplicate, id }, again) => {
				const dup = duplicate && QoS > 0;
				const options = { topic, QoS, retain, duplicate: dup };
				const check = () => {
					scene.forget();
					scene.client.write(payload, QoS ? { ...options, id } : options);
					assert.deepEqual(
						scene.line.written,
						generate({
							cmd: "publish",
							topic,
							payload: Buffer.from(payload),
							qos: QoS,
							retain,
							dup,
							messageId: id,
						}),
					);
				};
				check();
				payload.fill(again);
				check();
			}),
			settings(500),
		);
		scene.check();
	});

	for (const length of [3, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
		it(`PUBLISH whose Remaining Length is ${length} has the same bytes as mqtt-packet's`, () => {
			const scene = new Scene({}, 3_000_000).connected();
			const payload = Buffer.alloc(length - 3, "p");
			scene.client.write(payload, { topic: "t" });
			const expected = generate({ cmd: "publish", topic: "t", payload, qos: 0, retain: false, dup: false });
			assert.ok(scene.line.written.equals(expected));
		});

	it("PUBLISH whose Remaining Length is 268435455 begins with ff ff ff 7f, and nothing longer is accepted", () => {
		const scene = new Scene().connected();
		const most = 268_435_455 - 3;
		assert.throws(
			() => scene.client.write(undefined, { topic: "t", byteLength: most + 1 }),
			/^RangeError: byteLength/,
		);
		assert.equal(scene.line.written.byteLength, 0);
		scene.client.write(undefined, { topic: "t", byteLength: most });
		assert.equal(scene.writes.join(""), "30ffffff7f000174");
		assert.equal(scene.line.writes[0]?.options?.byteLength, 268_435_455 + 5);
	});

	for (const length of [0, 1, 127, 128, 16_383, 16_384])
		it(`CONNECT with a will message of ${length} bytes, at each step of Remaining Length, is read back`, () => {
			for (let less = 0; less < 24 && less <= length; less++) {
				const message = new Uint8Array(length - less).fill(7);
				const [packet] = packets(
					connect({ id: "", clean: true, keepAlive: 0, will: { topic: "t", message } }),
				);
				assert.deepEqual((packet as IConnectPacket).will?.payload, Buffer.from(message));
			}
		});

	for (const [title, data] of [
		["an ArrayBuffer", Uint8Array.of(1, 2).buffer],
		["a Uint8Array within a larger buffer", Uint8Array.of(0, 1, 2, 3).subarray(1, 3)],
		["a DataView", new DataView(Uint8Array.of(0, 1, 2, 3).buffer, 1, 2)],
		["an Int8Array", Int8Array.of(1, 2)],
		["a SharedArrayBuffer", shared(1, 2)],
		["a view of a SharedArrayBuffer", new DataView(shared(0, 1, 2, 3), 1, 2)],
	] as const)
		it(`${title} is taken as the bytes it covers (ECMA-419 §6)`, () => {
			assert.deepEqual([...bare.bytes(data as ByteBuffer)], [1, 2]);
		});

	for (const data of ["text", 7, null, {}, [1]])
		it(`${JSON.stringify(data)} is no byte buffer (ECMA-419 §6)`, () => {
			assert.throws(() => bare.bytes(data as never), TypeError);
		});
});

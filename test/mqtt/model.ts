/**
 * The fuzzer's model: a plan is what a broker sends (by grammar, then damaged), how the network cuts it, how
 * the application behaves, and when time goes by; `play` runs one and throws where an invariant breaks.
 * Shared by fuzz.test.ts (short, with every `npm test`) and fuzz.ts (long, on demand).
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type IPublishPacket, type Packet, parser } from "mqtt-packet";
import MQTTClient from "../../modules/mqtt/client.js";
import { Reason } from "../../modules/mqtt/connection.js";
import { MALFORMED_PACKETS } from "./malformed.js";
import Scene, { broker, type First } from "./scene.js";

/** What the application does when it is called: reads all, some, nothing; closes; throws; writes. */
type Reading = "all" | "some" | "none" | "close" | "throw" | "write";
type Step =
	| { readonly do: "send"; readonly bytes: Uint8Array; readonly cut: number }
	| { readonly do: "advance"; readonly milliseconds: number }
	| { readonly do: "drain"; readonly bytes: number }
	| { readonly do: "read"; readonly bytes: number }
	| {
			readonly do: "publish";
			readonly topic: string;
			readonly size: number;
			readonly QoS: number;
			readonly part: number;
	  }
	| { readonly do: "fragment"; readonly size: number }
	| { readonly do: "control"; readonly operation: number; readonly id: number }
	| { readonly do: "close" | "drop" | "disconnect" };

export interface Plan {
	readonly acknowledge: boolean;
	readonly clean: boolean;
	readonly keepAlive: number;
	readonly room: number;
	readonly greeted: boolean;
	readonly reading: readonly Reading[];
	/** The same, when there is room. */
	readonly writing: readonly Reading[];
	readonly steps: readonly Step[];
}

const id = fc.oneof(
	{ weight: 9, arbitrary: fc.integer({ min: 1, max: 6 }) },
	{ weight: 1, arbitrary: fc.nat(65_535) },
);
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const topic = fc.oneof(
	{ weight: 8, arbitrary: fc.constantFrom("a", "a/b", "é", "lamp/desired", "x".repeat(130), "$SYS/x") },
	{ weight: 1, arbitrary: fc.integer({ min: 500, max: 1200 }).map(size => "t".repeat(size)) },
	{ weight: 1, arbitrary: fc.constantFrom("a/+", "#", "\0", "a\ufeff") },
);

/** One packet of a server, by the grammar of MQTT 3.1.1 §3. */
const packet: fc.Arbitrary<Uint8Array> = fc.oneof(
	{
		weight: 8,
		arbitrary: fc
			.tuple(topic, fc.oneof(fc.nat(20), fc.nat(700)), qos, id, fc.boolean(), fc.boolean())
			.map(([topic, size, qos, id, retain, dup]) => {
				// mqtt-packet refuses wildcards: they are put in afterwards, at the same length.
				const bytes = broker.publish(topic.replace(/[+#\0]/g, "w"), Buffer.alloc(size, topic), {
					qos,
					id: id || 1,
					retain,
					dup: dup && qos > 0,
				});
				const wild = topic.search(/[+#\0]/);
				if (wild >= 0) {
					const offset = bytes.indexOf("w");
					if (offset >= 0) bytes[offset] = topic.charCodeAt(wild);
				}
				return bytes;
			}),
	},
	{
		weight: 4,
		arbitrary: fc
			.tuple(fc.constantFrom(4, 5, 6, 7, 11), id)
			.map(([type, id]) => Uint8Array.from(broker.acknowledge(type, id))),
	},
	{
		weight: 2,
		arbitrary: fc
			.tuple(id, fc.array(fc.constantFrom(0, 1, 2, 0x80), { minLength: 1, maxLength: 3 }))
			.map(([id, codes]) => Uint8Array.from(broker.suback(id, ...codes))),
	},
	{ weight: 2, arbitrary: fc.constantFrom(Uint8Array.of(0xd0, 0), Uint8Array.of(0xc0, 0)) },
	{
		weight: 1,
		arbitrary: fc
			.tuple(fc.nat(6), fc.boolean())
			.map(([code, present]) => Uint8Array.from(broker.connack(code, present))),
	},
);

/** Packets one behind the other, now and then damaged: a bit, a byte too many or too few, a known malformed one. */
const traffic = fc
	.tuple(
		fc.array(packet, { maxLength: 6 }),
		fc.oneof(
			{ weight: 6, arbitrary: fc.constant(undefined) },
			{
				weight: 1,
				arbitrary: fc.record({
					kind: fc.constantFrom("flip", "cut", "insert", "malformed"),
					at: fc.nat(),
					value: fc.nat(),
				}),
			},
		),
	)
	.map(([packets, damage]) => {
		const bytes = Buffer.concat(packets);
		if (!damage) return bytes;
		const at = damage.at % (bytes.byteLength + 1);
		const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
		switch (damage.kind) {
			case "flip":
				if (after.byteLength) after[0] = (after[0] as number) ^ (1 << (damage.value % 8));
				return bytes;
			case "cut":
				return Buffer.concat([before, after.subarray(1 + (damage.value % 5))]);
			case "insert":
				return Buffer.concat([before, Uint8Array.of(damage.value & 255), after]);
			default:
				return Buffer.concat([
					bytes,
					(MALFORMED_PACKETS[damage.value % MALFORMED_PACKETS.length] as [string, Buffer])[1],
				]);
		}
	});

const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 8,
		arbitrary: fc.record({
			do: fc.constant("send" as const),
			bytes: traffic,
			cut: fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 40 }), fc.constant(10_000)),
		}),
	},
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant("advance" as const),
			milliseconds: fc.constantFrom(0, 1, 100, 4000, 7000, 40_000),
		}),
	},
	{
		weight: 3,
		arbitrary: fc.record({ do: fc.constant("drain" as const), bytes: fc.oneof(fc.nat(10), fc.nat(2000)) }),
	},
	{
		weight: 3,
		arbitrary: fc.record({ do: fc.constant("read" as const), bytes: fc.oneof(fc.nat(5), fc.nat(1000)) }),
	},
	{
		weight: 4,
		arbitrary: fc.record({
			do: fc.constant("publish" as const),
			topic,
			size: fc.oneof(fc.nat(20), fc.nat(600)),
			QoS: fc.oneof(qos, fc.constant(3)),
			part: fc.oneof(fc.constant(1000), fc.nat(100)),
		}),
	},
	{ weight: 3, arbitrary: fc.record({ do: fc.constant("fragment" as const), size: fc.nat(300) }) },
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant("control" as const),
			operation: fc.integer({ min: 4, max: 13 }),
			id,
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({ do: fc.constantFrom("close" as const, "drop" as const, "disconnect" as const) }),
	},
);

export const plan: fc.Arbitrary<Plan> = fc.record({
	acknowledge: fc.boolean(),
	clean: fc.boolean(),
	keepAlive: fc.constantFrom(0, 10_000),
	room: fc.oneof(
		{ weight: 1, arbitrary: fc.integer({ min: 30, max: 100 }) },
		{ weight: 3, arbitrary: fc.constant(1_000_000) },
	),
	greeted: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.boolean() }),
	reading: fc.array(
		fc.oneof(
			{ weight: 12, arbitrary: fc.constant<Reading>("all") },
			{ weight: 6, arbitrary: fc.constantFrom<Reading>("some", "none", "write") },
			{ weight: 1, arbitrary: fc.constantFrom<Reading>("close", "throw") },
		),
		{ minLength: 1, maxLength: 8 },
	),
	writing: fc.array(
		fc.oneof(
			{ weight: 20, arbitrary: fc.constant<Reading>("none") },
			{ weight: 10, arbitrary: fc.constantFrom<Reading>("some", "write") },
			{ weight: 1, arbitrary: fc.constantFrom<Reading>("close", "throw") },
		),
		{ minLength: 1, maxLength: 5 },
	),
	steps: fc.array(step, { maxLength: 25 }),
});

/** What the client may say to its caller: its own sentences, never an engine's. */
const SENTENCE = /^(write|read|id|text|items|QoS|byteLength|duplicate|data|operation): /;

/** Runs a plan and returns how it ended, or throws. */
export function play({
	acknowledge,
	clean,
	keepAlive,
	room,
	greeted,
	reading,
	writing,
	steps,
}: Plan): string {
	let turn = 0;
	let rooms = 0;
	/** Bytes of our own message that are still to be written. */
	let outgoing = 0;
	let disconnected = false;
	let thrown = false;
	/** Bytes of the current message that are still to be told of, and told but not read. */
	let owed = 0;
	let unread = 0;
	let QoS1 = 0;
	const completed: number[] = [];
	let closed = false;

	const read = (bytes: number) => {
		const buffer = scene.client.read(bytes);
		const count = buffer?.byteLength ?? 0;
		assert.ok(count <= bytes && count <= unread, `read ${count} of ${unread}, asked for ${bytes}`);
		if (bytes > 0 && unread > 0) assert.ok(count === Math.min(bytes, unread), `read ${count} of ${unread}`);
		unread -= count;
		finish();
	};
	const finish = () => {
		if (owed === 0 && unread === 0 && QoS1) {
			completed.push(QoS1);
			QoS1 = 0;
		}
	};
	/** What the caller does may be refused, in the client's own words, and leaves what was written as it was. */
	const attempt = (action: () => void) => {
		const before = scene.wire.lines.at(-1)?.writes.length ?? 0;
		const calls = scene.log.length;
		try {
			action();
		} catch (error) {
			assert.match((error as Error).message, SENTENCE);
			assert.equal(scene.wire.lines.at(-1)?.writes.length ?? 0, before, "wrote, and threw");
		}
		assert.equal(scene.log.length, calls, "called back within a method (§8)");
	};
	const fragment = (size: number) =>
		attempt(() => {
			scene.client.write(new Uint8Array(size), undefined as never);
			outgoing -= size;
		});
	const behave = (reading: readonly Reading[]) => {
		switch (reading[turn++ % reading.length]) {
			case "all":
				return read(1_000_000);
			case "some":
				return read(turn % 7);
			case "close":
				closed = true;
				return scene.close();
			case "throw":
				thrown = true;
				throw new Error("the application's own");
			case "write":
				return attempt(() => void scene.client.write(Uint8Array.of(turn), { topic: "back" }));
			default:
		}
	};
	const scene: Scene = new Scene(
		{
			acknowledge,
			clean,
			keepAlive,
			onReadable(count: number, first: First) {
				assert.equal(unread, 0, "delivered before the last was read");
				if (first.topic === undefined) assert.ok(owed > 0 && count > 0, "a fragment of nothing");
				else {
					assert.equal(owed, 0, "a message within a message");
					assert.ok(first.topic !== "" && !/[+#\0]/.test(first.topic));
					owed = first.byteLength as number;
					QoS1 = acknowledge && first.QoS === 1 ? (first.id as number) : 0;
					assert.ok(first.QoS === 0 ? first.id === undefined : (first.id as number) > 0);
					assert.ok(count > 0 || owed === 0);
				}
				assert.ok(count <= owed);
				owed -= count;
				unread = count;
				assert.equal(first.more, owed > 0);
				finish();
				behave(reading);
			},
			onControl: (_, { operation, QoS, id }) => {
				// A message whose topic was too long.
				if (operation === MQTTClient.PUBLISH && acknowledge && QoS === 1) completed.push(id as number);
				if (reading[turn % reading.length] !== "all") behave(reading);
			},
			onWritable(count: number) {
				assert.ok(count > 0 && count <= scene.line.room, `offered ${count} of ${scene.line.room}`);
				if (outgoing) fragment(Math.min(outgoing, count));
				else behave([writing[rooms++ % writing.length] as Reading]);
			},
		},
		room,
	);
	/** Once the network takes all and the application does its part, nothing is left: no byte unread, no answer owed. */
	const settle = () => {
		writing = reading = ["none"];
		for (let i = 0; i < 60; i++) {
			scene.line.drain(10_000);
			if (outgoing) fragment(outgoing);
			if (unread) attempt(() => read(1_000_000));
			scene.clock.advance(0);
			if (closed || scene.errors.length) return;
		}
		assert.equal(outgoing, 0);
		assert.equal(unread, 0);
		assert.equal(scene.line.unread, 0, "bytes that are not taken");
		const acknowledged = examine(scene, completed, acknowledge);
		if (acknowledge && !disconnected)
			assert.equal(acknowledged, completed.length, "a message was never acknowledged");
	};
	scene.waiting();
	if (greeted && room >= 27) scene.line.send(broker.connack());
	for (const each of steps) {
		const { line } = scene;
		switch (each.do) {
			case "send":
				for (let offset = 0; offset < each.bytes.byteLength; offset += each.cut)
					line.send(each.bytes.subarray(offset, offset + each.cut));
				break;
			case "advance":
				scene.clock.advance(each.milliseconds);
				break;
			case "drain":
				line.drain(each.bytes);
				break;
			case "read":
				attempt(() => read(each.bytes));
				break;
			case "publish": {
				const { topic, size, QoS, part } = each;
				attempt(() => {
					scene.client.write(new Uint8Array(Math.min(size, part)), { topic, QoS, byteLength: size });
					outgoing = Math.max(0, size - part);
				});
				break;
			}
			case "fragment":
				fragment(each.size);
				break;
			case "control": {
				const { operation, id } = each;
				// An acknowledgement of the application's own would be taken for the client's.
				if (operation === 4 && acknowledge) break;
				attempt(() => void scene.client.write(undefined, { operation, id, items: [{ topic: "a" }] }));
				break;
			}
			case "disconnect":
				attempt(() => {
					scene.client.write(undefined, { operation: MQTTClient.DISCONNECT });
					disconnected = true;
				});
				break;
			case "close":
				closed = true;
				scene.close();
				break;
			case "drop":
				line.drop("reset");
				break;
		}
		scene.check();
		examine(scene, completed, acknowledge);
		const [error] = scene.errors;
		if (error?.code === Reason.application) {
			const { cause } = error;
			assert.ok(
				thrown && (cause as Error).message === "the application's own",
				String((cause as Error)?.stack),
			);
		}
	}
	if (!closed && !scene.errors.length) settle();
	return scene.errors.length ? `error ${scene.errors[0]?.code}` : closed ? "closed" : "alive";
}

/** All that was written: whole packets of MQTT 3.1.1, the last perhaps not yet; CONNECT first and once; nothing behind DISCONNECT. */
function examine(scene: Scene, completed: readonly number[], acknowledge: boolean): number {
	const found: Packet[] = [];
	const reader = parser({ protocolVersion: 4 });
	reader.on("packet", packet => found.push(packet));
	reader.on("error", error => assert.fail(`mqtt-packet: ${error}`));
	reader.parse(scene.line.written);
	found.forEach((packet, index) => {
		assert.equal(packet.cmd === "connect", index === 0);
		if (packet.cmd === "disconnect") assert.equal(index, found.length - 1, "something behind DISCONNECT");
		if (packet.cmd === "publish") assert.ok((packet as IPublishPacket).qos === 0 || packet.messageId);
	});
	if (!acknowledge) return 0;
	const acknowledged = found.filter(({ cmd }) => cmd === "puback").map(({ messageId }) => messageId);
	assert.deepEqual(
		acknowledged,
		completed.slice(0, acknowledged.length),
		"PUBACKs are not those of the messages read",
	);
	return acknowledged.length;
}

/** Traffic alone, for an application that reads all: the same story however it is cut. */
export const conversation = fc.tuple(
	fc.array(traffic, { maxLength: 5 }),
	fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 40 }),
);

/** Plays a conversation whole, and in the segments of those sizes, and compares what was told and written. */
export function compare(parts: readonly Uint8Array[], sizes: readonly number[]): void {
	const bytes = Buffer.concat(parts);
	const run = (cuts: readonly number[]) => {
		const scene = new Scene({}, 1_000_000).connected();
		let offset = 0;
		for (const size of cuts) {
			scene.line.send(bytes.subarray(offset, offset + size));
			offset += size;
		}
		scene.line.send(bytes.subarray(offset));
		scene.check();
		return {
			story: scene.story,
			errors: scene.errors.map(({ code }) => code),
			written: scene.writes.join(""),
		};
	};
	assert.deepEqual(run(sizes), run([]));
}

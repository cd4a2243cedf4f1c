/**
 * The parser alone, from the broker's bytes to packets: the same log however the bytes are cut, the same
 * packets as `mqtt-packet` finds, and every malformed packet found out in one piece and byte by byte.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { generate, type Packet } from "mqtt-packet";
import MQTTClient from "../../modules/mqtt/client.js";
import Parser from "../../modules/mqtt/parser.js";
import { MALFORMED_PACKETS } from "./malformed.js";
import Scene, { broker, packets } from "./scene.js";
import { settings } from "./seed.js";

const { CONNACK, PUBLISH, SUBACK } = MQTTClient;
/** What stands in the buffer is no packet a server may send. */
const MALFORMED = -1;

/** Parses `segments` one by one and tells what was found, PUBLISH with its payload; the last entry may be "malformed". */
function parse(segments: readonly Uint8Array[], longestTopic = 0): string[] {
	const parser = new Parser(longestTopic);
	const log: string[] = [];
	let payload = "";
	for (const segment of segments)
		for (let offset = 0; offset < segment.byteLength; ) {
			parser.bytes.copyWithin(0, parser.start, parser.end);
			parser.end -= parser.start;
			parser.start = 0;
			const room = parser.bytes.subarray(parser.end);
			assert.ok(room.byteLength > 0, "no room while more is needed");
			const bytes = segment.subarray(offset, offset + room.byteLength);
			room.set(bytes);
			parser.end += bytes.byteLength;
			offset += bytes.byteLength;
			for (;;) {
				const there = Math.min(parser.left, parser.end - parser.start);
				if (there) {
					payload += Buffer.from(parser.bytes.subarray(parser.start, parser.start + there)).toString("hex");
					parser.start += there;
					parser.left -= there;
				}
				if (parser.left) break;
				if (payload) {
					log.push(`payload ${payload}`);
					payload = "";
				}
				const type = next(parser);
				if (type < MALFORMED) break; // more bytes are needed
				if (type === MALFORMED) return [...log, "malformed"];
				log.push(describePacket(type, parser));
			}
		}
	if (payload) log.push(`payload ${payload}`);
	return log;
}

/**
 * A text that is not UTF-8 throws; the parser's caller catches that anyway, as it catches the application.
 * A PUBLISH that is there as a whole says so by another number.
 */
function next(parser: Parser): number {
	try {
		const type = parser.next();
		if (type <= 15) return type;
		parser.flags = type;
		parser.left = parser.message.byteLength as number;
		return PUBLISH;
	} catch {
		return MALFORMED;
	}
}

function describePacket(type: number, parser: Parser): string {
	const { flags, id: packetIdentifier, left: remaining, codes } = parser;
	const topic = flags > 255 ? "" : parser.message?.topic;
	if (type === PUBLISH)
		return `${type} ${topic} ${flags & 15} ${flags & 6 ? packetIdentifier : "-"} ${remaining}`;
	if (type === CONNACK) return `${type} ${packetIdentifier >> 8 === 1} ${packetIdentifier & 255}`;
	if (type === SUBACK) return `${type} ${packetIdentifier} ${codes}`;
	return type < 12 ? `${type} ${packetIdentifier}` : `${type}`;
}

/** What `parse` should say of packets that mqtt-packet made. */
function expected(all: readonly Packet[]): string[] {
	return all.flatMap(packet => {
		const { messageId } = packet;
		switch (packet.cmd) {
			case "connack":
				return [`2 ${packet.sessionPresent} ${packet.returnCode}`];
			case "publish": {
				const payload = Buffer.from(packet.payload as Buffer);
				const flags = (packet.dup ? 8 : 0) | (packet.qos << 1) | (packet.retain ? 1 : 0);
				// Passed over: longer than the buffer.
				const topic = Buffer.byteLength(packet.topic) > 503 ? "" : packet.topic;
				const header = `3 ${topic} ${flags} ${packet.qos ? messageId : "-"} ${payload.byteLength}`;
				return payload.byteLength ? [header, `payload ${payload.toString("hex")}`] : [header];
			}
			case "puback":
				return [`4 ${messageId}`];
			case "pubrec":
				return [`5 ${messageId}`];
			case "pubrel":
				return [`6 ${messageId}`];
			case "pubcomp":
				return [`7 ${messageId}`];
			case "suback":
				return [`9 ${messageId} ${packet.granted}`];
			case "unsuback":
				return [`11 ${messageId}`];
			case "pingresp":
				return ["13"];
			default:
				throw new Error(packet.cmd);
		}
	});
}

const alone = (bytes: Uint8Array) => Array.from(bytes, byte => Uint8Array.of(byte));

/** A connection's worth of packets of every type a server sends, a longer topic than the parser's buffer among them. */
const CONVERSATION = Buffer.concat(
	[
		broker.connack(0, false),
		broker.suback(1, 0, 1, 2, 0x80),
		broker.publish("lamp/desired", '{"state":"ON","ver":1}', { qos: 1, id: 1, retain: true }),
		broker.publish("empty"),
		broker.publish("lamp/set", "ON"),
		broker.publish("é/\u{1f4a1}", "x", { qos: 2, id: 65_535 }),
		broker.publish("é/\u{1f4a1}", "x", { qos: 2, id: 65_535, dup: true }),
		broker.acknowledge(6, 65_535),
		broker.acknowledge(4, 1),
		broker.acknowledge(5, 2),
		broker.acknowledge(7, 2),
		broker.publish("t/".repeat(350), "behind a long topic", { qos: 1, id: 256 }),
		broker.publish("clear", "", { retain: true, qos: 1, id: 2 }),
		broker.acknowledge(11, 300),
		broker.pingresp(),
		broker.publish("long", "0123456789".repeat(61), { qos: 2, id: 7 }),
		broker.publish("\ufeffmark", "kept"),
		broker.pingresp(),
	].map(bytes => Buffer.from(bytes)),
);

describe("parser", () => {
	const whole = parse([CONVERSATION]);

	it("A recorded conversation gives the packets that mqtt-packet finds in it [MQTT-1.5.3-3]", () => {
		assert.deepEqual(whole, expected(packets(CONVERSATION)));
	});

	it("A recorded conversation gives the same log when it is cut in two at every point", () => {
		for (let i = 1; i < CONVERSATION.byteLength; i++)
			assert.deepEqual(parse([CONVERSATION.subarray(0, i), CONVERSATION.subarray(i)]), whole, `cut at ${i}`);
	});

	it("A recorded conversation gives the same log when each byte comes alone", () => {
		assert.deepEqual(parse(alone(CONVERSATION)), whole);
	});

	for (const size of [2, 3, 5, 7, 64, 127, 509, 511, 512, 513])
		it(`A recorded conversation gives the same log in segments of ${size} bytes`, () => {
			const segments: Uint8Array[] = [];
			for (let i = 0; i < CONVERSATION.byteLength; i += size)
				segments.push(CONVERSATION.subarray(i, i + size));
			assert.deepEqual(parse(segments), whole);
		});

	it("A client tells and answers the same when a recorded conversation is cut in two at every point", () => {
		const run = (segments: readonly Uint8Array[]) => {
			const scene = new Scene().waiting().forget();
			for (const segment of segments) scene.line.send(segment);
			scene.check();
			return { story: scene.story, sent: scene.line.written.toString("hex"), errors: scene.errors.length };
		};
		const once = run([CONVERSATION]);
		assert.equal(once.errors, 0);
		assert.equal(once.story.length, 17);
		for (let i = 1; i < CONVERSATION.byteLength; i++)
			assert.deepEqual(run([CONVERSATION.subarray(0, i), CONVERSATION.subarray(i)]), once, `cut at ${i}`);
		assert.deepEqual(run(alone(CONVERSATION)), once);
	});

	it("Random packets in random segments give what mqtt-packet wrote", () => {
		const id = fc.integer({ min: 1, max: 65_535 });
		const topic = fc
			.string({ unit: "grapheme", minLength: 1, maxLength: 30 })
			.filter(value => !/[+#\0]/.test(value));
		const packet = fc.oneof(
			fc.record({
				cmd: fc.constant("connack" as const),
				sessionPresent: fc.boolean(),
				returnCode: fc.nat(255),
			}),
			fc.record({
				cmd: fc.constant("publish" as const),
				topic,
				payload: fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
				qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
				dup: fc.boolean(),
				retain: fc.boolean(),
				messageId: id,
			}),
			fc.record({
				cmd: fc.constantFrom("puback" as const, "pubrec" as const, "pubrel" as const, "pubcomp" as const),
				messageId: id,
			}),
			fc.record({ cmd: fc.constant("unsuback" as const), messageId: id, granted: fc.constant([]) }),
			fc.record({
				cmd: fc.constant("suback" as const),
				messageId: id,
				granted: fc.array(fc.constantFrom(0, 1, 2, 0x80), { minLength: 1, maxLength: 20 }),
			}),
			fc.record({ cmd: fc.constant("pingresp" as const) }),
		);
		fc.assert(
			fc.property(
				fc.array(packet, { maxLength: 10 }),
				fc.array(fc.integer({ min: 1, max: 700 })),
				(all, sizes) => {
					const bytes = Buffer.concat(all.map(each => generate(each as Packet)));
					const segments: Uint8Array[] = [];
					let offset = 0;
					for (const size of sizes) {
						segments.push(bytes.subarray(offset, offset + size));
						offset += size;
					}
					segments.push(bytes.subarray(offset));
					assert.deepEqual(parse(segments), expected(all as Packet[]));
				},
			),
			settings(500),
		);
	});

	for (const length of [3, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
		it(`A PUBLISH whose Remaining Length is ${length} is found whole, and what follows it`, () => {
			const payload = Buffer.alloc(length - 3, 1);
			const bytes = Buffer.concat([broker.publish("t", payload), Uint8Array.of(0xd0, 0)]);
			const log =
				length === 3
					? ["3 t 0 - 0", "13"]
					: [`3 t 0 - ${length - 3}`, `payload ${payload.toString("hex")}`, "13"];
			// Not deepEqual: its report of megabytes would never end.
			assert.ok(parse([bytes]).join() === log.join());
		});

	it("The header of a PUBLISH whose Remaining Length is 268435455 is found", () => {
		assert.deepEqual(parse([Buffer.from("30ffffff7f000174", "hex")]), ["3 t 0 - 268435452"]);
		assert.deepEqual(parse(alone(Buffer.from("32ffffff7f0001740102", "hex"))), ["3 t 2 258 268435450"]);
	});

	it("A topic of 65535 bytes is found where so long a topic is wanted [MQTT-4.7.3-3]", () => {
		const bytes = Buffer.concat([broker.publish("n".repeat(65_535), "p"), broker.publish("t")]);
		const log = [`3 ${"n".repeat(65_535)} 0 - 1`, "payload 70", "3 t 0 - 0"];
		for (const segments of [[bytes], alone(bytes)]) assert.ok(parse(segments, 65_535).join() === log.join());
	});

	it("A topic of 65535 bytes is passed over else, and the next packets are found", () => {
		const bytes = Buffer.concat(
			[
				broker.publish("n".repeat(65_535), "p", { qos: 1, id: 258 }),
				broker.publish("t"),
				broker.pingresp() as never,
			].map(part => Buffer.from(part)),
		);
		const log = ["3  2 258 1", "payload 70", "3 t 0 - 0", "13"];
		for (const segments of [[bytes], alone(bytes)]) assert.deepEqual(parse(segments), log);
	});

	it("Two topics longer than the buffer one behind the other are passed over, and a repeated one behind them is found", () => {
		const bytes = Buffer.concat([
			broker.publish("t"),
			broker.publish("a".repeat(600)),
			broker.publish("b".repeat(1200), "p"),
			broker.publish("t"),
		]);
		const log = ["3 t 0 - 0", "3  0 - 0", "3  0 - 1", "payload 70", "3 t 0 - 0"];
		for (const segments of [[bytes], alone(bytes)]) assert.deepEqual(parse(segments), log);
	});

	it("A SUBACK of 500 return codes, the most that SUBSCRIBE asks for, is found [MQTT-3.8.4-5]", () => {
		const bytes = generate({ cmd: "suback", messageId: 9, granted: new Array(500).fill(2) });
		assert.deepEqual(parse(alone(bytes)), [`9 9 ${new Array(500).fill(2)}`]);
	});

	it("A Remaining Length in more bytes than it needs is taken, as §2.2.3 does not forbid it", () => {
		assert.deepEqual(parse([Buffer.from("40820000ff", "hex"), Buffer.from("d000", "hex")]), ["4 255", "13"]);
	});

	for (const [title, bytes] of MALFORMED_PACKETS) {
		it(`${title} is malformed [MQTT-4.8.0-1]`, () => {
			assert.deepEqual(parse([bytes]), ["malformed"]);
		});
		it(`${title} is malformed when each byte comes alone [MQTT-4.8.0-1]`, () => {
			assert.deepEqual(parse(alone(bytes)), ["malformed"]);
		});
		it(`${title} is malformed behind other packets [MQTT-4.8.0-1]`, () => {
			assert.deepEqual(parse([Buffer.concat([broker.publish("t", "p"), bytes])]), [
				"3 t 0 - 1",
				"payload 70",
				"malformed",
			]);
		});
	}

	it("What is malformed is so as soon as its first byte says so, before any length [MQTT-2.2.2-2]", () => {
		for (let first = 0; first < 256; first++) {
			const type = first >> 4;
			const legal =
				type === 3
					? (first & 6) !== 6
					: type === 6
						? first === 0x62
						: [2, 4, 5, 7, 9, 11, 12, 13].includes(type) && (first & 15) === 0;
			assert.deepEqual(parse([Uint8Array.of(first)]), legal ? [] : ["malformed"], first.toString(16));
		}
	});

	it("Random bytes end in packets, more or malformed, and never in an exception", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
				assert.deepEqual(parse(alone(bytes)), parse([bytes]));
			}),
			settings(5000),
		);
	});
});

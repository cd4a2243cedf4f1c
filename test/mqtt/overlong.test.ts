/**
 * Messages whose topic is longer than the client takes, in Node and in XS: passed over at every split of their bytes, told once,
 * acknowledged, and without a buffer that grows. Topics that fit are everywhere else (parser.test.ts, receive.test.ts).
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Harness, unavailable } from "../../hosts/xs/harness.js";
import { Reason } from "../../modules/mqtt/connection.js";
import Scene, { broker, type Options } from "./scene.js";

const LONGEST = 65_535;
const next = broker.publish("still/there", "yes", { qos: 1, id: 9 });

function overlong(qos: 0 | 1 | 2, length: number, payload: string, dup = false): Buffer {
	return broker.publish("t".repeat(length), payload, { qos, id: 258, dup: dup && qos > 0 });
}

/** What is told and written when these segments come. */
function run(segments: readonly Uint8Array[], options: Partial<Options> = {}) {
	const scene = new Scene(options, 1_000_000).connected();
	for (const segment of segments) scene.line.send(segment);
	scene.check();
	assert.deepEqual(scene.errors, []);
	assert.equal(scene.line.unread, 0);
	return { story: scene.story.slice(1), written: scene.line.written.toString("hex") };
}

/** What should be. */
function expected(qos: 0 | 1 | 2) {
	const told = { operation: 3, QoS: qos, ...(qos && { id: 258 }) };
	const first = {
		more: false,
		topic: "still/there",
		QoS: 1,
		byteLength: 3,
		retain: false,
		duplicate: false,
		id: 9,
	};
	return {
		story: [JSON.stringify(told), `${JSON.stringify(first)} 796573`],
		written: `${["", "40020102", "50020102"][qos]}40020009`,
	};
}

const alone = (bytes: Uint8Array) => Array.from(bytes, byte => Uint8Array.of(byte));

describe("A topic that is longer than the client takes", () => {
	for (const qos of [0, 1, 2] as const)
		for (const payload of ["", "p", "0123456789".repeat(40)]) {
			const all = Buffer.concat([overlong(qos, 560, payload), next]);
			it(`is passed over with ${payload.length} bytes of payload at QoS ${qos}, cut in two at every point`, () => {
				for (let i = 0; i <= all.byteLength; i++)
					assert.deepEqual(run([all.subarray(0, i), all.subarray(i)]), expected(qos), `cut at ${i}`);
			});
			it(`is passed over with ${payload.length} bytes of payload at QoS ${qos}, cut in three around the identifier`, () => {
				for (let i = 540; i < 570; i++)
					for (let j = i; j < 575; j++)
						assert.deepEqual(
							run([all.subarray(0, i), all.subarray(i, j), all.subarray(j)]),
							expected(qos),
							`cut at ${i} and ${j}`,
						);
			});
		}

	for (const qos of [0, 1, 2] as const) {
		const all = Buffer.concat([overlong(qos, LONGEST, "p".repeat(700), true), next]);
		it(`may have 65535 bytes at QoS ${qos}, in one segment, byte by byte and in segments of any size`, () => {
			assert.deepEqual(run([all]), expected(qos));
			for (const size of [1, 2, 3, 511, 512, 513, 1460]) {
				const segments: Uint8Array[] = [];
				for (let at = 0; at < all.byteLength; at += size) segments.push(all.subarray(at, at + size));
				assert.deepEqual(run(segments), expected(qos), `segments of ${size}`);
			}
		});
		it(`may have 65535 bytes at QoS ${qos}, cut in two near both its ends and at every 397th byte between`, () => {
			for (let i = 0; i <= all.byteLength; i += i < 520 || (i > LONGEST - 10 && i < LONGEST + 30) ? 1 : 397)
				assert.deepEqual(run([all.subarray(0, i), all.subarray(i)]), expected(qos), `cut at ${i}`);
		});
	}

	it("is told and left to the caller to acknowledge where that is the caller's, with its identifier", () => {
		const { story, written } = run([overlong(1, 600, "p"), overlong(2, 600, "p")], { acknowledge: false });
		assert.equal(written, "");
		const told = (qos: 1 | 2) => expected(qos).story[0];
		assert.deepEqual(story, [told(1), told(2)]);
	});

	it("is acknowledged in its order, behind the message before it and before the one behind [MQTT-4.6.0-2]", () => {
		const scene = new Scene({}, 1000).connected();
		const message = (id: number) => broker.publish("t", "x", { qos: 1, id });
		scene.line.room = 0;
		scene.line.drain(0);
		scene.line.send(Buffer.concat([message(1), overlong(1, LONGEST, "p"), message(3)]));
		for (let i = 0; i < 3; i++) scene.line.drain(4);
		assert.deepEqual(scene.writes, ["40020001", "40020102", "40020003"]);
		scene.check();
	});

	it("is not told before its last byte has come, and not at all when the connection ends before", () => {
		const all = overlong(1, 600, "payload");
		const scene = new Scene().connected();
		scene.line.send(all.subarray(0, -1));
		assert.deepEqual([scene.log, scene.writes], [[], []]);
		scene.line.drop();
		assert.deepEqual([scene.log, scene.writes], [[`error ${Reason.disconnected}`], []]);
		scene.check();
	});

	it("is told with its last byte, though nothing comes behind it, cut in two at every point", () => {
		const all = overlong(1, 600, "");
		for (let i = 0; i <= all.byteLength; i++) {
			const scene = new Scene().connected();
			scene.line.send(all.subarray(0, i));
			scene.line.send(all.subarray(i));
			assert.deepEqual(
				scene.controls.map(({ operation }) => operation),
				[3],
				`cut at ${i}`,
			);
			scene.check();
		}
	});

	it("has its QoS 2 message released like any, as often as it comes [MQTT-4.3.3-2]", () => {
		const scene = new Scene({}, 1_000_000).connected();
		// More than are remembered: these take no room.
		for (let i = 0; i < 100; i++) scene.line.send(overlong(2, 600, "p", i > 0));
		scene.line.send(broker.acknowledge(6, 258));
		assert.equal(scene.writes.join(), `${"50020102,".repeat(100)}70020102`);
		scene.line.send(broker.publish("t", "x", { qos: 2, id: 1 }));
		assert.equal(scene.messages.length, 1);
		scene.check();
	});

	it("ends the client as malformed where its identifier is 0 [MQTT-2.3.1-1], or its packet shorter than it", () => {
		const zero = overlong(1, 600, "p");
		zero.fill(0, 605, 607);
		const short = overlong(0, 600, "");
		short[1] = 0x80 | 40;
		for (const bytes of [zero, short])
			for (const segments of [[bytes], alone(bytes)]) {
				const scene = new Scene().connected();
				for (const segment of segments) scene.line.send(segment);
				assert.equal(scene.code, Reason.malformed);
				scene.check();
			}
	});

	it("ends the client as unexpected before CONNACK, like any message [MQTT-3.2.0-1]", () => {
		const scene = new Scene().waiting();
		scene.line.send(overlong(0, 600, "p"));
		assert.equal(scene.code, Reason.unexpected);
		scene.check();
	});

	it("ends the client once where the application closes it, or throws, when it is told", () => {
		const bytes = Buffer.concat([overlong(1, 600, "p"), next]);
		const closing: Scene = new Scene({
			onControl: operation => operation === 3 && closing.close(),
		}).connected();
		closing.line.send(bytes);
		assert.deepEqual([closing.line.closed, closing.writes, closing.messages], [true, [], []]);
		closing.check();
		const throwing = new Scene({
			onControl: operation => {
				if (operation === 3) throw new Error("the application's own");
			},
		}).connected();
		throwing.line.send(bytes);
		assert.equal(throwing.code, Reason.application);
		throwing.check();
	});

	it("is one beyond 503 bytes, or beyond the option longestTopic where that is more", () => {
		const taken = (length: number, options: Partial<Options>) =>
			alone(broker.publish("t".repeat(length), "p", { qos: 1, id: 258 })).reduce((scene, byte) => {
				scene.line.send(byte);
				return scene;
			}, new Scene(options).connected()).messages.length === 1;
		for (const longestTopic of [undefined, 0, 40, 503]) {
			assert.equal(taken(503, longestTopic === undefined ? {} : { longestTopic }), true);
			assert.equal(taken(512, longestTopic === undefined ? {} : { longestTopic }), false);
		}
		for (const longestTopic of [504, 700, LONGEST]) assert.equal(taken(longestTopic, { longestTopic }), true);
		assert.equal(taken(710, { longestTopic: 700 }), false);
	});

	it("makes no buffer longer than the parser's 512 bytes, and leaves none behind", () => {
		const allocated: number[] = [];
		const Original = globalThis.Uint8Array;
		const scene = new Scene().connected();
		const packet = Buffer.concat([overlong(1, LONGEST, "p".repeat(5000)), next]);
		// The wire's own, of a number of bytes: what has arrived.
		const own = new Set([packet.byteLength]);
		globalThis.Uint8Array = new Proxy(Original, {
			construct(target, parameters, newTarget) {
				if (typeof parameters[0] === "number" && !own.has(parameters[0])) allocated.push(parameters[0]);
				return Reflect.construct(target, parameters, newTarget);
			},
		});
		let largest = 0;
		const take = scene.line.take.bind(scene.line);
		scene.line.take = count => {
			largest = Math.max(largest, count);
			return take(count);
		};
		try {
			scene.line.send(packet);
		} finally {
			globalThis.Uint8Array = Original;
		}
		assert.equal(scene.messages.length, 1);
		assert.ok(Math.max(...allocated) <= 512, `allocated ${Math.max(...allocated)}`);
		assert.ok(largest <= 512, `asked the socket for ${largest}`);
		scene.check();
	});

	const reason = unavailable();
	it(`leaves less garbage in XS than a buffer of its size, and nothing alive${reason ? ` (pending: ${reason})` : ""}`, async function () {
		if (reason) this.skip();
		this.timeout(60_000);
		const harness = await Harness.open(fileURLToPath(new URL("overlong.ts", import.meta.url)));
		try {
			for (const length of [600, 65_535]) {
				const { bytes, slots } = await harness.measure("receive", {
					args: [length],
					rounds: 10,
					warm: 3,
					bytes: true,
				});
				const { result } = await harness.call("told");
				console.log(`      a topic of ${length} bytes: ${bytes} bytes of chunks, ${slots} slots`);
				assert.ok((result as number) > 0);
				assert.ok((bytes as number) < 20_000);
			}
			const alive: number[] = [];
			for (let i = 0; i < 3; i++) {
				await harness.call("repeat", 20);
				alive.push((await harness.collect()).heapCount);
			}
			assert.ok((alive[2] as number) <= (alive[0] as number) + 8, `slots alive: ${alive}`);
		} finally {
			await harness.close();
		}
	});
});

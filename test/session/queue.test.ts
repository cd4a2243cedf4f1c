/** The outbox in RAM: order, budget, coalescing, and a model to compare with. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { overhead, Queue, type QueueOptions } from "../../modules/session/queue.js";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const contents = (queue: Queue) => {
	const held: string[] = [];
	for (let entry = queue.next(0); entry; entry = queue.next(entry.sequence))
		held.push(
			`${entry.topic}=${Buffer.from(entry.payload)}${entry.packetIdentifier ? `#${entry.packetIdentifier}` : ""}`,
		);
	return held;
};

describe("queue", () => {
	it("offers messages in the order of acceptance, from any sequence on", () => {
		const queue = new Queue();
		assert.deepEqual(
			["1", "2", "3"].map(text => queue.append("t", bytes(text))),
			[1, 2, 3],
		);
		assert.deepEqual(contents(queue), ["t=1", "t=2", "t=3"]);
		assert.equal(queue.next(1)?.sequence, 2);
		assert.equal(queue.next(3), undefined);
	});
	it("copies what it is given", () => {
		const queue = new Queue();
		const payload = bytes("1");
		queue.append("t", payload);
		payload[0] = 50;
		assert.deepEqual(contents(queue), ["t=1"]);
	});
	it("keeps an identifier from sent to release, and forgets all of them at reset", () => {
		const queue = new Queue();
		for (const text of ["1", "2", "3"]) queue.append("t", bytes(text));
		queue.sent(1, 7);
		queue.sent(2, 8);
		assert.deepEqual(contents(queue), ["t=1#7", "t=2#8", "t=3"]);
		assert.equal(queue.release(8), true);
		assert.equal(queue.release(8), false);
		assert.equal(queue.release(0), false);
		queue.reset();
		assert.deepEqual(contents(queue), ["t=1", "t=3"]);
		assert.equal(queue.release(7), false);
	});
	it("refuses what goes beyond its budget, counted in UTF-8, and keeps the oldest", () => {
		const queue = new Queue({ byteLength: 2 * (overhead + 5) });
		assert.equal(queue.append("é", bytes("123")), 1);
		assert.equal(queue.append("é", bytes("456")), 2);
		assert.equal(queue.append("t", bytes("")), 0);
		assert.equal(queue.byteLength, 10);
		assert.deepEqual(contents(queue), ["é=123", "é=456"]);
		queue.sent(1, 1);
		queue.release(1);
		assert.equal(queue.append("é", bytes("789")), 3);
	});
	it("lets the oldest QoS 0 message make way for one of QoS 1, never the other way", () => {
		const queue = new Queue({ byteLength: 2 * (overhead + 2) });
		queue.append("z", bytes("1"), { QoS: 0 });
		queue.append("a", bytes("2"));
		assert.equal(queue.append("z", bytes("3"), { QoS: 0 }), 0);
		assert.equal(queue.append("a", bytes("4")), 3);
		assert.equal(queue.evicted, 1);
		assert.deepEqual(contents(queue), ["a=2", "a=4"]);
	});
	it("keeps only the latest of a topic that waits, but not instead of one in flight", () => {
		const queue = new Queue();
		const latest = { latest: true };
		queue.append("s", bytes("1"), latest);
		queue.append("t", bytes("1"), latest);
		queue.append("s", bytes("2"), latest);
		assert.deepEqual(contents(queue), ["t=1", "s=2"]);
		queue.sent(3, 9);
		queue.append("s", bytes("3"), latest);
		queue.append("s", bytes("4"), latest);
		assert.deepEqual(contents(queue), ["t=1", "s=2#9", "s=4"]);
	});
	it("drops a superseded message even when its successor does not fit", () => {
		const queue = new Queue({ byteLength: overhead + 6 });
		queue.append("s", bytes("1"), { latest: true });
		assert.equal(queue.append("s", bytes("1234567"), { latest: true }), 0);
		assert.equal(queue.length, 0);
	});
	it("puts a message aside, keeps it, and takes it back in its old place", () => {
		const queue = new Queue();
		for (const text of ["1", "2", "3"]) queue.append("t", bytes(text));
		queue.sent(2, 7);
		queue.quarantine(2);
		queue.quarantine(2);
		assert.deepEqual([queue.quarantined, queue.length, queue.byteLength], [1, 2, 4]);
		assert.deepEqual([queue.aside(0)?.sequence, queue.aside(2), queue.release(7)], [2, undefined, false]);
		assert.deepEqual([queue.readmit(1), queue.readmit(2), queue.readmit(2)], [false, true, false]);
		assert.deepEqual(contents(queue), ["t=1", "t=2", "t=3"]);
		assert.deepEqual([queue.aside(0), queue.length, queue.byteLength], [undefined, 3, 6]);
	});
	it("accepts a message that leaves at once together with its packet identifier: it does not wait", () => {
		const queue = new Queue();
		queue.append("t", bytes("1"), {}, 7);
		assert.deepEqual([queue.pending, queue.next(0)?.packetIdentifier], [0, 7]);
		assert.equal(queue.release(7), true);
		assert.deepEqual([queue.length, queue.pending], [0, 0]);
	});
	it("counts what was put aside in its budget, and refuses before it gives that up", () => {
		const queue = new Queue({ byteLength: 2 * (overhead + 2) });
		queue.append("t", bytes("1"));
		queue.append("t", bytes("2"));
		queue.quarantine(1);
		assert.equal(queue.room, -overhead);
		assert.equal(queue.append("t", bytes("3")), 0);
		queue.readmit(1);
		queue.sent(1, 1);
		queue.release(1);
		assert.equal(queue.room, 2);
		assert.equal(queue.append("t", bytes("4")), 3);
	});
	it("gives up what was put aside, oldest first, where it is to make way", () => {
		const queue = new Queue({ byteLength: 3 * (overhead + 2), yielding: true });
		for (const text of ["1", "2", "3"]) queue.append("t", bytes(text));
		queue.quarantine(1);
		queue.quarantine(2);
		assert.equal(
			queue.append("t", bytes("x".repeat(3 * overhead))),
			0,
			"nothing goes for one that can never fit",
		);
		assert.equal(queue.aside(0)?.sequence, 1);
		assert.equal(queue.append("t", bytes("4")), 4);
		assert.deepEqual([queue.aside(0)?.sequence, queue.evicted], [2, 1]);
		assert.deepEqual([queue.length, queue.byteLength, queue.pending], [2, 4, 2]);
		assert.equal(queue.append("t", bytes("5")), 5);
		assert.equal(queue.append("t", bytes("6")), 0);
	});
	it("forgets a state that was put aside once there is a later one", () => {
		const queue = new Queue();
		queue.append("s", bytes("1"), { latest: true });
		queue.append("a", bytes("1"));
		queue.quarantine(1);
		queue.quarantine(2);
		queue.append("s", bytes("2"), { latest: true });
		assert.equal(queue.aside(0)?.topic, "a");
	});
	it("sheds QoS 0 that need not be the latest when the connection ends", () => {
		const queue = new Queue();
		queue.append("m", bytes("1"), { QoS: 0 });
		queue.append("l", bytes("2"), { QoS: 0, latest: true });
		queue.append("a", bytes("3"));
		assert.equal(queue.shed(), 1);
		assert.deepEqual(contents(queue), ["l=2", "a=3"]);
		assert.deepEqual([queue.shed(true), queue.zeros], [1, 0]);
	});
	it("agrees with a model over any sequence of calls, and never holds more than its budget", () => {
		interface Held {
			sequence: number;
			topic: string;
			text: string;
			id: number;
			latest: boolean;
		}
		const call = fc.oneof(
			fc.record({
				call: fc.constant("append" as const),
				topic: fc.constantFrom("a", "b"),
				text: fc.string({ maxLength: 20, unit: "grapheme-ascii" }),
				latest: fc.boolean(),
			}),
			fc.record({ call: fc.constant("sent" as const) }),
			fc.record({ call: fc.constant("release" as const), pick: fc.nat() }),
			fc.record({ call: fc.constant("reset" as const) }),
			fc.record({ call: fc.constant("quarantine" as const), pick: fc.nat() }),
		);
		fc.assert(
			fc.property(fc.array(call, { maxLength: 60 }), calls => {
				const budget = 7 * overhead + 52;
				const queue = new Queue({ byteLength: budget });
				let model: Held[] = [];
				let sequence = 0;
				let id = 0;
				for (const step of calls) {
					if (step.call === "append") {
						const { topic, text, latest } = step;
						if (latest) model = model.filter(held => !(held.latest && held.topic === topic && held.id === 0));
						const used = model.reduce((sum, held) => sum + overhead + 1 + held.text.length, 0);
						const fits = used + overhead + 1 + text.length <= budget;
						const options: QueueOptions = { latest };
						assert.equal(queue.append(topic, bytes(text), options), fits ? ++sequence : 0);
						if (fits) model.push({ sequence, topic, text, id: 0, latest });
					} else if (step.call === "sent") {
						const held = model.find(waiting => waiting.id === 0);
						assert.equal(queue.waiting(false)?.sequence, held?.sequence);
						if (!held) continue;
						held.id = ++id;
						queue.sent(held.sequence, held.id);
					} else if (step.call === "release") {
						const flying = model.filter(held => held.id);
						const held = flying[step.pick % (flying.length || 1)];
						assert.equal(queue.release(held?.id ?? 60_000), held !== undefined);
						model = model.filter(other => other !== held);
					} else if (step.call === "reset") {
						queue.reset();
						for (const held of model) held.id = 0;
					} else {
						const held = model[step.pick % (model.length || 1)];
						queue.quarantine(held?.sequence ?? 60_000);
						model = model.filter(other => other !== held);
					}
					assert.deepEqual(
						contents(queue),
						model.map(held => `${held.topic}=${held.text}${held.id ? `#${held.id}` : ""}`),
					);
					assert.equal(queue.length, model.length);
					assert.equal(
						queue.byteLength,
						model.reduce((sum, held) => sum + 1 + held.text.length, 0),
					);
					assert.ok(queue.byteLength + overhead * queue.length <= budget);
				}
			}),
		);
	});
});

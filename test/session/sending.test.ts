/** What leaves and when: window, rate, live before backlog, room in the socket, long messages, QoS 2. */

import assert from "node:assert/strict";
import { Outcome, Reason, Report } from "../../modules/session/outcomes.js";
import { overhead, Queue } from "../../modules/session/queue.js";
import { Bench } from "./bench.js";

const durable = { QoS: 1, durable: true } as const;
const one = { QoS: 1 } as const;
/** Topics and texts only. */
const short = (lines: readonly string[]) => lines.map(line => line.replace(/ \d[rd]*( #\d+)?/, ""));

describe("session, sending", () => {
	it("never has more in flight than the window", () => {
		const bench = new Bench({ window: 3 });
		const client = bench.establish();
		for (let i = 1; i <= 5; i++) bench.session.publish("a", `${i}`, i % 2 ? durable : one);
		assert.deepEqual(short(client.take()), ["a 1", "a 2", "a 3"]);
		assert.equal(bench.session.publish("a", "6", durable), Outcome.queued);
		client.acknowledge(3);
		assert.deepEqual(short(client.take()), ["a 4"]);
		assert.equal(bench.session.publish("m", "0"), Outcome.sent, "QoS 0 needs no window");
	});
	it("reads a durable message from the outbox once on its way out, and not at all when it goes at once", () => {
		const reads: number[] = [];
		class Watched extends Queue {
			override next(sequence: number) {
				const entry = super.next(sequence);
				if (entry) reads.push(entry.sequence);
				return entry;
			}
		}
		const outbox = new Watched();
		const bench = new Bench({ outbox, rate: 1000 });
		for (let i = 1; i <= 3; i++) bench.session.publish("a", `${i}`, durable);
		const client = bench.connect();
		client.accept();
		client.grant();
		for (let i = 0; i < 10; i++) bench.clock.advance(1);
		client.acknowledge();
		assert.equal(outbox.length, 0);
		// The outbox keeps the entry it has read last, so only another one is a reading.
		assert.deepEqual(
			reads.filter((sequence, index) => sequence !== reads[index - 1]),
			[1, 2, 3],
		);
		reads.length = 0;
		client.take();
		assert.equal(bench.session.publish("a", "4", durable), Outcome.sent);
		client.acknowledge();
		assert.deepEqual([reads, outbox.length], [[], 0]);
	});
	it("sends a measurement at once, behind others that wait for room, and not at all without a connection", () => {
		const bench = new Bench();
		const { session } = bench;
		assert.equal(session.measure("m", "0"), Outcome.droppedOffline);
		const client = bench.establish();
		assert.equal(session.measure("m", "1"), Outcome.sent);
		client.room = 0;
		assert.equal(session.measure("m", "2"), Outcome.queued);
		client.room = 1000;
		assert.equal(session.measure("m", "3"), Outcome.queued, "before the socket has said that there is room");
		client.writable(1000);
		assert.equal(session.measure("é", "4"), Outcome.sent);
		assert.deepEqual(client.take(), ["m 0 1", "m 0 2", "m 0 3", "é 0 4"]);
		const { sent, queued, dropped } = session.counters;
		// `online` among them.
		assert.deepEqual([sent, queued, dropped.offline], [5, 2, 1]);
		session.close();
		assert.equal(session.measure("m", "5"), Outcome.droppedClosed);
	});
	it("has a window of 20 by default", () => {
		const bench = new Bench();
		const client = bench.establish();
		for (let i = 0; i < 30; i++) bench.session.publish("a", `${i}`, one);
		assert.equal(client.take().length, 20);
	});
	it("drains a backlog at the limited rate, and lets live messages pass", () => {
		const bench = new Bench({ rate: 10 });
		for (let i = 0; i < 12; i++) bench.session.publish("a/old", `${i}`, durable);
		const client = bench.establish();
		assert.equal(bench.session.publish("m", "1"), Outcome.sent);
		assert.equal(bench.session.publish("s", "1", { QoS: 1, retain: true }), Outcome.sent);
		assert.deepEqual(short(client.take()), ["m 1", "s 1"]);
		bench.clock.advance(99);
		assert.deepEqual(client.take(), []);
		bench.clock.advance(1);
		assert.deepEqual(short(client.take()), ["a/old 1"]);
		bench.clock.advance(500);
		assert.equal(client.take().length, 5);
		bench.clock.advance(1000);
		assert.deepEqual(short(client.take()), ["a/old 7", "a/old 8", "a/old 9", "a/old 10", "a/old 11"]);
		assert.equal(bench.session.publish("a/old", "12", durable), Outcome.sent, "nothing waits any more");
	});
	it("lets a live alert pass a backlog of other topics, but none on its own topic", () => {
		const bench = new Bench({ rate: 10 });
		bench.establish(); // so that it is known what waits
		bench.client.fail();
		for (let i = 0; i < 3; i++) bench.session.publish("a/old", `${i}`, durable);
		const client = bench.establish();
		assert.equal(bench.session.publish("a/new", "1", durable), Outcome.sent);
		assert.equal(bench.session.publish("a/old", "3", durable), Outcome.queued);
		assert.deepEqual(short(client.take()), ["a/new 1"]);
		bench.clock.advance(1000);
		assert.deepEqual(short(client.take()), ["a/old 1", "a/old 2", "a/old 3"]);
		client.acknowledge();
		assert.equal(bench.outbox.length, 4, "acknowledged were those of the last take");
	});
	it("lets none pass a backlog of more topics than it keeps in mind", () => {
		const bench = new Bench({ rate: 10 });
		bench.establish();
		bench.client.fail();
		for (let i = 0; i < 34; i++) bench.session.publish(`a/${i}`, "1", durable);
		const client = bench.establish();
		for (const topic of ["a/33", "a/new"])
			assert.equal(bench.session.publish(topic, "2", durable), Outcome.queued);
		bench.clock.advance(2000);
		assert.deepEqual(short(client.take()).slice(0, 2), ["a/1 1", "a/2 1"]);
	});
	it("sends in their order, at once, what a full window has held up while nothing waited from before", () => {
		const bench = new Bench({ rate: 1, window: 1 });
		bench.establish();
		bench.clock.advance(1000);
		for (const topic of ["a", "b", "c"]) bench.session.publish(topic, "1", durable);
		// Each as it is written, with no time between them.
		bench.client.acknowledge();
		assert.deepEqual(short(bench.client.take()), ["a 1", "b 1", "c 1"]);
	});
	it("lets none pass a backlog from before a restart, whose topics are not known", () => {
		const outbox = new Queue();
		for (let i = 0; i < 3; i++) outbox.append("a", new Uint8Array([48 + i]));
		const bench = new Bench({ outbox, rate: 10 });
		const client = bench.establish();
		assert.equal(bench.session.publish("b", "3", durable), Outcome.queued);
		bench.clock.advance(1000);
		assert.deepEqual(short(client.take()), ["a 1", "a 2", "b 3"]);
	});
	it("lets none pass what was in flight and is sent as new, since the broker has no session", () => {
		const bench = new Bench({ rate: 1 });
		bench.establish();
		for (const topic of ["a", "b"]) bench.session.publish(topic, "1", durable);
		bench.client.fail();
		const client = bench.establish(false);
		assert.equal(bench.session.publish("b", "2", durable), Outcome.queued);
		bench.clock.advance(2000);
		assert.deepEqual(short(client.take()), ["b 1", "b 2"]);
	});
	it("lets none pass what was to pass when the connection ended", () => {
		const bench = new Bench({ rate: 1, window: 1 });
		bench.establish();
		bench.client.fail();
		for (let i = 0; i < 3; i++) bench.session.publish("a", `${i}`, durable);
		bench.establish(true);
		bench.clock.advance(1000);
		assert.equal(bench.session.publish("b", "1", durable), Outcome.queued, "the window is full");
		bench.client.fail();
		const client = bench.resume(true);
		assert.equal(bench.session.publish("b", "2", durable), Outcome.queued);
		for (let i = 0; i < 9; i++) {
			client.acknowledge();
			bench.clock.advance(1000);
		}
		assert.deepEqual(
			short(client.take()).filter(line => line.startsWith("b")),
			["b 1", "b 2"],
		);
	});
	it("sends again in the order of first sending what passed a backlog [MQTT-4.6.0-1]", () => {
		const bench = new Bench({ rate: 10 });
		bench.establish();
		bench.client.fail();
		for (let i = 0; i < 3; i++) bench.session.publish("a/old", `${i}`, durable);
		const client = bench.resume(true);
		bench.session.publish("a/new", "1", durable);
		bench.clock.advance(100);
		assert.deepEqual(short(client.take()), ["desk-1/status online", "a/old 0", "a/new 1", "a/old 1"]);
		client.fail();
		const second = bench.resume(true);
		assert.deepEqual(short(second.take()).slice(0, 4), [
			"desk-1/status online",
			"a/old 0",
			"a/new 1",
			"a/old 1",
		]);
	});
	it("never sends twice on one connection, however long the broker takes [MQTT-4.4.0-1]", () => {
		const bench = new Bench({ deadlines: { acknowledge: 600_000 } });
		const client = bench.establish();
		bench.session.publish("a", "1", durable);
		bench.clock.advance(599_999);
		assert.deepEqual(short(client.take()), ["a 1"]);
	});
	it("gives up a connection on which nothing is acknowledged in time", () => {
		const bench = new Bench();
		const client = bench.establish();
		bench.take();
		bench.session.publish("a", "1", durable);
		bench.clock.advance(40_000);
		bench.session.publish("a", "2", durable);
		client.acknowledge(3);
		bench.clock.advance(59_999);
		assert.equal(client.closed, false, "an acknowledgement starts it anew");
		bench.clock.advance(1);
		assert.equal(client.closed, true);
		assert.deepEqual(bench.take(), [`offline ${Reason.acknowledge}`]);
	});
	it("keeps a message that has not left, also where a broker acknowledges its identifier", () => {
		const bench = new Bench();
		const client = bench.connect();
		client.accept();
		client.grant();
		client.acknowledge();
		client.take();
		client.room = 0;
		bench.session.publish("a", "1", durable);
		for (let id = 1; id < 9; id++) client.acknowledge(id);
		assert.equal(bench.session.counters.acknowledged, 1, "our status alone");
		client.writable(1000);
		assert.deepEqual(short(client.take()), ["a 1"]);
	});
	it("gives up such a connection also where the broker acknowledges late what it had from the one before", () => {
		const bench = new Bench({ deadlines: { acknowledge: 20_000 } });
		const first = bench.connect();
		first.accept();
		first.grant();
		bench.session.publish("a", "1", durable);
		bench.session.publish("b", "2", durable);
		assert.deepEqual(short(first.take()).slice(1), ["desk-1/status online", "a 1", "b 2"]);
		first.fail();
		const client = bench.connect();
		client.accept(true);
		// Too little for "b 2".
		client.room = 42;
		client.grant();
		assert.deepEqual(short(client.take()).slice(1), ["desk-1/status online", "a 1"]);
		client.acknowledge(2);
		client.acknowledge(4);
		bench.clock.advance(20_000);
		assert.ok(client.closed);
		assert.equal(bench.session.counters.acknowledged, 2);
	});
	it("keeps the identifiers of an outbox over a restart: same identifier, DUP, the order of sending", () => {
		const outbox = new Queue();
		for (const text of ["1", "2", "3"]) outbox.append("a", new Uint8Array(Buffer.from(text)));
		outbox.sent(1, 65_535);
		outbox.sent(2, 1);
		const bench = new Bench({ outbox });
		const client = bench.resume(true);
		bench.clock.advance(50);
		const lines = client.take();
		assert.deepEqual(lines.slice(0, 2), ["a 1d #65535 1", "a 1d #1 2"]);
		assert.deepEqual(lines.slice(2), ["desk-1/status 1r #3 online", "a 1 #4 3"]);
	});

	describe("without room", () => {
		it("waits for onWritable, keeps the order, and loses nothing of QoS 1", () => {
			const bench = new Bench();
			const client = bench.establish();
			client.writable(20);
			assert.equal(bench.session.publish("a", "1234567890", one), Outcome.sent);
			assert.equal(bench.session.publish("a", "2", one), Outcome.queued);
			assert.equal(bench.session.publish("a", "3", durable), Outcome.queued);
			assert.equal(bench.session.publish("m", "4"), Outcome.queued);
			assert.deepEqual(short(client.take()), ["a 1234567890"]);
			client.writable(1000);
			assert.deepEqual(client.take(), ["a 1 #4 2", "m 0 4", "a 1 #5 3"]);
		});
		it("drops the QoS 0 messages that still wait when the connection ends, and counts them", () => {
			const bench = new Bench();
			const client = bench.establish();
			client.writable(0);
			bench.session.publish("m", "1");
			bench.session.publish("l", "2", { latest: true });
			client.fail();
			assert.equal(bench.session.counters.dropped.offline, 1);
			const second = bench.resume(true);
			assert.deepEqual(short(second.take()), ["l 2", "desk-1/status online"]);
		});
		it("waits with a subscription and with acknowledgements", () => {
			const bench = new Bench({ subscriptions: [{ topic: "t", QoS: 1 }] });
			const client = bench.connect();
			client.room = 0;
			client.accept();
			assert.deepEqual(client.take(), []);
			client.writable(100);
			assert.deepEqual(client.take(), ["SUBSCRIBE 1 t desk-1/status"]);
			client.control({ operation: 9, id: 1, payload: [1, 0] });
			client.take();
			client.room = 0;
			client.deliver("t", "1", { QoS: 1, id: 5 });
			client.deliver("t", "2", { QoS: 1, id: 6 });
			assert.deepEqual(client.take(), []);
			client.writable(100);
			assert.deepEqual(client.take(), ["PUBACK 5", "PUBACK 6"]);
		});
		it("sends in fragments what is longer than the socket ever takes, and nothing in between", () => {
			const bench = new Bench();
			const client = bench.connect();
			client.room = 200;
			client.accept();
			client.grant();
			client.acknowledge();
			client.take();
			client.writable(200);
			const long = "x".repeat(700);
			assert.equal(bench.session.publish("a", long, durable), Outcome.sent);
			client.deliver("t", "1", { QoS: 1, id: 9 });
			assert.equal(bench.session.publish("a", "2", durable), Outcome.queued);
			assert.deepEqual(client.take(), []);
			for (let i = 0; i < 3; i++) client.writable(200);
			assert.deepEqual(client.take(), [`a 1 #3 ${long}`, "PUBACK 9", "a 1 #4 2"]);
		});
		it("streams a payload that is made while it leaves, at any room of the socket, and nothing in between", () => {
			for (const room of [1, 7, 40, 100, 1000]) {
				const bench = new Bench();
				const client = bench.establish();
				client.take();
				client.writable(20);
				const pieces = ["a".repeat(50), "b", "c".repeat(49)];
				let made = 0;
				const source = () => (made < 3 ? new TextEncoder().encode(pieces[made++]) : undefined);
				assert.equal(bench.session.stream("h", 100, source), true);
				assert.equal(bench.session.publish("a", "2", one), Outcome.queued);
				for (let i = 0; i < 100 / room + 1; i++) client.writable(room);
				client.writable(200);
				assert.deepEqual(short(client.take()), [`h ${pieces.join("")}`, "a 2"]);
			}
		});
		it("streams as many pieces as there is room for at once, and asks for none after the last", () => {
			const bench = new Bench();
			const client = bench.connect();
			client.room = 1000;
			client.accept();
			client.grant();
			client.acknowledge();
			client.take();
			client.writable(20);
			let asked = 0;
			const source = () => (++asked <= 3 ? new Uint8Array(50) : undefined);
			assert.equal(bench.session.stream("h", 150, source), true);
			client.writable(1000);
			assert.equal(asked, 4, "three pieces, and the end");
			client.take();
			// In fragments too, for it is longer than the socket ever takes.
			bench.session.publish("a", "x".repeat(3000), one);
			for (let i = 0; i < 9; i++) client.writable(1000);
			assert.deepEqual([client.take().length, asked], [1, 4]);
		});
		it("streams nothing without room or connection, and gives up what a lost connection has cut", () => {
			const bench = new Bench();
			let made = 0;
			const source = () => (made++ < 10 ? new Uint8Array(50) : undefined);
			assert.equal(bench.session.stream("h", 500, source), false, "offline");
			const client = bench.establish();
			client.take();
			client.room = 3;
			assert.equal(bench.session.stream("h", 500, source), false, "no room");
			assert.equal(made, 0);
			client.writable(100);
			assert.equal(bench.session.stream("h", 500, source), true);
			client.fail();
			const second = bench.establish();
			assert.ok(!second.take().some(line => line.startsWith("h ")));
			assert.equal(bench.session.publish("a", "1"), Outcome.sent);
		});
		it("does not take a message for sent whose first fragment the client refuses", () => {
			const bench = new Bench();
			const client = bench.connect();
			client.room = 200;
			client.accept();
			client.grant();
			client.acknowledge();
			client.take();
			client.writable(200);
			const { write } = client;
			client.write = () => {
				throw new Error("write: no room");
			};
			const long = "x".repeat(300);
			assert.equal(bench.session.publish("a", long, durable), Outcome.queued);
			assert.equal(bench.session.counters.sent, 1, "our status alone");
			client.write = write;
			client.writable(200);
			client.writable(200);
			assert.deepEqual(client.take(), [`a 1 #3 ${long}`]);
			assert.equal(bench.session.counters.sent, 2);
		});
		it("looks for nothing when the socket has room again and nothing has waited for it", () => {
			let looks = 0;
			class Watched extends Queue {
				override next(sequence: number) {
					looks++;
					return super.next(sequence);
				}
			}
			const bench = new Bench({ outbox: new Watched() });
			const client = bench.establish();
			bench.session.publish("a", "1", durable);
			client.acknowledge();
			looks = 0;
			for (let i = 0; i < 100; i++) {
				bench.session.publish("m", "1");
				client.writable(1000);
			}
			assert.equal(looks, 0);
		});
		it("starts a long message anew on the next connection", () => {
			const bench = new Bench();
			const client = bench.connect();
			client.room = 200;
			client.accept();
			client.grant();
			client.acknowledge();
			client.writable(200);
			const long = "x".repeat(300);
			bench.session.publish("a", long, durable);
			client.fail();
			const second = bench.resume(true);
			assert.ok(second.lines.includes(`a 1d #3 ${long}`));
		});
	});

	describe("limits", () => {
		it("says once that the outbox is full, outside of publish, and again after it had room", () => {
			const outbox = new Queue({ byteLength: 2 * (overhead + 6) });
			const bench = new Bench({ outbox });
			assert.equal(bench.session.publish("a", "1", durable), Outcome.queued);
			assert.equal(bench.session.publish("a", "2", durable), Outcome.queued);
			assert.equal(bench.session.publish("a", "3", durable), Outcome.droppedFull);
			assert.equal(bench.session.publish("a", "4", durable), Outcome.droppedFull);
			assert.deepEqual(bench.take(), []);
			bench.clock.advance(0);
			assert.deepEqual(bench.take(), [`report ${Report.full} a`]);
			assert.equal(bench.session.counters.dropped.full, 2);
			const client = bench.resume(false);
			bench.clock.advance(1000);
			for (const { id } of [...client.written]) client.acknowledge(id);
			assert.equal(bench.session.publish("a", "5", durable), Outcome.sent);
			assert.equal(bench.session.publish("a", "6", durable), Outcome.sent);
			assert.equal(bench.session.publish("a", "7", durable), Outcome.droppedFull);
			bench.take();
			bench.clock.advance(0);
			assert.deepEqual(bench.take(), [`report ${Report.full} a`]);
		});
		it("does not accept what is longer than brokers take", () => {
			const bench = new Bench({ longest: 10 });
			bench.establish();
			assert.equal(bench.session.publish("a", "12345678901", durable), Outcome.droppedLong);
			assert.equal(bench.session.counters.dropped.long, 1);
		});
	});

	describe("QoS 2", () => {
		it("goes through PUBREC, PUBREL and PUBCOMP, keeping its identifier and its place in the window", () => {
			const bench = new Bench({ window: 1 });
			const client = bench.establish();
			bench.session.publish("q", "1", { QoS: 2 });
			bench.session.publish("a", "2", one);
			assert.deepEqual(client.take(), ["q 2 #3 1"]);
			client.control({ operation: 5, id: 3 });
			assert.deepEqual(client.take(), ["PUBREL 3"]);
			client.control({ operation: 7, id: 3 });
			assert.deepEqual(client.take(), ["a 1 #4 2"]);
		});
		it("sends PUBLISH again before PUBREC, and PUBREL after it [MQTT-4.4.0-1]", () => {
			const bench = new Bench();
			bench.establish();
			bench.session.publish("q", "1", { QoS: 2 });
			bench.session.publish("q", "2", { QoS: 2 });
			bench.client.control({ operation: 5, id: 3 });
			bench.client.fail();
			const second = bench.resume(true);
			assert.deepEqual(second.take().slice(0, 2), ["PUBREL 3", "q 2d #4 2"]);
			second.control({ operation: 7, id: 3 });
			second.fail();
			const third = bench.resume(true);
			third.acknowledge(); // our status: the second disconnect has made the other a suspect
			third.take();
			bench.clock.advance(10_000);
			assert.deepEqual(third.take()[0], "q 2d #4 2");
		});
	});
});

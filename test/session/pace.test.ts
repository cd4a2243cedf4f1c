/** A broker that takes so many messages a second gets no more in any case; what must not wait goes first. */

import assert from "node:assert/strict";
import { check } from "../../modules/device/description/description.js";
import { intervalOf, Pace } from "../../modules/session/deadline.js";
import { Outcome } from "../../modules/session/outcomes.js";
import { TestClock } from "../clock.js";
import { Bench } from "./bench.js";

describe("session, publishes a second", () => {
	for (const rate of [5, 29, 30, 100, 300])
		it(`gives out at most ${rate} in any second, and four fifths of it where many wait (one fifth of 5)`, () => {
			const clock = new TestClock();
			const pace = new Pace(rate, clock, clock, clock, () => {});
			/** Milliseconds at which one was taken. */
			const taken: number[] = [];
			let seed = rate;
			for (let now = 0; now < 30_000; now++) {
				seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
				// Quiet and greedy seconds in turn, and single messages between.
				const tries = (now >> 10) % 3 === 0 ? 0 : (now >> 10) % 3 === 1 ? 20 : seed % 2 ? 1 : 0;
				for (let i = 0; i < tries; i++) if (pace.takes(seed % 3 ? 1 : 0)) taken.push(now);
				clock.advance(1);
			}
			let most = 0;
			for (let first = 0, last = 0; last < taken.length; last++) {
				while ((taken[last] as number) - (taken[first] as number) >= 1000) first++;
				most = Math.max(most, last - first + 1);
			}
			assert.ok(most <= rate, `${most} in a second`);
			const greedy = taken.filter(now => (now >> 10) % 3 === 1).length / 10;
			assert.ok(greedy >= rate * (rate === 5 ? 0.2 : 0.8), `${greedy} in a greedy second`);
			pace.close();
		});
	it("counts each part of an interval, however the tries fall", () => {
		const clock = new TestClock();
		const pace = new Pace(100, clock, clock, clock, () => {});
		let count = 0;
		for (let i = 0; i < 600; i++) {
			// One more than an interval and a half.
			clock.advance(Math.ceil(intervalOf(100) * 1.5) + 1);
			while (pace.takes(1)) count++;
		}
		const most = (600 * (Math.ceil(intervalOf(100) * 1.5) + 1)) / intervalOf(100);
		assert.ok(count >= most - 1 && count <= most + 6, `${count} of ${most}`);
		pace.close();
	});
	for (const rate of [5, 8, 19, 20, 30, 100, 300])
		it(`lets as many measurements leave, for good, as a description may have at ${rate} a second`, () => {
			const every = 200;
			const sensors = (count: number) =>
				Array.from({ length: count }, (_, i) => ({ name: `s${i}`, driver: "t", every }));
			const allows = (count: number) =>
				check(
					{ root: "r", id: "b", broker: "mqtt://h", limits: { publishRate: rate }, sensors: sensors(count) },
					{ sensor: { t: { io: class {} as never, quantity: "v" } } },
				).problems.length === 0;
			const count = Array.from({ length: 60 }, (_, i) => i).findLast(allows) ?? 0;
			const clock = new TestClock();
			let waiting = 0;
			const pump = () => {
				while (waiting > 0 && pace.takes(0)) waiting--;
			};
			const pace: Pace = new Pace(rate, clock, clock, clock, pump);
			for (let turns = 0; turns < 300; turns++) {
				waiting += count;
				pump();
				clock.advance(every);
			}
			assert.ok(waiting <= count, `${waiting} wait after a minute`);
			pace.close();
		});
	it("has measurements wait, not dropped, and lets an alert and the status go before them, not a state", () => {
		const bench = new Bench({ publishRate: 30 });
		const client = bench.establish();
		const outcomes = Array.from({ length: 6 }, (_, i) => bench.session.publish("m", `${i}`));
		assert.equal(outcomes[0], Outcome.queued, "the status took what was saved above the alerts' part");
		assert.equal(outcomes.at(-1), Outcome.queued);
		assert.equal(bench.session.publish("a", "1", { QoS: 1, durable: true }), Outcome.sent);
		assert.equal(
			bench.session.publish("s", "1", { QoS: 1 }),
			Outcome.queued,
			"in the order of the live lane",
		);
		bench.clock.advance(1000);
		const lines = client.take().map(line => line.replace(/ \d[rd]*( #\d+)?/, ""));
		assert.deepEqual(lines, ["a 1", "m 0", "m 1", "m 2", "m 3", "m 4", "m 5", "s 1"]);
		assert.deepEqual(bench.session.counters.dropped, { offline: 0, full: 0, long: 0 });
	});
	it("costs nothing where there is no limit: no credit is counted", () => {
		const bench = new Bench();
		const client = bench.establish();
		for (let i = 0; i < 500; i++) assert.equal(bench.session.publish("m", `${i}`), Outcome.sent);
		assert.equal(client.take().length, 500);
	});
	it("publishes the status and leaves the will unretained where the broker retains nothing", () => {
		const bench = new Bench({
			status: { topic: "desk-1/status", online: "online", offline: "offline", retain: false },
		});
		const client = bench.resume(false);
		assert.equal(client.options.will?.retain, false);
		assert.deepEqual(client.take(), ["desk-1/status 1 #2 online"]);
		bench.session.close();
		bench.clock.advance(1000);
		assert.ok(client.take().some(line => /^desk-1\/status 1 #\d+ offline$/.test(line)));
	});
});

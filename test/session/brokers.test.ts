/** The span of the back-off, and the order of brokers. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Backoff, Brokers } from "../../modules/session/brokers.js";

const brokers = ["a", "b", "c"].map(host => ({ host, port: 1883 }));

describe("back-off", () => {
	it("spans from the minimum to twice, four times … the minimum, and never above the maximum", () => {
		for (const [random, expected] of [
			[0, [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000]],
			[0.999_999_9, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]],
		] as const) {
			const backoff = new Backoff({}, () => random);
			assert.deepEqual(
				expected.map(() => backoff.next()),
				expected,
			);
		}
	});
	it("stays within its bounds, whatever is drawn and whatever they are", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 5000 }),
				fc.integer({ min: 0, max: 100_000 }),
				fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 1 }),
				(minimum, more, draws) => {
					let i = 0;
					const backoff = new Backoff(
						{ minimum, maximum: minimum + more },
						() => draws[i++ % draws.length] as number,
					);
					for (const _ of draws) {
						const delay = i % 3 ? backoff.next() : backoff.slow();
						assert.ok(delay >= minimum && delay <= minimum + more, `${delay}`);
					}
				},
			),
		);
	});
	it("refuses bounds that are none", () => {
		for (const options of [
			{ minimum: 0 },
			{ minimum: 2, maximum: 1 },
			{ stable: -1 },
			{ minimum: Number.NaN },
		])
			assert.throws(() => new Backoff(options, Math.random), RangeError);
	});
});

describe("roster", () => {
	it("goes through the brokers in order, with less than the minimum between them, and waits after the last", () => {
		const order = new Brokers(brokers, {}, () => 0.5);
		const seen: [string, number][] = [];
		for (let i = 0; i < 6; i++) seen.push([order.broker.host, order.failed(0)]);
		assert.deepEqual(seen, [
			["a", 500],
			["b", 500],
			["c", 1500],
			["a", 500],
			["b", 500],
			["c", 2500],
		]);
	});
	it("begins with the preferred broker after a connection has ended", () => {
		const order = new Brokers(brokers, {}, () => 0.5);
		order.failed(0);
		assert.equal(order.broker.host, "b");
		order.accepted();
		order.ended(true);
		assert.equal(order.broker.host, "a");
	});
	it("goes on to the next broker after a connection on which it was not served, and begins anew after the last", () => {
		const order = new Brokers(brokers, {}, () => 0.5);
		const seen: [string, number][] = [];
		for (let i = 0; i < 4; i++) {
			order.accepted();
			seen.push([order.broker.host, order.ended(false)]);
		}
		assert.deepEqual(seen, [
			["a", 500],
			["b", 500],
			["c", 1500],
			["a", 500],
		]);
	});
	it("tells one broker's session from another's", () => {
		const order = new Brokers(brokers, {}, () => 0.5);
		assert.equal(order.accepted(), true);
		order.ended(true);
		order.failed(0);
		assert.equal(order.accepted(), false);
		order.ended(true);
		order.failed(0);
		assert.equal(order.accepted(), true);
	});
	it("waits long after a refusal that only a person can end, and not after one that passes", () => {
		const waits = (code: number) => {
			const order = new Brokers([brokers[0] as (typeof brokers)[0]], {}, () => 0);
			return [order.failed(code), order.failed(0)];
		};
		assert.deepEqual(waits(3), [1000, 1000]);
		for (const code of [1, 2, 4, 5, 7]) assert.deepEqual(waits(code), [30_000, 1000]);
	});
	it("keeps its span over brief connections, and starts anew once one was stable", () => {
		const order = new Brokers(brokers, {}, () => 0.999_999_9);
		assert.deepEqual([order.ended(true), order.ended(true), order.ended(true)], [2000, 4000, 8000]);
		order.settled();
		assert.equal(order.ended(true), 2000);
	});
});

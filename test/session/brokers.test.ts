/** The span of the back-off, and the order of brokers. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Brokers } from "../../modules/session/brokers.js";
import type { SessionOptions } from "../../modules/session/options.js";
import { Reason } from "../../modules/session/outcomes.js";
import { TestClock } from "../clock.js";

const brokers = ["a", "b", "c"].map(host => ({ host, port: 1883 }));

const make = (
	random: () => number,
	options: Partial<SessionOptions> = {},
	ticks: { ticks: number } = new TestClock(),
) => new Brokers({ brokers, random, ticks, ...options } as SessionOptions);

describe("back-off", () => {
	const one = [{ host: "a", port: 1883 }];
	it("spans from the minimum to twice, four times … the minimum, and never above the maximum", () => {
		for (const [random, expected] of [
			[0, [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000]],
			[0.999_999_9, [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]],
		] as const) {
			const order = make(() => random, { brokers: one });
			assert.deepEqual(
				expected.map(() => order.failed(0)),
				expected,
			);
		}
	});
	it("stays within its bounds, for any draw and any bounds", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 5000 }),
				fc.integer({ min: 0, max: 100_000 }),
				fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 1 }),
				(minimum, more, draws) => {
					let i = 0;
					const order = make(() => draws[i++ % draws.length] as number, {
						brokers: one,
						backoff: { minimum, maximum: minimum + more },
					});
					for (const _ of draws) {
						const delay = order.failed(i % 3 ? 0 : 5);
						assert.ok(delay >= minimum && delay <= minimum + more, `${delay}`);
					}
				},
			),
		);
	});
	it("is at its slow end, in the upper half, after a refusal that only a person can end", () => {
		const delays = [0, 0.999_999_9].map(random => make(() => random, { brokers: one }).failed(5));
		assert.deepEqual(delays, [30_000, 60_000]);
		const order = make(() => 0.999_999_9, { brokers: one });
		order.failed(5);
		assert.equal(order.failed(0), 60_000, "and stays there");
		assert.equal(make(() => 0, { brokers: one }).failed(3), 1000, "3 passes by itself");
	});
	it("refuses bounds that are none", () => {
		for (const backoff of [
			{ minimum: 0 },
			{ minimum: 2, maximum: 1 },
			{ stable: -1 },
			{ minimum: Number.NaN },
		])
			assert.throws(() => make(Math.random, { backoff }), RangeError);
	});
});

describe("the brokers", () => {
	it("goes through the brokers in order, with less than the minimum between them, and waits after the last", () => {
		const order = make(() => 0.5);
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
	it("begin with the one that served last, and with the preferred one again once that has had an hour", () => {
		const clock = new TestClock();
		const order = make(() => 0.5, {}, clock);
		const round = () => {
			const seen: string[] = [];
			do {
				seen.push(order.broker.host);
				order.failed(0);
			} while (seen.length < 3);
			return seen.join("");
		};
		order.failed(0);
		assert.equal(order.broker.host, "b");
		order.accepted();
		order.ended(true, false, Reason.disconnected);
		clock.now += 3_599_999;
		assert.equal(round(), "bac", "it fails too: then in order");
		assert.equal(order.broker.host, "a");
		order.failed(0);
		order.accepted();
		clock.now += 3_600_000;
		order.ended(true, false, Reason.disconnected);
		assert.equal(round(), "abc");
	});
	it("are in an order of its own for each board where that is asked for, and each is tried in a round", () => {
		const firsts = new Map<string, number>();
		let draw = 0;
		const random = () => {
			draw = (Math.imul(draw, 1_664_525) + 1_013_904_223) >>> 0;
			return draw / 2 ** 32;
		};
		for (let board = 0; board < 3000; board++) {
			const order = make(random, { brokerOrder: "random" });
			const seen = [0, 1, 2].map(() => {
				const { host } = order.broker;
				order.failed(0);
				return host;
			});
			assert.deepEqual([...seen].sort(), ["a", "b", "c"]);
			firsts.set(seen[0] as string, (firsts.get(seen[0] as string) ?? 0) + 1);
		}
		for (const host of "abc")
			assert.ok(Math.abs((firsts.get(host) as number) - 1000) < 100, `${[...firsts]}`);
	});
	it("of a fleet see its first tries, after a start and after a loss, spread over the time that was given", () => {
		const seconds = { start: new Map<number, number>(), loss: new Map<number, number>() };
		let draw = 7;
		const random = () => {
			draw = (Math.imul(draw, 1_664_525) + 1_013_904_223) >>> 0;
			return draw / 2 ** 32;
		};
		const count = (map: Map<number, number>, delay: number) =>
			map.set(Math.floor(delay / 1000), (map.get(Math.floor(delay / 1000)) ?? 0) + 1);
		for (let board = 0; board < 5000; board++) {
			const order = make(random, { backoff: { spread: 20_000 } });
			count(seconds.start, order.first());
			order.accepted();
			count(seconds.loss, order.ended(true, false, Reason.disconnected));
		}
		for (const map of Object.values(seconds))
			assert.ok(Math.max(...map.values()) < 320, `at most ${Math.max(...map.values())} in a second`);
		assert.equal(make(random).first(), 0, "a board alone does not wait");
	});
	it("has 5 000 boards back within a minute of a restart of 5 s, with less than 300 CONNECTs in a second: by a spread", () => {
		let draw = 7;
		const random = () => {
			draw = (Math.imul(draw, 1_664_525) + 1_013_904_223) >>> 0;
			return draw / 2 ** 32;
		};
		const away = 5000;
		/** CONNECTs in the fullest second, and the second in which the last board is back. */
		const restart = (spread: number) => {
			const connects = new Map<number, number>();
			let last = 0;
			for (let board = 0; board < 5000; board++) {
				const clock = new TestClock();
				const options = { brokers: brokers.slice(0, 1), backoff: { spread } };
				const order = make(random, options, clock);
				order.accepted();
				const from = clock.ticks;
				for (let delay = order.ended(true, false, Reason.disconnected); ; delay = order.failed(0)) {
					clock.advance(delay);
					const second = Math.floor((clock.ticks - from) / 1000);
					connects.set(second, (connects.get(second) ?? 0) + 1);
					if (clock.ticks - from >= away) break;
				}
				last = Math.max(last, clock.ticks - from - away);
			}
			return { peak: Math.max(...connects.values()), last };
		};
		const [before, after] = [restart(0), restart(30_000)];
		assert.ok(before.peak > 1000, `${before.peak} in a second without one`);
		assert.ok(after.peak < 300 && after.last <= 60_000, JSON.stringify(after));
	});
	it("goes on to the next broker after a connection on which it was not served, and begins anew after the last", () => {
		const order = make(() => 0.5);
		const seen: [string, number][] = [];
		for (let i = 0; i < 4; i++) {
			order.accepted();
			seen.push([order.broker.host, order.ended(false, false, Reason.disconnected)]);
		}
		assert.deepEqual(seen, [
			["a", 500],
			["b", 500],
			["c", 1500],
			["a", 500],
		]);
	});
	it("tells one broker's session from another's", () => {
		const order = make(() => 0.5);
		assert.equal(order.accepted(), true);
		order.ended(true, false, Reason.disconnected);
		order.failed(0);
		assert.equal(order.accepted(), false);
		order.ended(true, false, Reason.disconnected);
		assert.equal(order.accepted(), true);
	});
	it("waits long after a refusal that only a person can end, and not after one that passes", () => {
		const waits = (code: number) => {
			const order = make(() => 0, { brokers: [{ host: "a", port: 1883 }] });
			return [order.failed(code), order.failed(0)];
		};
		assert.deepEqual(waits(3), [1000, 1000]);
		for (const code of [1, 2, 4, 5, 7]) assert.deepEqual(waits(code), [30_000, 1000]);
	});
	it("keeps its span over brief connections, and starts anew once one was stable", () => {
		const order = make(() => 0.999_999_9);
		assert.deepEqual(
			[
				order.ended(true, false, Reason.disconnected),
				order.ended(true, false, Reason.disconnected),
				order.ended(true, false, Reason.disconnected),
			],
			[2000, 4000, 8000],
		);
		order.settled();
		assert.equal(order.ended(true, false, Reason.disconnected), 2000);
	});
});

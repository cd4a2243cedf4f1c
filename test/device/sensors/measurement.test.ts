/** From samples to measurements: decimals, deadband, window, batch. */

import assert from "node:assert/strict";
import type { SensorDescription } from "../../../modules/device/description/description.js";
import Memory from "../../../modules/device/memory.js";
import Measurement from "../../../modules/device/sensors/measurement.js";
import Time from "../../../modules/device/time.js";
import { Outcome } from "../../../modules/session/outcomes.js";
import { TestClock } from "../../clock.js";
import { NotedSession, publishing } from "../publishing.js";

const START = Date.UTC(2026, 0, 1);

interface Stage {
	/** What was published. */
	readonly published: Record<string, unknown>[];
	readonly measurement: Measurement;
	online: boolean;
}

function stage(clock: TestClock, description: object): Stage {
	const time = new Time({
		device: { clock, timer: clock, network: {} },
		memory: new Memory(undefined),
		publisher: { report() {} },
	});
	const published: Record<string, unknown>[] = [];
	const session = new NotedSession();
	session.outcome = (topic, payload) => {
		assert.equal(topic, "r/b/measurements/s");
		if (!one.online) return Outcome.droppedOffline;
		published.push(JSON.parse(payload));
		return Outcome.sent;
	};
	const publisher = publishing({ timer: clock }, session);
	const plain = { name: "s", driver: "x", every: 100, aggregate: "mean", batch: 1 };
	const whole = { ...plain, ...description } as SensorDescription;
	const one = { published, measurement: new Measurement({ time, publisher }, whole), online: true };
	return one;
}

/** Feeds a sample each 100 ms and returns what was published. */
function publish(
	description: object,
	samples: readonly (number | undefined)[],
	flush = false,
): Record<string, unknown>[] {
	const clock = new TestClock(0, START);
	const { measurement, published } = stage(clock, description);
	for (const value of samples) {
		measurement.add(value, clock.now, 1);
		clock.advance(100);
	}
	if (flush) measurement.flush();
	return published;
}
const values = (description: object, samples: readonly (number | undefined)[]) =>
	publish(description, samples).map(({ v }) => v);

describe("measurement", () => {
	it("carries value, time, quality of time and a sequence number, and nothing else", () => {
		assert.deepEqual(publish({}, [23.4, 23.5]), [
			{ v: 23.4, ts: START, tsq: "ntp", seq: 1 },
			{ v: 23.5, ts: START + 100, tsq: "ntp", seq: 2 },
		]);
	});

	it("is rounded to its decimals, and never is -0", () => {
		assert.deepEqual(values({ decimals: 1 }, [1.25, 1.34999, -0.04, 1e300]), [1.3, 1.3, 0, 1e300]);
		assert.deepEqual(values({ decimals: 0 }, [1.5, -1.2]), [2, -1]);
		assert.deepEqual(values({}, [1 / 3]), [1 / 3]);
	});

	it("is left out inside the deadband, and sent all the same after the longest silence", () => {
		assert.deepEqual(
			values({ deadband: 1, maxSilence: 500 }, [5, 5.9, 6, 6.5, 5.1, 5, 5, 5, 5, 5, 5]),
			[5, 6, 5, 5],
		);
	});

	it("is sent only when its rounded value changes, with a deadband of 0", () => {
		assert.deepEqual(values({ deadband: 0, decimals: 0 }, [1, 1.2, 1.4, 1.6, 1.6]), [1, 2]);
	});

	it("is sent after an outage although it has not changed", () => {
		const one = stage(new TestClock(0, START), { deadband: 1 });
		one.online = false;
		one.measurement.add(5, 0, 1);
		one.online = true;
		for (let n = 1; n < 5; n++) one.measurement.add(5, n * 100, 1);
		assert.equal(one.published.length, 1);
	});

	it("with a deadband and no heartbeat is sent after five minutes", () => {
		assert.equal(values({ deadband: 1 }, Array(3002).fill(7)).length, 2);
	});

	it("with a deadband is sent after a silence of weeks, in which ticks have gone half round, or round", () => {
		for (const weeks of [2 ** 31 + 1, 2 ** 32 + 1]) {
			const one = stage(new TestClock(0, START), { deadband: 1, maxSilence: 1000 });
			one.measurement.add(5, 0, 1);
			one.measurement.add(5, weeks, 1);
			assert.equal(one.published.length, 2);
		}
	});

	for (const [aggregate, expected] of [
		["mean", [2, 20]],
		["minimum", [1, 10]],
		["maximum", [3, 30]],
	] as const)
		it(`is the ${aggregate} of its window`, () => {
			assert.deepEqual(values({ window: 300, aggregate }, [1, 2, 3, 10, 30, 20, 5]), expected);
		});

	it("is mean, least and greatest of its window where range is asked for", () => {
		const [first] = publish({ window: 300, aggregate: "range", decimals: 1 }, [1, 2, 4]);
		assert.deepEqual(first, { v: 2.3, min: 1, max: 4, ts: START + 200, tsq: "ntp", seq: 1 });
	});

	it("is made of what there is when samples of the window are missing, and not at all when all are", () => {
		assert.deepEqual(
			values({ window: 300 }, [1, undefined, 3, undefined, undefined, undefined, 5, 5, 8]),
			[2, 6],
		);
	});

	it("comes in batches with the time of each value, numbered from its first", () => {
		const published = publish({ batch: 3, decimals: 0 }, [1, 2, undefined, 3, 4, 5], true);
		assert.deepEqual(published, [
			{ v: [1, 2, 3], dt: [0, 100, 300], ts: START, tsq: "ntp", seq: 1 },
			{ v: [4, 5], dt: [0, 100], ts: START + 400, tsq: "ntp", seq: 4 },
		]);
	});

	it("does not wait in a batch for longer than twice the time it should have taken", () => {
		const published = publish({ batch: 3 }, [1, 2, ...Array(5).fill(undefined)]);
		assert.deepEqual(published, [{ v: [1, 2], dt: [0, 100], ts: START, tsq: "ntp", seq: 1 }]);
	});

	it("comes in a batch that takes weeks, with the true time of each value, and not full after twice that time", () => {
		const day = 86_400_000;
		const one = stage(new TestClock(0, START), { every: day, batch: 30 });
		for (let n = 0; n < 27; n++) one.measurement.add(n, n * day, 1);
		for (let n = 27; n < 60; n++) one.measurement.add(undefined, n * day, 1);
		assert.deepEqual(one.published, []);
		one.measurement.add(undefined, 60 * day, 1);
		const v = Array.from({ length: 27 }, (_, n) => n);
		assert.deepEqual(one.published, [{ v, dt: v.map(n => n * day), ts: START, tsq: "ntp", seq: 1 }]);
	});

	it("comes in batches of windows with their bounds", () => {
		const [batch] = publish({ batch: 2, window: 200, aggregate: "range" }, [1, 3, 5, 9]);
		assert.deepEqual(batch, {
			v: [2, 7],
			min: [1, 5],
			max: [3, 9],
			dt: [0, 200],
			ts: START + 100,
			tsq: "ntp",
			seq: 1,
		});
	});
});

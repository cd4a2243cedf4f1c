/** How long since, how long until: both wraps of 32-bit ticks, ages of months, and a timer that is kept. */

import assert from "node:assert/strict";
import { Deadline, since, until } from "../../modules/session/deadline.js";
import { TestClock } from "../clock.js";

const day = 86_400_000;
const starts = [0, 1, 2 ** 31 - 5, 2 ** 31, 2 ** 32 - 5, 2 ** 32];

describe("since", () => {
	it("is the time that has passed, over both wraps of the ticks, up to 24.8 days", () => {
		for (const start of starts)
			for (const age of [0, 1, 999, 60_000, 24 * day, 2 ** 31 - 1])
				assert.equal(since((start + age) | 0, start | 0), age);
	});
	it("stays at 2 ** 31 - 1 up to 49.7 days, and is never negative at any age", () => {
		for (const start of starts)
			for (let age = 2 ** 31; age < 2 ** 32; age += day / 2)
				assert.equal(since((start + age) | 0, start | 0), 2 ** 31 - 1);
		for (let age = 0; age < 400 * day; age += day / 7) assert.ok(since(age | 0, 0) >= 0);
	});
});

describe("until", () => {
	it("is the time that is left, over both wraps, and 0 from the moment on", () => {
		for (const start of starts)
			for (const left of [0, 1, 999, 24 * day]) {
				assert.equal(until((start + left) | 0, start | 0), left);
				assert.equal(until(start | 0, (start + left) | 0), 0);
			}
	});
});

describe("a deadline", () => {
	it("fires once for each set, at the moment that was set last, and keeps its timer", () => {
		const clock = new TestClock();
		const fired: number[] = [];
		const deadline = new Deadline(clock, fired, function (this: number[]) {
			this.push(clock.now);
		});
		deadline.set(100);
		deadline.set(300);
		clock.advance(1000);
		assert.deepEqual(fired, [1300]);
		deadline.set(0);
		clock.advance(0);
		assert.deepEqual([fired, deadline.standing], [[1300, 2000], false]);
		deadline.set(5);
		deadline.clear();
		clock.advance(1000);
		assert.deepEqual([fired.length, clock.pending], [2, 0]);
		deadline.close();
		clock.advance(1000);
		assert.equal(fired.length, 2);
	});
});

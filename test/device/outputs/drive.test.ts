/** One actuator brought to a level: by simulated time, with an actuator that can break. */

import assert from "node:assert/strict";
import Drive from "../../../modules/device/outputs/drive.js";
import { TestClock } from "../../clock.js";

function stage(level = 0) {
	const clock = new TestClock();
	const one = {
		clock,
		broken: false,
		/** When it was tried to write, in milliseconds since the start. */
		tries: [] as number[],
		levels: [] as unknown[],
		heard: [] as string[],
		/** Called when it is time to try again. */
		retry: () => {},
		drive: undefined as unknown as Drive,
	};
	const start = clock.now;
	class Io {
		constructor(options: object) {
			one.levels.push(options);
		}
		write(level: number) {
			one.tries.push(clock.now - start);
			if (one.broken) throw new Error("stuck");
			one.levels.push(level);
		}
		close() {
			one.levels.push("closed");
			if (one.broken) throw new Error("stuck");
		}
	}
	one.drive = new Drive({
		timer: clock,
		driver: { io: Io },
		options: { pin: 4 },
		level,
		owner: {
			onShown: () => void one.heard.push("shown"),
			onFailed: () => void one.heard.push("failed"),
			onRetry: () => one.retry(),
		},
	});
	return one;
}
/** What was written since the start. */
const written = ({ levels }: { levels: unknown[] }) => levels.slice(1);

describe("an actuator that is brought to a level", () => {
	it("is made with its options and the level it starts at, and written nothing", () => {
		const one = stage(7);
		assert.deepEqual(one.levels, [{ pin: 4, initialValue: 7 }]);
	});

	it("is written each level once, and its owner hears each time that it is shown", () => {
		const one = stage();
		for (const level of [9, 9, 0]) one.drive.bring(level);
		assert.deepEqual(written(one), [9, 0]);
		assert.deepEqual(one.heard, ["shown", "shown", "shown"]);
	});

	it("is tried again after 1, 2, 4 … 60 s when it fails, and told once", () => {
		const one = stage();
		one.broken = true;
		one.drive.bring(255);
		one.clock.advance(190_000);
		assert.deepEqual(
			one.tries.map(time => time / 1000),
			[0, 1, 3, 7, 15, 31, 63, 123, 183],
		);
		assert.deepEqual(one.heard, ["failed"]);
		one.broken = false;
		one.clock.advance(60_000);
		assert.deepEqual(written(one), [255]);
		assert.deepEqual(one.heard, ["failed", "shown"]);
		assert.equal(one.clock.pending, 0);
	});

	it("has its failure told again for the next level, which is tried again from 1 s on", () => {
		const one = stage();
		one.broken = true;
		one.drive.bring(255);
		one.clock.advance(10_000);
		const { length } = one.tries;
		one.drive.bring(9);
		// Past 15 s, when the other level had its next turn.
		one.clock.advance(6000);
		assert.deepEqual(one.heard, ["failed", "failed"]);
		assert.deepEqual(one.tries.slice(length), [10_000, 11_000, 13_000]);
	});

	it("is written the level that it seemed to have when a write failed in between: its effect is unknown", () => {
		const one = stage();
		one.broken = true;
		one.drive.bring(255);
		one.broken = false;
		one.drive.bring(0);
		assert.deepEqual(written(one), [0]);
		one.drive.bring(0);
		assert.deepEqual(written(one), [0]);
	});

	it("is closed in peace when it throws even then, and never tried again", () => {
		const one = stage();
		one.broken = true;
		one.drive.bring(255);
		one.drive.close();
		assert.equal(one.levels.at(-1), "closed");
		assert.equal(one.clock.pending, 0);
	});
});

describe("what its owner has to try again", () => {
	it("has its turn before the actuator", () => {
		const one = stage();
		const before: unknown[] = [];
		one.retry = () => void before.push([one.clock.now, one.tries.length]);
		const { now } = one.clock;
		one.broken = true;
		one.drive.bring(255);
		one.clock.advance(5000);
		assert.deepEqual(before, [
			[now + 1000, 1],
			[now + 3000, 2],
		]);
	});

	it("has it ever less often, for as long as the owner asks, and moves nothing where the actuator shows what is meant", () => {
		const one = stage();
		const turns: number[] = [];
		one.retry = () => {
			turns.push(one.clock.now);
			if (turns.length < 4) one.drive.again();
		};
		one.drive.bring(9);
		const { now } = one.clock;
		one.drive.again();
		one.clock.advance(60_000);
		assert.deepEqual(
			turns.map(time => time - now),
			[1000, 3000, 7000, 15_000],
		);
		assert.deepEqual(written(one), [9]);
		assert.deepEqual(one.heard, ["shown"]);
	});
});

describe("blinking", () => {
	for (const [level, first, second] of [
		[0, 255, 0],
		[9, 0, 255],
	] as const)
		it(`goes between ${first} and ${second} for five seconds where ${level} is meant, shows that again, and publishes nothing`, () => {
			const one = stage(level);
			one.drive.blink();
			one.clock.advance(60_000);
			const changes = Array.from({ length: 19 }, (_, index) => (index % 2 ? second : first));
			assert.deepEqual(written(one), [...changes, level]);
			assert.deepEqual([one.tries[0], one.tries.at(-1)], [250, 5000]);
			assert.deepEqual(one.heard, []);
			assert.equal(one.clock.pending, 0);
		});

	it("ends with the next level, which is written even if it was meant before", () => {
		const one = stage();
		one.drive.blink();
		one.clock.advance(500);
		one.drive.bring(0);
		one.clock.advance(60_000);
		assert.deepEqual(written(one), [255, 0, 0]);
		assert.deepEqual(one.heard, ["shown"]);
	});

	it("begins anew when it is asked for again", () => {
		const one = stage();
		one.drive.blink();
		one.clock.advance(4000);
		one.drive.blink();
		one.clock.advance(60_000);
		assert.equal(one.tries.at(-1), 9000);
		assert.equal(one.tries.length, 36);
	});

	it("is not disturbed by what is to be tried again, which is done at its end", () => {
		const one = stage();
		one.broken = true;
		one.drive.bring(9);
		one.drive.blink();
		one.broken = false;
		one.clock.advance(4750);
		assert.ok(written(one).every(level => level === 0 || level === 255));
		assert.deepEqual(one.heard, ["failed"]);
		one.clock.advance(250);
		assert.equal(written(one).at(-1), 9);
		assert.deepEqual(one.heard, ["failed", "shown"]);
	});

	it("passes over writes that fail, and tells it when the last one does", () => {
		const one = stage();
		one.drive.blink();
		one.broken = true;
		one.clock.advance(4999);
		assert.deepEqual(one.heard, []);
		one.clock.advance(1);
		assert.deepEqual(one.heard, ["failed"]);
		one.broken = false;
		one.clock.advance(1000);
		assert.deepEqual(written(one), [0]);
	});

	it("that is cut short by the end leaves the actuator at what is meant", () => {
		const one = stage();
		one.drive.blink();
		one.clock.advance(250);
		one.drive.close();
		one.clock.advance(60_000);
		assert.deepEqual(written(one), [255, 0, "closed"]);
	});
});

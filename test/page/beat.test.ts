/** When the page draws: how much it is told in one frame, how often, and that nothing is forgotten. Time and frames are moved by hand. */

import assert from "node:assert/strict";
import { effect, type Signal } from "@preact/signals";
import { begin, MOST, mark, tick, version } from "../../hosts/desk/page/model/beat.js";
import { TestClock } from "../clock.js";

describe("the page's beat", () => {
	const { setTimeout, setInterval } = globalThis;
	const frames: (() => void)[] = [];
	let clock: TestClock;
	const ends: (() => void)[] = [];
	/** The names of what was told, since the last look. */
	let told: string[] = [];
	beforeEach(() => {
		clock = new TestClock();
		frames.length = 0;
		Object.assign(globalThis, {
			setTimeout: (callback: () => void, delay: number) => clock.set(callback, delay),
			setInterval: (callback: () => void, delay: number) => clock.repeat(callback, delay),
			requestAnimationFrame: (callback: () => void) => frames.push(callback),
		});
	});
	afterEach(() => {
		while (advance(100).length || frames.length);
		for (const end of ends.splice(0)) end();
		Object.assign(globalThis, { setTimeout, setInterval });
		Reflect.deleteProperty(globalThis, "requestAnimationFrame");
	});

	function shown(name: string): Signal<number> {
		const made = version();
		let first = true;
		ends.push(
			effect(() => {
				made.value;
				if (!first) told.push(name);
				first = false;
			}),
		);
		told = [];
		return made;
	}
	function frame(): string[] {
		told = [];
		for (const callback of frames.splice(0)) callback();
		return told;
	}
	function advance(milliseconds: number): string[] {
		clock.advance(milliseconds);
		return frame();
	}
	const many = (count: number) => Array.from({ length: count }, (_, i) => shown(`${i}`));

	it("tells a change in a frame, once, however often it was marked", () => {
		const one = shown("one");
		for (let i = 0; i < 1000; i++) mark(one);
		assert.deepEqual(told, [], "not in the message's own turn");
		assert.deepEqual(advance(100), ["one"]);
		assert.deepEqual(advance(100), []);
	});

	it("tells the same no more than ten times a second", () => {
		const one = shown("one");
		let count = 0;
		for (let i = 0; i < 1000; i++) {
			mark(one);
			count += advance(1).length;
		}
		assert.ok(count > 8 && count <= 10, `${count} times`);
	});

	it(`tells no more than ${MOST} in one frame, all of them in turn, in their order`, () => {
		const all = many(100);
		for (const one of all) mark(one);
		const found = [advance(100)];
		while (frames.length) found.push(frame());
		assert.equal(found.length, Math.ceil(100 / MOST));
		assert.ok(found.every(({ length }) => length <= MOST));
		assert.deepEqual(
			found.flat(),
			all.map((_, i) => `${i}`),
		);
	});

	it("tells each its turn where more changes than frames have room for", () => {
		const all = many(100);
		const counts = new Map<string, number>();
		for (let i = 0; i < 600; i++) {
			for (const one of all) mark(one);
			const now = advance(16);
			assert.ok(now.length <= MOST);
			for (const name of now) counts.set(name, (counts.get(name) ?? 0) + 1);
		}
		assert.equal(counts.size, 100);
		assert.ok(Math.max(...counts.values()) - Math.min(...counts.values()) <= 1, "in turn");
	});

	it("tells nothing that is not shown, and so has no frame for it", () => {
		mark(version());
		clock.advance(100);
		assert.equal(frames.length, 0);
	});

	it("keeps what is marked while there are no frames, until there are", () => {
		const one = shown("one");
		mark(one);
		clock.advance(60_000);
		mark(one);
		assert.deepEqual(frame(), ["one"]);
		assert.deepEqual(advance(100), ["one"]);
	});

	it("counts for ages as long as one reader wants it", () => {
		begin();
		const one = shown("one");
		const [first, second] = [tick(one), tick(one)];
		clock.advance(1000);
		assert.deepEqual(advance(100), ["one"]);
		first();
		clock.advance(900);
		assert.deepEqual(advance(100), ["one"]);
		second();
		clock.advance(900);
		assert.deepEqual(advance(100), []);
	});
});

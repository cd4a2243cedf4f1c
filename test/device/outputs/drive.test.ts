/** One actuator brought to what is meant: by simulated time, with an actuator that can break and a memory that can refuse. */

import assert from "node:assert/strict";
import type { OutputDescription } from "../../../modules/device/description/description.js";
import type { KeyValueDomain } from "../../../modules/device/io.js";
import Memory from "../../../modules/device/memory.js";
import Drive from "../../../modules/device/outputs/drive.js";
import { TestClock } from "../../clock.js";

function stage(level = 0) {
	const clock = new TestClock();
	const start = clock.now;
	/** When it was tried to write, in milliseconds since the start. */
	const tries: number[] = [];
	const levels: unknown[] = [];
	const heard: string[] = [];
	const stores: number[] = [];
	const one = { clock, broken: false, refusing: false, tries, levels, heard, stores, bring, local };
	class Io {
		constructor(options: object) {
			levels.push(options);
		}
		write(level: number) {
			tries.push(clock.now - start);
			if (one.broken) throw new Error("stuck");
			levels.push(level);
		}
		close() {
			levels.push("closed");
			if (one.broken) throw new Error("stuck");
		}
	}
	const domain: KeyValueDomain = {
		read: () => JSON.stringify({ on: level > 0, brightness: level || 1 }),
		write() {
			if (!one.refusing) return;
			stores.push(clock.now - start);
			throw new Error("full");
		},
		delete() {},
		close() {},
		[Symbol.iterator]: () => [].values(),
	};
	const publisher = {
		online: true,
		acknowledged: 0,
		report() {},
		soon: () => void heard.push("shown"),
		confirm: (topic: string, cid: string | number) => void heard.push(`${topic} ${cid}`),
		refuse: (topic: string, _error: string, cid?: string | number) =>
			void heard.push(cid === undefined ? "failed" : `${topic} ${cid} failed`),
		state: (topic: string, payload: string) => void heard.push(`${topic} ${payload}`),
	};
	const driver = { io: Io, dimmable: true };
	const description: OutputDescription = { powerOn: "last", liveOnly: false };
	const parts = { timer: clock, memory: new Memory(domain), publisher };
	const drive = new Drive(parts, { name: "x", description, driver, options: { pin: 4 } });
	const { newest } = drive;
	function bring(level: number, cid?: string): void {
		const on = level > 0;
		newest.order({ on, brightness: level || 1, ver: -1, wish: "", src: "set", hash: "" }, true);
		drive.bring("x/set", cid);
	}
	/** A local action that cannot be stored. */
	function local(): void {
		one.refusing = true;
		newest.act(newest.state.on, "local");
		drive.save();
	}
	return Object.assign(one, { drive });
}
/** What was written since the start. */
const written = ({ levels }: { levels: unknown[] }) => levels.slice(1);

describe("an actuator that is brought to a level", () => {
	it("is made with its options and the level it starts at, and written nothing", () => {
		const one = stage(7);
		assert.deepEqual(one.levels, [{ pin: 4, initialValue: 7 }]);
	});

	it("is written each level once, and its state follows each time that it is shown", () => {
		const one = stage();
		for (const level of [9, 9, 0]) one.bring(level);
		assert.deepEqual(written(one), [9, 0]);
		assert.deepEqual(one.heard, ["shown", "shown", "shown"]);
	});

	it("is tried again after 1, 2, 4 … 60 s when it fails, and told once", () => {
		const one = stage();
		one.broken = true;
		one.bring(255);
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
		one.bring(255);
		one.clock.advance(10_000);
		const { length } = one.tries;
		one.bring(9);
		// Past 15 s, when the other level had its next turn.
		one.clock.advance(6000);
		assert.deepEqual(one.heard, ["failed", "failed"]);
		assert.deepEqual(one.tries.slice(length), [10_000, 11_000, 13_000]);
	});

	it("is written the level that it seemed to have when a write failed in between: its effect is unknown", () => {
		const one = stage();
		one.broken = true;
		one.bring(255);
		one.broken = false;
		one.bring(0);
		assert.deepEqual(written(one), [0]);
		one.bring(0);
		assert.deepEqual(written(one), [0]);
	});

	it("is closed in peace when it throws even then, and never tried again", () => {
		const one = stage();
		one.broken = true;
		one.bring(255);
		one.drive.close();
		assert.equal(one.levels.at(-1), "closed");
		assert.equal(one.clock.pending, 0);
	});
});

describe("what is said of an actuator", () => {
	it("is the state that it was last brought to, not the one that is meant", () => {
		const one = stage();
		one.bring(9);
		one.broken = true;
		one.bring(7);
		one.drive.announce();
		one.broken = false;
		one.clock.advance(1000);
		one.drive.announce();
		const said = one.heard.filter(line => line.startsWith("x/state"));
		const state = (brightness: number) =>
			`x/state ${JSON.stringify({ state: "ON", brightness, src: "set" })}`;
		assert.deepEqual(said, [state(9), state(7)]);
	});

	it("goes to the command that moves it, and to no earlier one", () => {
		const one = stage();
		one.broken = true;
		one.bring(9, "a");
		one.bring(7, "b");
		one.broken = false;
		one.clock.advance(1000);
		one.bring(5);
		assert.deepEqual(one.heard, ["x/set a failed", "x/set b failed", "shown", "x/set b", "shown"]);
	});
});

describe("a local action that cannot be stored", () => {
	it("is tried again before the actuator", () => {
		const one = stage();
		const order: string[] = [];
		one.broken = true;
		one.bring(255);
		one.local();
		const { stores, tries } = one;
		stores.length = tries.length = 0;
		stores.push = () => order.push("store");
		tries.push = () => order.push("write");
		one.clock.advance(3000);
		assert.deepEqual(order, ["store", "write", "store", "write"]);
	});

	it("is tried again ever less often, and moves nothing where the actuator shows what is meant", () => {
		const one = stage();
		one.bring(9);
		one.local();
		one.clock.advance(14_999);
		one.refusing = false;
		one.clock.advance(60_000);
		assert.deepEqual(one.stores, [0, 1000, 3000, 7000]);
		assert.deepEqual(written(one), [9]);
		assert.deepEqual(one.heard, ["shown"]);
		assert.equal(one.clock.pending, 0);
	});
});

describe("blinking", () => {
	for (const [level, first, second] of [
		[0, 255, 0],
		[9, 0, 255],
	] as const)
		it(`goes between ${first} and ${second} for five seconds where ${level} is meant, shows that again, and publishes nothing`, () => {
			const one = stage(level);
			one.drive.identify();
			one.clock.advance(60_000);
			const changes = Array.from({ length: 19 }, (_, index) => (index % 2 ? second : first));
			assert.deepEqual(written(one), [...changes, level]);
			assert.deepEqual([one.tries[0], one.tries.at(-1)], [250, 5000]);
			assert.deepEqual(one.heard, []);
			assert.equal(one.clock.pending, 0);
		});

	it("ends with the next level, which is written even if it was meant before", () => {
		const one = stage();
		one.drive.identify();
		one.clock.advance(500);
		one.bring(0);
		one.clock.advance(60_000);
		assert.deepEqual(written(one), [255, 0, 0]);
		assert.deepEqual(one.heard, ["shown"]);
	});

	it("begins anew when it is asked for again", () => {
		const one = stage();
		one.drive.identify();
		one.clock.advance(4000);
		one.drive.identify();
		one.clock.advance(60_000);
		assert.equal(one.tries.at(-1), 9000);
		assert.equal(one.tries.length, 36);
	});

	it("is not disturbed by what is to be tried again, which is done at its end", () => {
		const one = stage();
		one.broken = true;
		one.bring(9);
		one.drive.identify();
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
		one.drive.identify();
		one.broken = true;
		one.clock.advance(4999);
		assert.deepEqual(one.heard, []);
		one.clock.advance(1);
		assert.deepEqual(one.heard, ["failed"]);
		one.broken = false;
		one.clock.advance(1000);
		assert.deepEqual(written(one), [0]);
	});

	it("has a failure at its end reported each time, not as the answer to a command that had one, and the state once it is shown", () => {
		const one = stage();
		for (let n = 0; n < 2; n++) {
			one.bring(9, "a");
			one.drive.identify();
			one.clock.advance(4999);
			one.broken = true;
			one.clock.advance(1);
			one.broken = false;
			one.clock.advance(1000);
			assert.equal(written(one).at(-1), 9);
			assert.deepEqual(one.heard.splice(0), ["shown", "x/set a", "failed", "shown"]);
		}
	});

	it("that is cut short by the end leaves the actuator at what is meant", () => {
		const one = stage();
		one.drive.identify();
		one.clock.advance(250);
		one.drive.close();
		one.clock.advance(60_000);
		assert.deepEqual(written(one), [255, 0, "closed"]);
	});
});

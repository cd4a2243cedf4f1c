/** What a broker's absence means to an output, by simulated time: when the fail-safe acts, and how long kept commands may come. */

import assert from "node:assert/strict";
import { World } from "../stage.js";

const lamp = { pin: 2, powerOn: "last", failSafe: 60_000 };

/** A lamp that is on, and no broker so far. */
function stage({ failSafe }: { failSafe?: number | undefined } = lamp) {
	const world = new World();
	world.records.set("o:lamp", '{"on":true}');
	const { failSafe: _, ...plain } = lamp;
	const board = world.start({ lamp: { ...plain, ...(failSafe && { failSafe }) } });
	const output = board.outputs[0];
	assert.ok(output);
	const { clock, link } = world;
	const start = clock.now;
	/** When the fail-safe has acted, from the start on; the lamp is switched on again. */
	const lost: number[] = [];
	const pass = (duration: number) => {
		for (const end = clock.now + duration; clock.now < end; ) {
			clock.advance(Math.min(1000, end - clock.now));
			if (world.level(2)) continue;
			lost.push(clock.now - start);
			output.press();
		}
	};
	/** In place of the description's. */
	const configure = (failSafe?: number) => {
		const { failSafe: _, ...description } = output.description;
		output.configure({ ...description, ...(failSafe && { failSafe }) });
	};
	return { world, clock, link, output, lost, pass, configure };
}

describe("the broker's absence", () => {
	it("counts from the start, and lasts once", () => {
		const { pass, lost } = stage();
		pass(200_000);
		assert.deepEqual(lost, [60_000]);
	});

	it("ends when the broker is there, and begins anew with each loss", () => {
		const { pass, lost, link } = stage();
		pass(59_999);
		link.connect();
		pass(100_001);
		link.disconnect();
		pass(60_000);
		assert.deepEqual(lost, [220_000]);
	});

	it("is counted from the first loss where several are told, and anew from one after it has lasted", () => {
		const { pass, lost, output } = stage();
		pass(30_000);
		output.offline();
		pass(170_000);
		output.offline();
		pass(60_000);
		assert.deepEqual(lost, [60_000, 260_000]);
	});

	it("means nothing to an output without a fail-safe", () => {
		const { pass, lost } = stage({});
		pass(1_000_000);
		assert.deepEqual(lost, []);
	});

	it("is counted anew, to another length, when that is configured while the broker is away", () => {
		const { pass, lost, link, configure } = stage();
		pass(10_000);
		configure(20_000);
		pass(90_000);
		link.connect();
		link.disconnect();
		configure(5000);
		pass(60_000);
		assert.deepEqual(lost, [30_000, 105_000]);
	});

	it("is not begun by a configuration while the broker is there, but has its length at the next loss", () => {
		const { pass, lost, link, configure } = stage();
		link.connect();
		configure(20_000);
		pass(100_000);
		link.disconnect();
		pass(20_000);
		assert.deepEqual(lost, [120_000]);
	});

	it("has no fail-safe any more once that is taken out of the description", () => {
		const { pass, lost, configure } = stage();
		configure();
		pass(100_000);
		assert.deepEqual(lost, []);
	});

	it("has lasted also where the actuator still shows ON, since it could not be switched off", () => {
		const world = new World();
		let broken = false;
		const shown: number[] = [];
		class Io {
			write(level: number): void {
				if (broken) throw new Error("stuck");
				shown.push(level);
			}
			close(): void {}
		}
		world.actuators = { relay: { io: Io } };
		world.start({ actuators: [{ name: "x", driver: "relay", failSafe: 60_000 }] });
		world.link.connect();
		world.link.receive("x/set", "ON");
		broken = true;
		world.link.receive("x/set", "OFF");
		world.link.disconnect();
		world.clock.advance(60_000);
		broken = false;
		world.clock.advance(1000);
		assert.deepEqual(shown, [255, 0]);
		world.link.connect();
		assert.equal(world.json("x/state").at(-1)?.src, "failsafe");
	});

	for (const [title, connect, timers] of [
		["away", false, 1],
		["settling", true, 1],
	] as const)
		it(`leaves no timer behind when the output is closed, ${title}`, () => {
			const { clock, link, output } = stage();
			if (connect) link.connect(true);
			const before = clock.pending;
			output.close();
			assert.equal(clock.pending, before - timers);
		});
});

describe("commands that the broker kept", () => {
	/** Something was done here, so they are refused. */
	function done() {
		const { link, output, clock, world } = stage();
		output.press();
		const set = (payload: string) => {
			const before = world.level(2);
			link.receive("lamp/set", payload);
			return world.level(2) !== before;
		};
		return { link, set, clock };
	}

	it("may come before it is there, and for a second after it is there with its session", () => {
		const { link, set, clock } = done();
		assert.ok(!set("ON"));
		link.connect(true);
		clock.advance(999);
		assert.ok(!set("ON"));
		clock.advance(999);
		assert.ok(!set("ON"), "there may be more");
		clock.advance(1000);
		assert.ok(set("ON"));
	});

	it("are waited for anew after a loss before all had come", () => {
		const { link, set, clock } = done();
		link.connect(true);
		clock.advance(999);
		link.disconnect();
		clock.advance(10_000);
		assert.ok(!set("ON"));
		link.connect(true);
		clock.advance(999);
		assert.ok(!set("ON"));
	});

	it("are over after a second in which one was done, for that proves nothing", () => {
		const { link, clock, world, output } = stage({});
		link.connect(true);
		clock.advance(500);
		link.receive("lamp/set", "OFF");
		clock.advance(500);
		// From here on a local action is older than what comes.
		output.press();
		link.receive("lamp/set", "OFF", { id: 2 });
		assert.equal(world.level(2), 0);
	});

	it("are not waited for while the broker is away", () => {
		const { set, clock } = done();
		assert.ok(!set("ON"));
		clock.advance(10_000);
		assert.ok(!set("ON"));
	});
});

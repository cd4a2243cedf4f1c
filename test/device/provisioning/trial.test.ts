/** What is on trial: its time, its proof, and its end where it makes no board at all. */

import assert from "node:assert/strict";
import main from "../../../main.js";
import type { Provision } from "../../../modules/device/io.js";
import Trial from "../../../modules/device/provisioning/trial.js";
import { TestClock } from "../../clock.js";
import { World } from "../stage.js";

const MINUTE = 60_000;

function told({ trying = true, refusing = false } = {}) {
	const calls: string[] = [];
	const call = (name: string) => {
		calls.push(name);
		if (!refusing) provision.trying = false;
		return !refusing;
	};
	const provision = {
		keys: [],
		trying,
		next: {},
		get: () => undefined,
		propose: () => false,
		keep: () => call("keep"),
		drop: () => call("drop"),
		restore: () => assert.fail("nothing is held"),
	};
	return { provision: provision as Provision, calls };
}

function stage(options: Parameters<typeof told>[0] = {}) {
	const { provision, calls } = told(options);
	const clock = new TestClock();
	const lines: string[] = [];
	const restart = () => {
		calls.push("restart");
		return true;
	};
	const trial = new Trial({ timer: clock, clock, provision, trace: line => lines.push(line) }, restart);
	return { trial, calls, clock, lines };
}

describe("trial", () => {
	it("is nothing, and takes no timer, where nothing is on trial or this host is told nothing", () => {
		const clock = new TestClock();
		const device = { timer: clock, clock, trace: () => assert.fail() };
		for (const provision of [undefined, told({ trying: false }).provision]) {
			const trial = new Trial({ ...device, ...(provision && { provision }) }, () => assert.fail());
			trial.online();
			trial.offline();
			clock.advance(60 * MINUTE);
			assert.equal(clock.pending, 0);
		}
	});

	it("passes after a minute online, once", () => {
		const { trial, calls, clock, lines } = stage();
		clock.advance(2 * MINUTE);
		trial.online();
		clock.advance(MINUTE - 1);
		assert.deepEqual(calls, []);
		clock.advance(1);
		trial.offline();
		trial.online();
		clock.advance(60 * MINUTE);
		assert.deepEqual([calls, lines], [["keep"], ["provision: kept"]]);
	});

	it("may pass a minute after its five", () => {
		const { trial, calls, clock } = stage();
		clock.advance(5 * MINUTE - 1);
		trial.online();
		clock.advance(MINUTE);
		assert.deepEqual(calls, ["keep"]);
	});

	it("that loses its connection after its five minutes fails then, outside of the call that says so", () => {
		const { trial, calls, clock } = stage();
		clock.advance(5 * MINUTE - 1);
		trial.online();
		clock.advance(MINUTE - 1);
		trial.offline();
		assert.deepEqual(calls, []);
		clock.advance(0);
		assert.deepEqual(calls, ["drop", "restart"]);
	});

	it("that was refused commands fails, but not for a connection before the one that counts", () => {
		const { trial, calls, clock } = stage();
		trial.refused();
		trial.online();
		clock.advance(MINUTE);
		assert.deepEqual(calls, []);
		trial.offline();
		trial.online();
		clock.advance(MINUTE);
		assert.deepEqual(calls, ["keep"]);
	});

	it("that cannot be dropped restarts nothing, which would only try it again", () => {
		const { calls, clock, lines } = stage({ refusing: true });
		clock.advance(60 * MINUTE);
		assert.deepEqual(calls, ["drop"]);
		assert.match(lines[0] as string, /could not be dropped$/);
	});

	it("ends with the board", () => {
		const { trial, calls, clock } = stage();
		trial.close();
		clock.advance(60 * MINUTE);
		assert.deepEqual([calls, clock.pending], [[], 0]);
	});

	for (const [refusing, restarts] of [
		[false, 1],
		[true, 0],
	] as const)
		it(`of which no board can be made ${refusing ? "and that cannot be dropped stays" : "is dropped at once, and the board restarts"}`, () => {
			const world = new World();
			const { provision, calls } = told({ refusing });
			const device = { ...world.device(), provision, description: { root: "r", id: "b", broker: "nowhere" } };
			assert.equal(main(device), undefined);
			assert.deepEqual([calls, world.restarts], [["drop"], restarts]);
			assert.match(world.trace[0] as string, /^broker: expected/);
		});

	it("has nothing to do with a description that is wrong by itself", () => {
		const world = new World();
		const { provision, calls } = told({ trying: false });
		assert.equal(main({ ...world.device(), provision, description: {} }), undefined);
		assert.deepEqual([calls, world.restarts], [[], 0]);
	});
});

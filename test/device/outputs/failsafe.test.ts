/** What a broker's absence means to an output, by simulated time: when the fail-safe acts, and which command is not live. */

import assert from "node:assert/strict";
import FailSafe from "../../../modules/device/outputs/failsafe.js";
import { TestClock } from "../../clock.js";

function stage(allowed?: number) {
	const clock = new TestClock();
	const start = clock.now;
	const heard: string[] = [];
	const say = (what: string) => void heard.push(`${what} at ${clock.now - start}`);
	const failSafe = new FailSafe(clock, allowed, {
		onLost: () => say("lasted"),
		onSettled: () => say("settled"),
	});
	return { clock, heard, failSafe };
}
const message = (about: object = {}) => ({ QoS: 1, retain: false, duplicate: false, id: 1, ...about });

describe("the broker's absence", () => {
	it("counts from the start, and lasts once", () => {
		const { clock, heard } = stage(60_000);
		clock.advance(200_000);
		assert.deepEqual(heard, ["lasted at 60000"]);
	});

	it("ends when the broker is there, and begins anew with each loss", () => {
		const { clock, heard, failSafe } = stage(60_000);
		clock.advance(59_999);
		failSafe.online(false);
		clock.advance(100_001);
		failSafe.offline();
		clock.advance(60_000);
		assert.deepEqual(heard, ["lasted at 220000"]);
	});

	it("is counted from the first loss where several are told, and anew from one after it has lasted", () => {
		const { clock, heard, failSafe } = stage(60_000);
		clock.advance(30_000);
		failSafe.offline();
		clock.advance(170_000);
		failSafe.offline();
		clock.advance(60_000);
		assert.deepEqual(heard, ["lasted at 60000", "lasted at 260000"]);
	});

	it("means nothing to a fail-safe that there is not", () => {
		const { clock, heard } = stage();
		assert.equal(clock.pending, 0);
		clock.advance(1e9);
		assert.deepEqual(heard, []);
	});

	it("is counted anew, to another length, when that is configured while the broker is away", () => {
		const { clock, heard, failSafe } = stage(60_000);
		clock.advance(10_000);
		failSafe.configure(20_000);
		clock.advance(90_000);
		failSafe.online(false);
		failSafe.offline();
		failSafe.configure(5000);
		clock.advance(60_000);
		assert.deepEqual(heard, ["lasted at 30000", "lasted at 105000"]);
	});

	it("is not begun by a configuration while the broker is there, but has its length at the next loss", () => {
		const { clock, heard, failSafe } = stage(60_000);
		failSafe.online(false);
		failSafe.configure(20_000);
		clock.advance(100_000);
		failSafe.offline();
		clock.advance(20_000);
		assert.deepEqual(heard, ["lasted at 120000"]);
	});

	it("has no fail-safe any more once that is taken out of the description", () => {
		const { clock, heard, failSafe } = stage(60_000);
		failSafe.configure(undefined);
		clock.advance(100_000);
		assert.deepEqual(heard, []);
	});

	it("leaves no timer behind when it is closed, away or settling", () => {
		const { clock, failSafe } = stage(60_000);
		failSafe.close();
		assert.equal(clock.pending, 0);
		failSafe.online(true);
		failSafe.close();
		assert.equal(clock.pending, 0);
	});
});

describe("what the broker kept", () => {
	it("may come before it is there, and for a second after it is there with its session", () => {
		const { clock, heard, failSafe } = stage();
		assert.ok(failSafe.settling);
		failSafe.online(true);
		clock.advance(999);
		assert.ok(failSafe.settling);
		clock.advance(1);
		assert.ok(!failSafe.settling);
		assert.deepEqual(heard, ["settled at 1000"]);
	});

	it("is nothing where the session is new, and is not reported", () => {
		const { clock, heard, failSafe } = stage();
		failSafe.online(false);
		assert.ok(!failSafe.settling);
		clock.advance(10_000);
		assert.deepEqual(heard, []);
	});

	it("may come again from the next loss on", () => {
		const { failSafe } = stage();
		failSafe.online(false);
		failSafe.offline();
		assert.ok(failSafe.settling);
	});

	it("is waited for anew after a loss before it had all come", () => {
		const { clock, heard, failSafe } = stage();
		failSafe.online(true);
		clock.advance(999);
		failSafe.offline();
		clock.advance(10_000);
		assert.ok(failSafe.settling);
		failSafe.online(true);
		clock.advance(1000);
		assert.deepEqual(heard, ["settled at 11999"]);
	});

	it("is waited for as long as more of it comes, a second after each that was refused", () => {
		const { clock, heard, failSafe } = stage();
		failSafe.online(true);
		for (let i = 0; i < 3; i++) {
			clock.advance(900);
			assert.notEqual(failSafe.stale(message(), false, true), "");
		}
		// This one is done, so it proves nothing.
		clock.advance(500);
		failSafe.stale(message(), false, false);
		clock.advance(10_000);
		assert.deepEqual(heard, ["settled at 3700"]);
	});

	it("does not wait for an absent broker", () => {
		const { clock, failSafe } = stage();
		failSafe.stale(message(), true, true);
		assert.equal(clock.pending, 0);
	});
});

describe("a live command", () => {
	const old = "one that the broker had kept";
	const older = "one that the broker had kept, older than what was done here";
	for (const [title, settling, about, liveOnly, local, why] of [
		["is one after the broker has settled", false, {}, true, true, ""],
		[
			"is one where nothing was done here in its failSafe, though the broker kept it",
			true,
			{},
			false,
			false,
			"",
		],
		["is none when it was kept and something was done here since", true, {}, false, true, older],
		["is none when it was kept and only live ones are taken", true, {}, true, false, old],
		["is none as a redelivery where only live ones are taken", false, { duplicate: true }, true, false, old],
		["is one as a redelivery after the broker has settled", false, { duplicate: true }, false, true, ""],
	] as const)
		it(title, () => {
			const { failSafe } = stage();
			if (!settling) failSafe.online(false);
			assert.equal(failSafe.stale(message(about), liveOnly, local), why);
		});
});

/**
 * Ticks and wall time: ticks are whole, 32-bit and never go back, also when the wall clock is set.
 */

import type { Suite } from "./suite.js";

const suite: Suite = {
	title: "clock",
	cases: [
		{
			title: "ticks are 32-bit integers that go on",
			run(trial) {
				const { clock } = trial.device;
				const start = clock.ticks;
				trial.equal(start, start | 0);
				trial.later(() => {
					const elapsed = (clock.ticks - start) | 0;
					trial.ok(elapsed >= 20, `20 ms waited for, ${elapsed} ticks gone by`);
					trial.done();
				}, 20);
			},
		},
		{
			title: "time can be set and goes on from there",
			run(trial) {
				const { clock } = trial.device;
				const time = Date.UTC(2030, 5, 1);
				clock.time = time;
				trial.later(() => {
					const elapsed = clock.time - time;
					trial.ok(elapsed >= 15 && elapsed < 60_000, `${elapsed} ms away from what was set`);
					trial.done();
				}, 20);
			},
		},
		{
			title: "a jump of ten years in time moves no tick and no timer",
			run(trial) {
				const { clock, timer } = trial.device;
				const start = clock.ticks;
				timer.set(
					trial.on(() => {
						const elapsed = (clock.ticks - start) | 0;
						trial.ok(elapsed >= 30 && elapsed < 60_000, `${elapsed} ticks gone by`);
						trial.done();
					}),
					30,
				);
				clock.time += 315_576_000_000;
			},
		},
		{
			title: "synchronized tells whether the time is kept true",
			run(trial) {
				trial.equal(typeof trial.device.clock.synchronized, "boolean");
				trial.done();
			},
		},
	],
};

export default suite;

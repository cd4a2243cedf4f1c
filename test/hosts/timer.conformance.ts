/**
 * Moddable's `timer` module, which the standard has no counterpart of: order, sleep, and when a handle stops standing,
 * as on the ESP32 (SDK, modules/base/timer/mc). Times are compared in ticks and from below only.
 */

import type { TimerHandle } from "../../modules/mqtt/io.js";
import type { Suite } from "./suite.js";

const suite: Suite = {
	title: "timer",
	cases: [
		{
			title: "a callback never runs inside `set`, not even without a delay",
			run(trial) {
				let returned = false;
				trial.device.timer.set(
					trial.on(() => {
						trial.ok(returned, "called inside set");
						trial.done();
					}),
				);
				returned = true;
			},
		},
		{
			title: "a callback comes no earlier than its delay in ticks",
			run(trial) {
				const { timer, clock } = trial.device;
				const start = clock.ticks;
				let left = 5;
				for (const delay of [1, 3, 10, 20, 33])
					timer.set(
						trial.on(() => {
							const elapsed = (clock.ticks - start) | 0;
							trial.ok(elapsed >= delay, `${delay} ms asked for, ${elapsed} gone by`);
							if (--left === 0) trial.done();
						}),
						delay,
					);
			},
		},
		{
			title: "callbacks come in the order of their delays, not of their setting",
			run(trial) {
				const order: number[] = [];
				for (const delay of [60, 20, 40, 0])
					trial.device.timer.set(
						trial.on(() => {
							order.push(delay);
							if (delay < 60) return;
							trial.equal(order.join(), "0,20,40,60");
							trial.done();
						}),
						delay,
					);
			},
		},
		{
			title: "`set` with a repeat goes on until it is cleared, also by its own callback",
			run(trial) {
				const { timer } = trial.device;
				let count = 0;
				const handle: TimerHandle = timer.set(
					trial.on(() => {
						if (++count < 3) return;
						timer.clear(handle);
						trial.later(() => {
							trial.equal(count, 3);
							trial.done();
						});
					}),
					5,
					2,
				);
			},
		},
		{
			title: "a callback gets its handle, with the owner that was noted on it",
			run(trial) {
				const { timer } = trial.device;
				const owner = {};
				const callback = (handle: TimerHandle): void => {
					trial.ok(handle.owner === owner, "another handle, or without its owner");
					timer.clear(handle);
					trial.done();
				};
				const handle = timer.set(trial.on(callback), 5, 5);
				handle.owner = owner;
			},
		},
		{
			title: "`repeat` does not drift: a late callback does not move the next ones",
			run(trial) {
				const { timer, clock } = trial.device;
				const start = clock.ticks;
				let count = 0;
				const handle: TimerHandle = timer.repeat(
					trial.on(() => {
						count++;
						const at = clock.ticks;
						// Late once, by more than two intervals: what was missed is made up for.
						if (count === 1) while (((clock.ticks - at) | 0) < 25) {}
						if (count < 10) return;
						timer.clear(handle);
						trial.ok(((at - start) | 0) >= 100, "too early");
						trial.done();
					}),
					10,
				);
			},
		},
		{
			title: "`schedule` with a handle alone puts it to sleep until it is moved again",
			run(trial) {
				const { timer } = trial.device;
				let count = 0;
				const handle = timer.set(
					trial.on(() => {
						count++;
					}),
					5,
				);
				timer.schedule(handle);
				trial.later(() => {
					trial.equal(count, 0, "fired asleep");
					timer.schedule(handle, 1);
					trial.later(() => {
						trial.equal(count, 1);
						trial.done();
					});
				}, 30);
			},
		},
		{
			title:
				"a timer that was to repeat each millisecond from now on, and goes to sleep in its callback, fires once",
			run(trial) {
				const { timer } = trial.device;
				let count = 0;
				const handle: TimerHandle = timer.set(
					trial.on(() => {
						count++;
						timer.schedule(handle);
					}),
					0,
					1,
				);
				trial.later(() => {
					trial.equal(count, 1);
					trial.done();
				}, 30);
			},
		},
		{
			title: "`schedule` moves a timer, later and earlier",
			run(trial) {
				const { timer, clock } = trial.device;
				const start = clock.ticks;
				const order: string[] = [];
				const mark = (name: string) => trial.on(() => void order.push(name));
				const sooner = timer.set(mark("sooner"), 100_000);
				const later = timer.set(mark("later"), 1);
				timer.schedule(sooner, 10);
				timer.schedule(later, 40);
				timer.set(
					trial.on(() => {
						trial.equal(order.join(), "sooner,later");
						trial.ok(((clock.ticks - start) | 0) >= 60, "too early");
						trial.done();
					}),
					60,
				);
			},
		},
		{
			title: "`schedule` with a repeat turns a one-shot into a repeating timer",
			run(trial) {
				const { timer } = trial.device;
				let count = 0;
				const handle: TimerHandle = timer.set(
					trial.on(() => {
						if (++count < 3) return;
						timer.clear(handle);
						trial.done();
					}),
					100_000,
				);
				timer.schedule(handle, 0, 3);
			},
		},
		{
			title: "a timer moved by its own callback to later than it would repeat fires then, and once",
			run(trial) {
				const { timer, clock } = trial.device;
				let count = 0;
				let moved = 0;
				const handle: TimerHandle = timer.set(
					trial.on(() => {
						if (++count === 1) {
							moved = clock.ticks;
							timer.schedule(handle, 60, 20);
							return;
						}
						timer.clear(handle);
						trial.equal(count, 2);
						trial.ok(((clock.ticks - moved) | 0) >= 60, "too early");
						trial.done();
					}),
					5,
					20,
				);
			},
		},
		{
			title: "a one-shot that fired no longer stands: `schedule` throws, `clear` does nothing",
			run(trial) {
				const { timer } = trial.device;
				const handle = timer.set(() => {}, 1);
				trial.later(() => {
					trial.throws(() => timer.schedule(handle, 1));
					timer.clear(handle);
					trial.done();
				});
			},
		},
		{
			title: "a timer that put itself to sleep in its callback still stands",
			run(trial) {
				const { timer } = trial.device;
				let count = 0;
				const handle: TimerHandle = timer.set(
					trial.on(() => {
						count++;
						timer.schedule(handle);
					}),
					1,
				);
				trial.later(() => {
					trial.equal(count, 1);
					timer.schedule(handle, 1);
					trial.later(() => {
						trial.equal(count, 2);
						trial.done();
					});
				});
			},
		},
		{
			title: "`schedule` throws for a handle that was cleared",
			run(trial) {
				const { timer } = trial.device;
				const handle = timer.set(() => {}, 100_000);
				timer.clear(handle);
				trial.throws(() => timer.schedule(handle, 1));
				trial.done();
			},
		},
		{
			title: "`clear` may be given nothing, and the same handle twice",
			run(trial) {
				const { timer } = trial.device;
				timer.clear(undefined);
				const handle = timer.set(
					trial.on(() => {
						throw new Error("fired after clear");
					}),
					1,
				);
				timer.clear(handle);
				timer.clear(handle);
				trial.later(() => trial.done());
			},
		},
		{
			title: "a timer cleared by another's callback in the same turn does not fire",
			run(trial) {
				const { timer } = trial.device;
				let fired = 0;
				const handles: TimerHandle[] = [];
				for (let i = 0; i < 2; i++)
					handles.push(
						timer.set(
							trial.on(() => {
								fired++;
								for (const handle of handles) timer.clear(handle);
							}),
							5,
						),
					);
				trial.later(() => {
					trial.equal(fired, 1);
					trial.done();
				}, 30);
			},
		},
		{
			title: "`set` refuses what is no function",
			run(trial) {
				trial.throws(() => trial.device.timer.set(undefined as unknown as () => void, 1));
				trial.done();
			},
		},
	],
};

export default suite;

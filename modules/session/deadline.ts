/**
 * Time that has passed, and a moment to come. Ticks are 32 bits and wrap: their difference turns negative after 24.8 days,
 * so all of modules/ measures with `since` and `until`, and a rules test forbids subtracting ticks elsewhere. Monotonic
 * time only; knows nothing of the wall clock.
 */

import type { Timer, TimerHandle } from "../mqtt/io.js";

/**
 * Milliseconds from `then` to `now`; `then` is not in the future. Stays at 2 ** 31 - 1 from 24.8 days on. An age above 49.7
 * days looks young again: the caller then waits once more, at most for its own limit.
 */
export const since = (now: number, then: number): number => {
	const passed = (now - then) | 0;
	return passed < 0 ? 0x7fff_ffff : passed;
};

/** Milliseconds from `now` to `due`, which is at most 24.8 days ahead; 0 when it has come. */
export const until = (due: number, now: number): number => {
	const left = (due - now) | 0;
	return left > 0 ? left : 0;
};

/**
 * One timer that is kept and moved, never made anew: Moddable frees a one-shot timer when it fires, and making
 * one costs four times as much as moving one. Fires once for each `set`. Takes a method and its owner, for a closure
 * takes 168 bytes of RAM, and a board has some twenty deadlines.
 */
export class Deadline {
	private readonly timer: Timer;
	private readonly owner: object;
	private readonly action: () => void;
	private handle: TimerHandle | undefined;
	private pending = false;

	constructor(timer: Timer, owner: object, action: () => void) {
		this.timer = timer;
		this.owner = owner;
		this.action = action;
	}
	get standing(): boolean {
		return this.pending;
	}
	/** Fires after `delay` milliseconds, and no more at the moment that was set before. */
	set(delay: number): void {
		// It repeats only so as to outlive its first firing; `fire` puts it to sleep.
		const repeat = delay > 1 ? delay : 1;
		if (this.handle) this.timer.schedule(this.handle, delay, repeat);
		else {
			this.handle = this.timer.set(Deadline.fire, delay, repeat);
			this.handle.owner = this;
		}
		this.pending = true;
	}
	clear(): void {
		if (this.pending && this.handle) this.timer.schedule(this.handle);
		this.pending = false;
	}
	/** Gives the timer back to the host. */
	close(): void {
		this.timer.clear(this.handle);
		this.handle = undefined;
		this.pending = false;
	}
	private static fire(handle: TimerHandle): void {
		const deadline = handle.owner as Deadline;
		if (!deadline.pending) return;
		deadline.clear();
		deadline.action.call(deadline.owner);
	}
}

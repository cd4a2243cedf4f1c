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
export function since(now: number, then: number): number {
	const passed = (now - then) | 0;
	return passed < 0 ? 0x7fff_ffff : passed;
}

/** Milliseconds from `now` to `due`, which is at most 24.8 days ahead; 0 when it has come. */
export function until(due: number, now: number): number {
	const left = (due - now) | 0;
	return left > 0 ? left : 0;
}

/**
 * One timer that is kept and moved, never made anew: Moddable frees a one-shot timer when it fires, and making
 * one costs four times as much as moving one. Fires once for each `set`.
 */
export class Deadline {
	private readonly timer: Timer;
	private readonly callback: () => void;
	private handle: TimerHandle | undefined;
	private pending = false;

	constructor(timer: Timer, callback: () => void) {
		this.timer = timer;
		this.callback = callback;
	}
	get standing(): boolean {
		return this.pending;
	}
	/** Fires after `delay` milliseconds, and no more at the moment that was set before. */
	set(delay: number): void {
		// It repeats only so as to outlive its first firing; `fire` puts it to sleep.
		const repeat = delay > 1 ? delay : 1;
		if (this.handle) this.timer.schedule(this.handle, delay, repeat);
		else this.handle = this.timer.set(() => this.fire(), delay, repeat);
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
	private fire(): void {
		if (!this.pending) return;
		this.clear();
		this.callback();
	}
}

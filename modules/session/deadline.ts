/**
 * Time that has passed, a moment to come (`Deadline`), and so many messages a second (`Pace`; DESIGN.md, "States, connections"). Ticks are
 * 32 bits and wrap: their difference turns negative after 24.8 days, so all of modules/ measures with `since` and `until`, and a rules test
 * forbids subtracting ticks elsewhere. Monotonic time only; knows nothing of the wall clock.
 */

import type { Ticks, Timer, TimerHandle } from "../mqtt/io.js";

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
 * One timer that is kept and moved: Moddable frees a one-shot timer when it fires, and making one costs four times as much as moving
 * one. Fires once for each `set`. Takes a method and its owner, for a closure takes 168 bytes, and a board has some twenty deadlines.
 */
export class Deadline {
	private readonly timer: Timer;
	private readonly owner: object;
	private readonly action: () => void;
	private handle: TimerHandle | undefined;
	/** It is going to fire. Written here only. */
	standing = false;

	constructor(timer: Timer, owner: object, action: () => void) {
		this.timer = timer;
		this.owner = owner;
		this.action = action;
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
		this.standing = true;
	}
	clear(): void {
		if (this.standing && this.handle) this.timer.schedule(this.handle);
		this.standing = false;
	}
	/** Gives the timer back to the host. */
	close(): void {
		this.timer.clear(this.handle);
		this.handle = undefined;
		this.standing = false;
	}
	private static fire(handle: TimerHandle): void {
		const deadline = handle.owner as Deadline;
		if (!deadline.standing) return;
		deadline.clear();
		deadline.action.call(deadline.owner);
	}
}

/** Credit that is saved at most. */
const saved = (rate: number): number => (rate < 30 ? 2 : Math.floor(rate / 15));
/** Milliseconds for one message, of a limit of `rate` a second. */
export const intervalOf = (rate: number): number => Math.ceil(1000 / (rate - 2 * saved(rate)));

/**
 * A broker's limit on publishes a second: credit that comes with time, looked at only when it is used up. QoS 0 leaves a part of it to
 * alerts and the status; states and answers are in one queue with measurements, behind them. No second has more messages than the limit,
 * also after a pause: credit that was saved up and credit that this second earns are the limit together.
 */
export class Pace {
	private left: number;
	/** Below half of it QoS 0 waits. */
	private readonly most: number;
	/** Milliseconds for one message. */
	private readonly interval: number;
	private readonly ticks: Ticks;
	/** Ticks until which time is counted in `left`. */
	private counted: number;
	private readonly again: Deadline;

	/** `rate`: messages a second, 5 or more. `earned`, of `owner`: there is credit again for what had to wait. */
	constructor(rate: number, ticks: Ticks, timer: Timer, owner: object, earned: () => void) {
		this.left = this.most = saved(rate);
		this.interval = intervalOf(rate);
		this.ticks = ticks;
		this.counted = ticks.ticks;
		this.again = new Deadline(timer, owner, earned);
	}
	/** A message of this QoS may go, and counts. If not, `earned` is called. */
	takes(QoS: number): boolean {
		const least = QoS === 0 ? this.most >> 1 : 0;
		if (this.left <= least && !this.earn(least)) return false;
		this.left--;
		return true;
	}
	close(): void {
		this.again.close();
	}
	private earn(least: number): boolean {
		const passed = since(this.ticks.ticks, this.counted);
		const earned = Math.floor(passed / this.interval);
		const full = this.left + earned >= this.most;
		this.left = full ? this.most : this.left + earned;
		if (earned > 0) this.counted = (this.counted + (full ? passed : earned * this.interval)) | 0;
		if (this.left > least) return true;
		if (!this.again.standing) this.again.set(this.interval);
		return false;
	}
}

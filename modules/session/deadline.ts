/**
 * One timer that is kept and moved, never made anew: Moddable frees a one-shot timer when it fires, and making
 * one costs four times what moving one does. Fires once for each `set`. Does not measure time.
 */

import type { Timer, TimerHandle } from "../mqtt/io.js";

export class Alarm {
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
	/** Fires after `delay` milliseconds, whatever was set before. */
	set(delay: number): void {
		// It repeats only so as to outlive its first firing; #fire puts it to sleep.
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

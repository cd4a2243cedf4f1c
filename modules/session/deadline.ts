/**
 * One timer that is kept and moved, never made anew: Moddable frees a one-shot timer when it fires, and making
 * one costs four times what moving one does. Fires once for each `set`. Does not measure time.
 */

import type { Timer, TimerHandle } from "../mqtt/io.js";

export class Alarm {
	readonly #timer: Timer;
	readonly #callback: () => void;
	#handle: TimerHandle | undefined;
	#standing = false;

	constructor(timer: Timer, callback: () => void) {
		this.#timer = timer;
		this.#callback = callback;
	}
	get standing(): boolean {
		return this.#standing;
	}
	/** Fires after `delay` milliseconds, whatever was set before. */
	set(delay: number): void {
		// It repeats only so as to outlive its first firing; #fire puts it to sleep.
		const repeat = delay > 1 ? delay : 1;
		if (this.#handle) this.#timer.schedule(this.#handle, delay, repeat);
		else this.#handle = this.#timer.set(() => this.#fire(), delay, repeat);
		this.#standing = true;
	}
	clear(): void {
		if (this.#standing && this.#handle) this.#timer.schedule(this.#handle);
		this.#standing = false;
	}
	/** Gives the timer back to the host. */
	close(): void {
		this.#timer.clear(this.#handle);
		this.#handle = undefined;
		this.#standing = false;
	}
	#fire(): void {
		if (!this.#standing) return;
		this.clear();
		this.#callback();
	}
}

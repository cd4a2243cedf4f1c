/**
 * Time for tests: Moddable's `Timer`, monotonic ticks and wall time, all moved by hand. Nothing here waits.
 * Timers that fall due at the same tick fire in the order they were set, as on the device.
 */

import type { Clock } from "../modules/device/io.js";
import type { Timer, TimerHandle } from "../modules/mqtt/io.js";

interface Entry {
	callback: (handle: TimerHandle) => void;
	due: number;
	repeat: number | undefined;
	order: number;
}

export class TestClock implements Clock, Timer {
	/** True milliseconds since the clock was made; `ticks` is this, wrapped to 32 bits. */
	now: number;
	#offset: number;
	#entries = new Set<Entry>();
	#order = 0;
	synchronized = true;

	/** `start` lets a test begin just before `ticks` wraps; `time` is the wall clock then. */
	constructor(start = 1000, time = Date.UTC(2026, 0, 1)) {
		this.now = start;
		this.#offset = time - start;
	}
	get ticks() {
		return this.now | 0;
	}
	get time() {
		return this.now + this.#offset;
	}
	set time(value: number) {
		this.#offset = value - this.now;
	}
	/** How many timers there are, asleep or not. */
	get held() {
		return this.#entries.size;
	}
	/** How many timers stand and are not asleep. */
	get pending() {
		return [...this.#entries].filter(({ due }) => due !== Number.POSITIVE_INFINITY).length;
	}

	set(callback: (handle: TimerHandle) => void, delay = 0, repeat?: number): TimerHandle {
		const entry: Entry = { callback, due: this.now + delay, repeat, order: this.#order++ };
		this.#entries.add(entry);
		return entry as unknown as TimerHandle;
	}
	repeat(callback: (handle: TimerHandle) => void, interval: number): TimerHandle {
		return this.set(callback, interval, interval);
	}
	schedule(handle: TimerHandle, delay?: number, repeat?: number): void {
		const entry = handle as unknown as Entry;
		if (!this.#entries.has(entry)) throw new Error("timer: no longer stands");
		entry.due = delay === undefined ? Number.POSITIVE_INFINITY : this.now + delay;
		entry.repeat = repeat;
		entry.order = this.#order++;
	}
	clear(handle: TimerHandle | undefined): void {
		this.#entries.delete(handle as unknown as Entry);
	}

	/** Lets `milliseconds` go by, firing what falls due on the way. */
	advance(milliseconds: number): void {
		const end = this.now + milliseconds;
		for (;;) {
			let first: Entry | undefined;
			for (const entry of this.#entries)
				if (
					entry.due <= end &&
					(!first || entry.due < first.due || (entry.due === first.due && entry.order < first.order))
				)
					first = entry;
			if (!first) break;
			if (first.due > this.now) this.now = first.due;
			if (first.repeat === undefined) this.#entries.delete(first);
			else first.due += Math.max(first.repeat, 1);
			first.callback(first as unknown as TimerHandle);
		}
		this.now = end;
	}
}

/**
 * Moddable's `timer` module over the process's one queue (queue.ts), with the ESP32's semantics to the letter (SDK, modules/base/timer):
 * no callback earlier than its ticks, repeating timers do not drift, and a timer whose repeat is 0 is gone after its
 * callback, even if that callback moved it; only `schedule(handle)`, sleep, keeps it.
 */

import type { Ticks, Timer, TimerHandle } from "../../modules/mqtt/io.js";
import { Queue, type Waiting } from "./queue.js";

const longest = 0x7fffffff;
const asleep = -1;
/** The boards of a process have one. */
const queue = new Queue();

class Entry implements Waiting {
	readonly callback: (handle: TimerHandle) => void;
	/** Ticks. */
	due = 0;
	/** Milliseconds; 0 fires once; -1 sleeps. */
	repeat = 0;
	at = 0;
	place = -1;
	turn = 0;
	readonly #timer: HostTimer;

	constructor(timer: HostTimer, callback: (handle: TimerHandle) => void) {
		this.#timer = timer;
		this.callback = callback;
	}
	fire(): void {
		this.#timer.fire(this);
	}
}

/** Moddable's `timer` over `setTimeout`. */
export class HostTimer implements Timer {
	#ticks: Ticks;
	#entries = new Set<Entry>();
	#closed = false;

	constructor(ticks: Ticks) {
		this.#ticks = ticks;
	}

	set(callback: (handle: TimerHandle) => void, delay?: number, repeat?: number): TimerHandle {
		if (typeof callback !== "function") throw new TypeError("timer: callback must be a function");
		const entry = new Entry(this, callback);
		this.#entries.add(entry);
		this.#move(entry, integer(delay), integer(repeat));
		return entry as unknown as TimerHandle;
	}
	repeat(callback: (handle: TimerHandle) => void, interval: number): TimerHandle {
		return this.set(callback, interval, interval);
	}
	/** As on the device, it is the number of arguments that tells sleep from "at once". */
	schedule(handle: TimerHandle, ...when: [delay?: number, repeat?: number]): void {
		const entry = handle as unknown as Entry;
		if (!this.#entries.has(entry)) throw new Error("timer: no longer stands");
		if (when.length === 0) {
			queue.clear(entry);
			entry.repeat = asleep;
		} else this.#move(entry, integer(when[0]), integer(when[1]));
	}
	clear(handle?: TimerHandle): void {
		const entry = handle as unknown as Entry | undefined;
		if (entry && this.#entries.delete(entry)) queue.clear(entry);
	}
	/** Power off: nothing fires any more. What is set later does not fire either. */
	close(): void {
		this.#closed = true;
		for (const entry of this.#entries) queue.clear(entry);
		this.#entries.clear();
	}

	#move(entry: Entry, delay: number, repeat: number): void {
		entry.due = (this.#ticks.ticks + delay) | 0;
		entry.repeat = repeat;
		this.#arm(entry);
	}
	#arm(entry: Entry): void {
		if (!this.#closed) queue.set(entry, (entry.due - this.#ticks.ticks) | 0);
	}
	/** For the queue. */
	fire(entry: Entry): void {
		// The queue runs on another clock and may come a millisecond early.
		if (((entry.due - this.#ticks.ticks) | 0) > 0) {
			this.#arm(entry);
			return;
		}
		if (entry.repeat > 0) entry.due = (entry.due + entry.repeat) | 0;
		try {
			entry.callback(entry as unknown as TimerHandle);
		} finally {
			if (this.#entries.has(entry)) {
				if (entry.repeat === 0) this.clear(entry as unknown as TimerHandle);
				else if (entry.repeat > 0 && entry.place < 0) this.#arm(entry);
			}
		}
	}
}

function integer(value: number | undefined): number {
	return Math.min(Math.max(Math.trunc(value || 0), 0), longest);
}

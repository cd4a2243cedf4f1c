/**
 * Moddable's `timer` module for a board in the XS worker, with the ESP32's semantics: a timer whose repeat is 0 is gone after
 * its callback, even if that moved it; only sleep, `schedule` without times, keeps it. Node keeps the time
 * (server.ts), so that a test's simulated clock drives it. Runs in the worker.
 */

import type { Timer, TimerHandle } from "../../modules/mqtt/io.js";
import { Host } from "./channel.js";
import type { Link } from "./link.js";

interface Entry {
	readonly id: number;
	readonly callback: (handle: TimerHandle) => void;
	/** Milliseconds; 0 fires once; -1 sleeps. */
	repeat: number;
	/** Moved since its callback began. */
	moved: boolean;
}

const ASLEEP = -1;
const LONGEST = 0x7fffffff;

export class WorkerTimer implements Timer {
	#link: Link;
	#entries = new Map<number, Entry>();

	constructor(link: Link) {
		this.#link = link;
	}

	set(callback: (handle: TimerHandle) => void, delay?: number, repeat?: number): TimerHandle {
		if (typeof callback !== "function") throw new TypeError("timer: callback must be a function");
		const entry = { id: this.#link.number(), callback, repeat: 0, moved: false };
		this.#entries.set(entry.id, entry);
		this.#move(entry, delay, repeat);
		return entry as unknown as TimerHandle;
	}
	repeat(callback: (handle: TimerHandle) => void, interval: number): TimerHandle {
		return this.set(callback, interval, interval);
	}
	schedule(handle: TimerHandle, ...when: [delay?: number, repeat?: number]): void {
		const entry = handle as unknown as Entry | undefined;
		if (!entry || this.#entries.get(entry.id) !== entry) throw new Error("timer: no longer stands");
		if (when.length === 0) {
			entry.repeat = ASLEEP;
			this.#link.post(Host.Disarm, entry.id);
		} else this.#move(entry, ...when);
	}
	clear(handle?: TimerHandle): void {
		const entry = handle as unknown as Entry | undefined;
		if (!entry || this.#entries.get(entry.id) !== entry) return;
		this.#entries.delete(entry.id);
		this.#link.post(Host.Disarm, entry.id);
	}

	fire(id: number): void {
		const entry = this.#entries.get(id);
		if (!entry) return;
		entry.moved = false;
		entry.callback(entry as unknown as TimerHandle);
		if (entry.repeat !== 0) return;
		if (entry.moved) this.clear(entry as unknown as TimerHandle);
		else this.#entries.delete(id);
	}

	#move(entry: Entry, delay?: number, repeat?: number): void {
		entry.repeat = integer(repeat);
		entry.moved = true;
		this.#link.post(Host.Arm, entry.id, integer(delay), entry.repeat);
	}
}

function integer(value: number | undefined): number {
	return Math.min(Math.max(Math.trunc(value || 0), 0), LONGEST);
}

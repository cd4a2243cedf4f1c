/**
 * Ticks and wall time over Node's clocks: what Moddable's `time` module gives a board. The operating system keeps
 * the wall clock true; setting `time` moves this board's view of it and nothing else.
 */

import type { Clock } from "../../modules/device/io.js";

/**
 * The operating system's clocks: `ticks` is monotonic, in milliseconds, 32 bits, wrapping; `time` is milliseconds
 * since 1970.
 */
export class HostClock implements Clock {
	readonly synchronized = true;
	#offset = 0;

	/** 32 bits, wrapping, from the monotonic clock: no jump of the wall clock is seen here. */
	get ticks(): number {
		return Math.floor(performance.now()) | 0;
	}
	get time(): number {
		return Date.now() + this.#offset;
	}
	set time(value: number) {
		if (!Number.isFinite(value)) throw new RangeError("clock: time must be a number of milliseconds");
		this.#offset = value - Date.now();
	}
}

/**
 * Wall time and ticks of the SDK's `time` module. `synchronized` says that an operating system keeps the time true:
 * setting it then moves this board's view alone.
 */

import Time from "time";
import type { Clock } from "../../modules/device/io.js";

class SDKClock implements Clock {
	readonly synchronized: boolean;
	private offset = 0;

	constructor(synchronized: boolean) {
		this.synchronized = synchronized;
	}
	get ticks() {
		return Time.ticks | 0;
	}
	get time() {
		return Date.now() + this.offset;
	}
	set time(value: number) {
		if (!Number.isFinite(value)) throw new RangeError("clock: time must be a number of milliseconds");
		if (this.synchronized) this.offset = value - Date.now();
		// Whole seconds are all the SDK takes.
		else Time.set(Math.round(value / 1000));
	}
}

export const clock = (synchronized: boolean): Clock => new SDKClock(synchronized);

/** Wall time and ticks of the SDK's `time` module. `synchronized` says whether somebody else keeps the time true. */

import Time from "time";
import type { Clock } from "../../modules/device/io.js";

export function clock(synchronized: boolean): Clock {
	return Object.freeze({
		synchronized,
		get ticks() {
			return Time.ticks | 0;
		},
		get time() {
			return Date.now();
		},
		set time(value: number) {
			// Whole seconds are all the SDK takes.
			Time.set(Math.round(value / 1000));
		},
	});
}

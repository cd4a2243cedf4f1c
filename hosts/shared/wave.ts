/**
 * Sensor `wave`: a sine between `minimum` and `maximum`, one `period` (ms) long, for demonstrations and tests. The
 * same ticks give the same values: it starts at the middle, rising, when it is made.
 */

import type { SensorDriver } from "../../modules/device/io.js";
import type { Ticks } from "../../modules/mqtt/io.js";
import { Elapsed, HostSensor, type SensorOptions } from "./sensor.js";

export interface WaveOptions extends SensorOptions {
	readonly ticks: Ticks;
	readonly minimum?: number;
	readonly maximum?: number;
	/** Milliseconds. */
	readonly period?: number;
}

export class Wave extends HostSensor {
	private elapsed: Elapsed;
	private minimum = 15;
	private maximum = 25;
	private period = 60_000;

	constructor(options: WaveOptions) {
		super("wave", options);
		this.configure(options);
		this.elapsed = new Elapsed(options.ticks);
	}
	override configure(options: Omit<WaveOptions, "ticks">): void {
		super.configure(options);
		const { minimum = this.minimum, maximum = this.maximum, period = this.period } = options;
		if (!Number.isFinite(minimum) || !Number.isFinite(maximum))
			throw new RangeError("wave: minimum and maximum must be numbers");
		if (minimum > maximum)
			throw new RangeError(`wave: minimum ${minimum} is greater than maximum ${maximum}`);
		if (!(Number.isFinite(period) && period > 0))
			throw new RangeError("wave: period must be a positive number of milliseconds");
		this.minimum = minimum;
		this.maximum = maximum;
		this.period = period;
	}
	sample(): { value: number } {
		this.check();
		// The remainder first: a sine of large numbers loses digits.
		const phase = (this.elapsed.milliseconds % this.period) / this.period;
		const middle = (this.minimum + this.maximum) / 2;
		return { value: middle + ((this.maximum - this.minimum) / 2) * Math.sin(2 * Math.PI * phase) };
	}
}

/** The driver of a board with these ticks. */
export const driver = (ticks: Ticks): SensorDriver => ({
	io: Wave as SensorDriver["io"],
	quantity: "value",
	options: {
		minimum: { type: "number" },
		maximum: { type: "number" },
		period: { type: "number", minimum: 1 },
	},
	defaults: { ticks },
});

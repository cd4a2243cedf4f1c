/**
 * Sensor `cpu-load`: how busy all processors were since the last sample, in percent of their time. The kernel
 * counts in steps of about 10 ms; a sample that comes sooner repeats the last value rather than inventing one.
 */

import { type CpuInfo, cpus } from "node:os";
import type { SensorDriver } from "../../modules/device/io.js";
import { HostSensor, type SensorOptions } from "../shared/sensor.js";

export interface CPULoadOptions extends SensorOptions {
	/** Where the counters come from; the operating system's if not given. */
	readonly source?: () => readonly CpuInfo[];
}

export class CPULoad extends HostSensor {
	#source: () => readonly CpuInfo[];
	#busy: number;
	#total: number;
	#load: number;

	constructor(options: CPULoadOptions) {
		super("cpu-load", options);
		this.#source = options.source ?? cpus;
		const { busy, total } = times(this.#source());
		if (total === 0) throw new Error("cpu-load: the operating system gives no processor times");
		this.#busy = busy;
		this.#total = total;
		// Until time has gone by, the mean since the machine started is the best that is known.
		this.#load = (100 * busy) / total;
	}
	sample(): { load: number } {
		this.check();
		const { busy, total } = times(this.#source());
		if (total > this.#total) {
			// A virtual machine may move counters back; then the interval says nothing.
			this.#load = Math.min(Math.max((100 * (busy - this.#busy)) / (total - this.#total), 0), 100);
			this.#busy = busy;
			this.#total = total;
		}
		return { load: this.#load };
	}
}

export const driver: SensorDriver = { io: CPULoad, quantity: "load", unit: "%" };

/** Why this machine has no such sensor, if so. */
export function absent(): string | undefined {
	return times(cpus()).total === 0 ? "the operating system gives no processor times" : undefined;
}

function times(list: readonly CpuInfo[]): { busy: number; total: number } {
	let total = 0;
	let idle = 0;
	for (const { times } of list) {
		total += times.user + times.nice + times.sys + times.irq + times.idle;
		idle += times.idle;
	}
	return { busy: total - idle, total };
}

/**
 * What the sensors of our own hosts share of ECMA-419's Sensor Class Pattern (§12, §13): options are required,
 * `configure` changes only what it is given, a closed sensor throws. What it measures is the subclass's.
 */

import type { Sample, Sensor } from "../../modules/device/io.js";

export interface SensorOptions {
	readonly target?: unknown;
}

export abstract class HostSensor implements Sensor {
	target: unknown;
	private name: string;
	private closed = false;

	constructor(name: string, options: SensorOptions) {
		if (options === null || typeof options !== "object") throw new TypeError(`${name}: options are required`);
		this.name = name;
		this.target = options.target;
	}
	configure(options: object): void {
		this.check();
		if (options === null || typeof options !== "object")
			throw new TypeError(`${this.name}: options are required`);
	}
	abstract sample(): Sample | undefined;
	close(): void {
		this.closed = true;
	}
	protected check(): void {
		if (this.closed) throw new Error(`${this.name}: closed`);
	}
}

/** Milliseconds gone by since it was made or set back, from ticks that wrap; asked at least once in 24 days. */
export class Elapsed {
	private source: { readonly ticks: number };
	private last: number;
	private total = 0;

	constructor(source: { readonly ticks: number }) {
		if (typeof source?.ticks !== "number") throw new TypeError("sensor: ticks are required");
		this.source = source;
		this.last = source.ticks;
	}
	get milliseconds(): number {
		const now = this.source.ticks;
		this.total += (now - this.last) | 0;
		this.last = now;
		return this.total;
	}
	reset(): void {
		this.total = 0;
		this.last = this.source.ticks;
	}
}

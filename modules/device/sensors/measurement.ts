/**
 * From samples to measurements: window, decimals, deadband with a heartbeat, batch, and the JSON of field-notes §4.
 * `{"v":23.4,"ts":…,"tsq":"ntp","seq":…}`; of a batch `v` is a list, `ts` and `seq` are the first value's, and `dt`
 * says how many milliseconds after `ts` each one is. Every value takes a `seq`, so what QoS 0 lost can be counted.
 */

import type { SensorDescription } from "../description/description.js";
import type Time from "../time.js";

export interface ReportOptions {
	readonly description: SensorDescription;
	readonly time: Time;
	/** False when it did not go out. */
	readonly publish: (payload: string) => boolean;
}

/** With a deadband and no `maxSilence`. */
const SILENCE = 300_000;

export default class Report {
	private readonly time: Time;
	private readonly publish: (payload: string) => boolean;
	private description!: SensorDescription;
	private scale = 0;
	/** Periods to a window, and those gone by. */
	private periods = 1;
	private passed = 0;
	private count = 0;
	private sum = 0;
	private minimum = 0;
	private maximum = 0;
	/** The last value published, and when; NaN before the first. */
	private last = Number.NaN;
	private since = 0;
	private seq = 0;
	/** The batch: its values and times as text, its first `ts`, `tsq` and ticks. */
	private batched = 0;
	private values = "";
	private lows = "";
	private highs = "";
	private offsets = "";
	private ts = 0;
	private tsq = "";
	private start = 0;

	constructor({ description, time, publish }: ReportOptions) {
		this.time = time;
		this.publish = publish;
		this.configure(description);
	}

	/** From the next sample on; what was gathered is given up. */
	configure(description: SensorDescription): void {
		const { decimals, window, every } = description;
		this.description = description;
		this.scale = decimals === undefined ? 0 : 10 ** decimals;
		this.periods = window === undefined ? 1 : Math.max(1, Math.round(window / every));
		this.passed = 0;
		this.count = 0;
		this.flush();
	}

	/** A sample, or `undefined`, that stands for so many periods. */
	add(value: number | undefined, ticks: number, periods = 1): void {
		this.expire(ticks);
		if (value !== undefined) this.gather(value);
		this.passed += periods;
		if (this.passed < this.periods) return;
		this.passed %= this.periods;
		if (this.count) this.measure(this.aggregate(), ticks);
		this.count = 0;
	}

	/** Publishes a batch that is not full. */
	flush(): void {
		if (!this.batched) return;
		const range = this.lows === "" ? "" : `,"min":[${this.lows}],"max":[${this.highs}]`;
		const first = this.seq - this.batched + 1;
		this.batched = 0;
		this.send(
			`{"v":[${this.values}]${range},"dt":[${this.offsets}],"ts":${this.ts},"tsq":"${this.tsq}","seq":${first}}`,
		);
	}

	/** A batch that a failing sensor or a deadband leaves unfilled goes out after twice the time it should have taken. */
	private expire(ticks: number): void {
		const { every, batch } = this.description;
		if (this.batched && ((ticks - this.start) | 0) >= 2 * every * this.periods * batch) this.flush();
	}

	private gather(value: number): void {
		if (this.count++ === 0) {
			this.sum = this.minimum = this.maximum = value;
			return;
		}
		this.sum += value;
		if (value < this.minimum) this.minimum = value;
		if (value > this.maximum) this.maximum = value;
	}

	private aggregate(): number {
		if (this.count === 1) return this.sum;
		if (this.description.aggregate === "minimum") return this.minimum;
		if (this.description.aggregate === "maximum") return this.maximum;
		return this.sum / this.count;
	}

	private measure(raw: number, ticks: number): void {
		const value = this.round(raw);
		if (this.quiet(value, ticks)) return;
		this.last = value;
		this.since = ticks;
		this.seq++;
		const range = this.description.aggregate === "range" && this.description.window !== undefined;
		if (this.description.batch > 1) this.batch(value, ticks, range);
		else this.single(value, range);
	}

	private single(value: number, range: boolean): void {
		const bounds = range ? `,"min":${this.round(this.minimum)},"max":${this.round(this.maximum)}` : "";
		// `now` first: it decides the quality.
		const ts = this.time.now();
		this.send(`{"v":${value}${bounds},"ts":${ts},"tsq":"${this.time.quality}","seq":${this.seq}}`);
	}

	private batch(value: number, ticks: number, range: boolean): void {
		const first = this.batched++ === 0;
		if (first) {
			this.ts = this.time.now();
			this.tsq = this.time.quality;
			this.start = ticks;
		}
		const comma = first ? "" : ",";
		this.values = `${first ? "" : this.values}${comma}${value}`;
		this.offsets = `${first ? "" : this.offsets}${comma}${(ticks - this.start) | 0}`;
		this.lows = range ? `${first ? "" : this.lows}${comma}${this.round(this.minimum)}` : "";
		this.highs = range ? `${first ? "" : this.highs}${comma}${this.round(this.maximum)}` : "";
		if (this.batched >= this.description.batch) this.flush();
	}

	/** A value that nobody got is none to stay silent about: the next one goes out whatever it is. */
	private send(payload: string): void {
		if (!this.publish(payload)) this.last = Number.NaN;
	}

	/** Inside the deadband, and not for too long. */
	private quiet(value: number, ticks: number): boolean {
		const { deadband, maxSilence = SILENCE } = this.description;
		if (deadband === undefined || Number.isNaN(this.last)) return false;
		const away = Math.abs(value - this.last);
		if (away > 0 && away >= deadband) return false;
		const silence = (ticks - this.since) | 0;
		// Negative once ticks have gone half round: then it has been silent for days.
		return silence >= 0 && silence < maxSilence;
	}

	private round(value: number): number {
		// `+ 0`: JSON has a -0 that no dashboard wants.
		return (this.scale ? Math.round(value * this.scale) / this.scale : value) + 0;
	}
}

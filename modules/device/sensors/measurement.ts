/**
 * From samples to measurements: window, decimals, deadband with a heartbeat, batch, and the JSON that is published:
 * `{"v":23.4,"ts":…,"tsq":"ntp","seq":…}`; of a batch `v` is a list, `ts` and `seq` are the first value's, and `dt`
 * says how many milliseconds after `ts` each one is. Every value takes a `seq`, so what QoS 0 lost can be counted.
 */

import type { SensorDescription } from "../description/description.js";
import type Publisher from "../publisher.js";
import type Time from "../time.js";

/** With a deadband and no `maxSilence`. */
const SILENCE = 300_000;

/** The samples of one window. */
interface Window {
	/** Periods that have gone by, and values among them. */
	passed: number;
	count: number;
	sum: number;
	minimum: number;
	maximum: number;
}

/** Values that are published together: as text, each behind a comma. */
interface Batch {
	count: number;
	values: string;
	lows: string;
	highs: string;
	offsets: string;
	readonly ts: number;
	readonly quality: string;
	/** Uptime. */
	readonly start: number;
}

export default class Measurement {
	private readonly publisher: Publisher;
	private readonly time: Time;
	private readonly topic: string;
	private description!: SensorDescription;
	/** 10 ** decimals, or 0. */
	private scale = 0;
	/** Periods to a window. */
	private periods = 1;
	private seq = 0;
	/** With a deadband: the last value published, and when; NaN where it was not accepted: then the next is published in any case. */
	private last = Number.NaN;
	private since = 0;
	private window: Window | undefined;
	private batch: Batch | undefined;

	/** `topic` is the whole one. */
	constructor(description: SensorDescription, topic: string, time: Time, publisher: Publisher) {
		this.publisher = publisher;
		this.time = time;
		this.topic = topic;
		this.configure(description);
	}

	/** From the next sample on; the window that was begun is given up. */
	configure(description: SensorDescription): void {
		const { decimals, window, every } = description;
		this.flush();
		this.description = description;
		this.scale = decimals === undefined ? 0 : 10 ** decimals;
		this.periods = window === undefined ? 1 : Math.max(1, Math.round(window / every));
		this.window = window === undefined ? undefined : { passed: 0, count: 0, sum: 0, minimum: 0, maximum: 0 };
	}

	/** A sample, or `undefined`, that stands for so many periods. `now`: uptime. */
	add(value: number | undefined, now: number, periods: number): void {
		if (this.batch !== undefined) this.expire(now);
		if (this.window !== undefined) this.gather(this.window, value, now, periods);
		else if (value !== undefined) this.measure(value, now);
	}

	/** Publishes a batch that is not full. */
	flush(): void {
		const batch = this.batch;
		if (batch === undefined) return;
		this.batch = undefined;
		const { values, lows, highs, offsets, ts, quality } = batch;
		const range = lows === "" ? "" : `,"min":[${lows.slice(1)}],"max":[${highs.slice(1)}]`;
		const lists = `{"v":[${values.slice(1)}]${range},"dt":[${offsets.slice(1)}]`;
		const text = `${lists},"ts":${ts},"tsq":"${quality}","seq":${this.seq - batch.count + 1}}`;
		if (!this.publisher.measurement(this.topic, text)) this.last = Number.NaN;
	}

	/** A batch that a failing sensor or a deadband leaves unfilled goes out after twice the time it should have taken. */
	private expire(now: number): void {
		const { every, batch } = this.description;
		if (now - (this.batch as Batch).start >= 2 * every * this.periods * batch) this.flush();
	}

	private gather(window: Window, value: number | undefined, now: number, periods: number): void {
		if (value !== undefined) {
			const first = window.count++ === 0;
			window.sum = first ? value : window.sum + value;
			if (first || value < window.minimum) window.minimum = value;
			if (first || value > window.maximum) window.maximum = value;
		}
		window.passed += periods;
		if (window.passed < this.periods) return;
		window.passed %= this.periods;
		if (window.count) this.measure(this.aggregate(window), now);
		window.count = 0;
	}

	private aggregate({ count, sum, minimum, maximum }: Window): number {
		const { aggregate } = this.description;
		if (aggregate === "minimum") return minimum;
		if (aggregate === "maximum") return maximum;
		return sum / count;
	}

	private measure(raw: number, now: number): void {
		const value = this.round(raw);
		const { deadband, batch } = this.description;
		if (deadband !== undefined) {
			if (this.quiet(value, now, deadband)) return;
			this.last = value;
			this.since = now;
		}
		this.seq++;
		if (batch > 1) {
			this.collect(value, now);
			return;
		}
		// `now()` before `quality`, which it decides.
		const ts = this.time.now();
		const text = `{"v":${value}${this.range()},"ts":${ts},"tsq":"${this.time.quality}","seq":${this.seq}}`;
		if (!this.publisher.measurement(this.topic, text)) this.last = Number.NaN;
	}

	private range(): string {
		const window = this.window;
		if (window === undefined || this.description.aggregate !== "range") return "";
		return `,"min":${this.round(window.minimum)},"max":${this.round(window.maximum)}`;
	}

	private collect(value: number, now: number): void {
		const { time, window } = this;
		if (this.batch === undefined) {
			const ts = time.now();
			const empty = { values: "", lows: "", highs: "", offsets: "" };
			this.batch = { count: 0, ...empty, ts, quality: time.quality, start: now };
		}
		const batch = this.batch;
		batch.values += `,${value}`;
		batch.offsets += `,${now - batch.start}`;
		if (window !== undefined && this.description.aggregate === "range") {
			batch.lows += `,${this.round(window.minimum)}`;
			batch.highs += `,${this.round(window.maximum)}`;
		}
		if (++batch.count >= this.description.batch) this.flush();
	}

	/** Inside the deadband, and not for too long. Nothing is inside while `last` is NaN. */
	private quiet(value: number, now: number, deadband: number): boolean {
		const away = Math.abs(value - this.last);
		if (!(away < deadband || away === 0)) return false;
		return now - this.since < (this.description.maxSilence ?? SILENCE);
	}

	private round(value: number): number {
		// `+ 0`: JSON has a -0 that no dashboard wants.
		return (this.scale ? Math.round(value * this.scale) / this.scale : value) + 0;
	}
}

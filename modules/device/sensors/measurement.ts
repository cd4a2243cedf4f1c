/**
 * From samples to measurements (TOPICS.md, "Measurements"): window, decimals, deadband with a heartbeat, batch, and the JSON that is
 * published: `{"v":23.4,"ts":…,"tsq":"ntp","seq":…}`; of a batch `v` is a list, `ts` and `seq` are the first value's, and `dt` says how many
 * milliseconds after `ts` each one is. Every value takes a `seq`, so what QoS 0 lost can be counted. The lower layer of a sensor
 * (sensor.ts): both are one object, which spares RAM for each sensor.
 */

import { Outcome } from "../../session/outcomes.js";
import type { SensorDescription } from "../description/description.js";
import type Publisher from "../publisher.js";
import type Time from "../time.js";
import topics from "../topics.js";

/** With a deadband and no `maxSilence`. */
const SILENCE = 300_000;

// Literals of the JSON, each once: a preloaded module copies a literal of a function at each use (20 bytes and more).
const VALUE = '{"v":';
const TIME = ',"ts":';
const SEQUENCE = ',"seq":';
const END = "}";
// Looked up once too: a global costs 250 instructions each time, a name of another module 130.
const round = Math.round;
const SENT = Outcome.sent;

/** The objects that the measurements of a board share. */
export interface MeasurementParts {
	readonly time: Time;
	readonly publisher: Publisher;
}

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
	readonly tsq: string;
	/** Uptime. */
	readonly start: number;
}

export default class Measurement {
	protected readonly parts: MeasurementParts;
	/** The whole one, put together once and not at each sample. */
	private readonly topic: string;
	/** Changed by `configure` only. */
	description: SensorDescription;
	/** Each sample is a measurement by itself: no window, deadband or batch. */
	private plain = true;
	/** 10 ** decimals, or 0. */
	private scale = 0;
	private seq = 0;
	// Only with a window, deadband or batch, so that others do not pay a slot for each.
	/** Periods to a window. */
	declare private periods: number;
	/** The last value published, and when; NaN where it was not accepted: then the next is published in any case. */
	declare private published: number;
	declare private since: number;
	declare private window: Window | undefined;
	declare private batch: Batch | undefined;

	constructor(parts: MeasurementParts, description: SensorDescription) {
		this.parts = parts;
		this.topic = parts.publisher.measured(topics.measurement(description.name));
		this.description = description;
		this.configure(description);
	}

	/** From the next sample on; the window that was begun is given up. */
	configure(description: SensorDescription): void {
		const { decimals, deadband, batch, window, every } = description;
		this.flush();
		this.description = description;
		this.scale = decimals === undefined ? 0 : 10 ** decimals;
		this.plain = window === undefined && deadband === undefined && batch === 1;
		if (this.plain) return;
		this.published = Number.NaN;
		this.since = 0;
		this.periods = window === undefined ? 1 : Math.max(1, Math.round(window / every));
		this.window = window === undefined ? undefined : { passed: 0, count: 0, sum: 0, minimum: 0, maximum: 0 };
	}

	/** A sample, or `undefined`, that stands for so many periods. `now`: uptime. */
	add(sample: number | undefined, now: number, periods: number): void {
		const plain = this.plain;
		const raw = plain ? sample : this.gather(sample, now, periods);
		if (raw === undefined) return;
		const scale = this.scale;
		// `+ 0`: JSON has a -0 that no dashboard wants.
		const value = (scale === 0 ? raw : round(raw * scale) / scale) + 0;
		const parts = this.parts;
		const time = parts.time;
		// `now()` before `tsq`, which it decides.
		const ts = time.now(now) as never;
		const seq = ++this.seq as never;
		const shown = (plain ? value : `${value}${this.bounds()}`) as never;
		// One call, for one string: by `+` or a template there would be seven, and twice the garbage.
		const text = VALUE.concat(shown, TIME, ts, time.tsq, SEQUENCE, seq, END);
		const publisher = parts.publisher;
		const outcome = publisher.session.measure(this.topic, text);
		// Mostly it was sent and there is nothing to tell: 30 units.
		if (outcome !== SENT || publisher.trace !== undefined)
			if (!publisher.accepted(this.topic, text, outcome)) this.published = Number.NaN;
	}

	/** Publishes a batch that is not full. */
	flush(): void {
		const batch = this.batch;
		if (batch === undefined) return;
		this.batch = undefined;
		const { values, lows, highs, offsets, ts, tsq } = batch;
		const range = lows === "" ? "" : `,"min":[${lows.slice(1)}],"max":[${highs.slice(1)}]`;
		const lists = `{"v":[${values.slice(1)}]${range},"dt":[${offsets.slice(1)}]`;
		const text = `${lists},"ts":${ts}${tsq},"seq":${this.seq - batch.count + 1}}`;
		if (!this.parts.publisher.measurement(this.topic, text)) this.published = Number.NaN;
	}

	/** Returns what is to be published by itself, if anything is. */
	private gather(value: number | undefined, now: number, periods: number): number | undefined {
		const window = this.window;
		const { every, batch, aggregate } = this.description;
		// A batch that a failing sensor or a deadband leaves unfilled goes out after twice the time it should have taken.
		if (this.batch !== undefined && now - this.batch.start >= 2 * every * this.periods * batch) this.flush();
		if (window === undefined) return value === undefined ? undefined : this.measure(value, now);
		if (value !== undefined) {
			const first = window.count++ === 0;
			window.sum = first ? value : window.sum + value;
			if (first || value < window.minimum) window.minimum = value;
			if (first || value > window.maximum) window.maximum = value;
		}
		window.passed += periods;
		if (window.passed < this.periods) return undefined;
		window.passed %= this.periods;
		const count = window.count;
		window.count = 0;
		if (count === 0) return undefined;
		if (aggregate === "minimum") return this.measure(window.minimum, now);
		if (aggregate === "maximum") return this.measure(window.maximum, now);
		return this.measure(window.sum / count, now);
	}

	/** Against the deadband, and into the batch. Returns what is to be published by itself. */
	private measure(value: number, now: number): number | undefined {
		const { deadband, batch } = this.description;
		if (deadband !== undefined) {
			const rounded = this.round(value);
			if (this.quiet(rounded, now, deadband)) return undefined;
			this.published = rounded;
			this.since = now;
		}
		if (batch === 1) return value;
		this.collect(value, now);
		return undefined;
	}

	private bounds(): string {
		const window = this.window;
		if (window === undefined || this.description.aggregate !== "range") return "";
		return `,"min":${this.round(window.minimum)},"max":${this.round(window.maximum)}`;
	}

	private collect(raw: number, now: number): void {
		const window = this.window;
		const time = this.parts.time;
		if (this.batch === undefined) {
			const ts = time.now(now);
			const empty = { values: "", lows: "", highs: "", offsets: "" };
			this.batch = { count: 0, ...empty, ts, tsq: time.tsq, start: now };
		}
		const batch = this.batch;
		this.seq++;
		batch.values += `,${this.round(raw)}`;
		batch.offsets += `,${now - batch.start}`;
		if (window !== undefined && this.description.aggregate === "range") {
			batch.lows += `,${this.round(window.minimum)}`;
			batch.highs += `,${this.round(window.maximum)}`;
		}
		if (++batch.count >= this.description.batch) this.flush();
	}

	/** Inside the deadband, and not for too long. Nothing is inside while `published` is NaN. */
	private quiet(value: number, now: number, deadband: number): boolean {
		const away = Math.abs(value - this.published);
		if (!(away < deadband || away === 0)) return false;
		return now - this.since < (this.description.maxSilence ?? SILENCE);
	}

	private round(value: number): number {
		const scale = this.scale;
		// `+ 0`: JSON has a -0 that no dashboard wants.
		return (scale === 0 ? value : round(value * scale) / scale) + 0;
	}
}

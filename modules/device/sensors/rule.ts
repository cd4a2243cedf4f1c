/**
 * When an alert is ON: above, below, outside, rate of change, stale; each with its own clear threshold (hysteresis), a
 * minimum hold before either edge, and a pause before it may come ON again. A state machine of numbers: it publishes
 * nothing, stores nothing and sets no timer. It is asked at each sample that was due, with or without a value.
 */

import type { AlertDescription } from "../description/description.js";

/** Bits: ON; a hold runs toward the other state; OFF, and not yet allowed to come ON again. */
const State = Object.freeze({ On: 1, Holding: 2, Paused: 4 });
const Kind = Object.freeze({ Threshold: 0, Rate: 1, Stale: 2 });

export default class Rule {
	private state: number;
	private readonly kind: number;
	/** ON outside `low` … `high`, OFF within `clearLow` … `clearHigh`. */
	private readonly low: number;
	private readonly high: number;
	private readonly clearLow: number;
	private readonly clearHigh: number;
	/** When the hold or the pause began. */
	private since = 0;
	/** Uptime of the start, or of the last sample that counted for the rate; its value, and the rate of change up to it. */
	private sampled: number;
	declare private value: number | undefined;
	declare private rate: number | undefined;
	private readonly description: AlertDescription;

	/** `now`: milliseconds that never wrap, as in `update`. `on`: the state before a restart. */
	constructor(description: AlertDescription, now: number, on = false) {
		const { above, below, outside, rate, stale, clear } = description;
		this.state = on ? State.On : 0;
		this.description = description;
		this.sampled = now;
		this.kind = stale !== undefined ? Kind.Stale : rate !== undefined ? Kind.Rate : Kind.Threshold;
		const band = Array.isArray(clear) ? (clear as readonly [number, number]) : undefined;
		const single = band ? undefined : (clear as number | undefined);
		this.high = outside?.[1] ?? above ?? rate ?? Infinity;
		this.low = outside?.[0] ?? below ?? -Infinity;
		this.clearHigh = band?.[1] ?? (below === undefined ? single : undefined) ?? this.high;
		this.clearLow = band?.[0] ?? (below === undefined ? undefined : single) ?? this.low;
	}

	get on(): boolean {
		return (this.state & State.On) !== 0;
	}

	/**
	 * As long as samples come and lie within `lowest` … `highest`, nothing changes here, and `update` need not be called.
	 * The band is empty where each sample counts.
	 */
	get lowest(): number {
		if (this.state !== 0 || this.kind === Kind.Rate) return Infinity;
		return this.kind === Kind.Stale ? -Infinity : this.low;
	}
	get highest(): number {
		return this.kind === Kind.Stale ? Infinity : this.high;
	}

	/**
	 * A sample, or `undefined` where there should have been one; `latest`: uptime of the last one that had a value. True when
	 * this is an edge: `on` has changed.
	 */
	update(value: number | undefined, now: number, latest: number): boolean {
		if (this.kind === Kind.Stale) return this.silence(value, now, latest);
		if (this.kind === Kind.Rate) return this.slope(value, now);
		if (value === undefined) return this.step(false, false, value, now);
		return this.compare(value, value, now);
	}

	private compare(level: number, value: number | undefined, now: number): boolean {
		const set = level > this.high || level < this.low;
		const clear = !set && level <= this.clearHigh && level >= this.clearLow;
		return this.step(set, clear, value, now);
	}

	/** Between two samples that lie at least `over` apart; in the meantime the last rate stands. */
	private slope(value: number | undefined, now: number): boolean {
		const first = this.value;
		if (value !== undefined && (first === undefined || now - this.sampled >= this.description.over)) {
			const elapsed = now - this.sampled;
			if (first !== undefined && elapsed > 0) this.rate = (Math.abs(value - first) * 1000) / elapsed;
			this.value = value;
			this.sampled = now;
		}
		if (this.rate === undefined) return this.step(false, false, value, now);
		return this.compare(this.rate, value, now);
	}

	private silence(value: number | undefined, now: number, latest: number): boolean {
		const since = latest > this.sampled ? latest : this.sampled;
		const silent = now - since >= (this.description.stale as number);
		return this.step(value === undefined && silent, value !== undefined, value, now);
	}

	private step(set: boolean, clear: boolean, value: number | undefined, now: number): boolean {
		const { holdOn, holdOff, rearm } = this.description;
		if (this.state === State.Paused) {
			if (now - this.since < rearm) return false;
			this.state = 0;
		}
		const { on } = this;
		if (!(on ? clear : set)) {
			// A missing sample says nothing, so it neither starts a hold nor breaks one.
			if (value !== undefined) this.state &= ~State.Holding;
			return false;
		}
		if (!(this.state & State.Holding)) {
			this.state |= State.Holding;
			this.since = now;
		}
		if (now - this.since < (on ? holdOff : holdOn)) return false;
		this.since = now;
		this.state = on ? (rearm > 0 ? State.Paused : 0) : State.On;
		return true;
	}
}

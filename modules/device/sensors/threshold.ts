/**
 * When an alert is ON (DESCRIPTION.md, "Alerts"): above, below, outside, rate of change, stale; each with its own clear threshold
 * (hysteresis), a minimum hold before either edge, and a pause before it may come ON again. A state machine of numbers: it publishes
 * nothing, stores nothing and sets no timer. It is asked at each sample that was due, with or without a value.
 */

import type { AlertDescription } from "../description/description.js";

export type Conditions = Pick<AlertDescription, "name"> & Partial<AlertDescription>;

/** Bits: ON; a hold runs toward the other state; OFF, and not yet allowed to come ON again. */
const State = Object.freeze({ On: 1, Holding: 2, Paused: 4 });

export default class Threshold {
	/** Changed by `configure` only. */
	conditions: Conditions;
	private state: number;
	// Absent until it is used: an alert at rest pays no slot for it.
	/** When the hold or the pause began. */
	declare private since: number;
	/** Of the last sample that counted for the rate: when it came, its value, and the rate of change up to it. */
	declare private sampled: number;
	declare private value: number | undefined;
	declare private rate: number | undefined;

	/** `on`: the state before a restart. */
	constructor(conditions: Conditions, on = false) {
		this.conditions = conditions;
		this.state = on ? State.On : 0;
	}

	get on(): boolean {
		return (this.state & State.On) !== 0;
	}

	/** The state stays until a sample says otherwise. */
	configure(conditions: Conditions): void {
		this.conditions = conditions;
		this.state &= State.On;
		if (this.value !== undefined) this.value = this.rate = undefined;
	}

	/**
	 * As long as samples come and lie between `lowest` and `highest`, nothing changes here, and `update` need not be called.
	 * The band is empty where each sample counts.
	 */
	get lowest(): number {
		const rule = this.conditions;
		if (this.state > State.On || rule.rate !== undefined) return Infinity;
		if (this.state === 0) return rule.outside?.[0] ?? rule.below ?? -Infinity;
		if (rule.above !== undefined) return (rule.clear as number | undefined) ?? rule.above;
		return rule.below !== undefined ? -Infinity : Infinity;
	}
	get highest(): number {
		const rule = this.conditions;
		if ((this.state & State.On) === 0) return rule.outside?.[1] ?? rule.above ?? Infinity;
		return rule.below !== undefined ? ((rule.clear as number | undefined) ?? rule.below) : Infinity;
	}

	/**
	 * A sample, or `undefined` where there should have been one. True when this is an edge: `on` has changed. Times are
	 * milliseconds that never wrap; `latest` is when the last sample with a value came, or the start.
	 */
	update(value: number | undefined, now: number, latest: number): boolean {
		const rule = this.conditions;
		const { outside, stale } = rule;
		if (stale !== undefined)
			return this.step(value === undefined && now - latest >= stale, value !== undefined, value, now);
		const level = rule.rate === undefined ? value : this.slope(value, now);
		if (level === undefined) return this.step(false, false, value, now);
		if (outside !== undefined) {
			const [low, high] = (rule.clear ?? outside) as readonly [number, number];
			const set = level < outside[0] || level > outside[1];
			return this.step(set, !set && level >= low && level <= high, value, now);
		}
		const below = rule.below;
		const limit = (below ?? rule.above ?? rule.rate) as number;
		const clear = (rule.clear ?? limit) as number;
		if (below !== undefined) return this.step(level < limit, level >= clear, value, now);
		return this.step(level > limit, level <= clear, value, now);
	}

	/** Units a second between two samples that lie at least `over` apart; in the meantime the last rate stands. */
	private slope(value: number | undefined, now: number): number | undefined {
		const first = this.value;
		const elapsed = now - this.sampled;
		if (value !== undefined && (first === undefined || elapsed >= (this.conditions.over as number))) {
			if (first !== undefined && elapsed > 0) this.rate = (Math.abs(value - first) * 1000) / elapsed;
			this.value = value;
			this.sampled = now;
		}
		return this.rate;
	}

	private step(set: boolean, clear: boolean, value: number | undefined, now: number): boolean {
		const rule = this.conditions;
		if (this.state === State.Paused) {
			if (now - this.since < (rule.rearm as number)) return false;
			this.state = 0;
		}
		const on = this.on;
		if (!(on ? clear : set)) {
			// A missing sample says nothing, so it neither starts a hold nor breaks one.
			if (value !== undefined) this.state &= ~State.Holding;
			return false;
		}
		const hold = (on ? rule.holdOff : rule.holdOn) ?? 0;
		if (hold > 0) {
			if (!(this.state & State.Holding)) {
				this.state |= State.Holding;
				this.since = now;
			}
			if (now - this.since < hold) return false;
		}
		const paused = on && (rule.rearm ?? 0) > 0;
		if (paused) this.since = now;
		this.state = paused ? State.Paused : on ? 0 : State.On;
		return true;
	}
}

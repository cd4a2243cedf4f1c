/**
 * When an alert is ON: above, below, outside, rate of change, stale; each with its own clear threshold, a minimum hold
 * before either edge, and a pause before it may come again. A state machine of numbers and ticks: it publishes
 * nothing, stores nothing and sets no timer. It is asked at each sample that was due, whether there was one or not.
 */

import type { AlertDescription } from "../description/description.js";

/** What one look at a sample says. */
const Verdict = Object.freeze({ Clear: -1, Between: 0, Set: 1 });
type Verdict = (typeof Verdict)[keyof typeof Verdict];

type Judge = (value: number | undefined, ticks: number) => Verdict;

export default class Rule {
	private readonly judge: Judge;
	private readonly holdOn: number;
	private readonly holdOff: number;
	private readonly rearm: number;
	private raised: boolean;
	/** Whether a hold runs, and since when. */
	private holding = false;
	private since = 0;
	private armed = true;

	/** `on`: the state before a restart. */
	constructor(description: AlertDescription, ticks: number, on = false) {
		this.judge = judge(description, ticks);
		this.holdOn = description.holdOn;
		this.holdOff = description.holdOff;
		this.rearm = description.rearm;
		this.raised = on;
	}

	get on(): boolean {
		return this.raised;
	}

	/** A sample, or `undefined` where there should have been one. True when this is an edge: `on` has changed. */
	update(value: number | undefined, ticks: number): boolean {
		const verdict = this.judge(value, ticks);
		if (!this.armed && ((ticks - this.since) | 0) >= this.rearm) this.armed = true;
		if (!this.armed) return false;
		if (verdict !== (this.raised ? Verdict.Clear : Verdict.Set)) {
			// A missing sample says nothing, so it neither starts a hold nor breaks one.
			if (value !== undefined) this.holding = false;
			return false;
		}
		if (!this.holding) {
			this.holding = true;
			this.since = ticks;
		}
		if (((ticks - this.since) | 0) < (this.raised ? this.holdOff : this.holdOn)) return false;
		this.holding = false;
		this.raised = !this.raised;
		this.since = ticks;
		this.armed = this.raised || this.rearm === 0;
		return true;
	}
}

function judge(description: AlertDescription, ticks: number): Judge {
	const { above, below, outside, rate, stale, clear } = description;
	if (above !== undefined) return high(above, (clear as number | undefined) ?? above);
	if (below !== undefined) return low(below, (clear as number | undefined) ?? below);
	if (outside !== undefined)
		return band(outside, (clear as readonly [number, number] | undefined) ?? outside);
	if (rate !== undefined) return slope(rate, (clear as number | undefined) ?? rate, description.over);
	return silence(stale ?? Infinity, ticks);
}

function high(limit: number, clear: number): Judge {
	return value => {
		if (value === undefined) return Verdict.Between;
		if (value > limit) return Verdict.Set;
		return value <= clear ? Verdict.Clear : Verdict.Between;
	};
}

function low(limit: number, clear: number): Judge {
	return value => {
		if (value === undefined) return Verdict.Between;
		if (value < limit) return Verdict.Set;
		return value >= clear ? Verdict.Clear : Verdict.Between;
	};
}

function band(limit: readonly [number, number], clear: readonly [number, number]): Judge {
	return value => {
		if (value === undefined) return Verdict.Between;
		if (value < limit[0] || value > limit[1]) return Verdict.Set;
		return value >= clear[0] && value <= clear[1] ? Verdict.Clear : Verdict.Between;
	};
}

/** Between two samples that lie at least `over` apart; in the meantime the last verdict stands. */
function slope(limit: number, clear: number, over: number): Judge {
	let first: number | undefined;
	let since = 0;
	let verdict: Verdict = Verdict.Between;
	return (value, ticks) => {
		if (value === undefined) return verdict;
		const elapsed = (ticks - since) | 0;
		if (first !== undefined && elapsed >= 0 && elapsed < over) return verdict;
		if (first !== undefined && elapsed > 0) {
			const rate = (Math.abs(value - first) * 1000) / elapsed;
			verdict = rate > limit ? Verdict.Set : rate <= clear ? Verdict.Clear : Verdict.Between;
		}
		first = value;
		since = ticks;
		return verdict;
	};
}

function silence(limit: number, ticks: number): Judge {
	let since = ticks;
	let silent = false;
	return (value, now) => {
		if (value !== undefined) {
			since = now;
			silent = false;
			return Verdict.Clear;
		}
		// Once silent it stays so: after 24 days of silence the ticks would have wrapped.
		silent ||= ((now - since) | 0) >= limit;
		return silent ? Verdict.Set : Verdict.Between;
	};
}

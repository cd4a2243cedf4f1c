/**
 * How long to wait before the next try: full jitter over a span that doubles from `minimum` to `maximum`. It never
 * goes below `minimum`, because AWS takes one CONNECT a second. Does not know what a connection is: whoever
 * watches one calls `reset` once it has been stable, never on a mere success (field-notes §2, line 10).
 */

export interface BackoffOptions {
	/** Milliseconds; 1000 by default. */
	readonly minimum?: number;
	/** Milliseconds; 60000 by default. */
	readonly maximum?: number;
	/** For how long a connection must stand before the next loss starts at `minimum` again; 60000 ms by default. */
	readonly stable?: number;
}

export class Backoff {
	readonly minimum: number;
	readonly maximum: number;
	readonly stable: number;
	private readonly random: () => number;
	private span: number;

	constructor({ minimum = 1000, maximum = 60_000, stable = 60_000 }: BackoffOptions, random: () => number) {
		if (!(minimum > 0 && maximum >= minimum && stable >= 0))
			throw new RangeError(`backoff: expected 0 < minimum <= maximum and 0 <= stable`);
		this.minimum = minimum;
		this.maximum = maximum;
		this.stable = stable;
		this.random = random;
		this.span = minimum;
	}
	/** Milliseconds until the next try; the span after that is twice as long. */
	next(): number {
		const span = this.span * 2;
		this.span = span < this.maximum ? span : this.maximum;
		return this.between(this.minimum, this.span);
	}
	/** The slow end at once, for a refusal that only a person can end; still jittered, over its upper half. */
	slow(): number {
		this.span = this.maximum;
		const half = this.maximum / 2;
		return this.between(half > this.minimum ? half : this.minimum, this.maximum);
	}
	/** From one broker to the next of the same round: just enough that a fleet does not arrive as one. */
	brief(): number {
		return this.between(0, this.minimum);
	}
	reset(): void {
		this.span = this.minimum;
	}
	private between(least: number, most: number): number {
		return Math.round(least + this.random() * (most - least));
	}
}

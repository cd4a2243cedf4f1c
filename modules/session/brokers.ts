/**
 * Which broker is tried next, and when: brokers in their order of preference, one round after the other, with the
 * back-off between rounds. A refusal that only a person can end makes the round after it a slow one; short
 * connections in a row make a second client of our id likely. Holds no timers.
 */

import type { BackoffOptions, Broker } from "./options.js";
import { passes } from "./outcomes.js";

/**
 * How long to wait before the next try: full jitter over a span that doubles from `minimum` to `maximum`. Never less
 * than `minimum`: AWS takes one CONNECT a second.
 */
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

/** Connections in a row, each ended by the broker before it was stable, that raise the suspicion. */
const suspicion = 3;

export class Brokers {
	private readonly brokers: readonly Broker[];
	private readonly backoff: Backoff;
	private index = 0;
	/** The broker that was last connected; -1 before the first. */
	private last = -1;
	private slow = false;
	private brief = 0;

	constructor(brokers: readonly Broker[], backoff: BackoffOptions, random: () => number) {
		this.brokers = brokers;
		this.backoff = new Backoff(backoff, random);
	}
	/** The broker that is tried next, is being tried, or is connected. */
	get broker(): Broker {
		return this.brokers[this.index] as Broker;
	}
	/** Milliseconds between two tries at the least. */
	get minimum(): number {
		return this.backoff.minimum;
	}
	/** Milliseconds after which a connection is stable. */
	get stable(): number {
		return this.backoff.stable;
	}
	/** A try begins with the broker we like best. */
	restart(): void {
		this.index = 0;
	}
	/** A broker took us. False when its session is not the one of the last connection. */
	accepted(): boolean {
		const same = this.last === -1 || this.last === this.index;
		this.last = this.index;
		this.slow = false;
		return same;
	}
	/** The connection has stood long enough: the next loss is a new one. */
	settled(): void {
		this.brief = 0;
		this.backoff.reset();
	}
	/** A try failed; `returnCode` is CONNACK's, or 0. Milliseconds until the next. */
	failed(returnCode: number): number {
		// A broker that stops is gone for a while; a second client of our id does not keep us from connecting.
		this.brief = 0;
		if (returnCode && !passes(returnCode)) this.slow = true;
		return this.next();
	}
	private next(): number {
		if (++this.index < this.brokers.length) return this.backoff.brief();
		this.index = 0;
		const slow = this.slow;
		this.slow = false;
		return slow ? this.backoff.slow() : this.backoff.next();
	}
	/**
	 * A connection that was online has ended; `good`: the broker has served on it. One that accepts and does not serve is no better
	 * than one that cannot be reached: the next is tried. Milliseconds until then.
	 */
	ended(good: boolean): number {
		if (!good) return this.next();
		this.index = 0;
		return this.backoff.next();
	}
	/**
	 * The broker ended a connection; true when this makes another client of our id likely: each new connection was taken at
	 * once, and none stood for long. Said once in a while.
	 */
	suspect(): boolean {
		if (++this.brief < suspicion) return false;
		this.brief = 0;
		return true;
	}
}

/**
 * Which broker is tried next, and when (DESIGN.md, "States, connections"): brokers in their order of preference, one round after the other,
 * with the back-off between rounds. A refusal that only a person can end makes the round after it a slow one; short connections in a row
 * make a second client of our id likely. Holds no timers.
 */

import type { Ticks } from "../mqtt/io.js";
import { since } from "./deadline.js";
import { type BackoffOptions, type Broker, defaults, type SessionOptions } from "./options.js";
import { passes, Reason } from "./outcomes.js";

/** Connections in a row, each ended by the broker before it was stable, that raise the suspicion. */
const suspicion = 3;
/** Milliseconds after which a preferred broker that failed is tried before the last good one again. */
const forgiven = 3_600_000;

export class Brokers {
	/** `minimum` lies between two tries of a broker at the least: AWS takes one CONNECT a second. */
	readonly backoff: Required<BackoffOptions>;
	/** The place of `broker` in the list. */
	index = 0;
	/** Others that this round has still to try. */
	left: number[] = [];
	private readonly random: () => number;
	private readonly ticks: Ticks;
	private readonly brokers: readonly Broker[];
	/** Indices in the order in which they are tried. */
	private readonly order: number[] = [];
	/** The span that the wait was drawn from, after the last round. */
	private span: number;
	/** The broker that was last connected, and the last one that has served; -1 before the first. */
	private last = -1;
	private good = -1;
	/** Ticks at which the first in order last failed, where it has. */
	private refused: number | undefined;
	private slow = false;
	/** Short connections in a row. */
	private brief = 0;

	/** Throws on times of which no back-off can be made. */
	constructor({ brokers, brokerOrder, backoff, random = Math.random, ticks }: SessionOptions) {
		this.backoff = { ...defaults.backoff, ...backoff };
		const { minimum, maximum, stable, spread } = this.backoff;
		if (!(minimum > 0 && maximum >= minimum && stable >= 0 && spread >= 0))
			throw new RangeError("backoff: expected 0 < minimum <= maximum, 0 <= stable and 0 <= spread");
		this.span = minimum;
		this.random = random;
		this.ticks = ticks;
		this.brokers = brokers;
		// At random each board has an order of its own, or all of them would sit on the first.
		for (let i = 0; i < brokers.length; i++)
			this.order.splice(brokerOrder === "random" ? Math.floor(random() * (i + 1)) : i, 0, i);
		this.restart();
	}
	/** The broker that is tried next, is being tried, or is connected. */
	get broker(): Broker {
		return this.brokers[this.index] as Broker;
	}
	/** Milliseconds until the very first try: boards that start at the same moment do not arrive as one. */
	first(): number {
		return this.between(0, this.backoff.spread);
	}
	/** A round begins: with the broker that served last, unless a preferred one has had time to come back; then in order. */
	restart(): void {
		const { good, order, refused } = this;
		const again = refused === undefined || since(this.ticks.ticks, refused) >= forgiven;
		this.index = good < 0 || again ? (order[0] as number) : good;
		this.left = order.filter(index => index !== this.index);
	}
	/** A broker has accepted the board. False when its session is not the one of the last connection. */
	accepted(): boolean {
		const same = this.last === -1 || this.last === this.index;
		this.last = this.index;
		this.slow = false;
		return same;
	}
	/** The connection has stood long enough: the next loss is a new one. */
	settled(): void {
		this.brief = 0;
		this.span = this.backoff.minimum;
	}
	/** A try failed; `returnCode` is CONNACK's, or 0. Milliseconds until the next. */
	failed(returnCode: number): number {
		// A broker that stops is gone for a while; a second client of our id does not keep us from connecting.
		this.brief = 0;
		if (returnCode && !passes(returnCode)) this.slow = true;
		return this.next();
	}
	/**
	 * A connection that was online has ended: `served` if something was acknowledged on it, `stable` if it had stood for long. A broker that
	 * accepts and does not serve is no better than one that cannot be reached: the next is tried. Milliseconds until then.
	 */
	ended(served: boolean, stable: boolean, reason: number): number {
		const silent = reason === Reason.acknowledge || reason === Reason.unanswered;
		if (!served && (silent || !stable)) return this.next();
		this.good = this.index;
		this.restart();
		return this.wait();
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

	private next(): number {
		if (this.index === this.order[0]) this.refused = this.ticks.ticks;
		if (this.index === this.good) this.good = -1;
		if (this.left.length) {
			this.index = this.left.shift() as number;
			// Just enough that a fleet does not arrive as one.
			return this.between(0, this.backoff.minimum);
		}
		this.restart();
		if (!this.slow) return this.wait();
		// The slow end at once; still jittered, over its upper half.
		this.slow = false;
		const { minimum, maximum } = this.backoff;
		this.span = maximum;
		return this.between(Math.max(minimum, maximum / 2), maximum);
	}
	/** Full jitter over a span that doubles from `minimum` to `maximum`. */
	private wait(): number {
		const { minimum, maximum, spread } = this.backoff;
		this.span = Math.min(2 * this.span, maximum);
		return this.between(minimum, Math.max(this.span, spread));
	}
	private between(least: number, most: number): number {
		return Math.round(least + this.random() * (most - least));
	}
}

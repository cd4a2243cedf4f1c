/**
 * What a sensor said, over time, in typed arrays that do not grow without end: each value for a while, then one bucket a
 * second, then one each 20 s for a day, with minimum and maximum. Values come in any order of their time stamps.
 * Does not know where a time stamp is from (boards.ts).
 */

/** Values joined by the time they belong to, oldest first. */
class Buckets {
	readonly #width: number;
	readonly #capacity: number;
	#length = 0;
	#times = new Float64Array(64);
	#sums = new Float64Array(64);
	#counts = new Uint32Array(64);
	#minima = new Float32Array(64);
	#maxima = new Float32Array(64);
	/** Something older was let go. */
	full = false;

	constructor(width: number, capacity: number) {
		this.#width = width;
		this.#capacity = capacity;
	}

	get first(): number {
		return this.#length ? (this.#times[0] as number) : Number.POSITIVE_INFINITY;
	}

	add(time: number, value: number): void {
		const start = Math.floor(time / this.#width) * this.#width;
		let index = this.#length;
		// Nearly always the last, or behind it.
		while (index > 0 && (this.#times[index - 1] as number) > start) index--;
		if (index > 0 && this.#times[index - 1] === start) this.#join(index - 1, value);
		else if (index > 0 || !this.full) this.#insert(index, start, value);
	}

	/** The index of the first bucket at or after `time`. */
	#from(time: number): number {
		let low = 0;
		let high = this.#length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.#times[middle] as number) < time) low = middle + 1;
			else high = middle;
		}
		return low;
	}

	/** Calls back for each bucket from `from` to `to`, with one before it. */
	each(
		from: number,
		to: number,
		back: (time: number, mean: number, low: number, high: number) => void,
	): void {
		for (let i = Math.max(this.#from(from) - 1, 0); i < this.#length; i++) {
			const time = this.#times[i] as number;
			if (time > to) return;
			const mean = (this.#sums[i] as number) / (this.#counts[i] as number);
			back(time, mean, this.#minima[i] as number, this.#maxima[i] as number);
		}
	}

	#join(index: number, value: number): void {
		(this.#sums[index] as number) += value;
		(this.#counts[index] as number)++;
		if (value < (this.#minima[index] as number)) this.#minima[index] = value;
		if (value > (this.#maxima[index] as number)) this.#maxima[index] = value;
	}

	#insert(index: number, time: number, value: number): void {
		let at = index;
		if (this.#length === this.#capacity) {
			const drop = this.#capacity >> 3;
			for (const array of this.#arrays()) array.copyWithin(0, drop, this.#length);
			this.#length -= drop;
			this.full = true;
			at -= drop;
			if (at < 0) return;
		} else if (this.#length === this.#times.length) this.#grow();
		for (const array of this.#arrays()) array.copyWithin(at + 1, at, this.#length);
		this.#length++;
		this.#times[at] = time;
		this.#sums[at] = this.#minima[at] = this.#maxima[at] = value;
		this.#counts[at] = 1;
	}

	#arrays(): readonly (Float64Array | Float32Array | Uint32Array)[] {
		return [this.#times, this.#sums, this.#counts, this.#minima, this.#maxima];
	}

	#grow(): void {
		const size = Math.min(this.#times.length * 2, this.#capacity);
		this.#times = grown(this.#times, new Float64Array(size));
		this.#sums = grown(this.#sums, new Float64Array(size));
		this.#counts = grown(this.#counts, new Uint32Array(size));
		this.#minima = grown(this.#minima, new Float32Array(size));
		this.#maxima = grown(this.#maxima, new Float32Array(size));
	}
}

function grown<Typed extends Float64Array | Float32Array | Uint32Array>(from: Typed, to: Typed): Typed {
	to.set(from);
	return to;
}

/** For a chart: seconds, and `null` where nothing came. */
export interface Curve {
	readonly times: number[];
	readonly values: (number | null)[];
	readonly minima: (number | null)[];
	readonly maxima: (number | null)[];
}

/** Silence shorter than this is no gap, however often a sensor speaks otherwise. */
const SHORTEST_GAP = 2500;

export class Series {
	readonly #tiers = [new Buckets(1, 2048), new Buckets(1000, 1200), new Buckets(20_000, 4320)];
	readonly #widths = [1, 1000, 20_000];
	#last = Number.NEGATIVE_INFINITY;
	/** How far apart values usually are. */
	#interval = 0;

	/** Milliseconds since 1970. */
	add(time: number, value: number): void {
		const since = time - this.#last;
		if (since > 0) {
			if (this.#last > 0) this.#interval += (since - this.#interval) * (this.#interval ? 0.1 : 1);
			this.#last = time;
		}
		for (const tier of this.#tiers) tier.add(time, value);
	}

	/** When the oldest value that is held is of. */
	get first(): number {
		return Math.min(...this.#tiers.map(({ first }) => first));
	}

	/** Milliseconds without a value that count as a gap. */
	get gap(): number {
		return Math.max(SHORTEST_GAP, this.#interval * 3);
	}

	/** From the finest tier that reaches back to `from`, and is no finer than it need be: milliseconds that a point may stand for. */
	curve(from: number, to: number, coarse = 0): Curve {
		const reaching = this.#tiers.findIndex(tier => !tier.full || tier.first <= from);
		const enough = this.#widths.findLastIndex(width => width <= coarse);
		const level = reaching < 0 ? this.#tiers.length - 1 : Math.max(reaching, enough);
		const gap = Math.max(this.gap, (this.#widths[level] as number) * 2.5);
		const curve: Curve = { times: [], values: [], minima: [], maxima: [] };
		let last = Number.POSITIVE_INFINITY;
		this.#tiers[level]?.each(from, to, (time, mean, low, high) => {
			if (time - last > gap) push(curve, (last + 1) / 1000, null, null, null);
			push(curve, time / 1000, mean, low, high);
			last = time;
		});
		return curve;
	}
}

function push(
	curve: Curve,
	time: number,
	value: number | null,
	low: number | null,
	high: number | null,
): void {
	curve.times.push(time);
	curve.values.push(value);
	curve.minima.push(low);
	curve.maxima.push(high);
}

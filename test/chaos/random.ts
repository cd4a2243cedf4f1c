/**
 * Chance that can be had again: the same seed gives the same numbers (mulberry32). What a campaign does with them
 * still meets a real broker, real sockets and a real clock, so a seed repeats its faults and not each interleaving.
 */

export class Chance {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}
	/** 0 up to 1. */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let t = this.#state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
	}
	/** A whole number from `least` to `most`, both included. */
	whole(least: number, most: number): number {
		return least + Math.floor(this.next() * (most - least + 1));
	}
	/** Small ones more often: most of what is interesting happens early in a connection. */
	small(most: number): number {
		return Math.floor(this.next() * this.next() * (most + 1));
	}
	/** One of the names, as often as its weight says. */
	pick<Name extends string>(weights: { readonly [name in Name]: number }): Name {
		const names = Object.keys(weights) as Name[];
		let left = this.next() * names.reduce((sum, name) => sum + weights[name], 0);
		for (const name of names) {
			left -= weights[name];
			if (left < 0) return name;
		}
		return names.at(-1) as Name;
	}
}

/**
 * The strictness switch: where AWS leaves open how it behaves, it may be as unpleasant as its documents allow. Each whim is a
 * number here, drawn from a seed, so that a run can be repeated.
 * https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-differences
 */

export interface Whims {
	/** Of the messages delivered, the share that arrives twice, at QoS 0 too. */
	readonly repeat: number;
	/** The share that is overtaken by what comes after it. */
	readonly reorder: number;
	/** Of the messages sent again, the share that has another packet identifier. */
	readonly renumber: number;
	/** Of those, the share without DUP. */
	readonly unmarked: number;
	/** Milliseconds that a late message or a repeated one is late, at most. */
	readonly delay: number;
	/** Milliseconds between SUBACK and the first message for that subscription, at most. */
	readonly subscribing: number;
	/** Milliseconds until a service under `$aws` answers, at most. */
	readonly answering: number;
	/** Of the expired sessions, the share that lives up to half an hour longer. */
	readonly late: number;
	/** The life of a connection in milliseconds: the shortest and the longest. */
	readonly life: readonly [shortest: number, longest: number];
}

const week = 7 * 86_400_000;

/** As a good day at AWS. */
export const gentle: Whims = {
	repeat: 0,
	reorder: 0,
	renumber: 0,
	unmarked: 0,
	delay: 0,
	subscribing: 0,
	answering: 0,
	late: 0,
	life: [week, 2 * week],
};

/** As AWS may be. */
export const strict: Whims = {
	repeat: 0.1,
	reorder: 0.1,
	renumber: 0.5,
	unmarked: 0.5,
	delay: 2000,
	subscribing: 500,
	answering: 1000,
	late: 0.5,
	life: [60_000, 600_000],
};

export class Dice {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0;
	}

	/** From 0 up to 1 (mulberry32). */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = this.#state;
		mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	}

	chance(share: number): boolean {
		return share > 0 && this.next() < share;
	}

	/** Milliseconds, from the shortest up to the longest. */
	between(shortest: number, longest: number): number {
		return shortest + Math.floor(this.next() * (longest - shortest + 1));
	}
}

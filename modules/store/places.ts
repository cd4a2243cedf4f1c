/**
 * The live records of one kind, in RAM: where each lies and how long its body is, in typed arrays, so that searching and
 * shifting are native calls. A place is an index into all of them. The base of the outbox and of the state; from it the
 * journal learns what to copy out of a block (SPEC.md, "Making room"). Does not read or write flash.
 */

import type { Scan } from "./record.js";

/** The address of a place without a record in flash. */
export const NOWHERE = 0xffffffff;
/** Places for messages at the start. */
const FEW = 8;

export abstract class Places {
	/** Places in use. */
	count = 0;
	/** What the live records cost (`Journal.costOf`). */
	stored = 0;
	/** Room that is kept for them, whether it is used or not. */
	kept = 0;
	/** Offsets in the partition, and bytes of the bodies. */
	addresses: Uint32Array;
	lengths: Uint16Array;

	constructor(places: number) {
		this.addresses = new Uint32Array(places);
		this.lengths = new Uint16Array(places);
	}
	/** A record in the order of writing. Its body is in `journal.frame` after `journal.load`. */
	abstract replay(record: Scan): void;
	/** The replay is over. False: it has to see its records once more, and `replay` then checks each. */
	abstract check(): boolean;
	/** The record at this place cannot be read any more, or is no longer needed. */
	abstract remove(place: number): void;
	abstract tagOf(place: number): number;
	/** The first place from `place` on whose record lies in [start, end), or -1. */
	find(start: number, end: number, place = 0): number {
		const { addresses, count } = this;
		for (; place < count; place++) {
			const address = addresses[place] as number;
			if (address >= start && address < end) return place;
		}
		return -1;
	}
	protected grow(places: number): void {
		this.addresses = grown(this.addresses, new Uint32Array(places));
		this.lengths = grown(this.lengths, new Uint16Array(places));
	}
}

/** Messages, in order of acceptance: 14 bytes each. */
export abstract class Messages extends Places {
	protected sequences = new Uint32Array(FEW);
	/** As in their records; 0 beyond `count`. */
	protected states = new Uint32Array(FEW);

	constructor() {
		super(FEW);
	}
	override tagOf(place: number): number {
		return this.states[place] as number;
	}
	/** The first place with a sequence above `sequence`; `count` if there is none. */
	protected above(sequence: number): number {
		const sequences = this.sequences;
		let high = this.count;
		// Nearly always the youngest is asked for, or one that is not there yet.
		if (high === 0 || (sequences[high - 1] as number) <= sequence) return high;
		let low = 0;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((sequences[middle] as number) > sequence) high = middle;
			else low = middle + 1;
		}
		return low;
	}
	protected at(sequence: number): number {
		const place = this.above(sequence) - 1;
		return place >= 0 && this.sequences[place] === sequence ? place : -1;
	}
	protected put(place: number, sequence: number, address: number, length: number, state: number): void {
		const count = this.count++;
		if (count === this.sequences.length) this.grow(count * 2);
		if (place < count) this.shift(place + 1, place, count);
		this.sequences[place] = sequence;
		this.addresses[place] = address;
		this.lengths[place] = length;
		this.states[place] = state;
	}
	protected take(place: number): void {
		const count = this.count--;
		if (place + 1 < count) this.shift(place, place + 1, count);
		this.states[count - 1] = 0;
	}
	private shift(to: number, from: number, end: number): void {
		this.sequences.copyWithin(to, from, end);
		this.addresses.copyWithin(to, from, end);
		this.lengths.copyWithin(to, from, end);
		this.states.copyWithin(to, from, end);
	}
	protected override grow(places: number): void {
		super.grow(places);
		this.sequences = grown(this.sequences, new Uint32Array(places));
		this.states = grown(this.states, new Uint32Array(places));
	}
}

/** `to`, with the contents of `from`. */
export const grown = <T extends Uint16Array | Uint32Array>(from: T, to: T): T => {
	to.set(from);
	return to;
};

/**
 * The base of those who own records in the journal, messages (index.ts) and values (state.ts): where each live record
 * lies, in typed arrays, so that searching and shifting are native calls. A place is an index into all of them.
 * Does not read or write flash.
 */

import type Scan from "./scan.js";

/** The address of a place without a record in flash. */
export const NOWHERE = 0xffffffff;

export default abstract class Owner {
	/** Places in use. */
	count = 0;
	/** What the live records cost (`Journal.costOf`). */
	stored = 0;
	/** Room that is kept for them, whether it is used or not. */
	kept = 0;
	/** Offsets in the partition. */
	addresses: Uint32Array;
	/** Bytes of the records' bodies. */
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
	/** The present tag of the record at this place. */
	tagOf(_place: number): number {
		return 0;
	}
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

/** `to`, with the contents of `from`. */
export const grown = <T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T => {
	to.set(from);
	return to;
};

/**
 * The messages of the outbox: where each lies in the journal, and its state. 13 bytes of RAM each, in order of acceptance.
 * Topics and payloads stay in flash.
 */

import type Journal from "./journal.js";
import Owner, { grown } from "./owner.js";
import { Kind } from "./record.js";
import type Scan from "./scan.js";

/** Bits of `marks`. */
export const Mark = Object.freeze({ retain: 1, aside: 2 });

/** Places at the start. */
const FEW = 8;

export default abstract class Index extends Owner {
	/** Messages that are not set aside, and the bytes of their topics and payloads. */
	length = 0;
	byteLength = 0;
	protected sequences = new Uint32Array(FEW);
	/** 0 beyond `count`. */
	protected identifiers = new Uint16Array(FEW);
	protected marks = new Uint8Array(FEW);
	protected readonly journal: Journal;

	constructor(journal: Journal) {
		super(FEW);
		this.journal = journal;
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
	/** The place of this very sequence, or -1. */
	protected at(sequence: number): number {
		const place = this.above(sequence) - 1;
		return place >= 0 && this.sequences[place] === sequence ? place : -1;
	}
	/** A message younger than all others. */
	protected add(sequence: number, address: number, length: number, tag: number): void {
		this.put(this.count, sequence, address, length, tag);
		this.reckon(this.count - 1, 1);
	}
	remove(place: number): void {
		this.reckon(place, -1);
		this.take(place);
	}
	/** Identifier and marks in one number, as records carry them. */
	override tagOf(place: number): number {
		return (this.identifiers[place] as number) | ((this.marks[place] as number) << 24);
	}
	/** Sets a message aside, without an identifier from now on; or offers it again. */
	protected setAside(place: number, aside: boolean): void {
		this.reckon(place, -1);
		if (aside) this.identifiers[place] = 0;
		this.marks[place] = (this.marks[place] as number) ^ Mark.aside;
		this.reckon(place, 1);
	}
	protected isAside(place: number): boolean {
		return ((this.marks[place] as number) & Mark.aside) !== 0;
	}

	replay(record: Scan): void {
		const { kind, sequence, tag } = record;
		if (kind === Kind.reset) {
			this.identifiers.fill(0);
			return;
		}
		const place = this.at(sequence);
		if (kind === Kind.message) {
			if (place >= 0) this.take(place);
			if (sequence > this.journal.sequence) this.journal.sequence = sequence;
			this.put(this.above(sequence), sequence, record.address, record.length, tag);
			return;
		}
		if (kind === Kind.aside && tag > this.journal.aside) this.journal.aside = tag;
		if (place < 0) return;
		if (kind === Kind.released) this.take(place);
		else if (kind === Kind.status) this.setTag(place, tag);
		else this.setTag(place, ((this.marks[place] as number) | Mark.aside) << 24);
	}
	/** Costs are reckoned here only: most messages of a replay are gone at its end. */
	check(): boolean {
		const journal = this.journal;
		for (let place = this.count - 1; place >= 0; place--) {
			this.reckon(place, 1);
			if (journal.load(this.addresses[place] as number, this.lengths[place] as number)) continue;
			journal.hit++;
			this.remove(place);
		}
		return true;
	}

	private reckon(place: number, sign: number): void {
		const length = this.lengths[place] as number;
		this.stored += sign * this.journal.costOf(length);
		if (this.isAside(place)) return;
		this.length += sign;
		this.byteLength += sign * (length - 2);
	}
	private put(place: number, sequence: number, address: number, length: number, tag: number): void {
		const count = this.count++;
		if (count === this.sequences.length) this.grow(count * 2);
		this.shift(place + 1, place, count);
		this.sequences[place] = sequence;
		this.addresses[place] = address;
		this.lengths[place] = length;
		this.setTag(place, tag);
	}
	private take(place: number): void {
		this.shift(place, place + 1, this.count--);
		this.identifiers[this.count] = 0;
	}
	private setTag(place: number, tag: number): void {
		this.identifiers[place] = tag & 0xffff;
		this.marks[place] = tag >>> 24;
	}
	/** Moves the places from `from` up to `end`. */
	private shift(to: number, from: number, end: number): void {
		if (from >= end) return;
		this.sequences.copyWithin(to, from, end);
		this.addresses.copyWithin(to, from, end);
		this.lengths.copyWithin(to, from, end);
		this.identifiers.copyWithin(to, from, end);
		this.marks.copyWithin(to, from, end);
	}
	protected override grow(places: number): void {
		super.grow(places);
		this.sequences = grown(this.sequences, new Uint32Array(places));
		this.identifiers = grown(this.identifiers, new Uint16Array(places));
		this.marks = grown(this.marks, new Uint8Array(places));
	}
}

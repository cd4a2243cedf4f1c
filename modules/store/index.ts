/**
 * The messages of the outbox: where each lies in the journal, and its state. 13 bytes of RAM each, in order of acceptance.
 * Typed arrays, so that searching and shifting are native calls. Topics and payloads stay in flash.
 */

import type Journal from "./journal.js";
import type { Owner } from "./mount.js";
import { Kind } from "./record.js";
import type Scan from "./scan.js";

/** Bits of `marks`. */
export const Mark = Object.freeze({ retain: 1, aside: 2 });

export default class Index implements Owner {
	readonly kinds =
		(1 << Kind.message) | (1 << Kind.status) | (1 << Kind.released) | (1 << Kind.reset) | (1 << Kind.aside);
	stored = 0;
	/** Messages that are not set aside, and the bytes of their topics and payloads. */
	held = 0;
	bytes = 0;
	/** Entries; the first `count` places of each array are used, the others are 0. */
	count = 0;
	sequences = new Uint32Array(8);
	addresses = new Uint32Array(8);
	/** Bytes of the record's body: the topic's length (2), topic, payload. */
	lengths = new Uint16Array(8);
	identifiers = new Uint16Array(8);
	marks = new Uint8Array(8);
	private readonly journal: Journal;

	constructor(journal: Journal) {
		this.journal = journal;
		journal.owners.push(this);
	}
	get claimed(): number {
		return this.stored;
	}
	/** The first place with a sequence above `sequence`; `count` if there is none. */
	after(sequence: number): number {
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
	at(sequence: number): number {
		const place = this.after(sequence) - 1;
		return place >= 0 && this.sequences[place] === sequence ? place : -1;
	}
	/** A message younger than all others. */
	add(sequence: number, address: number, length: number, tag: number): void {
		this.put(this.count, sequence, address, length, tag);
		this.reckon(this.count - 1, 1);
	}
	remove(place: number): void {
		this.reckon(place, -1);
		this.take(place);
	}
	private reckon(place: number, sign: number): void {
		const length = this.lengths[place] as number;
		this.stored += sign * this.journal.costOf(length);
		if (this.isAside(place)) return;
		this.held += sign;
		this.bytes += sign * (length - 2);
	}
	private put(place: number, sequence: number, address: number, length: number, tag: number): void {
		if (this.count === this.sequences.length) this.grow();
		const end = this.count++;
		if (place < end) this.shift(place + 1, place, end);
		this.sequences[place] = sequence;
		this.addresses[place] = address;
		this.lengths[place] = length;
		this.setTag(place, tag);
	}
	private take(place: number): void {
		const end = this.count--;
		if (place + 1 < end) this.shift(place, place + 1, end);
		this.sequences[end - 1] = this.addresses[end - 1] = this.lengths[end - 1] = 0;
		this.identifiers[end - 1] = this.marks[end - 1] = 0;
	}
	/** Identifier and marks in one number, as records carry them. */
	tagOf(place: number): number {
		return (this.identifiers[place] as number) | ((this.marks[place] as number) << 24);
	}
	/** Sets a message aside, without an identifier from now on; or offers it again. */
	setAside(place: number, aside: boolean): void {
		this.reckon(place, -1);
		if (aside) this.identifiers[place] = 0;
		this.marks[place] = (this.marks[place] as number) ^ Mark.aside;
		this.reckon(place, 1);
	}
	isAside(place: number): boolean {
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
			this.put(this.after(sequence), sequence, record.address, record.length, tag);
			return;
		}
		if (kind === Kind.aside && tag > this.journal.aside) this.journal.aside = tag;
		if (place < 0) return;
		if (kind === Kind.released) this.take(place);
		else if (kind === Kind.status) this.setTag(place, tag);
		else this.setTag(place, ((this.marks[place] as number) | Mark.aside) << 24);
	}
	/** Costs are reckoned here only: most messages of a replay are gone at its end. */
	settle(): boolean {
		const journal = this.journal;
		for (let place = this.count - 1; place >= 0; place--) {
			this.reckon(place, 1);
			if (journal.load(this.addresses[place] as number, this.lengths[place] as number)) continue;
			journal.hit++;
			this.remove(place);
		}
		return true;
	}
	find(start: number, end: number): number {
		const { addresses, count } = this;
		for (let place = 0; place < count; place++) {
			const address = addresses[place] as number;
			if (address >= start && address < end) return address;
		}
		return -1;
	}
	tag(address: number): number {
		return this.tagOf(this.addresses.indexOf(address));
	}
	move(address: number, to: number): void {
		const place = this.addresses.indexOf(address);
		if (to < 0) this.remove(place);
		else this.addresses[place] = to;
	}

	private setTag(place: number, tag: number): void {
		this.identifiers[place] = tag & 0xffff;
		this.marks[place] = tag >>> 24;
	}
	private shift(to: number, from: number, end: number): void {
		this.sequences.copyWithin(to, from, end);
		this.addresses.copyWithin(to, from, end);
		this.lengths.copyWithin(to, from, end);
		this.identifiers.copyWithin(to, from, end);
		this.marks.copyWithin(to, from, end);
	}
	private grow(): void {
		const length = this.count * 2;
		this.sequences = grown(this.sequences, new Uint32Array(length));
		this.addresses = grown(this.addresses, new Uint32Array(length));
		this.lengths = grown(this.lengths, new Uint16Array(length));
		this.identifiers = grown(this.identifiers, new Uint16Array(length));
		this.marks = grown(this.marks, new Uint8Array(length));
	}
}

/** `to`, with the contents of `from`. */
export const grown = <T extends Uint8Array | Uint16Array | Uint32Array>(from: T, to: T): T => {
	to.set(from);
	return to;
};

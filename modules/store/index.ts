/**
 * Where the outbox's messages lie in the journal and how they stand: 14 bytes of RAM each, in order of acceptance.
 * Typed arrays, so that searching and shifting are native calls. Topics and payloads stay in flash.
 */

import type Journal from "./journal.js";
import type { Owner } from "./journal.js";
import { Kind } from "./record.js";

/** Bits of `marks`; the low byte counts failures. */
export const Mark = Object.freeze({ failures: 0xff, retain: 0x100, quarantined: 0x200 });

export default class Roster implements Owner {
	stored = 0;
	/** Entries; the first `count` places of each array are used, the others are 0. */
	count = 0;
	sequences = new Uint32Array(32);
	addresses = new Uint32Array(32);
	/** Bytes of the record's body: the topic's length (2), topic, payload. */
	lengths = new Uint16Array(32);
	identifiers = new Uint16Array(32);
	marks = new Uint16Array(32);
	private readonly journal: Journal;

	constructor(journal: Journal) {
		this.journal = journal;
		journal.attach(this);
	}
	get claimed(): number {
		return this.stored;
	}
	/** The first place with a sequence above `sequence`; `count` if there is none. */
	after(sequence: number): number {
		let low = 0;
		let high = this.count;
		// Nearly always it is asked for the youngest, or for one that is not there yet.
		if (high === 0 || (this.sequences[high - 1] as number) <= sequence) return high;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((this.sequences[middle] as number) > sequence) high = middle;
			else low = middle + 1;
		}
		return low;
	}
	/** The place of this very sequence, or -1. */
	at(sequence: number): number {
		const place = this.after(sequence) - 1;
		return place >= 0 && this.sequences[place] === sequence ? place : -1;
	}
	insert(place: number, sequence: number, address: number, length: number, tag: number): void {
		if (this.count === this.sequences.length) this.grow();
		const end = this.count++;
		this.shift(place + 1, place, end);
		this.sequences[place] = sequence;
		this.addresses[place] = address;
		this.lengths[place] = length;
		this.stand(place, tag);
		this.stored += this.journal.costOf(length);
	}
	remove(place: number): void {
		this.stored -= this.journal.costOf(this.lengths[place] as number);
		const end = this.count--;
		this.shift(place, place + 1, end);
		this.sequences[end - 1] = this.addresses[end - 1] = this.lengths[end - 1] = 0;
		this.identifiers[end - 1] = this.marks[end - 1] = 0;
	}
	/** Identifier, failures, and bits in one number, as records carry them. */
	sign(place: number): number {
		return (this.identifiers[place] as number) | ((this.marks[place] as number) << 16);
	}
	stand(place: number, tag: number): void {
		this.identifiers[place] = tag & 0xffff;
		this.marks[place] = tag >>> 16;
	}

	replay(kind: number, address: number): void {
		if (kind > Kind.reset && kind !== Kind.quarantined) return;
		const { frame } = this.journal;
		if (kind === Kind.reset) {
			this.identifiers.fill(0);
			return;
		}
		const { sequence } = frame;
		const place = this.at(sequence);
		if (kind === Kind.message) {
			if (place >= 0) this.remove(place);
			this.insert(this.after(sequence), sequence, address, frame.length, frame.tag);
			return;
		}
		if (kind === Kind.quarantined && frame.tag > this.journal.quarantined)
			this.journal.quarantined = frame.tag;
		if (place < 0) return;
		if (kind === Kind.released) this.remove(place);
		else if (kind === Kind.status) this.stand(place, frame.tag);
		else this.aside(place);
	}
	/** Put aside: no identifier any more. */
	aside(place: number): void {
		this.identifiers[place] = 0;
		this.marks[place] = (this.marks[place] as number) | Mark.quarantined;
	}
	settle(): void {
		for (let place = this.count - 1; place >= 0; place--)
			if (!this.journal.load(this.addresses[place] as number)) {
				this.journal.damage();
				this.remove(place);
			}
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
		return this.sign(this.addresses.indexOf(address));
	}
	move(address: number, to: number): void {
		const place = this.addresses.indexOf(address);
		if (to < 0) this.remove(place);
		else this.addresses[place] = to;
	}

	private shift(to: number, from: number, end: number): void {
		if (from >= end) return;
		this.sequences.copyWithin(to, from, end);
		this.addresses.copyWithin(to, from, end);
		this.lengths.copyWithin(to, from, end);
		this.identifiers.copyWithin(to, from, end);
		this.marks.copyWithin(to, from, end);
	}
	private grow(): void {
		const length = this.count * 2;
		const grown = (from: Uint16Array<ArrayBuffer>) => {
			const to = new Uint16Array(length);
			to.set(from);
			return to;
		};
		const grown32 = (from: Uint32Array<ArrayBuffer>) => {
			const to = new Uint32Array(length);
			to.set(from);
			return to;
		};
		this.sequences = grown32(this.sequences);
		this.addresses = grown32(this.addresses);
		this.lengths = grown(this.lengths);
		this.identifiers = grown(this.identifiers);
		this.marks = grown(this.marks);
	}
}

/**
 * A few strings by name that survive a loss of power, in the same journal as the messages: ECMA-419 §28's Key-Value
 * domain in "string" format. The last value written wins; an equal value is not written again.
 * A key that was promised room can always be written, also when messages have taken all other room.
 */

import { decode, encode } from "../mqtt/text.js";
import { grown } from "./index.js";
import type { KeyValueDomain } from "./io.js";
import type Journal from "./journal.js";
import type { Owner } from "./mount.js";
import { HEADER, Kind } from "./record.js";
import type Scan from "./scan.js";

/** Bytes of a key, as on hosts that have a store of their own. */
const KEY = 15;

/** Promises take at most this share of the journal: without room for messages there would be no alerts. */
const SHARE = 0.875;

/**
 * Key-Value (ECMA-419 §28) in the journal, of texts. `write` throws, and changes nothing, where there is no room or
 * flash fails.
 */
export default class State implements KeyValueDomain, Owner {
	readonly kinds = (1 << Kind.value) | (1 << Kind.deleted);
	stored = 0;
	private readonly journal: Journal;
	/**
	 * Each key that has a value or a promise, and at its place what belongs to it: a Map of objects took 124 bytes a key, where these take
	 * 48, and `indexOf` is native.
	 */
	private readonly names: string[] = [];
	private addresses: Uint32Array;
	/** Bytes of the record's body; 0 without a value. */
	private lengths: Uint16Array;
	/** The cost of the longest value, as it was promised. */
	private promises: Uint16Array;
	/** The sum over all keys of the greater of their cost and of what they were promised. */
	private wanted = 0;
	/** Of `wanted`, at most this is kept free. */
	private readonly most: number;

	/** `promised`: by key, the bytes of its longest value. Messages leave that room alone. */
	constructor(journal: Journal, promised: ReadonlyMap<string, number>) {
		this.journal = journal;
		this.most = Math.floor(journal.capacity * SHARE);
		const size = promised.size;
		this.addresses = new Uint32Array(size);
		this.lengths = new Uint16Array(size);
		this.promises = new Uint16Array(size);
		promised.forEach((byteLength, key) => {
			const cost = journal.costOf(Math.min(1 + encode(key).byteLength + byteLength, journal.limit));
			this.promises[this.names.push(key) - 1] = cost;
			this.wanted += cost;
		});
		journal.owners.push(this);
	}
	/** How much more is promised than this partition can keep free; 0 where all is. */
	get lacking(): number {
		return Math.max(0, this.wanted - this.most);
	}
	read(key: string): string | undefined {
		const place = this.at(key);
		if (place < 0) return undefined;
		const journal = this.journal;
		if (!journal.load(this.addresses[place] as number, this.lengths[place] as number)) {
			journal.hit++;
			this.forget(place);
			return undefined;
		}
		const { bytes, length } = journal.frame;
		return decode(bytes.subarray(HEADER + 1 + (bytes[HEADER] as number), HEADER + length));
	}
	/** Throws when there is no room, which a promised value always has. The former value stays then. */
	write(key: string, value: string): void {
		const name = encode(key);
		if (name.byteLength < 1 || name.byteLength > KEY)
			throw new RangeError(`state: key "${key}", expected 1 to ${KEY} bytes`);
		const text = encode(value);
		const length = 1 + name.byteLength + text.byteLength;
		const journal = this.journal;
		if (length > journal.limit)
			throw new RangeError(
				`state: ${text.byteLength} bytes for "${key}", expected at most ${journal.limit - 1 - name.byteLength}`,
			);
		if (this.read(key) === value) return;
		// The state that an alert has brought about must not outlive the alert.
		if (!journal.settle()) throw new Error("state: flash failed");
		if (!this.admits(key, journal.costOf(length)) || !journal.room(length)) throw new Error("state: full");
		this.set(key, this.append(Kind.value, name, text), length);
	}
	delete(key: string): void {
		const place = this.at(key);
		if (place < 0) return;
		const name = encode(key);
		if (!this.journal.room(1 + name.byteLength)) throw new Error("state: full");
		this.append(Kind.deleted, name, name.subarray(0, 0));
		this.forget(place);
	}
	[Symbol.iterator](): Iterator<string> {
		return this.names.filter((_name, place) => this.lengths[place] !== 0).values();
	}
	close(): void {}

	// Owner

	get claimed(): number {
		const { most, stored, wanted } = this;
		const kept = wanted < most ? wanted : most;
		return stored > kept ? stored : kept;
	}
	replay({ kind, sequence, address, length }: Scan): void {
		const journal = this.journal;
		if (sequence > journal.sequence) journal.sequence = sequence;
		// Checked here and not in `settle`: if this record is hit, the value before it is still there.
		if (!journal.load(address, length, true)) {
			journal.hit++;
			return;
		}
		const bytes = journal.frame.bytes;
		const key = decode(bytes.subarray(HEADER + 1, HEADER + 1 + (bytes[HEADER] as number)));
		if (kind === Kind.value) this.set(key, address, length);
		else this.forget(this.at(key));
	}
	settle(): void {}
	find(start: number, end: number): number {
		const { addresses, lengths, names } = this;
		for (let place = 0; place < names.length; place++) {
			const address = addresses[place] as number;
			if (lengths[place] !== 0 && address >= start && address < end) return address;
		}
		return -1;
	}
	tag(): number {
		return 0;
	}
	move(address: number, to: number): void {
		let place = this.addresses.indexOf(address);
		// A key without a value has the address of its last one.
		while (place >= 0 && this.lengths[place] === 0) place = this.addresses.indexOf(address, place + 1);
		if (place < 0) return;
		if (to < 0) this.forget(place);
		else this.addresses[place] = to;
	}

	/** A value of such a cost may take the place of the present one. */
	private admits(key: string, cost: number): boolean {
		const place = this.names.indexOf(key);
		const length = place < 0 ? 0 : (this.lengths[place] as number);
		const present = length === 0 ? 0 : this.journal.costOf(length);
		const promised = place < 0 ? 0 : (this.promises[place] as number);
		// A value that is no longer needs no room that is not there already.
		if (cost <= present) return true;
		if (cost <= promised) return this.journal.holds(cost - present);
		return this.journal.admits(cost - Math.max(present, promised));
	}
	private append(kind: number, name: Uint8Array, text: Uint8Array): number {
		const journal = this.journal;
		const bytes = journal.frame.bytes;
		bytes[HEADER] = name.byteLength;
		bytes.set(name, HEADER + 1);
		bytes.set(text, HEADER + 1 + name.byteLength);
		const address = journal.append(kind, ++journal.sequence, 0, 1 + name.byteLength + text.byteLength);
		if (address < 0) throw new Error("state: flash failed");
		return address;
	}
	private set(key: string, address: number, length: number): void {
		let place = this.names.indexOf(key);
		if (place < 0) {
			place = this.names.push(key) - 1;
			if (place >= this.lengths.length) this.grow(place + 8);
		}
		this.addresses[place] = address;
		if (this.lengths[place] === length) return;
		this.count(place, -1);
		this.lengths[place] = length;
		this.count(place, 1);
	}
	/** The place stays: its key may have been promised room, and mostly comes again. */
	private forget(place: number): void {
		if (place < 0) return;
		this.count(place, -1);
		this.lengths[place] = 0;
	}
	/** Where the key's value is noted, or -1 if it has none. */
	private at(key: string): number {
		const place = this.names.indexOf(key);
		return place >= 0 && this.lengths[place] !== 0 ? place : -1;
	}
	private count(place: number, sign: number): void {
		const length = this.lengths[place] as number;
		if (length === 0) return;
		const cost = this.journal.costOf(length);
		this.stored += sign * cost;
		this.wanted += sign * Math.max(0, cost - (this.promises[place] as number));
	}
	private grow(length: number): void {
		this.addresses = grown(this.addresses, new Uint32Array(length));
		this.lengths = grown(this.lengths, new Uint16Array(length));
		this.promises = grown(this.promises, new Uint16Array(length));
	}
}

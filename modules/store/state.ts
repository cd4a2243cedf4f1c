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

/** Characters of a key in `names`, the rest line breaks, which no key has. */
const CELL = KEY + 1;
const REST = "\n";

/** Promises take at most this share of the journal: without room for messages there would be no alerts. */
const SHARE = 0.875;

const cell = (key: string): string => key.padEnd(CELL, REST);

/**
 * Key-Value (ECMA-419 §28) in the journal, of texts. `write` throws, and changes nothing, where there is no room or
 * flash fails.
 */
export default class State implements KeyValueDomain, Owner {
	readonly kinds = (1 << Kind.value) | (1 << Kind.deleted);
	stored = 0;
	private readonly journal: Journal;
	/**
	 * Each key that has a value or a promise, in 16 characters of one text; the lists have at its place what belongs to it. So a key
	 * takes 24 bytes (in a Map of objects 124), and the search is the engine's own.
	 */
	private names = "";
	private count = 0;
	/** A key cannot be read; and each record of the replay is checked. */
	private unsure = false;
	private careful = false;
	/** The key that was found last, and its place. */
	private last = "";
	private found = 0;
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
			this.promises[this.count++] = cost;
			this.wanted += cost;
			this.names += cell(key);
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
		if (name.byteLength < 1 || name.byteLength > KEY || key.includes(REST))
			throw new RangeError(`state: key "${key}", expected 1 to ${KEY} bytes and no line break`);
		const text = encode(value);
		const length = 1 + name.byteLength + text.byteLength;
		const journal = this.journal;
		if (length > journal.limit)
			throw new RangeError(
				`state: ${text.byteLength} bytes for "${key}", expected at most ${journal.limit - 1 - name.byteLength}`,
			);
		const place = this.place(key);
		if (place >= 0 && this.lengths[place] === length && this.holds(place, key, name, text, value)) return;
		// The state that an alert has brought about must not outlive the alert.
		if (!journal.settle()) throw new Error("state: flash failed");
		if (!this.admits(place, journal.costOf(length)) || !journal.room(length)) throw new Error("state: full");
		this.set(place, key, this.append(Kind.value, name, text), length);
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
		const keys: string[] = [];
		for (let place = 0; place < this.count; place++)
			if (this.lengths[place] !== 0)
				keys.push(this.names.slice(place * CELL, this.names.indexOf(REST, place * CELL)));
		return keys.values();
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
		const checked = this.careful || kind === Kind.deleted;
		if (!(checked ? journal.load(address, length, true) : journal.read(address, length))) {
			journal.hit++;
			return;
		}
		const bytes = journal.frame.bytes;
		const size = bytes[HEADER] as number;
		let key: string;
		try {
			if (size < 1 || size > KEY) throw new RangeError();
			key = decode(bytes.subarray(HEADER + 1, HEADER + 1 + size));
		} catch {
			this.unsure = true;
			return;
		}
		if (kind === Kind.value) this.set(this.place(key), key, address, length);
		else this.forget(this.at(key));
	}
	/**
	 * Most values of a replay are gone at its end, so only the last of each key is checked: 300 000 units of a start with a journal
	 * in use. If one is hit, the value before it is still there, and a second replay that checks each record finds it.
	 */
	settle(): boolean {
		const { journal, count, lengths } = this;
		let sound = !this.unsure;
		for (let place = 0; place < count; place++)
			sound &&= !lengths[place] || journal.load(this.addresses[place] as number, lengths[place] as number);
		if (sound || this.careful) return true;
		this.careful = true;
		for (let place = 0; place < count; place++) this.forget(place);
		return false;
	}
	find(start: number, end: number): number {
		const { addresses, lengths, count } = this;
		for (let place = 0; place < count; place++) {
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
	private admits(place: number, cost: number): boolean {
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
		this.fill(name, text);
		const address = journal.append(kind, ++journal.sequence, 0, 1 + name.byteLength + text.byteLength);
		if (address < 0) throw new Error("state: flash failed");
		return address;
	}
	/** Makes it the body of the record in the frame. */
	private fill(name: Uint8Array, text: Uint8Array): void {
		const bytes = this.journal.frame.bytes;
		bytes[HEADER] = name.byteLength;
		bytes.set(name, HEADER + 1);
		bytes.set(text, HEADER + 1 + name.byteLength);
	}
	/** The value there is this one. Most differ in their first words, and are not read for it: 1500 units of an alert's edge. */
	private holds(place: number, key: string, name: Uint8Array, text: Uint8Array, value: string): boolean {
		const { journal, addresses, lengths } = this;
		journal.epoch++;
		this.fill(name, text);
		return journal.alike(addresses[place] as number, lengths[place] as number) && this.read(key) === value;
	}
	/** `place` is the key's, -1 where it is new. */
	private set(place: number, key: string, address: number, length: number): void {
		if (place < 0) {
			this.names += cell(key);
			place = this.count++;
			if (place >= this.lengths.length) this.grow(place + 8);
		}
		this.addresses[place] = address;
		if (this.lengths[place] === length) return;
		this.reckon(place, -1);
		this.lengths[place] = length;
		this.reckon(place, 1);
	}
	/** The place stays: its key may have been promised room, and mostly comes again. */
	private forget(place: number): void {
		if (place < 0) return;
		this.reckon(place, -1);
		this.lengths[place] = 0;
	}
	/** Where the key's value is noted, or -1 if it has none. */
	private at(key: string): number {
		const place = this.place(key);
		return place >= 0 && this.lengths[place] !== 0 ? place : -1;
	}
	/** The key's place, or -1. Mostly it is the last one again. */
	private place(key: string): number {
		if (key === this.last) return this.found;
		const text = cell(key);
		let at = this.names.indexOf(text);
		while (at > 0 && at % CELL !== 0) at = this.names.indexOf(text, at + 1);
		if (at < 0) return at;
		this.last = key;
		this.found = at / CELL;
		return this.found;
	}
	private reckon(place: number, sign: number): void {
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

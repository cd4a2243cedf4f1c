/**
 * A few strings by name that survive a loss of power, in the same journal as the messages: ECMA-419 §28's Key-Value
 * domain in "string" format (SPEC.md, "Record"). The last value written wins; an equal value is not written again.
 * A key that was promised room can always be written, also when messages have taken all other room.
 */

import { decode, encode } from "../mqtt/codec.js";
import type Journal from "./journal.js";
import type Outbox from "./outbox.js";
import { grown, NOWHERE, Places } from "./places.js";
import { HEADER, Kind, type Scan } from "./record.js";

/** A key-value domain opened with `format: "string"` (§28). Values are at most 4000 bytes, keys 15 characters. */
export interface KeyValueDomain extends Iterable<string> {
	/** `undefined` for a key that is not there. */
	read(key: string): string | undefined;
	/** Whole or not at all, also when the power goes. */
	write(key: string, value: string): void;
	/** Nothing happens for a key that is not there. */
	delete(key: string): void;
	/** May be repeated; every other method then throws. */
	close(): void;
}

/** Bytes of a key, as on hosts that have a store of their own. */
const KEY = 15;
/** Characters of a key in `names`, the rest line breaks, which no key has. */
const CELL = KEY + 1;
const REST = "\n";
/** Promises take at most this share of the journal: without room for messages there would be no alerts. */
const SHARE = 0.875;

/** Key-Value (ECMA-419 §28) in the journal, of texts. `write` throws, and changes nothing, where there is no room or flash fails. */
export default class State extends Places implements KeyValueDomain {
	private readonly journal: Journal;
	private readonly outbox: Outbox;
	/**
	 * Each key that has a value or a promise, in 16 characters of one text, at its place; its length is 0 without a value. So a key
	 * takes 24 bytes (in a Map of objects 124), and the search is the engine's own.
	 */
	private names = "";
	/** The key that was found last, and its place. */
	private last = "";
	private found = -1;
	/** A key could not be read. */
	private unsure = false;
	/** Each record of the replay is checked. */
	private careful = false;
	/** By place, the cost of the longest value, as it was promised. */
	private promises: Uint16Array;
	/** The sum over all keys of the greater of their cost and of what they were promised. Of it at most `most` is kept free. */
	private wanted = 0;
	private readonly most: number;

	/** `promised`: by key, the bytes of its longest value. Messages leave that room alone. */
	constructor(journal: Journal, outbox: Outbox, promised: ReadonlyMap<string, number>) {
		super(promised.size);
		this.journal = journal;
		this.outbox = outbox;
		this.most = Math.max(0, Math.floor(journal.capacity * SHARE));
		this.promises = new Uint16Array(promised.size);
		promised.forEach((byteLength, key) => {
			const cost = journal.costOf(Math.min(1 + encode(key).byteLength + byteLength, journal.limit));
			this.promises[this.add(key)] = cost;
			this.wanted += cost;
		});
		this.kept = Math.min(this.wanted, this.most);
	}
	/** How much more is promised than this partition can keep free; 0 where all is. */
	get lacking(): number {
		return this.wanted - this.kept;
	}
	read(key: string): string | undefined {
		const place = this.place(key);
		if (place < 0 || this.lengths[place] === 0) return undefined;
		const journal = this.journal;
		if (!journal.load(this.addresses[place] as number, this.lengths[place] as number)) {
			journal.hit++;
			this.remove(place);
			return undefined;
		}
		const { bytes, length } = journal.frame;
		return decode(bytes.subarray(HEADER + 1 + (bytes[HEADER] as number), HEADER + length));
	}
	/** Throws when there is no room, which a promised value always has. The former value stays then. */
	write(key: string, value: string): void {
		const { journal, addresses } = this;
		const name = encode(key);
		if (name.byteLength < 1 || name.byteLength > KEY || key.includes(REST))
			throw new RangeError(`state: key "${key}", expected 1 to ${KEY} bytes and no line break`);
		const text = encode(value);
		const most = journal.limit - 1 - name.byteLength;
		if (text.byteLength > most)
			throw new RangeError(`state: ${text.byteLength} bytes for "${key}", expected at most ${most}`);
		const length = 1 + name.byteLength + text.byteLength;
		let place = this.place(key);
		const present = place < 0 ? 0 : (this.lengths[place] as number);
		// Most values differ from the former one in words that need no decoding: 1500 units of an alert's edge.
		if (length === present) {
			this.fill(name, text);
			const end = (HEADER + length) & ~3;
			const same = journal.blocks.equal(journal.frame.words, HEADER, end, addresses[place] as number);
			if (same && this.read(key) === value) return;
		}
		// The state that an alert has brought about must not outlive the alert.
		if (!this.outbox.settle()) throw new Error("state: flash failed");
		const admitted = length <= present || this.admits(place, journal.costOf(length));
		if (!admitted || !journal.room(length)) throw new Error("state: full");
		this.fill(name, text);
		const address = this.append(Kind.value, length);
		if (place < 0) place = this.add(key);
		this.set(place, address, length);
	}
	delete(key: string): void {
		const place = this.place(key);
		if (place < 0 || this.lengths[place] === 0) return;
		const name = encode(key);
		if (!this.journal.room(1 + name.byteLength)) throw new Error("state: full");
		this.append(Kind.deleted, this.fill(name, name.subarray(0, 0)));
		this.remove(place);
	}
	[Symbol.iterator](): Iterator<string> {
		const keys: string[] = [];
		for (let place = 0; place < this.count; place++)
			if (this.lengths[place] !== 0)
				keys.push(this.names.slice(place * CELL, this.names.indexOf(REST, place * CELL)));
		return keys.values();
	}
	close(): void {}

	override replay(record: Scan): void {
		const { kind, sequence, address, length, bytes } = record;
		const journal = this.journal;
		if (sequence > journal.sequence) journal.sequence = sequence;
		const start = record.body();
		const checked = this.careful || kind === Kind.deleted;
		if (start < 0 || (checked && !journal.load(address, length))) {
			journal.hit++;
			return;
		}
		const size = bytes[start] as number;
		let key: string;
		try {
			if (size < 1 || size > KEY) throw new RangeError();
			key = decode(bytes.subarray(start + 1, start + 1 + size));
		} catch {
			this.unsure = true;
			return;
		}
		const place = this.place(key);
		if (kind === Kind.value) this.set(place < 0 ? this.add(key) : place, address, length);
		else if (place >= 0) this.remove(place);
	}
	/**
	 * Most values of a replay are gone at its end, so only the last of each key is checked: 300 000 units of a start with a journal
	 * in use. If one is hit, the value before it is still there, and a second replay that checks each record finds it.
	 */
	override check(): boolean {
		const { journal, count, lengths } = this;
		let sound = !this.unsure;
		for (let place = 0; place < count; place++)
			sound &&= !lengths[place] || journal.load(this.addresses[place] as number, lengths[place] as number);
		if (sound || this.careful) return true;
		this.careful = true;
		for (let place = 0; place < count; place++) this.remove(place);
		return false;
	}
	/** The place stays: its key may have been promised room, and mostly comes again. */
	override remove(place: number): void {
		this.set(place, NOWHERE, 0);
	}
	override tagOf(): number {
		return 0;
	}

	/** A value of such a cost may take the place of the present one. */
	private admits(place: number, cost: number): boolean {
		const present = this.costAt(place);
		const promised = place < 0 ? 0 : (this.promises[place] as number);
		// A value that takes no more flash needs no further room.
		if (cost <= present) return true;
		if (cost <= promised) return this.journal.admits(cost - present, false);
		return this.journal.admits(cost - Math.max(present, promised));
	}
	private append(kind: number, length: number): number {
		const journal = this.journal;
		const address = journal.append(kind, ++journal.sequence, 0, length);
		if (address < 0) throw new Error("state: flash failed");
		return address;
	}
	/** Makes it the body of the record in the frame. Returns its length. */
	private fill(name: Uint8Array, text: Uint8Array): number {
		const bytes = this.journal.frame.bytes;
		bytes[HEADER] = name.byteLength;
		bytes.set(name, HEADER + 1);
		bytes.set(text, HEADER + 1 + name.byteLength);
		return 1 + name.byteLength + text.byteLength;
	}
	private add(key: string): number {
		this.names += key.padEnd(CELL, REST);
		if (this.count >= this.lengths.length) this.grow(this.count + 8);
		this.addresses[this.count] = NOWHERE;
		return this.count++;
	}
	private set(place: number, address: number, length: number): void {
		this.addresses[place] = address;
		if (this.lengths[place] === length) return;
		const promised = this.promises[place] as number;
		const before = this.costAt(place);
		this.lengths[place] = length;
		const now = this.costAt(place);
		this.stored += now - before;
		this.wanted += Math.max(now, promised) - Math.max(before, promised);
		this.kept = Math.min(this.wanted, this.most);
	}
	private costAt(place: number): number {
		const length = place < 0 ? 0 : (this.lengths[place] as number);
		return length === 0 ? 0 : this.journal.costOf(length);
	}
	/** The key's place, or -1. Mostly it is the last one again. */
	private place(key: string): number {
		if (key === this.last) return this.found;
		const text = key.padEnd(CELL, REST);
		let at = this.names.indexOf(text);
		while (at > 0 && at % CELL !== 0) at = this.names.indexOf(text, at + 1);
		if (at < 0) return at;
		this.last = key;
		this.found = at / CELL;
		return this.found;
	}
	protected override grow(places: number): void {
		super.grow(places);
		this.promises = grown(this.promises, new Uint16Array(places));
	}
}

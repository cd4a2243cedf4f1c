/**
 * A few strings by name that survive a loss of power, in the same journal as the messages: ECMA-419 §28's Key-Value
 * domain in "string" format, for what must outlive a restart. The last one written wins; an equal value is not written.
 * Values of the keys it was promised room for can always be replaced, also when messages have taken all other room.
 */

import { decode, encode } from "../mqtt/text.js";
import type { KeyValueDomain } from "./io.js";
import type Journal from "./journal.js";
import type { Owner } from "./journal.js";
import { HEADER, Kind } from "./record.js";

/** Characters of a key, as on hosts that have a store of their own. */
const KEY = 15;

/** Of all that can be kept, promises take at most this share: without room for messages there would be no alerts. */
const SHARE = 0.875;

interface Slot {
	address: number;
	cost: number;
}

class Values implements Owner {
	stored = 0;
	/** Per key the greater of what it takes and what it was promised. */
	wanted = 0;
	/** Of `wanted`, this is kept free at most. */
	readonly most: number;
	readonly slots = new Map<string, Slot>();
	private readonly journal: Journal;
	private readonly promised = new Map<string, number>();

	constructor(journal: Journal, promised: ReadonlyMap<string, number>) {
		this.journal = journal;
		this.most = Math.floor(journal.capacity * SHARE);
		promised.forEach((byteLength, key) => {
			const cost = journal.costOf(Math.min(1 + encode(key).byteLength + byteLength, journal.limit));
			this.promised.set(key, cost);
			this.wanted += cost;
		});
		journal.attach(this);
	}
	get claimed(): number {
		return Math.max(this.stored, Math.min(this.wanted, this.most));
	}
	/** A value of such a cost may take the place of the present one. */
	admits(key: string, cost: number): boolean {
		const present = this.slots.get(key)?.cost ?? 0;
		const promised = this.promised.get(key) ?? 0;
		// What is no longer than before needs nothing that is not there already.
		if (cost <= present) return true;
		if (cost <= promised) return this.journal.holds(cost - present);
		return this.journal.admits(cost - Math.max(present, promised));
	}
	set(key: string, address: number, cost: number): void {
		this.remove(key);
		this.slots.set(key, { address, cost });
		this.count(key, cost, 1);
	}
	remove(key: string): void {
		const slot = this.slots.get(key);
		if (!slot) return;
		this.count(key, slot.cost, -1);
		this.slots.delete(key);
	}
	private count(key: string, cost: number, sign: number): void {
		this.stored += sign * cost;
		this.wanted += sign * Math.max(0, cost - (this.promised.get(key) ?? 0));
	}
	replay(kind: number, address: number): void {
		if (kind !== Kind.value && kind !== Kind.deleted) return;
		const journal = this.journal;
		const { frame } = journal;
		// Checked here and not at the end: if this one is hit, the one before it still stands.
		if (!journal.load(address)) {
			journal.damage();
			return;
		}
		const start = HEADER + 1;
		const key = decode(frame.bytes.subarray(start, start + (frame.bytes[HEADER] as number)));
		if (kind === Kind.value) this.set(key, address, journal.costOf(frame.length));
		else this.remove(key);
	}
	settle(): void {}
	find(start: number, end: number): number {
		for (const { address } of this.slots.values()) if (address >= start && address < end) return address;
		return -1;
	}
	tag(): number {
		return 0;
	}
	move(address: number, to: number): void {
		for (const [key, slot] of this.slots) {
			if (slot.address !== address) continue;
			if (to < 0) this.remove(key);
			else slot.address = to;
			return;
		}
	}
}

export default class State implements KeyValueDomain {
	private readonly journal: Journal;
	private readonly values: Values;

	/** `promised`: by key, the bytes of its longest value. Messages leave that room alone. */
	constructor(journal: Journal, promised: ReadonlyMap<string, number>) {
		this.journal = journal;
		this.values = new Values(journal, promised);
	}
	/** How much more is promised than this partition can keep free; 0 where all is. */
	get lacking(): number {
		return Math.max(0, this.values.wanted - this.values.most);
	}
	read(key: string): string | undefined {
		const slot = this.values.slots.get(key);
		if (!slot) return undefined;
		const journal = this.journal;
		if (!journal.load(slot.address)) {
			journal.damage();
			this.values.remove(key);
			return undefined;
		}
		const { bytes, length } = journal.frame;
		const skip = 1 + (bytes[HEADER] as number);
		return decode(bytes.subarray(HEADER + skip, HEADER + length));
	}
	/** Throws when there is no room, which a promised value always has; the value from before stays then. */
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
		const cost = journal.costOf(length);
		if (!this.values.admits(key, cost) || !journal.room(length)) throw new Error("state: full");
		const address = this.append(Kind.value, name, text);
		if (address < 0) throw new Error("state: flash failed");
		this.values.set(key, address, cost);
	}
	delete(key: string): void {
		if (!this.values.slots.has(key)) return;
		const name = encode(key);
		if (!this.journal.room(1 + name.byteLength)) throw new Error("state: full");
		if (this.append(Kind.deleted, name, name.subarray(0, 0)) < 0) throw new Error("state: flash failed");
		this.values.remove(key);
	}
	[Symbol.iterator](): Iterator<string> {
		return this.values.slots.keys();
	}
	close(): void {}

	private append(kind: number, name: Uint8Array, text: Uint8Array): number {
		const { bytes } = this.journal.frame;
		bytes[HEADER] = name.byteLength;
		bytes.set(name, HEADER + 1);
		bytes.set(text, HEADER + 1 + name.byteLength);
		return this.journal.append(kind, ++this.journal.sequence, 0, 1 + name.byteLength + text.byteLength);
	}
}

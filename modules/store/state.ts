/**
 * A few strings by name that survive a loss of power, in the same journal as the messages: ECMA-419 §28's Key-Value
 * domain in "string" format. The last value written wins; an equal value is not written again.
 * A key that was promised room can always be written, also when messages have taken all other room.
 */

import { decode, encode } from "../mqtt/text.js";
import type { KeyValueDomain } from "./io.js";
import type Journal from "./journal.js";
import type { Owner } from "./mount.js";
import { HEADER, Kind } from "./record.js";
import type Scan from "./scan.js";

/** Bytes of a key, as on hosts that have a store of their own. */
const KEY = 15;

/** Promises take at most this share of the journal: without room for messages there would be no alerts. */
const SHARE = 0.875;

interface Slot {
	address: number;
	/** Bytes of the record's body. */
	readonly length: number;
}

export default class State implements KeyValueDomain, Owner {
	readonly kinds = (1 << Kind.value) | (1 << Kind.deleted);
	stored = 0;
	private readonly journal: Journal;
	private readonly slots = new Map<string, Slot>();
	/** By key, the cost of its longest value. */
	private readonly promised = new Map<string, number>();
	/** The sum over all keys of the greater of their cost and of what they were promised. */
	private wanted = 0;
	/** Of `wanted`, at most this is kept free. */
	private readonly most: number;

	/** `promised`: by key, the bytes of its longest value. Messages leave that room alone. */
	constructor(journal: Journal, promised: ReadonlyMap<string, number>) {
		this.journal = journal;
		this.most = Math.floor(journal.capacity * SHARE);
		promised.forEach((byteLength, key) => {
			const cost = journal.costOf(Math.min(1 + encode(key).byteLength + byteLength, journal.limit));
			this.promised.set(key, cost);
			this.wanted += cost;
		});
		journal.owners.push(this);
	}
	/** How much more is promised than this partition can keep free; 0 where all is. */
	get lacking(): number {
		return Math.max(0, this.wanted - this.most);
	}
	read(key: string): string | undefined {
		const slot = this.slots.get(key);
		if (!slot) return undefined;
		const journal = this.journal;
		if (!journal.load(slot.address, slot.length)) {
			journal.hit++;
			this.forget(key);
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
		if (!this.slots.has(key)) return;
		const name = encode(key);
		if (!this.journal.room(1 + name.byteLength)) throw new Error("state: full");
		this.append(Kind.deleted, name, name.subarray(0, 0));
		this.forget(key);
	}
	[Symbol.iterator](): Iterator<string> {
		return this.slots.keys();
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
		const { bytes } = journal.frame;
		const key = decode(bytes.subarray(HEADER + 1, HEADER + 1 + (bytes[HEADER] as number)));
		if (kind === Kind.value) this.set(key, address, length);
		else this.forget(key);
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
			if (to < 0) this.forget(key);
			else slot.address = to;
			return;
		}
	}

	/** A value of such a cost may take the place of the present one. */
	private admits(key: string, cost: number): boolean {
		const slot = this.slots.get(key);
		const present = slot ? this.journal.costOf(slot.length) : 0;
		const promised = this.promised.get(key) ?? 0;
		// A value that is no longer needs no room that is not there already.
		if (cost <= present) return true;
		if (cost <= promised) return this.journal.holds(cost - present);
		return this.journal.admits(cost - Math.max(present, promised));
	}
	private append(kind: number, name: Uint8Array, text: Uint8Array): number {
		const journal = this.journal;
		const { bytes } = journal.frame;
		bytes[HEADER] = name.byteLength;
		bytes.set(name, HEADER + 1);
		bytes.set(text, HEADER + 1 + name.byteLength);
		const address = journal.append(kind, ++journal.sequence, 0, 1 + name.byteLength + text.byteLength);
		if (address < 0) throw new Error("state: flash failed");
		return address;
	}
	private set(key: string, address: number, length: number): void {
		const slot = this.slots.get(key);
		if (slot?.length === length) {
			slot.address = address;
			return;
		}
		this.forget(key);
		this.slots.set(key, { address, length });
		this.count(key, length, 1);
	}
	private forget(key: string): void {
		const slot = this.slots.get(key);
		if (!slot) return;
		this.count(key, slot.length, -1);
		this.slots.delete(key);
	}
	private count(key: string, length: number, sign: number): void {
		const cost = this.journal.costOf(length);
		this.stored += sign * cost;
		this.wanted += sign * Math.max(0, cost - (this.promised.get(key) ?? 0));
	}
}

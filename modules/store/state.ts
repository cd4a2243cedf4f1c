/**
 * A few strings by name that survive a loss of power, in the same journal as the messages: ECMA-419 §28's Key-Value
 * domain in "string" format, for what must outlive a restart. The last one written wins; an equal value is not written.
 */

import { decode, encode } from "../mqtt/text.js";
import type { KeyValueDomain } from "./io.js";
import type Journal from "./journal.js";
import type { Owner } from "./journal.js";
import { HEADER, Kind } from "./record.js";

/** Characters of a key, as on hosts that have a store of their own. */
const KEY = 15;

interface Slot {
	address: number;
	size: number;
}

class Values implements Owner {
	stored = 0;
	readonly promised: number;
	readonly slots = new Map<string, Slot>();
	readonly #journal: Journal;

	constructor(journal: Journal, promised: number) {
		this.#journal = journal;
		this.promised = promised;
		journal.attach(this);
	}
	set(key: string, address: number, size: number): void {
		this.remove(key);
		this.slots.set(key, { address, size });
		this.stored += size;
	}
	remove(key: string): void {
		const slot = this.slots.get(key);
		if (!slot) return;
		this.stored -= slot.size;
		this.slots.delete(key);
	}
	replay(kind: number, address: number): void {
		if (kind !== Kind.value && kind !== Kind.deleted) return;
		const journal = this.#journal;
		const { frame } = journal;
		// Checked here and not at the end: if this one is hit, the one before it still stands.
		if (!journal.load(address)) {
			journal.damage();
			return;
		}
		const start = HEADER + 1;
		const key = decode(frame.bytes.subarray(start, start + (frame.bytes[HEADER] as number)));
		if (kind === Kind.value) this.set(key, address, journal.sizeOf(frame.length));
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
	readonly #journal: Journal;
	readonly #values: Values;

	/** `promised`: bytes of flash that messages leave alone. A value takes about 26 and its key and text. */
	constructor({ journal, promised }: { journal: Journal; promised: number }) {
		this.#journal = journal;
		this.#values = new Values(journal, Math.min(promised, journal.capacity() >> 1));
	}
	read(key: string): string | undefined {
		const slot = this.#values.slots.get(key);
		if (!slot) return undefined;
		const journal = this.#journal;
		if (!journal.load(slot.address)) {
			journal.damage();
			this.#values.remove(key);
			return undefined;
		}
		const { bytes, length } = journal.frame;
		const skip = 1 + (bytes[HEADER] as number);
		return decode(bytes.subarray(HEADER + skip, HEADER + length));
	}
	/** Throws when there is no room; the value from before stays then. */
	write(key: string, value: string): void {
		const name = encode(key);
		if (name.byteLength < 1 || name.byteLength > KEY)
			throw new RangeError(`state: key "${key}", expected 1 to ${KEY} bytes`);
		const text = encode(value);
		const length = 1 + name.byteLength + text.byteLength;
		const journal = this.#journal;
		if (length > journal.limit)
			throw new RangeError(
				`state: ${text.byteLength} bytes for "${key}", expected at most ${journal.limit - 1 - name.byteLength}`,
			);
		if (this.read(key) === value) return;
		const size = journal.sizeOf(length);
		if (!journal.admits(this.#values, size) || !journal.room(length)) throw new Error("state: full");
		const address = this.#append(Kind.value, name, text);
		if (address < 0) throw new Error("state: flash failed");
		this.#values.set(key, address, size);
	}
	delete(key: string): void {
		if (!this.#values.slots.has(key)) return;
		const name = encode(key);
		if (!this.#journal.room(1 + name.byteLength)) throw new Error("state: full");
		if (this.#append(Kind.deleted, name, name.subarray(0, 0)) < 0) throw new Error("state: flash failed");
		this.#values.remove(key);
	}
	[Symbol.iterator](): Iterator<string> {
		return this.#values.slots.keys();
	}
	close(): void {}

	#append(kind: number, name: Uint8Array, text: Uint8Array): number {
		const { bytes } = this.#journal.frame;
		bytes[HEADER] = name.byteLength;
		bytes.set(name, HEADER + 1);
		bytes.set(text, HEADER + 1 + name.byteLength);
		return this.#journal.append(kind, ++this.#journal.sequence, 0, 1 + name.byteLength + text.byteLength);
	}
}

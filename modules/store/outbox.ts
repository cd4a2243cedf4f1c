/**
 * QoS 1 messages that survive a loss of power: the session's `Outbox` over the journal. Accepted means written and read
 * back. Each change of state is one record of 20 bytes. A payload is read from flash when its message is sent, and not
 * at all when that follows at once. Does not know MQTT packets, windows or rates: those are the session's.
 */

import { decode, encode } from "../mqtt/text.js";
import type { OutboxEntry, OutboxOptions, Outbox as Pattern } from "../session/io.js";
import Index, { Mark } from "./index.js";
import type Journal from "./journal.js";
import { HEADER, Kind } from "./record.js";

class Entry implements OutboxEntry {
	sequence = 0;
	packetIdentifier = 0;
	topic = "";
	payload = new Uint8Array(0);
	retain = false;
}

/** Messages held at most. Bounds the RAM: 13 bytes each. */
const MESSAGES = 512;
/** Bytes of messages that RAM holds while flash takes none, and the address of such a message. */
const SPARE = 8192;
const NOWHERE = 0xffffffff;

/** A session's outbox (session/options.ts) in the journal: what it has accepted survives a loss of power. */
export default class Outbox implements Pattern {
	/** Messages refused because there was no room. */
	refused = 0;
	private readonly journal: Journal;
	private readonly index: Index;
	/** By sequence, the bodies that flash did not take, oldest first. */
	private readonly spare = new Map<number, Uint8Array>();
	private spared = 0;
	/** Messages that are acknowledged, which flash could not note. */
	private unsaid: number[] = [];
	/** The entry that was given out last; its payload lies in the journal's frame while `epoch` is the journal's. */
	private readonly entry = new Entry();
	private epoch = -1;
	/**
	 * All messages were checked by the replay, just now: a board that looks through them at its start need not check them again, 2000
	 * units each. Until that ends, or one is sent.
	 */
	private checked = true;

	constructor(journal: Journal) {
		this.journal = journal;
		this.index = new Index(journal);
		journal.settle = () => this.settle();
	}
	get length(): number {
		return this.index.held;
	}
	get byteLength(): number {
		return this.index.bytes;
	}
	get quarantined(): number {
		return this.journal.aside;
	}
	/** Flash takes no messages: those that it refuses are held in RAM, and lost with the power. */
	get broken(): boolean {
		return this.journal.broken || this.spare.size !== 0 || this.unsaid.length !== 0;
	}
	append(topic: string, payload: Uint8Array, options?: OutboxOptions, packetIdentifier = 0): number {
		const journal = this.journal;
		const index = this.index;
		const name = encode(topic);
		this.checked = false;
		const size = name.byteLength;
		const length = 2 + size + payload.byteLength;
		const tag = packetIdentifier | (options?.retain ? Mark.retain << 24 : 0);
		let sequence = 0;
		let address = -1;
		if (length <= journal.limit && index.count < MESSAGES) {
			if (this.settle() && journal.admits(journal.costOf(length)) && journal.room(length)) {
				fill(journal.frame.bytes, HEADER, name, payload);
				sequence = ++journal.sequence;
				address = journal.append(Kind.message, sequence, tag, length);
			}
			// Not in a full journal: the message would be accepted, and lost with the power.
			if (address < 0 && this.broken && this.spared + length <= SPARE) {
				// The number of a write that failed stays in use: its bytes may be there at the next start.
				if (!sequence) sequence = ++journal.sequence;
				const body = new Uint8Array(length);
				fill(body, 0, name, payload);
				this.spare.set(sequence, body);
				this.spared += length;
				address = NOWHERE;
			}
		}
		if (address < 0) {
			this.refused++;
			return 0;
		}
		index.add(sequence, address, length, tag);
		return sequence;
	}
	/** Writes what RAM alone knows: which messages are acknowledged, then those it holds, oldest first. True when that is all. */
	settle(): boolean {
		const { journal, index, spare, unsaid } = this;
		for (; unsaid.length; unsaid.pop())
			if (journal.append(Kind.released, unsaid[unsaid.length - 1] as number, 0) < 0) return false;
		if (spare.size === 0) return true;
		for (const [sequence, body] of spare) {
			const length = body.byteLength;
			if (!journal.admits(0) || !journal.room(length)) return false;
			journal.frame.bytes.set(body, HEADER);
			const place = index.at(sequence);
			const address = journal.append(Kind.message, sequence, index.tagOf(place), length);
			if (address < 0) return false;
			index.addresses[place] = address;
			this.unspare(sequence);
		}
		return true;
	}
	next(sequence: number): OutboxEntry | undefined {
		return this.after(sequence, false);
	}
	/** As `next`, of the messages set aside. They were accepted, so they stay. */
	aside(sequence: number): OutboxEntry | undefined {
		return this.after(sequence, true);
	}
	sent(sequence: number, packetIdentifier: number): void {
		if (!(packetIdentifier >= 1 && packetIdentifier <= 0xffff))
			throw new RangeError(`outbox: packet identifier ${packetIdentifier}`);
		const identifiers = this.index.identifiers;
		const place = this.held(sequence);
		if (place < 0 || identifiers[place] === packetIdentifier) return;
		if (identifiers.indexOf(packetIdentifier) >= 0)
			throw new Error(`outbox: packet identifier ${packetIdentifier} is in use`);
		identifiers[place] = packetIdentifier;
		this.note(Kind.status, sequence, this.index.tagOf(place));
	}
	release(packetIdentifier: number): boolean {
		if (!packetIdentifier) return false;
		const identifiers = this.index.identifiers;
		// Nearly always the oldest.
		const place = identifiers[0] === packetIdentifier ? 0 : identifiers.indexOf(packetIdentifier);
		if (place < 0) return false;
		this.drop(place);
		return true;
	}
	reset(): void {
		const { count, identifiers } = this.index;
		let known = 0;
		for (let place = 0; place < count; place++) known |= identifiers[place] as number;
		if (!known) return;
		identifiers.fill(0);
		this.note(Kind.reset, 0, 0);
	}
	quarantine(sequence: number): void {
		const place = this.held(sequence);
		if (place < 0) return;
		this.index.setAside(place, true);
		this.note(Kind.aside, sequence, ++this.journal.aside);
	}
	readmit(sequence: number): boolean {
		const index = this.index;
		const place = index.at(sequence);
		if (place < 0 || !index.isAside(place)) return false;
		index.setAside(place, false);
		this.note(Kind.status, sequence, index.tagOf(place));
		return true;
	}
	close(): void {
		this.entry.sequence = 0;
	}

	/** The place of a message that is not set aside, or -1. */
	private held(sequence: number): number {
		const place = this.index.at(sequence);
		return place >= 0 && !this.index.isAside(place) ? place : -1;
	}
	private unspare(sequence: number): void {
		this.spared -= this.spare.get(sequence)?.byteLength ?? 0;
		this.spare.delete(sequence);
	}
	private drop(place: number): void {
		const index = this.index;
		const sequence = index.sequences[place] as number;
		if (this.entry.sequence === sequence) this.entry.sequence = 0;
		index.remove(place);
		this.note(Kind.released, sequence, 0);
		this.unspare(sequence);
	}
	/** Writes a change of state. If flash refuses, RAM knows it, and a restart may repeat the message: at least once. */
	private note(kind: number, sequence: number, tag: number): void {
		const journal = this.journal;
		this.checked = false;
		// Its record will have the state that it has then.
		if (this.spare.has(sequence)) return;
		const known = this.epoch === journal.epoch;
		if (journal.append(kind, sequence, tag) < 0 && kind === Kind.released) this.unsaid.push(sequence);
		if (known && this.epoch !== journal.epoch) this.restore();
	}
	/** The entry outlives a compaction: `next`, then `sent`, then its payload is sent. */
	private restore(): void {
		const place = this.entry.sequence ? this.index.at(this.entry.sequence) : -1;
		if (place >= 0 && this.load(place)) this.epoch = this.journal.epoch;
	}
	private load(place: number): boolean {
		const address = this.index.addresses[place] as number;
		if (address === NOWHERE) return false;
		const length = this.index.lengths[place] as number;
		return this.checked ? this.journal.read(address, length) : this.journal.load(address, length);
	}
	private after(sequence: number, aside: boolean): OutboxEntry | undefined {
		const index = this.index;
		let place = index.after(sequence);
		while (place < index.count) {
			if (index.isAside(place) !== aside) place++;
			else if (this.read(place)) return this.entry;
			else {
				// It was sound at the start or when it was written: flash has lost it since.
				this.journal.hit++;
				this.drop(place);
			}
		}
		this.checked = false;
		return undefined;
	}
	private read(place: number): boolean {
		const { index, entry, journal } = this;
		const sequence = index.sequences[place] as number;
		entry.packetIdentifier = index.identifiers[place] as number;
		if (entry.sequence === sequence && this.epoch === journal.epoch) return true;
		const body = this.spare.get(sequence);
		if (body) return this.give(place, body, 0);
		return this.load(place) && this.give(place, journal.frame.bytes, HEADER);
	}
	/** Makes the message whose body starts there the entry. */
	private give(place: number, bytes: Uint8Array, start: number): boolean {
		const { index, entry } = this;
		const length = index.lengths[place] as number;
		const size = (bytes[start] as number) | ((bytes[start + 1] as number) << 8);
		if (2 + size > length) return false;
		const middle = start + 2 + size;
		try {
			entry.topic = decode(bytes.subarray(start + 2, middle));
		} catch {
			return false;
		}
		entry.payload = new Uint8Array(bytes.buffer as ArrayBuffer, middle, length - 2 - size);
		entry.sequence = index.sequences[place] as number;
		entry.retain = ((index.marks[place] as number) & Mark.retain) !== 0;
		this.epoch = this.journal.epoch;
		return true;
	}
}

/** The body of a message. */
const fill = (bytes: Uint8Array, start: number, name: Uint8Array, payload: Uint8Array): void => {
	const size = name.byteLength;
	bytes[start] = size & 0xff;
	bytes[start + 1] = size >> 8;
	bytes.set(name, start + 2);
	bytes.set(payload, start + 2 + size);
};

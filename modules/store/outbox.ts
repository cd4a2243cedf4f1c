/**
 * QoS 1 messages that survive a loss of power: the session's `Outbox` over the journal. Accepted means written and read
 * back. Each change of state is one record of 20 bytes. A payload is read from flash when its message is sent, and not
 * at all when that follows at once. Does not know MQTT packets, windows or rates: those are the session's.
 */

import { decode, encode } from "../mqtt/text.js";
import type { OutboxEntry, OutboxOptions, Outbox as Pattern } from "../session/options.js";
import Index, { Mark } from "./index.js";
import type Journal from "./journal.js";
import { HEADER, Kind } from "./record.js";

const BODY = HEADER + 2;

class Entry implements OutboxEntry {
	sequence = 0;
	packetIdentifier = 0;
	topic = "";
	payload = new Uint8Array(0);
	retain = false;
	failures = 0;
}

/** Messages held at most. Bounds the RAM: 14 bytes each. */
const MESSAGES = 512;

export default class Outbox implements Pattern {
	/** Messages refused because there was no room. */
	refused = 0;
	length = 0;
	byteLength = 0;
	private readonly journal: Journal;
	private readonly index: Index;
	/** The entry that was given out last; its payload lies in the journal's frame while `epoch` is the journal's. */
	private readonly entry = new Entry();
	private epoch = -1;

	constructor(journal: Journal) {
		this.journal = journal;
		this.index = new Index(journal);
	}
	/** After the journal's replay. */
	ready(): this {
		const { count, lengths } = this.index;
		this.length = this.byteLength = 0;
		for (let place = 0; place < count; place++)
			if (!this.index.isAside(place)) this.count(1, lengths[place] as number);
		return this;
	}
	get quarantined(): number {
		return this.journal.aside;
	}
	append(topic: string, payload: Uint8Array, options?: OutboxOptions): number {
		const journal = this.journal;
		const name = encode(topic);
		const size = name.byteLength;
		const length = 2 + size + payload.byteLength;
		if (!this.admit(length)) {
			this.refused++;
			return 0;
		}
		const { bytes } = journal.frame;
		bytes[HEADER] = size & 0xff;
		bytes[HEADER + 1] = size >> 8;
		bytes.set(name, BODY);
		bytes.set(payload, BODY + size);
		const marks = options?.retain ? Mark.retain : 0;
		// Used up even if the write fails: the bytes may be there at the next start.
		const sequence = ++journal.sequence;
		const address = journal.append(Kind.message, sequence, marks << 16, length);
		if (address < 0) {
			this.refused++;
			return 0;
		}
		const index = this.index;
		index.insert(index.count, sequence, address, length, marks << 16);
		this.count(1, length);
		this.hold(index.count - 1, sequence, topic, size, length);
		return sequence;
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
		const { identifiers } = this.index;
		const place = this.held(sequence);
		if (place < 0 || identifiers[place] === packetIdentifier) return;
		if (identifiers.indexOf(packetIdentifier) >= 0)
			throw new Error(`outbox: packet identifier ${packetIdentifier} is in use`);
		identifiers[place] = packetIdentifier;
		this.note(Kind.status, sequence, this.index.tagOf(place));
	}
	release(packetIdentifier: number): boolean {
		const place = packetIdentifier ? this.index.identifiers.indexOf(packetIdentifier) : -1;
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
	failed(sequence: number): number {
		const { marks } = this.index;
		const place = this.held(sequence);
		if (place < 0) return 0;
		const failures = (marks[place] as number) & Mark.failures;
		// One more would be the bit `retain`.
		if (failures === Mark.failures) return failures;
		marks[place] = (marks[place] as number) + 1;
		this.note(Kind.status, sequence, this.index.tagOf(place));
		return failures + 1;
	}
	quarantine(sequence: number): void {
		const place = this.held(sequence);
		if (place < 0) return;
		this.index.setAside(place);
		this.count(-1, this.index.lengths[place] as number);
		this.note(Kind.aside, sequence, ++this.journal.aside);
	}
	readmit(sequence: number): boolean {
		const index = this.index;
		const place = index.at(sequence);
		if (place < 0 || !index.isAside(place)) return false;
		index.marks[place] = (index.marks[place] as number) & ~Mark.aside;
		this.count(1, index.lengths[place] as number);
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
	private count(sign: number, length: number): void {
		this.length += sign;
		this.byteLength += sign * (length - 2);
	}
	/** There is room in RAM, and in flash. A full outbox keeps the oldest, those set aside too. */
	private admit(length: number): boolean {
		const journal = this.journal;
		if (length > journal.limit || this.index.count >= MESSAGES) return false;
		return journal.admits(journal.costOf(length)) && journal.room(length);
	}
	private drop(place: number): void {
		const index = this.index;
		const sequence = index.sequences[place] as number;
		if (!index.isAside(place)) this.count(-1, index.lengths[place] as number);
		if (this.entry.sequence === sequence) this.entry.sequence = 0;
		index.remove(place);
		this.note(Kind.released, sequence, 0);
	}
	/** Writes a change of state. If flash refuses, RAM knows it, and a restart repeats: at least once. */
	private note(kind: number, sequence: number, tag: number): void {
		const journal = this.journal;
		const known = this.epoch === journal.epoch;
		journal.append(kind, sequence, tag);
		if (known && this.epoch !== journal.epoch) this.restore();
	}
	/** The entry outlives a compaction: `next`, then `sent`, then its payload is sent. */
	private restore(): void {
		const place = this.entry.sequence ? this.index.at(this.entry.sequence) : -1;
		if (place >= 0 && this.journal.load(this.index.addresses[place] as number))
			this.epoch = this.journal.epoch;
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
		return undefined;
	}
	private read(place: number): boolean {
		const index = this.index;
		const entry = this.entry;
		const journal = this.journal;
		const sequence = index.sequences[place] as number;
		if (entry.sequence === sequence && this.epoch === journal.epoch) {
			entry.packetIdentifier = index.identifiers[place] as number;
			entry.failures = (index.marks[place] as number) & Mark.failures;
			return true;
		}
		if (!journal.load(index.addresses[place] as number)) return false;
		const { bytes, length } = journal.frame;
		const size = (bytes[HEADER] as number) | ((bytes[HEADER + 1] as number) << 8);
		if (2 + size > length) return false;
		try {
			this.hold(place, sequence, decode(bytes.subarray(BODY, BODY + size)), size, length);
		} catch {
			return false;
		}
		return true;
	}
	/** The message in the journal's frame becomes the entry. `size`: bytes of its topic. */
	private hold(place: number, sequence: number, topic: string, size: number, length: number): void {
		const entry = this.entry;
		const marks = this.index.marks[place] as number;
		entry.sequence = sequence;
		entry.packetIdentifier = this.index.identifiers[place] as number;
		entry.failures = marks & Mark.failures;
		entry.retain = (marks & Mark.retain) !== 0;
		entry.topic = topic;
		entry.payload = new Uint8Array(
			this.journal.frame.bytes.buffer as ArrayBuffer,
			BODY + size,
			length - 2 - size,
		);
		this.epoch = this.journal.epoch;
	}
}

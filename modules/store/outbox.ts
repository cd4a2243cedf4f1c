/**
 * QoS 1 messages that survive a loss of power: the session's `Outbox` (session/io.ts) over the journal. Accepted means
 * written and read back. Each change of state is one record of 20 bytes. A payload is read from flash when its message is
 * sent, and not at all when that follows at once. Does not know MQTT packets, windows or rates: those are the session's.
 */

import { decode, encode } from "../mqtt/text.js";
import type { OutboxEntry, OutboxOptions, Outbox as Pattern } from "../session/io.js";
import Index, { Mark } from "./index.js";
import { NOWHERE } from "./owner.js";
import { HEADER, Kind } from "./record.js";

/** Messages held at most. Bounds the RAM: 13 bytes each. */
const MESSAGES = 512;
/** Bytes of messages that RAM holds while flash takes none. */
const SPARE = 8192;

/** A session's outbox in the journal: what it has accepted survives a loss of power. */
export default class Outbox extends Index implements Pattern {
	/** Messages refused because there was no room. */
	refused = 0;
	/** By sequence, the bodies that flash did not take, oldest first. */
	private readonly spare = new Map<number, Uint8Array>();
	/** Messages that are acknowledged, which flash could not note. */
	private unsaid: number[] = [];
	/** The entry that was given out last; its payload lies in the journal's frame while `epoch` is the journal's. */
	private readonly entry = {
		sequence: 0,
		packetIdentifier: 0,
		topic: "",
		payload: new Uint8Array(0),
		retain: false,
	};
	private epoch = -1;
	/**
	 * All messages were checked by the replay, just now: a board that looks through them at its start need not check them again, 2000
	 * units each. Until that ends, or one is sent.
	 */
	private checked = true;

	get quarantined(): number {
		return this.journal.aside;
	}
	/** Flash takes no messages: those that it refuses are held in RAM, and lost with the power. */
	get broken(): boolean {
		return this.journal.broken || this.spare.size !== 0 || this.unsaid.length !== 0;
	}
	append(topic: string, payload: Uint8Array, options?: OutboxOptions, packetIdentifier = 0): number {
		const journal = this.journal;
		const name = encode(topic);
		this.checked = false;
		const length = 2 + name.byteLength + payload.byteLength;
		const tag = packetIdentifier | (options?.retain ? Mark.retain << 24 : 0);
		let sequence = 0;
		let address = -1;
		if (length <= journal.limit && this.count < MESSAGES) {
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
				address = NOWHERE;
			}
		}
		if (address < 0) {
			this.refused++;
			return 0;
		}
		this.add(sequence, address, length, tag);
		return sequence;
	}
	/** Writes what RAM alone knows: which messages are acknowledged, then those it holds, oldest first. True when that is all. */
	settle(): boolean {
		const { journal, spare, unsaid } = this;
		for (; unsaid.length; unsaid.pop())
			if (journal.append(Kind.released, unsaid[unsaid.length - 1] as number, 0) < 0) return false;
		if (spare.size === 0) return true;
		for (const [sequence, body] of spare) {
			const length = body.byteLength;
			if (!journal.admits(0) || !journal.room(length)) return false;
			journal.frame.bytes.set(body, HEADER);
			const place = this.at(sequence);
			const address = journal.append(Kind.message, sequence, this.tagOf(place), length);
			if (address < 0) return false;
			this.addresses[place] = address;
			spare.delete(sequence);
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
		const identifiers = this.identifiers;
		const place = this.at(sequence);
		if (place < 0 || this.isAside(place) || identifiers[place] === packetIdentifier) return;
		if (identifiers.indexOf(packetIdentifier) >= 0)
			throw new Error(`outbox: packet identifier ${packetIdentifier} is in use`);
		identifiers[place] = packetIdentifier;
		this.note(Kind.status, sequence, this.tagOf(place));
	}
	release(packetIdentifier: number): boolean {
		if (!packetIdentifier) return false;
		const identifiers = this.identifiers;
		// Nearly always the oldest.
		const place = identifiers[0] === packetIdentifier ? 0 : identifiers.indexOf(packetIdentifier);
		if (place < 0) return false;
		this.drop(place);
		return true;
	}
	reset(): void {
		const identifiers = this.identifiers;
		if (!identifiers.some(Boolean)) return;
		identifiers.fill(0);
		this.note(Kind.reset, 0, 0);
	}
	quarantine(sequence: number): void {
		const place = this.at(sequence);
		if (place < 0 || this.isAside(place)) return;
		this.setAside(place, true);
		this.note(Kind.aside, sequence, ++this.journal.aside);
	}
	readmit(sequence: number): boolean {
		const place = this.at(sequence);
		if (place < 0 || !this.isAside(place)) return false;
		this.setAside(place, false);
		this.note(Kind.status, sequence, this.tagOf(place));
		return true;
	}
	close(): void {}

	/** Bytes that are held in RAM. */
	private get spared(): number {
		let bytes = 0;
		this.spare.forEach(body => {
			bytes += body.byteLength;
		});
		return bytes;
	}
	private drop(place: number): void {
		const sequence = this.sequences[place] as number;
		if (this.entry.sequence === sequence) this.entry.sequence = 0;
		this.remove(place);
		this.note(Kind.released, sequence, 0);
		this.spare.delete(sequence);
	}
	/** Writes a change of state. If flash refuses, RAM knows it, and a restart may repeat the message: at least once. */
	private note(kind: number, sequence: number, tag: number): void {
		const { journal, entry } = this;
		this.checked = false;
		// Its record will have the state that it has then.
		if (this.spare.has(sequence)) return;
		const known = this.epoch === journal.epoch;
		if (journal.append(kind, sequence, tag) < 0 && kind === Kind.released) this.unsaid.push(sequence);
		// The entry outlives a compaction: `next`, then `sent`, then its payload is sent.
		if (!known || this.epoch === journal.epoch || entry.sequence === 0) return;
		const place = this.at(entry.sequence);
		if (place >= 0 && this.load(place)) this.epoch = journal.epoch;
	}
	private after(sequence: number, aside: boolean): OutboxEntry | undefined {
		let place = this.above(sequence);
		while (place < this.count) {
			if (this.isAside(place) !== aside) place++;
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
	/** Makes the message at this place the entry. False when flash has lost it. */
	private read(place: number): boolean {
		const { entry, journal } = this;
		const sequence = this.sequences[place] as number;
		entry.packetIdentifier = this.identifiers[place] as number;
		if (entry.sequence === sequence && this.epoch === journal.epoch) return true;
		const body = this.spare.get(sequence);
		if (!body && !this.load(place)) return false;
		const bytes = body ?? journal.frame.bytes;
		const start = body ? 0 : HEADER;
		const middle = start + 2 + ((bytes[start] as number) | ((bytes[start + 1] as number) << 8));
		const end = start + (this.lengths[place] as number);
		try {
			entry.topic = decode(bytes.subarray(start + 2, middle));
			entry.payload = new Uint8Array(bytes.buffer as ArrayBuffer, middle, end - middle);
		} catch {
			return false; // Written by another hand: the topic is not UTF-8, or longer than the record.
		}
		entry.sequence = sequence;
		entry.retain = ((this.marks[place] as number) & Mark.retain) !== 0;
		this.epoch = journal.epoch;
		return true;
	}
	private load(place: number): boolean {
		const journal = this.journal;
		const address = this.addresses[place] as number;
		const length = this.lengths[place] as number;
		if (address === NOWHERE) return false;
		return this.checked ? journal.read(address, length) : journal.load(address, length);
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

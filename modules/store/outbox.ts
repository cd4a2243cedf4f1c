/**
 * QoS 1 messages that survive a loss of power: the `Outbox` of session/options.ts over the journal. Accepted means
 * written and read back. Each change of state is one record of 20 bytes; payloads are read when they are needed.
 * Does not know MQTT packets, windows or rates; those are the session's.
 */

import { decode, encode } from "../mqtt/text.js";
import type { OutboxEntry, OutboxOptions, Outbox as Pattern } from "../session/options.js";
import Roster, { Mark } from "./index.js";
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
	private readonly roster: Roster;
	private readonly entry = new Entry();
	private epoch = -1;

	constructor(journal: Journal) {
		this.journal = journal;
		this.roster = new Roster(journal);
	}
	/** After the journal's replay. */
	ready(): this {
		const { count, lengths, marks } = this.roster;
		this.length = this.byteLength = 0;
		for (let place = 0; place < count; place++)
			if (((marks[place] as number) & Mark.quarantined) === 0) this.count(1, lengths[place] as number);
		return this;
	}
	get quarantined(): number {
		return this.journal.quarantined;
	}
	append(topic: string, payload: Uint8Array, { retain = false }: OutboxOptions = {}): number {
		const journal = this.journal;
		const name = encode(topic);
		const length = 2 + name.byteLength + payload.byteLength;
		if (length > journal.limit || !this.admit(length)) {
			this.refused++;
			return 0;
		}
		const { bytes } = journal.frame;
		bytes[HEADER] = name.byteLength & 0xff;
		bytes[HEADER + 1] = name.byteLength >> 8;
		bytes.set(name, BODY);
		bytes.set(payload, BODY + name.byteLength);
		const marks = retain ? Mark.retain : 0;
		// Used up even if the write fails: the bytes may be there at the next start.
		const sequence = ++journal.sequence;
		const address = journal.append(Kind.message, sequence, marks << 16, length);
		if (address < 0) {
			this.refused++;
			return 0;
		}
		this.roster.insert(this.roster.count, sequence, address, length, marks << 16);
		this.count(1, length);
		return sequence;
	}
	next(sequence: number): OutboxEntry | undefined {
		return this.after(sequence, 0);
	}
	/** As `next`, of the messages put aside. They were accepted, so they stay. */
	aside(sequence: number): OutboxEntry | undefined {
		return this.after(sequence, Mark.quarantined);
	}
	sent(sequence: number, packetIdentifier: number): void {
		if (!(packetIdentifier >= 1 && packetIdentifier <= 0xffff))
			throw new RangeError(`outbox: packet identifier ${packetIdentifier}`);
		const { identifiers } = this.roster;
		const place = this.held(sequence);
		if (place < 0 || identifiers[place] === packetIdentifier) return;
		if (identifiers.indexOf(packetIdentifier) >= 0)
			throw new Error(`outbox: packet identifier ${packetIdentifier} is in use`);
		identifiers[place] = packetIdentifier;
		this.note(Kind.status, sequence, this.roster.sign(place));
	}
	release(packetIdentifier: number): boolean {
		const place = packetIdentifier ? this.roster.identifiers.indexOf(packetIdentifier) : -1;
		if (place < 0) return false;
		this.drop(place);
		return true;
	}
	reset(): void {
		const { count, identifiers } = this.roster;
		let known = 0;
		for (let place = 0; place < count; place++) known |= identifiers[place] as number;
		if (!known) return;
		identifiers.fill(0);
		this.note(Kind.reset, 0, 0);
	}
	failed(sequence: number): number {
		const { marks } = this.roster;
		const place = this.held(sequence);
		if (place < 0) return 0;
		const failures = (marks[place] as number) & Mark.failures;
		if (failures === Mark.failures) return failures;
		marks[place] = (marks[place] as number) + 1;
		this.note(Kind.status, sequence, this.roster.sign(place));
		return failures + 1;
	}
	quarantine(sequence: number): void {
		const place = this.held(sequence);
		if (place < 0) return;
		this.roster.aside(place);
		this.count(-1, this.roster.lengths[place] as number);
		this.note(Kind.quarantined, sequence, ++this.journal.quarantined);
	}
	readmit(sequence: number): boolean {
		const roster = this.roster;
		const place = roster.at(sequence);
		if (place < 0 || ((roster.marks[place] as number) & Mark.quarantined) === 0) return false;
		roster.marks[place] = (roster.marks[place] as number) & ~Mark.quarantined;
		this.count(1, roster.lengths[place] as number);
		this.note(Kind.status, sequence, roster.sign(place));
		return true;
	}
	close(): void {
		this.entry.sequence = 0;
	}

	/** The place of a message that is not put aside, or -1. */
	private held(sequence: number): number {
		const place = this.roster.at(sequence);
		return place >= 0 && ((this.roster.marks[place] as number) & Mark.quarantined) === 0 ? place : -1;
	}
	private count(sign: number, length: number): void {
		this.length += sign;
		this.byteLength += sign * (length - 2);
	}
	/** Room in RAM, and in flash. A full outbox keeps the oldest, those set aside too. */
	private admit(length: number): boolean {
		const journal = this.journal;
		return this.roster.count < MESSAGES && journal.admits(journal.costOf(length)) && journal.room(length);
	}
	private drop(place: number): void {
		const roster = this.roster;
		const sequence = roster.sequences[place] as number;
		const quarantined = ((roster.marks[place] as number) & Mark.quarantined) !== 0;
		if (!quarantined) this.count(-1, roster.lengths[place] as number);
		if (this.entry.sequence === sequence) this.entry.sequence = 0;
		roster.remove(place);
		this.note(Kind.released, sequence, 0);
	}
	/** Writes a change of state. If flash refuses, RAM knows it, and a restart repeats: at least once. */
	private note(kind: number, sequence: number, tag: number): void {
		const known = this.epoch === this.journal.epoch;
		this.journal.append(kind, sequence, tag);
		// `next`, `sent`, then the payload: the entry has to outlive what `sent` writes and compacts.
		const place = known && this.entry.sequence ? this.roster.at(this.entry.sequence) : -1;
		if (
			place >= 0 &&
			this.epoch !== this.journal.epoch &&
			this.journal.load(this.roster.addresses[place] as number)
		)
			this.epoch = this.journal.epoch;
	}
	private after(sequence: number, quarantined: number): OutboxEntry | undefined {
		const roster = this.roster;
		let place = roster.after(sequence);
		while (place < roster.count) {
			if (((roster.marks[place] as number) & Mark.quarantined) !== quarantined) place++;
			else if (this.read(place)) return this.entry;
			else {
				// It was sound at the start or when it was written: flash has lost it since.
				this.journal.damage();
				this.drop(place);
			}
		}
		return undefined;
	}
	private read(place: number): boolean {
		const roster = this.roster;
		const entry = this.entry;
		entry.packetIdentifier = roster.identifiers[place] as number;
		entry.failures = (roster.marks[place] as number) & Mark.failures;
		const sequence = roster.sequences[place] as number;
		if (entry.sequence === sequence && this.epoch === this.journal.epoch) return true;
		if (!this.journal.load(roster.addresses[place] as number)) return false;
		const { bytes, length } = this.journal.frame;
		const size = (bytes[HEADER] as number) | ((bytes[HEADER + 1] as number) << 8);
		if (2 + size > length) return false;
		try {
			entry.topic = decode(bytes.subarray(BODY, BODY + size));
		} catch {
			return false;
		}
		const payload = new Uint8Array(bytes.buffer as ArrayBuffer, BODY + size, length - 2 - size);
		entry.payload = payload;
		entry.retain = ((roster.marks[place] as number) & Mark.retain) !== 0;
		entry.sequence = sequence;
		this.epoch = this.journal.epoch;
		return true;
	}
}

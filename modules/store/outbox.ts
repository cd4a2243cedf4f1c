/**
 * QoS 1 messages that survive a loss of power: the session's `Outbox` (session/options.ts) over the journal (SPEC.md, "Record").
 * Accepted means written and read back. Each change of state is one record of 20 bytes. Topics and payloads stay in flash,
 * and are read when a message is sent, unless that follows at once; RAM holds 14 bytes a message, in order of acceptance.
 * Does not know MQTT packets, windows or rates: those are the session's.
 */

import { decode, encode } from "../mqtt/codec.js";
import type { OutboxEntry, OutboxOptions, Outbox as Pattern } from "../session/options.js";
import type Journal from "./journal.js";
import { Messages, NOWHERE } from "./places.js";
import { HEADER, Kind, type Scan } from "./record.js";

/** Messages held at most, which bounds the RAM. */
const MESSAGES = 512;
/** Bytes of messages that RAM holds while flash takes none. */
const SPARE = 8192;

/** The state of a message: its packet identifier and two bits. */
const IDENTIFIER = 0xffff;
const RETAIN = 0x1000000;
const ASIDE = 0x2000000;
const STATE = IDENTIFIER | RETAIN | ASIDE;

/** A session's outbox in the journal: what it has accepted survives a loss of power. */
export default class Outbox extends Messages implements Pattern {
	length = 0;
	byteLength = 0;
	/** Messages refused because there was no room. */
	refused = 0;
	private readonly journal: Journal;
	/** By sequence, the bodies that flash did not take. */
	private readonly spare = new Map<number, Uint8Array>();
	/** Sequences of messages that are acknowledged, which flash could not note. */
	private readonly unsaid: number[] = [];
	/** The entry that was given out last. */
	private readonly entry = {
		sequence: 0,
		packetIdentifier: 0,
		topic: "",
		payload: new Uint8Array(0),
		retain: false,
	};
	/** Since the replay, which checked all messages, none was given up or written: the first look at them saves 2000 units each. */
	private checked = true;

	constructor(journal: Journal) {
		super();
		this.journal = journal;
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
		const name = encode(topic);
		const length = 2 + name.byteLength + payload.byteLength;
		const state = options?.retain ? packetIdentifier | RETAIN : packetIdentifier;
		let sequence = 0;
		let address = -1;
		this.checked = false;
		if (length <= journal.limit && this.count < MESSAGES) {
			if (this.settle() && journal.admits(journal.costOf(length)) && journal.room(length)) {
				this.fill(name, payload);
				sequence = ++journal.sequence;
				address = journal.append(Kind.message, sequence, state, length);
			}
			// Not in a full journal: the message would be accepted, and lost with the power.
			if (address < 0 && this.broken && this.spared + length <= SPARE) {
				// The number of a write that failed stays in use: its bytes may be there at the next start.
				if (!sequence) sequence = ++journal.sequence;
				this.fill(name, payload);
				this.spare.set(sequence, journal.frame.bytes.slice(HEADER, HEADER + length));
				address = NOWHERE;
			}
		}
		if (address < 0) {
			this.refused++;
			return 0;
		}
		this.put(this.count, sequence, address, length, state);
		this.reckon(this.count - 1, 1);
		return sequence;
	}
	/** Writes what RAM alone knows: which messages are acknowledged, then those it holds, oldest first. True when that is all. */
	settle(): boolean {
		const { journal, spare, unsaid } = this;
		for (; unsaid.length; unsaid.pop())
			if (journal.append(Kind.released, unsaid[unsaid.length - 1] as number, 0) < 0) return false;
		while (spare.size !== 0) {
			const place = this.addresses.indexOf(NOWHERE);
			const sequence = this.sequences[place] as number;
			const body = spare.get(sequence) as Uint8Array;
			if (!journal.admits(0) || !journal.room(body.byteLength)) return false;
			journal.frame.bytes.set(body, HEADER);
			const address = journal.append(Kind.message, sequence, this.tagOf(place), body.byteLength);
			if (address < 0) return false;
			this.addresses[place] = address;
			spare.delete(sequence);
		}
		return true;
	}
	next(sequence: number): OutboxEntry | undefined {
		return this.after(sequence, 0);
	}
	/** As `next`, of the messages set aside. They were accepted, so they stay. */
	aside(sequence: number): OutboxEntry | undefined {
		return this.after(sequence, ASIDE);
	}
	sent(sequence: number, packetIdentifier: number): void {
		if (!(packetIdentifier >= 1 && packetIdentifier <= IDENTIFIER))
			throw new RangeError(`outbox: packet identifier ${packetIdentifier}`);
		const place = this.at(sequence);
		const state = place < 0 ? ASIDE : this.tagOf(place);
		if (state & ASIDE || (state & IDENTIFIER) === packetIdentifier) return;
		if (this.under(packetIdentifier) >= 0)
			throw new Error(`outbox: packet identifier ${packetIdentifier} is in use`);
		this.states[place] = (state & RETAIN) | packetIdentifier;
		this.note(Kind.status, sequence, this.tagOf(place));
	}
	release(packetIdentifier: number): boolean {
		const place = packetIdentifier ? this.under(packetIdentifier) : -1;
		if (place < 0) return false;
		this.drop(place);
		return true;
	}
	reset(): void {
		if (this.forget()) this.note(Kind.reset, 0, 0);
	}
	quarantine(sequence: number): void {
		if (this.setAside(sequence, ASIDE) >= 0) this.note(Kind.aside, sequence, ++this.journal.aside);
	}
	readmit(sequence: number): boolean {
		const place = this.setAside(sequence, 0);
		if (place < 0) return false;
		this.note(Kind.status, sequence, this.tagOf(place));
		return true;
	}
	close(): void {}

	override replay({ kind, sequence, tag, address, length }: Scan): void {
		if (kind === Kind.reset) {
			this.forget();
			return;
		}
		const journal = this.journal;
		const place = this.above(sequence) - 1;
		const known = place >= 0 && this.sequences[place] === sequence;
		if (kind === Kind.message) {
			if (sequence > journal.sequence) journal.sequence = sequence;
			if (known) this.take(place);
			this.put(known ? place : place + 1, sequence, address, length, tag & STATE);
			return;
		}
		if (kind === Kind.aside && tag > journal.aside) journal.aside = tag;
		if (!known) return;
		if (kind === Kind.released) this.take(place);
		else this.states[place] = kind === Kind.status ? tag & STATE : (this.tagOf(place) & RETAIN) | ASIDE;
	}
	/** Costs are reckoned here only: most messages of a replay are gone at its end. */
	override check(): boolean {
		for (let place = this.count - 1; place >= 0; place--) {
			this.reckon(place, 1);
			if (this.journal.load(this.addresses[place] as number, this.lengths[place] as number)) continue;
			this.journal.hit++;
			this.remove(place);
		}
		return true;
	}
	override remove(place: number): void {
		this.reckon(place, -1);
		this.take(place);
	}

	/** The place of this packet identifier, nearly always the oldest, or -1. */
	private under(packetIdentifier: number): number {
		const states = this.states;
		if (((states[0] as number) & IDENTIFIER) === packetIdentifier) return 0;
		const place = states.indexOf(packetIdentifier);
		return place < 0 ? states.indexOf(packetIdentifier | RETAIN) : place;
	}
	private reckon(place: number, sign: number): void {
		const length = this.lengths[place] as number;
		this.stored += sign * this.journal.costOf(length);
		if ((this.states[place] as number) & ASIDE) return;
		this.length += sign;
		this.byteLength += sign * (length - 2);
	}
	/** Sets a message aside (`ASIDE`) or offers it again (0), both without an identifier. Its place; -1 if nothing changes. */
	private setAside(sequence: number, aside: number): number {
		const place = this.at(sequence);
		if (place < 0 || (this.tagOf(place) & ASIDE) === aside) return -1;
		this.reckon(place, -1);
		this.states[place] = (this.tagOf(place) & RETAIN) | aside;
		this.reckon(place, 1);
		return place;
	}
	/** Forgets every packet identifier. False when there was none. */
	private forget(): boolean {
		const states = this.states;
		let known = 0;
		for (let place = 0; place < this.count; place++) {
			known |= (states[place] as number) & IDENTIFIER;
			states[place] = (states[place] as number) & ~IDENTIFIER;
		}
		return known !== 0;
	}
	private get spared(): number {
		let bytes = 0;
		this.spare.forEach(body => {
			bytes += body.byteLength;
		});
		return bytes;
	}
	private drop(place: number): void {
		const sequence = this.sequences[place] as number;
		this.remove(place);
		this.note(Kind.released, sequence, 0);
		this.spare.delete(sequence);
	}
	/** Writes a change of state. If flash refuses, RAM knows it, and a restart may repeat the message: at least once. */
	private note(kind: number, sequence: number, tag: number): void {
		this.checked = false;
		// A message in RAM gets its record with the state that it has then.
		if (this.spare.has(sequence)) return;
		if (this.journal.append(kind, sequence, tag) < 0 && kind === Kind.released) this.unsaid.push(sequence);
	}
	private after(sequence: number, aside: number): OutboxEntry | undefined {
		let place = this.above(sequence);
		while (place < this.count) {
			if ((this.tagOf(place) & ASIDE) !== aside) place++;
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
		const state = this.states[place] as number;
		entry.packetIdentifier = state & IDENTIFIER;
		if (entry.sequence === sequence) return true;
		const length = this.lengths[place] as number;
		let bytes = this.spare.get(sequence);
		let start = 0;
		if (!bytes) {
			const address = this.addresses[place] as number;
			if (!(this.checked ? journal.read(address, length) : journal.load(address, length))) return false;
			bytes = journal.frame.bytes;
			start = HEADER;
		}
		const middle = start + 2 + ((bytes[start] as number) | ((bytes[start + 1] as number) << 8));
		const end = start + length;
		// Written by another hand: the topic is longer than the record, or not UTF-8.
		if (middle > end) return false;
		try {
			entry.topic = decode(bytes.subarray(start + 2, middle));
			entry.payload = new Uint8Array((bytes.buffer as ArrayBuffer).slice(middle, end));
		} catch {
			return false;
		}
		entry.sequence = sequence;
		entry.retain = (state & RETAIN) !== 0;
		return true;
	}
	/** Makes topic and payload the body in the frame. */
	private fill(name: Uint8Array, payload: Uint8Array): void {
		const bytes = this.journal.frame.bytes;
		const size = name.byteLength;
		bytes[HEADER] = size & 0xff;
		bytes[HEADER + 1] = size >> 8;
		bytes.set(name, HEADER + 2);
		bytes.set(payload, HEADER + 2 + size);
	}
}

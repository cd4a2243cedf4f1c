/**
 * Messages that wait (DESIGN.md, "Sending"). `Queue` holds them in RAM, bounded by bytes: the session's live lane (retained states, and all
 * that a full socket holds up), and the outbox of a board without flash. When it is full, the oldest stay and the new one is refused; only a
 * waiting QoS 0 message makes way for one of QoS 1. A restart loses them (store/outbox.ts does not). `Backlog` says when a durable message
 * may leave that was accepted before the connection stood.
 */

import { encode } from "../mqtt/codec.js";
import { until } from "./deadline.js";
import type { Outbox, OutboxEntry, OutboxOptions } from "./options.js";

export interface QueueOptions extends OutboxOptions {
	/** 1 by default. QoS 0 never gets a packet identifier and leaves with `remove`. */
	readonly QoS?: number;
	/** Takes the place of every waiting message on this topic that said so too. */
	readonly latest?: boolean;
}

export interface QueueEntry extends OutboxEntry {
	/** 0 before it is sent; `ASIDE` while it is set aside. */
	packetIdentifier: number;
	readonly QoS: number;
	readonly latest: boolean;
	readonly byteLength: number;
}

const ASIDE = -1;

/** Cost of an entry in XS beside its bytes (17 slots, the headers of 2 chunks): many empty messages are bounded too. */
export const overhead = 288;

export class Queue implements Outbox {
	/** How many of the messages are QoS 0: asked for each sample, so the first. */
	zeros = 0;
	private readonly budget: number;
	private readonly yielding: boolean;
	/** In the order of their sequence. */
	private entries: QueueEntry[] = [];
	private sequence = 0;
	/** Bytes of all messages, with those that are set aside. */
	private held = 0;
	quarantined = 0;
	/** Messages that made way so far. */
	evicted = 0;
	/** How many of the messages have not been sent. */
	pending = 0;

	/** `byteLength`: bytes of topics, payloads and entries that may be held. `yielding`: messages set aside make way. */
	constructor({ byteLength = 16_384, yielding = false } = {}) {
		if (!(byteLength > 0)) throw new RangeError(`queue: expected byteLength above 0, found ${byteLength}`);
		this.budget = byteLength;
		this.yielding = yielding;
	}
	get length(): number {
		return this.entries.filter(isHere).length;
	}
	get byteLength(): number {
		return this.entries.filter(isHere).reduce((sum, { byteLength }) => sum + byteLength, 0);
	}
	/** Bytes that the next message may have, topic and payload together. */
	get room(): number {
		return this.budget - this.held - (this.entries.length + 1) * overhead;
	}
	append(
		topic: string,
		payload: Uint8Array,
		{ QoS = 1, retain = false, latest = false }: QueueOptions = {},
		packetIdentifier = 0,
	): number {
		const byteLength = encode(topic).byteLength + payload.byteLength;
		// A superseded message goes first, also when its successor turns out not to fit: a stale state is worse than none. One that
		// is in flight stays: the broker may know its identifier [MQTT-4.4.0-1]. One that is aside would come back later.
		if (latest && this.entries.length !== 0)
			this.drop(entry => entry.latest && entry.packetIdentifier <= 0 && entry.topic === topic);
		if (!this.makeRoom(byteLength, QoS)) return 0;
		const sequence = ++this.sequence;
		const bytes = payload.slice();
		const entry = { sequence, packetIdentifier, topic, payload: bytes, QoS, retain, latest, byteLength };
		this.entries.push(entry);
		this.held += byteLength;
		this.count(entry, 1);
		return sequence;
	}
	next(sequence: number): QueueEntry | undefined {
		return this.entries.find(entry => entry.sequence > sequence && isHere(entry));
	}
	/** The oldest message that has not been sent; `zero`: of QoS 0 (the window is full). */
	waiting(zero: boolean): QueueEntry | undefined {
		if ((zero ? this.zeros : this.pending) === 0) return undefined;
		return this.entries.find(entry => entry.packetIdentifier === 0 && (entry.QoS === 0 || !zero));
	}
	sent(sequence: number, packetIdentifier: number): void {
		this.move(this.next(sequence - 1), sequence, packetIdentifier);
	}
	release(packetIdentifier: number): boolean {
		const entries = this.entries;
		// A loop, and no closure: 2900 instructions of an edge.
		let index = packetIdentifier === 0 ? entries.length : 0;
		while (index < entries.length && entries[index]?.packetIdentifier !== packetIdentifier) index++;
		if (index === entries.length) return false;
		this.delete(index);
		return true;
	}
	reset(): void {
		this.entries.filter(isHere).forEach(entry => this.move(entry, entry.sequence, 0));
	}
	quarantine(sequence: number): void {
		if (this.move(this.next(sequence - 1), sequence, ASIDE)) this.quarantined++;
	}
	aside(sequence: number): QueueEntry | undefined {
		return this.entries.find(entry => entry.sequence > sequence && !isHere(entry));
	}
	readmit(sequence: number): boolean {
		return this.move(this.aside(sequence - 1), sequence, 0);
	}
	/** Takes a message of QoS 0 out that has left. */
	remove(sequence: number): void {
		this.drop(entry => entry.sequence === sequence);
	}
	/** The connection is gone: QoS 0 messages that need not be the latest go with it, or `all`. Returns how many. */
	shed(all = false): number {
		return this.drop(entry => entry.QoS === 0 && (all || !entry.latest));
	}
	close(): void {
		this.entries = [];
		this.held = this.zeros = this.pending = 0;
	}

	/** Another packet identifier, 0 or `ASIDE` for an entry that was found. False when it is not the one of this sequence. */
	private move(entry: QueueEntry | undefined, sequence: number, packetIdentifier: number): boolean {
		if (entry?.sequence !== sequence) return false;
		this.count(entry, -1);
		entry.packetIdentifier = packetIdentifier;
		this.count(entry, 1);
		return true;
	}
	private makeRoom(byteLength: number, QoS: number): boolean {
		if (byteLength + overhead > this.budget) return false;
		while (byteLength > this.room) {
			const aside = this.yielding && this.aside(0);
			const old = aside || (QoS !== 0 && this.entries.find(entry => entry.QoS === 0));
			if (!old) return false;
			this.drop(entry => entry === old);
			this.evicted++;
		}
		return true;
	}
	/** Takes out all that are `meant`. Returns how many. */
	private drop(meant: (entry: QueueEntry) => boolean): number {
		const before = this.entries.length;
		for (let index = before - 1; index >= 0; index--)
			if (meant(this.entries[index] as QueueEntry)) this.delete(index);
		return before - this.entries.length;
	}
	private delete(index: number): void {
		const entry = this.entries[index] as QueueEntry;
		this.count(entry, -1);
		this.held -= entry.byteLength;
		this.entries.splice(index, 1);
	}
	private count({ QoS, packetIdentifier }: QueueEntry, sign: number): void {
		if (QoS === 0 && packetIdentifier !== ASIDE) this.zeros += sign;
		if (packetIdentifier === 0) this.pending += sign;
	}
}

/** Not set aside. */
const isHere = (entry: QueueEntry): boolean => entry.packetIdentifier !== ASIDE;

/** Above so many topics that wait nothing passes any more. */
const most = 32;

/** Which messages of the outbox may wait that were never sent: none; some that this connection has seen; also some from before it. */
export const Waits = Object.freeze({ none: 0, seen: 1, before: 2 });

/**
 * The durable lane: which message of the outbox is the next to leave. Messages that wait from before the connection stood go
 * at a limited rate, so that live data gets through. A live message passes them if none on its topic is among them, for the
 * order holds per topic.
 */
export class Backlog {
	/** One of `Waits`: what lies beyond `cursor`. Written here only. */
	waits: number = Waits.before;
	/** Milliseconds until the next of those that wait may go, as `next` has found out; 0 when there is no such limit. */
	delay = 0;
	private readonly outbox: Outbox;
	private readonly interval: number;
	private cursor = 0;
	/** Ticks at which the next message may go. */
	private due = 0;
	/** Topics that wait; undefined where not all of them are known, as after a restart. */
	private topics: Set<string> | undefined;
	/** Sequences and topics of messages that pass. */
	private passing: { readonly sequence: number; readonly topic: string }[] = [];

	/** `rate`: messages a second. */
	constructor(outbox: Outbox, rate: number) {
		this.outbox = outbox;
		this.interval = 1000 / rate;
	}
	/** A connection stands. */
	open(now: number): void {
		this.waits = Waits.before;
		this.due = now;
	}
	/** The connection is gone: the messages that were to pass wait like all others. */
	close(): void {
		this.passing.forEach(({ topic }) => this.wait(topic));
		this.passing = [];
	}
	/** Messages that were in flight are new again. Their topics are not known: `some` of them there are. */
	restart(some: boolean): void {
		if (some) this.topics = undefined;
		this.cursor = 0;
	}
	/** True when a message on this topic may go before all that wait. */
	passes(topic: string): boolean {
		return this.waits === Waits.none || (this.passing.length === 0 && this.overtakes(topic));
	}
	/** A message was accepted that goes at once. */
	straight(sequence: number): void {
		if (this.waits === Waits.none) this.cursor = sequence;
	}
	/** A message was accepted that has to wait; `live`: a connection stands. */
	accepted(sequence: number, topic: string, live: boolean): void {
		if (live && this.overtakes(topic)) this.passing.push({ sequence, topic });
		else this.wait(topic);
		if (this.waits === Waits.none) this.waits = Waits.seen;
	}
	/** The message that leaves now, read from the outbox; undefined when there is none, or not before `delay`. */
	next(now: number): OutboxEntry | undefined {
		this.delay = 0;
		if (this.waits === Waits.none) return undefined;
		for (let pass = this.passing.shift(); pass; pass = this.passing.shift()) {
			const entry = this.outbox.next(pass.sequence - 1);
			if (entry?.sequence === pass.sequence && entry.packetIdentifier === 0) return entry;
		}
		let entry = this.outbox.next(this.cursor);
		// A message with an identifier is in flight.
		while (entry && entry.packetIdentifier !== 0) entry = this.outbox.next(entry.sequence);
		if (!entry) {
			this.waits = Waits.none;
			this.topics = new Set();
			return undefined;
		}
		// The outbox keeps what it has read last: a message that has to wait costs no second reading.
		if (this.waits === Waits.before) this.delay = until(this.due, now);
		if (this.delay > 0) return undefined;
		this.due = (now + this.interval) | 0;
		this.cursor = entry.sequence;
		return entry;
	}

	/** None of those that wait from before the connection is on this topic. */
	private overtakes(topic: string): boolean {
		return this.waits === Waits.before && this.topics?.has(topic) === false;
	}
	private wait(topic: string): void {
		if (this.topics === undefined) return;
		if (this.topics.size < most) this.topics.add(topic);
		else this.topics = undefined;
	}
}

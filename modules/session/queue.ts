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
	length = 0;
	byteLength = 0;
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
		// A superseded message goes first, also when its successor turns out not to fit: a stale state is worse than none.
		if (latest) this.supersede(topic);
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
		return this.after(sequence, false);
	}
	/** The oldest message that has not been sent; `zero`: of QoS 0 (the window is full). */
	waiting(zero: boolean): QueueEntry | undefined {
		if ((zero ? this.zeros : this.pending) === 0) return undefined;
		return this.entries.find(entry => entry.packetIdentifier === 0 && (entry.QoS === 0 || !zero));
	}
	sent(sequence: number, packetIdentifier: number): void {
		const entry = this.at(sequence);
		if (!entry) return;
		if (entry.packetIdentifier === 0) this.pending--;
		entry.packetIdentifier = packetIdentifier;
	}
	release(packetIdentifier: number): boolean {
		const index = this.entries.findIndex(entry => entry.packetIdentifier === packetIdentifier);
		if (packetIdentifier === 0 || index < 0) return false;
		this.delete(index);
		return true;
	}
	reset(): void {
		this.entries.forEach(entry => {
			if (entry.packetIdentifier !== ASIDE) entry.packetIdentifier = 0;
		});
		this.pending = this.length;
	}
	quarantine(sequence: number): void {
		const entry = this.at(sequence);
		if (!entry) return;
		this.count(entry, -1);
		entry.packetIdentifier = ASIDE;
		this.quarantined++;
	}
	aside(sequence: number): QueueEntry | undefined {
		return this.after(sequence, true);
	}
	readmit(sequence: number): boolean {
		const entry = this.aside(sequence - 1);
		if (entry?.sequence !== sequence) return false;
		entry.packetIdentifier = 0;
		this.count(entry, 1);
		return true;
	}
	/** Takes a message out that has left or was acknowledged. */
	remove(sequence: number): boolean {
		const index = this.above(sequence - 1);
		if (this.entries[index]?.sequence !== sequence) return false;
		this.delete(index);
		return true;
	}
	/** The connection is gone: QoS 0 messages that need not be the latest go with it, or `all`. Returns how many. */
	shed(all = false): number {
		const before = this.length;
		for (let i = this.entries.length - 1; i >= 0; i--) {
			const entry = this.entries[i] as QueueEntry;
			if (entry.QoS === 0 && (all || !entry.latest)) this.delete(i);
		}
		return before - this.length;
	}
	close(): void {
		this.entries = [];
		this.held = this.length = this.byteLength = this.zeros = this.pending = 0;
	}

	/** One that is in flight stays: the broker may know its identifier [MQTT-4.4.0-1]. One that is aside would come back later. */
	private supersede(topic: string): void {
		for (let i = this.entries.length - 1; i >= 0; i--) {
			const entry = this.entries[i] as QueueEntry;
			if (entry.latest && entry.packetIdentifier <= 0 && entry.topic === topic) this.delete(i);
		}
	}
	private makeRoom(byteLength: number, QoS: number): boolean {
		if (byteLength + overhead > this.budget) return false;
		while (byteLength > this.room) {
			const aside = this.yielding && this.after(0, true);
			const old = aside || (QoS !== 0 && this.entries.find(entry => entry.QoS === 0));
			if (!old) return false;
			this.delete(this.entries.indexOf(old));
			this.evicted++;
		}
		return true;
	}
	private delete(index: number): void {
		const entry = this.entries[index] as QueueEntry;
		if (entry.packetIdentifier !== ASIDE) this.count(entry, -1);
		this.held -= entry.byteLength;
		this.entries.splice(index, 1);
	}
	private count({ byteLength, QoS, packetIdentifier }: QueueEntry, sign: number): void {
		this.length += sign;
		this.byteLength += sign * byteLength;
		if (QoS === 0) this.zeros += sign;
		if (packetIdentifier === 0) this.pending += sign;
	}
	private at(sequence: number): QueueEntry | undefined {
		const entry = this.after(sequence - 1, false);
		return entry?.sequence === sequence ? entry : undefined;
	}
	/** The first message with a greater sequence, of those that are `aside` or of the others. */
	private after(sequence: number, aside: boolean): QueueEntry | undefined {
		const entries = this.entries;
		for (let i = this.above(sequence); i < entries.length; i++) {
			const entry = entries[i] as QueueEntry;
			if ((entry.packetIdentifier === ASIDE) === aside) return entry;
		}
		return undefined;
	}
	/** Index of the first message with a greater sequence. */
	private above(sequence: number): number {
		const entries = this.entries;
		let low = 0;
		for (let high = entries.length; low < high; ) {
			const middle = (low + high) >> 1;
			if ((entries[middle] as QueueEntry).sequence > sequence) high = middle;
			else low = middle + 1;
		}
		return low;
	}
}

/** Above so many topics that wait nothing passes any more. */
const most = 32;

/**
 * The durable lane: which message of the outbox is the next to leave. Messages that wait from before the connection stood go
 * at a limited rate, so that live data gets through. A live message passes them if none on its topic is among them, for the
 * order holds per topic.
 */
export class Backlog {
	/** Milliseconds until the next of those that wait may go, as `next` has found out; 0 when there is no such limit. */
	delay = 0;
	private readonly outbox: Outbox;
	private readonly interval: number;
	private behind = true;
	/** The outbox may hold messages that were never sent: those beyond `cursor`. */
	more = true;
	private cursor = 0;
	/** Ticks at which the next message may go. */
	private due = 0;
	/** Topics that wait; not all of them are known after a restart. */
	private readonly topics = new Set<string>();
	private known = false;
	/** Sequences and topics of messages that pass. */
	private passing: { readonly sequence: number; readonly topic: string }[] = [];

	/** `rate`: messages a second. */
	constructor(outbox: Outbox, rate: number) {
		this.outbox = outbox;
		this.interval = 1000 / rate;
	}
	/** A connection stands. */
	open(now: number): void {
		this.behind = this.more = true;
		this.due = now;
	}
	/** The connection is gone: the messages that were to pass wait like all others. */
	close(): void {
		this.passing.forEach(({ topic }) => this.wait(topic));
		this.passing = [];
		this.behind = true;
	}
	/** Messages that were in flight are new again. Their topics are not known: `some` of them there are. */
	restart(some: boolean): void {
		if (some) this.known = false;
		this.cursor = 0;
	}
	/** True when a message on this topic may go before all that wait. */
	passes(topic: string): boolean {
		if (!this.more) return true;
		return this.behind && this.known && this.passing.length === 0 && !this.topics.has(topic);
	}
	/** A message was accepted that goes at once. */
	straight(sequence: number): void {
		if (!this.more) this.cursor = sequence;
	}
	/** A message was accepted that has to wait; `live`: a connection stands. */
	accepted(sequence: number, topic: string, live: boolean): void {
		this.more = true;
		if (live && this.behind && this.known && !this.topics.has(topic)) this.passing.push({ sequence, topic });
		else this.wait(topic);
	}
	/** The message that leaves now, read from the outbox; undefined when there is none, or not before `delay`. */
	next(now: number): OutboxEntry | undefined {
		this.delay = 0;
		if (!this.more) return undefined;
		for (let pass = this.passing.shift(); pass; pass = this.passing.shift()) {
			const entry = this.outbox.next(pass.sequence - 1);
			if (entry?.sequence === pass.sequence && entry.packetIdentifier === 0) return entry;
		}
		let entry = this.outbox.next(this.cursor);
		// A message with an identifier is in flight.
		while (entry && entry.packetIdentifier !== 0) entry = this.outbox.next(entry.sequence);
		if (!entry) {
			this.behind = this.more = false;
			this.known = true;
			this.topics.clear();
			return undefined;
		}
		// The outbox keeps what it has read last: a message that has to wait costs no second reading.
		if (this.behind) this.delay = until(this.due, now);
		if (this.delay > 0) return undefined;
		this.due = (now + this.interval) | 0;
		this.cursor = entry.sequence;
		return entry;
	}

	private wait(topic: string): void {
		if (this.topics.size < most) this.topics.add(topic);
		else this.known = false;
	}
}

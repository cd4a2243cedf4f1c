/**
 * Messages in RAM, bounded by bytes: the session's lane for retained states and for what a full socket holds
 * up, and the outbox of a board that has no flash. When full, the oldest stay and the new one is refused;
 * only a waiting QoS 0 message makes way for one of QoS 1. A restart loses what is here (store/outbox.ts does not).
 */

import { encode } from "../mqtt/text.js";
import { until } from "./deadline.js";
import type { Outbox, OutboxOptions } from "./options.js";

export interface QueueOptions extends OutboxOptions {
	/** 1 by default. QoS 0 never gets a packet identifier and leaves with `remove`. */
	readonly QoS?: number;
	/** Takes the place of every waiting message on this topic that said so too. */
	readonly latest?: boolean;
}

export class QueueEntry {
	readonly sequence: number;
	readonly topic: string;
	readonly payload: Uint8Array;
	readonly QoS: number;
	readonly retain: boolean;
	readonly latest: boolean;
	readonly byteLength: number;
	packetIdentifier = 0;
	failures = 0;

	constructor(
		sequence: number,
		topic: string,
		payload: Uint8Array,
		byteLength: number,
		options: QueueOptions,
	) {
		this.sequence = sequence;
		this.topic = topic;
		this.payload = payload;
		this.byteLength = byteLength;
		this.QoS = options.QoS ?? 1;
		this.retain = options.retain ?? false;
		this.latest = options.latest ?? false;
	}
}

/** What one entry costs in XS beside its bytes, so that many empty messages are bounded too. */
const overhead = 64;

export class Queue implements Outbox {
	private readonly budget: number;
	/** In the order of their sequence. */
	private entries: QueueEntry[] = [];
	/** What was put aside; likewise. */
	private poisoned: QueueEntry[] = [];
	private bytes = 0;
	private sequence = 0;
	private setAside = 0;
	private dropped = 0;
	private unacknowledged = 0;

	/** `byteLength`: how many bytes of topics, payloads and entries may be held. */
	constructor({ byteLength = 16_384 }: { readonly byteLength?: number } = {}) {
		if (!(byteLength > 0)) throw new RangeError(`queue: expected byteLength above 0, found ${byteLength}`);
		this.budget = byteLength;
	}
	get length(): number {
		return this.entries.length;
	}
	get byteLength(): number {
		return this.bytes;
	}
	get quarantined(): number {
		return this.setAside;
	}
	/** QoS 0 messages that made way so far. */
	get evicted(): number {
		return this.dropped;
	}
	/** How many of the messages are QoS 0. */
	get zeros(): number {
		return this.unacknowledged;
	}
	append(topic: string, payload: Uint8Array, options: QueueOptions = {}): number {
		const byteLength = encode(topic).byteLength + payload.byteLength;
		// What is superseded goes first, also when its successor turns out not to fit: a stale state is worse than none.
		if (options.latest) this.supersede(topic);
		if (!this.makeRoom(byteLength, options.QoS ?? 1)) return 0;
		const entry = new QueueEntry(++this.sequence, topic, payload.slice(), byteLength, options);
		this.entries.push(entry);
		if (entry.QoS === 0) this.unacknowledged++;
		this.bytes += byteLength;
		return this.sequence;
	}
	next(sequence: number): QueueEntry | undefined {
		return this.entries[after(this.entries, sequence)];
	}
	/**
	 * The oldest message that has not been sent; `zero` passes over all but QoS 0 (the window is full), `passes` says
	 * of which topics others may go.
	 */
	waiting(zero: boolean, passes?: (topic: string) => boolean): QueueEntry | undefined {
		const entries = this.entries;
		for (let i = 0; i < entries.length; i++) {
			const entry = entries[i] as QueueEntry;
			if (entry.packetIdentifier !== 0) continue;
			if (entry.QoS === 0 || !(zero || passes?.(entry.topic) === false)) return entry;
		}
		return undefined;
	}
	sent(sequence: number, packetIdentifier: number): void {
		const entry = this.at(sequence);
		if (entry) entry.packetIdentifier = packetIdentifier;
	}
	release(packetIdentifier: number): boolean {
		if (packetIdentifier === 0) return false;
		const index = this.entries.findIndex(entry => entry.packetIdentifier === packetIdentifier);
		if (index < 0) return false;
		this.delete(index);
		return true;
	}
	reset(): void {
		for (const entry of this.entries) entry.packetIdentifier = 0;
	}
	failed(sequence: number): number {
		const entry = this.at(sequence);
		return entry ? ++entry.failures : 0;
	}
	quarantine(sequence: number): void {
		const entry = this.at(sequence);
		if (!entry) return;
		this.remove(sequence);
		entry.packetIdentifier = 0;
		this.poisoned.splice(after(this.poisoned, sequence), 0, entry);
		this.setAside++;
	}
	aside(sequence: number): QueueEntry | undefined {
		return this.poisoned[after(this.poisoned, sequence)];
	}
	readmit(sequence: number): boolean {
		const entry = this.aside(sequence - 1);
		if (entry?.sequence !== sequence) return false;
		this.forget(sequence);
		this.entries.splice(after(this.entries, sequence), 0, entry);
		this.bytes += entry.byteLength;
		return true;
	}
	/** Gives up a message that was put aside. */
	forget(sequence: number): void {
		this.poisoned = this.poisoned.filter(entry => entry.sequence !== sequence);
	}
	/** Takes a message out: a QoS 0 message that has left. */
	remove(sequence: number): boolean {
		if (!this.at(sequence)) return false;
		this.delete(after(this.entries, sequence - 1));
		return true;
	}
	/** The connection is gone: QoS 0 messages that need not be the latest go with it, or `all`. Returns how many. */
	shed(all = false): number {
		const before = this.entries.length;
		for (let i = before - 1; i >= 0; i--) {
			const entry = this.entries[i] as QueueEntry;
			if (entry.QoS === 0 && (all || !entry.latest)) this.delete(i);
		}
		return before - this.entries.length;
	}
	close(): void {
		this.entries = [];
		this.poisoned = [];
		this.bytes = this.unacknowledged = 0;
	}

	private supersede(topic: string): void {
		for (let i = this.entries.length - 1; i >= 0; i--) {
			const entry = this.entries[i] as QueueEntry;
			// One that is in flight stays: the broker may know its identifier [MQTT-4.4.0-1].
			if (entry.latest && entry.packetIdentifier === 0 && entry.topic === topic) this.delete(i);
		}
		// Offered again later, an old state would take the place of a newer one.
		if (this.poisoned.length)
			this.poisoned = this.poisoned.filter(entry => !(entry.latest && entry.topic === topic));
	}
	private makeRoom(byteLength: number, QoS: number): boolean {
		const budget = this.poisoned.reduce((left, entry) => left - entry.byteLength - overhead, this.budget);
		if (byteLength + overhead > budget) return false;
		while (this.bytes + byteLength + (this.entries.length + 1) * overhead > budget) {
			const index = QoS === 0 ? -1 : this.entries.findIndex(entry => entry.QoS === 0);
			if (index < 0) return false;
			this.delete(index);
			this.dropped++;
		}
		return true;
	}
	private delete(index: number): void {
		const { byteLength, QoS } = this.entries[index] as QueueEntry;
		this.bytes -= byteLength;
		if (QoS === 0) this.unacknowledged--;
		this.entries.splice(index, 1);
	}
	private at(sequence: number): QueueEntry | undefined {
		const entry = this.next(sequence - 1);
		return entry && entry.sequence === sequence ? entry : undefined;
	}
}

/** Index of the first entry whose sequence is greater. */
function after(entries: readonly QueueEntry[], sequence: number): number {
	let low = 0;
	let high = entries.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if ((entries[middle] as QueueEntry).sequence > sequence) high = middle;
		else low = middle + 1;
	}
	return low;
}

/** Above so many topics that wait nothing passes any more. */
const most = 32;

interface Passing {
	readonly sequence: number;
	readonly topic: string;
}

export class Backlog {
	private readonly interval: number;
	private behind = true;
	/** Ticks at which the next message may go. */
	private due = 0;
	/** Topics that wait; not all of them are known after a restart. */
	private readonly topics = new Set<string>();
	private known = false;
	private passing: Passing[] = [];

	/** `rate`: messages a second. */
	constructor(rate: number) {
		this.interval = 1000 / rate;
	}
	/** A connection stands. */
	open(now: number): void {
		this.behind = true;
		this.due = now;
	}
	/** The connection is gone: what was to pass waits like all others. */
	close(): void {
		for (const { topic } of this.passing) this.wait(topic);
		this.passing = [];
		this.behind = true;
	}
	/** Messages that were in flight wait again: of what topics, nobody has kept. */
	returned(): void {
		this.known = false;
	}
	/** A message was accepted, `live` if the connection stands. */
	accepted(sequence: number, topic: string, live: boolean): void {
		if (live && this.behind && this.known && !this.topics.has(topic)) this.passing.push({ sequence, topic });
		else this.wait(topic);
	}
	/** The sequence of a message that passes all that wait; 0 when there is none. */
	pass(): number {
		return this.passing.shift()?.sequence ?? 0;
	}
	/** Milliseconds until the next that waits may go. */
	delay(now: number): number {
		return this.behind ? until(this.due, now) : 0;
	}
	/** One that waited goes now. */
	went(now: number): void {
		this.due = (now + this.interval) | 0;
	}
	/** None waits. */
	drained(): void {
		this.behind = false;
		this.known = true;
		this.topics.clear();
	}

	private wait(topic: string): void {
		if (this.topics.size < most) this.topics.add(topic);
		else this.known = false;
	}
}

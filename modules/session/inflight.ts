/**
 * Messages in flight: packet identifiers in use, each with the place where its message is held, in the order in which they
 * were first sent: that is the order in which they are sent again [MQTT-4.6.0-1]. They outlive a connection; `waiting`
 * are those that the present one has still to send. Sends nothing.
 */

import type { Outbox, OutboxEntry } from "./options.js";
import type { Queue } from "./queue.js";
import type { Status } from "./status.js";

/** Where a message is held, so that an acknowledgement finds it. */
export const Lane = Object.freeze({
	/** RAM: queue.ts. */
	live: 0,
	/** The board's outbox. */
	durable: 1,
	/** Nowhere any more: QoS 2 after PUBREC, PUBCOMP is to come (§4.3.3). */
	released: 2,
	/** Our own `online`, whose text never changes: status.ts. */
	status: 3,
} as const);
export type Lane = (typeof Lane)[keyof typeof Lane];

/**
 * sequence × 4 + lane: names a message, also after its identifier is free again. 0 is none. (A sequence has 32 bits: no
 * bit operators on a place.)
 */
export const placeOf = (lane: Lane, sequence: number): number => sequence * 4 + lane;
export const laneOf = (place: number): Lane => (place % 4) as Lane;
export const sequenceOf = (place: number): number => (place - (place % 4)) / 4;

/** The place of our status. */
export const status = placeOf(Lane.status, 0);

export class InFlight {
	/** Identifiers that the present connection has not sent yet, oldest first. */
	waiting: number[] = [];
	/** The one of them that no connection has sent yet: its DUP is 0 [MQTT-3.3.1-1]. 0 when there is none. */
	fresh = 0;
	readonly live: Queue;
	readonly durable: Outbox;
	private readonly status: Status;
	/** Packet identifier → place. */
	private readonly places = new Map<number, number>();
	private last = 0;
	private begun = false;
	private readonly random: () => number;

	constructor(live: Queue, durable: Outbox, status: Status, random: () => number) {
		this.random = random;
		this.live = live;
		this.durable = durable;
		this.status = status;
	}

	get size(): number {
		return this.places.size;
	}
	/** Messages that the present connection has sent, and that are not acknowledged. */
	get outstanding(): number {
		return this.places.size - this.waiting.length;
	}
	/** The next identifier that is free [MQTT-2.3.1-2]. The window keeps far below 65 535 of them in use. */
	take(): number {
		do this.last = this.last === 65_535 ? 1 : this.last + 1;
		while (this.places.has(this.last));
		return this.last;
	}
	/** The message goes out under this identifier: kept before the bytes leave, so that DUP is right after a power cut. */
	sent(packetIdentifier: number, place: number): void {
		const lane = laneOf(place);
		if (lane === Lane.status) return;
		try {
			this.outbox(lane).sent(sequenceOf(place), packetIdentifier);
		} catch {
			// Flash that fails to keep it does not keep the message back: sent as new after a restart it still arrives.
		}
	}
	/** An identifier that is in use keeps its turn. */
	add(packetIdentifier: number, place: number): void {
		this.places.set(packetIdentifier, place);
	}
	/** 0 when the identifier is not in use. */
	place(packetIdentifier: number): number {
		return this.places.get(packetIdentifier) ?? 0;
	}
	/**
	 * Gives an identifier up, and returns the place; 0 when it is not in use. Also of a message that waits: a broker may
	 * acknowledge late what it had from the connection before.
	 */
	delete(packetIdentifier: number): number {
		const place = this.places.get(packetIdentifier) ?? 0;
		this.places.delete(packetIdentifier);
		const index = this.waiting.length === 0 ? -1 : this.waiting.indexOf(packetIdentifier);
		if (index >= 0) this.waiting.splice(index, 1);
		return place;
	}
	/** A connection stands: all of it is to be sent again, or, when the broker has no session, as new messages. */
	begin(sessionPresent: boolean): void {
		if (!sessionPresent) this.reset();
		else if (!this.begun) {
			// The broker may remember QoS 2 messages of a life before a power cut, and would swallow ours under their identifiers.
			this.last = Math.floor(this.random() * 65_535);
			this.recover();
		}
		this.begun = true;
		this.waiting = [...this.places.keys()];
	}
	/** The identifier under which our status waits; 0 when it does not. */
	get ofStatus(): number {
		return this.waiting.find(id => this.places.get(id) === status) ?? 0;
	}
	/**
	 * The identifier of the oldest message that the present connection has sent: a hang-up is blamed on it. Our status only if it
	 * is the only one, for its acknowledgement is often lost with the connection. 0 when there is none.
	 */
	oldest(): number {
		let oldest = 0;
		let own = 0;
		this.places.forEach((place, id) => {
			const lane = laneOf(place);
			if (oldest !== 0 || lane === Lane.released || this.waiting.includes(id)) return;
			if (lane === Lane.status) own ||= id;
			else oldest = id;
		});
		return oldest || own;
	}
	/** The message at a place; undefined when it is not held any more. */
	message(place: number): OutboxEntry | undefined {
		const lane = laneOf(place);
		if (lane === Lane.status) return this.status.message;
		const sequence = sequenceOf(place);
		const entry = this.outbox(lane).next(sequence - 1);
		return entry?.sequence === sequence ? entry : undefined;
	}
	/** The outbox that holds the messages of a lane. */
	outbox(lane: Lane): Outbox {
		return lane === Lane.durable ? this.durable : this.live;
	}
	/** The broker has acknowledged the message; its place is given up. */
	release(packetIdentifier: number, lane: Lane): void {
		if (lane === Lane.status) return;
		try {
			this.outbox(lane).release(packetIdentifier);
		} catch {
			// Flash that fails to forget it sends it again after a restart: at least once.
		}
	}
	private reset(): void {
		this.places.clear();
		this.waiting = [];
		this.fresh = 0;
		this.live.reset();
		this.durable.reset();
	}
	/**
	 * After a restart: takes over the messages that the outbox had in flight. Identifiers are given out in a circle, so their
	 * order of sending begins after the widest gap between them.
	 */
	private recover(): void {
		const held: { readonly id: number; readonly place: number }[] = [];
		for (let entry = this.durable.next(0); entry; entry = this.durable.next(entry.sequence))
			if (entry.packetIdentifier !== 0)
				held.push({ id: entry.packetIdentifier, place: placeOf(Lane.durable, entry.sequence) });
		held.sort((a, b) => a.id - b.id);
		let start = 0;
		let widest = 0;
		let before = (held.at(-1)?.id ?? 0) - 65_535;
		held.forEach((each, index) => {
			if (each.id - before > widest) {
				widest = each.id - before;
				start = index;
			}
			before = each.id;
		});
		held
			.slice(start)
			.concat(held.slice(0, start))
			.forEach(each => {
				this.add(each.id, each.place);
				this.last = each.id;
			});
	}
}

/**
 * What leaves, and when: first what a former connection left unacknowledged (§4.4), then the live lane (RAM), then
 * the durable lane (the board's outbox), whose backlog goes at a limited rate. Nothing is sent twice on one
 * connection [MQTT-4.4.0-1]; the window bounds what is in flight. Knows no states and no time-outs but its own two.
 */

import type { Ticks, Timer } from "../mqtt/io.js";
import { Alarm } from "./alarm.js";
import type { Tally } from "./counters.js";
import { type Flight, Lane } from "./flight.js";
import type { Link } from "./link.js";
import type { Outbox, OutboxEntry } from "./outbox.js";
import { Outcome } from "./outcome.js";
import { Queue } from "./queue.js";

export interface SenderOptions {
	readonly outbox: Outbox;
	readonly queueBytes: number;
	readonly window: number;
	/** Messages a second. */
	readonly rate: number;
	/** Milliseconds. */
	readonly deadline: number;
	readonly timer: Timer;
	readonly ticks: Ticks;
}

export interface SenderOwner {
	/** Nothing in flight was acknowledged for `deadline` milliseconds. */
	stalled(): void;
	quarantined(topic: string): void;
	fault(error: unknown): void;
}

/** So many connections in a row that end with one message in flight convict it (field-notes §2, line 8). */
const strikes = 3;

export class Sender {
	#link: Link | undefined;
	readonly #live: Queue;
	readonly #durable: Outbox;
	readonly #flight: Flight;
	readonly #options: SenderOptions;
	readonly #owner: SenderOwner;
	readonly #tally: Tally;
	readonly #drain: Alarm;
	readonly #silence: Alarm;
	/** Identifiers in flight that this connection has not sent, oldest first. */
	#again: number[] = [];
	/** The last of `#again`, when it was never sent on any connection: its DUP is 0 [MQTT-3.3.1-1]. */
	#fresh = 0;
	/** The sequence of the last message, by lane, that was sent for the first time. */
	readonly #left = [0, 0];
	/** Durable messages up to this sequence are under way. */
	#cursor = 0;
	/** Durable messages wait that are not live any more: they go at the limited rate. */
	#behind = true;
	/** Ticks at which the next of them may go. */
	#due = 0;
	#restored = false;
	/** By lane: the sequence of the message under suspicion, and how many connections in a row it saw end. */
	readonly #suspect = [0, 0];
	readonly #strikes = [0, 0];

	constructor(options: SenderOptions, flight: Flight, tally: Tally, owner: SenderOwner) {
		this.#options = options;
		this.#durable = options.outbox;
		this.#live = new Queue({ byteLength: options.queueBytes });
		this.#flight = flight;
		this.#tally = tally;
		this.#owner = owner;
		this.#drain = new Alarm(options.timer, () => this.pump());
		this.#silence = new Alarm(options.timer, () => owner.stalled());
	}

	/** CONNACK: what is in flight from before is to be sent again, or, when the broker has no session, as new. */
	restore(sessionPresent: boolean): void {
		if (!sessionPresent) {
			this.#flight.clear();
			this.#live.reset();
			this.#guard(() => this.#durable.reset());
			this.#cursor = 0;
		} else if (!this.#restored) this.#guard(() => this.#recover());
		this.#restored = true;
		this.#again = this.#flight.identifiers();
		this.#fresh = 0;
	}
	/** Messages may leave from now on. */
	open(link: Link): void {
		this.#link = link;
		this.#behind = true;
		this.#due = this.#options.ticks.ticks;
		this.pump();
	}
	/** The connection is gone, or nothing more may leave on it. `struck`: a message in flight may be to blame. */
	close(struck: boolean): void {
		if (!this.#link) return;
		this.#link = undefined;
		this.#drain.clear();
		this.#silence.clear();
		this.#tally.dropped.offline += this.#live.shed();
		this.#accuse(Lane.live, this.#live, struck);
		this.#accuse(Lane.durable, this.#durable, struck);
		this.#again = [];
		this.#fresh = 0;
	}
	/** Gives the timers back; the outbox belongs to whoever made it. */
	end(): void {
		this.#drain.close();
		this.#silence.close();
		this.#live.close();
	}

	offer(topic: string, payload: Uint8Array, QoS: 0 | 1, retain: boolean, latest: boolean): Outcome {
		const link = this.#link;
		if (QoS === 0) {
			if (link && this.#live.zeros === 0 && link.send(topic, payload, 0, retain, false, 0)) {
				this.#tally.sent++;
				return Outcome.sent;
			}
			if (!link && !latest) {
				this.#tally.dropped.offline++;
				return Outcome.droppedOffline;
			}
		}
		const evicted = this.#live.evicted;
		const sequence = this.#live.append(topic, payload, { QoS, retain, latest });
		this.#tally.dropped.full += this.#live.evicted - evicted;
		return this.#offered(Lane.live, sequence);
	}
	/** For messages that must not be lost: QoS 1, by way of the board's outbox. */
	offerDurable(topic: string, payload: Uint8Array, retain: boolean): Outcome {
		let sequence = 0;
		try {
			sequence = this.#durable.append(topic, payload, { retain });
		} catch (error) {
			this.#owner.fault(error); // flash that fails: RAM is better than nothing
			return this.offer(topic, payload, 1, retain, false);
		}
		return this.#offered(Lane.durable, sequence);
	}
	/** PUBACK. */
	acknowledged(packetIdentifier: number): void {
		const lane = this.#flight.lane(packetIdentifier);
		if (lane < 0) return;
		const sequence = this.#flight.sequence(packetIdentifier);
		this.#flight.delete(packetIdentifier);
		const outbox = lane === Lane.live ? this.#live : this.#durable;
		this.#guard(() => outbox.release(packetIdentifier));
		this.#tally.acknowledged++;
		if (this.#suspect[lane] === sequence) this.#suspect[lane] = this.#strikes[lane] = 0;
		this.#silence.clear();
		if (this.#link && this.#flight.size > this.#again.length) this.#silence.set(this.#options.deadline);
		this.pump();
	}
	/** Sends as much as link, window and rate allow. */
	pump(): void {
		const link = this.#link;
		if (!link) return;
		try {
			while (link.ready && this.#step(link));
		} catch (error) {
			this.#owner.fault(error);
		}
	}

	#offered(lane: Lane, sequence: number): Outcome {
		if (sequence === 0) {
			this.#tally.dropped.full++;
			return Outcome.droppedFull;
		}
		this.pump();
		if ((this.#left[lane] as number) >= sequence) return Outcome.sent;
		this.#tally.queued++;
		return Outcome.queued;
	}
	/** Sends one message; false when nothing can be sent now. */
	#step(link: Link): boolean {
		const suspicious =
			(this.#strikes[0] as number) >= strikes - 1 || (this.#strikes[1] as number) >= strikes - 1;
		// A suspect travels alone, or an innocent neighbour would share its fate.
		const window = suspicious ? 1 : this.#options.window;
		const full = this.#flight.size - this.#again.length >= window;
		if (this.#again.length) return full ? this.#sendLive(link, true) : this.#repeat(link);
		return this.#sendLive(link, full) || (!full && this.#sendDurable());
	}
	/** Sends the first of `#again`, under the identifier that it has. */
	#repeat(link: Link): boolean {
		const packetIdentifier = this.#again[0] as number;
		const lane = this.#flight.lane(packetIdentifier);
		const sequence = this.#flight.sequence(packetIdentifier);
		const outbox: Outbox = lane === Lane.live ? this.#live : this.#durable;
		const entry = lane < 0 ? undefined : outbox.next(sequence - 1);
		if (!entry || entry.sequence !== sequence) {
			this.#flight.delete(packetIdentifier);
			this.#again.shift();
			return true;
		}
		const fresh = this.#fresh === packetIdentifier;
		if (!link.send(entry.topic, entry.payload, 1, entry.retain, !fresh, packetIdentifier)) return false;
		this.#again.shift();
		if (!this.#silence.standing) this.#silence.set(this.#options.deadline);
		if (fresh) {
			this.#fresh = 0;
			this.#left[lane] = sequence;
			this.#tally.sent++;
		} else this.#tally.retransmitted++;
		return true;
	}
	#sendLive(link: Link, zero: boolean): boolean {
		const live = this.#live;
		if (zero && live.zeros === 0) return false;
		const entry = live.waiting(zero);
		if (!entry) return false;
		if (entry.QoS !== 0) return this.#launch(Lane.live, live, entry);
		if (!link.send(entry.topic, entry.payload, 0, entry.retain, false, 0)) return false;
		live.remove(entry.sequence);
		this.#left[Lane.live] = entry.sequence;
		this.#tally.sent++;
		return true;
	}
	#sendDurable(): boolean {
		const durable = this.#durable;
		let entry = durable.next(this.#cursor);
		// What has an identifier is in flight.
		while (entry && entry.packetIdentifier !== 0) entry = durable.next(entry.sequence);
		if (!entry) {
			this.#behind = false;
			return false;
		}
		if (this.#behind) {
			const now = this.#options.ticks.ticks;
			const wait = (this.#due - now) | 0;
			if (wait > 0) {
				this.#drain.set(wait);
				return false;
			}
			this.#due = (now + 1000 / this.#options.rate) | 0;
		}
		this.#cursor = entry.sequence;
		return this.#launch(Lane.durable, durable, entry);
	}
	/** Gives a message its identifier; `#repeat` sends it, now or when there is room. */
	#launch(lane: Lane, outbox: Outbox, { sequence }: OutboxEntry): boolean {
		const packetIdentifier = this.#flight.take();
		this.#flight.add(packetIdentifier, lane, sequence);
		this.#again.push(packetIdentifier);
		this.#fresh = packetIdentifier;
		// Before the bytes leave: after a power cut the identifier is known, and DUP is right. Flash that fails
		// to keep it does not keep the message back: sent as new after a restart it still arrives.
		this.#guard(() => outbox.sent(sequence, packetIdentifier));
		return true;
	}
	/** What the outbox had in flight before a restart. */
	#recover(): void {
		const pairs: (readonly [number, number])[] = [];
		for (let entry = this.#durable.next(0); entry; entry = this.#durable.next(entry.sequence))
			if (entry.packetIdentifier !== 0) pairs.push([entry.packetIdentifier, entry.sequence]);
		this.#flight.restore(pairs, Lane.durable);
	}
	/**
	 * The oldest message in flight saw its connection end. Three such connections in a row put it aside; one that
	 * was lost in another way, or with the suspect not on it, is the network's doing and clears it.
	 */
	#accuse(lane: Lane, outbox: Outbox, struck: boolean): void {
		const packetIdentifier = this.#flight.oldest(lane);
		if (!struck || packetIdentifier === 0 || this.#again.includes(packetIdentifier)) {
			this.#strikes[lane] = this.#suspect[lane] = 0;
			return;
		}
		const sequence = this.#flight.sequence(packetIdentifier);
		if (this.#suspect[lane] !== sequence) this.#strikes[lane] = 0;
		this.#suspect[lane] = sequence;
		this.#strikes[lane] = (this.#strikes[lane] as number) + 1;
		this.#guard(() => {
			outbox.failed(sequence);
			if ((this.#strikes[lane] as number) < strikes) return;
			const topic = outbox.next(sequence - 1)?.topic ?? "";
			outbox.quarantine(sequence);
			this.#flight.delete(packetIdentifier);
			this.#strikes[lane] = this.#suspect[lane] = 0;
			this.#tally.quarantined++;
			this.#owner.quarantined(topic);
		});
	}
	/** Flash may fail; then the session goes on with what it knows. */
	#guard(action: () => void): void {
		try {
			action();
		} catch (error) {
			this.#owner.fault(error);
		}
	}
}

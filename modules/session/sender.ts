/**
 * What leaves, and when: first what a former connection left unacknowledged (§4.4), then the live lane (RAM), then
 * the durable lane (the board's outbox), whose backlog goes at a limited rate. Nothing is sent twice on one
 * connection [MQTT-4.4.0-1]; the window bounds what is in flight. Knows no states and no time-outs but its own two.
 */

import { Alarm } from "./alarm.js";
import { Backlog } from "./backlog.js";
import type { Tally } from "./counters.js";
import { type Flight, Lane } from "./flight.js";
import type { Link } from "./link.js";
import { defaults, type SessionOptions } from "./options.js";
import type { Outbox } from "./outbox.js";
import { Outcome } from "./outcome.js";
import { PUBREL } from "./packet.js";
import { Queue, type QueueEntry } from "./queue.js";
import { Reason } from "./reason.js";
import { proof, Suspicion } from "./suspicion.js";

export interface SenderOwner {
	/** Nothing in flight was acknowledged within the deadline. */
	stalled(): void;
	quarantined(topic: string): void;
	fault(error: unknown): void;
}

export class Sender {
	#link: Link | undefined;
	readonly #live: Queue;
	readonly #durable: Outbox;
	readonly #flight: Flight;
	readonly #options: SessionOptions;
	readonly #owner: SenderOwner;
	readonly #tally: Tally;
	readonly #window: number;
	readonly #backlog: Backlog;
	/** By lane. */
	readonly #suspicions = [new Suspicion(), new Suspicion()] as const;
	/** Until the next of the backlog may go. */
	readonly #drain: Alarm;
	/** Until a connection is good enough for a suspect. */
	readonly #trial: Alarm;
	/** Until something in flight has to be acknowledged. */
	readonly #silence: Alarm;
	/** Identifiers in flight that this connection has not sent, oldest first. */
	#again: number[] = [];
	/** The last of `#again`, when it was never sent on any connection: its DUP is 0 [MQTT-3.3.1-1]. */
	#fresh = 0;
	/** By lane: the sequence of the message that was last sent for the first time. */
	readonly #left = [0, 0];
	/** Durable messages up to this sequence are under way. */
	#cursor = 0;
	#restored = false;

	constructor(options: SessionOptions, flight: Flight, tally: Tally, owner: SenderOwner) {
		const { outbox, timer, window = defaults.window, rate = defaults.rate } = options;
		this.#options = options;
		this.#durable = outbox;
		this.#live = new Queue({ byteLength: options.queueBytes ?? defaults.queueBytes });
		this.#flight = flight;
		this.#tally = tally;
		this.#owner = owner;
		this.#window = window;
		this.#backlog = new Backlog(rate);
		this.#drain = new Alarm(timer, () => this.pump());
		this.#trial = new Alarm(timer, () => this.pump());
		this.#silence = new Alarm(timer, () => owner.stalled());
	}

	/** CONNACK: what is in flight from before is to be sent again, or, when the broker has no session, as new. */
	restore(sessionPresent: boolean): void {
		if (!sessionPresent) {
			if (this.#flight.size) this.#backlog.returned();
			this.#flight.clear();
			this.#live.reset();
			this.#guard(() => this.#durable.reset());
			this.#cursor = this.#fresh = 0;
		} else if (!this.#restored) this.#guard(() => this.#recover());
		this.#restored = true;
		this.#again = this.#flight.identifiers();
	}
	/** Messages may leave from now on. */
	open(link: Link): void {
		this.#link = link;
		this.#backlog.open(this.#options.ticks.ticks);
		if (this.#isolating) this.#trial.set(proof);
		this.pump();
	}
	/** The connection is gone for this reason, or nothing more may leave on it. */
	close(reason: number): void {
		if (!this.#link) return;
		this.#link = undefined;
		this.#drain.clear();
		this.#trial.clear();
		this.#silence.clear();
		this.#backlog.close();
		this.#tally.dropped.offline += this.#live.shed(reason === Reason.stuck);
		this.#accuse(Lane.live, this.#live, reason);
		this.#accuse(Lane.durable, this.#durable, reason);
		this.#again = [];
	}
	/** Gives the timers back; the outbox belongs to whoever made it. */
	end(): void {
		this.#drain.close();
		this.#trial.close();
		this.#silence.close();
		this.#live.close();
	}

	offer(topic: string, payload: Uint8Array, QoS: 0 | 1 | 2, retain: boolean, latest: boolean): Outcome {
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
		if (sequence) this.#backlog.accepted(sequence, topic, this.#link !== undefined);
		return this.#offered(Lane.durable, sequence);
	}
	/** PUBACK, or PUBCOMP. */
	acknowledged(packetIdentifier: number): void {
		const lane = this.#flight.lane(packetIdentifier);
		if (lane === -1) return;
		const sequence = this.#flight.sequence(packetIdentifier);
		this.#flight.delete(packetIdentifier);
		this.#tally.acknowledged++;
		this.#taken(packetIdentifier, lane, sequence);
	}
	/** PUBREC: the message is the broker's, its identifier stays in use until PUBCOMP [MQTT-4.3.3-1]. */
	received(packetIdentifier: number): void {
		const lane = this.#flight.lane(packetIdentifier);
		if (lane !== Lane.live) return;
		const sequence = this.#flight.sequence(packetIdentifier);
		this.#flight.add(packetIdentifier, Lane.released, 0);
		this.#taken(packetIdentifier, lane, sequence);
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

	/** The broker has a message. */
	#taken(packetIdentifier: number, lane: Lane, sequence: number): void {
		if (lane !== Lane.released) {
			const outbox = lane === Lane.live ? this.#live : this.#durable;
			this.#guard(() => outbox.release(packetIdentifier));
			this.#suspicions[lane]?.acknowledged(sequence);
		}
		this.#silence.clear();
		if (this.#link && this.#flight.size > this.#again.length) this.#listen();
		this.pump();
	}
	#listen(): void {
		this.#silence.set(this.#options.deadlines?.acknowledge ?? defaults.deadlines.acknowledge);
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
	get #isolating(): boolean {
		const [live, durable] = this.#suspicions;
		return live.isolating || durable.isolating;
	}
	/** Sends one message; false when nothing can be sent now. */
	#step(link: Link): boolean {
		// A suspect travels alone, or an innocent neighbour would share its fate.
		const window = this.#isolating ? 1 : this.#window;
		const full = this.#trial.standing || this.#flight.size - this.#again.length >= window;
		if (this.#again.length) return full ? this.#sendLive(link, true) : this.#repeat(link);
		return this.#sendLive(link, full) || (!full && this.#sendDurable());
	}
	/** Sends the first of `#again`, under the identifier that it has. */
	#repeat(link: Link): boolean {
		const packetIdentifier = this.#again[0] as number;
		const lane = this.#flight.lane(packetIdentifier);
		if (lane === Lane.released) {
			link.reply(PUBREL, packetIdentifier);
			this.#again.shift();
			return true;
		}
		const sequence = this.#flight.sequence(packetIdentifier);
		const outbox: Outbox = lane === Lane.live ? this.#live : this.#durable;
		const entry = lane < 0 ? undefined : outbox.next(sequence - 1);
		if (!entry || entry.sequence !== sequence) {
			this.#flight.delete(packetIdentifier);
			this.#again.shift();
			return true;
		}
		const fresh = this.#fresh === packetIdentifier;
		const QoS = lane === Lane.live ? (entry as QueueEntry).QoS : 1;
		if (!link.send(entry.topic, entry.payload, QoS, entry.retain, !fresh, packetIdentifier)) return false;
		this.#again.shift();
		if (!this.#silence.standing) this.#listen();
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
		if (entry.QoS !== 0) return this.#launch(Lane.live, live, entry.sequence);
		if (!link.send(entry.topic, entry.payload, 0, entry.retain, false, 0)) return false;
		live.remove(entry.sequence);
		this.#left[Lane.live] = entry.sequence;
		this.#tally.sent++;
		return true;
	}
	#sendDurable(): boolean {
		const durable = this.#durable;
		for (let sequence = this.#backlog.pass(); sequence; sequence = this.#backlog.pass()) {
			const entry = durable.next(sequence - 1);
			if (entry?.sequence === sequence && entry.packetIdentifier === 0)
				return this.#launch(Lane.durable, durable, sequence);
		}
		let entry = durable.next(this.#cursor);
		// What has an identifier is in flight.
		while (entry && entry.packetIdentifier !== 0) entry = durable.next(entry.sequence);
		if (!entry) {
			this.#backlog.drained();
			return false;
		}
		const now = this.#options.ticks.ticks;
		const delay = this.#backlog.delay(now);
		if (delay > 0) {
			this.#drain.set(delay);
			return false;
		}
		this.#backlog.went(now);
		this.#cursor = entry.sequence;
		return this.#launch(Lane.durable, durable, entry.sequence);
	}
	/** Gives a message its identifier; `#repeat` sends it, now or when there is room. */
	#launch(lane: Lane, outbox: Outbox, sequence: number): boolean {
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
	/** Asks who is to blame for the end of the connection, and puts aside who is. */
	#accuse(lane: 0 | 1, outbox: Outbox, reason: number): void {
		const suspicion = this.#suspicions[lane];
		const packetIdentifier = this.#blamed(lane, reason);
		const sequence = this.#flight.sequence(packetIdentifier);
		const convicted = suspicion.struck(sequence);
		if (sequence === 0) return;
		this.#guard(() => {
			outbox.failed(sequence);
			if (!convicted) return;
			const topic = outbox.next(sequence - 1)?.topic ?? "";
			outbox.quarantine(sequence);
			this.#flight.delete(packetIdentifier);
			this.#tally.quarantined++;
			this.#owner.quarantined(topic);
		});
	}
	/** The packet identifier of the message under suspicion; 0 when it is the network's doing. */
	#blamed(lane: Lane, reason: number): number {
		const next = this.#again[0] ?? 0;
		if (reason === Reason.stuck) return this.#flight.lane(next) === lane ? next : 0;
		const ended =
			reason === Reason.disconnected || reason === Reason.acknowledge || reason === Reason.unknown;
		const oldest = ended ? this.#flight.oldest(lane) : 0;
		return this.#again.includes(oldest) ? 0 : oldest;
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

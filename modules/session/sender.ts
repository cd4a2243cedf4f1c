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
import { Recall } from "./recall.js";
import { proof, Suspicion, soon } from "./suspicion.js";

export interface SenderOwner {
	/** Nothing in flight was acknowledged within the deadline. */
	stalled(): void;
	quarantined(topic: string): void;
	/** A message that had been put aside has arrived. */
	recovered(topic: string): void;
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
	readonly #suspicion: Suspicion;
	readonly #recall: Recall;
	/** Until the next of the backlog may go. */
	readonly #drain: Alarm;
	/** Until something in flight has to be acknowledged. */
	readonly #silence: Alarm;
	/** Identifiers in flight that this connection has not sent, oldest first. */
	#again: number[] = [];
	/** Those of them that wait until the suspect's turn has come. */
	#held: number[] = [];
	/** It is our status that is under suspicion: usually that is the message which proves a connection. */
	#self = false;
	/** Ticks at which the connection stood, and at which the oldest in flight was sent or became the oldest. */
	#opened = 0;
	#since = 0;
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
		this.#silence = new Alarm(timer, () => owner.stalled());
		this.#suspicion = new Suspicion(timer, () => this.#turn());
		this.#recall = new Recall(timer, options.recall ?? defaults.recall, [this.#live, outbox], {
			idle: () => this.#idle(),
			recalled: (lane, sequence) => this.#recalled(lane, sequence),
		});
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
		this.#opened = this.#options.ticks.ticks;
		this.#backlog.open(this.#opened);
		this.#suspicion.open();
		if (this.#suspicion.probing) this.#hold();
		this.#recall.open();
		this.pump();
	}
	/** The connection is gone for this reason, or nothing more may leave on it. */
	close(reason: number): void {
		if (!this.#link) return;
		this.#link = undefined;
		this.#drain.clear();
		this.#silence.clear();
		this.#backlog.close();
		this.#recall.close();
		this.#tally.dropped.offline += this.#live.shed(reason === Reason.stuck);
		this.#accuse(reason);
		this.#again = this.#held = [];
	}
	/** Gives the timers back; the outbox belongs to whoever made it. */
	end(): void {
		this.#drain.close();
		this.#suspicion.end();
		this.#recall.end();
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
		const kept = { QoS, retain, latest };
		let sequence = this.#live.append(topic, payload, kept);
		// Here, in RAM, what the broker will not have makes way; in the outbox it does not.
		for (let old = this.#live.aside(0); !sequence && old; old = this.#live.aside(0)) {
			this.#live.forget(old.sequence);
			this.#tally.dropped.full++;
			sequence = this.#live.append(topic, payload, kept);
		}
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
		const place = this.#flight.place(packetIdentifier);
		this.#flight.delete(packetIdentifier);
		this.#tally.acknowledged++;
		this.#taken(packetIdentifier, lane, place);
	}
	/** PUBREC: the message is the broker's, its identifier stays in use until PUBCOMP [MQTT-4.3.3-1]. */
	received(packetIdentifier: number): void {
		const lane = this.#flight.lane(packetIdentifier);
		if (lane !== Lane.live) return;
		const place = this.#flight.place(packetIdentifier);
		this.#flight.add(packetIdentifier, Lane.released, 0);
		this.#taken(packetIdentifier, lane, place);
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
	#taken(packetIdentifier: number, lane: Lane, place: number): void {
		if (lane !== Lane.released) {
			const outbox = lane === Lane.live ? this.#live : this.#durable;
			this.#recovered(outbox, lane, Math.floor(place / 4));
			this.#guard(() => outbox.release(packetIdentifier));
			this.#suspicion.acknowledged(place);
		}
		this.#silence.clear();
		if (this.#link && this.#outstanding > 0) this.#listen();
		this.#turn();
	}
	#recovered(outbox: Outbox, lane: Lane, sequence: number): void {
		if (!this.#recall.taken(lane, sequence)) return;
		this.#tally.recovered++;
		this.#guard(() => this.#owner.recovered(outbox.next(sequence - 1)?.topic ?? ""));
	}
	#listen(): void {
		this.#since = this.#options.ticks.ticks;
		this.#silence.set(this.#options.deadlines?.acknowledge ?? defaults.deadlines.acknowledge);
	}
	/** Messages that this connection has sent, and that are not acknowledged. */
	get #outstanding(): number {
		return this.#flight.size - this.#again.length - this.#held.length;
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
		const { probing, trying } = this.#suspicion;
		// What is alone in flight is known to be what the peer hung up on.
		const window = trying || (probing && !this.#self) ? 1 : this.#window;
		const full = this.#outstanding >= window;
		if (this.#again.length) return full ? this.#sendLive(link, true) : this.#repeat(link);
		if (this.#sendLive(link, full)) return true;
		return !full && (!probing || this.#self) && this.#sendDurable();
	}

	// A message under suspicion

	/**
	 * A probe: the suspect stays out, and so does whatever it may be followed by. Our status goes, which is new on each
	 * connection; if it is the suspect, all others go. The one case in which messages are sent again in another order than
	 * they were first sent in [MQTT-4.6.0-1]; per topic it holds.
	 */
	#hold(): void {
		this.#self = this.#isStatus(this.#suspicion.suspect);
		const goes = (id: number) => this.#isStatus(this.#flight.place(id)) !== this.#self;
		this.#held = this.#again.filter(id => !goes(id));
		this.#again = this.#again.filter(goes);
	}
	readonly #passes = (topic: string) => (topic === this.#options.status.topic) !== this.#self;
	#isStatus(place: number): boolean {
		if (place % 4 !== Lane.live) return false;
		const sequence = Math.floor(place / 4);
		const entry = this.#live.next(sequence - 1);
		return entry?.sequence === sequence && entry.topic === this.#options.status.topic;
	}
	/** The suspect's turn may have come, or all is as ever. */
	#turn(): void {
		if (this.#held.length && !this.#suspicion.probing) {
			this.#again = [...this.#again, ...this.#held];
			this.#held = [];
		}
		this.pump();
	}
	/** Nothing waits, and the connection is one that a convict may be offered to. */
	#idle(): boolean {
		if (!this.#link?.ready || !this.#suspicion.proved || this.#flight.size || this.#durable.length)
			return false;
		const age = (this.#options.ticks.ticks - this.#opened) | 0;
		return age >= proof && !this.#live.waiting(false);
	}
	#recalled(lane: 0 | 1, sequence: number): void {
		this.#suspicion.recall(sequence * 4 + lane);
		this.#launch(lane, lane === Lane.live ? this.#live : this.#durable, sequence);
		this.pump();
	}
	/** Asks who is to blame for the end of the connection, and puts aside who is. */
	#accuse(reason: number): void {
		const certain = reason === Reason.stuck;
		const packetIdentifier = certain ? (this.#again[0] ?? 0) : this.#blamed(reason);
		const place = this.#flight.place(packetIdentifier);
		const convicted = this.#suspicion.ended(place, !this.#self, certain);
		if (place === 0) return;
		const lane = (place % 4) as Lane;
		const sequence = Math.floor(place / 4);
		const outbox = lane === Lane.live ? this.#live : this.#durable;
		this.#guard(() => {
			outbox.failed(sequence);
			if (!convicted) return;
			const topic = outbox.next(sequence - 1)?.topic ?? "";
			outbox.quarantine(sequence);
			this.#flight.delete(packetIdentifier);
			this.#tally.quarantined++;
			this.#recall.refused(lane, sequence);
			this.#owner.quarantined(topic);
		});
	}
	/** The packet identifier of the message that the peer hung up on, if it did so soon; else 0. */
	#blamed(reason: number): number {
		if (reason !== Reason.disconnected || ((this.#options.ticks.ticks - this.#since) | 0) > soon) return 0;
		let own = 0;
		for (const id of this.#flight.identifiers()) {
			const place = this.#flight.place(id);
			if (place % 4 === Lane.released || this.#again.includes(id) || this.#held.includes(id)) continue;
			if (!this.#isStatus(place)) return id;
			// Its acknowledgement is often lost with the connection: only when nothing else is there to blame.
			own ||= id;
		}
		return own;
	}
	/** Sends the first of `#again`, under the identifier that it has. */
	#repeat(link: Link): boolean {
		const packetIdentifier = this.#again[0] as number;
		const lane = this.#flight.lane(packetIdentifier);
		if (lane === Lane.released) {
			if (link.owing) return false;
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
		this.#suspicion.sent(this.#flight.place(packetIdentifier));
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
		const entry = live.waiting(zero, this.#suspicion.probing ? this.#passes : undefined);
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
	/** Flash may fail; then the session goes on with what it knows. */
	#guard(action: () => void): void {
		try {
			action();
		} catch (error) {
			this.#owner.fault(error);
		}
	}
}

/**
 * What leaves, and when: first what a former connection left unacknowledged (§4.4), then the live lane (RAM), then
 * the durable lane (the board's outbox), whose backlog goes at a limited rate. Nothing is sent twice on one
 * connection [MQTT-4.4.0-1]; the window bounds what is in flight. Knows no states and no time-outs but its own two.
 */

import { Deadline } from "./deadline.js";
import { type Flight, Lane } from "./inflight.js";
import type { Link } from "./link.js";
import { defaults, type Outbox, type SessionOptions } from "./options.js";
import { Outcome, PUBREL, Reason, type Tally } from "./outcomes.js";
import { Backlog, Queue, type QueueEntry } from "./queue.js";
import { Recall } from "./recall.js";
import { Again } from "./retransmit.js";

export interface SenderOwner {
	/** Nothing in flight was acknowledged within the deadline. */
	stalled(): void;
	quarantined(topic: string): void;
	/** A message that had been put aside has arrived. */
	recovered(topic: string): void;
	fault(error: unknown): void;
}

export class Sender {
	private link: Link | undefined;
	private readonly live: Queue;
	private readonly durable: Outbox;
	private readonly flight: Flight;
	private readonly options: SessionOptions;
	private readonly owner: SenderOwner;
	private readonly tally: Tally;
	private readonly window: number;
	private readonly backlog: Backlog;
	/** What a former connection has left, and what is under suspicion. */
	private readonly again: Again;
	private readonly recall: Recall;
	/** Until the next of the backlog may go. */
	private readonly drain: Deadline;
	/** Until something in flight has to be acknowledged. */
	private readonly silence: Deadline;
	/** An identifier that waits in `again`, when it was never sent on any connection: its DUP is 0 [MQTT-3.3.1-1]. */
	private fresh = 0;
	/** By lane: the sequence of the message that was last sent for the first time. */
	private readonly left = [0, 0];
	/** Durable messages up to this sequence are under way. */
	private cursor = 0;
	private restored = false;

	constructor(options: SessionOptions, flight: Flight, tally: Tally, owner: SenderOwner) {
		const { outbox, timer, window = defaults.window, rate = defaults.rate } = options;
		this.options = options;
		this.durable = outbox;
		this.live = new Queue({ byteLength: options.queueBytes ?? defaults.queueBytes });
		this.flight = flight;
		this.tally = tally;
		this.owner = owner;
		this.window = window;
		this.backlog = new Backlog(rate);
		this.drain = new Deadline(timer, () => this.pump());
		this.silence = new Deadline(timer, () => owner.stalled());
		const { ticks, status } = options;
		const changed = () => this.pump();
		this.again = new Again({ timer, ticks, flight, live: this.live, topic: status.topic, changed });
		this.recall = new Recall(timer, options.recall ?? defaults.recall, [this.live, outbox], {
			idle: () => this.idle(),
			recalled: (lane, sequence) => this.recalled(lane, sequence),
			fault: error => owner.fault(error),
		});
	}

	/** CONNACK: what is in flight from before is to be sent again, or, when the broker has no session, as new. */
	restore(sessionPresent: boolean): void {
		if (!sessionPresent) {
			if (this.flight.size) this.backlog.returned();
			this.flight.clear();
			this.live.reset();
			this.guard(() => this.durable.reset());
			this.cursor = this.fresh = 0;
		} else if (!this.restored) this.guard(() => this.recover());
		this.restored = true;
		this.again.begin();
	}
	/** Messages may leave from now on. */
	open(link: Link): void {
		this.link = link;
		this.backlog.open(this.options.ticks.ticks);
		this.again.open();
		this.recall.open();
		this.pump();
	}
	/** The connection is gone for this reason, or nothing more may leave on it. */
	close(reason: number): void {
		if (!this.link) return;
		this.link = undefined;
		this.drain.clear();
		this.silence.clear();
		this.backlog.close();
		this.recall.close();
		this.tally.dropped.offline += this.live.shed(reason === Reason.stuck);
		this.again.close(reason, (packetIdentifier, convicted) => this.blame(packetIdentifier, convicted));
	}
	/** Gives the timers back; the outbox belongs to whoever made it. */
	end(): void {
		this.drain.close();
		this.again.end();
		this.recall.end();
		this.silence.close();
		this.live.close();
	}

	offer(topic: string, payload: Uint8Array, QoS: 0 | 1 | 2, retain: boolean, latest: boolean): Outcome {
		const link = this.link;
		if (QoS === 0) {
			if (link && this.live.zeros === 0 && link.send(topic, payload, 0, retain, false, 0)) {
				this.tally.sent++;
				return Outcome.sent;
			}
			if (!link && !latest) {
				this.tally.dropped.offline++;
				return Outcome.droppedOffline;
			}
		}
		const evicted = this.live.evicted;
		const kept = { QoS, retain, latest };
		let sequence = this.live.append(topic, payload, kept);
		// Here, in RAM, what the broker will not have makes way; in the outbox it does not.
		for (let old = this.live.aside(0); !sequence && old; old = this.live.aside(0)) {
			this.live.forget(old.sequence);
			this.tally.dropped.full++;
			sequence = this.live.append(topic, payload, kept);
		}
		this.tally.dropped.full += this.live.evicted - evicted;
		return this.offered(Lane.live, sequence);
	}
	/** For messages that must not be lost: QoS 1, by way of the board's outbox. */
	offerDurable(topic: string, payload: Uint8Array, retain: boolean): Outcome {
		let sequence = 0;
		try {
			sequence = this.durable.append(topic, payload, { retain });
		} catch (error) {
			this.owner.fault(error); // flash that fails: RAM is better than nothing
			return this.offer(topic, payload, 1, retain, false);
		}
		if (sequence) this.backlog.accepted(sequence, topic, this.link !== undefined);
		return this.offered(Lane.durable, sequence);
	}
	/** PUBACK, or PUBCOMP. */
	acknowledged(packetIdentifier: number): void {
		const lane = this.flight.lane(packetIdentifier);
		if (lane === -1) return;
		const place = this.flight.place(packetIdentifier);
		this.flight.delete(packetIdentifier);
		this.tally.acknowledged++;
		this.taken(packetIdentifier, lane, place);
	}
	/** PUBREC: the message is the broker's, its identifier stays in use until PUBCOMP [MQTT-4.3.3-1]. */
	received(packetIdentifier: number): void {
		const lane = this.flight.lane(packetIdentifier);
		if (lane !== Lane.live) return;
		const place = this.flight.place(packetIdentifier);
		this.flight.add(packetIdentifier, Lane.released, 0);
		this.taken(packetIdentifier, lane, place);
	}
	/** Sends as much as link, window and rate allow. */
	pump(): void {
		const link = this.link;
		if (!link) return;
		try {
			while (link.ready && this.step(link));
		} catch (error) {
			this.owner.fault(error);
		}
	}

	/** The broker has a message. */
	private taken(packetIdentifier: number, lane: Lane, place: number): void {
		if (lane !== Lane.released) {
			const outbox = lane === Lane.live ? this.live : this.durable;
			this.recovered(outbox, lane, Math.floor(place / 4));
			this.guard(() => outbox.release(packetIdentifier));
			this.again.acknowledged(place);
		}
		this.silence.clear();
		if (this.link && this.again.outstanding > 0) this.listen();
		this.again.settle();
		this.pump();
	}
	private recovered(outbox: Outbox, lane: Lane, sequence: number): void {
		if (!this.recall.taken(lane, sequence)) return;
		this.tally.recovered++;
		this.guard(() => this.owner.recovered(outbox.next(sequence - 1)?.topic ?? ""));
	}
	private listen(): void {
		this.again.listen();
		this.silence.set(this.options.deadlines?.acknowledge ?? defaults.deadlines.acknowledge);
	}
	private offered(lane: Lane, sequence: number): Outcome {
		if (sequence === 0) {
			this.tally.dropped.full++;
			return Outcome.droppedFull;
		}
		this.pump();
		if ((this.left[lane] as number) >= sequence) return Outcome.sent;
		this.tally.queued++;
		return Outcome.queued;
	}
	/** Sends one message; false when nothing can be sent now. */
	private step(link: Link): boolean {
		const again = this.again;
		const full = again.outstanding >= (again.alone ? 1 : this.window);
		if (again.waiting.length) return full ? this.sendLive(link, true) : this.repeat(link);
		if (this.sendLive(link, full)) return true;
		return !full && again.durable && this.sendDurable();
	}
	/** Nothing waits, and the connection is one that a convict may be offered to. */
	private idle(): boolean {
		if (!this.link?.ready || !this.again.proved) return false;
		return this.flight.size === 0 && this.durable.length === 0 && !this.live.waiting(false);
	}
	private recalled(lane: 0 | 1, sequence: number): void {
		this.again.recall(sequence * 4 + lane);
		this.launch(lane, lane === Lane.live ? this.live : this.durable, sequence);
		this.pump();
	}
	/** The peer hung up on this message, not for the first time if it is `convicted`: then it is put aside. */
	private blame(packetIdentifier: number, convicted: boolean): void {
		const lane = this.flight.lane(packetIdentifier);
		const sequence = this.flight.sequence(packetIdentifier);
		const outbox = lane === Lane.live ? this.live : this.durable;
		this.guard(() => {
			outbox.failed(sequence);
			if (!convicted) return;
			const topic = outbox.next(sequence - 1)?.topic ?? "";
			outbox.quarantine(sequence);
			this.flight.delete(packetIdentifier);
			this.tally.quarantined++;
			this.recall.refused(lane, sequence);
			this.owner.quarantined(topic);
		});
	}
	/** Sends the first of `again`, under the identifier that it has. */
	private repeat(link: Link): boolean {
		const { waiting } = this.again;
		const packetIdentifier = waiting[0] as number;
		const lane = this.flight.lane(packetIdentifier);
		if (lane === Lane.released) {
			if (link.owing) return false;
			link.reply(PUBREL, packetIdentifier);
			waiting.shift();
			return true;
		}
		const sequence = this.flight.sequence(packetIdentifier);
		const outbox: Outbox = lane === Lane.live ? this.live : this.durable;
		const entry = lane < 0 ? undefined : outbox.next(sequence - 1);
		if (!entry || entry.sequence !== sequence) {
			this.flight.delete(packetIdentifier);
			waiting.shift();
			return true;
		}
		const fresh = this.fresh === packetIdentifier;
		const QoS = lane === Lane.live ? (entry as QueueEntry).QoS : 1;
		if (!link.send(entry.topic, entry.payload, QoS, entry.retain, !fresh, packetIdentifier)) return false;
		waiting.shift();
		if (!this.silence.standing) this.listen();
		this.again.sent(packetIdentifier);
		if (fresh) {
			this.fresh = 0;
			this.left[lane] = sequence;
			this.tally.sent++;
		} else this.tally.retransmitted++;
		return true;
	}
	private sendLive(link: Link, zero: boolean): boolean {
		const live = this.live;
		if (zero && live.zeros === 0) return false;
		const entry = live.waiting(zero, this.again.goes);
		if (!entry) return false;
		if (entry.QoS !== 0) return this.launch(Lane.live, live, entry.sequence);
		if (!link.send(entry.topic, entry.payload, 0, entry.retain, false, 0)) return false;
		live.remove(entry.sequence);
		this.left[Lane.live] = entry.sequence;
		this.tally.sent++;
		return true;
	}
	private sendDurable(): boolean {
		const durable = this.durable;
		for (let sequence = this.backlog.pass(); sequence; sequence = this.backlog.pass()) {
			const entry = durable.next(sequence - 1);
			if (entry?.sequence === sequence && entry.packetIdentifier === 0)
				return this.launch(Lane.durable, durable, sequence);
		}
		let entry = durable.next(this.cursor);
		// What has an identifier is in flight.
		while (entry && entry.packetIdentifier !== 0) entry = durable.next(entry.sequence);
		if (!entry) {
			this.backlog.drained();
			return false;
		}
		const now = this.options.ticks.ticks;
		const delay = this.backlog.delay(now);
		if (delay > 0) {
			this.drain.set(delay);
			return false;
		}
		this.backlog.went(now);
		this.cursor = entry.sequence;
		return this.launch(Lane.durable, durable, entry.sequence);
	}
	/** Gives a message its identifier; `repeat` sends it, now or when there is room. */
	private launch(lane: Lane, outbox: Outbox, sequence: number): boolean {
		const packetIdentifier = this.flight.take();
		this.flight.add(packetIdentifier, lane, sequence);
		this.again.waiting.push(packetIdentifier);
		this.fresh = packetIdentifier;
		// Before the bytes leave: after a power cut the identifier is known, and DUP is right. Flash that fails
		// to keep it does not keep the message back: sent as new after a restart it still arrives.
		this.guard(() => outbox.sent(sequence, packetIdentifier));
		return true;
	}
	/** What the outbox had in flight before a restart. */
	private recover(): void {
		const pairs: (readonly [number, number])[] = [];
		for (let entry = this.durable.next(0); entry; entry = this.durable.next(entry.sequence))
			if (entry.packetIdentifier !== 0) pairs.push([entry.packetIdentifier, entry.sequence]);
		this.flight.restore(pairs, Lane.durable);
	}
	/** Flash may fail; then the session goes on with what it knows. */
	private guard(action: () => void): void {
		try {
			action();
		} catch (error) {
			this.owner.fault(error);
		}
	}
}

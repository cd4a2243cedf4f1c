/**
 * The order in which messages leave: first those that a former connection left unacknowledged (§4.4), then the live lane
 * (RAM), then our status, then the durable lane (the board's outbox), whose backlog goes at a limited rate. A message that
 * finds none before it goes straight to the connection. None is sent twice on one connection [MQTT-4.4.0-1]; the window
 * bounds the number in flight. Knows no states.
 */

import { Deadline } from "./deadline.js";
import { type InFlight, Lane, laneOf, placeOf, status } from "./inflight.js";
import type { Link } from "./link.js";
import { defaults, type Message, type PublishOptions, type SessionOptions } from "./options.js";
import { type Application, Outcome, Packet, Reason } from "./outcomes.js";
import { Phase, Poison } from "./poison.js";
import { Backlog, type Queue, type QueueOptions, Waits } from "./queue.js";

export class Sender {
	/** The connection while messages may leave. */
	link: Link | undefined = undefined;
	readonly live: Queue;
	/** The connection from CONNACK on, whose client refuses once it is closed. */
	private way: Link | undefined;
	private readonly inflight: InFlight;
	private readonly options: SessionOptions;
	private readonly application: Application;
	private readonly window: number;
	private readonly backlog: Backlog;
	readonly poison: Poison;
	/** Until the next of the backlog may go. */
	private readonly drain: Deadline;
	/** Until the oldest in flight has to be acknowledged, or sooner. */
	private readonly silence: Deadline;
	/** Milliseconds that it has for that. */
	private readonly patience: number;
	/** `online` is still to be published on this connection. */
	private greeting = false;

	constructor(options: SessionOptions, inflight: InFlight, application: Application) {
		const timer = options.timer;
		this.live = inflight.live;
		this.inflight = inflight;
		this.application = application;
		this.poison = new Poison(options, inflight, application, this);
		this.backlog = new Backlog(options.outbox, options.rate ?? defaults.rate);
		this.silence = new Deadline(timer, this, this.stall);
		this.window = options.window ?? defaults.window;
		this.patience = options.deadlines?.acknowledge ?? defaults.deadlines.acknowledge;
		this.options = options;
		this.drain = new Deadline(timer, this, this.pump);
	}
	/** CONNACK: messages in flight are sent again, or, when the broker has no session, as new ones. */
	restore(link: Link, sessionPresent: boolean): void {
		const inflight = this.inflight;
		this.way = link;
		if (!sessionPresent) this.backlog.restart(inflight.size > 0);
		this.application.guard(() => inflight.begin(sessionPresent));
	}
	/** Messages may leave from now on. */
	open(link: Link): void {
		const { inflight, poison } = this;
		this.link = link;
		this.backlog.open(this.options.ticks.ticks);
		poison.open();
		const own = inflight.ofStatus;
		this.greeting = own === 0 && !poison.statusAside;
		if (own !== 0 && poison.phase === Phase.without) {
			// The one case in which messages go in another order than before [MQTT-4.6.0-1]; per topic it holds.
			const others = inflight.waiting.filter(id => id !== own);
			inflight.waiting = poison.suspect === status ? [...others, own] : [own, ...others];
		}
		this.pump();
	}
	/** The connection is gone for this reason, or nothing more may leave on it. */
	close(reason: number): void {
		if (!this.link) return;
		const inflight = this.inflight;
		this.link = undefined;
		this.greeting = false;
		this.drain.clear();
		this.silence.clear();
		this.backlog.close();
		const stuck = reason === Reason.stuck;
		this.application.counters.dropped.offline += inflight.live.shed(stuck);
		const id = stuck ? (inflight.waiting[0] ?? 0) : inflight.oldest();
		inflight.waiting = [];
		this.poison.ended(reason, id, inflight.place(id));
	}
	/** Gives the timers back; the outbox belongs to its maker. */
	end(): void {
		this.drain.close();
		this.silence.close();
		this.poison.end();
		this.inflight.live.close();
	}
	/** For messages that may be lost with the power. */
	offer(topic: string, payload: Uint8Array, options: PublishOptions): Outcome {
		const { link, live } = this;
		const { QoS = 0, retain = false } = options;
		const counters = this.application.counters;
		if (QoS === 0) {
			if (live.zeros === 0 && link?.send({ topic, payload, QoS, retain }, false, 0)) return Outcome.sent;
			if (!link && !options.latest) {
				counters.dropped.offline++;
				return Outcome.droppedOffline;
			}
		}
		const evicted = live.evicted;
		const straight = QoS !== 0 && link !== undefined && live.pending === 0 && this.straight(link);
		const id = straight ? this.inflight.take() : 0;
		const sequence = live.append(topic, payload, QoS === 0 ? { ...options, QoS } : options, id);
		counters.dropped.full += live.evicted - evicted;
		if (!sequence) {
			// RAM is full of messages that wait for PUBACK, and their PUBACK may be behind an inbound message that is not read
			// before it is answered: so an answer may leave without being kept.
			const gone = options.unkept && this.way?.send({ topic, payload, QoS: 0, retain }, false, 0);
			return gone ? Outcome.sent : Outcome.droppedFull;
		}
		if (straight) return this.launch(link, placeOf(Lane.live, sequence), id, topic, payload, options);
		counters.queued++;
		return Outcome.queued;
	}
	/** For messages that must not be lost: QoS 1, by way of the board's outbox. */
	offerDurable(topic: string, payload: Uint8Array, options: PublishOptions): Outcome {
		const { link, backlog, inflight } = this;
		const id = link && backlog.passes(topic) && this.straight(link) ? inflight.take() : 0;
		const sequence = inflight.durable.append(topic, payload, options, id);
		if (!sequence) return Outcome.droppedFull;
		if (id !== 0) {
			backlog.straight(sequence);
			return this.launch(link as Link, placeOf(Lane.durable, sequence), id, topic, payload, options);
		}
		backlog.accepted(sequence, topic, link !== undefined);
		this.application.counters.queued++;
		return Outcome.queued;
	}
	/** Publishes `online` once more. False when there is no connection for it: it is still to come then. */
	announce(): boolean {
		if (!this.link) return false;
		this.greeting = !this.poison.statusAside;
		this.pump();
		return true;
	}
	/** PUBACK, or PUBCOMP. */
	acknowledged(packetIdentifier: number): void {
		const inflight = this.inflight;
		// An acknowledgement of a message that has not left yet is an error of the broker: it would delete an alert.
		const place = packetIdentifier === inflight.fresh ? 0 : inflight.delete(packetIdentifier);
		if (place === 0) return;
		this.application.counters.acknowledged++;
		this.taken(packetIdentifier, place);
	}
	/** PUBREC: the message is the broker's, its identifier stays in use until PUBCOMP [MQTT-4.3.3-1]. */
	received(link: Link, packetIdentifier: number): void {
		const place = this.inflight.place(packetIdentifier);
		const live = place !== 0 && laneOf(place) === Lane.live;
		if (live) this.inflight.add(packetIdentifier, placeOf(Lane.released, 0));
		if (live) this.taken(packetIdentifier, place);
		link.reply(Packet.PUBREL, packetIdentifier);
	}
	/** Sends as much as connection, window and rate allow. */
	pump(): void {
		const link = this.link;
		if (!link) return;
		try {
			while (link.ready && this.step(link));
		} catch (error) {
			this.application.fault(error);
		}
	}
	/** A message may go now: no other has to go before it, and the window has room. */
	private straight(link: Link): boolean {
		const inflight = this.inflight;
		if (!link.ready || inflight.waiting.length !== 0 || this.greeting) return false;
		return this.poison.phase === Phase.all && inflight.outstanding < this.window;
	}
	/** Sends one message; false when none can be sent now. */
	private step(link: Link): boolean {
		const { inflight, poison } = this;
		const self = poison.suspect === status;
		if (poison.phase === Phase.without) {
			if (!self && this.greeting) return this.greet(link);
			const first = inflight.waiting[0] ?? 0;
			return !self && inflight.place(first) === status ? this.repeat(link) : this.sendLive(link, true);
		}
		if (inflight.outstanding >= (poison.phase === Phase.all ? this.window : 1))
			return this.sendLive(link, true);
		if (inflight.waiting.length !== 0) return this.repeat(link);
		// The suspect goes alone and first, our status as any other.
		if (this.greeting && self) return this.greet(link);
		if (this.sendLive(link, false)) return true;
		return this.greeting ? this.greet(link) : this.sendDurable(link);
	}
	private greet(link: Link): boolean {
		this.greeting = false;
		this.first(link, status, this.inflight.message(status) as Message);
		return true;
	}
	/** Sends the first that waits from before, under the identifier that it has. */
	private repeat(link: Link): boolean {
		const inflight = this.inflight;
		const waiting = inflight.waiting;
		const id = waiting[0] as number;
		const place = inflight.place(id);
		if (laneOf(place) === Lane.released) {
			link.reply(Packet.PUBREL, id);
			waiting.shift();
			return true;
		}
		const fresh = inflight.fresh === id;
		const entry = inflight.message(place);
		if (entry && !link.send(entry, !fresh, id)) return false;
		waiting.shift();
		if (fresh) inflight.fresh = 0;
		if (entry) this.listen(place);
		else inflight.delete(id);
		return true;
	}
	private sendLive(link: Link, zero: boolean): boolean {
		const live = this.live;
		const entry = live.waiting(zero);
		if (!entry) return false;
		if (entry.QoS !== 0) this.first(link, placeOf(Lane.live, entry.sequence), entry);
		else if (link.send(entry, false, 0)) live.remove(entry.sequence);
		else return false;
		return true;
	}
	private sendDurable(link: Link): boolean {
		const backlog = this.backlog;
		const entry = backlog.next(this.options.ticks.ticks);
		if (entry) this.first(link, placeOf(Lane.durable, entry.sequence), entry);
		else if (backlog.delay > 0) this.drain.set(backlog.delay);
		return entry !== undefined;
	}
	/** Sends a message that was held, for the first time. */
	private first(link: Link, place: number, entry: Message): void {
		const id = this.inflight.take();
		this.inflight.sent(id, place);
		this.launch(link, place, id, entry.topic, entry.payload, entry);
	}
	/** Sends a message under a new identifier. Where there is no room, it is the first to go once there is. An object of it would cost 2500 instructions. */
	private launch(
		link: Link,
		place: number,
		id: number,
		topic: string,
		payload: Uint8Array,
		options: QueueOptions,
	): Outcome {
		const inflight = this.inflight;
		inflight.add(id, place);
		if (!link.write(payload, link.told(topic, options.QoS ?? 1, options.retain ?? false, false, id))) {
			inflight.waiting.push(id);
			inflight.fresh = id;
			return Outcome.queued;
		}
		this.listen(place);
		this.application.counters.sent++;
		return Outcome.sent;
	}
	/** A message has left. */
	private listen(place: number): void {
		if (this.inflight.outstanding === 1) this.poison.listen();
		if (!this.silence.standing) this.silence.set(this.patience);
		if (this.poison.phase !== Phase.all) this.poison.sent(place);
	}
	private stall(): void {
		if (this.inflight.outstanding === 0) return;
		const left = this.patience - this.poison.waited;
		if (left > 0) this.silence.set(left);
		else this.link?.fail(Reason.acknowledge);
	}
	/** The broker has a message. */
	private taken(packetIdentifier: number, place: number): void {
		const { inflight, poison } = this;
		const lane = laneOf(place);
		if (lane !== Lane.released) {
			poison.acknowledged(place);
			inflight.release(packetIdentifier, lane);
		}
		// The timer is not moved at each acknowledgement, which cost 200 units of an edge: `stall` looks again.
		if (inflight.outstanding > 0) poison.listen();
		// Mostly nothing waits for it: 600 units of each acknowledgement.
		const waits = this.backlog.waits;
		if (inflight.waiting.length || inflight.live.pending || waits !== Waits.none || this.greeting)
			this.pump();
	}
	/** Offers a message that was set aside, if no other waits. */
	offerAgain(): void {
		const { link, inflight } = this;
		const waiting = inflight.size + inflight.durable.length + inflight.live.pending;
		this.application.guard(() => {
			const place = this.poison.next(link?.ready === true && waiting === 0 && !this.greeting);
			const entry = place ? inflight.message(place) : undefined;
			if (entry) this.first(link as Link, place, entry);
		});
	}
}

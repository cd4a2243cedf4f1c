/**
 * Poison messages: those that a broker hangs up on. `Poison` finds them. After two hang-ups in a row soon after the same
 * message's bytes, the next connection first has to prove itself: for 10 s only our status and QoS 0 go, and it must be acknowledged. Then
 * messages go one at a time, and the one that a third hang-up follows is the culprit. Silence is no evidence; a connection
 * that ends by itself clears the suspect. `Aside` says when a message that was set aside is offered again. Neither sends.
 */

import type { Timer } from "../mqtt/io.js";
import { Deadline, since } from "./deadline.js";
import { type InFlight, Lane, laneOf, placeOf, sequenceOf } from "./inflight.js";
import { type Application, Reason, Report } from "./outcomes.js";

/** Hang-ups that convict. */
const enough = 3;
/** More of them where connections end by themselves. Yet more would let one message block all others for hours there. */
const extra = 2;
/** Milliseconds that a connection has to stand without the suspect. */
export const proof = 10_000;
/** Milliseconds after its bytes in which a broker hangs up on a message. Shorter than `proof`: a broker may hang up by the clock. */
const soon = 5000;
/** Milliseconds in which the suspect has to get its turn. */
const turn = 60_000;

const Phase = Object.freeze({
	ordinary: 0,
	/** Only our status goes, or nothing if it is the suspect. */
	proving: 1,
	/** One message at a time. */
	single: 2,
});

export class Poison {
	/** The oldest message in flight at the last hang-up, as its place; 0 is none. */
	suspect = 0;
	private hangups = 0;
	/** Hang-ups needed beyond the third: connections end by themselves here. */
	private doubt = 0;
	private phase: number = Phase.ordinary;
	/** A message was acknowledged on this connection. */
	private proved = false;
	/** Ticks at which the connection stood, and at which the oldest in flight was sent or became the oldest. */
	private opened = 0;
	private listening = 0;
	/** Milliseconds that the last acknowledgement took. */
	private latency = 0;
	private readonly deadline: Deadline;
	private readonly owner: { pump(): void };

	/** `owner` pumps when other messages may be sent than before. */
	constructor(timer: Timer, owner: { pump(): void }) {
		this.owner = owner;
		this.deadline = new Deadline(timer, this, this.expired);
	}
	get ordinary(): boolean {
		return this.phase === Phase.ordinary;
	}
	get proving(): boolean {
		return this.phase === Phase.proving;
	}
	/** A connection stands. */
	open(now: number): void {
		this.opened = now;
		this.proved = false;
		if (this.hangups < enough - 1) return;
		this.phase = Phase.proving;
		this.deadline.set(proof);
	}
	/** The connection is ordinary, has stood for a while, and messages arrive on it. */
	good(now: number): boolean {
		return this.ordinary && this.proved && since(now, this.opened) >= proof;
	}
	/** A message that was set aside is offered again. */
	offer(place: number): void {
		this.suspect = place;
		this.hangups = enough - 1;
		this.single(turn);
	}
	/** The oldest in flight was sent, or became the oldest. */
	listen(now: number): void {
		this.listening = now;
	}
	/** Its bytes are out. */
	sent(place: number): void {
		if (this.phase === Phase.single && place === this.suspect) this.deadline.set(soon);
	}
	acknowledged(place: number, now: number): void {
		this.latency = since(now, this.listening);
		this.proved = true;
		if (place !== this.suspect) return;
		this.clear();
		this.doubt = 0;
	}
	/** The connection has ended while `place` was the oldest in flight (0: none). True when that message is to be set aside. */
	ended(reason: number, place: number, now: number): boolean {
		const { phase, hangups, suspect } = this;
		this.clear();
		const stuck = reason === Reason.stuck;
		// One at a time, it is known how fast this broker answers: chance has less room then.
		const known = 1000 + 2 * this.latency;
		const limit = phase === Phase.single && known < soon ? known : soon;
		const prompt = reason === Reason.disconnected && since(now, this.listening) <= limit;
		const blamed = place !== 0 && (stuck || prompt);
		if (phase === Phase.proving && !blamed) this.doubt = extra;
		// Without proof a hang-up shows nothing: perhaps no message gets through.
		if (!blamed || (phase === Phase.single && place === suspect && !this.proved && !stuck)) return false;
		this.suspect = place;
		// Our status, alone on a connection that was to prove itself, need not be found out again.
		if (place !== suspect) this.hangups = phase === Phase.proving ? enough - 1 : 1;
		else if (hangups + 1 < enough) this.hangups = hangups + 1;
		else if (stuck || this.doubt === 0) {
			this.clear();
			this.doubt = 0;
			return true;
		} else {
			this.hangups = hangups;
			this.doubt--;
		}
		return false;
	}
	/** Gives the timer back. */
	end(): void {
		this.deadline.close();
	}

	private expired(): void {
		if (this.phase === Phase.proving) this.single(turn);
		else this.clear(); // The broker says nothing and stays: no evidence.
		this.owner.pump();
	}
	private single(delay: number): void {
		this.phase = Phase.single;
		this.deadline.set(delay);
	}
	private clear(): void {
		this.suspect = this.hangups = 0;
		this.phase = Phase.ordinary;
		this.deadline.clear();
	}
}

/**
 * Messages that were set aside: the broker may have changed, or its limits, or the message was innocent. A round offers all
 * of them, one at a time and only while no other message waits: soon after a start, an hour after one was set aside, then once
 * a day. After a refusal the next one waits for an hour, for each costs the connection.
 */
export class Aside {
	/** The place of the message that is offered; 0 is none. */
	offered = 0;
	/** Our status was set aside: it is not published until its turn. */
	status = false;
	private readonly inflight: InFlight;
	/** By lane: the sequence that this round has come to. */
	private cursors = [0, 0];
	/** Milliseconds between two rounds. */
	private readonly interval: number;
	private readonly application: Application;
	private readonly deadline: Deadline;

	/** `owner` may offer one then, if no other message waits. */
	constructor(
		timer: Timer,
		interval: number,
		inflight: InFlight,
		application: Application,
		owner: { offerAgain(): void },
	) {
		this.inflight = inflight;
		this.interval = interval;
		this.application = application;
		this.deadline = new Deadline(timer, owner, owner.offerAgain);
	}
	/** A connection stands. */
	open(): void {
		if (!this.deadline.standing && this.any) this.wait();
	}
	/** It cannot be done now. */
	wait(): void {
		this.deadline.set(proof);
	}
	/** The place of the next message to offer, back in its outbox; 0 when the round is over. May throw what an outbox throws. */
	next(): number {
		this.deadline.set(this.pause);
		// The durable lane first: alerts are there.
		for (const lane of [Lane.durable, Lane.live]) {
			const outbox = this.inflight.outbox(lane);
			const sequence = outbox.aside(this.cursors[lane] as number)?.sequence ?? 0;
			if (!sequence) continue;
			this.cursors[lane] = sequence;
			if (outbox.readmit(sequence)) return this.offer(placeOf(lane, sequence));
		}
		if (this.status) {
			this.status = false;
			return this.offer(placeOf(Lane.status, 0));
		}
		this.cursors = [0, 0];
		if (this.any) this.deadline.set(this.interval);
		else this.deadline.clear();
		return 0;
	}
	/** The broker has taken the message on offer. */
	taken(place: number): void {
		this.offered = 0;
		this.deadline.set(0);
		this.application.counters.recovered++;
		this.application.report(Report.recovered, this.inflight.message(place)?.topic ?? "");
	}
	/** Sets a message aside, for the first time or again. Its identifier is free. */
	put(packetIdentifier: number, place: number): void {
		const inflight = this.inflight;
		const lane = laneOf(place);
		const topic = inflight.message(place)?.topic ?? "";
		if (place === this.offered) this.offered = 0;
		this.deadline.set(this.pause);
		inflight.delete(packetIdentifier);
		if (lane === Lane.status) this.status = true;
		else inflight.outbox(lane).quarantine(sequenceOf(place));
		this.application.counters.quarantined++;
		this.application.report(Report.quarantined, topic);
	}
	/** Gives the timer back. */
	end(): void {
		this.deadline.close();
	}

	private offer(place: number): number {
		this.offered = place;
		return place;
	}
	private get any(): boolean {
		const { live, durable } = this.inflight;
		return this.status || (durable.aside(0) ?? live.aside(0)) !== undefined;
	}
	/** An hour, where rounds are daily. */
	private get pause(): number {
		return this.interval / 24;
	}
}

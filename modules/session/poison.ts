/**
 * Poison messages: those that a broker hangs up on. `Poison` finds them, and DESIGN.md says on which evidence: two hang-ups in
 * a row soon after the same message's bytes, a connection that has proved itself without it, then one message at a time, and
 * a third hang-up. `Aside` says when a message that was set aside is offered again. Neither sends.
 */

import type { Ticks, Timer } from "../mqtt/io.js";
import { Deadline, since } from "./deadline.js";
import { type InFlight, Lane, laneOf, placeOf, sequenceOf, status } from "./inflight.js";
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

export class Poison {
	/** The oldest message in flight at the last hang-up, as its place; 0 is none. */
	suspect = 0;
	/** All messages go. If not: while the connection is `proving`, only our status, unless it is the suspect; then one at a time. */
	ordinary = true;
	proving = false;
	private hangups = 0;
	/** Hang-ups needed beyond the third: connections end by themselves here. */
	private doubt = 0;
	/** A message was acknowledged on this connection. */
	private proved = false;
	/** Ticks at which the connection stood, and at which the oldest in flight was sent or became the oldest. */
	private opened = 0;
	private listening = 0;
	/** Milliseconds that the last acknowledgement took. */
	private latency = 0;
	private readonly ticks: Ticks;
	private readonly deadline: Deadline;
	private readonly owner: { pump(): void };

	/** `owner` pumps when other messages may be sent than before. */
	constructor(timer: Timer, ticks: Ticks, owner: { pump(): void }) {
		this.ticks = ticks;
		this.owner = owner;
		this.deadline = new Deadline(timer, this, this.expired);
	}
	/** A connection stands. */
	open(): void {
		this.opened = this.ticks.ticks;
		this.proved = false;
		if (this.hangups < enough - 1) return;
		this.ordinary = false;
		this.proving = true;
		this.deadline.set(proof);
	}
	/** The connection is ordinary, has stood for a while, and messages arrive on it. */
	get good(): boolean {
		return this.ordinary && this.proved && since(this.ticks.ticks, this.opened) >= proof;
	}
	/** A message that was set aside is offered again. */
	offer(place: number): void {
		this.suspect = place;
		this.hangups = enough - 1;
		this.ordinary = false;
		this.deadline.set(turn);
	}
	/** The oldest in flight was sent, or became the oldest. */
	listen(): void {
		this.listening = this.ticks.ticks;
	}
	/** For so many milliseconds. */
	get waited(): number {
		return since(this.ticks.ticks, this.listening);
	}
	/** Its bytes are out, while it is not ordinary. */
	sent(place: number): void {
		if (!this.proving && place === this.suspect) this.deadline.set(soon);
	}
	acknowledged(place: number): void {
		this.latency = this.waited;
		this.proved = true;
		if (place !== this.suspect) return;
		this.clear();
		this.doubt = 0;
	}
	/** The connection has ended while `place` was the oldest in flight (0: none). True when that message is to be set aside. */
	ended(reason: number, place: number): boolean {
		const { proving, hangups, suspect } = this;
		const single = !this.ordinary && !proving;
		this.clear();
		const stuck = reason === Reason.stuck;
		// One at a time, it is known how fast this broker answers: chance has less room then.
		const limit = single ? Math.min(soon, 1000 + 2 * this.latency) : soon;
		const prompt = reason === Reason.disconnected && this.waited <= limit;
		const blamed = place !== 0 && (stuck || prompt);
		if (proving && !blamed) this.doubt = extra;
		// Without proof a hang-up shows nothing: perhaps no message gets through.
		if (!blamed || (single && place === suspect && !this.proved && !stuck)) return false;
		this.suspect = place;
		// Our status, alone on a connection that was to prove itself, need not be found out again.
		if (place !== suspect) this.hangups = proving ? enough - 1 : 1;
		else if (hangups + 1 < enough) this.hangups = hangups + 1;
		else if (!stuck && this.doubt > 0) {
			this.hangups = hangups;
			this.doubt--;
		} else {
			this.clear();
			this.doubt = 0;
			return true;
		}
		return false;
	}
	/** Gives the timer back. */
	end(): void {
		this.deadline.close();
	}

	private expired(): void {
		if (this.proving) {
			this.proving = false;
			this.deadline.set(turn);
		} else this.clear(); // The broker says nothing and stays: no evidence.
		this.owner.pump();
	}
	private clear(): void {
		this.suspect = this.hangups = 0;
		this.ordinary = true;
		this.proving = false;
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
		this.pause();
		// The durable lane first: alerts are there.
		for (const lane of [Lane.durable, Lane.live]) {
			const outbox = this.inflight.outbox(lane);
			const sequence = outbox.aside(this.cursors[lane] as number)?.sequence ?? 0;
			if (sequence === 0) continue;
			this.cursors[lane] = sequence;
			outbox.readmit(sequence);
			this.offered = placeOf(lane, sequence);
			return this.offered;
		}
		if (this.status) {
			this.status = false;
			this.offered = status;
			return status;
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
		const { inflight, application } = this;
		const lane = laneOf(place);
		const topic = inflight.message(place)?.topic ?? "";
		if (place === this.offered) this.offered = 0;
		this.pause();
		inflight.delete(packetIdentifier);
		if (lane === Lane.status) this.status = true;
		else inflight.outbox(lane).quarantine(sequenceOf(place));
		application.counters.quarantined++;
		application.report(Report.quarantined, topic);
	}
	/** Gives the timer back. */
	end(): void {
		this.deadline.close();
	}

	private get any(): boolean {
		const { live, durable } = this.inflight;
		return this.status || (durable.aside(0) ?? live.aside(0)) !== undefined;
	}
	/** An hour, where rounds are daily. */
	private pause(): void {
		this.deadline.set(this.interval / 24);
	}
}

/**
 * Poison messages (DESIGN.md, "Poison messages"): those that a broker hangs up on. A hang-up soon after the bytes of the oldest
 * message in flight makes that message the suspect. After two in a row only one message is in flight at a time, and a message
 * that a third one follows is set aside: reported, kept, and offered again later. But bad networks end connections too. So the
 * next connection has to stand without the suspect first, and the third hang-up has to come as fast as this broker answers.
 * Each phase lets some messages leave (our status: if it is not the suspect). Sends none itself: sender.ts does.
 *
 *   phase    leaves                 ends
 *   all      every message          at a new connection after two hang-ups on the suspect: `without`. At an offer: `single`, with
 *                                   the offered message as the suspect of two hang-ups
 *   without  QoS 0 and our status   after 10 s: `single`. Connection lost: `all`, and five hang-ups are needed until a suspect is
 *                                   acknowledged or a message is set aside
 *   single   one message at a time  third hang-up on the suspect: set aside, `all`. The suspect is acknowledged, gets no answer for
 *                                   5 s, or no turn for 60 s: `all`
 */

import type { Ticks } from "../mqtt/io.js";
import { Deadline, since } from "./deadline.js";
import { type InFlight, Lane, laneOf, placeOf, sequenceOf, status } from "./inflight.js";
import type { SessionOptions } from "./options.js";
import { type Application, Reason, Report } from "./outcomes.js";

/** What may leave, as above. */
export const Phase = Object.freeze({ all: 0, without: 1, single: 2 });
type Phase = (typeof Phase)[keyof typeof Phase];

/** Hang-ups that set a message aside; and where connections end by themselves. Yet more would block all others for hours there. */
const usual = 3;
const unsteady = 5;
/** Milliseconds that a connection has to stand without the suspect. */
const proof = 10_000;
/**
 * Milliseconds after its bytes in which a broker hangs up on a message. Shorter than `proof`: a broker that hangs up at fixed
 * times then does so in `without`, and convicts no message.
 */
const soon = 5000;
/** Milliseconds in which the suspect has to get its turn. */
const turn = 60_000;
/** Milliseconds between two rounds of offers, and until the next offer after a message was set aside. */
const day = 86_400_000;
const hour = 3_600_000;

/** The sender: `pump` when other messages may leave than before, `offerAgain` when one that was set aside may. */
type Owner = { pump(): void; offerAgain(): void };

export class Poison {
	phase: Phase = Phase.all;
	/** The place of the message that the last hang-up followed, or that is offered again; 0 is none. */
	suspect = 0;
	/** Our status was set aside: it is not published until its turn. */
	statusAside = false;
	/** A message was acknowledged on this connection. */
	served = false;
	private hangups = 0;
	private needed = usual;
	/** Ticks at which the connection stood, and at which the oldest in flight was sent or became the oldest. */
	private opened = 0;
	private listening = 0;
	/** Milliseconds that an acknowledgement took. */
	private latency = 0;
	/** The place of the message that is offered again; 0 is none. By lane: the sequence that the round of offers has come to. */
	private offered = 0;
	private readonly cursors = [0, 0, 0, 0];
	private readonly ticks: Ticks;
	private readonly inflight: InFlight;
	private readonly application: Application;
	private readonly owner: Owner;
	/** The end of the phase, and the next offer. */
	private readonly deadline: Deadline;
	private readonly again: Deadline;

	constructor({ ticks, timer }: SessionOptions, inflight: InFlight, application: Application, owner: Owner) {
		this.ticks = ticks;
		this.inflight = inflight;
		this.application = application;
		this.owner = owner;
		this.deadline = new Deadline(timer, this, this.expired);
		this.again = new Deadline(timer, owner, owner.offerAgain);
	}
	/** A connection stands. */
	open(): void {
		this.opened = this.ticks.ticks;
		this.served = false;
		if (this.hangups >= 2) this.enter(Phase.without, proof);
		if (!this.again.standing && this.any) this.again.set(proof);
	}
	/** The oldest in flight was sent, or became the oldest. */
	listen(): void {
		this.listening = this.ticks.ticks;
	}
	/** For so many milliseconds. */
	get waited(): number {
		return since(this.ticks.ticks, this.listening);
	}
	/** Its bytes are out, and not all messages may leave. */
	sent(place: number): void {
		if (place === this.suspect) this.deadline.set(soon);
	}
	/** The broker has taken a message. */
	acknowledged(place: number): void {
		// Of those that go one at a time, and of a connection's first: each costs 1900 instructions, and an edge has two.
		if (!this.served || this.phase !== Phase.all) this.latency = this.waited;
		this.served = true;
		if (place === this.suspect) {
			this.clear();
			this.needed = usual;
		}
		if (place !== this.offered) return;
		const { application, inflight } = this;
		this.offered = 0;
		this.again.set(0);
		application.counters.recovered++;
		application.guard(() => application.report(Report.recovered, inflight.message(place)?.topic ?? ""));
	}
	/** The connection has ended while `place` was the oldest in flight, under this identifier (0: none). */
	ended(reason: number, packetIdentifier: number, place: number): void {
		const { phase, suspect, hangups } = this;
		// Messages that went one at a time show how fast this broker answers: chance has less room then.
		const limit = phase === Phase.single ? Math.min(soon, 1000 + 2 * this.latency) : soon;
		const prompt = reason === Reason.disconnected && this.waited <= limit;
		const stuck = reason === Reason.stuck;
		const blamed = place !== 0 && (prompt || stuck);
		this.clear();
		if (phase === Phase.without && !blamed) this.needed = unsteady;
		// Where no message was acknowledged a hang-up shows nothing: perhaps none gets through. What our own client refuses never will.
		if (!blamed || (phase === Phase.single && place === suspect && !this.served && !stuck)) return;
		this.suspect = place;
		// Our status may leave in `without`, alone. A hang-up on it there counts for two: no other message can be the cause.
		this.hangups = place === suspect ? hangups + 1 : phase === Phase.without ? 2 : 1;
		if (this.hangups >= (stuck ? usual : this.needed))
			this.application.guard(() => this.setAside(packetIdentifier, place));
	}
	/**
	 * The place of the next message to offer, back in its outbox; 0 when there is none now. A round offers all that were set aside,
	 * one at a time: soon after a start, an hour after one was set aside, then daily. `idle`: a connection stands, and no other
	 * message waits. May throw what an outbox throws.
	 */
	next(idle: boolean): number {
		if (!idle || !this.served || since(this.ticks.ticks, this.opened) < proof) {
			this.again.set(proof);
			return 0;
		}
		// If it is refused it costs the connection: then the next one waits.
		this.again.set(hour);
		// The durable lane first: alerts are there.
		let place = this.readmit(Lane.durable) || this.readmit(Lane.live);
		if (place === 0 && this.statusAside && this.cursors[Lane.status] === 0) {
			this.statusAside = false;
			this.cursors[Lane.status] = 1;
			place = status;
		}
		this.offered = place;
		if (place) {
			this.suspect = place;
			this.hangups = 2;
			this.enter(Phase.single, turn);
		} else {
			this.cursors.fill(0);
			if (this.any) this.again.set(day);
			else this.again.clear();
		}
		return place;
	}
	/** Gives the timers back. */
	end(): void {
		this.deadline.close();
		this.again.close();
	}

	private enter(phase: Phase, milliseconds: number): void {
		this.phase = phase;
		this.deadline.set(milliseconds);
	}
	private expired(): void {
		if (this.phase === Phase.without) this.enter(Phase.single, turn);
		else this.clear(); // The broker says nothing and stays: no evidence.
		this.owner.pump();
	}
	private clear(): void {
		this.suspect = this.hangups = 0;
		this.phase = Phase.all;
		this.deadline.clear();
	}
	private setAside(packetIdentifier: number, place: number): void {
		const { inflight, application } = this;
		const lane = laneOf(place);
		const topic = inflight.message(place)?.topic ?? "";
		this.clear();
		this.needed = usual;
		this.again.set(hour);
		inflight.delete(packetIdentifier);
		if (lane === Lane.status) this.statusAside = true;
		else inflight.outbox(lane).quarantine(sequenceOf(place));
		application.counters.quarantined++;
		application.report(Report.quarantined, topic);
	}
	/** The next of the round in this lane goes back into its outbox. */
	private readmit(lane: typeof Lane.durable | typeof Lane.live): number {
		const outbox = this.inflight.outbox(lane);
		const sequence = outbox.aside(this.cursors[lane] as number)?.sequence ?? 0;
		if (sequence === 0) return 0;
		this.cursors[lane] = sequence;
		outbox.readmit(sequence);
		return placeOf(lane, sequence);
	}
	/** A message is aside. */
	private get any(): boolean {
		const { live, durable } = this.inflight;
		return this.statusAside || (durable.aside(0) ?? live.aside(0)) !== undefined;
	}
}

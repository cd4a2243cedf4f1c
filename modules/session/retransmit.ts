/**
 * What a connection has to send again, oldest first, and which part of that waits while a message is under suspicion
 * (suspicion.ts). Knows which message is our own status: new on each connection, it is the one that proves a
 * connection, unless it is the suspect. Names who is to blame for the end of a connection. Sends nothing itself.
 */

import type { Ticks, Timer } from "../mqtt/io.js";
import { since } from "./deadline.js";
import { type Flight, Lane } from "./inflight.js";
import { Reason } from "./outcomes.js";
import { proof, Suspicion, soon } from "./poison.js";
import type { Queue } from "./queue.js";

export interface AgainOptions {
	readonly timer: Timer;
	readonly ticks: Ticks;
	readonly flight: Flight;
	/** Where our status is, among others. */
	readonly live: Queue;
	readonly topic: string;
	/** More may be sent than before. */
	readonly changed: () => void;
}

export class Again {
	/** Identifiers in flight that this connection has not sent. */
	waiting: number[] = [];
	/** Those of them that stay out of a probe. */
	private held: number[] = [];
	/** It is our status that is under suspicion. */
	private self = false;
	/** Ticks at which the connection stood, and at which the oldest in flight was sent or became the oldest. */
	private opened = 0;
	private since = 0;
	/** Milliseconds that the last acknowledgement took. */
	private latency = 0;
	private readonly suspicion: Suspicion;
	private readonly ticks: Ticks;
	private readonly flight: Flight;
	private readonly live: Queue;
	private readonly topic: string;
	private readonly turn = (topic: string) => (topic === this.topic) !== this.self;

	constructor({ timer, ticks, flight, live, topic, changed }: AgainOptions) {
		this.suspicion = new Suspicion(timer, () => {
			this.settle();
			changed();
		});
		this.ticks = ticks;
		this.flight = flight;
		this.live = live;
		this.topic = topic;
	}
	/** The broker's session is known: all that is in flight has to be sent. */
	begin(): void {
		this.waiting = this.flight.identifiers();
	}
	/**
	 * The connection stands. On a probe the suspect stays out, and so does whatever it may be followed by. The one case in
	 * which messages are sent again in another order than they were first sent in [MQTT-4.6.0-1]; per topic it holds.
	 */
	open(): void {
		this.opened = this.ticks.ticks;
		this.suspicion.open();
		if (!this.suspicion.probing) return;
		this.self = this.isStatus(this.suspicion.suspect);
		const goes = (id: number) => this.isStatus(this.flight.place(id)) !== this.self;
		this.held = this.waiting.filter(id => !goes(id));
		this.waiting = this.waiting.filter(goes);
	}
	/** Messages that this connection has sent, and that are not acknowledged. */
	get outstanding(): number {
		return this.flight.size - this.waiting.length - this.held.length;
	}
	/** What is alone in flight is known to be what the peer hung up on. */
	get alone(): boolean {
		return this.suspicion.trying || (this.suspicion.probing && !this.self);
	}
	/** The durable lane may go, beside what waits here. */
	get durable(): boolean {
		return !this.suspicion.probing || this.self;
	}
	/** Says of which topics the live lane may go; undefined when it is all. */
	get goes(): ((topic: string) => boolean) | undefined {
		return this.suspicion.probing ? this.turn : undefined;
	}
	/** The connection has shown that messages arrive, and has stood for a while. */
	get proved(): boolean {
		return this.suspicion.proved && since(this.ticks.ticks, this.opened) >= proof;
	}
	/** A message that was put aside is to be sent, alone. */
	recall(place: number): void {
		this.suspicion.recall(place);
	}
	sent(packetIdentifier: number): void {
		this.suspicion.sent(this.flight.place(packetIdentifier));
	}
	/** The oldest in flight was sent, or became the oldest. */
	listen(): void {
		this.since = this.ticks.ticks;
	}
	acknowledged(place: number): void {
		this.latency = since(this.ticks.ticks, this.since);
		this.suspicion.acknowledged(place);
	}
	/** What was held back waits like all others, once it may. */
	settle(): void {
		if (!this.held.length || this.suspicion.probing) return;
		this.waiting = [...this.waiting, ...this.held];
		this.held = [];
	}
	/** The connection has ended. Calls back with the identifier of the message to blame, if there is one. */
	close(reason: number, blame: (packetIdentifier: number, convicted: boolean) => void): void {
		const certain = reason === Reason.stuck;
		const packetIdentifier = certain ? (this.waiting[0] ?? 0) : this.blamed(reason);
		const place = this.flight.place(packetIdentifier);
		const convicted = this.suspicion.ended(place, !this.self, certain);
		this.waiting = this.held = [];
		if (place !== 0) blame(packetIdentifier, convicted);
	}
	/** Gives the timer back. */
	end(): void {
		this.suspicion.end();
	}

	/** The identifier of the message that the peer hung up on, if it did so soon; else 0. */
	private blamed(reason: number): number {
		// At the trial it is known how fast this peer answers: chance has less room then.
		const known = this.suspicion.trying ? 1000 + 2 * this.latency : soon;
		const wait = known < soon ? known : soon;
		if (reason !== Reason.disconnected || since(this.ticks.ticks, this.since) > wait) return 0;
		let own = 0;
		for (const id of this.flight.identifiers()) {
			const place = this.flight.place(id);
			if (place % 4 === Lane.released || this.waiting.includes(id) || this.held.includes(id)) continue;
			if (!this.isStatus(place)) return id;
			// Its acknowledgement is often lost with the connection: only when nothing else is there to blame.
			own ||= id;
		}
		return own;
	}
	private isStatus(place: number): boolean {
		if (place % 4 !== Lane.live) return false;
		const sequence = Math.floor(place / 4);
		const entry = this.live.next(sequence - 1);
		return entry?.sequence === sequence && entry.topic === this.topic;
	}
}

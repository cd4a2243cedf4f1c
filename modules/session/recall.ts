/**
 * Offers again what was put aside: the broker may have changed, or its limits, or the message was innocent. A round
 * goes through all of it, one message at a time and only while nothing else waits: soon after a start, an hour after the
 * first was put aside, then once a day. After a refusal the next one waits, for each costs the connection. Sends nothing itself.
 */

import type { Timer } from "../mqtt/io.js";
import { Deadline } from "./deadline.js";
import { Lane } from "./inflight.js";
import type { Outbox } from "./options.js";
import { proof } from "./poison.js";

export interface RecallOwner {
	/** Whether the connection is good and nothing else waits. */
	idle(): boolean;
	/** Send this one; it is held as any other from now on. */
	recalled(lane: 0 | 1, sequence: number): void;
	/** The outbox threw. */
	fault(error: unknown): void;
}

export class Recall {
	/** By lane. */
	private readonly outboxes: readonly Outbox[];
	private readonly owner: RecallOwner;
	/** Milliseconds between two rounds. */
	private readonly interval: number;
	private readonly alarm: Deadline;
	/** By lane: the sequence that this round has come to. */
	private cursors = [0, 0];
	/** lane and sequence of the message that is under way; sequence 0 is none. */
	private lane: 0 | 1 = 0;
	private sequence = 0;
	/** A round is under way, or due. */
	private round = true;
	private online = false;

	constructor(timer: Timer, interval: number, outboxes: readonly Outbox[], owner: RecallOwner) {
		this.outboxes = outboxes;
		this.owner = owner;
		this.interval = interval;
		this.alarm = new Deadline(timer, () => this.fire());
	}
	open(): void {
		this.online = true;
		if (this.round && !this.alarm.standing) this.alarm.set(proof);
	}
	/** An alarm that stands goes on: a round is due by time, not by connections. */
	close(): void {
		this.online = false;
	}
	/** The broker has taken this message. True when it was one of ours. */
	taken(lane: number, sequence: number): boolean {
		if (sequence !== this.sequence || lane !== this.lane) return false;
		this.sequence = 0;
		this.alarm.set(0);
		return true;
	}
	/** A message was put aside, for the first time or again. */
	refused(lane: number, sequence: number): void {
		if (sequence === this.sequence && lane === this.lane) {
			this.sequence = 0;
			// If there are others, the pause is running.
			if (!this.outboxes.some((outbox, index) => outbox.aside(this.cursors[index] as number))) this.finish();
		} else if (!this.round || this.held() === 1) this.rest(this.pause);
	}
	/** Gives the timer back. */
	end(): void {
		this.alarm.close();
	}

	private fire(): void {
		try {
			this.next();
		} catch (error) {
			this.owner.fault(error);
		}
	}
	private next(): void {
		this.round = true;
		if (!this.online) return;
		if (!this.owner.idle()) {
			this.alarm.set(proof);
			return;
		}
		// The durable lane first: that is where alerts are.
		for (const lane of [Lane.durable, Lane.live]) {
			const outbox = this.outboxes[lane] as Outbox;
			const sequence = outbox.aside(this.cursors[lane] as number)?.sequence ?? 0;
			if (!sequence || !outbox.readmit(sequence)) continue;
			this.cursors[lane] = this.sequence = sequence;
			this.lane = lane;
			this.alarm.set(this.pause);
			this.owner.recalled(lane, sequence);
			return;
		}
		this.finish();
	}
	private finish(): void {
		this.cursors = [0, 0];
		if (this.held() > 0) this.rest(this.interval);
	}
	/** An hour, where rounds are daily. */
	private get pause(): number {
		return this.interval / 24;
	}
	/** Until the next round. */
	private rest(delay: number): void {
		if (this.round || !this.alarm.standing) this.alarm.set(delay);
		this.round = false;
	}
	/** How many messages are aside; counts no further than two. */
	private held(): number {
		let count = 0;
		for (const outbox of this.outboxes)
			for (let entry = outbox.aside(0); entry && count < 2; entry = outbox.aside(entry.sequence)) count++;
		return count;
	}
}

/**
 * Durable messages that wait from before the connection stood: they go at a limited rate, so that live data gets
 * through (field-notes §2, line 6). A live message passes them if none on its topic is among them, for the order
 * holds per topic. Knows topics and sequences, not messages.
 */

import { until } from "./deadline.js";

/** Above so many topics that wait nothing passes any more. */
const most = 32;

interface Passing {
	readonly sequence: number;
	readonly topic: string;
}

export class Backlog {
	private readonly interval: number;
	private behind = true;
	/** Ticks at which the next message may go. */
	private due = 0;
	/** Topics that wait; not all of them are known after a restart. */
	private readonly topics = new Set<string>();
	private known = false;
	private passing: Passing[] = [];

	/** `rate`: messages a second. */
	constructor(rate: number) {
		this.interval = 1000 / rate;
	}
	/** A connection stands. */
	open(now: number): void {
		this.behind = true;
		this.due = now;
	}
	/** The connection is gone: what was to pass waits like all others. */
	close(): void {
		for (const { topic } of this.passing) this.wait(topic);
		this.passing = [];
		this.behind = true;
	}
	/** Messages that were in flight wait again: of what topics, nobody has kept. */
	returned(): void {
		this.known = false;
	}
	/** A message was accepted, `live` if the connection stands. */
	accepted(sequence: number, topic: string, live: boolean): void {
		if (live && this.behind && this.known && !this.topics.has(topic)) this.passing.push({ sequence, topic });
		else this.wait(topic);
	}
	/** The sequence of a message that passes all that wait; 0 when there is none. */
	pass(): number {
		return this.passing.shift()?.sequence ?? 0;
	}
	/** Milliseconds until the next that waits may go. */
	delay(now: number): number {
		return this.behind ? until(this.due, now) : 0;
	}
	/** One that waited goes now. */
	went(now: number): void {
		this.due = (now + this.interval) | 0;
	}
	/** None waits. */
	drained(): void {
		this.behind = false;
		this.known = true;
		this.topics.clear();
	}

	private wait(topic: string): void {
		if (this.topics.size < most) this.topics.add(topic);
		else this.known = false;
	}
}

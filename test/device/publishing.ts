/**
 * A publisher over a session that notes what it is given and answers as it is told: for tests of one part of a board. A whole
 * board has stage.ts, whose session also plays the broker.
 */

import assert from "node:assert/strict";
import Publisher, { type PublisherOptions } from "../../modules/device/publisher.js";
import { decode } from "../../modules/mqtt/codec.js";
import type { PublishOptions } from "../../modules/session/options.js";
import { Outcome } from "../../modules/session/outcomes.js";
import type { SessionLike } from "../../modules/session/session.js";
import { TestClock } from "../clock.js";

/** What was published: topic, payload, and how; a measurement and what was streamed have no options. */
export type Said = readonly [topic: string, payload: string, options?: PublishOptions];

export class NotedSession implements SessionLike {
	online = true;
	/** What becomes of each message, or a function that says it. */
	outcome: Outcome | ((topic: string, payload: string) => Outcome) = Outcome.sent;
	readonly said: Said[] = [];
	readonly counters = {};

	publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Outcome {
		const text = typeof payload === "string" ? payload : decode(payload);
		this.said.push(options ? [topic, text, options] : [topic, text]);
		return typeof this.outcome === "function" ? this.outcome(topic, text) : this.outcome;
	}
	measure(topic: string, text: string): Outcome {
		return this.publish(topic, text);
	}
	/** Whole at once, where messages are sent. */
	stream(topic: string, byteLength: number, source: () => Uint8Array | undefined): boolean {
		if (this.outcome !== Outcome.sent) return false;
		const bytes: number[] = [];
		for (let piece = source(); piece; piece = source()) bytes.push(...piece);
		assert.equal(bytes.length, byteLength);
		this.said.push([topic, decode(Uint8Array.from(bytes))]);
		return true;
	}
	resume(): void {}
	close(): void {}
}

/** The publisher of the board `r/b/`, if nothing else is said. */
export function publishing(options: Partial<PublisherOptions> = {}, session = new NotedSession()): Publisher {
	const owner = { decommission: { active: false }, retained: { full() {} } };
	const publisher = new Publisher({
		base: "r/b/",
		timer: new TestClock(),
		trace: undefined,
		owner,
		...options,
	});
	publisher.session = session;
	return publisher;
}

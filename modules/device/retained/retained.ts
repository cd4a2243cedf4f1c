/**
 * All that this board retains at its broker: `info`, the state of each output and of each alert. Announces it one topic a
 * turn, because it grows with the description and sampling must not wait for it; a topic for which the session has no room
 * follows as soon as there is some. The names are noted in memory before anything is retained (cleanup.ts). The board decides
 * when it is announced, and when it is taken back.
 */

import type { Timer } from "../../mqtt/io.js";
import { Deadline } from "../../session/deadline.js";
import type Memory from "../memory.js";
import type Publisher from "../publisher.js";
import topics from "../topics.js";
import Cleanup from "./cleanup.js";
import type Info from "./info.js";

/** Milliseconds until a topic is tried again. */
const AGAIN = 250;

/** A part of the board with a topic that is retained: an output, an alert. */
interface Announcing {
	readonly name: string;
	announce(): void;
}

export interface RetainedOptions {
	/** All topics begin with it. */
	readonly base: string;
	readonly timer: Timer;
	readonly memory: Memory;
	readonly publisher: Publisher;
	readonly info: Pick<Info, "values">;
	readonly outputs: readonly Announcing[];
	readonly alerts: readonly Announcing[];
	/** The base is on trial. */
	readonly trying: boolean;
}

export default class Retained {
	/** The names of all that may be at the broker, earlier descriptions included. */
	readonly cleanup: Cleanup;
	private readonly publisher: Publisher;
	private readonly info: Pick<Info, "values">;
	private readonly outputs: readonly Announcing[];
	private readonly alerts: readonly Announcing[];
	/** 1 for each name that is to be announced, and for the clearing of old topics, which comes last. */
	private readonly due: Uint8Array;
	private cursor = 0;
	private readonly turn: Deadline;

	constructor({ base, timer, memory, publisher, info, outputs, alerts, trying }: RetainedOptions) {
		this.publisher = publisher;
		this.info = info;
		this.outputs = outputs;
		this.alerts = alerts;
		this.cleanup = new Cleanup({ memory, base, retained: this, trying, publisher });
		this.due = new Uint8Array(1 + outputs.length + alerts.length + 1);
		this.turn = new Deadline(timer, this, this.next);
	}

	/** Of all topics, in the order in which they are announced. Made when asked for: kept, each takes 60 bytes. */
	get names(): readonly string[] {
		return [
			topics.info,
			...this.outputs.map(({ name }) => topics.outputState(name)),
			...this.alerts.map(({ name }) => topics.alertState(name)),
		];
	}

	/** Publishes all of it, from the first, one a turn; then clears the topics of earlier descriptions. */
	announce(): void {
		this.due.fill(1);
		this.cursor = 0;
		this.turn.set(0);
	}

	/** The session had no room for this topic. */
	full(name: string): void {
		this.due[this.index(name)] = 1;
		this.turn.set(AGAIN);
	}

	close(): void {
		this.turn.close();
	}

	/** Publishes `info` as it is now. */
	inform(): void {
		this.publisher.state(topics.info, JSON.stringify(this.info.values));
	}

	/** Its place in `names`, which are not made for it: states find no room when many alerts change at once. */
	private index(name: string): number {
		const { outputs, alerts } = this;
		const output = outputs.findIndex(part => topics.outputState(part.name) === name);
		if (output >= 0) return 1 + output;
		const alert = alerts.findIndex(part => topics.alertState(part.name) === name);
		return alert < 0 ? 0 : 1 + outputs.length + alert;
	}

	private next(): void {
		const { due, outputs, alerts, publisher } = this;
		// Goes round: a topic that never fits does not hold up the others.
		const ahead = due.indexOf(1, this.cursor);
		const index = ahead < 0 ? due.indexOf(1) : ahead;
		this.cursor = index + 1;
		due[index] = 0;
		// An index below 0 is a name to XS, which it never gives back.
		const part =
			index > outputs.length ? alerts[index - 1 - outputs.length] : outputs[Math.max(index, 1) - 1];
		if (index === 0) this.inform();
		else if (part) part.announce();
		else if (publisher.retaining && !this.cleanup.clear(name => publisher.clear(name, true))) {
			due[index] = 1;
			this.turn.set(AGAIN);
		}
		if (due.includes(1) && !this.turn.standing) this.turn.set(0);
	}
}

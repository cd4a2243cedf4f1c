/**
 * Publishes for all parts of a board, each kind of message with its QoS (TOPICS.md): measurements, edges of alerts, retained states,
 * answers, and the clearing of retained topics. Answers, and the states that follow a command, are published in a turn of their own, not on
 * top of the command's stack. A message that the broker would not take is stopped, counted, and reported with its topic; those of the
 * description itself were checked at the start (broker.ts). Also the board's log, for `trace`. When something is published, and in which
 * words, its parts decide.
 */

import { encode } from "../mqtt/codec.js";
import { Deadline } from "../session/deadline.js";
import type { PublishOptions } from "../session/options.js";
import { Outcome } from "../session/outcomes.js";
import type { SessionLike } from "../session/session.js";
import { excess, type Limits, limitsOf } from "./broker.js";
import type { Device } from "./io.js";
import type { Values } from "./json.js";
import topics from "./topics.js";

// The names in a description make topic names only: `checked`.
const measured: PublishOptions = Object.freeze({ QoS: 0, checked: true });
const durable: PublishOptions = Object.freeze({ QoS: 1, durable: true, checked: true });
/** By way of the outbox, which keeps it until it is acknowledged. */
const cleared: PublishOptions = Object.freeze({ QoS: 1, retain: true, durable: true });
// States and answers may go unkept: a state is published at each connect, and a broker that has many commands for us waits for none.
/** A state, where the broker retains nothing; and where it does. */
const passing: PublishOptions = Object.freeze({ QoS: 1, latest: true, unkept: true, checked: true });
const retained: PublishOptions = Object.freeze({ ...passing, retain: true });
const answered: PublishOptions = Object.freeze({ QoS: 1, unkept: true });

/** So many messages may wait for their turn; a flood of commands has its answers at once. */
const MOST = 16;
/** Milliseconds until an answer that had no room is tried again. */
const AGAIN = 50;
/** Bytes of a payload that are shown. */
const LONGEST = 200;

/** Of a board that is not connected. */
export const none: SessionLike = Object.freeze({
	online: false,
	counters: Object.freeze({}),
	publish: () => Outcome.droppedOffline,
	measure: () => Outcome.droppedOffline,
	resume() {},
	close() {},
});

/** The board, once there is a session. */
export interface PublisherOwner {
	/** Whether all that is retained is being cleared. */
	readonly decommission: { readonly active: boolean };
	/** Is told that there is no room for a state now. */
	readonly retained: { full(name: string): void };
}

export interface PublisherOptions {
	/** All topics begin with it. */
	readonly base: string;
	/** What the broker takes. */
	readonly limits?: Limits;
	/** The rule of AWS's that measurements go to. */
	readonly ingest?: string | undefined;
	readonly timer: Device["timer"];
	readonly trace: ((line: string) => void) | undefined;
	readonly owner: PublisherOwner;
	/** Bytes; any by default. */
	readonly longestAnswer?: number | undefined;
}

/** Has a state to publish. */
export interface Announcer {
	announce(): void;
}

export default class Publisher {
	/** The board's; until then nothing is published. */
	session: SessionLike = none;
	readonly trace: ((line: string) => void) | undefined = undefined;
	readonly limits: Limits;
	/** Messages that the broker would not have taken. */
	stopped = 0;
	readonly longestAnswer: number;
	/** Hears each state that is published. */
	declare stated?: (name: string, payload: string) => void;
	private readonly base: string;
	private readonly ingest: string | undefined;
	private readonly owner: PublisherOwner;
	/** Answers, and parts that publish a state, in their order. */
	private readonly waiting: (string | Announcer)[] = [];
	private readonly turn: Deadline;
	/** The last line of `stop`: what is stopped again and again is reported once. */
	private said = "";

	constructor(options: PublisherOptions) {
		const { base, limits = limitsOf({}), timer, trace, owner, longestAnswer = Infinity } = options;
		this.base = base;
		this.ingest = options.ingest;
		this.limits = limits;
		this.trace = trace;
		this.owner = owner;
		this.longestAnswer = longestAnswer;
		this.turn = new Deadline(timer, this, this.next);
	}

	/** The whole topic of a measurement: where it is sent by Basic Ingest, to a rule of AWS's, behind the rule's name. */
	measured(name: string): string {
		return this.ingest ? `$aws/rules/${this.ingest}/${this.topic(name)}` : this.topic(name);
	}

	/** The whole topic of a name below the board's own. */
	topic(name: string): string {
		return this.base + name;
	}

	/** On a whole topic, of any length. False when it was not accepted. */
	measurement(topic: string, payload: string): boolean {
		return this.put(topic, payload, measured) <= Outcome.queued;
	}

	/** What became of a measurement; the session's `measure` is asked by measurement.ts itself, which spares a frame. */
	accepted(topic: string, payload: string, outcome: number): boolean {
		this.judge(topic, payload, measured, outcome);
		return outcome <= Outcome.queued;
	}

	/** False when the outbox did not accept it. */
	edge(name: string, payload: string): boolean {
		const topic = this.base + name;
		// Not by `put`: a frame less.
		const outcome = this.session.publish(topic, payload, durable);
		if (outcome > Outcome.queued || this.trace !== undefined) this.judge(topic, payload, durable, outcome);
		return outcome <= Outcome.queued;
	}

	get online(): boolean {
		return this.session.online;
	}
	/** How many messages the broker has acknowledged. */
	get acknowledged(): number {
		return (this.session.counters as { readonly acknowledged?: number }).acknowledged ?? 0;
	}
	/** Retained messages may be published: the broker is there, and they are not all being cleared. */
	get retaining(): boolean {
		return this.session.online && !this.owner.decommission.active;
	}

	/** Retained. */
	state(name: string, payload: string): void {
		// All states are published at each connect, so nothing is lost by not keeping them until then.
		if (!this.retaining) return;
		const outcome = this.put(this.base + name, payload, this.limits.retain ? retained : passing);
		if (outcome === Outcome.droppedFull) this.owner.retained.full(name);
		this.stated?.(name, payload);
	}

	/** On a whole topic; `lasting`: by way of the outbox, until it is acknowledged. False when it was not accepted. */
	send(topic: string, payload: string, lasting = false): boolean {
		return this.passes(topic) && this.put(topic, payload, lasting ? durable : answered) <= Outcome.queued;
	}

	/** Has its state published in a later turn, once for all calls until then. */
	soon(announcer: Announcer): void {
		if (!this.waiting.includes(announcer)) this.wait(announcer);
	}

	/** Too long an answer says only whether the command was carried out. */
	answer(result: Values): void {
		const text = JSON.stringify(result);
		const byteLength = encode(text).byteLength;
		if (byteLength <= this.longestAnswer) this.wait(text);
		else {
			const { cid, cmd, topic, ok } = result;
			const error = `the answer has ${byteLength} bytes, ${this.longestAnswer} are possible`;
			this.wait(JSON.stringify({ cid, cmd, topic, ok, error }));
		}
	}

	/** A command that asked for an answer was carried out. */
	confirm(topic: string, cid: string | number): void {
		this.answer({ cid, topic, ok: true });
	}

	/** Nothing was changed, for this reason. `ver`: the version that stands. */
	refuse(topic: string, error: string, cid?: string | number, ver = -1): void {
		this.answer({ ...(cid !== undefined && { cid }), topic, ok: false, error, ...(ver >= 0 && { ver }) });
	}

	/** Retained, at QoS 0, on a whole topic; see session.ts. False: to be tried again, which a message that was stopped is not. */
	stream(topic: string, byteLength: number, source: () => Uint8Array | undefined): boolean {
		if (!this.passes(topic)) return true;
		if (byteLength > this.limits.maximumPayload) this.long(topic);
		else if (!this.session.stream?.(topic, byteLength, source)) return false;
		else this.report(`> ${topic} (${byteLength} bytes, QoS 0, retained)`);
		return true;
	}

	/** Clears what is retained on a whole topic, also after a restart. False when there is no room for it now. */
	erase(topic: string): boolean {
		// Where the broker takes none there is nothing to be cleared.
		if (!this.limits.retain || !this.passes(topic)) return true;
		return this.put(topic, "", cleared) <= Outcome.queued;
	}

	/** Nothing waits for its turn: the next message may come, and what it brings about. */
	get idle(): boolean {
		return this.waiting.length === 0;
	}

	/** Publishes all that waits for its turn. */
	close(): void {
		this.waiting.splice(0).forEach(item => this.say(item));
		this.turn.close();
	}

	private wait(item: string | Announcer): void {
		if (this.waiting.length >= MOST) this.close();
		this.waiting.push(item);
		this.turn.set(0);
	}

	private next(): void {
		const item = this.waiting.shift();
		if (item !== undefined && !this.say(item) && this.online) {
			// No message comes before it has gone (`idle`), so there will be room, as long as there is a connection.
			this.waiting.unshift(item);
			this.turn.set(AGAIN);
		} else if (this.waiting.length) this.turn.set(0);
		else this.session.resume();
	}

	/** False for an answer that has no room. */
	private say(item: string | Announcer): boolean {
		if (typeof item === "string")
			return this.put(this.base + topics.result, item, answered) !== Outcome.droppedFull;
		item.announce();
		return true;
	}

	/** On a whole topic. Returns what became of it. */
	private put(topic: string, payload: string, options: PublishOptions): number {
		const outcome = this.session.publish(topic, payload, options);
		// Mostly there is nothing to tell.
		if (outcome > Outcome.queued || this.trace !== undefined) this.judge(topic, payload, options, outcome);
		return outcome;
	}
	private judge(topic: string, payload: string, options: PublishOptions, outcome: number): void {
		if (this.trace !== undefined) this.note(topic, payload, options, outcome);
		if (outcome === Outcome.droppedLong) this.long(topic);
	}
	/** The broker takes this topic. */
	private passes(topic: string): boolean {
		const why = excess(topic, this.limits);
		if (why !== "") this.stop(topic, why);
		return why === "";
	}
	private long(topic: string): void {
		this.stop(topic, `a payload of more than ${this.limits.maximumPayload} bytes`);
	}
	private stop(topic: string, why: string): void {
		this.stopped++;
		const line = `not published, the broker would not take it: ${topic}: ${why}`;
		if (line !== this.said) this.report(line);
		this.said = line;
	}

	// The log

	/** A line of any part. */
	report(line: string): void {
		this.trace?.(line);
	}

	private note(topic: string, payload: string, { QoS, retain }: PublishOptions, outcome: number): void {
		// Without a connection each sample would have its line.
		if (outcome === Outcome.droppedOffline) return;
		const what = outcome === Outcome.sent ? "" : outcome === Outcome.queued ? ", queued" : ", dropped";
		const name = topic.startsWith(this.base) ? topic.slice(this.base.length) : topic;
		const text = payload.length > LONGEST ? `${payload.slice(0, LONGEST)}…` : payload;
		this.report(`> ${name} ${text} (QoS ${QoS}${retain ? ", retained" : ""}${what})`);
	}
}

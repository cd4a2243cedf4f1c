/**
 * One alert: a rule, its edges at QoS 1 through the durable outbox, its retained state for late joiners. A restart
 * neither repeats nor forgets an edge. Two stores take part, key-value memory and outbox, and the power may go between
 * any two writes, so an edge is first *intended* (state and message in one record), then queued, then the intent is
 * struck out. A cut before the intent: the rule sees the crossing anew. Between intent and outbox: the next start
 * queues it. Between outbox and striking out: the next start queues it again with the same `id`, which receivers drop.
 * Does not decide when there is an edge: rule.ts does.
 */

import type { AlertDescription } from "./description.js";
import type Memory from "./memory.js";
import { keyOf } from "./memory.js";
import Rule from "./rule.js";
import type Time from "./time.js";
import topics from "./topics.js";

/** What an alarm needs of its board. */
export interface AlarmHost {
	readonly memory: Memory;
	readonly time: Time;
	/** `<boot>-<seq>`, never the same twice. */
	nextId(): string;
	/** False when the outbox did not take it. */
	publishEdge(topic: string, payload: string): boolean;
	publishState(topic: string, payload: string): void;
	report(line: string): void;
}

/** A full outbox is not asked again at each of 200 samples a second. */
const RETRY = 1000;

export default class Alarm {
	readonly name: string;
	readonly #host: AlarmHost;
	readonly #key: string;
	#description: AlertDescription;
	#rule: Rule;
	/** The edge that is not yet in the outbox. */
	#due: string | undefined;
	#value: number | undefined;
	/** Edges since this start. */
	edges = 0;
	/** Edges that had to wait for room in the outbox. */
	refused = 0;
	#waiting = false;
	/** When the edge that is due was last offered. */
	#tried: number;

	constructor(host: AlarmHost, description: AlertDescription, ticks: number) {
		this.#host = host;
		this.name = description.name;
		this.#description = description;
		this.#key = keyOf("a:", this.name);
		this.#tried = ticks;
		const { on, due } = host.memory.get(this.#key);
		this.#rule = new Rule(description, ticks, on === 1);
		if (typeof due === "string") this.#due = due;
	}

	get on(): boolean {
		return this.#rule.on;
	}
	get description(): AlertDescription {
		return this.#description;
	}

	/** New thresholds; the state stays until a sample says otherwise. */
	configure(description: AlertDescription, ticks: number): void {
		this.#description = description;
		this.#rule = new Rule(description, ticks, this.#rule.on);
	}

	/** Queues what a power cut kept from being queued. Before the first sample. */
	start(): void {
		if (this.#due !== undefined) this.#queue(this.#tried);
	}

	/** A sample, or `undefined` where one was due. */
	update(value: number | undefined, ticks: number): void {
		if (value !== undefined) this.#value = value;
		// While an edge waits for a place the rule stands still, so that ON and OFF never overtake one another.
		if (this.#due !== undefined && (((ticks - this.#tried) | 0) < RETRY || !this.#queue(ticks))) return;
		if (!this.#rule.update(value, ticks)) return;
		this.edges++;
		this.#due = this.#payload();
		this.#remember();
		this.#queue(ticks);
		this.announce();
	}

	/** The retained state. */
	announce(): void {
		this.#host.publishState(topics.alertState(this.name), `{"state":"${this.on ? "ON" : "OFF"}"}`);
	}

	#payload(): string {
		const { time } = this.#host;
		const { severity } = this.#description;
		const ts = time.now();
		const edge = {
			id: this.#host.nextId(),
			state: this.on ? "ON" : "OFF",
			// Six digits tell which side of a threshold it was on; sixteen are noise of the arithmetic.
			v: this.#value === undefined ? null : Number(this.#value.toPrecision(6)),
			ts,
			tsq: time.quality,
			...(severity && { severity }),
		};
		return JSON.stringify(edge);
	}

	#remember(): void {
		const record = { on: this.on ? 1 : 0, ...(this.#due !== undefined && { due: this.#due }) };
		if (!this.#host.memory.put(this.#key, record))
			this.#host.report(`${topics.alert(this.name)}: its state could not be stored, a restart may repeat it`);
	}

	#queue(ticks: number): boolean {
		this.#tried = ticks;
		if (!this.#host.publishEdge(topics.alert(this.name), this.#due as string)) {
			if (!this.#waiting) this.#host.report(`${topics.alert(this.name)}: the outbox is full, waiting`);
			if (!this.#waiting) this.refused++;
			this.#waiting = true;
			return false;
		}
		this.#waiting = false;
		this.#due = undefined;
		this.#remember();
		return true;
	}
}

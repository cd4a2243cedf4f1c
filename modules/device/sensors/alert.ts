/**
 * One alert: a rule, its edges at QoS 1 through the durable outbox, its retained state for late joiners. A restart
 * neither repeats nor forgets an edge. Two stores take part, outbox and key-value memory, and the power may go between
 * any two writes: the edge is queued, then the rule's state is stored. A cut before the first: the rule sees the crossing
 * anew. Between them: the edge is in the outbox (nothing is acknowledged inside `voice.edge`), and the next start takes the
 * state from there. Only an edge that finds the outbox full is kept in memory, until there is room.
 * Does not decide when there is an edge: rule.ts does.
 */

import { decode } from "../../mqtt/text.js";
import type { Outbox } from "../../session/options.js";

import type { AlertDescription } from "../description/description.js";
import { isRecord, type Values } from "../description/schema.js";
import type Memory from "../memory.js";
import { keyOf } from "../memory.js";
import type Voice from "../publisher.js";
import type Time from "../time.js";
import topics from "../topics.js";
import Rule from "./rule.js";

/** What an alarm needs of its board. */
export interface AlarmHost {
	readonly memory: Memory;
	readonly time: Time;
	readonly voice: Voice;
	/** `<boot>-<seq>`, never the same twice. */
	nextId(): string;
	/** While alarms are made: the newest edge of this alert that the outbox still holds. */
	waitingEdge(name: string): Values | undefined;
	report(line: string): void;
}

/** A full outbox is not asked again at each of 200 samples a second. */
const RETRY = 1000;

export default class Alarm {
	readonly name: string;
	private readonly host: AlarmHost;
	private readonly key: string;
	private settings: AlertDescription;
	private rule: Rule;
	/** The edge that is not yet in the outbox. */
	private due: Values | undefined;
	/** The id of the last edge that the outbox took. */
	private last: string | undefined;
	/** What is stored is not how it is. */
	private behind = false;
	private value: number | undefined;
	/** Edges since this start. */
	edges = 0;
	/** Edges that had to wait for room in the outbox. */
	refused = 0;
	private waiting = false;
	/** When the edge that is due was last offered. */
	private tried: number;

	constructor(host: AlarmHost, description: AlertDescription, ticks: number) {
		this.host = host;
		this.name = description.name;
		this.settings = description;
		this.key = keyOf("a:", this.name);
		this.tried = ticks;
		const { on, id, due } = host.memory.get(this.key);
		if (typeof id === "string") this.last = id;
		let state = on === 1;
		const edge = host.waitingEdge(this.name);
		const known = isRecord(due) ? due.id : id;
		// Only a newer edge says more than memory: an older one may be left when a younger was acknowledged or put aside.
		if (edge && (edge.id === known || isNewer(edge.id, known))) {
			state = edge.state === "ON";
			this.last = edge.id as string;
			this.behind = due !== undefined || edge.id !== known;
		} else if (isRecord(due)) this.due = due;
		this.rule = new Rule(description, ticks, state);
	}

	get on(): boolean {
		return this.rule.on;
	}
	get description(): AlertDescription {
		return this.settings;
	}

	/** New thresholds; the state stays until a sample says otherwise. */
	configure(description: AlertDescription, ticks: number): void {
		this.settings = description;
		this.rule = new Rule(description, ticks, this.rule.on);
	}

	/** Makes up for what a power cut kept from being queued or stored. Before the first sample. */
	start(): void {
		if (this.behind) this.remember();
		if (this.due !== undefined) this.queue(this.tried);
	}

	/** A sample, or `undefined` where one was due. */
	update(value: number | undefined, ticks: number): void {
		if (value !== undefined) this.value = value;
		// While an edge waits for a place the rule stands still, so that ON and OFF never overtake one another.
		if (this.due !== undefined && (((ticks - this.tried) | 0) < RETRY || !this.queue(ticks))) return;
		if (!this.rule.update(value, ticks)) return;
		this.edges++;
		this.due = this.edge();
		this.queue(ticks);
		this.announce();
	}

	/** The retained state. */
	announce(): void {
		this.host.voice.state(topics.alertState(this.name), `{"state":"${this.on ? "ON" : "OFF"}"}`);
	}

	private edge(): Values {
		const { time } = this.host;
		const { severity } = this.settings;
		const ts = time.now();
		return {
			id: this.host.nextId(),
			state: this.on ? "ON" : "OFF",
			// Six digits tell which side of a threshold it was on; sixteen are noise of the arithmetic.
			v: this.value === undefined ? null : Number(this.value.toPrecision(6)),
			ts,
			tsq: time.quality,
			...(severity && { severity }),
		};
	}

	private remember(): void {
		const edge = this.due ? { due: this.due } : { id: this.last };
		const record = { on: this.on ? 1 : 0, ...edge };
		if (!this.host.memory.put(this.key, record))
			this.host.report(`${topics.alert(this.name)}: its state could not be stored, a restart may repeat it`);
	}

	private queue(ticks: number): boolean {
		this.tried = ticks;
		if (!this.host.voice.edge(topics.alert(this.name), JSON.stringify(this.due))) {
			if (this.waiting) return false;
			this.waiting = true;
			this.refused++;
			this.host.report(`${topics.alert(this.name)}: the outbox is full, waiting`);
			this.remember();
			return false;
		}
		this.waiting = false;
		this.last = (this.due as Values).id as string;
		this.due = undefined;
		this.remember();
		return true;
	}
}

/** Both as `<boot>-<seq>`. Starts count upward. */
function isNewer(id: unknown, than: unknown): boolean {
	if (typeof id !== "string") return false;
	if (typeof than !== "string") return true;
	const [boot, seq] = id.split("-").map(Number) as [number, number];
	const [otherBoot, otherSeq] = than.split("-").map(Number) as [number, number];
	return boot === otherBoot ? seq > otherSeq : boot > otherBoot;
}

/** Of each alert the newest edge in the outbox, by name; `prefix` is what all their topics begin with. */
export function waitingEdges(outbox: Outbox, prefix: string): ReadonlyMap<string, Values> {
	const edges = new Map<string, Values>();
	for (let entry = outbox.next(0); entry; entry = outbox.next(entry.sequence)) {
		if (!entry.topic.startsWith(prefix)) continue;
		try {
			const edge: unknown = JSON.parse(decode(entry.payload));
			if (isRecord(edge)) edges.set(entry.topic.slice(prefix.length), edge);
		} catch {
			// Not one of ours; it is delivered all the same.
		}
	}
	return edges;
}

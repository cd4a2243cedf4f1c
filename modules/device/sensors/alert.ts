/**
 * One alert: a rule, its edges at QoS 1 through the durable outbox, its retained state for late joiners. A restart
 * neither repeats nor forgets an edge. Two stores take part, outbox and key-value memory, and the power may go between
 * any two writes: the edge is queued, then the rule's state is stored. A cut before the first: the rule sees the crossing
 * anew. Between them: the edge is in the outbox (nothing is acknowledged inside `publisher.edge`), and the next start takes
 * the state from there. Only an edge that finds the outbox full is kept in memory, until there is room.
 * Does not decide when there is an edge: threshold.ts does, with its hysteresis.
 */

import { decode } from "../../mqtt/text.js";
import type { Outbox } from "../../session/io.js";
import { isRecord, type Values } from "../json.js";
import type Memory from "../memory.js";
import { type Boot, keyOf, type Room } from "../memory.js";
import type Publisher from "../publisher.js";
import type Time from "../time.js";
import topics from "../topics.js";
import Threshold, { type Conditions } from "./threshold.js";

/** The objects that the alerts of a board share. */
export interface AlertParts {
	readonly memory: Memory;
	readonly time: Time;
	readonly publisher: Publisher;
	readonly boot: Boot;
}

/** Of each alert the newest edge that the outbox holds, by name. */
export type Edges = ReadonlyMap<string, Values>;

const PREFIX = "a:";

/** A full outbox is not asked again at each of 200 samples a second. */
const RETRY = 1000;

export default class Alert extends Threshold {
	private readonly parts: AlertParts;
	// Absent until it is used: an alert at rest pays no slot for it.
	/** The edge that is not yet in the outbox, and when it was last offered. */
	declare private due: Values | undefined;
	declare private offered: number;
	/** The edge that is due was refused, and that was reported and stored. */
	declare private refused: boolean;
	/** The id of the last edge that the outbox took. */
	declare private last: string | undefined;
	/** Edges since this start, and those that had to wait for room in the outbox. */
	declare edges?: number;
	declare refusals?: number;

	/** `edges` is only looked at here. */
	constructor(parts: AlertParts, conditions: Conditions, edges: Edges) {
		const { on, id, due } = parts.memory.get(keyOf(PREFIX, conditions.name));
		const edge = edges.get(conditions.name);
		const known = isRecord(due) ? due.id : id;
		// Only a newer edge says more than memory: an older one may be left when a younger was acknowledged or set aside.
		const newer = edge && (edge.id === known || isNewer(edge.id, known)) ? edge : undefined;
		super(conditions, newer ? newer.state === "ON" : on === 1);
		this.parts = parts;
		if (newer) this.last = newer.id as string;
		else if (typeof id === "string") this.last = id;
		if (newer && (due !== undefined || newer.id !== known)) this.store();
		if (!newer && isRecord(due)) this.due = due;
	}

	get name(): string {
		return this.conditions.name;
	}

	/** Offers the edge that was waiting when the power went. Before the first sample. */
	start(): void {
		if (this.due !== undefined) this.queue(this.parts.time.uptime);
	}

	/** An edge has found no room in the outbox yet. */
	get waiting(): boolean {
		return this.due !== undefined;
	}

	/** Empty also while an edge waits. */
	override get lowest(): number {
		return this.waiting ? Infinity : super.lowest;
	}

	/** As the rule's; an edge is published. `last`: the latest value. */
	look(value: number | undefined, now: number, latest: number, last: number | undefined): void {
		// While an edge waits for a place the rule stands still, so that ON and OFF never overtake one another.
		if (this.due !== undefined && (now - this.offered < RETRY || !this.queue(now))) return;
		if (!this.update(value, now, latest)) return;
		this.edges = (this.edges ?? 0) + 1;
		this.due = this.edge(last, now);
		this.queue(now);
		this.announce();
	}

	/** The retained state. */
	announce(): void {
		this.parts.publisher.state(topics.alertState(this.name), `{"state":"${this.on ? "ON" : "OFF"}"}`);
	}

	private edge(value: number | undefined, now: number): Values {
		const { time, boot } = this.parts;
		const severity = this.conditions.severity;
		// `now()` before `quality`, which it decides.
		const ts = time.now(now);
		return {
			id: boot.nextId(),
			state: this.on ? "ON" : "OFF",
			// Six digits tell which side of a threshold it was on; sixteen are noise of the arithmetic.
			v: value === undefined ? null : Number(value.toPrecision(6)),
			ts,
			tsq: time.quality,
			...(severity && { severity }),
		};
	}

	/** False when the outbox has no room for the edge that is due. */
	private queue(now: number): boolean {
		const publisher = this.parts.publisher;
		const topic = topics.alert(this.name);
		if (publisher.edge(topic, JSON.stringify(this.due))) {
			this.last = (this.due as Values).id as string;
			this.due = undefined;
			if (this.refused) this.refused = false;
			this.store();
			return true;
		}
		this.offered = now;
		if (!this.refused) {
			this.refused = true;
			this.refusals = (this.refusals ?? 0) + 1;
			publisher.report(`${topic}: the outbox is full, waiting`);
			this.store();
		}
		return false;
	}

	private store(): void {
		const { memory, publisher } = this.parts;
		const edge = this.due ? { due: this.due } : { id: this.last };
		if (!memory.put(keyOf(PREFIX, this.name), { on: this.on ? 1 : 0, ...edge }))
			publisher.report(`${topics.alert(this.name)}: its state could not be stored, a restart may repeat it`);
	}
}

/** The longest record: an edge that waits. Made anew, since XS does not stringify objects in flash. */
export const roomOf = (name: string): Room => {
	const due = {
		id: "4294967295-4294967295",
		state: "OFF",
		// From 1e21 on numbers are written with an exponent, which is shorter.
		v: -1.23457e20,
		ts: 99_999_999_999_999,
		tsq: "uptime",
		severity: "critical",
	};
	return [keyOf(PREFIX, name), JSON.stringify({ on: 0, due }).length];
};

/** Both as `<boot>-<seq>`. Starts count upward. */
const isNewer = (id: unknown, than: unknown): boolean => {
	if (typeof id !== "string") return false;
	if (typeof than !== "string") return true;
	const [boot, seq] = id.split("-").map(Number) as [number, number];
	const [otherBoot, otherSeq] = than.split("-").map(Number) as [number, number];
	return boot === otherBoot ? seq > otherSeq : boot > otherBoot;
};

/** What the outbox holds of all alerts; `prefix` is what their topics begin with. */
export const waitingEdges = (outbox: Outbox, prefix: string): Edges => {
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
};

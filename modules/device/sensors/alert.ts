/**
 * One alert (DESIGN.md, "Alerts"): a rule, its edges at QoS 1 through the durable outbox, its retained state for late joiners. A restart
 * neither repeats nor forgets an edge. Two stores take part, outbox and key-value memory, and the power may go between any two writes: the
 * edge is queued, then the rule's state is stored. A cut before the first: the rule sees the crossing anew. Between them: the edge is in the
 * outbox (nothing is acknowledged inside `publisher.edge`), and the next start takes the state from there. Only an edge that finds the
 * outbox full is kept in memory, until there is room. Does not decide when there is an edge: threshold.ts does, with its hysteresis.
 */

import { decode } from "../../mqtt/codec.js";
import type { Outbox } from "../../session/options.js";
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

/** By name, of each alert the newest edge that the outbox holds. */
export type Held = ReadonlyMap<string, Values>;

const PREFIX = "a:";

// Literals of the JSON, each once: a preloaded module copies a literal of a function at each use.
const ID = '{"id":"';
const ON = '","state":"ON","v":';
const OFF = '","state":"OFF","v":';
const TIME = ',"ts":';
const SEVERITY = ',"severity":"';
const END = '"}';
const CLOSE = "}";
const STORED_ON = '{"on":1,';
const STORED_OFF = '{"on":0,';
const STORED_ID = '"id":"';
const STORED_DUE = '"due":';
const RETAINED_ON = '{"state":"ON"}';
const RETAINED_OFF = '{"state":"OFF"}';

/** A full outbox is not asked again at each of 200 samples a second. */
const RETRY = 1000;

export default class Alert extends Threshold {
	private readonly parts: AlertParts;
	// Absent until it is used: an alert at rest pays no slot for it.
	/** The id of the newest edge. */
	declare private id: string | undefined;
	/** That edge, while the outbox has no room for it; and when it was last refused since this start. */
	declare private due: string | undefined;
	declare private refused: number | undefined;
	/** Edges since this start, and those of them that had to wait for room. */
	declare changes?: number;
	declare refusals?: number;

	/** `held` is only looked at here. */
	constructor(parts: AlertParts, conditions: Conditions, held: Held) {
		const { on, id, due } = parts.memory.get(keyOf(PREFIX, conditions.name));
		const edge = held.get(conditions.name);
		const known = isRecord(due) ? due.id : id;
		// Only a newer edge says more than memory: an older one may be left when a younger was acknowledged or set aside.
		const newer = edge && (edge.id === known || isNewer(edge.id, known)) ? edge : undefined;
		super(conditions, newer ? newer.state === "ON" : on === 1);
		this.parts = parts;
		const last = newer ? newer.id : known;
		if (typeof last === "string") this.id = last;
		if (newer && (due !== undefined || newer.id !== known)) this.store();
		if (!newer && isRecord(due)) this.due = JSON.stringify(due);
	}

	get name(): string {
		return this.conditions.name;
	}

	/** An edge has found no room in the outbox yet. */
	get waiting(): boolean {
		return this.due !== undefined;
	}

	/** Empty also while an edge waits. */
	override get lowest(): number {
		return this.due !== undefined ? Infinity : super.lowest;
	}

	/** As the rule's; an edge is published, and first one that was waiting when the power went. `last`: the latest value. */
	look(value: number | undefined, now: number, latest: number, last: number | undefined): void {
		const due = this.due;
		// While an edge waits for a place the rule stands still, so that ON and OFF never overtake one another.
		if (due !== undefined && (now - (this.refused as number) < RETRY || !this.offer(due, now))) return;
		if (!this.update(value, now, latest)) return;
		this.changes = (this.changes ?? 0) + 1;
		this.offer(this.edge(last, now), now);
		this.announce();
	}

	/** The retained state. */
	announce(): void {
		this.parts.publisher.state(topics.alertState(this.name), this.on ? RETAINED_ON : RETAINED_OFF);
	}

	/** The message of a new edge. By `concat`: an object and its JSON take 12 000 instructions more. */
	private edge(value: number | undefined, now: number): string {
		const { time, boot } = this.parts;
		const severity = this.conditions.severity;
		// `now()` before `tsq`, which it decides.
		const ts = time.now(now);
		this.id = boot.nextId();
		// Six digits tell which side of a threshold it was on; sixteen are noise of the arithmetic.
		const v = (value === undefined ? null : Number(value.toPrecision(6))) as never;
		const end = severity ? SEVERITY.concat(severity, END) : CLOSE;
		return ID.concat(this.id, this.on ? ON : OFF, v, TIME, ts as never, time.tsq, end);
	}

	/** Puts an edge into the outbox. False where that has no room: the edge waits. */
	private offer(edge: string, now: number): boolean {
		const publisher = this.parts.publisher;
		const topic = topics.alert(this.name);
		if (publisher.edge(topic, edge)) {
			if (this.due !== undefined) this.due = this.refused = undefined;
			this.store();
			return true;
		}
		const before = this.refused;
		this.due = edge;
		this.refused = now;
		if (before === undefined) {
			this.refusals = (this.refusals ?? 0) + 1;
			publisher.report(`${topic}: the outbox is full, waiting`);
			this.store();
		}
		return false;
	}

	private store(): void {
		const { memory, publisher } = this.parts;
		// As text, for the edge that waits is one, and JSON of an object takes 5000 instructions more of each edge.
		const on = this.on ? STORED_ON : STORED_OFF;
		const record =
			this.due === undefined
				? on.concat(STORED_ID, this.id as string, END)
				: on.concat(STORED_DUE, this.due, CLOSE);
		if (!memory.put(keyOf(PREFIX, this.name), record))
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
export const heldEdges = (outbox: Outbox, prefix: string): Held => {
	const held = new Map<string, Values>();
	for (let entry = outbox.next(0); entry; entry = outbox.next(entry.sequence)) {
		if (!entry.topic.startsWith(prefix)) continue;
		try {
			const edge: unknown = JSON.parse(decode(entry.payload));
			if (isRecord(edge)) held.set(entry.topic.slice(prefix.length), edge);
		} catch {
			// Not one of ours; it is delivered all the same.
		}
	}
	return held;
};

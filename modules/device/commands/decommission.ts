/**
 * Decommissions a board (`cmd forget`; DESIGN.md, "Commands"): clears every topic that it has ever retained, and with `all` those that
 * others have retained for it. The order is stored, so it goes on after a lost connection and after a restart, until the broker has
 * acknowledged each clearing; then the board leaves. The clearings travel through the outbox, which is empty once all of them are
 * acknowledged. One that was set aside as poison is reported, and waited for: the session offers it again.
 */

import type { Timer } from "../../mqtt/io.js";
import { Deadline } from "../../session/deadline.js";
import type { Outbox } from "../../session/options.js";
import type { default as Memory, Room } from "../memory.js";
import type Publisher from "../publisher.js";
import type Retained from "../retained.js";
import topics from "../topics.js";

const KEY = "forget";
export const forgetRoom: Room = Object.freeze([KEY, 26] as const);
/** The whole topic that Home Assistant's feature retains, as `t`, where this firmware is built without it. */
const HA = "ha";
/** Milliseconds until it is looked again, and while a clearing is set aside. */
const LOOK = Object.freeze({ next: 250, aside: 10_000 });
/** Not every broker closes after DISCONNECT. */
const ATTEMPTS = 10;

/** What is to be cleared. */
const Scope = Object.freeze({
	nothing: 0,
	/** What the board has retained. */
	own: 1,
	/** Also what others have retained for it. */
	all: 2,
});
/** Among the names that are left: features have still to take back what they had retained. */
const FEATURES = "";

export interface DecommissionOptions {
	readonly timer: Timer;
	readonly memory: Memory;
	readonly publisher: Publisher;
	readonly outbox: Outbox;
	readonly retained: Pick<Retained, "all" | "forget">;
	/** Of features. */
	readonly parts: readonly { clear?(): boolean }[];
	/** The board leaves, without a status. */
	readonly leave: () => void;
}

export default class Decommission {
	private readonly options: DecommissionOptions;
	private readonly turn: Deadline;
	private scope: number;
	/** Names for which no clearing was accepted yet; unknown until the broker is there. */
	private left: readonly string[] | undefined;
	/** Names last reported as set aside. */
	private reported = "";
	private attempts = 0;

	constructor(options: DecommissionOptions) {
		const { active, all } = options.memory.get(KEY);
		this.options = options;
		this.scope = active !== true ? Scope.nothing : all === true ? Scope.all : Scope.own;
		this.turn = new Deadline(options.timer, this, this.look);
	}

	/** Nothing is to be retained any more. */
	get active(): boolean {
		return this.scope !== Scope.nothing;
	}

	/** False when a restart would not know of it; it is done all the same. */
	begin(all: boolean): boolean {
		const scope = all ? Scope.all : Scope.own;
		if (scope > this.scope) {
			this.scope = scope;
			this.left = undefined;
		}
		this.online();
		return this.options.memory.put(KEY, { active: true, all: this.scope === Scope.all || undefined });
	}

	/** The broker is there, perhaps again. */
	online(): void {
		if (this.active) this.turn.set(LOOK.next);
	}

	/** The connection ended before the broker had taken the goodbye, so it publishes the will. False: often enough. */
	again(): boolean {
		return ++this.attempts < ATTEMPTS;
	}

	/** All is cleared and the board has left: the next start is that of a new board. */
	end(): void {
		this.options.retained.forget();
		this.options.memory.delete(KEY);
	}

	close(): void {
		this.turn.close();
	}

	private look(): void {
		const { publisher, outbox } = this.options;
		// `online` goes on.
		if (!publisher.online) return;
		this.left = (this.left ?? this.names()).filter(name =>
			name === FEATURES ? !this.features() : !publisher.erase(publisher.topic(name)),
		);
		const busy = this.left.length > 0 || outbox.length > 0;
		const aside = busy ? "" : this.aside();
		if (busy || aside) this.turn.set(aside ? LOOK.aside : LOOK.next);
		else this.options.leave();
		if (aside && aside !== this.reported)
			publisher.answer({ cmd: "forget", ok: false, error: `not cleared, tried again: ${aside}` });
		this.reported = aside;
	}

	/** What features had retained, and one that is not here any more. False: to be asked again. */
	private features(): boolean {
		const { memory, publisher, parts } = this.options;
		if (!parts.every(part => part.clear?.() ?? true)) return false;
		const topic = memory.get(HA).t;
		if (typeof topic === "string" && !publisher.erase(topic)) return false;
		memory.keys(HA).forEach(key => memory.delete(key));
		return true;
	}

	private names(): readonly string[] {
		const names = this.options.retained.all;
		const all = [FEATURES, ...names, topics.status];
		if (this.scope === Scope.own) return all;
		all.push(topics.command);
		names.forEach(name => {
			const output = topics.outputOf(name);
			if (output !== undefined) all.push(topics.outputSet(output), topics.outputDesired(output));
		});
		return all;
	}

	/** Clearings that were set aside. */
	private aside(): string {
		const { outbox, publisher } = this.options;
		const names: string[] = [];
		const prefix = publisher.topic("");
		for (let entry = outbox.aside(0); entry; entry = outbox.aside(entry.sequence))
			if (entry.retain && entry.payload.byteLength === 0) names.push(entry.topic.slice(prefix.length));
		return names.join(", ");
	}
}

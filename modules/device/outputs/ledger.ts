/**
 * What stands for one output, and which commands are over with it: those that were done, by their marks, older versions,
 * and those that could not be stored before something newer was done. What a broker orders is stored or does not stand;
 * what a hand did stands anyway. Does not say what a command changes (output.ts), and tries nothing again.
 */

import type { Received } from "../../session/options.js";
import type { OutputDescription } from "../description/description.js";
import type Memory from "../memory.js";
import { keyOf } from "../memory.js";
import { type Applied, isSeen, mark, noted, powerOn, read, wishText } from "./applied.js";
import type { Wish } from "./request.js";

/** Commands that could not be stored and are remembered; brokers have no more unacknowledged. */
const MOST = 20;

export default class Ledger {
	private readonly memory: Memory;
	private readonly key: string;
	private applied: Applied;
	private dirty = false;
	/** Marks of what could not be stored: the broker sends it again, perhaps after something newer was done. */
	private undone: readonly string[] = [];

	/** Begins with what is stored, as `powerOn` of the description has it. */
	constructor(memory: Memory, name: string, description: OutputDescription) {
		this.memory = memory;
		this.key = keyOf("o:", name);
		this.applied = powerOn(read(memory.get(this.key)), description);
	}

	/** What is meant, and stored unless `unsaved`. */
	get state(): Applied {
		return this.applied;
	}

	/** What a hand did could not be stored. */
	get unsaved(): boolean {
		return this.dirty;
	}

	/** The marks of commands with this one; `undefined` when it is delivered again. */
	seen(kind: string, payload: Uint8Array, { duplicate, id }: Received): string | undefined {
		const { seen } = this.applied;
		if (!id) return seen;
		const own = mark(kind, payload, id);
		return duplicate && isSeen(seen, own) ? undefined : noted(seen, own);
	}

	/** Why a desired state is not newer than what was applied, if so. */
	old(wish: Wish): string {
		const { ver, wish: last } = this.applied;
		if (wish.ver === undefined) return wishText(wish) === last ? "already done" : "";
		return wish.ver > ver ? "" : `version ${wish.ver} is not newer than ${ver}`;
	}

	/** From a broker: stored first. False when it could not be, then the state is what it was. */
	order(next: Applied): boolean {
		const own = next.seen.slice(next.seen.lastIndexOf(" ") + 1);
		const state = this.over(next, own);
		// A board that has nothing to remember with said so at its start, and has no older state to come back either.
		if (this.memory.lasting && !this.memory.put(this.key, state)) {
			if (own && !this.undone.includes(own)) this.undone = [...this.undone, own].slice(-MOST);
			return false;
		}
		this.dirty = false;
		this.undone = this.undone.slice(this.older(own));
		this.applied = state;
		return true;
	}

	/** By hand or fail-safe: stands whatever memory says. Not stored yet. */
	act(next: Applied): void {
		this.applied = this.over(next);
		this.undone = [];
	}

	/**
	 * Other notes on the same state. Only in RAM: they matter once something newer was done, which stores them too, or
	 * when what a hand did is over, which does as well.
	 */
	note(seen: string, local = this.applied.local): void {
		this.applied = { ...this.applied, seen, local };
	}

	/** Stores what stands. False when it could not; where it may yet be, it is `unsaved`. */
	save(): boolean {
		const stored = this.memory.put(this.key, this.applied);
		this.dirty = !stored && this.memory.lasting;
		return stored;
	}

	/** The broker has a new session, and sends nothing of an old one again. */
	forget(): void {
		this.undone = [];
	}

	/** What could not be stored and is older than this is over once this is done. */
	private over(next: Applied, own = ""): Applied {
		const older = this.undone.slice(0, this.older(own)).reduce(noted, next.seen);
		// Its own mark once more, for an older one may have had the same identifier.
		return { ...next, seen: own ? noted(older, own) : older };
	}

	/** How many of `undone` came no later: all, unless it is one of them. */
	private older(own: string): number {
		return this.undone.indexOf(own) + 1 || this.undone.length;
	}
}

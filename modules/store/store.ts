/**
 * Opens a flash partition (SPEC.md, "Opening"): one journal, with the outbox and the state in it. Never throws, never writes, never formats:
 * a partition that cannot be used is left alone and named, and the caller goes on in RAM (session/queue.ts).
 */

import type { FlashPartition } from "./flash.js";
import Journal from "./journal.js";
import { Found } from "./mount.js";
import Outbox from "./outbox.js";
import State from "./state.js";

export type { Flash, FlashPartition } from "./flash.js";
export type { KeyValueDomain } from "./state.js";

/** What a store is opened in. */
export interface StoreOptions {
	/** From `flash.open`; closed by `close`. */
	readonly partition: FlashPartition;
	/** Room that messages leave to the state: by key, the bytes of its longest value. */
	readonly promised?: ReadonlyMap<string, number>;
}

/** A flash partition with an outbox and a key-value domain in it. Nothing of it throws but what these say. */
export default class Store {
	/** Absent when the partition cannot be used; `description` says why. */
	readonly outbox: Outbox | undefined;
	/** Absent as `outbox` is. */
	readonly state: State | undefined;
	/** One of `Found` (mount.ts). */
	readonly found: number;
	/** What was found, in one sentence. */
	readonly description: string;
	/** Nothing that was ever kept is missing, but for the last change before a loss of power. */
	readonly whole: boolean;
	private readonly journal: Journal;

	constructor({ partition, promised = new Map() }: StoreOptions) {
		const journal = new Journal(partition);
		this.journal = journal;
		this.found = journal.found;
		const usable = journal.found <= Found.journal;
		let { description } = journal;
		if (usable) {
			const outbox = new Outbox(journal);
			this.outbox = outbox;
			this.state = new State(journal, outbox, promised);
			journal.replay(outbox, this.state);
			const damaged = journal.hit + journal.torn;
			if (damaged) description += `, ${damaged} damaged or torn`;
		}
		this.description = description;
		this.whole = usable && journal.hit === 0;
	}
	/** Plain numbers for `info`. */
	get counters() {
		const { hit, torn, blocks, compactions } = this.journal;
		const { failures, good, count } = blocks;
		const { refused = 0, quarantined = 0 } = this.outbox ?? {};
		return { damaged: hit + torn, failures, retired: count - good, compactions, refused, quarantined };
	}
	/** Called when flash ceases to take records (`outbox.broken`), from inside of a call that wanted to write one. */
	set onBroken(callback: () => void) {
		this.journal.onBroken = callback;
	}
	/** While it does: tries another block that failed, and writes the messages that RAM holds meanwhile. */
	retry(): void {
		this.journal.retry();
		this.outbox?.settle();
	}
	/** Releases the partition; what it holds stays. */
	close(): void {
		this.journal.close();
	}
}

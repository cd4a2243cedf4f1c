/**
 * Counts the starts of a board, over restarts and the loss of what was remembered, and gives out ids that no start has
 * given before. What needs an id is others' business (alarm.ts), and so is why a board started.
 */

import type Memory from "./memory.js";
import type { Storage } from "./storage.js";

const KEY = "boot";

export default class Boot {
	readonly count: number;
	private seq = 0;

	/** Counts this start. */
	constructor(memory: Memory, { fresh, whole }: Pick<Storage, "fresh" | "whole">) {
		const { n } = memory.get(KEY);
		// Alert ids must differ from those of every earlier start, also where its count is lost, older than it was, or
		// lies in a storage that cannot be read now: receivers would drop the alerts. Only a new board begins at 1.
		const base = typeof n === "number" && whole ? n : fresh ? 0 : anywhere();
		this.count = memory.put(KEY, { n: base + 1 }) ? base + 1 : anywhere();
	}

	/** `<count>-<seq>`. */
	nextId(): string {
		return `${this.count}-${++this.seq}`;
	}
}

/** Far from where counting begins. */
function anywhere(): number {
	return 1_000_000 + Math.floor(Math.random() * 1_000_000_000);
}

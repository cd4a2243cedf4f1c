/**
 * What this board has ever retained, so that it can be taken back: remembered over restarts and over changes of its
 * description. What an earlier description retained and this one does not, is cleared at the next connect. Names
 * are below `<root>/<id>/`; what an earlier root or id left is not touched, for another board may have it now.
 */

import type Memory from "./memory.js";

const KEY = "retained";

export default class Retained {
	readonly #memory: Memory;
	readonly #base: string;
	readonly #names: readonly string[];
	#ghosts: readonly string[];

	/** `names`: what this description retains. */
	constructor(memory: Memory, base: string, names: readonly string[]) {
		this.#memory = memory;
		this.#base = base;
		this.#names = names;
		const stored = memory.get(KEY);
		const before = stored.base === base && Array.isArray(stored.names) ? stored.names : [];
		this.#ghosts = before.filter(name => typeof name === "string" && !names.includes(name));
		const all = [...names, ...this.#ghosts];
		if (stored.base !== base || before.length !== all.length || names.some(name => !before.includes(name)))
			memory.put(KEY, { base, names: all });
	}

	/** Everything there may be at the broker. */
	get all(): readonly string[] {
		return [...this.#names, ...this.#ghosts];
	}

	/** Clears what no longer has a meaning; `clear` says whether it was accepted. */
	exorcise(clear: (name: string) => boolean): void {
		if (!this.#ghosts.length) return;
		const left = this.#ghosts.filter(name => !clear(name));
		this.#ghosts = left;
		this.#memory.put(KEY, { base: this.#base, names: this.all });
	}

	/** The board is decommissioned: all was cleared. */
	forget(): void {
		this.#ghosts = [];
		this.#memory.delete(KEY);
	}
}

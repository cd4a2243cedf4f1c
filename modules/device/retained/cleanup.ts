/**
 * What this board has ever retained, so that it can be taken back: remembered over restarts and over changes of its
 * description, one record a name. What an earlier description retained and this one does not, is cleared when the broker
 * is there. Names are below `<root>/<id>/`; what an earlier root or id left is not touched, for another board may have it now.
 */

import type Memory from "../memory.js";
import { hashOf } from "../memory.js";

const PREFIX = "r:";

/** The key of a name. It depends on the base: so a record shows by itself that it is of an earlier root or id. */
export function keyFor(base: string, name: string): string {
	return PREFIX + hashOf(name, hashOf(base)).toString(36);
}

export interface RetainedOptions {
	readonly memory: Memory;
	readonly base: string;
	/** What this description retains. */
	readonly names: readonly string[];
	/** The base is on trial: the board may go back to another one, whose notes stay. */
	readonly trying: boolean;
	readonly report: (line: string) => void;
}

export default class Retained {
	private readonly memory: Memory;
	private readonly base: string;
	private readonly names: readonly string[];
	private ghosts: string[] = [];

	/** What this description retains is noted before anything is retained; notes of another base go. */
	constructor({ memory, base, names, trying, report }: RetainedOptions) {
		this.memory = memory;
		this.base = base;
		this.names = names;
		const wanted = new Set(names);
		for (const key of memory.keys(PREFIX)) {
			const { n } = memory.get(key);
			if (typeof n !== "string" || keyFor(base, n) !== key) {
				if (!trying) memory.delete(key);
			} else if (!wanted.delete(n)) this.ghosts.push(n);
		}
		let lost = 0;
		for (const name of wanted) if (!memory.put(keyFor(base, name), { n: name })) lost++;
		if (lost)
			report(`retained: ${lost} of ${names.length} topics could not be noted, nobody will clear them later`);
	}

	/** Everything there may be at the broker. */
	get all(): readonly string[] {
		return [...this.names, ...this.ghosts];
	}

	/** Clears what no longer has a meaning; `clear` says whether it was accepted. */
	exorcise(clear: (name: string) => boolean): void {
		if (!this.ghosts.length) return;
		this.ghosts = this.ghosts.filter(name => {
			if (!clear(name)) return true;
			this.memory.delete(keyFor(this.base, name));
			return false;
		});
	}

	/** The board is decommissioned: all was cleared. */
	forget(): void {
		for (const name of this.all) this.memory.delete(keyFor(this.base, name));
		this.ghosts = [];
	}
}

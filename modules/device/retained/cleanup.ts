/**
 * The names of all topics that this board has ever retained, one record each, kept over restarts and new descriptions.
 * Names that the present description does not retain are cleared at the broker. They are below `<root>/<id>/`; topics of an
 * earlier root or id are not touched, since another board may have them now.
 */

import { encode } from "../../mqtt/text.js";
import type Memory from "../memory.js";
import { hashOf, type Room } from "../memory.js";

const PREFIX = "r:";

/** The key of a name. It depends on the base, so a record of an earlier root or id can be told by its key. */
const keyFor = (base: string, name: string): string => PREFIX + hashOf(name, hashOf(base)).toString(36);

/** The record of a name. */
export const roomOf = (base: string, name: string): Room => [
	keyFor(base, name),
	encode(JSON.stringify({ n: name })).byteLength,
];

export interface CleanupOptions {
	readonly memory: Memory;
	readonly base: string;
	/** `names`: those of the present description. */
	readonly retained: { readonly names: readonly string[] };
	/** The base is on trial. The board may go back to another one, so the records of that one stay. */
	readonly trying: boolean;
	readonly publisher: { report(line: string): void };
}

export default class Cleanup {
	private readonly memory: Memory;
	private readonly base: string;
	private readonly retained: { readonly names: readonly string[] };
	/** Names of earlier descriptions. */
	private old: string[] = [];

	/** Notes all names, before anything is retained; deletes the records of another base. */
	constructor({ memory, base, retained, trying, publisher }: CleanupOptions) {
		this.memory = memory;
		this.base = base;
		this.retained = retained;
		const names = retained.names;
		const wanted = new Set(names);
		memory.keys(PREFIX).forEach(key => {
			const n = memory.get(key).n;
			if (typeof n !== "string" || keyFor(base, n) !== key) {
				if (!trying) memory.delete(key);
			} else if (!wanted.delete(n)) this.old.push(n);
		});
		let lost = 0;
		wanted.forEach(name => {
			if (!memory.put(keyFor(base, name), { n: name })) lost++;
		});
		if (lost)
			publisher.report(
				`retained: ${lost} of ${names.length} topics could not be noted, so they will not be cleared later`,
			);
	}

	/** All that may be at the broker. */
	get all(): readonly string[] {
		return this.retained.names.concat(this.old);
	}

	/** Clears the names of earlier descriptions; false when `clear` did not accept all of them. */
	clear(clear: (name: string) => boolean): boolean {
		this.old = this.old.filter(name => {
			if (!clear(name)) return true;
			this.memory.delete(keyFor(this.base, name));
			return false;
		});
		return this.old.length === 0;
	}

	/** The board is decommissioned: all names were cleared. */
	forget(): void {
		this.all.forEach(name => this.memory.delete(keyFor(this.base, name)));
		this.old = [];
	}
}

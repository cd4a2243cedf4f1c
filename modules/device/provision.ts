/**
 * Which network and which broker a board belongs to, and who it is, as stored on it in the place of what was built in: one
 * ECMA-419 key-value domain (§28). A change is on trial first: it holds from the next start on, and only `keep` makes it
 * last, or a mistyped password would cost a walk to the board. What a change must look like is provisioning.ts's, when a
 * trial has passed trial.ts's. Throws nothing; secrets go to whom they are for, and to no log.
 */

import type { KeyValue, KeyValueDomain, Texts, Told } from "./io.js";
import { isRecord, type Values } from "./schema.js";

/** The key-value domain. */
const DOMAIN = "provision";
/** The key of the record of what is to be tried: texts, and null for what goes back to what was built in. */
const TRIAL = "trial";

export default class Provision implements Told {
	readonly keys: readonly string[];
	readonly #store: KeyValue;
	/** What this life goes by. */
	readonly #current: Texts;
	/** The part of it that is on trial. */
	#trial: Texts | undefined;

	/** Reads what this life goes by; what is changed later is for the next. */
	constructor(store: KeyValue, keys: readonly string[]) {
		this.#store = store;
		this.keys = keys;
		this.#trial = this.#pending();
		this.#current = { ...this.#stored(), ...this.#trial };
	}

	get trying(): boolean {
		return this.#trial !== undefined;
	}

	get(key: string): string | undefined {
		return this.#current[key] ?? undefined;
	}

	get next(): Texts {
		return this.#trial ? {} : (this.#pending() ?? {});
	}

	propose(changes: Texts): boolean {
		return this.#using(domain => domain.write(TRIAL, JSON.stringify({ ...this.next, ...changes })));
	}

	keep(): boolean {
		const trial = this.#trial;
		if (!trial) return true;
		const kept = this.#using(domain => {
			for (const key of Object.keys(trial)) {
				const text = trial[key];
				if (typeof text === "string") domain.write(key, text);
				else domain.delete(key);
			}
			domain.delete(TRIAL);
		});
		if (kept) this.#trial = undefined;
		return kept;
	}

	drop(): boolean {
		return this.#using(domain => domain.delete(TRIAL));
	}

	#stored(): Texts {
		const found: { [key: string]: string } = {};
		this.#using(domain => {
			for (const key of this.keys) {
				const text = domain.read(key);
				if (text !== undefined) found[key] = text;
			}
		});
		return found;
	}

	#pending(): Texts | undefined {
		let text: string | undefined;
		this.#using(domain => {
			text = domain.read(TRIAL);
		});
		if (text === undefined) return undefined;
		try {
			const value: unknown = JSON.parse(text);
			if (isRecord(value)) return this.#known(value);
		} catch {
			// Not written by us: as good as nothing.
		}
		return undefined;
	}
	#known(value: Values): Texts | undefined {
		const known: { [key: string]: string | null } = {};
		for (const key of this.keys) {
			const text = value[key];
			if (typeof text === "string" || text === null) known[key] = text;
		}
		return Object.keys(known).length ? known : undefined;
	}

	/** For reading too as "r+": what was never written cannot be opened with "r", and the SDK's debugger stops where that is thrown. */
	#using(action: (domain: KeyValueDomain) => void): boolean {
		let domain: KeyValueDomain | undefined;
		try {
			domain = this.#store.open({ path: DOMAIN, mode: "r+", format: "string" });
			action(domain);
			return true;
		} catch {
			return false;
		} finally {
			domain?.close();
		}
	}
}

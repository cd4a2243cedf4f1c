/**
 * Which network and which broker a board belongs to, and who it is, as stored on it in the place of what was built in: one
 * ECMA-419 key-value domain (§28). A change is on trial first: it holds from the next start on, for three starts at most,
 * and only `keep` makes it last, or a mistyped password would cost a walk to the board. What a change must look like is
 * provisioning.ts's, when a trial has passed trial.ts's. Throws nothing; secrets go to whom they are for, and to no log.
 */

import { isRecord, type Values } from "../description/schema.js";
import type { KeyValue, KeyValueDomain, Texts, Told } from "../io.js";

/** The key-value domain. */
const DOMAIN = "provision";
/** The key of the record of what is to be tried. */
const TRIAL = "trial";
/** A trial that ends the board before its time is up (a crash, a watchdog, a hand on the switch) is over with the last of these. */
const STARTS = 3;

/** One write each, so a power cut leaves it as it was or as it is to be. */
interface Trial {
	readonly texts: Texts;
	/** Starts that have gone by it. */
	readonly starts: number;
	/** It has passed: what is left is to copy `texts` to the keys of their own. */
	readonly kept: boolean;
}

export default class Provision implements Told {
	readonly keys: readonly string[];
	private readonly store: KeyValue;
	/** What this life goes by. */
	private readonly current: Texts;
	/** The part of it that is on trial. */
	private trial: Texts | undefined;

	/** Reads what this life goes by; what is changed later is for the next. Counts the start of a trial. */
	constructor(store: KeyValue, keys: readonly string[]) {
		this.store = store;
		this.keys = keys;
		const trial = this.begun();
		this.current = { ...this.stored(), ...trial };
	}

	get trying(): boolean {
		return this.trial !== undefined;
	}

	get(key: string): string | undefined {
		return this.current[key] ?? undefined;
	}

	get next(): Texts {
		const staged = this.trying ? undefined : this.read();
		return !staged || staged.kept ? {} : staged.texts;
	}

	propose(changes: Texts): boolean {
		if (this.trying || !this.settled()) return false;
		return this.write({ texts: { ...this.next, ...changes }, starts: 0, kept: false });
	}

	keep(): boolean {
		const texts = this.trial;
		if (!texts) return true;
		if (!this.write({ texts, starts: 0, kept: true })) return false;
		this.trial = undefined;
		// What is not copied now is at the next start.
		this.copy(texts);
		return true;
	}

	drop(): boolean {
		const dropped = this.settled() && this.using(domain => domain.delete(TRIAL));
		if (dropped) this.trial = undefined;
		return dropped;
	}

	/** What this start goes by beside what is stored. */
	private begun(): Texts | undefined {
		const trial = this.read();
		if (!trial) return undefined;
		const { texts, starts, kept } = trial;
		if (kept) this.copy(texts);
		// One that could not be counted might never end.
		else if (starts >= STARTS || !this.write({ texts, starts: starts + 1, kept })) {
			this.drop();
			return undefined;
		} else this.trial = texts;
		return texts;
	}

	/** False while something that was kept waits to be copied, for want of room. */
	private settled(): boolean {
		const record = this.read();
		return !record?.kept || this.copy(record.texts);
	}
	private copy(texts: Texts): boolean {
		return this.using(domain => {
			for (const key of Object.keys(texts)) {
				const text = texts[key];
				if (typeof text === "string") domain.write(key, text);
				else domain.delete(key);
			}
			domain.delete(TRIAL);
		});
	}

	private stored(): Texts {
		const found: { [key: string]: string } = {};
		this.using(domain => {
			for (const key of this.keys) {
				const text = domain.read(key);
				if (text !== undefined) found[key] = text;
			}
		});
		return found;
	}

	private read(): Trial | undefined {
		let text: string | undefined;
		this.using(domain => {
			text = domain.read(TRIAL);
		});
		if (text === undefined) return undefined;
		try {
			const value: unknown = JSON.parse(text);
			if (isRecord(value) && isRecord(value.texts)) {
				const texts = this.known(value.texts);
				if (texts) return { texts, starts: Number(value.starts) || 0, kept: value.kept === true };
			}
		} catch {
			// Not written by us: as good as nothing.
		}
		return undefined;
	}
	private known(value: Values): Texts | undefined {
		const known: { [key: string]: string | null } = {};
		for (const key of this.keys) {
			const text = value[key];
			if (typeof text === "string" || text === null) known[key] = text;
		}
		return Object.keys(known).length ? known : undefined;
	}

	private write(trial: Trial): boolean {
		return this.using(domain => domain.write(TRIAL, JSON.stringify(trial)));
	}
	/** For reading too as "r+": what was never written cannot be opened with "r", and the SDK's debugger stops where that is thrown. */
	private using(action: (domain: KeyValueDomain) => void): boolean {
		let domain: KeyValueDomain | undefined;
		try {
			domain = this.store.open({ path: DOMAIN, mode: "r+", format: "string" });
			action(domain);
			return true;
		} catch {
			return false;
		} finally {
			domain?.close();
		}
	}
}

/**
 * Provisioning: the network, the broker and the identity of a board, stored on it in place of the built-in ones. A change
 * is on trial first: it holds from the next start on, and becomes permanent when the board has been online for one minute
 * and hears commands. After three starts, or five minutes without that, the board rolls back and restarts: a mistyped
 * password does not cost a walk to it. Which changes are valid is in check.ts. Throws nothing, traces no secret.
 */

import type { Ticks, Timer, TimerHandle } from "../../mqtt/io.js";
import { since } from "../../session/deadline.js";
import { isRecord, type Values } from "../description/schema.js";
import type { Device, KeyValue, KeyValueDomain, Provision, Texts } from "../io.js";

/** The key-value domain (ECMA-419 §28), and the key of the change that is on trial or waits for it. */
const DOMAIN = "provision";
const TRIAL = "trial";
/** The trial ends with the third start, in case each ends before its time is up (a crash, a watchdog, a power switch). */
const STARTS = 3;
/** Wi-Fi tries again every 30 s, a session every 60 s. */
const LONGEST = 300_000;
/** A session counts a connection as stable after this time; AWS closes one at once that its policy does not allow. */
const PROOF = 60_000;

/** The record of a change. Each change of it is one write, so a power cut leaves the old record or the new one. */
interface Change {
	readonly texts: Texts;
	/** Starts with it so far. */
	readonly starts: number;
	/** It has passed; `texts` are still to be copied to keys of their own. */
	readonly kept: boolean;
}

/** The store of what a board was told. A host makes it, since it needs the network's name before there is a board. */
export class StoredProvision implements Provision {
	readonly keys: readonly string[];
	private readonly store: KeyValue;
	/** The texts of this life. */
	private readonly current: Texts;
	/** Those of them that are on trial. */
	private trial: Texts | undefined;

	/** Reads the texts of this life, and counts the start of a trial. Later changes are for the next life. */
	constructor(store: KeyValue, keys: readonly string[]) {
		this.store = store;
		this.keys = keys;
		const trial = this.begin();
		this.current = { ...this.stored(), ...trial };
	}

	get trying(): boolean {
		return this.trial !== undefined;
	}

	get(key: string): string | undefined {
		return this.current[key] ?? undefined;
	}

	get next(): Texts {
		const change = this.trying ? undefined : this.read();
		return !change || change.kept ? {} : change.texts;
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
		// If it cannot be copied now, the next start copies it.
		this.copy(texts);
		return true;
	}

	drop(): boolean {
		const dropped = this.settled() && this.using(domain => domain.delete(TRIAL));
		if (dropped) this.trial = undefined;
		return dropped;
	}

	restore(): boolean {
		const texts: { [key: string]: null } = {};
		for (const key of this.keys) texts[key] = null;
		// As a change that has passed: one write, so a power cut leaves no half of it.
		if (!this.write({ texts, starts: 0, kept: true })) return false;
		this.trial = undefined;
		this.copy(texts);
		return true;
	}

	/** The change that this start goes by, if there is one. */
	private begin(): Texts | undefined {
		const change = this.read();
		if (!change) return undefined;
		const { texts, starts, kept } = change;
		if (kept) this.copy(texts);
		// A trial whose starts cannot be counted might never end.
		else if (starts >= STARTS || !this.write({ texts, starts: starts + 1, kept })) {
			this.drop();
			return undefined;
		} else this.trial = texts;
		return texts;
	}

	/** False while a change that has passed could not be copied, for want of room. */
	private settled(): boolean {
		const change = this.read();
		return !change?.kept || this.copy(change.texts);
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

	/** The record, unless it is missing or not one of ours. */
	private read(): Change | undefined {
		let text: string | undefined;
		this.using(domain => {
			text = domain.read(TRIAL);
		});
		try {
			const value: unknown = text === undefined ? undefined : JSON.parse(text);
			if (!isRecord(value) || !isRecord(value.texts)) return undefined;
			const texts = this.known(value.texts);
			return texts && { texts, starts: Number(value.starts) || 0, kept: value.kept === true };
		} catch {
			return undefined;
		}
	}

	private known(value: Values): Texts | undefined {
		const known: { [key: string]: string | null } = {};
		for (const key of this.keys) {
			const text = value[key];
			if (typeof text === "string" || text === null) known[key] = text;
		}
		return Object.keys(known).length ? known : undefined;
	}

	private write(change: Change): boolean {
		return this.using(domain => domain.write(TRIAL, JSON.stringify(change)));
	}

	/** "r+" for reading too: a domain that was never written cannot be opened with "r", and the SDK's debugger stops there. */
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

/** A description that is wrong because of a change on trial makes no board: rolls back at once. */
export function abandon({ provision, restart }: Device): undefined {
	if (provision?.trying && provision.drop()) restart?.();
}

export interface TrialOptions {
	readonly timer: Timer;
	readonly clock: Ticks;
	readonly provision: Provision | undefined;
	readonly report: (line: string) => void;
	/** False when this host cannot. */
	readonly restart: () => boolean;
}

/** The time of a trial, from the start of a board on. */
export default class Trial {
	private readonly options: TrialOptions;
	private readonly began: number;
	/** The end of the trial, or of its proof. */
	private timer: TimerHandle | undefined;
	/** The broker refuses the subscription to commands. */
	private deaf = false;

	constructor(options: TrialOptions) {
		this.options = options;
		this.began = options.clock.ticks;
		this.offline();
	}

	/** The broker refused the subscription to commands; called before `online`. */
	refused(): void {
		this.deaf = true;
	}

	online(): void {
		if (this.trying && !this.deaf) this.set(() => this.pass(), PROOF);
		this.deaf = false;
	}

	offline(): void {
		if (!this.trying) return;
		const passed = since(this.options.clock.ticks, this.began);
		this.set(() => this.fail(), Math.max(LONGEST - passed, 0));
	}

	close(): void {
		this.options.timer.clear(this.timer);
		this.timer = undefined;
	}

	private get trying(): boolean {
		return this.options.provision?.trying ?? false;
	}

	private set(callback: () => void, delay: number): void {
		this.close();
		this.timer = this.options.timer.set(callback, delay);
	}

	private pass(): void {
		this.timer = undefined;
		const { provision, report } = this.options;
		const kept = provision?.keep();
		report(`provision: ${kept ? "kept" : "could not be stored, the next start tries it again"}`);
	}

	private fail(): void {
		this.timer = undefined;
		const { provision, report, restart } = this.options;
		const dropped = provision?.drop();
		const result = dropped ? "back to what was before" : "and it could not be dropped";
		report(`provision: no broker within five minutes, ${result}`);
		// A restart would only try it again if it could not be dropped.
		if (dropped) restart();
	}
}

/**
 * Provisioning (DESIGN.md, "Provisioning"): the network, the broker and the identity of a board, stored on it in place of the built-in ones.
 * A change is on trial first: it holds from the next start on, and becomes permanent when the board has been online for one minute and hears
 * commands. After three starts, or five minutes without that, the board rolls back and restarts: a mistyped password does not cost a walk to
 * it. Which changes are valid is in commands/command.ts; a button that is held takes all of it back (outputs/pins.ts). Throws nothing, traces no
 * secret.
 */

import { Deadline, since } from "../../session/deadline.js";
import type { Device, KeyValue, KeyValueDomain, Provision, Texts } from "../io.js";
import { isRecord, type Values } from "../json.js";

/** The key-value domain (ECMA-419 §28), and the key of the change that is on trial or waits for it. */
const DOMAIN = "provision";
const TRIAL = "trial";
/** The trial ends with the third start, in case each ends before its time is up (a crash, a watchdog, a power switch). */
const STARTS = 3;
/** Wi-Fi tries again every 30 s, a session every 60 s. */
const LONGEST = 300_000;
/** A session counts a connection as stable after this time; AWS closes one at once that its policy does not allow. */
const PROOF = 60_000;
/** What a certificate brings (aws/claim.ts), beside the keys of `cmd config`. */
const identity: readonly string[] = Object.freeze(["id", "certificate", "key", "token"]);

/** Keys of the description that `cmd config` may replace. */
const described: readonly string[] = Object.freeze(["broker", "id", "root"]);

/** The record of a change. Each change of it is one write, so a power cut leaves the old record or the new one. */
interface Change {
	readonly texts: Texts;
	/** Starts with it so far. */
	readonly starts: number;
	/** It has passed; `texts` are still to be copied to keys of their own. */
	readonly kept: boolean;
}

/** The store of the provisioned values. A host makes it, since it needs the network's name before there is a board. */
export class StoredProvision implements Provision {
	readonly keys: readonly string[];
	trying = false;
	private readonly store: KeyValue;
	/** All that may be stored. */
	private readonly all: readonly string[];

	/** Counts the start of a trial. Later changes are for the next life. */
	constructor(store: KeyValue, keys: readonly string[]) {
		this.store = store;
		this.keys = keys;
		this.all = keys.concat(identity.filter(key => !keys.includes(key)));
		this.begin();
	}

	/** Read each time: certificate and key would take 3 KB of RAM. */
	get(key: string): string | undefined {
		const change = this.read();
		let text = change && (change.kept || this.trying) ? change.texts[key] : undefined;
		if (text === undefined)
			this.using(domain => {
				text = domain.read(key);
			});
		return text ?? undefined;
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
		if (!this.trying) return true;
		const texts = this.read()?.texts;
		return texts !== undefined && this.pass(texts);
	}

	drop(): boolean {
		const dropped = this.settled() && this.using(domain => domain.delete(TRIAL));
		if (dropped) this.trying = false;
		return dropped;
	}

	restore(): boolean {
		return this.pass(Object.fromEntries(this.all.map(key => [key, null])));
	}

	/** They hold from now on. One write, so a power cut leaves no half; if they cannot be copied now, the next start copies them. */
	private pass(texts: Texts): boolean {
		if (!this.write({ texts, starts: 0, kept: true })) return false;
		this.trying = false;
		this.copy(texts);
		return true;
	}

	/** A change that waits is tried from now on. */
	private begin(): void {
		const change = this.read();
		if (!change || typeof change.texts.token === "string") return;
		const { texts, starts, kept } = change;
		if (kept) this.copy(texts);
		// A trial whose starts cannot be counted might never end.
		else if (starts >= STARTS || !this.write({ texts, starts: starts + 1, kept })) this.drop();
		else this.trying = true;
	}

	/** False while a change that has passed could not be copied, for want of room. */
	private settled(): boolean {
		const change = this.read();
		return !change?.kept || this.copy(change.texts);
	}

	private copy(texts: Texts): boolean {
		return this.using(domain => {
			Object.keys(texts).forEach(key => {
				const text = texts[key];
				if (typeof text === "string") domain.write(key, text);
				else domain.delete(key);
			});
			domain.delete(TRIAL);
		});
	}

	/** The record, unless it is missing or not one of ours. */
	private read(): Change | undefined {
		let value: unknown;
		this.using(domain => {
			const text = domain.read(TRIAL);
			if (text !== undefined) value = JSON.parse(text);
		});
		if (!isRecord(value) || !isRecord(value.texts)) return undefined;
		const stored = value.texts;
		const texts: { [key: string]: string | null } = {};
		this.all.forEach(key => {
			const text = stored[key];
			if (typeof text === "string" || text === null) texts[key] = text;
		});
		if (Object.keys(texts).length === 0) return undefined;
		return { texts, starts: Number(value.starts) || 0, kept: value.kept === true };
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

/** A raw description with the broker, id and root that are `given`, stored ones say, in place of its own. */
export const overlaid = (description: object, given: (key: string) => unknown): Values => {
	const result: { [key: string]: unknown } = { ...description };
	described.forEach(key => {
		const text = given(key);
		if (text !== undefined) result[key] = text;
	});
	// The user and password of one broker are not shown to another.
	if (given("broker") !== undefined) {
		delete result.user;
		delete result.password;
	}
	return result;
};

/** A description that is wrong because of a change on trial makes no board: rolls back at once. */
export const abandon = ({ provision, restart }: Device): void => {
	if (provision?.trying && provision.drop()) restart?.();
};

/** What the connection of now says of a trial. */
const Proof = Object.freeze({
	/** There is none, so nothing. */
	none: 0,
	/** The broker refuses the subscription to commands: it cannot pass. */
	refused: 1,
	/** It passes if the connection stands until the deadline. */
	stands: 2,
});

/** The time of a trial, from the start of a board on. */
export default class Trial {
	private readonly device: Pick<Device, "clock" | "timer" | "provision" | "trace">;
	private readonly restart: () => boolean;
	private readonly began: number;
	/** The end of the trial, or of its proof. */
	private readonly end: Deadline;
	private proof: number = Proof.none;

	/** `restart` is false when this host cannot. */
	constructor(device: Trial["device"], restart: () => boolean) {
		this.device = device;
		this.restart = restart;
		this.began = device.clock.ticks;
		this.end = new Deadline(device.timer, this, this.decide);
		this.offline();
	}

	/** Called before `online`. */
	refused(): void {
		this.proof = Proof.refused;
	}

	online(): void {
		if (this.proof === Proof.refused) return;
		this.proof = Proof.stands;
		if (this.device.provision?.trying) this.end.set(PROOF);
	}

	offline(): void {
		const { clock, provision } = this.device;
		this.proof = Proof.none;
		if (provision?.trying) this.end.set(Math.max(LONGEST - since(clock.ticks, this.began), 0));
	}

	close(): void {
		this.end.close();
	}

	private decide(): void {
		const { provision, trace } = this.device;
		if (this.proof === Proof.stands) {
			const kept = provision?.keep();
			trace?.(`provision: ${kept ? "kept" : "could not be stored, the next start tries it again"}`);
			return;
		}
		const dropped = provision?.drop();
		const result = dropped ? "back to what was before" : "and it could not be dropped";
		trace?.(`provision: no broker within five minutes, ${result}`);
		// A restart would only try it again if it could not be dropped.
		if (dropped) this.restart();
	}
}

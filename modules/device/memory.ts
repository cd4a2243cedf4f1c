/**
 * What survives a restart: alerts on their way to the broker, and records, small JSON objects by key. Both are in the flash
 * partition `journal` if there is one that can be used; else records are in the key-value store (ECMA-419 §28), and alerts in
 * RAM, which `info` says. Foreign bytes are never formatted: a person has to (store/SPEC.md). Never throws: a board whose memory
 * fails goes on without, counts it, and says so in `info`. The first record is the count of starts, from which ids come that no
 * start has given before. `keyOf` makes a record's key of any name, `hashOf` tells long texts apart in few bytes.
 */

import { encode } from "../mqtt/codec.js";
import type { Outbox } from "../session/options.js";
import { Queue } from "../session/queue.js";
import { Found } from "../store/mount.js";
import Store from "../store/store.js";
import type { Device, KeyValueDomain } from "./io.js";
import { isRecord, type Values } from "./json.js";

export interface Storage {
	readonly outbox: Outbox;
	readonly memory: KeyValueDomain | undefined;
	/** The flash that both are in; absent where alerts are in RAM. */
	readonly store?: Store;
	/** `flash`, or `ram` and why: for `info`. */
	readonly kind: string;
	/** Erased when it was opened: this board never kept anything here. A journal that is empty is not fresh. */
	readonly fresh: boolean;
	/** Each record that is read is the last that was written. */
	readonly whole: boolean;
	/** Bytes of RAM that alerts may take here. */
	readonly ram: number;
}

/** `promised`: by key, the bytes that alerts leave free for its record (start.ts); `ram`: those that alerts may take without flash. */
export const openStorage = (device: Device, promised: ReadonlyMap<string, number>, ram = 16_384): Storage => {
	let why = "no flash";
	try {
		const partition = device.flash?.open({ path: "journal", mode: "r+" });
		if (partition) {
			const store = new Store({ partition, promised });
			const { outbox, state } = store;
			if (outbox && state) {
				const lacking = state.lacking;
				if (lacking)
					device.trace?.(`storage: ${lacking} bytes too small to remember all while alerts fill the rest`);
				const fresh = store.found === Found.blank;
				return { outbox, memory: state, store, kind: "flash", fresh, whole: store.whole, ram: 0 };
			}
			why = store.description;
			store.close();
		}
	} catch (error) {
		why = error instanceof Error ? error.message : `${error}`;
	}
	device.trace?.(`storage: alerts are kept in RAM (${why})`);
	const outbox = new Queue({ byteLength: ram });
	// There may have been flash before, with other counts: this is not a fresh board.
	return { outbox, memory: keyValue(device), kind: `ram: ${why}`, fresh: false, whole: true, ram };
};

export const closeStorage = ({ outbox, memory, store }: Storage): void => {
	outbox.close();
	memory?.close();
	store?.close();
};

const keyValue = (device: Device): KeyValueDomain | undefined => {
	try {
		return device.keyValue.open({ path: "glowworm", mode: "r+", format: "string" });
	} catch (error) {
		device.trace?.(`storage: nothing will be remembered (${error})`);
		return undefined;
	}
};

/** The key of a record, and the most bytes that it takes: its owner exports it, and alerts leave so much free. */
export type Room = readonly [key: string, byteLength: number];

export default class Memory {
	private readonly domain: KeyValueDomain | undefined;
	/** Reads and writes that went wrong. */
	failures = 0;

	/** Without a domain nothing is remembered. The caller closes the domain. */
	constructor(domain: KeyValueDomain | undefined) {
		this.domain = domain;
		if (!domain) this.failures++;
	}

	get lasting(): boolean {
		return this.domain !== undefined;
	}

	/** The keys that begin so. */
	keys(prefix: string): string[] {
		const found: string[] = [];
		try {
			for (const key of this.domain ?? []) if (key.startsWith(prefix)) found.push(key);
		} catch {
			this.failures++;
		}
		return found;
	}

	/** The record of this key; empty where there is none or it cannot be read. */
	get(key: string): Values {
		try {
			const text = this.domain?.read(key);
			if (text === undefined) return {};
			const value: unknown = JSON.parse(text);
			if (isRecord(value)) return value;
		} catch {
			// Counted below: a record that cannot be read is taken for one that was never written.
		}
		this.failures++;
		return {};
	}

	/** An object, or its JSON, whole or not at all. False when it will not be there after a restart. */
	put(key: string, value: object | string): boolean {
		try {
			if (!this.domain) return false;
			this.domain.write(key, typeof value === "string" ? value : JSON.stringify(value));
			return true;
		} catch {
			this.failures++;
			return false;
		}
	}

	delete(key: string): void {
		try {
			this.domain?.delete(key);
		} catch {
			this.failures++;
		}
	}
}

const BOOT = "boot";
export const bootRoom: Room = Object.freeze([BOOT, 24] as const);

/** Counts the starts of a board, over restarts and the loss of its memory. */
export class Boot {
	readonly count: number;
	private seq = 0;
	private asked = 0;

	/** Counts this start. `fresh`: this board never kept anything here; `whole`: the last that was written is read. */
	constructor(memory: Memory, { fresh, whole }: { readonly fresh: boolean; readonly whole: boolean }) {
		const n = memory.get(BOOT).n;
		// Alert ids must differ from those of every earlier start, also where its count is lost, older than it was, or
		// lies in a storage that cannot be read now: receivers would drop the alerts. Only a new board begins at 1.
		const base = typeof n === "number" && whole ? n : fresh ? 0 : anywhere();
		this.count = memory.put(BOOT, { n: base + 1 }) ? base + 1 : anywhere();
	}

	/** `<count>-<seq>`, of an alert. Receivers look for gaps: nothing else takes one. */
	nextId(): string {
		return `${this.count}-${++this.seq}`;
	}

	/** A name for a question, that no other one of this board has had. */
	nextToken(): string {
		return `${this.count}.${++this.asked}`;
	}
}

/** Far from where counting begins. */
const anywhere = (): number => 1_000_000 + Math.floor(Math.random() * 1_000_000_000);

/** A key of at most 15 characters, as ESP32's non-volatile storage has them, for any name: as it is where it fits, else its beginning and a hash (FNV-1a). */
export const keyOf = (prefix: string, name: string): string => {
	const key = prefix + name;
	if (key.length <= 15) return key;
	// `.` is in no name, so no short name can be taken for a hashed one.
	return `${key.slice(0, 7)}.${hashOf(name).toString(36)}`;
};

/** FNV-1a, 32 bits; `from` is the hash of a text before this one. */
export const hashOf = (text: string | Uint8Array, from = 0x811c9dc5): number => {
	const bytes = typeof text === "string" ? encode(text) : text;
	let hash = from;
	for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
	return hash >>> 0;
};

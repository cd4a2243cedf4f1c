/**
 * What this board must remember over a restart, as small JSON records in an ECMA-419 key-value domain (§28).
 * Never throws: a board whose memory fails goes on without, counts it, and says so in `info`.
 * Alerts on their way to the broker are not here but in the outbox.
 */

import { encode } from "../mqtt/text.js";
import { isRecord, type Values } from "./description/schema.js";
import type { KeyValueDomain } from "./io.js";

/** Key length of ESP32's non-volatile storage. */
const LONGEST_KEY = 15;

export default class Memory {
	private readonly domain: KeyValueDomain | undefined;
	/** How many reads and writes went wrong. */
	failures = 0;

	/** Without a domain nothing is remembered. The domain stays the caller's. */
	constructor(domain: KeyValueDomain | undefined) {
		this.domain = domain;
		if (!domain) this.failures++;
	}

	/** There is something that could remember. */
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
			// Counted below: what cannot be read is as good as never written.
		}
		this.failures += this.domain ? 1 : 0;
		return {};
	}

	/** Whole or not at all. False when it will not be there after a restart. */
	put(key: string, value: object): boolean {
		try {
			if (!this.domain) return false;
			this.domain.write(key, JSON.stringify(value));
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

/** A key of at most 15 characters for any name: as it is where it fits, else its beginning and a hash (FNV-1a). */
export function keyOf(prefix: string, name: string): string {
	const key = prefix + name;
	if (key.length <= LONGEST_KEY) return key;
	// `.` is in no name, so no short name can be taken for a hashed one.
	return `${key.slice(0, 7)}.${hashOf(name).toString(36)}`;
}

/** FNV-1a, 32 bits; `from` goes on behind another text. */
export function hashOf(text: string, from = 0x811c9dc5): number {
	const bytes = encode(text);
	let hash = from;
	for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
	return hash >>> 0;
}

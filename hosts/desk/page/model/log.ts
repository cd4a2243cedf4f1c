/** The messages of one subscription, newest first, as many as wanted and no more than a budget of bytes. */

import type { Message } from "../mqtt/link.js";

/** Bytes of payloads in one log. */
const BUDGET = 8 << 20;

export interface Entry extends Message {
	/** Counts up from 1 in its log. */
	readonly number: number;
}

export class Log {
	/** Oldest first: what is pushed comes last. */
	#entries: Entry[] = [];
	#bytes = 0;
	#capacity: number;
	/** All that came, kept or not. */
	count = 0;

	constructor(capacity = 100) {
		this.#capacity = capacity;
	}

	get length(): number {
		return this.#entries.length;
	}
	get capacity(): number {
		return this.#capacity;
	}
	set capacity(value: number) {
		this.#capacity = value;
		this.#trim();
	}

	add(message: Message): void {
		this.#entries.push({ ...message, number: ++this.count });
		this.#bytes += message.payload.byteLength;
		this.#trim();
	}

	clear(): void {
		this.#entries = [];
		this.#bytes = 0;
	}

	/** Newest first, of those that came no later than `number`. */
	newest(number = this.count): Entry[] {
		const found: Entry[] = [];
		for (let i = this.#entries.length - 1; i >= 0; i--) {
			const entry = this.#entries[i] as Entry;
			if (entry.number <= number) found.push(entry);
		}
		return found;
	}

	#trim(): void {
		let drop = Math.max(this.#entries.length - this.#capacity, 0);
		for (let i = 0; i < drop; i++) this.#bytes -= this.#entries[i]?.payload.byteLength ?? 0;
		while (this.#bytes > BUDGET && drop < this.#entries.length - 1)
			this.#bytes -= this.#entries[drop++]?.payload.byteLength ?? 0;
		if (drop) this.#entries.splice(0, drop);
	}
}

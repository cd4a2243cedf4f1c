/**
 * Where this board keeps what must survive a power cut: alerts on their way and what it remembers, both in the flash
 * partition `journal` where there is one that can be used; else memory is the key-value store and alerts are in RAM,
 * which `info` then says. Never throws, and never formats what it does not know: a person has to (store/SPEC.md).
 */

import type { Outbox } from "../session/options.js";
import { Queue } from "../session/queue.js";
import { Found } from "../store/mount.js";
import Store from "../store/store.js";
import type { Description } from "./description/description.js";
import type { Device, KeyValueDomain } from "./io.js";
import reserve from "./reserve.js";

export interface Storage {
	readonly outbox: Outbox;
	readonly memory: KeyValueDomain | undefined;
	/** `flash`, or `ram` and why: for `info`. */
	readonly kind: string;
	/** Erased when it was opened: this board never kept anything here. Not said of what merely holds nothing. */
	readonly fresh: boolean;
	/** What is read is the last that was written. */
	readonly whole: boolean;
	/** Plain numbers. */
	readonly counters: object;
	close(): void;
}

const PARTITION = "journal";

export function openStorage(device: Device, description: Description): Storage {
	let why = "no flash";
	try {
		const partition = device.flash?.open({ path: PARTITION, mode: "r+" });
		if (partition) {
			const store = new Store({ partition, promised: reserve(description) });
			const { outbox, state } = store;
			if (outbox && state) {
				const { lacking } = state;
				if (lacking)
					device.trace?.(`storage: ${lacking} bytes too small to remember all while alerts fill the rest`);
				return new Flash(store, outbox, state);
			}
			why = store.description;
			store.close();
		}
	} catch (error) {
		why = error instanceof Error ? error.message : `${error}`;
	}
	device.trace?.(`storage: alerts are kept in RAM (${why})`);
	return new Volatile(keyValue(device), `ram: ${why}`);
}

class Flash implements Storage {
	readonly kind = "flash";
	readonly outbox: Outbox;
	readonly memory: KeyValueDomain;
	readonly fresh: boolean;
	readonly whole: boolean;
	private readonly store: Store;

	constructor(store: Store, outbox: Outbox, memory: KeyValueDomain) {
		this.outbox = outbox;
		this.memory = memory;
		this.fresh = store.found === Found.blank;
		this.whole = store.whole;
		this.store = store;
	}
	get counters() {
		return this.store.counters;
	}
	close(): void {
		this.store.close();
	}
}

class Volatile implements Storage {
	readonly kind: string;
	// Where there was flash before, its counts were others.
	readonly fresh = false;
	readonly whole = true;
	readonly outbox: Outbox = new Queue();
	readonly memory: KeyValueDomain | undefined;
	readonly counters = Object.freeze({});

	constructor(memory: KeyValueDomain | undefined, kind: string) {
		this.memory = memory;
		this.kind = kind;
	}
	close(): void {
		this.outbox.close();
		this.memory?.close();
	}
}

function keyValue(device: Device): KeyValueDomain | undefined {
	try {
		return device.keyValue.open({ path: "glowworm", mode: "r+", format: "string" });
	} catch (error) {
		device.trace?.(`storage: nothing will be remembered (${error})`);
		return undefined;
	}
}

/**
 * What else the MQTT client takes from its host, in a browser: Moddable's `timer` over setTimeout, and a resolver (ECMA-419
 * §18) that leaves the name to the desk. A page in the background is called late; keep-alive allows for that.
 */

import type { Resolver, TimerHandle, Timer as TimerPattern } from "../../../../modules/mqtt/io.js";

interface Entry {
	readonly callback: (handle: TimerHandle) => void;
	id: ReturnType<typeof setTimeout> | undefined;
	interval: number | undefined;
	/** It may be moved: it will fire, or sleeps. */
	stands: boolean;
}

class BrowserTimer implements TimerPattern {
	set(callback: (handle: TimerHandle) => void, delay = 0, repeat?: number): TimerHandle {
		if (typeof callback !== "function") throw new TypeError("timer: expected a function");
		const entry: Entry = { callback, id: undefined, interval: undefined, stands: true };
		this.#arm(entry, delay, repeat);
		return entry as unknown as TimerHandle;
	}
	repeat(callback: (handle: TimerHandle) => void, interval: number): TimerHandle {
		return this.set(callback, interval, interval);
	}
	schedule(handle: TimerHandle, delay?: number, repeat?: number): void {
		const entry = handle as unknown as Entry;
		if (!entry.stands) throw new Error("timer: no longer stands");
		clearTimeout(entry.id);
		entry.id = undefined;
		if (delay !== undefined || repeat !== undefined) this.#arm(entry, delay ?? (repeat as number), repeat);
		else entry.interval = undefined;
	}
	clear(handle: TimerHandle | undefined): void {
		if (!handle) return;
		const entry = handle as unknown as Entry;
		clearTimeout(entry.id);
		entry.stands = false;
	}
	#arm(entry: Entry, delay: number, repeat: number | undefined): void {
		entry.interval = repeat;
		const id = setTimeout(() => {
			if (entry.interval !== undefined) this.#arm(entry, entry.interval, entry.interval);
			entry.callback(entry as unknown as TimerHandle);
			// A one-shot that its callback has neither moved nor put to sleep.
			if (entry.id === id) entry.stands = false;
		}, delay);
		entry.id = id;
	}
}

export const timer: TimerPattern = new BrowserTimer();

export class DeskResolver implements Resolver {
	#closed = false;
	resolve(
		{ host }: { readonly host: string },
		callback: (error: Error | null, address?: string, host?: string) => void,
	): void {
		setTimeout(() => {
			if (!this.#closed) callback(null, host, host);
		});
	}
	close(): void {
		this.#closed = true;
	}
}

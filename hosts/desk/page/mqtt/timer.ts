/**
 * What else the MQTT client takes from its host, in a browser: Moddable's `timer` over setTimeout, and a resolver (ECMA-419
 * §18) that leaves the name to the desk. A page in the background is called late; keep-alive allows for that.
 */

import type { Resolver, TimerHandle, Timer as TimerPattern } from "../../../../modules/mqtt/io.js";

interface Entry {
	readonly callback: (handle: TimerHandle) => void;
	id: ReturnType<typeof setTimeout> | undefined;
	interval: number | undefined;
}

class BrowserTimer implements TimerPattern {
	set(callback: (handle: TimerHandle) => void, delay = 0, repeat?: number): TimerHandle {
		const entry: Entry = { callback, id: undefined, interval: undefined };
		this.#arm(entry, delay, repeat);
		return entry as unknown as TimerHandle;
	}
	repeat(callback: (handle: TimerHandle) => void, interval: number): TimerHandle {
		return this.set(callback, interval, interval);
	}
	schedule(handle: TimerHandle, delay?: number, repeat?: number): void {
		const entry = handle as unknown as Entry;
		clearTimeout(entry.id);
		if (delay !== undefined || repeat !== undefined) this.#arm(entry, delay ?? (repeat as number), repeat);
	}
	clear(handle: TimerHandle | undefined): void {
		if (!handle) return;
		const entry = handle as unknown as Entry;
		clearTimeout(entry.id);
		entry.interval = undefined;
	}
	#arm(entry: Entry, delay: number, repeat: number | undefined): void {
		entry.interval = repeat;
		entry.id = setTimeout(() => {
			if (entry.interval !== undefined) this.#arm(entry, entry.interval, entry.interval);
			entry.callback(entry as unknown as TimerHandle);
		}, delay);
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

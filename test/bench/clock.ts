/** Timer and Time as Moddable's modules of these names are, moved by hand. Runs inside the XS engine. */

export interface Handle {
	readonly callback: (handle: Handle) => void;
	/** Milliseconds between two calls, or 0. */
	readonly interval: number;
}

export class Clock {
	ticks = 0;
	/** Due as soon as no script runs. */
	#due: Handle[] = [];
	#repeating: Handle[] = [];

	/** Forgets all timers. */
	reset(): void {
		this.#due = [];
		this.#repeating = [];
	}

	delta(from: number, to = this.ticks): number {
		return (to - from) | 0;
	}

	// Deadlines are never reached here, so they are not kept.
	set(callback: Handle["callback"], delay = 0): Handle {
		const handle = { callback, interval: 0 };
		if (delay === 0) this.#due.push(handle);
		return handle;
	}

	repeat(callback: Handle["callback"], interval: number): Handle {
		const handle = { callback, interval };
		this.#repeating.push(handle);
		return handle;
	}

	schedule(): void {}

	clear(handle: Handle | undefined): void {
		const index = handle ? this.#repeating.indexOf(handle) : -1;
		if (index >= 0) this.#repeating.splice(index, 1);
		const due = handle ? this.#due.indexOf(handle) : -1;
		if (due >= 0) this.#due.splice(due, 1);
	}

	/** Calls what is due. */
	flush(): void {
		for (let handle = this.#due.shift(); handle; handle = this.#due.shift()) handle.callback(handle);
	}

	/** A minute passes for the one repeating timer; `after` runs behind each of its calls. */
	minute(after: () => void): void {
		const handle = this.#repeating[0] as Handle;
		const { interval } = handle;
		for (let passed = interval; passed <= 60_000; passed += interval) {
			this.ticks += interval;
			handle.callback(handle);
			after();
		}
	}
}

/** Of the client in this worker. */
export const clock = new Clock();

/** Timer and Time as Moddable's modules of these names are, moved by hand. Runs inside the XS engine. */

export interface Handle {
	readonly callback: () => void;
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
	set(callback: () => void, delay = 0): Handle {
		const handle = { callback, interval: 0 };
		if (delay === 0) this.#due.push(handle);
		return handle;
	}

	repeat(callback: () => void, interval: number): Handle {
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
		while (this.#due.length > 0) (this.#due.shift() as Handle).callback();
	}

	/** A minute passes for the one repeating timer; `after` runs behind each of its calls. */
	minute(after: () => void): void {
		const { callback, interval } = this.#repeating[0] as Handle;
		for (let passed = interval; passed <= 60_000; passed += interval) {
			this.ticks += interval;
			callback();
			after();
		}
	}
}

/** Of the client in this worker. */
export const clock = new Clock();

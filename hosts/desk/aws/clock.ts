/**
 * Time for the local AWS IoT Core: the clock on the wall, or one that a test moves by hand. Milliseconds since 1970. Every
 * deadline, rate and lifetime in this folder comes from here, so that a test never waits for one.
 */

export interface AwsClock {
	now(): number;
	/** Calls once, so much later; what it returns calls that off. */
	after(milliseconds: number, callback: () => void): () => void;
}

/** Timers that are far away do not keep a process alive, and are not cut short by the range of `setTimeout`. */
export const wallClock: AwsClock = {
	now: Date.now,
	after(milliseconds, callback) {
		const longest = 2 ** 31 - 1;
		let timer: NodeJS.Timeout;
		const wait = (left: number) => {
			timer = setTimeout(
				() => (left > longest ? wait(left - longest) : callback()),
				Math.min(left, longest),
			).unref();
		};
		wait(milliseconds);
		return () => clearTimeout(timer);
	},
};

/** No more than so many in any window of so many milliseconds. */
export class Rate {
	readonly #clock: AwsClock;
	readonly #most: number;
	readonly #window: number;
	/** When the last ones were, oldest first. */
	readonly #times: number[] = [];

	constructor(clock: AwsClock, most: number, window = 1000) {
		this.#clock = clock;
		this.#most = most;
		this.#window = window;
	}

	/** Counts one that may pass; false, and not counted, for one too many. */
	take(): boolean {
		const now = this.#clock.now();
		while (this.#times.length && now - (this.#times[0] as number) >= this.#window) this.#times.shift();
		if (this.#times.length >= this.#most) return false;
		this.#times.push(now);
		return true;
	}
}

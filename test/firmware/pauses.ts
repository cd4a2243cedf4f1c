/**
 * When Node's event loop stood still, for how long, and how much of that was garbage collection. With XS this process has the
 * board's timers and sockets and the program that measures, so its own pause makes the board late. The engine is another
 * process: a pause of the board's own is not in this list.
 */

import { PerformanceObserver, performance } from "node:perf_hooks";

interface Span {
	/** When it began, as Date.now(). */
	readonly at: number;
	/** Milliseconds. */
	readonly length: number;
}

const BEAT = 1;

export class Pauses {
	readonly #shortest: number;
	readonly #pauses: Span[] = [];
	readonly #collections: Span[] = [];
	#last: number;

	/** Keeps pauses of `shortest` milliseconds and more. `now`: as Date.now(). */
	constructor(shortest: number, now: number) {
		this.#shortest = shortest;
		this.#last = now;
	}

	/** Watches this process from now on, and is told of its end by `end`. */
	static watch(shortest: number): { readonly pauses: Pauses; end(): void } {
		const { timeOrigin } = performance;
		const now = () => timeOrigin + performance.now();
		const pauses = new Pauses(shortest, now());
		const collector = new PerformanceObserver(found => {
			for (const { startTime, duration } of found.getEntries())
				pauses.collected(timeOrigin + startTime, duration);
		});
		collector.observe({ entryTypes: ["gc"] });
		const timer = setInterval(() => pauses.beat(now()), BEAT);
		const end = () => {
			clearInterval(timer);
			collector.disconnect();
		};
		return { pauses, end };
	}

	/** The event loop runs. */
	beat(now: number): void {
		const length = now - this.#last;
		if (length >= this.#shortest) this.#pauses.push({ at: this.#last, length });
		this.#last = now;
	}
	/** Garbage was collected. Node does not tell of the steps before it, so this is not all. */
	collected(at: number, length: number): void {
		if (length >= BEAT) this.#collections.push({ at, length });
	}

	/** Each pause in words, by the time since `began`. */
	told(began: number): string[] {
		return this.#pauses.map(({ at, length }) => {
			let collecting = 0;
			for (const collection of this.#collections)
				if (collection.at >= at && collection.at < at + length) collecting += collection.length;
			const share = collecting ? `, at least ${Math.round(collecting)} of it collecting garbage` : "";
			return `${Math.round(length)} ms after ${Math.round(at - began)} ms${share}`;
		});
	}
}

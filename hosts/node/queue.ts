/**
 * One timer of Node for the timers of all boards of a process: a heap by due time. Thousands of boards have some ten
 * thousand timers, most of them moved before they fire; here that moves an entry, where Node would make an object and a
 * list for it. Entries that are due when Node wakes it fire in one go, in the order of their times, then of setting.
 */

/** What waits. The fields are the queue's. */
export interface Waiting {
	/** Called when it is due; it is out of the queue by then. */
	fire(): void;
	/** Milliseconds of `performance.now()`. */
	at: number;
	/** The place in the heap; -1: not in it. */
	place: number;
	/** Of two that are due at the same time the one that was set first goes first. */
	turn: number;
}

/** Node's own maximum; what is further away is looked at again then. */
const LONGEST = 0x7fffffff;

export class Queue {
	readonly #heap: Waiting[] = [];
	#turn = 0;
	#timeout: NodeJS.Timeout | undefined;
	/** When Node wakes it. */
	#armed = Number.POSITIVE_INFINITY;

	/** Puts or moves `entry` to so many whole milliseconds from now, one at the least, as Node does. */
	set(entry: Waiting, delay: number): void {
		this.#remove(entry);
		// Whole ones, as ticks are: what is due at the same tick fires in the same turn of the event loop.
		entry.at = Math.floor(performance.now()) + Math.max(delay, 1);
		entry.turn = this.#turn++;
		entry.place = this.#heap.push(entry) - 1;
		this.#up(entry);
		if (entry.at < this.#armed) this.#arm();
	}
	clear(entry: Waiting): void {
		this.#remove(entry);
		// So that a process ends that has nothing else to do.
		if (this.#heap.length === 0) this.#arm();
	}

	#arm(): void {
		const [first] = this.#heap;
		clearTimeout(this.#timeout);
		this.#timeout = undefined;
		this.#armed = first ? first.at : Number.POSITIVE_INFINITY;
		if (!first) return;
		const delay = Math.min(Math.max(Math.ceil(first.at - performance.now()), 0), LONGEST);
		this.#timeout = setTimeout(() => this.#run(), delay);
	}
	#run(): void {
		// What is set meanwhile is due later: timers that set each other cannot keep the event loop.
		const now = performance.now();
		try {
			for (let first = this.#heap[0]; first && first.at <= now; first = this.#heap[0]) {
				this.#remove(first);
				first.fire();
			}
		} finally {
			this.#arm();
		}
	}

	#remove(entry: Waiting): void {
		const { place } = entry;
		if (place < 0) return;
		entry.place = -1;
		const last = this.#heap.pop() as Waiting;
		if (last === entry) return;
		this.#heap[place] = last;
		last.place = place;
		this.#up(last);
		this.#down(last);
	}
	#up(entry: Waiting): void {
		while (entry.place > 0) {
			const parent = this.#heap[(entry.place - 1) >> 1] as Waiting;
			if (!before(entry, parent)) return;
			this.#swap(parent, entry);
		}
	}
	#down(entry: Waiting): void {
		for (;;) {
			const left = this.#heap[2 * entry.place + 1];
			const right = this.#heap[2 * entry.place + 2];
			if (!left) return;
			const child = right && before(right, left) ? right : left;
			if (!before(child, entry)) return;
			this.#swap(entry, child);
		}
	}
	#swap(upper: Waiting, lower: Waiting): void {
		const { place } = upper;
		this.#heap[lower.place] = upper;
		this.#heap[place] = lower;
		upper.place = lower.place;
		lower.place = place;
	}
}

function before(one: Waiting, other: Waiting): boolean {
	return one.at < other.at || (one.at === other.at && one.turn < other.turn);
}

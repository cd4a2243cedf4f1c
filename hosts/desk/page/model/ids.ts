/**
 * Alert ids of one board, `<boot>-<seq>`: which came again, and which are missing between others. `seq` counts the
 * alerts of a start, of all its rules together, so a number that is skipped is an alert that was not seen here.
 */

interface Start {
	first: number;
	last: number;
	readonly missing: Set<number>;
}

/** Ids that may be missing of one start before it is no gap but another count. */
const FARTHEST = 10_000;
/** Starts that are remembered. */
const STARTS = 50;

export class Ids {
	readonly #starts = new Map<number, Start>();
	/** Copies: the same id again. */
	repeated = 0;
	distinct = 0;

	/** True when it is the first with this id. */
	add(id: string): boolean {
		const [boot = Number.NaN, seq = Number.NaN] = id.split("-").map(Number);
		if (!Number.isInteger(boot) || !Number.isInteger(seq)) return true;
		const fresh = this.#note(boot, seq);
		if (fresh) this.distinct++;
		else this.repeated++;
		return fresh;
	}

	#note(boot: number, seq: number): boolean {
		const start = this.#starts.get(boot);
		if (!start) {
			this.#starts.set(boot, { first: seq, last: seq, missing: new Set() });
			if (this.#starts.size > STARTS) this.#starts.delete(this.#starts.keys().next().value as number);
			return true;
		}
		if (seq > start.last) {
			if (seq - start.last < FARTHEST) for (let i = start.last + 1; i < seq; i++) start.missing.add(i);
			start.last = seq;
			return true;
		}
		if (seq < start.first) {
			if (start.first - seq < FARTHEST) for (let i = seq + 1; i < start.first; i++) start.missing.add(i);
			start.first = seq;
			return true;
		}
		return start.missing.delete(seq);
	}

	/** Not seen, though later ones of the same start were. */
	get missing(): string[] {
		const all: string[] = [];
		for (const [boot, { missing }] of this.#starts) for (const seq of missing) all.push(`${boot}-${seq}`);
		return all;
	}
}

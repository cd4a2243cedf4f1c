/**
 * The account of alerts: which were raised, are held, were delivered, were lost, came again. Raised is what a virtual
 * board's firmware says it has accepted; delivered is what the desk's own subscriber got; whether the rest is
 * held is read from the board's flash. Of a board elsewhere only what is delivered is known.
 */

import { held as heldIn } from "./held.js";
import type { Account } from "./web/protocol.js";

/** Milliseconds that an alert may be on its way between broker and subscriber, after a later one. */
const GRACE = 2000;
/** Ids that are remembered of one board; the oldest go, and count as what they were. */
const MOST = 2000;

interface Entry {
	delivered: number;
	/** Since when a later one is delivered and this one is not; 0: it is not so. */
	overtaken: number;
	lost: boolean;
}

class BoardAccount {
	readonly #folder: string | undefined;
	/** By id, in the order they were raised. */
	readonly #open = new Map<string, Entry>();
	#raised = 0;
	#delivered = 0;
	#repeated = 0;

	constructor(folder: string | undefined) {
		this.#folder = folder;
	}

	raised(id: string): void {
		if (!this.#open.has(id)) this.#add(id);
	}

	delivered(id: string, now: number): void {
		const entry = this.#open.get(id) ?? this.#add(id);
		if (entry.delivered++) {
			this.#repeated++;
			return;
		}
		this.#delivered++;
		entry.lost = false;
		entry.overtaken = 0;
		for (const [other, earlier] of this.#open) {
			if (other === id) break;
			if (!earlier.delivered) earlier.overtaken ||= now;
		}
	}

	/** Looks into the flash where an alert was overtaken: it may have been put aside. */
	account(now: number): Account {
		const late = [...this.#open].filter(([, { overtaken }]) => overtaken && now - overtaken > GRACE);
		if (late.length && this.#folder !== undefined) {
			const held = heldIn(this.#folder);
			for (const [id, entry] of late) entry.lost = !held.has(id);
		}
		let lost = 0;
		let pending = 0;
		for (const entry of this.#open.values()) {
			if (entry.lost) lost++;
			else if (!entry.delivered) pending++;
		}
		return {
			raised: this.#raised,
			held: pending,
			delivered: this.#delivered,
			lost,
			repeated: this.#repeated,
		};
	}

	#add(id: string): Entry {
		const entry: Entry = { delivered: 0, overtaken: 0, lost: false };
		this.#open.set(id, entry);
		this.#raised++;
		if (this.#open.size > MOST)
			for (const [old, { delivered }] of this.#open)
				if (delivered) {
					this.#open.delete(old);
					break;
				}
		return entry;
	}
}

export class Accounts {
	readonly #boards = new Map<string, BoardAccount>();

	/** A virtual board, which keeps its flash in `folder`. */
	add(base: string, folder: string): void {
		this.#boards.set(base, new BoardAccount(folder));
	}
	remove(base: string): void {
		this.#boards.delete(base);
	}
	raised(base: string, id: string): void {
		this.#boards.get(base)?.raised(id);
	}
	delivered(base: string, id: string, now: number): void {
		let board = this.#boards.get(base);
		if (!board) {
			board = new BoardAccount(undefined);
			this.#boards.set(base, board);
		}
		board.delivered(id, now);
	}

	all(now: number): { readonly total: Account; readonly boards: { readonly [base: string]: Account } } {
		const total = { raised: 0, held: 0, delivered: 0, lost: 0, repeated: 0 };
		const boards: { [base: string]: Account } = {};
		for (const [base, board] of this.#boards) {
			const account = board.account(now);
			boards[base] = account;
			for (const key of Object.keys(total) as (keyof Account)[]) total[key] += account[key];
		}
		return { total, boards };
	}
}

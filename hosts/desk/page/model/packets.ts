/** The lines of the wire as they come from the desk, joined: what a packet answers, and what answered it. */

import type { Signal } from "@preact/signals";
import type { WireLine } from "../../web/protocol.js";
import { mark, version } from "./beat.js";

const MOST = 5000;

export class Packets {
	#lines: WireLine[] = [];
	/** By number, the last line that answers it, and when that was. */
	readonly #answers = new Map<number, WireLine>();
	readonly #byNumber = new Map<number, WireLine>();
	readonly version: Signal<number> = version();
	/** Not told, as there were too many. */
	skipped = 0;

	/** Oldest first. */
	get lines(): readonly WireLine[] {
		return this.#lines;
	}

	add(lines: readonly WireLine[], skipped: number): void {
		this.skipped += skipped;
		const last = this.#lines.at(-1)?.number ?? 0;
		for (const line of lines) {
			// The first batch, after a new connection, has what is known already.
			if (line.number <= last) continue;
			this.#lines.push(line);
			this.#byNumber.set(line.number, line);
			if (line.answers !== undefined) this.#answers.set(line.answers, line);
		}
		if (this.#lines.length > MOST)
			for (const { number } of this.#lines.splice(0, this.#lines.length - MOST)) {
				this.#byNumber.delete(number);
				this.#answers.delete(number);
			}
		mark(this.version);
	}

	/** A desk that was started anew counts anew. */
	clear(): void {
		this.#lines = [];
		this.#answers.clear();
		this.#byNumber.clear();
		this.skipped = 0;
		mark(this.version);
	}

	answerTo({ number }: WireLine): WireLine | undefined {
		return this.#answers.get(number);
	}
	askedBy({ answers }: WireLine): WireLine | undefined {
		return answers === undefined ? undefined : this.#byNumber.get(answers);
	}
}

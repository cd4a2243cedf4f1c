/**
 * The time in which what a board was told (provision.ts) has to prove itself: kept when a broker takes the board, dropped
 * when none has in five minutes; then the board starts anew, as it was before. That is the one restart for want of a
 * broker, and it happens once for a change that somebody asked for. Stores nothing itself.
 */

import type { Timer, TimerHandle } from "../mqtt/io.js";
import type { Told } from "./io.js";

export interface TrialHost {
	readonly timer: Timer;
	report(line: string): void;
	/** False when this host cannot. */
	restart(): boolean;
}

/** Wi-Fi tries again every 30 s, a session every 60 s. */
const LONGEST = 300_000;

export default class Trial {
	readonly #host: TrialHost;
	readonly #provision: Told | undefined;
	#deadline: TimerHandle | undefined;

	constructor(host: TrialHost, provision: Told | undefined) {
		this.#host = host;
		this.#provision = provision;
		if (provision?.trying) this.#deadline = host.timer.set(() => this.#fail(), LONGEST);
	}

	/** A broker has taken the board. */
	online(): void {
		if (!this.#provision?.trying) return;
		this.close();
		const kept = this.#provision.keep();
		this.#host.report(`provision: ${kept ? "kept" : "could not be stored, the next start tries it again"}`);
	}

	close(): void {
		this.#host.timer.clear(this.#deadline);
		this.#deadline = undefined;
	}

	#fail(): void {
		this.#deadline = undefined;
		const dropped = this.#provision?.drop();
		this.#host.report(
			`provision: no broker within five minutes, ${dropped ? "back to what was before" : "and it could not be dropped"}`,
		);
		// Otherwise a restart would only try it again.
		if (dropped) this.#host.restart();
	}
}

/**
 * The broker's absence, as one output sees it. While it lasts the fail-safe runs. After a reconnect to a session that the
 * broker kept, a live command may be an old one, until none of the kind has come for a second. Says when, and which
 * command is not live; what an output does then is output.ts's.
 */

import type { TimerHandle } from "../../mqtt/io.js";
import type { Received } from "../../session/options.js";
import type { Device } from "../io.js";

export interface AbsenceOwner {
	/** The broker has been away for as long as the fail-safe allows. */
	lasted(): void;
	/** The broker has handed over what it kept. Not called where it kept nothing. */
	settled(): void;
}

/** After a reconnect to a session that the broker kept, what it had kept is over when it has been quiet for so long. */
const SETTLE = 1000;

export default class Absence {
	private readonly owner: AbsenceOwner;
	private readonly timer: Device["timer"];
	private allowed: number | undefined;
	private away = true;
	private unsettled = true;
	private failSafe: TimerHandle | undefined;
	private settle: TimerHandle | undefined;
	/** Kept, for whatever the broker kept sets the timer anew. */
	private readonly quiet = (): void => this.end();

	/** No broker yet: that counts as away. `allowed`: milliseconds until the fail-safe acts, if there is one. */
	constructor(owner: AbsenceOwner, timer: Device["timer"], allowed: number | undefined) {
		this.owner = owner;
		this.timer = timer;
		this.allowed = allowed;
		this.arm();
	}

	/** What comes may be what the broker kept while we were away. */
	get settling(): boolean {
		return this.unsettled;
	}

	/** Counts from now on, if the broker is away. */
	configure(allowed: number | undefined): void {
		this.allowed = allowed;
		this.disarm();
		if (this.away) this.arm();
	}

	/** The broker is there; `sessionPresent`: with what it kept. */
	online(sessionPresent: boolean): void {
		this.disarm();
		this.away = false;
		if (sessionPresent) this.await();
		else this.unsettled = false;
	}

	offline(): void {
		this.away = this.unsettled = true;
		this.timer.clear(this.settle);
		this.settle = undefined;
		this.arm();
	}

	/** Why a live command is not live, if so. `local`: something was done here since the connection was lost. */
	stale({ retain, duplicate }: Received, liveOnly: boolean, local: boolean): string {
		// Retained by mistake: it would switch at each reconnect, whatever has happened since.
		if (retain) return "a retained copy";
		const kept = this.unsettled || duplicate;
		if (!kept || !(liveOnly || (local && this.unsettled))) return "";
		// Where one was kept there may be more.
		if (this.settle) this.await();
		return liveOnly
			? "one that the broker had kept"
			: "one that the broker had kept, older than what was done here";
	}

	close(): void {
		this.disarm();
		this.timer.clear(this.settle);
		this.settle = undefined;
	}

	/** Waits until the broker has handed over what it kept. */
	private await(): void {
		this.timer.clear(this.settle);
		this.settle = this.timer.set(this.quiet, SETTLE);
	}

	private end(): void {
		this.settle = undefined;
		this.unsettled = false;
		this.owner.settled();
	}

	private arm(): void {
		if (this.allowed === undefined || this.failSafe) return;
		this.failSafe = this.timer.set(() => {
			this.failSafe = undefined;
			this.owner.lasted();
		}, this.allowed);
	}

	private disarm(): void {
		this.timer.clear(this.failSafe);
		this.failSafe = undefined;
	}
}

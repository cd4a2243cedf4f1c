/**
 * How long the broker has been away from one output, and whether it has sent all that it kept: after a reconnect to a session that
 * the broker kept, a message may be an old one until none has come for a second. Calls the output when the fail-safe is to act, and
 * when all was delivered; says of a live command whether it may be old (TOPICS.md, `set`). Switches and stores nothing.
 */

import { Deadline } from "../../session/deadline.js";
import type { Received } from "../../session/options.js";
import type { Device } from "../io.js";

/** The output. */
export interface FailSafeOwner {
	/** The broker has been away for as long as is allowed. */
	onLost(): void;
	/** The broker has delivered what it had kept, or `wait` is over. Not called where it kept nothing. */
	onSettled(): void;
}

/** Quiet for so long after a reconnect to a session that the broker kept: it has delivered what it had kept. */
const SETTLE = 1000;

export default class FailSafe {
	/** A message may be one that the broker kept while we were away. */
	settling = true;
	private allowed: number | undefined;
	private away = true;
	private readonly owner: FailSafeOwner;
	private readonly lost: Deadline;
	private readonly settled: Deadline;

	/** `allowed`: milliseconds without the broker until the fail-safe acts, if there is one. No broker yet: that counts as away. */
	constructor(timer: Device["timer"], allowed: number | undefined, owner: FailSafeOwner) {
		this.owner = owner;
		this.allowed = allowed;
		this.lost = new Deadline(timer, owner, owner.onLost);
		this.settled = new Deadline(timer, this, this.settle);
		this.arm();
	}

	/** Counts from now on, if the broker is away. */
	configure(allowed: number | undefined): void {
		this.allowed = allowed;
		this.lost.clear();
		if (this.away) this.arm();
	}

	/** The broker is there; `sessionPresent`: with what it kept. */
	online(sessionPresent: boolean): void {
		this.lost.clear();
		this.away = false;
		if (sessionPresent) this.wait();
		else this.settling = false;
	}

	offline(): void {
		this.away = this.settling = true;
		this.settled.clear();
		this.arm();
	}

	/** Why a command is not live, if so. `local`: something was done here since the connection was lost. */
	stale({ duplicate }: Received, liveOnly: boolean, local: boolean): string {
		const kept = this.settling || duplicate;
		if (!kept || !(liveOnly || (local && this.settling))) return "";
		// Where one was kept there may be more.
		if (this.settled.standing) this.wait();
		return liveOnly
			? "one that the broker had kept"
			: "one that the broker had kept, older than what was done here";
	}

	/** More may come: `onSettled` is called when none has for a second. */
	wait(): void {
		this.settled.set(SETTLE);
	}

	close(): void {
		this.lost.close();
		this.settled.close();
	}

	private settle(): void {
		this.settling = false;
		this.owner.onSettled();
	}

	private arm(): void {
		if (this.allowed !== undefined && !this.lost.standing) this.lost.set(this.allowed);
	}
}

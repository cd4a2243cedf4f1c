/**
 * The time in which what a board was told (provision.ts) has to prove itself: kept when it has been online for a minute and
 * can be commanded, so that whoever told it can tell it otherwise; dropped when it has not in five minutes, and then the
 * board starts anew, as it was before. That is the one restart for want of a broker, and it happens once for a change
 * that somebody asked for. Stores nothing itself.
 */

import type { Ticks, Timer, TimerHandle } from "../../mqtt/io.js";
import type { Device, Told } from "../io.js";

export interface TrialHost {
	readonly timer: Timer;
	readonly clock: Ticks;
	report(line: string): void;
	/** False when this host cannot. */
	restart(): boolean;
}

/** Wi-Fi tries again every 30 s, a session every 60 s. */
const LONGEST = 300_000;
/** A connection that stands for so long is stable for the session too; AWS closes one at once that its policy does not allow. */
const PROOF = 60_000;

/** What is on trial makes no board: as it was before, at once. */
export function abandon({ provision, restart }: Device): undefined {
	if (provision?.trying && provision.drop()) restart?.();
}

export default class Trial {
	private readonly host: TrialHost;
	private readonly told: Told | undefined;
	private readonly began: number;
	/** The end of the trial, or of its proof. */
	private timer: TimerHandle | undefined;
	/** The broker refuses to let it hear commands. */
	private deaf = false;

	constructor(host: TrialHost, told: Told | undefined) {
		this.host = host;
		this.told = told;
		this.began = host.clock.ticks;
		this.await();
	}

	/** The broker refused the subscription to commands; said before `online`. */
	refused(): void {
		this.deaf = true;
	}

	online(): void {
		if (this.told?.trying && !this.deaf) this.set(() => this.pass(), PROOF);
		this.deaf = false;
	}

	offline(): void {
		this.await();
	}

	close(): void {
		this.host.timer.clear(this.timer);
		this.timer = undefined;
	}

	/** What is left of the time. */
	private await(): void {
		if (!this.told?.trying) return;
		const passed = (this.host.clock.ticks - this.began) | 0;
		this.set(() => this.fail(), Math.max(LONGEST - passed, 0));
	}

	private set(callback: () => void, delay: number): void {
		this.close();
		this.timer = this.host.timer.set(callback, delay);
	}

	private pass(): void {
		this.timer = undefined;
		const kept = this.told?.keep();
		this.host.report(`provision: ${kept ? "kept" : "could not be stored, the next start tries it again"}`);
	}

	private fail(): void {
		this.timer = undefined;
		const dropped = this.told?.drop();
		this.host.report(
			`provision: no broker within five minutes, ${dropped ? "back to what was before" : "and it could not be dropped"}`,
		);
		// Otherwise a restart would only try it again.
		if (dropped) this.host.restart();
	}
}

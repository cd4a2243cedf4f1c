/**
 * Wall time and how far it can be trusted, for `ts` and `tsq` of each message:
 * `ntp` (kept true by the host or set by ECMA-419 §19's NTP client), `held` (went on from the last time known before
 * a restart, or from an NTP answer that is old), `uptime` (never known; milliseconds since this start).
 * Nothing but `ts` and `tsq` may depend on it: all else goes by ticks.
 */

import type { Timer, TimerHandle, With } from "../mqtt/io.js";
import type { Clock, NTP, NTPClass } from "./io.js";
import type Memory from "./memory.js";

const HOUR = 3_600_000;
const KEY = "time";
/** A crystal off by 50 ppm has strayed 4 s after a day. */
const TRUSTED = 24 * HOUR;
const AGAIN = 6 * HOUR;
const RETRY = Object.freeze({ minimum: 15_000, maximum: HOUR, answer: 10_000 });

export interface TimeOptions {
	readonly clock: Clock;
	readonly timer: Timer;
	readonly memory: Memory;
	readonly ntp?: With<NTPClass> | undefined;
	readonly onReport: (line: string) => void;
}

export default class Time {
	private readonly clock: Clock;
	private readonly timer: Timer;
	private readonly memory: Memory;
	private readonly options: TimeOptions;
	private ticks: number;
	private sinceStart = 0;
	/** Uptime of the last answer of an NTP server, or -1. */
	private answered = -1;
	private held = false;
	private hourly: TimerHandle;
	private client: NTP | undefined;
	private attempt: TimerHandle | undefined;
	private delay: number = RETRY.minimum;
	private trust = "uptime";
	/** Called when NTP has answered. */
	onKnown: (() => void) | undefined;

	constructor(options: TimeOptions) {
		this.options = options;
		this.clock = options.clock;
		this.timer = options.timer;
		this.memory = options.memory;
		this.ticks = options.clock.ticks;
		this.resume();
		// Also keeps `uptime` right: ticks wrap, so they must be looked at now and then.
		this.hourly = options.timer.repeat(() => this.keep(), HOUR);
		if (options.ntp) this.attempt = options.timer.set(() => this.ask(), 0);
	}

	/** `ts` for a message of now. Then `quality` is its `tsq`. */
	now(): number {
		const uptime = this.uptime;
		const fresh = this.answered >= 0 && uptime - this.answered < TRUSTED;
		if (fresh || this.clock.synchronized) this.trust = "ntp";
		else if (this.held || this.answered >= 0) this.trust = "held";
		else {
			this.trust = "uptime";
			return uptime;
		}
		return this.clock.time;
	}
	/** There is a wall time, if perhaps a held one. */
	get known(): boolean {
		this.now();
		return this.trust !== "uptime";
	}
	/** Of the last `now()`. */
	get quality(): string {
		return this.trust;
	}
	/** Milliseconds since this start, not wrapping. */
	get uptime(): number {
		const { ticks } = this.clock;
		this.sinceStart += (ticks - this.ticks) | 0;
		this.ticks = ticks;
		return this.sinceStart;
	}

	/** The network is there: whoever waits for the time does not wait for a turn that was put off while it was not. */
	hurry(): void {
		if (!this.attempt || this.known) return;
		this.delay = RETRY.minimum;
		this.ask();
	}

	close(): void {
		this.keep();
		this.timer.clear(this.hourly);
		this.timer.clear(this.attempt);
		this.attempt = undefined;
		this.hangUp();
	}

	/** Goes on from the last time known. A clock that ran through the restart is further and stays. */
	private resume(): void {
		const { t } = this.memory.get(KEY);
		if (this.clock.synchronized || typeof t !== "number") return;
		this.held = true;
		if (this.clock.time < t) this.set(t);
	}

	private keep(): void {
		const time = this.now();
		// Held time is kept too, or a board without NTP would stand still at each restart.
		if (this.trust !== "uptime") this.memory.put(KEY, { t: time });
	}

	private set(time: number): void {
		try {
			this.clock.time = time;
		} catch {
			this.options.onReport("time: this host's clock cannot be set");
		}
	}

	private ask(): void {
		this.hangUp();
		const ntp = this.options.ntp as With<NTPClass>;
		// The answer may never come: then this timer asks anew.
		this.wait(RETRY.answer + this.delay);
		this.delay = Math.min(this.delay * 2, RETRY.maximum);
		try {
			const client = new ntp.io(ntp);
			this.client = client;
			client.getTime((error, time) => {
				if (client === this.client) this.answer(error, time);
			});
		} catch {
			this.options.onReport("time: the NTP client does not start");
		}
	}

	private answer(error: Error | null, time: number | undefined): void {
		if (!this.attempt) return;
		if (error || typeof time !== "number" || !(time > 0)) {
			this.options.onReport("time: no answer from the NTP servers");
			return;
		}
		this.set(time);
		this.answered = this.uptime;
		this.delay = RETRY.minimum;
		this.wait(AGAIN);
		this.keep();
		this.options.onReport("time: set by NTP");
		this.onKnown?.();
	}

	private wait(delay: number): void {
		this.timer.clear(this.attempt);
		this.attempt = this.timer.set(() => this.ask(), delay);
	}

	private hangUp(): void {
		const client = this.client;
		this.client = undefined;
		try {
			client?.close();
		} catch {
			// It is gone either way.
		}
	}
}

/**
 * Wall time and its quality, for `ts` and `tsq` of each message: `ntp` (kept by the host, or set by ECMA-419 §19's NTP client),
 * `held` (continued from the last time before a restart, or from an old NTP answer), `uptime` (never known; milliseconds since
 * this start). Certificates need it too, so `watch` delays a network for TLS. Everything else uses ticks. An NTP answer that is
 * implausible must be confirmed by a second one; plain NTP is not authenticated, and this does not make it so.
 */

import type { TimerHandle, With } from "../mqtt/io.js";
import { Deadline } from "../session/deadline.js";
import type { Clock, Device, NTP, NTPClass } from "./io.js";
import type { default as Memory, Room } from "./memory.js";

const HOUR = 3_600_000;
const KEY = "time";
// Each once, for a preloaded module copies a literal of a function at each use; with the name before it, since a sample costs
// 200 instructions less for one piece of text than for two.
const SYNCHRONIZED = ',"tsq":"ntp"';
const HELD = ',"tsq":"held"';
const UPTIME = ',"tsq":"uptime"';
export const timeRoom: Room = Object.freeze([KEY, 32] as const);
/** No board with this firmware was there before. To be raised with each release. */
const RELEASED = 1_767_225_600_000; // 2026-01-01
const RETRY = Object.freeze({ minimum: 15_000, maximum: HOUR, answer: 10_000 });

type Watch = NonNullable<Device["network"]["watch"]>;

export interface TimeParts {
	readonly device: Pick<Device, "clock" | "timer"> & { readonly network: Pick<Device["network"], "ntp"> };
	readonly memory: Memory;
	readonly publisher: { report(line: string): void };
}

export default class Time {
	private readonly clock: Clock;
	private readonly parts: TimeParts;
	private readonly ntp: With<NTPClass> | undefined;
	private ticks: number;
	private sinceStart: number;
	/** Uptime of the last answer of an NTP server, or -1. */
	private answered: number;
	private held: boolean;
	private hourly: TimerHandle;
	private client: NTP | undefined;
	private readonly turn: Deadline;
	private delay: number;
	/** The quality of the last `now()`, as messages have it behind `ts`. */
	tsq: string;
	/** The time at the start of this board according to a doubtful answer. */
	private doubtful: number | undefined;
	private tell: (() => void) | undefined;

	constructor(parts: TimeParts) {
		const { clock, timer, network } = parts.device;
		// What a sample needs is among the first: XS looks for a field from the first on.
		this.clock = clock;
		this.ticks = clock.ticks;
		this.sinceStart = 0;
		this.tsq = UPTIME;
		this.answered = -1;
		this.held = false;
		this.delay = RETRY.minimum;
		this.parts = parts;
		this.ntp = network.ntp?.client;
		const t = parts.memory.get(KEY).t;
		if (!clock.synchronized && typeof t === "number") {
			// Continues from the last time that was stored. A clock that ran through the restart is later, and stays.
			this.held = true;
			if (clock.time < t) this.set(t);
		}
		// This also keeps `uptime` right: ticks wrap after 24.8 days.
		this.hourly = timer.repeat(() => this.keep(), HOUR);
		this.turn = new Deadline(timer, this, this.ask);
		if (this.ntp) this.turn.set(0);
	}

	/** `ts` for a message of now. Then `tsq` is its quality. A caller that has just asked for the uptime may hand it in. */
	now(uptime = this.uptime): number {
		const clock = this.clock;
		// A crystal that is off by 50 ppm is 4 s off after a day.
		if (clock.synchronized || (this.answered >= 0 && uptime - this.answered < 24 * HOUR))
			this.tsq = SYNCHRONIZED;
		else if (this.held || this.answered >= 0) this.tsq = HELD;
		else {
			this.tsq = UPTIME;
			return uptime;
		}
		return clock.time;
	}
	/** There is a wall time, perhaps a held one. */
	get known(): boolean {
		this.now();
		return this.tsq !== UPTIME;
	}
	/** The quality of the last `now()` by itself: `ntp`, `held` or `uptime`. */
	get quality(): string {
		return this.tsq.slice(8, -1);
	}
	/** Milliseconds since this start, not wrapping. `keep` moves what it counts from: done at each reading it cost 400 instructions of a sample. */
	get uptime(): number {
		return this.sinceStart + ((this.clock.ticks - this.ticks) | 0);
	}

	/**
	 * The network as a session sees it that needs the time, since no certificate can be checked without: down until the host's
	 * network is up and the time is known. The session's own deadline for a network bounds the wait.
	 */
	watch(host: Watch | undefined): Watch | undefined {
		// Without NTP the time will never be known.
		if (!this.ntp || this.known) return host;
		return changed => {
			let up = host === undefined;
			let told = false;
			this.tell = () => {
				const now = up && this.known;
				if (now !== told) changed(now);
				told = now;
			};
			changed(false);
			host?.(now => {
				up = now;
				// Asks now, not at the end of a delay that grew while there was no network.
				if (up && this.turn.standing && !this.known) {
					this.delay = RETRY.minimum;
					this.ask();
				}
				this.tell?.();
			});
		};
	}

	close(): void {
		this.keep();
		this.parts.device.timer.clear(this.hourly);
		this.turn.close();
		this.hangUp();
	}

	private keep(): void {
		const ticks = this.clock.ticks;
		this.sinceStart += (ticks - this.ticks) | 0;
		this.ticks = ticks;
		const time = this.now();
		// Held time is kept too, or a board without NTP would stand still at each restart.
		if (this.tsq !== UPTIME) this.parts.memory.put(KEY, { t: time });
	}

	private set(time: number): void {
		try {
			this.clock.time = time;
		} catch {
			this.report("this host's clock cannot be set");
		}
	}

	private ask(): void {
		this.hangUp();
		const ntp = this.ntp as With<NTPClass>;
		// If no answer comes, it asks again.
		this.turn.set(RETRY.answer + this.delay);
		this.delay = Math.min(this.delay * 2, RETRY.maximum);
		try {
			const client = new ntp.io(ntp);
			this.client = client;
			client.getTime((error, time) => {
				if (client === this.client) this.answer(error, time);
			});
		} catch {
			this.report("the NTP client does not start");
		}
	}

	private answer(error: Error | null, time: number | undefined): void {
		if (error || typeof time !== "number" || !(time > 0)) {
			this.report("no answer from the NTP servers");
			return;
		}
		if (!this.plausible(time)) {
			this.report("an answer that is not plausible, asked again");
			return;
		}
		this.set(time);
		this.answered = this.uptime;
		this.delay = RETRY.minimum;
		this.turn.set(6 * HOUR);
		this.keep();
		this.report("set by NTP");
		this.tell?.();
	}

	/** A wrong time that is stored would outlive the wrong answer, and end TLS. */
	private plausible(time: number): boolean {
		if (time < RELEASED) return false;
		const now = this.now();
		const away = time - (this.tsq === UPTIME ? RELEASED : now);
		const start = time - this.uptime;
		const { doubtful = Number.NaN } = this;
		// Believed at once from an hour back to a year ahead, and where two answers within a minute confirm each other.
		const right = (away > -HOUR && away < 365 * 24 * HOUR) || Math.abs(start - doubtful) < 60_000;
		// Servers that go on disagreeing are asked ever more rarely.
		if (!right) this.turn.set(this.doubtful === undefined ? 2000 : this.delay);
		this.doubtful = right ? undefined : start;
		return right;
	}

	private report(line: string): void {
		this.parts.publisher.report(`time: ${line}`);
	}

	private hangUp(): void {
		const client = this.client;
		this.client = undefined;
		try {
			client?.close();
		} catch {
			// It is of no more use either way.
		}
	}
}

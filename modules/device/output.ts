/**
 * One actuator and what may switch it: `set` (live commands), `desired` (retained, with a version), a button, the
 * fail-safe, the power-on policy. Reports what is in `state`. Field-notes §4: no old command over a newer one.
 * What was applied is stored before it is done and before the session acknowledges, so neither a restart nor a
 * redelivery does it twice: with the other order a power cut in between would replay it. Knows no pins: actuator.ts.
 */

import type { TimerHandle } from "../mqtt/io.js";
import { type Applied, powerOn, read, wishText } from "./applied.js";
import type { OutputDescription } from "./description.js";
import type { Actuator, ActuatorDriver, Device } from "./io.js";
import type { Incoming } from "./link.js";
import type Memory from "./memory.js";
import { keyOf } from "./memory.js";
import topics from "./topics.js";
import { parseWish, type Wish } from "./wish.js";

/** What an output needs of its board. */
export interface OutputHost {
	readonly memory: Memory;
	readonly timer: Device["timer"];
	readonly clock: Device["clock"];
	publishState(topic: string, payload: string): void;
	/** Nothing was changed, for this reason. */
	refuse(topic: string, error: string, cid?: string | number): void;
	/** A command that asked for an answer was carried out. */
	confirm(topic: string, cid: string | number): void;
	report(line: string): void;
}

export interface OutputOptions {
	readonly name: string;
	readonly description: OutputDescription;
	readonly driver: ActuatorDriver;
	/** For the driver's class. */
	readonly options: object;
}

/** A live-only output takes no command so soon after it came back: the broker may have kept it. */
const SETTLE = 1000;
/** The client has at most so many inbound messages unacknowledged that we know of. */
const SEEN = 8;
const BLINK = Object.freeze({ interval: 250, changes: 20 });

export default class Output {
	readonly name: string;
	readonly dimmable: boolean;
	readonly #host: OutputHost;
	readonly #key: string;
	readonly #actuator: Actuator;
	#description: OutputDescription;
	#state: Applied;
	#failSafe: TimerHandle | undefined;
	#blink: TimerHandle | undefined;
	#changes = 0;
	/** While `#settling`, live-only commands are refused: until these ticks, or for as long as we are away. */
	#settled = 0;
	#settling = true;
	#away = true;
	/** How often the actuator was written. */
	switches = 0;

	/** Throws what the actuator's class throws. */
	constructor(host: OutputHost, { name, description, driver, options }: OutputOptions) {
		this.name = name;
		this.dimmable = driver.dimmable ?? false;
		this.#host = host;
		this.#key = keyOf("o:", name);
		this.#description = description;
		this.#state = powerOn(read(host.memory.get(this.#key)), description);
		this.#actuator = new driver.io({
			...options,
			initialValue: this.#level(this.#state),
		});
		// No broker yet: that counts as offline.
		this.#arm();
	}

	get on(): boolean {
		return this.#state.on;
	}
	get description(): OutputDescription {
		return this.#description;
	}

	configure(description: OutputDescription): void {
		this.#description = description;
		this.#disarm();
		if (this.#away) this.#arm();
	}

	/** A message on `<name>/set`. */
	set(payload: Uint8Array, about: Incoming): void {
		const topic = topics.outputSet(this.name);
		const { duplicate, id } = about;
		const stale = this.#stale(about);
		if (stale) this.#refuse(topic, `expected a live message, found ${stale}: ignored`);
		else if (duplicate && this.#state.seen.includes(id))
			this.#host.report(`${topic}: delivered again, already done`);
		else if (payload.byteLength) {
			const wish = parseWish(payload);
			const list = id ? [...this.#state.seen, id].slice(-SEEN) : this.#state.seen;
			if ("error" in wish) this.#refuse(topic, wish.error, wish.cid);
			else this.#apply({ ...this.#state, ...this.#wished(wish), src: "set", seen: list }, topic, wish.cid);
		}
	}

	/** A message on `<name>/desired`; it comes retained from the broker's store and live from its sender. */
	desired(payload: Uint8Array): void {
		const topic = topics.outputDesired(this.name);
		// Empty clears the retained message: nobody wishes anything, which is not a wish for off.
		if (payload.byteLength === 0) return;
		const wish = parseWish(payload);
		if ("error" in wish) this.#refuse(topic, wish.error, wish.cid);
		else if (this.#description.liveOnly) this.#refuse(topic, "expected nothing: it takes live commands only");
		else {
			const old = this.#old(wish);
			const { ver = this.#state.ver } = wish;
			const next = { ...this.#state, ...this.#wished(wish), ver, wish: wishText(wish), src: "desired" };
			if (old) this.#host.report(`${topic}: ${old}`);
			else this.#apply(next, topic, wish.cid);
		}
	}

	/** The button: whoever stands before the thing sees what it does, so here, and only here, the other state is meant. */
	press(): void {
		this.#apply({ ...this.#state, on: !this.#state.on, src: "local" }, "button");
	}

	online(sessionPresent: boolean): void {
		this.#disarm();
		this.#away = false;
		this.#settling = sessionPresent;
		this.#settled = (this.#host.clock.ticks + SETTLE) | 0;
		// A new session counts its packet identifiers anew: what they say of an old one would be wrong.
		if (sessionPresent || this.#state.seen.length === 0) return;
		this.#state = { ...this.#state, seen: [] };
		this.#host.memory.put(this.#key, this.#state);
	}

	offline(): void {
		this.#away = this.#settling = true;
		this.#arm();
	}

	/** The retained state. */
	announce(): void {
		const { on, brightness, ver, src } = this.#state;
		const reported = {
			state: on ? "ON" : "OFF",
			...(this.dimmable && { brightness }),
			...(ver >= 0 && { ver }),
			src,
		};
		this.#host.publishState(topics.outputState(this.name), JSON.stringify(reported));
	}

	/** Blinks for a few seconds to be found, and changes no state. */
	identify(): void {
		this.#steady();
		this.#changes = BLINK.changes;
		this.#blink = this.#host.timer.repeat(() => {
			const lit = (--this.#changes & 1) === 1 ? !this.#state.on : this.#state.on;
			if (this.#changes === 0) this.#steady();
			else this.#write(lit ? 255 : 0);
		}, BLINK.interval);
	}

	close(): void {
		this.#steady();
		this.#disarm();
		try {
			this.#actuator.close();
		} catch {
			// It is of no more use either way.
		}
	}

	#apply(next: Applied, topic: string, cid?: string | number): void {
		this.#steady();
		const previous = this.#state;
		if (!this.#host.memory.put(this.#key, next))
			this.#host.report(`${topic}: could not be stored, a restart will not know it`);
		if (this.#level(next) !== this.#level(previous) && !this.#write(this.#level(next))) {
			// What was not done must not count as done when it is asked for again.
			this.#host.memory.put(this.#key, previous);
			this.#refuse(topic, "the actuator failed", cid);
			return;
		}
		this.#state = next;
		this.#host.report(`${this.name} ${next.on ? "on" : "off"} (${next.src})`);
		this.announce();
		if (cid !== undefined) this.#host.confirm(topic, cid);
	}

	/** Why a live command is not live, if so. */
	#stale({ retain, duplicate }: Incoming): string {
		// Retained by mistake: it would switch at each reconnect, whatever has happened since.
		if (retain) return "a retained copy";
		if (this.#description.liveOnly && (duplicate || !this.#live())) return "one that the broker had kept";
		return "";
	}

	/** Why a desired state is not newer than what was applied, if so. */
	#old(wish: Wish): string {
		if (wish.ver === undefined) return wishText(wish) === this.#state.wish ? "already done" : "";
		return wish.ver > this.#state.ver ? "" : `version ${wish.ver} is not newer than ${this.#state.ver}`;
	}

	#wished({ on, brightness }: Wish): { on: boolean; brightness: number } {
		return { on, brightness: (this.dimmable ? brightness : undefined) ?? this.#state.brightness };
	}

	#level({ on, brightness }: Applied): number {
		return on ? (this.dimmable ? brightness : 255) : 0;
	}

	#write(level: number): boolean {
		try {
			this.#actuator.write(level);
			this.switches++;
			return true;
		} catch {
			return false;
		}
	}

	#live(): boolean {
		if (this.#settling && !this.#away && ((this.#host.clock.ticks - this.#settled) | 0) >= 0)
			this.#settling = false;
		return !this.#settling;
	}

	#steady(): void {
		if (!this.#blink) return;
		this.#host.timer.clear(this.#blink);
		this.#blink = undefined;
		this.#write(this.#level(this.#state));
	}

	#arm(): void {
		const { failSafe } = this.#description;
		if (failSafe === undefined || this.#failSafe) return;
		this.#failSafe = this.#host.timer.set(() => {
			this.#failSafe = undefined;
			if (this.#state.on) this.#apply({ ...this.#state, on: false, src: "failsafe" }, "fail-safe");
		}, failSafe);
	}

	#disarm(): void {
		this.#host.timer.clear(this.#failSafe);
		this.#failSafe = undefined;
	}

	#refuse(topic: string, error: string, cid?: string | number): void {
		this.#host.refuse(topic, error, cid);
	}
}

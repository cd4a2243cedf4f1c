/**
 * Brings one actuator to the level that is meant: a write that failed is tried again after 1, 2, 4 … 60 s, and told once.
 * Blinks, so that the thing is found, and then shows again what is meant. Knows levels only: why one is meant is
 * output.ts's, how it reaches a pin actuator.ts's.
 */

import type { TimerHandle } from "../../mqtt/io.js";
import type { Actuator, ActuatorDriver, Device } from "../io.js";

/** Called from inside `bring` too. */
export interface ActuationOwner {
	/** The actuator shows what it was to be brought to. Once for each `bring`. */
	shown(): void;
	/** A write failed and is tried again. Once for each `bring`; a blinking that ends so before any has one more. */
	failed(): void;
	/** It is time to try again; the actuator has its turn after this. */
	retry(): void;
}

export interface ActuationOptions {
	readonly timer: Device["timer"];
	readonly driver: ActuatorDriver;
	/** For the driver's class. */
	readonly options: object;
	/** What it starts with, 0…255. */
	readonly level: number;
}

const RETRY = Object.freeze({ minimum: 1000, maximum: 60_000 });
const BLINK = Object.freeze({ interval: 250, changes: 20 });

export default class Actuation {
	private readonly owner: ActuationOwner;
	private readonly timer: Device["timer"];
	private readonly actuator: Actuator;
	/** What is meant. */
	private level: number;
	/** What the actuator was last brought to. */
	private shown: number;
	/** A write failed or the lamp blinks: nobody knows what the actuator shows. */
	private unsure = false;
	/** The owner waits to hear that the level is shown. */
	private due = false;
	/** The owner has heard that it failed. */
	private told = false;
	private retry: TimerHandle | undefined;
	private delay: number = RETRY.minimum;
	private blinking: TimerHandle | undefined;
	private changes = 0;
	/** Kept, for what is broken is tried for as long as it is. */
	private readonly later = (): void => this.tryAgain();

	/** Throws what the actuator's class throws. */
	constructor(owner: ActuationOwner, { timer, driver, options, level }: ActuationOptions) {
		this.owner = owner;
		this.timer = timer;
		this.level = this.shown = level;
		this.actuator = new driver.io({ ...options, initialValue: level });
	}

	/** Now, or as soon as the actuator does it. Ends the blinking. */
	bring(level: number): void {
		this.steady();
		this.level = level;
		this.due = true;
		this.told = false;
		this.delay = RETRY.minimum;
		this.show();
	}

	/** Calls `retry` after the delay, whatever stood; the owner may have something of its own to try again. */
	again(): void {
		this.timer.clear(this.retry);
		this.retry = this.timer.set(this.later, this.delay);
	}

	/** For a few seconds, to be found. What is meant stays. */
	blink(): void {
		this.steady();
		this.changes = BLINK.changes;
		this.blinking = this.timer.repeat(() => this.change(), BLINK.interval);
	}

	/** Leaves the actuator at what is meant. */
	close(): void {
		if (this.blinking) this.write(this.level);
		this.steady();
		this.timer.clear(this.retry);
		this.retry = undefined;
		try {
			this.actuator.close();
		} catch {
			// It is of no more use either way.
		}
	}

	private tryAgain(): void {
		this.retry = undefined;
		this.delay = Math.min(this.delay * 2, RETRY.maximum);
		this.owner.retry();
		if (!this.blinking) this.show();
	}

	/** Brings the actuator to what is meant; what fails is tried again. */
	private show(): void {
		const level = this.level;
		if ((this.unsure || level !== this.shown) && !this.write(level)) {
			this.unsure = true;
			this.fail();
			return;
		}
		this.unsure = false;
		this.shown = level;
		if (!this.due) return;
		this.due = false;
		this.owner.shown();
	}

	private fail(): void {
		if (!this.told) this.owner.failed();
		this.told = true;
		this.again();
	}

	/** Every other time the opposite of what is meant, so that the first is one that is seen. */
	private change(): void {
		const opposite = --this.changes & 1;
		if (this.changes > 0) this.write((opposite === 1) === (this.level === 0) ? 255 : 0);
		else {
			this.steady();
			this.show();
		}
	}

	/** Ends the blinking, wherever it is. */
	private steady(): void {
		if (!this.blinking) return;
		this.timer.clear(this.blinking);
		this.blinking = undefined;
		this.unsure = true;
	}

	private write(level: number): boolean {
		try {
			this.actuator.write(level);
			return true;
		} catch {
			return false;
		}
	}
}

/**
 * Brings one actuator to the level that is meant: a write that failed is tried again after 1, 2, 4 … 60 s, and reported
 * once. Blinks, so that the actuator is found, and then shows again the level that is meant. Knows levels only: output.ts
 * knows why one is meant, and the actuator's class (lamp.ts has the lamp's) how it reaches a pin.
 */

import type { TimerHandle } from "../../mqtt/io.js";
import type { Actuator, ActuatorDriver, Device } from "../io.js";

export interface DriveOptions {
	readonly timer: Device["timer"];
	readonly driver: ActuatorDriver;
	/** For the driver's class. */
	readonly options: object;
	/** Of the start, 0…255. */
	readonly level: number;
	readonly owner: DriveOwner;
}

/** The output. */
export interface DriveOwner {
	/** The actuator shows the level it was to be brought to. Once for each `bring`, perhaps inside it. */
	onShown(): void;
	/** A write failed and is tried again. Once for each `bring`; a blinking that ends so before any has one more. */
	onFailed(): void;
	/** It is time to try again; the actuator has its turn after this. */
	onRetry(): void;
}

const RETRY = Object.freeze({ minimum: 1000, maximum: 60_000 });
const BLINK = Object.freeze({ interval: 250, changes: 20 });

export default class Drive {
	private readonly owner: DriveOwner;
	private readonly timer: Device["timer"];
	private readonly actuator: Actuator;
	/** The level that is meant. */
	private level: number;
	/** The level that the actuator was last brought to. */
	private shown: number;
	/** A write failed or the lamp blinks: the actuator may show anything. */
	private unsure = false;
	/** `onShown` is to be called. */
	private awaited = false;
	/** `onFailed` was called. */
	private reported = false;
	private retry: TimerHandle | undefined;
	private delay: number = RETRY.minimum;
	private blinker: TimerHandle | undefined;
	private changes = 0;

	/** Throws what the actuator's class throws. */
	constructor(options: DriveOptions) {
		const { timer, driver, level } = options;
		this.owner = options.owner;
		this.timer = timer;
		this.level = this.shown = level;
		this.actuator = new driver.io({ ...options.options, initialValue: level });
	}

	/** Now, or as soon as the actuator does it. Ends the blinking. */
	bring(level: number): void {
		this.steady();
		this.level = level;
		this.awaited = true;
		this.reported = false;
		this.delay = RETRY.minimum;
		this.show();
	}

	/** Calls `onRetry` after the delay, in place of a retry that is set; the owner may have something of its own to try again. */
	again(): void {
		this.timer.clear(this.retry);
		this.retry = this.timer.set(() => {
			this.retry = undefined;
			this.delay = Math.min(this.delay * 2, RETRY.maximum);
			this.owner.onRetry();
			if (!this.blinker) this.show();
		}, this.delay);
	}

	/** For a few seconds, to be found. The level that is meant stays. */
	blink(): void {
		this.steady();
		this.changes = BLINK.changes;
		this.blinker = this.timer.repeat(() => this.change(), BLINK.interval);
	}

	/** Leaves the actuator at the level that is meant. */
	close(): void {
		if (this.blinker) this.flash(this.level);
		this.steady();
		this.timer.clear(this.retry);
		this.retry = undefined;
		try {
			this.actuator.close();
		} catch {
			// It is of no more use either way.
		}
	}

	/** Brings the actuator to the level that is meant; a failure is tried again. */
	private show(): void {
		const level = this.level;
		// The write itself is here: a frame less on top of the command's stack.
		if (this.unsure || level !== this.shown)
			try {
				this.actuator.write(level);
			} catch {
				this.unsure = true;
				if (!this.reported) this.owner.onFailed();
				this.reported = true;
				this.again();
				return;
			}
		this.unsure = false;
		this.shown = level;
		if (!this.awaited) return;
		this.awaited = false;
		this.owner.onShown();
	}

	/** Every other time the opposite of what is meant, so that the first is one that is seen. */
	private change(): void {
		const opposite = --this.changes & 1;
		if (this.changes > 0) this.flash((opposite === 1) === (this.level === 0) ? 255 : 0);
		else {
			this.steady();
			this.show();
		}
	}

	/** Ends the blinking, at either level. */
	private steady(): void {
		if (!this.blinker) return;
		this.timer.clear(this.blinker);
		this.blinker = undefined;
		this.unsure = true;
	}

	/** A write that may fail. */
	private flash(level: number): void {
		try {
			this.actuator.write(level);
		} catch {
			// The end of the blinking, or the next start, makes up for it.
		}
	}
}

/**
 * Brings one actuator to the state that is meant (newest.ts), publishes the state that it shows, and answers the command that moved it
 * (DESIGN.md, "Outputs"). What fails, a write or the storing of a local action, is tried again after 1, 2, 4 … 60 s; a failed write is
 * reported once. Blinks, so that the actuator is found. How a level reaches a pin is in the actuator's class (pins.ts has the lamp's).
 */

import type { TimerHandle } from "../../mqtt/io.js";
import type { Actuator, ActuatorDriver, Device } from "../io.js";
import type Publisher from "../publisher.js";
import topics from "../topics.js";
import type Newest from "./newest.js";
import type { State } from "./newest.js";

export interface DriveParts {
	readonly timer: Device["timer"];
	readonly publisher: Pick<Publisher, "confirm" | "refuse" | "report" | "soon" | "state">;
}

export interface DriveOptions {
	readonly name: string;
	readonly driver: ActuatorDriver;
	/** For the driver's class. */
	readonly options: object;
}

const RETRY = Object.freeze({ minimum: 1000, maximum: 60_000 });
const BLINK = Object.freeze({ interval: 250, changes: 20 });

export default class Drive {
	/** What the actuator was last brought to. */
	shown: State;
	private readonly newest: Newest;
	private readonly timer: Device["timer"];
	private readonly publisher: DriveParts["publisher"];
	private readonly name: string;
	private readonly dimmable: boolean;
	private readonly actuator: Actuator;
	/** What moves the actuator, and the cid of its answer. */
	private cause: string;
	private cid: string | number | undefined;
	/** A write failed or the lamp blinks: the actuator may show anything. */
	private unsure = false;
	/** `state` and answer are to follow once the actuator shows what is meant. */
	private awaited = false;
	/** A failure was reported. */
	private reported = false;
	private retry: TimerHandle | undefined;
	private delay: number = RETRY.minimum;
	private blinker: TimerHandle | undefined;
	private changes = 0;

	/** Throws what the actuator's class throws. */
	constructor({ timer, publisher }: DriveParts, options: DriveOptions, newest: Newest) {
		const { name, driver } = options;
		this.newest = newest;
		this.timer = timer;
		this.publisher = publisher;
		this.name = this.cause = name;
		this.dimmable = driver.dimmable ?? false;
		this.shown = newest.state;
		const initialValue = this.levelOf(this.shown);
		this.actuator = new driver.io({ ...options.options, initialValue });
	}

	/** Shows what is meant, now or as soon as the actuator does it. Ends the blinking. */
	bring(cause: string, cid?: string | number): void {
		this.steady();
		this.cause = cause;
		this.cid = cid;
		this.awaited = true;
		this.reported = false;
		this.delay = RETRY.minimum;
		this.show();
	}

	/** The retained state: what the actuator was brought to. */
	announce(): void {
		const { on, brightness, ver, src } = this.shown;
		// What is undefined is left out of the text.
		const text = JSON.stringify({
			state: on ? "ON" : "OFF",
			brightness: this.dimmable ? brightness : undefined,
			ver: ver < 0 ? undefined : ver,
			src,
		});
		this.publisher.state(topics.outputState(this.name), text);
	}

	/** Stores what is meant. False when it could not; where it may yet be, it is tried again. */
	save(): boolean {
		const stored = this.newest.save();
		if (this.newest.unsaved) this.again();
		return stored;
	}

	/** For a few seconds, to be found. What is meant stays. */
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
		try {
			this.actuator.close();
		} catch {
			// It is of no more use either way.
		}
	}

	/** Of what is meant, 0…255. */
	private get level(): number {
		return this.levelOf(this.newest.state);
	}

	private levelOf({ on, brightness }: State): number {
		return on ? (this.dimmable ? brightness : 255) : 0;
	}

	private show(): void {
		const { level, publisher } = this;
		const state = this.newest.state;
		// The write itself is here: a frame less on top of the command's stack.
		if (this.unsure || level !== this.levelOf(this.shown))
			try {
				this.actuator.write(level);
			} catch {
				this.unsure = true;
				if (!this.reported) publisher.refuse(this.cause, "the actuator failed, it is tried again", this.cid);
				this.reported = true;
				this.again();
				return;
			}
		this.unsure = false;
		this.shown = state;
		if (!this.awaited) return;
		this.awaited = false;
		publisher.report(`${this.name} ${state.on ? "on" : "off"} (${state.src})`);
		// In turns of their own, not on top of the command's stack.
		publisher.soon(this);
		if (this.cid !== undefined) publisher.confirm(this.cause, this.cid);
	}

	/** In place of a retry that is set. */
	private again(): void {
		this.timer.clear(this.retry);
		this.retry = this.timer.set(() => {
			this.retry = undefined;
			this.delay = Math.min(this.delay * 2, RETRY.maximum);
			if (this.newest.unsaved) this.save();
			if (!this.blinker) this.show();
		}, this.delay);
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

/**
 * The half of an output that brings its actuator to the state that is meant (newest.ts), publishes the state that it shows, and answers the
 * command that moved it (DESIGN.md, "Outputs"). What fails, a write or the storing of a local action, is tried again after 1, 2, 4 … 60 s; a
 * failed write is reported once. Blinks, so that the actuator is found. What may switch it is in output.ts, how a level reaches a pin in the
 * actuator's class (pins.ts has the lamp's).
 */

import type { TimerHandle } from "../../mqtt/io.js";
import type { OutputDescription } from "../description/description.js";
import type { Actuator, ActuatorDriver, Device } from "../io.js";
import type Memory from "../memory.js";
import type Publisher from "../publisher.js";
import topics from "../topics.js";
import Newest, { type State } from "./newest.js";

/** The objects that the outputs of a board share. */
export interface DriveParts {
	readonly timer: Device["timer"];
	readonly memory: Memory;
	readonly publisher: Pick<
		Publisher,
		"acknowledged" | "confirm" | "online" | "refuse" | "report" | "soon" | "state"
	>;
}

export interface OutputOptions {
	readonly name: string;
	readonly description: OutputDescription;
	readonly driver: ActuatorDriver;
	/** For the driver's class. */
	readonly options: object;
}

const RETRY = Object.freeze({ minimum: 1000, maximum: 60_000 });
const BLINK = Object.freeze({ interval: 250, changes: 20 });
/** In place of a level: the actuator may show anything. */
const UNKNOWN = -1;

/**
 * | | it means | `bring` | a write succeeds | a write fails |
 * |---|---|---|---|---|
 * | Shown | `state` and the answer were published | Moving | – (the end of blinking) | Failed |
 * | Moving | they are to follow | Moving | Shown | Failed |
 * | Failed | they are to follow, and the failure was reported | Moving | Shown | – |
 */
const Phase = Object.freeze({ Shown: 0, Moving: 1, Failed: 2 });

export default class Drive {
	readonly name: string;
	readonly dimmable: boolean;
	/** For the reading of others: a device shadow asks which version stands. */
	readonly newest: Newest;
	/** The state that the actuator was last brought to. */
	protected shown: State;
	protected readonly publisher: DriveParts["publisher"];
	private readonly timer: Device["timer"];
	private readonly actuator: Actuator;
	private phase: number = Phase.Shown;
	/** What the actuator was last brought to, 0…255, or UNKNOWN: a write failed since, or it blinks. */
	private level: number;
	/** What moves the actuator, and the cid of its answer. */
	private cause: string;
	private cid: string | number | undefined;
	private retry: TimerHandle | undefined;
	private delay: number = RETRY.minimum;
	private blinker: TimerHandle | undefined;

	/** Throws what the actuator's class throws. */
	constructor({ timer, memory, publisher }: DriveParts, options: OutputOptions) {
		const { name, description, driver } = options;
		this.name = this.cause = name;
		this.dimmable = driver.dimmable ?? false;
		this.newest = new Newest(memory, name, description);
		this.shown = this.newest.state;
		this.publisher = publisher;
		this.timer = timer;
		this.level = this.meant;
		this.actuator = new driver.io({ ...options.options, initialValue: this.level });
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

	/** Blinks for a few seconds, to be found. What is meant stays. */
	identify(): void {
		this.steady();
		let changes: number = BLINK.changes;
		this.blinker = this.timer.repeat(() => {
			changes--;
			// Every other time the opposite of what is meant, so that the first is one that is seen.
			const opposite = (changes & 1) === 1;
			if (changes > 0) this.flash(opposite === (this.meant === 0) ? 255 : 0);
			else {
				this.steady();
				this.show();
			}
		}, BLINK.interval);
	}

	/** Leaves the actuator at the level that is meant. */
	close(): void {
		if (this.blinker) this.flash(this.meant);
		this.steady();
		this.timer.clear(this.retry);
		try {
			this.actuator.close();
		} catch {
			// It is of no more use either way.
		}
	}

	/** Shows what is meant, now or as soon as the actuator does it. Ends the blinking. */
	bring(cause: string, cid?: string | number): void {
		this.steady();
		this.cause = cause;
		this.cid = cid;
		this.phase = Phase.Moving;
		this.delay = RETRY.minimum;
		this.show();
	}

	/** Stores what is meant. False when it could not; where it may yet be, it is tried again. */
	save(): boolean {
		const stored = this.newest.save();
		if (this.newest.unsaved) this.again();
		return stored;
	}

	/** The level that is meant, 0…255. */
	private get meant(): number {
		const { on, brightness } = this.newest.state;
		return on ? (this.dimmable ? brightness : 255) : 0;
	}

	private show(): void {
		const { name, publisher, meant, cause, cid } = this;
		// The write itself is here: a frame less on top of the command's stack.
		if (meant !== this.level)
			try {
				this.actuator.write(meant);
			} catch {
				if (this.phase !== Phase.Failed)
					publisher.refuse(cause, "the actuator failed, it is tried again", cid);
				this.phase = Phase.Failed;
				this.level = UNKNOWN;
				this.again();
				return;
			}
		this.level = meant;
		const state = this.newest.state;
		this.shown = state;
		if (this.phase === Phase.Shown) return;
		this.phase = Phase.Shown;
		this.cid = undefined;
		publisher.report(`${name} ${state.on ? "on" : "off"} (${state.src})`);
		// In turns of their own, not on top of the command's stack.
		publisher.soon(this);
		if (cid !== undefined) publisher.confirm(cause, cid);
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

	/** Ends the blinking, at either level. */
	private steady(): void {
		if (!this.blinker) return;
		this.timer.clear(this.blinker);
		this.blinker = undefined;
		this.level = UNKNOWN;
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

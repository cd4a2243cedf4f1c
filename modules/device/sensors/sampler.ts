/**
 * One sampling task: one sensor (ECMA-419 §13), asked at a fixed rate. A late sample does not shift the next one, and
 * what was missed is counted. A sensor that throws is asked again, then made anew, and disturbs no other. Does not
 * judge what it reads: sensor.ts does. A layer over measurement.ts, which publishes it.
 */

import type { Timer, TimerHandle } from "../../mqtt/io.js";
import { optionsFor, type SensorDescription } from "../description/description.js";
import { show } from "../description/validate.js";
import type { SensorDriver, Sensor as SensorIO } from "../io.js";
import type { Values } from "../json.js";
import type Publisher from "../publisher.js";
import type Time from "../time.js";
import Measurement from "./measurement.js";

/** The objects that the sampling tasks of a board share. */
export interface SamplerParts {
	readonly timer: Timer;
	readonly time: Time;
	readonly publisher: Publisher;
}

/** So many exceptions in a row, and the sensor is made anew. */
const PATIENCE = 3;
const SLACK = 2;
const ANEW = Object.freeze({ minimum: 1000, maximum: 60_000 });

export default abstract class Sampler extends Measurement {
	declare protected readonly parts: SamplerParts;
	/** Uptime at which the next sample is due; NaN before the first. */
	private due = Number.NaN;
	/** So many milliseconds late, and less, the timer keeps the rhythm by itself: 0 where it does not repeat with the period. */
	private slack = 0;
	/** Readings. */
	samples = 0;
	private sensor: SensorIO | undefined = undefined;
	private readonly driver: SensorDriver;
	private handle: TimerHandle | undefined;
	/** Failures since the last reading. */
	private failing = 0;
	/** The latest value, and its uptime, or that of the start. */
	protected last: number | undefined;
	protected latest: number;
	/** While values come and lie between them, no alert changes, and none has an edge that waits. Empty before the first sample. */
	protected lowest = Infinity;
	protected highest = -Infinity;
	// Absent until it is used: a sensor at work pays no slot for it.
	/** The part of a millisecond behind `due` (120 Hz is 8⅓ ms). */
	declare private fraction: number;
	/** Exceptions in a row. */
	declare private thrown: number;
	/** While there is no sensor: when it was last tried, and how long to wait. */
	declare private tried: number;
	declare private wait: number;
	declare missed?: number;
	declare failures?: number;

	constructor(parts: SamplerParts, description: SensorDescription, driver: SensorDriver) {
		super(parts, description);
		this.driver = driver;
		this.latest = parts.time.uptime;
	}

	/** For the alerts: a value that is not between `lowest` and `highest`, or `undefined` where there should have been one. `now`: uptime. */
	protected abstract look(value: number | undefined, now: number): void;

	/** The first sample begins the rhythm: what else a start has to do before it is not its delay. */
	start(): void {
		this.handle = this.parts.timer.set(Sampler.run, 0, 1);
		this.handle.owner = this;
	}

	/** A new rate, from the next sample on. */
	override configure(description: SensorDescription): void {
		super.configure(description);
		this.slack = 0;
		if (this.fraction) this.fraction = 0;
	}

	close(): void {
		this.parts.timer.clear(this.handle);
		this.handle = undefined;
		this.discard();
	}

	/** One callback for all tasks. */
	private static run(handle: TimerHandle): void {
		const self = handle.owner as Sampler;
		const parts = self.parts;
		const now = parts.time.uptime;
		let periods = 1;
		// A timer that is on time and repeats with the period is left alone: 60 units. That of an ESP32 does not drift.
		const late = now - self.due;
		if (late >= 0 && late < self.slack) self.due += self.description.every;
		else periods = self.step(now);
		let read = false;
		// The reading is here and not in a method, and one `try` holds it and all that follows: 45 units.
		try {
			const sensor = self.sensor ?? self.make(now);
			let value: number | undefined;
			if (sensor !== undefined) {
				const sample = sensor.sample();
				if (sample) value = sample[self.driver.quantity] as number;
				// A finite number, without `typeof` and a call: they make garbage.
				if ((value as number) - (value as number) !== 0 || value !== +(value as number))
					value = self.other(sample);
				else if (self.failing !== 0) self.recover();
			}
			read = true;
			// Alerts first: they must not wait. Two comparisons for all of them together: each by itself costs 80 units.
			if (value === undefined) self.look(value, now);
			else {
				self.samples++;
				self.last = value;
				self.latest = now;
				if (value <= self.lowest || value >= self.highest) self.look(value, now);
			}
			self.add(value, now, periods);
		} catch (error) {
			if (read) self.report(text(error));
			else self.broken(error, now, periods);
		}
	}

	/**
	 * Moves `due` on, and the timer to it: before the sample is taken, so that the time which that takes is not the next one's
	 * delay. Returns how many periods have gone by.
	 */
	private step(now: number): number {
		const every = this.description.every;
		if (Number.isNaN(this.due)) this.due = now;
		const late = now - this.due;
		const periods = late < every ? 1 : 1 + Math.floor(late / every);
		if (periods > 1) this.missed = (this.missed ?? 0) + periods - 1;
		const ahead = every * periods + (this.fraction ?? 0);
		const fraction = ahead % 1;
		if (fraction !== 0 || this.fraction) this.fraction = fraction;
		this.due += ahead - fraction;
		const delay = this.due > now ? this.due - now : 0;
		// With the delay for its repeat, or the simulator's would fire twice.
		this.parts.timer.schedule(this.handle as TimerHandle, delay, delay || 1);
		this.slack = delay === every ? SLACK : 0;
		return periods;
	}

	/** The sensor has thrown. */
	private broken(error: unknown, now: number, periods: number): void {
		this.fail(text(error));
		this.thrown = (this.thrown ?? 0) + 1;
		if (this.thrown >= PATIENCE || !this.sensor) this.anew(now);
		try {
			this.look(undefined, now);
			this.add(undefined, now, periods);
		} catch (error) {
			this.report(text(error));
		}
	}

	/** Nothing may stop the task, nor leave a callback of the host. */
	private report(line: string): void {
		this.parts.publisher.report(`${this.description.name}: ${line}`);
	}

	/** There is no number under the quantity's own name: it may be a path of several keys. */
	private other(sample: Values | undefined): number | undefined {
		const value = find(sample, this.driver.quantity);
		if (!Number.isFinite(value)) return this.refuse(sample, value);
		if (this.failing !== 0) this.recover();
		return value as number;
	}

	private refuse(sample: Values | undefined, value: unknown): undefined {
		this.thrown = 0;
		if (sample === undefined) this.fail("no reading");
		else this.fail(`${this.driver.quantity}: expected a number, found ${show(value)}`);
	}

	private recover(): void {
		this.report(`reads again after ${this.failing} failures`);
		this.wait = this.thrown = this.failing = 0;
	}

	private fail(why: string): void {
		this.failures = (this.failures ?? 0) + 1;
		// Once a series: at 200 Hz more would drown everything else.
		if (this.failing++ === 0) this.report(why);
	}

	/** None while it is too early to try. Throws what the class throws. */
	private make(now: number): SensorIO | undefined {
		if (this.wait && now - this.tried < this.wait) {
			this.failures = (this.failures ?? 0) + 1;
			this.failing++;
			return undefined;
		}
		const options = optionsFor(this.driver, this.description);
		let sensor: SensorIO | undefined;
		options.onError = () => {
			// The sensor is beyond help (§13); the next sample makes another.
			if (!sensor || sensor !== this.sensor) return;
			this.fail("the sensor has failed");
			this.anew(this.parts.time.uptime);
		};
		sensor = new this.driver.io(options);
		this.sensor = sensor;
		return sensor;
	}

	private anew(now: number): void {
		this.discard();
		this.thrown = 0;
		this.tried = now;
		this.wait = Math.min(Math.max((this.wait ?? 0) * 2, ANEW.minimum), ANEW.maximum);
	}

	private discard(): void {
		const sensor = this.sensor;
		this.sensor = undefined;
		try {
			sensor?.close();
		} catch {
			// It is of no more use either way.
		}
	}
}

const find = (sample: Values | undefined, quantity: string): unknown => {
	let value: unknown = sample;
	for (const key of quantity.split(".")) value = (value as Values | undefined)?.[key];
	return value;
};

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));

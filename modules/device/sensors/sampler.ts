/**
 * One sampling task: one sensor (ECMA-419 §13), asked at a fixed rate. A late sample does not shift the next one, and
 * what was missed is counted. A sensor that throws is asked again, then made anew, and disturbs no other. Does not
 * judge or publish what it reads: sensor.ts hands it on.
 */

import type { Timer, TimerHandle } from "../../mqtt/io.js";
import { optionsFor, type SensorDescription } from "../description/description.js";
import { show, type Values } from "../description/schema.js";
import type { SensorDriver, Sensor as SensorIO } from "../io.js";
import type Time from "../time.js";

/** Has what is sampled. */
export interface SampleOwner {
	/** At each sample that was due: its value or `undefined`, uptime, and how many periods it stands for (1 and those missed). */
	take(value: number | undefined, now: number, periods: number): void;
	report(line: string): void;
}

/** So many exceptions in a row, and the sensor is made anew. */
const PATIENCE = 3;
const ANEW = Object.freeze({ minimum: 1000, maximum: 60_000 });

export default class Sampler {
	private readonly owner: SampleOwner;
	private readonly time: Time;
	private readonly timer: Timer;
	private readonly driver: SensorDriver;
	private readonly description: SensorDescription;
	/** Where the value is in a sample: a key, or several. */
	private readonly key: string;
	private readonly path: readonly string[] | undefined;
	private every: number;
	/** Uptime at which the next sample is due, and the part of a millisecond behind it (120 Hz is 8⅓ ms); NaN before the first. */
	private due = Number.NaN;
	private fraction = 0;
	private handle: TimerHandle | undefined;
	private sensor: SensorIO | undefined;
	/** Failures since the last reading; exceptions among them in a row. */
	private failing = 0;
	private thrown = 0;
	/** While there is no sensor: when it was last tried, and how long to wait. */
	private tried = 0;
	private wait = 0;
	samples = 0;
	missed = 0;
	failures = 0;

	constructor(
		owner: SampleOwner,
		description: SensorDescription,
		driver: SensorDriver,
		timer: Timer,
		time: Time,
	) {
		this.owner = owner;
		this.description = description;
		this.driver = driver;
		this.timer = timer;
		this.time = time;
		const path = driver.quantity.split(".");
		this.key = path[0] as string;
		this.path = path.length > 1 ? path : undefined;
		this.every = description.every;
	}

	/** The first sample begins the rhythm: what else a start has to do before it is not its delay. */
	start(): void {
		this.handle = this.timer.set(() => this.run(), 0, 1);
	}

	/** A new rate, from the next sample on. */
	configure(every: number): void {
		this.every = every;
		this.fraction = 0;
	}

	close(): void {
		this.timer.clear(this.handle);
		this.handle = undefined;
		this.discard();
	}

	private run(): void {
		const now = this.time.uptime;
		const every = this.every;
		let periods = 1;
		// The next one is set first, so that the time that this one takes is not its delay. A timer repeats only so as to stand
		// until it is cleared; never before it is due, for the simulator's would then fire twice.
		const delay = this.due + every - now;
		if (delay > 0 && every % 1 === 0) {
			this.due += every;
			this.timer.schedule(this.handle as TimerHandle, delay, delay);
		} else periods = this.step(now);
		let read = false;
		// One `try` for the sensor and for its owner: 24 units.
		try {
			const value = this.read(now);
			read = true;
			this.owner.take(value, now, periods);
		} catch (error) {
			if (read) this.report(text(error));
			else this.broken(error, now, periods);
		}
	}

	/** Moves `due` on where the sample is the first or late, or the period not whole. Returns how many periods have gone by. */
	private step(now: number): number {
		const every = this.every;
		if (Number.isNaN(this.due)) this.due = now;
		const late = now - this.due;
		const periods = late < every ? 1 : 1 + Math.floor(late / every);
		this.missed += periods - 1;
		const ahead = every * periods + this.fraction;
		this.fraction = ahead % 1;
		this.due += ahead - this.fraction;
		const delay = this.due - now;
		if (delay > 0) this.timer.schedule(this.handle as TimerHandle, delay, delay);
		else this.timer.schedule(this.handle as TimerHandle, 0, 1);
		return periods;
	}

	/** Throws what the sensor throws. */
	private read(now: number): number | undefined {
		const sensor = this.sensor ?? this.make(now);
		if (sensor === undefined) return undefined;
		const sample = sensor.sample();
		// A loop over a path of one key costs 30 units and three slots.
		const value = (this.path === undefined && sample ? sample[this.key] : find(sample, this.path)) as number;
		// A finite number, without `typeof` and a call: they make garbage.
		if (value - value !== 0 || value !== +value) return this.refuse(sample, value);
		if (this.failing !== 0) this.recover();
		this.samples++;
		return value;
	}

	/** The sensor has thrown. */
	private broken(error: unknown, now: number, periods: number): void {
		this.fail(text(error));
		if (++this.thrown >= PATIENCE || !this.sensor) this.anew(now);
		try {
			this.owner.take(undefined, now, periods);
		} catch (error) {
			this.report(text(error));
		}
	}

	/** Nothing may stop the task, nor leave a callback of the host. */
	private report(line: string): void {
		this.owner.report(`${this.description.name}: ${line}`);
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
		this.failures++;
		// Once a series: at 200 Hz more would drown everything else.
		if (this.failing++ === 0) this.report(why);
	}

	/** None while it is too early to try. Throws what the class throws. */
	private make(now: number): SensorIO | undefined {
		if (this.wait && now - this.tried < this.wait) {
			this.failures++;
			this.failing++;
			return undefined;
		}
		const options = optionsFor(this.driver, this.description);
		let sensor: SensorIO | undefined;
		options.onError = () => {
			// The sensor is beyond help (§13); the next sample makes another.
			if (!sensor || sensor !== this.sensor) return;
			this.fail("the sensor has failed");
			this.anew(this.time.uptime);
		};
		sensor = new this.driver.io(options);
		this.sensor = sensor;
		return sensor;
	}

	private anew(now: number): void {
		this.discard();
		this.thrown = 0;
		this.tried = now;
		this.wait = Math.min(Math.max(this.wait * 2, ANEW.minimum), ANEW.maximum);
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

function find(sample: Values | undefined, path: readonly string[] = []): unknown {
	let value: unknown = sample ?? undefined;
	for (const key of path) value = (value as Values | undefined)?.[key];
	return value;
}

function text(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

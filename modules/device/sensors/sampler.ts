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
	private readonly path: readonly string[];
	private every: number;
	/** Uptime at which the next sample is due, and the part of a millisecond behind it (120 Hz is 8⅓ ms); -1 before the first. */
	private due = -1;
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
		this.path = driver.quantity.split(".");
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
		const { time, every } = this;
		const now = time.uptime;
		if (this.due < 0) this.due = now;
		const late = now - this.due;
		const periods = late < every ? 1 : 1 + Math.floor(late / every);
		this.missed += periods - 1;
		const ahead = every * periods + this.fraction;
		const whole = Math.floor(ahead);
		this.fraction = ahead - whole;
		this.due += whole;
		const value = this.read(now);
		try {
			this.owner.take(value, now, periods);
		} catch (error) {
			// Nothing may stop the task, nor leave a callback of the host.
			this.owner.report(`${this.description.name}: ${text(error)}`);
		}
		// Whoever got the sample may have closed this.
		if (!this.handle) return;
		const delay = this.due - time.uptime;
		// It repeats only so as to stand until it is cleared. Never before it is due: the simulator's timer would then fire twice.
		if (delay > 0) this.timer.schedule(this.handle, delay, delay);
		else this.timer.schedule(this.handle, 0, 1);
	}

	private read(now: number): number | undefined {
		try {
			if (!this.sensor && !this.make(now)) return undefined;
			const sample = (this.sensor as SensorIO).sample();
			this.thrown = 0;
			if (sample !== undefined) return this.accept(sample);
			this.fail("no reading");
		} catch (error) {
			this.fail(text(error));
			if (++this.thrown >= PATIENCE || !this.sensor) this.anew(now);
		}
		return undefined;
	}

	private accept(sample: Values): number | undefined {
		let value: unknown = sample;
		for (let i = 0; i < this.path.length; i++)
			value = (value as Values | undefined)?.[this.path[i] as string];
		if (typeof value !== "number" || !Number.isFinite(value)) {
			this.fail(`${this.driver.quantity}: expected a number, found ${show(value)}`);
			return undefined;
		}
		this.samples++;
		this.wait = 0;
		if (this.failing) {
			this.owner.report(`${this.description.name}: reads again after ${this.failing} failures`);
			this.failing = 0;
		}
		return value;
	}

	private fail(why: string): void {
		this.failures++;
		// Once a series: at 200 Hz more would drown everything else.
		if (this.failing++ === 0) this.owner.report(`${this.description.name}: ${why}`);
	}

	/** False while it is too early to try. Throws what the class throws. */
	private make(now: number): boolean {
		if (this.wait && now - this.tried < this.wait) {
			this.failures++;
			this.failing++;
			return false;
		}
		const options = optionsFor(this.driver, this.description);
		let sensor: SensorIO | undefined;
		options.onError = () => {
			// The sensor is beyond help (§13); the next sample makes another.
			if (sensor && sensor === this.sensor) this.anew(this.time.uptime);
		};
		sensor = new this.driver.io(options);
		this.sensor = sensor;
		return true;
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

function text(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/**
 * One sampling task: one sensor (ECMA-419 §13), asked at a fixed rate. A late sample does not shift the next one, and
 * what was missed is counted. A sensor that throws is asked again, then made anew, and disturbs nobody else. Does not
 * judge or publish what it reads: alarm.ts and report.ts.
 */

import type { Ticks, Timer, TimerHandle } from "../../mqtt/io.js";
import { optionsFor, type SensorDescription } from "../description/description.js";

import { show, type Values } from "../description/schema.js";
import type { Sensor, SensorDriver } from "../io.js";

export interface SamplerOptions {
	readonly description: SensorDescription;
	readonly driver: SensorDriver;
	readonly timer: Timer;
	readonly ticks: Ticks;
	/** At each sample that was due: its value or `undefined`, when, and for how many periods it stands (1 and those missed). */
	readonly onSample: (value: number | undefined, ticks: number, periods: number) => void;
	readonly onReport: (line: string) => void;
}

/** So many exceptions in a row, and the sensor is made anew. */
const PATIENCE = 3;
const ANEW = Object.freeze({ minimum: 1000, maximum: 60_000 });

export default class Sampler {
	private readonly options: SamplerOptions;
	private readonly timer: Timer;
	private readonly ticks: Ticks;
	private readonly path: readonly string[];
	private every: number;
	/** The first sample begins the rhythm: what else a start has to do before it is not its delay. */
	private begun = false;
	/** When the next sample is due, and the part of a millisecond that ticks cannot say (120 Hz is 8⅓ ms). */
	private due = 0;
	private fraction = 0;
	private handle: TimerHandle | undefined;
	private sensor: Sensor | undefined;
	/** Failures since the last reading; exceptions among them in a row. */
	private failing = 0;
	private thrown = 0;
	/** While there is no sensor: when it was last tried, and how long to wait. */
	private tried = 0;
	private wait = 0;
	samples = 0;
	missed = 0;
	failures = 0;

	constructor(options: SamplerOptions) {
		this.options = options;
		this.timer = options.timer;
		this.ticks = options.ticks;
		this.path = options.driver.quantity.split(".");
		this.every = options.description.every;
	}

	start(): void {
		this.tried = this.ticks.ticks;
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
		const now = this.ticks.ticks;
		if (!this.begun) {
			this.begun = true;
			this.due = now;
		}
		const late = (now - this.due) | 0;
		const missed = late < this.every ? 0 : Math.floor(late / this.every);
		this.missed += missed;
		const ahead = this.every * (missed + 1) + this.fraction;
		const whole = Math.floor(ahead);
		this.fraction = ahead - whole;
		this.due = (this.due + whole) | 0;
		const value = this.read(now);
		try {
			this.options.onSample(value, now, missed + 1);
		} catch (error) {
			// Nothing may stop the task, nor leave a callback of the host.
			this.options.onReport(`${this.options.description.name}: ${text(error)}`);
		}
		// Closed by whoever got the sample.
		if (!this.handle) return;
		const delay = (this.due - this.ticks.ticks) | 0;
		// It repeats only so as to stand until it is cleared. Never before it is due: the simulator's timer would then fire twice.
		if (delay > 0) this.timer.schedule(this.handle, delay, delay);
		else this.timer.schedule(this.handle, 0, 1);
	}

	private read(now: number): number | undefined {
		try {
			if (!this.sensor && !this.make(now)) return undefined;
			const sample = (this.sensor as Sensor).sample();
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
		for (const key of this.path) value = (value as Values | undefined)?.[key];
		if (typeof value !== "number" || !Number.isFinite(value)) {
			this.fail(`${this.options.driver.quantity}: expected a number, found ${show(value)}`);
			return undefined;
		}
		this.samples++;
		this.wait = 0;
		if (this.failing) {
			this.options.onReport(`${this.options.description.name}: reads again after ${this.failing} failures`);
			this.failing = 0;
		}
		return value;
	}

	private fail(why: string): void {
		this.failures++;
		// Once a series: at 200 Hz more would drown everything else.
		if (this.failing++ === 0) this.options.onReport(`${this.options.description.name}: ${why}`);
	}

	/** False while it is too early to try. Throws what the class throws. */
	private make(now: number): boolean {
		if (this.wait && ((now - this.tried) | 0) < this.wait) {
			this.failures++;
			this.failing++;
			return false;
		}
		const { driver, description } = this.options;
		const options = optionsFor(driver, description);
		let sensor: Sensor | undefined;
		options.onError = () => {
			// The sensor is beyond help (§13); the next sample makes another.
			if (sensor && sensor === this.sensor) this.anew(this.ticks.ticks);
		};
		sensor = new driver.io(options);
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

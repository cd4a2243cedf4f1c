/**
 * One sensor of the board (ECMA-419 §13) with all that follows from its samples (DESIGN.md, "Sampling"): asked at a fixed rate, for
 * measurements (measurement.ts, its lower layer), alerts, and the alert that says it gives nothing (`<sensor>-fault`). A late sample does
 * not shift the next one, and what was missed is counted. A sensor that throws is asked again, then made anew, and disturbs no other.
 */

import type { Timer, TimerHandle } from "../../mqtt/io.js";
import {
	type AlertDescription,
	type Description,
	faultName,
	optionsFor,
	type SensorDescription,
} from "../description/description.js";
import { show } from "../description/validate.js";
import type { SensorDriver, Sensor as SensorIO } from "../io.js";
import type { Values } from "../json.js";
import Alert, { type AlertParts, type Held } from "./alert.js";
import Measurement from "./measurement.js";
import type { Conditions } from "./threshold.js";

/** The objects that the sensors of a board share. */
export interface SensorParts extends AlertParts {
	readonly timer: Timer;
}

/** So many exceptions in a row, and the sensor is made anew. */
const PATIENCE = 3;
const SLACK = 2;
const ANEW = Object.freeze({ minimum: 1000, maximum: 60_000 });
/** Long enough that a sensor may skip readings now and then. */
const FAULT = Object.freeze({ periods: 3, minimum: 30_000 });

export default class Sensor extends Measurement {
	declare protected readonly parts: SensorParts;
	/** Uptime at which the next sample is due; NaN before the first. */
	private due = Number.NaN;
	/** So many milliseconds late, and less, the timer keeps the rhythm by itself: 0 where it does not repeat with the period. */
	private slack = 0;
	/** Readings. */
	samples = 0;
	private sensor: SensorIO | undefined = undefined;
	private readonly driver: SensorDriver;
	/** The sensor's own fault alert is the last. */
	readonly alerts: readonly Alert[];
	private handle: TimerHandle | undefined;
	/** Failures since the last reading. */
	private failing = 0;
	/** The latest value, and its uptime, or that of the start. */
	private last: number | undefined;
	private latest: number;
	/** While values come and lie between them, no alert changes, and none has an edge that waits. Empty before the first sample. */
	private lowest = Infinity;
	private highest = -Infinity;
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

	/** `alerts` are those on this sensor; `held` is only looked at here. */
	constructor(
		parts: SensorParts,
		description: SensorDescription,
		alerts: readonly AlertDescription[],
		driver: SensorDriver,
		held: Held,
	) {
		super(parts, description);
		this.driver = driver;
		this.latest = parts.time.uptime;
		this.alerts = [...alerts, fault(description)].map(conditions => new Alert(parts, conditions, held));
	}

	get name(): string {
		return this.description.name;
	}

	/** The first sample begins the rhythm: what else a start has to do before it is not its delay. */
	start(): void {
		this.handle = this.parts.timer.set(Sensor.run, 0, 1);
		this.handle.owner = this;
	}

	/** Takes what the board's new description says of this sensor and its alerts. An unchanged part is not disturbed. */
	adopt({ sensors, alerts }: Description): void {
		const description = sensors.find(({ name }) => name === this.name);
		if (description && differs(description, this.description)) this.configure(description);
		this.alerts.forEach(alert => {
			const own = alerts.find(({ name }) => name === alert.name) ?? fault(this.description);
			if (differs(own, alert.conditions)) alert.configure(own);
		});
		this.lowest = Infinity;
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
		this.flush();
	}

	/** One callback for all tasks. */
	private static run(handle: TimerHandle): void {
		const self = handle.owner as Sensor;
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

	/** Shows the alerts a value that is not between `lowest` and `highest`, or `undefined` where there should have been one. */
	private look(value: number | undefined, now: number): void {
		let low = -Infinity;
		let high = Infinity;
		const alerts = this.alerts;
		let count = alerts.length;
		// While values come, the sensor's own fault alert has nothing to say, unless it is ON or waits: 300 units of an edge.
		if (value !== undefined && (alerts[count - 1] as Alert).lowest === -Infinity) count--;
		for (let index = 0; index < count; index++) {
			const alert = alerts[index] as Alert;
			alert.look(value, now, this.latest, this.last);
			const lowest = alert.lowest;
			const highest = alert.highest;
			if (lowest > low) low = lowest;
			if (highest < high) high = highest;
		}
		this.lowest = low;
		this.highest = high;
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
		this.parts.publisher.report(`${this.name}: ${line}`);
	}

	/** There is no number under the quantity's own name: it may be a path of several keys. */
	private other(sample: Values | undefined): number | undefined {
		const { quantity } = this.driver;
		let value: unknown = sample;
		for (const key of quantity.split(".")) value = (value as Values | undefined)?.[key];
		if (Number.isFinite(value)) {
			if (this.failing !== 0) this.recover();
			return value as number;
		}
		this.thrown = 0;
		this.fail(sample === undefined ? "no reading" : `${quantity}: expected a number, found ${show(value)}`);
		return undefined;
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
			this.fail("no sensor");
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

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const fault = ({ name, every, faultAfter }: SensorDescription): Conditions => ({
	name: faultName(name),
	stale: faultAfter ?? Math.max(every * FAULT.periods, FAULT.minimum),
});

const differs = (one: object, other: object): boolean => JSON.stringify(one) !== JSON.stringify(other);

/** For `info`. */
export const counted = (sensors: readonly Sensor[]) => {
	const total = { samples: 0, missed: 0, sensorFailures: 0, edges: 0, edgesRefused: 0 };
	sensors.forEach(({ samples, missed = 0, failures = 0, alerts }) => {
		total.samples += samples;
		total.missed += missed;
		total.sensorFailures += failures;
		alerts.forEach(({ changes = 0, refusals = 0 }) => {
			total.edges += changes;
			total.edgesRefused += refusals;
		});
	});
	return total;
};

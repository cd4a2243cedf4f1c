/**
 * One sensor of the board with all that follows from its samples: measurements, alerts, and the alert that says it
 * gives nothing (`<sensor>-fault`). Hands each sample on; sampler.ts takes it.
 */

import {
	type AlertDescription,
	type Description,
	faultName,
	type SensorDescription,
} from "../description/description.js";
import type { Device, SensorDriver } from "../io.js";
import topics from "../topics.js";
import Alert, { type AlertParts, type Edges } from "./alert.js";
import Measurement from "./measurement.js";
import Sampler from "./sampler.js";

/** The objects that the sensors of a board share. */
export interface SensorParts extends AlertParts {
	readonly timer: Device["timer"];
}

/** Long enough that a sensor may skip readings now and then. */
const FAULT = Object.freeze({ periods: 3, minimum: 30_000 });

export default class Sensor {
	/** The sensor's own fault alert is the last. */
	readonly alerts: readonly Alert[];
	private readonly measurement: Measurement;
	/** The latest value, and its uptime. */
	private last: number | undefined;
	private latest = 0;
	/** While values come and lie within, no alert changes: each is OFF and has no edge that waits. Empty before the first sample. */
	private lowest = Infinity;
	private highest = -Infinity;
	readonly sampler: Sampler;
	private readonly parts: SensorParts;
	private readonly driver: SensorDriver;
	private settings: SensorDescription;

	/** `alerts` are those on this sensor; `edges` is only looked at here. */
	constructor(
		parts: SensorParts,
		description: SensorDescription,
		alerts: readonly AlertDescription[],
		driver: SensorDriver,
		edges: Edges,
	) {
		const { publisher, time, timer } = parts;
		this.parts = parts;
		this.settings = description;
		this.driver = driver;
		// Put together once and not at each sample.
		const topic = publisher.topic(topics.measurement(description.name));
		this.measurement = new Measurement(description, topic, time, publisher);
		this.alerts = [...alerts, fault(description)].map(alert => new Alert(parts, alert, edges));
		this.sampler = new Sampler(this, description, driver, timer, time);
	}

	get name(): string {
		return this.settings.name;
	}
	/** As ECMA-419 §14 names it. */
	get quantity(): string {
		return this.driver.quantity;
	}
	get description(): SensorDescription {
		return this.settings;
	}
	get unit(): string | undefined {
		return this.settings.unit ?? this.driver.unit;
	}

	start(): void {
		for (const alert of this.alerts) alert.start();
		this.sampler.start();
	}

	/** Takes what the board's new description says of this sensor and its alerts. An unchanged part is not disturbed. */
	adopt({ sensors, alerts }: Description): void {
		const description = sensors.find(({ name }) => name === this.name);
		if (description && differs(description, this.settings)) {
			this.settings = description;
			this.measurement.configure(description);
			this.sampler.configure(description.every);
		}
		for (const alert of this.alerts) {
			const own = alerts.find(({ name }) => name === alert.name) ?? fault(this.settings);
			if (differs(own, alert.description)) alert.configure(own);
		}
		this.lowest = Infinity;
	}

	close(): void {
		this.sampler.close();
		this.measurement.flush();
	}

	/** Of the sampler. Alerts first: they must not wait. */
	take(value: number | undefined, now: number, periods: number): void {
		if (value !== undefined) {
			this.last = value;
			this.latest = now;
		}
		// Two comparisons for all alerts together: each by itself costs 80 units.
		if (value === undefined || value < this.lowest || value > this.highest) {
			this.lowest = -Infinity;
			this.highest = Infinity;
			for (const alert of this.alerts) {
				alert.update(value, now, this.last, this.latest);
				this.lowest = Math.max(this.lowest, alert.lowest);
				this.highest = Math.min(this.highest, alert.highest);
			}
		}
		this.measurement.add(value, now, periods);
	}
	report(line: string): void {
		this.parts.publisher.report(line);
	}
}

function fault({ name, every, faultAfter }: SensorDescription): AlertDescription {
	const stale = faultAfter ?? Math.max(every * FAULT.periods, FAULT.minimum);
	return { name: faultName(name), sensor: name, stale, over: 0, holdOn: 0, holdOff: 0, rearm: 0 };
}

function differs(one: object, other: object): boolean {
	return JSON.stringify(one) !== JSON.stringify(other);
}

/** For `info`. */
export function counted(sensors: readonly Sensor[]) {
	const total = { samples: 0, missed: 0, sensorFailures: 0, edges: 0, edgesRefused: 0 };
	for (const { sampler, alerts } of sensors) {
		total.samples += sampler.samples;
		total.missed += sampler.missed;
		total.sensorFailures += sampler.failures;
		for (const { edges, refusals } of alerts) {
			total.edges += edges;
			total.edgesRefused += refusals;
		}
	}
	return total;
}

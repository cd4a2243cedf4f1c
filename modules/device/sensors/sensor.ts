/**
 * One sensor of the board with all that follows from its samples (DESIGN.md, "Sampling"): measurements, alerts, and the alert that says it
 * gives nothing (`<sensor>-fault`). A sampling task (sampler.ts).
 */

import {
	type AlertDescription,
	type Description,
	faultName,
	type SensorDescription,
} from "../description/description.js";
import type { SensorDriver } from "../io.js";
import Alert, { type AlertParts, type Held } from "./alert.js";
import Sampler, { type SamplerParts } from "./sampler.js";
import type { Conditions } from "./threshold.js";

/** The objects that the sensors of a board share. */
export type SensorParts = AlertParts & SamplerParts;

/** Long enough that a sensor may skip readings now and then. */
const FAULT = Object.freeze({ periods: 3, minimum: 30_000 });

export default class Sensor extends Sampler {
	/** The sensor's own fault alert is the last. */
	readonly alerts: readonly Alert[];

	/** `alerts` are those on this sensor; `held` is only looked at here. */
	constructor(
		parts: SensorParts,
		description: SensorDescription,
		alerts: readonly AlertDescription[],
		driver: SensorDriver,
		held: Held,
	) {
		super(parts, description, driver);
		this.alerts = [...alerts, fault(description)].map(conditions => new Alert(parts, conditions, held));
	}

	get name(): string {
		return this.description.name;
	}

	override start(): void {
		this.alerts.forEach(alert => alert.start());
		super.start();
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

	override close(): void {
		super.close();
		this.flush();
	}

	protected look(value: number | undefined, now: number): void {
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
}

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

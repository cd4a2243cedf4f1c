/**
 * One sensor of the board with all that follows from its samples: measurements, alerts, and the alert that says it
 * gives nothing (`<sensor>-fault`).
 */

import {
	type AlertDescription,
	type Description,
	faultName,
	type SensorDescription,
} from "../description/description.js";
import type { Device, SensorDriver } from "../io.js";
import topics from "../topics.js";
import Alarm, { type AlarmHost } from "./alert.js";
import Report from "./measurement.js";
import Sampler from "./sampler.js";

export interface ChannelHost extends AlarmHost {
	readonly timer: Device["timer"];
	readonly clock: Device["clock"];
}

/** Long enough that a sensor may skip readings now and then. */
const FAULT = Object.freeze({ periods: 3, minimum: 30_000 });

export default class Channel {
	readonly name: string;
	/** As ECMA-419 §14 names it. */
	readonly quantity: string;
	readonly sampler: Sampler;
	/** The sensor's own fault alert is the last. */
	readonly alarms: readonly Alarm[];
	private readonly host: ChannelHost;
	private readonly driver: SensorDriver;
	private readonly report: Report;
	private settings: SensorDescription;

	constructor(
		host: ChannelHost,
		description: SensorDescription,
		alerts: readonly AlertDescription[],
		driver: SensorDriver,
	) {
		const { name } = description;
		this.host = host;
		this.settings = description;
		this.driver = driver;
		this.name = name;
		this.quantity = driver.quantity;
		const { timer, clock, time, voice } = host;
		// Put together once and not at each sample.
		const topic = voice.topic(topics.measurement(name));
		this.report = new Report({
			description,
			time,
			publish: payload => voice.measurement(topic, payload),
		});
		this.alarms = [...alerts, fault(description)].map(alert => new Alarm(host, alert, clock.ticks));
		this.sampler = new Sampler({
			description,
			driver,
			timer,
			ticks: clock,
			onSample: (value, ticks, periods) => this.take(value, ticks, periods),
			onReport: line => host.report(line),
		});
	}

	get description(): SensorDescription {
		return this.settings;
	}
	get unit(): string | undefined {
		return this.settings.unit ?? this.driver.unit;
	}

	start(): void {
		for (const alarm of this.alarms) alarm.start();
		this.sampler.start();
	}

	/** What of the board's new description is this channel's, and differs: what stays the same is not disturbed. */
	adopt({ sensors, alerts }: Description): void {
		const { ticks } = this.host.clock;
		const description = sensors.find(({ name }) => name === this.name);
		if (description && differs(description, this.settings)) {
			this.settings = description;
			this.report.configure(description);
			this.sampler.configure(description.every);
		}
		for (const alarm of this.alarms) {
			const alert = alerts.find(({ name }) => name === alarm.name) ?? fault(this.settings);
			if (differs(alert, alarm.description)) alarm.configure(alert, ticks);
		}
	}

	close(): void {
		this.sampler.close();
		this.report.flush();
	}

	/** Alerts first: they are what must not wait. */
	private take(value: number | undefined, ticks: number, periods: number): void {
		const { alarms } = this;
		for (let i = 0; i < alarms.length; i++) (alarms[i] as Alarm).update(value, ticks);
		this.report.add(value, ticks, periods);
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
export function counted(channels: readonly Channel[]) {
	const total = { samples: 0, missed: 0, sensorFailures: 0, edges: 0, edgesRefused: 0 };
	for (const { sampler, alarms } of channels) {
		total.samples += sampler.samples;
		total.missed += sampler.missed;
		total.sensorFailures += sampler.failures;
		for (const { edges, refused } of alarms) {
			total.edges += edges;
			total.edgesRefused += refused;
		}
	}
	return total;
}

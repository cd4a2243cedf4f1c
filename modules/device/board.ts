/**
 * The board: puts sensors, alerts, actuators and their topics (field-notes §4) over one session and one memory, as its
 * description says. Decides what is said when: at each connect, at each period, in answer. How anything is sampled,
 * judged, switched or transmitted is decided in the parts.
 */

import { decode } from "../mqtt/text.js";
import { Outcome } from "../session/outcome.js";
import { Report as SessionReport } from "../session/report.js";
import { lampDriver } from "./actuator.js";
import type Alarm from "./alarm.js";
import Button from "./button.js";
import Channel, { type ChannelHost } from "./channel.js";
import Command, { type CommandHost } from "./command.js";
import { combined, configured, readable } from "./config.js";
import { type Description, line, type OutputDescription } from "./description.js";
import type { ActuatorDriver, Device, SensorDriver } from "./io.js";
import type { Incoming, Link, LinkOptions, PublishOptions } from "./link.js";
import Memory from "./memory.js";
import Output, { type OutputHost } from "./output.js";
import Retained from "./retained.js";
import type { Problem, Values } from "./schema.js";
import type { Storage } from "./storage.js";
import Time from "./time.js";
import * as topics from "./topics.js";

export const firmware = "glowworm 0.1.0";

/** What was changed at run time, in memory. */
const CONFIG = "config";
/** So long after an answer, what it announced is done. */
const PAUSE = 250;

export interface BoardOptions {
	readonly device: Device;
	readonly description: Description;
	/** Closed with the board. */
	readonly storage: Storage;
	/** Makes the session. It calls back later, not from here. */
	readonly connect: (options: LinkOptions) => Link;
}

/** Where a message goes. */
type Route = (payload: Uint8Array, about: Incoming) => void;

const measured: PublishOptions = Object.freeze({ QoS: 0 });
const durable: PublishOptions = Object.freeze({ QoS: 1, durable: true });
const retained: PublishOptions = Object.freeze({ QoS: 1, retain: true, latest: true });
const cleared: PublishOptions = Object.freeze({ QoS: 0, retain: true });
const answer: PublishOptions = Object.freeze({ QoS: 1 });

export default class Board implements ChannelHost, OutputHost, CommandHost {
	/** As written, and with what was changed at run time. */
	readonly #original: Description;
	#description: Description;
	readonly timer: Device["timer"];
	readonly clock: Device["clock"];
	readonly memory: Memory;
	readonly time: Time;
	readonly channels: readonly Channel[];
	readonly outputs: readonly Output[];
	readonly #device: Device;
	readonly #options: BoardOptions;
	readonly #base: string;
	readonly #trace: ((line: string) => void) | undefined;
	readonly #routes = new Map<string, Route>();
	readonly #link: Link;
	readonly #refresh;
	readonly #retained: Retained;
	#buttons: readonly Button[] = [];
	#boot: number;
	#seq = 0;
	#closed = false;

	constructor(options: BoardOptions) {
		const { device, description } = options;
		this.#options = options;
		this.#device = device;
		this.#trace = device.trace;
		this.#original = this.#description = description;
		this.timer = device.timer;
		this.clock = device.clock;
		this.#base = topics.base(description.root, description.id);
		this.memory = new Memory(options.storage.memory);
		this.#boot = this.#countBoot();
		this.#restoreConfig();
		this.time = new Time({
			clock: device.clock,
			timer: device.timer,
			memory: this.memory,
			ntp: device.network.ntp?.client,
			onReport: line => this.report(line),
		});
		this.outputs = this.#makeOutputs();
		this.channels = this.#makeChannels();
		this.#retained = new Retained(this.memory, this.#base, this.#retainedNames());
		this.#link = this.#connect();
		this.#buttons = this.#makeButtons();
		this.#refresh = device.timer.repeat(() => this.#announce(), description.refresh);
		for (const channel of this.channels) channel.start();
	}

	get description(): Description {
		return this.#description;
	}
	get online(): boolean {
		return this.#link.online;
	}

	/** The graceful end: `offline` retained (or `farewell`), DISCONNECT, and calls back. May be repeated. */
	close(callback?: () => void, farewell?: string): void {
		const repeated = this.#closed;
		this.#closed = true;
		if (!repeated) this.#rest();
		this.#link.close(() => {
			if (!repeated) {
				for (const output of this.outputs) output.close();
				this.#options.storage.close();
			}
			callback?.();
		}, farewell);
	}

	/** Stops whatever comes from this side. */
	#rest(): void {
		for (const channel of this.channels) channel.close();
		for (const button of this.#buttons) button.close();
		this.timer.clear(this.#refresh);
		this.time.close();
	}

	// Commands

	info(): Values {
		const { name, reset } = this.#device;
		this.time.now();
		return {
			firmware,
			host: name,
			boot: this.#boot,
			reset,
			uptime: this.time.uptime,
			tsq: this.time.quality,
			outbox: this.#options.storage.kind,
			counters: { ...this.#link.counters, ...this.#count(), store: this.#options.storage.counters },
		};
	}
	config(): Values {
		return readable(this.#description);
	}
	configure(changes: Values): readonly Problem[] {
		const all = combined(this.memory.get(CONFIG), changes);
		const { description, problems } = configured(this.#original, all, this.#device);
		if (!description) return problems;
		if (!this.memory.put(CONFIG, all))
			return [{ key: "set", expected: "a change that can be stored", found: "a memory that refuses it" }];
		this.#description = description;
		for (const channel of this.channels) channel.adopt(description);
		for (const output of this.outputs) {
			const own = description.actuators.find(({ name }) => name === output.name) ?? description.lamp;
			if (own) output.configure(own);
		}
		return problems;
	}
	restart(): boolean {
		const { restart } = this.#device;
		if (!restart) return false;
		// Later: the answer, and the acknowledgement of the command, go first.
		this.timer.set(() => this.close(() => restart()), PAUSE);
		return true;
	}
	forget(): void {
		for (const channel of this.channels) channel.close();
		const clear = (options: PublishOptions) => {
			for (const name of this.#retained.all) this.#publish(name, "", options);
		};
		// Once in the place of whatever still waits, and once behind it.
		clear(retained);
		this.timer.set(() => {
			clear(cleared);
			this.#retained.forget();
			this.close(undefined, "");
		}, PAUSE * 4);
	}
	identify(name: string | undefined): boolean {
		const output = this.outputs.find(output => output.name === (name ?? output.name));
		output?.identify();
		return output !== undefined;
	}
	answer(result: Values): void {
		this.#publish(topics.result, JSON.stringify(result), answer);
	}

	// What the parts need of their board

	nextId(): string {
		return `${this.#boot}-${++this.#seq}`;
	}
	publishMeasurement(sensor: string, payload: string): boolean {
		return this.#publish(topics.measurement(sensor), payload, measured);
	}
	publishEdge(topic: string, payload: string): boolean {
		return this.#publish(topic, payload, durable);
	}
	publishState(topic: string, payload: string): void {
		// What is retained is said at each connect, so nothing is lost by not keeping it until then.
		if (this.#link?.online) this.#publish(topic, payload, retained);
	}
	confirm(topic: string, cid: string | number): void {
		this.answer({ cid, topic, ok: true });
	}
	refuse(topic: string, error: string, cid?: string | number): void {
		this.answer({ ...(cid !== undefined && { cid }), topic, ok: false, error });
	}
	report(line: string): void {
		this.#trace?.(line);
	}

	/** All that this board says goes through here, so that what a broker cannot take is stopped before it is queued. */
	#publish(topic: string, payload: string, options: PublishOptions): boolean {
		const outcome = this.#link.publish(this.#base + topic, payload, options);
		const accepted = outcome === Outcome.sent || outcome === Outcome.queued;
		// Without a connection each sample would say so.
		if (this.#trace && outcome !== Outcome.droppedOffline) {
			const how = `QoS ${options.QoS}${options.retain ? ", retained" : ""}`;
			const what = outcome === Outcome.sent ? "" : accepted ? ", queued" : ", dropped";
			this.#trace(`> ${topic} ${payload} (${how}${what})`);
		}
		return accepted;
	}

	#announce(): void {
		if (!this.#link.online) return;
		this.publishState(topics.info, JSON.stringify(this.info()));
		for (const output of this.outputs) output.announce();
		for (const channel of this.channels) for (const alarm of channel.alarms) alarm.announce();
	}

	#count() {
		const sum = (of: (channel: Channel) => number) =>
			this.channels.reduce((total, channel) => total + of(channel), 0);
		const alarms = (of: (alarm: Alarm) => number) =>
			sum(channel => channel.alarms.reduce((total, alarm) => total + of(alarm), 0));
		return {
			samples: sum(({ sampler }) => sampler.samples),
			missed: sum(({ sampler }) => sampler.missed),
			sensorFailures: sum(({ sampler }) => sampler.failures),
			edges: alarms(({ edges }) => edges),
			edgesRefused: alarms(({ refused }) => refused),
			memoryFailures: this.memory.failures,
		};
	}

	// What comes

	#receive(topic: string, payload: Uint8Array, about: Incoming): void {
		const name = topic.startsWith(this.#base) ? topic.slice(this.#base.length) : topic;
		if (this.#trace) this.#trace(`< ${name} ${printable(payload)}${flags(about)}`);
		this.#routes.get(name)?.(payload, about);
	}

	#connect(): Link {
		const { device, description, storage, connect } = this.#options;
		const command = new Command(this);
		const subscriptions: { topic: string; QoS: 0 | 1 }[] = [];
		const route = (topic: string, QoS: 0 | 1 | undefined, receive: Route) => {
			this.#routes.set(topic, receive);
			if (QoS !== undefined) subscriptions.push({ topic: this.#base + topic, QoS });
		};
		route(topics.command, 1, (payload, about) => command.receive(payload, about));
		for (const output of this.outputs) {
			// What a broker may keep while we are away is not live; at QoS 0 it keeps nothing.
			const { liveOnly } = output.description;
			route(topics.outputSet(output.name), liveOnly ? 0 : 1, (payload, about) => output.set(payload, about));
			// Not asked for, but an earlier description may have: then it is refused in words.
			route(topics.outputDesired(output.name), liveOnly ? undefined : 1, payload => output.desired(payload));
		}
		return connect({
			id: description.id,
			keepAlive: description.keepAlive,
			status: { topic: this.#base + topics.status, online: "online", offline: "offline" },
			subscriptions,
			outbox: storage.outbox,
			memory: {
				read: () => this.memory.get("session").text as string | undefined,
				write: text => void this.memory.put("session", { text }),
			},
			timer: device.timer,
			ticks: device.clock,
			onMessage: (topic, payload, about) => this.#receive(topic, payload, about),
			onOnline: present => {
				this.report("online");
				for (const output of this.outputs) output.online(present);
				this.#retained.exorcise(name => this.#publish(name, "", retained));
				this.#announce();
			},
			onOffline: () => {
				this.report("offline");
				for (const output of this.outputs) output.offline();
			},
			onReport: (event, detail) => this.report(`session: ${reportName(event)} ${detail ?? ""}`),
		});
	}

	// What there is

	#countBoot(): number {
		const { n } = this.memory.get("boot");
		const boot = (typeof n === "number" ? n : 0) + 1;
		if (this.memory.put("boot", { n: boot })) return boot;
		// Alert ids must differ from those of the last start even if nothing can be counted.
		return 1_000_000 + Math.floor(Math.random() * 1_000_000_000);
	}

	#restoreConfig(): void {
		const changes = this.memory.get(CONFIG);
		if (Object.keys(changes).length === 0) return;
		const { description, problems } = configured(this.#original, changes, this.#device);
		if (description) this.#description = description;
		// The description has changed since.
		for (const problem of problems) this.report(`configuration ignored: ${line(problem)}`);
	}

	#retainedNames(): string[] {
		return [
			topics.info,
			...this.outputs.map(({ name }) => topics.outputState(name)),
			...this.channels.flatMap(({ alarms }) => alarms.map(({ name }) => topics.alertState(name))),
		];
	}

	#makeOutputs(): Output[] {
		const { lamp, actuators } = this.#description;
		const outputs: Output[] = [];
		if (lamp) this.#addOutput(outputs, "lamp", lamp, lampDriver(this.#device, lamp));
		for (const actuator of actuators) {
			const driver = this.#device.actuator?.[actuator.driver] as ActuatorDriver;
			this.#addOutput(outputs, actuator.name, actuator, driver);
		}
		return outputs;
	}

	#addOutput(outputs: Output[], name: string, description: OutputDescription, driver: ActuatorDriver): void {
		const options: { [key: string]: unknown } = {};
		for (const key of Object.keys(driver.options ?? {}))
			options[key] = (description as unknown as Values)[key];
		try {
			outputs.push(new Output(this, { name, description, driver, options }));
		} catch (error) {
			this.report(`${name}: ${error}`);
		}
	}

	#makeButtons(): Button[] {
		const { button } = this.#description;
		const output = this.outputs.find(({ name }) => name === (button?.actuator ?? name));
		if (!button || !output) return [];
		try {
			return [new Button(this.#device, button, () => output.press())];
		} catch (error) {
			this.report(`button: ${error}`);
			return [];
		}
	}

	#makeChannels(): Channel[] {
		const { sensors, alerts } = this.#description;
		return sensors.map(sensor => {
			const own = alerts.filter(alert => alert.sensor === sensor.name);
			return new Channel(this, sensor, own, this.#device.sensor[sensor.driver] as SensorDriver);
		});
	}
}

function reportName(event: number): string {
	for (const [name, value] of Object.entries(SessionReport)) if (value === event) return name;
	return `${event}`;
}

function flags({ retain, duplicate }: Incoming): string {
	return `${retain ? " (retained)" : ""}${duplicate ? " (duplicate)" : ""}`;
}

function printable(payload: Uint8Array): string {
	try {
		return payload.byteLength > 200 ? `${payload.byteLength} bytes` : decode(payload);
	} catch {
		return `${payload.byteLength} bytes`;
	}
}

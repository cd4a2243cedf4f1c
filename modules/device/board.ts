/**
 * The board: makes sensors, outputs and their button from its description, and puts them over one session and one memory;
 * connects, restarts, leaves and ends everything. What it publishes is in publisher.ts, what it hears in listener.ts, what it retains
 * in retained/, what `cmd` can do in commands/. Samples, judges and switches nothing itself.
 */

import type { TimerHandle } from "../mqtt/io.js";
import type { SessionLike, UserOptions } from "../session/options.js";
import Command from "./commands/command.js";
import Decommission from "./commands/decommission.js";
import { type Description, type OutputDescription, onlyTLS, optionsFor } from "./description/description.js";
import Settings from "./description/settings.js";
import Fault from "./fault.js";
import type { Feature, Part } from "./feature.js";
import type { ActuatorDriver, Device, SensorDriver } from "./io.js";
import type { Values } from "./json.js";
import { Names } from "./json.js";
import Listener from "./listener.js";
import Memory, { Boot } from "./memory.js";
import Button from "./outputs/button.js";
import { lampDriver } from "./outputs/lamp.js";
import Output, { type OutputParts } from "./outputs/output.js";
import { limitsOf } from "./profile.js";
import Trial, { Restore } from "./provisioning/trial.js";
import Publisher from "./publisher.js";
import Info from "./retained/info.js";
import Retained from "./retained/retained.js";
import { type Edges, waitingEdges } from "./sensors/alert.js";
import Sensor, { type SensorParts } from "./sensors/sensor.js";
import { closeStorage, type Storage } from "./storage.js";
import Time from "./time.js";
import topics from "./topics.js";

/** The answer to `restart`, and its acknowledgement, go out before the board ends. */
const PAUSE = 250;
/** Milliseconds until a board that could not leave in order connects once more. */
const AGAIN = 5000;

export interface BoardOptions {
	readonly device: Device;
	readonly description: Description;
	/** Closed with the board. */
	readonly storage: Storage;
	/** Makes the session. It calls back later, not from here. */
	readonly connect: (options: UserOptions, parts: readonly Part[]) => SessionLike;
	/** Bytes. */
	readonly longestAnswer?: number;
	/** What this firmware has beside the board itself. */
	readonly features?: readonly Feature[];
}

export default class Board {
	readonly sensors: readonly Sensor[];
	readonly outputs: readonly Output[];
	private readonly options: BoardOptions;
	private readonly settings: Settings;
	private readonly time: Time;
	private readonly publisher: Publisher;
	private session: SessionLike;
	private readonly refresh;
	private readonly retained: Retained;
	/** Of the features. */
	private readonly parts: readonly Part[];
	private readonly decommission: Decommission;
	private readonly listener: Listener;
	/** After the sensors, in the order in which they are closed. */
	private readonly closing: readonly { close(): void }[];
	private closed = false;
	/** Until a new session is made. */
	private reconnecting: TimerHandle | undefined;

	constructor(options: BoardOptions) {
		const { device, description, storage, longestAnswer, features = [] } = options;
		const { timer, clock, network, provision, trace } = device;
		const { ingest, brokerOrder } = description;
		const { outbox } = storage;
		const base = topics.base(description.root, description.id);
		const limits = limitsOf(description);
		const publisher = new Publisher({ base, limits, ingest, timer, trace, owner: this, longestAnswer });
		const memory = new Memory(storage.memory);
		const boot = new Boot(memory, storage);
		const settings = new Settings(description, memory, device);
		const time = new Time({ clock, timer, memory, ntp: network.ntp?.client, publisher });
		const names = new Names(settings);
		const shared = Object.freeze({ timer, memory, time, publisher, boot, names });
		this.options = options;
		this.publisher = publisher;
		this.settings = settings;
		this.time = time;
		const outputs = this.makeOutputs(shared);
		const edges = waitingEdges(outbox, publisher.topic(topics.alert("")));
		const sensors = this.makeSensors(shared, edges);
		const fault = new Fault(shared, storage, edges);
		const own = fault.alerts;
		const alerts = sensors.flatMap(sensor => sensor.alerts).concat(own);
		const trying = provision?.trying ?? false;
		const cluster = brokerOrder === "random";
		const restart = () => this.restart();
		const trial = new Trial(device, restart);
		const about = { device, description, storage, outbox, settings, trace, base, trying, cluster };
		// One object for all parts that follow, which each keeps: a copy for each takes 100 bytes and more.
		const all = { ...shared, ...about, sensors, outputs, own, alerts, trial, restart };
		const informed = Object.assign(all, { info: new Info(all) });
		const retained = new Retained(informed);
		const { cleanup } = retained;
		const announce = () => retained.announce();
		const perform = (order: Values) => command.perform(order);
		const leave = () => this.leave();
		const featured = Object.assign(informed, { retained, cleanup, announce, perform, leave });
		const parts = features.flatMap(feature => feature.make(featured));
		const parted = Object.assign(featured, { parts });
		const decommission = new Decommission(parted);
		const command = new Command(Object.assign(parted, { decommission }));
		this.sensors = sensors;
		this.outputs = outputs;
		this.retained = fault.retained = retained;
		this.parts = parts;
		this.decommission = decommission;
		this.listener = new Listener(Object.assign(parted, { decommission, command }));
		this.session = publisher.session = this.connect();
		const button = this.makeButton();
		const buttons = button ? [button, new Restore(device, button, settings, restart)] : [];
		this.closing = [fault, decommission, retained, ...parts, trial, ...buttons, time, publisher];
		this.refresh = timer.repeat(announce, description.refresh);
		if (decommission.active) return;
		fault.start();
		sensors.forEach(sensor => sensor.start());
	}

	/** With the changes of `cmd config`. */
	get description(): Description {
		return this.settings.current;
	}

	/** Alerts that were accepted and that the broker has not acknowledged. */
	get held(): number {
		return this.options.storage.outbox.length;
	}

	/** For the publisher: all that is retained is being cleared. */
	forgetting(): boolean {
		return this.decommission.active;
	}

	/** For the publisher: the session has no room for this state. */
	full(name: string): void {
		this.retained.full(name);
	}

	/** The graceful end: publishes `offline` retained, sends DISCONNECT, and calls back. May be repeated. */
	close(callback?: () => void): void {
		const repeated = this.closed;
		if (!repeated) this.rest();
		this.session.close(() => {
			if (!repeated) this.end();
			callback?.();
		});
	}

	/** False when this host cannot. */
	private restart(): boolean {
		const restart = this.options.device.restart;
		if (!restart) return false;
		this.options.device.timer.set(() => this.close(() => restart()), PAUSE);
		return true;
	}

	/** All that was retained is cleared. Without its goodbye the broker would publish the will: then once more. */
	private leave(): void {
		this.session.close(parted => {
			const { decommission, publisher } = this;
			if (this.closed) return;
			if (!parted && decommission.again()) {
				publisher.report("forget: the connection ended before the goodbye, tried again");
				this.reconnecting = this.options.device.timer.set(() => {
					this.session = publisher.session = this.connect();
				}, AGAIN);
				return;
			}
			const status = parted ? "" : "; its status may remain";
			publisher.report(`forgotten: stays away until it is restarted${status}`);
			decommission.end();
			this.rest();
			this.end();
		}, "");
	}

	/** Stops everything that the board does of its own accord. */
	private rest(): void {
		this.closed = true;
		const timer = this.options.device.timer;
		timer.clear(this.reconnecting);
		timer.clear(this.refresh);
		this.sensors.forEach(sensor => sensor.close());
		this.closing.forEach(part => part.close());
	}

	/** The session has ended. */
	private end(): void {
		this.outputs.forEach(output => output.close());
		closeStorage(this.options.storage);
	}

	// The parts. One that does not start is reported and left out: the rest of the board is worth having. (A sensor is tried
	// again: sensors/sampler.ts.)

	private makeSensors(parts: SensorParts, edges: Edges): Sensor[] {
		const device = this.options.device;
		const { sensors, alerts } = this.description;
		return sensors.map(sensor => {
			const own = alerts.filter(alert => alert.sensor === sensor.name);
			return new Sensor(parts, sensor, own, device.sensor[sensor.driver] as SensorDriver, edges);
		});
	}

	/** The lamp is the first. */
	private makeOutputs(parts: OutputParts): Output[] {
		const device = this.options.device;
		const { lamp, actuators } = this.description;
		const outputs: Output[] = [];
		const add = (name: string, description: OutputDescription, driver: ActuatorDriver) => {
			try {
				const options = optionsFor(driver, description);
				outputs.push(new Output(parts, { name, description, driver, options }));
			} catch (error) {
				this.publisher.report(`${name}: ${error}`);
			}
		};
		if (lamp) add("lamp", lamp, lampDriver(device, lamp));
		actuators.forEach(actuator =>
			add(actuator.name, actuator, device.actuator?.[actuator.driver] as ActuatorDriver),
		);
		return outputs;
	}

	private makeButton(): Button | undefined {
		const button = this.description.button;
		const output = this.outputs.find(({ name }) => name === (button?.actuator ?? name));
		if (!button || !output) return undefined;
		try {
			return new Button(this.options.device, button, () => {
				output.press();
				this.parts.forEach(part => part.pressed?.());
			});
		} catch (error) {
			this.publisher.report(`button: ${error}`);
			return undefined;
		}
	}

	private connect(): SessionLike {
		const { device, description, storage, connect } = this.options;
		const { id, brokerOrder, backoff, deadlines, keepAlive } = description;
		const { timer, clock, network } = device;
		const { publisher, listener } = this;
		const { retain, maximumPayload, publishRate } = publisher.gate.limits;
		const options = {
			id,
			brokerOrder,
			...(backoff && { backoff }),
			...(deadlines && { deadlines }),
			keepAlive,
			longest: maximumPayload,
			publishRate,
			status: { topic: publisher.topic(topics.status), online: "online", offline: "offline", retain },
			outbox: storage.outbox,
			timer,
			ticks: clock,
			watch: onlyTLS(description) ? this.time.watch(network.watch) : network.watch,
		};
		return connect(Object.assign(listener, options), this.parts);
	}
}

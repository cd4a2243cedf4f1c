/**
 * The board (DESIGN.md, "The device"): makes sensors, outputs and their button from its description, and puts them over one session and one
 * memory; connects, restarts, leaves and ends everything. What it publishes is in publisher.ts, what it hears in listener.ts, what it
 * retains in retained.ts, what `cmd` can do in commands/. Samples, judges and switches nothing itself.
 */

import type { Timer, TimerHandle } from "../mqtt/io.js";
import { Deadline } from "../session/deadline.js";
import type { Outbox, UserOptions } from "../session/options.js";
import type { SessionLike } from "../session/session.js";
import { limitsOf } from "./broker.js";
import Command from "./commands/command.js";
import Decommission from "./commands/decommission.js";
import {
	type Description,
	type OutputDescription,
	optionsFor,
	Settings,
	storageFault,
} from "./description/description.js";
import type { ActuatorDriver, Device, SensorDriver } from "./io.js";
import { Names, type Values } from "./json.js";
import Listener, { optionsOf, type Part } from "./listener.js";
import Memory, { Boot, closeStorage, type Storage } from "./memory.js";
import Output from "./outputs/output.js";
import { Button, lampDriver, Restore } from "./outputs/pins.js";
import Trial from "./provisioning/trial.js";
import Publisher from "./publisher.js";
import Retained, { infoOf } from "./retained.js";
import Alert, { type Held, heldEdges } from "./sensors/alert.js";
import Sensor from "./sensors/sensor.js";
import Time from "./time.js";
import topics from "./topics.js";

export interface MakeOptions {
	readonly device: Device;
	readonly description: Description;
	/** Closed with the board. */
	readonly storage: Storage;
	/** Makes the session. It calls back later, not from here. */
	readonly connect: (options: UserOptions, parts: readonly Part[]) => SessionLike;
	readonly longestAnswer?: number;
	/** What this firmware has beside the board itself. */
	readonly features?: readonly { make(board: Board): readonly Part[] }[];
}

/** Each part is handed the board, and its options name the fields that it uses: an object for each would take 100 bytes and more. */
export default class Board {
	readonly device: Device;
	readonly storage: Storage;
	readonly outbox: Outbox;
	/** The id or root is on trial: what was retained under the other one stays. */
	readonly trying: boolean;
	readonly publisher: Publisher;
	readonly memory: Memory;
	readonly time: Time;
	readonly timer: Timer;
	readonly boot: Boot;
	readonly settings: Settings;
	/** That messages may use as keys. */
	readonly names: Names;
	readonly outputs: readonly Output[];
	readonly sensors: readonly Sensor[];
	/** Alerts of the board itself, beside those of its sensors. */
	readonly own: readonly Alert[];
	readonly alerts: readonly Alert[];
	readonly trial: Trial;
	readonly retained: Retained;
	/** Of the features. */
	readonly parts: readonly Part[];
	readonly decommission: Decommission;
	readonly command: Command;
	private readonly listener: Listener;
	private readonly connect: MakeOptions["connect"];
	private session: SessionLike;
	private readonly refresh: TimerHandle;
	private readonly judging: Deadline;
	/** After the sensors, in the order in which they are closed. */
	private readonly closing: readonly { close(): void }[];
	private closed = false;
	private reconnecting: TimerHandle | undefined;

	/** Each line needs those above it. */
	constructor({ device, description, storage, connect, longestAnswer, features = [] }: MakeOptions) {
		const { timer, trace, provision } = device;
		const { ingest, root, id } = description;
		const base = topics.base(root, id);
		const limits = limitsOf(description);
		// What a sample needs is among the first: XS looks for a property from the first on.
		this.device = device;
		this.publisher = new Publisher({ base, limits, ingest, timer, trace, owner: this, longestAnswer });
		this.memory = new Memory(storage.memory);
		this.time = new Time(this);
		this.timer = timer;
		this.storage = storage;
		this.outbox = storage.outbox;
		this.trying = provision?.trying ?? false;
		this.connect = connect;
		this.boot = new Boot(this.memory, storage);
		this.settings = new Settings(description, this.memory, device);
		this.names = new Names(this.settings);
		this.outputs = this.makeOutputs();
		const held = heldEdges(storage.outbox, this.publisher.topic(topics.alert("")));
		this.sensors = this.makeSensors(held);
		this.own = storage.store ? [new Alert(this, { name: storageFault, above: 0 }, held)] : [];
		this.alerts = this.sensors.flatMap(sensor => sensor.alerts).concat(this.own);
		const restart = () => this.restart();
		this.trial = new Trial(device, restart);
		this.retained = new Retained(this);
		this.parts = features.flatMap(feature => feature.make(this));
		this.decommission = new Decommission(this);
		this.command = new Command(this);
		this.listener = new Listener(this);
		this.session = this.join();
		const button = this.makeButton();
		const buttons = button ? [button, new Restore(device, button, this.settings, restart)] : [];
		this.judging = new Deadline(timer, this, this.judgeFlash);
		const { decommission, retained, parts, trial, time, publisher, judging } = this;
		const first: { close(): void }[] = [judging, decommission, retained];
		this.closing = first.concat(parts, trial, buttons, time, publisher);
		this.refresh = timer.repeat(() => this.announce(), description.refresh);
		const store = storage.store;
		if (store)
			store.onBroken = () => {
				// The last writes are those of a board that closes.
				if (!this.closed) judging.set(0);
			};
		if (decommission.active) return;
		if (store) judging.set(0);
		this.sensors.forEach(sensor => sensor.start());
	}

	/** With the changes of `cmd config`. */
	get description(): Description {
		return this.settings.current;
	}

	/** The content of `info`, as it is now. */
	get info(): Values {
		return infoOf(this);
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

	/** Publishes all that is retained, one a turn. */
	announce(): void {
		this.retained.announce();
	}

	/** Carries out a command, later than in `make`. The answer, or the `error`: then nothing was done. */
	perform(command: Values): Values {
		return this.command.perform(command);
	}

	/** A moment later: an answer, and its acknowledgement, go first. False when this host cannot. */
	restart(): boolean {
		const restart = this.device.restart;
		if (!restart) return false;
		this.timer.set(() => this.close(() => restart()), 250);
		return true;
	}

	/**
	 * Ends the session for good, once all retained topics are cleared. If DISCONNECT did not reach the broker, it publishes the
	 * will, retained: then the board connects once more to clear that.
	 */
	leave(): void {
		this.session.close(parted => {
			const { decommission, publisher } = this;
			if (this.closed) return;
			if (!parted && decommission.again()) {
				publisher.report("forget: the connection ended before the goodbye, tried again");
				this.reconnecting = this.timer.set(() => {
					this.session = this.join();
				}, 5000);
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
		this.timer.clear(this.reconnecting);
		this.timer.clear(this.refresh);
		this.sensors.forEach(sensor => sensor.close());
		this.closing.forEach(part => part.close());
	}

	private end(): void {
		this.outputs.forEach(output => output.close());
		closeStorage(this.storage);
	}

	// The parts. One that does not start is reported and left out: the rest of the board is worth having. (A sensor is tried
	// again: sensors/sensor.ts.)

	private makeSensors(held: Held): Sensor[] {
		const { sensors, alerts } = this.description;
		return sensors.map(sensor => {
			const own = alerts.filter(alert => alert.sensor === sensor.name);
			return new Sensor(this, sensor, own, this.device.sensor[sensor.driver] as SensorDriver, held);
		});
	}

	/** The lamp is the first. */
	private makeOutputs(): Output[] {
		const device = this.device;
		const { lamp, actuators } = this.description;
		const outputs: Output[] = [];
		const add = (name: string, description: OutputDescription, driver: ActuatorDriver) => {
			try {
				const options = optionsFor(driver, description);
				outputs.push(new Output(this, { name, description, driver, options }));
			} catch (error) {
				this.publisher.report(`${name}: ${error}`);
			}
		};
		if (lamp) add("lamp", lamp, lampDriver(device, lamp));
		actuators.forEach(each => add(each.name, each, device.actuator?.[each.driver] as ActuatorDriver));
		return outputs;
	}

	private makeButton(): Button | undefined {
		const button = this.description.button;
		const output = this.outputs.find(each => each.name === (button?.actuator ?? each.name));
		if (!button || !output) return undefined;
		try {
			return new Button(this.device, button, () => {
				output.press();
				this.parts.forEach(part => part.pressed?.());
			});
		} catch (error) {
			this.publisher.report(`button: ${error}`);
			return undefined;
		}
	}

	private join(): SessionLike {
		const session = this.connect(Object.assign(this.listener, optionsOf(this)), this.parts);
		this.publisher.session = session;
		return session;
	}

	/** Flash that takes no writes raises `storage-fault`; alerts go by RAM (store/outbox.ts). It is tried each second until it does. */
	private judgeFlash(): void {
		const { store, outbox } = this.storage;
		const alert = this.own[0] as Alert;
		const on = alert.on;
		store?.retry();
		const now = this.time.uptime;
		const value = outbox.broken ? 1 : 0;
		alert.look(value, now, now, value);
		// `info` says where alerts are kept.
		if (alert.on !== on) this.retained.inform();
		if (alert.on || alert.waiting) this.judging.set(1000);
	}
}

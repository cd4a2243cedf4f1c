/**
 * The firmware's start inside the XS worker: builds the host provider instance (ECMA-419 §30) out of what the served
 * device has, calls `main` with it, and lets Node's events in, one at a time. An exception that leaves a callback ends
 * the board, as it ends the virtual machine on a device. Imports nothing of Node.
 */

import type { ActuatorDriver, Clock, Device, MQTTDefaults, SensorDriver } from "../../modules/device/io.js";
import MQTTClient from "../../modules/mqtt/client.js";
import { Host, Kind, type Shape } from "./channel.js";
import {
	actuator,
	analog,
	digital,
	flash,
	keyValue,
	ntp,
	provision,
	pwm,
	request,
	resolver,
	sensor,
	tcp,
} from "./classes.js";
import { Link } from "./link.js";
import { WorkerTimer } from "./timer.js";

declare const gc: () => void;

/** What `main` returns; nothing where the description is wrong. */
interface Board {
	close(callback?: () => void): void;
}

type Main = (device: Device) => Board | undefined;

/** Waits for Node's word to boot. */
export function serve(main: Main): void {
	const link = new Link();
	const timer = new WorkerTimer(link);
	let board: Board | undefined;

	function obey(bytes: Uint8Array): void {
		const { kind, values } = link.receive(bytes);
		if (kind === Kind.Event) link.deliver(values);
		else if (kind === Kind.Timer) timer.fire(values[0] as number);
		else if (kind === Kind.Collect) gc();
		else if (kind === Kind.Stop) {
			const closed = () => link.post(Host.Closed);
			if (board) board.close(closed);
			else closed();
		} else if (kind === Kind.Boot) {
			const device = build(link, timer, values[0] as Shape);
			(globalThis as { device?: Device }).device = device;
			board = main(device);
		}
	}

	(globalThis as { handleCommand?: unknown }).handleCommand = (buffer: ArrayBuffer) => {
		try {
			obey(new Uint8Array(buffer));
		} catch (error) {
			const line = (error as Error | undefined)?.stack ?? String(error);
			link.call(0, link, Host.Crash, line);
		}
		return link.flush();
	};
}

function build(link: Link, timer: WorkerTimer, shape: Shape): Device {
	const clock: Clock = {
		synchronized: shape.synchronized,
		get ticks() {
			return link.ticks;
		},
		get time() {
			return link.time;
		},
		set time(value) {
			link.call(0, link, Host.SetTime, value);
		},
	};
	const client = (network: string): { client: MQTTDefaults } => ({
		client: {
			io: MQTTClient,
			socket: { io: tcp(link, `${network} socket`) },
			dns: { io: resolver(link, `${network} dns`) },
			timer,
			ticks: clock,
		},
	});
	const sensors: { [driver: string]: SensorDriver } = {};
	for (const name of Object.keys(shape.sensor))
		sensors[name] = { ...shape.sensor[name], io: sensor(link, name) } as SensorDriver;
	const actuators: { [driver: string]: ActuatorDriver } = {};
	for (const name of Object.keys(shape.actuator ?? {}))
		actuators[name] = { ...shape.actuator?.[name], io: actuator(link, name) };
	return {
		name: shape.name,
		io: {
			Digital: digital(link, shape.modes, shape.edges),
			...(shape.pwm && { PWM: pwm(link) }),
			...(shape.analog && { Analog: analog(link) }),
			...(shape.request && { CertificateRequest: request(link) }),
		},
		pin: shape.pin as Device["pin"],
		sensor: sensors,
		...(shape.actuator && { actuator: actuators }),
		network: {
			mqtt: client("mqtt"),
			...(shape.mqtts && { mqtts: client("mqtts") }),
			...(shape.ntp && { ntp: { client: { io: ntp(link) } } }),
		},
		keyValue: keyValue(link),
		...(shape.flash && { flash: flash(link) }),
		timer,
		clock,
		description: shape.description,
		overrides: shape.overrides,
		...(shape.provision && { provision: provision(link) }),
		...(shape.serial !== undefined && { serial: shape.serial }),
		reset: shape.reset,
		...(shape.trace && { trace: (line: string) => void link.call(0, link, Host.Trace, line) }),
		...(shape.restart && { restart: () => void link.call(0, link, Host.Restart) }),
	};
}

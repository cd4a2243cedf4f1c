/**
 * The host provider instance (ECMA-419 §30) of a board that lives in this process. Each has pins, timers, sockets and
 * storage of its own, so that several boards can run side by side; `close` is its power switch.
 */

import type { Clock, Device, SensorDriver } from "../../modules/device/io.js";
import { isRecord } from "../../modules/device/json.js";
import { overlaid, StoredProvision } from "../../modules/device/provisioning/trial.js";
import MQTTClient from "../../modules/mqtt/client.js";
import type { TCPClass, Timer } from "../../modules/mqtt/io.js";
import { analog } from "../shared/analog.js";
import { digital } from "../shared/digital.js";
import { pwm } from "../shared/pwm.js";
import * as wave from "../shared/wave.js";
import { HostClock } from "./clock.js";
import * as cpu from "./cpu.js";
import { type FlashOptions, FlashStore, type Geometry } from "./flash.js";
import { KeyValueStore } from "./keyvalue.js";
import { lock } from "./lock.js";
import * as memory from "./memory.js";
import { Pins } from "./pins.js";
import * as replay from "./replay.js";
import { CertificateRequest } from "./request.js";
import { Resolver } from "./resolver.js";
import { type NodeTCPOptions, TCP } from "./tcp.js";
import * as temperature from "./temperature.js";
import { HostTimer } from "./timer.js";
import { type Credentials, identity, TLS, type TLSOptions } from "./tls.js";

export { type CredentialFiles, loadCredentials } from "./credentials.js";
/** The classes of this host, for programs that put a device together themselves. */
export { FlashStore, HostClock, HostTimer, KeyValueStore, Pins, Resolver, TCP, TLS };

/** Milliseconds. */
const SWING = 60_000;

/** What a board in this process is made of. */
export interface DeviceOptions {
	/** As the user wrote it. */
	readonly description: unknown;
	/** Broker, id and root in place of those that a program says itself. */
	readonly overrides?: { readonly [key: string]: string };
	/** The folder of the description's file: what its relative names start from. The working one if not given. */
	readonly directory?: string;
	/** The folder of all that must survive a restart. Two boards never share one; another process that has it is refused. */
	readonly data: string;
	/** As `host` in `info`; "node" if not given. */
	readonly name?: string;
	/** Takes one line of the board's log; no line is made if not given. */
	readonly trace?: (line: string) => void;
	/** Moddable's `timer`; one over `setTimeout` if not given. A test brings its own. */
	readonly timer?: Timer;
	/** The machine's if not given. */
	readonly clock?: Clock;
	/** Starts the board anew, for `cmd restart`; refused if not given. */
	readonly restart?: () => void;
	/** Why the board starts; "power-on" if not given. */
	readonly reset?: string;
	/** What TLS connections of this board trust and show, unless they bring their own. DER. */
	readonly tls?: Credentials;
	/** Of the flash, by name; `journal` alone, of 64 KiB, if not given. */
	readonly partitions?: Readonly<Record<string, Geometry>>;
	/** How writes reach the disk; each at once if not given. */
	readonly flash?: FlashOptions;
}

/** What `board` takes, with the other ends of its wires. */
export interface NodeDevice extends Device {
	/** In files of `data`. */
	readonly flash: FlashStore;
	/** The other end of the board's pins. */
	readonly pins: Pins;
	/** Drivers this machine does not have, each with the reason. */
	readonly absent: { readonly [driver: string]: string };
	/** Cuts the power: nothing calls back any more, no goodbye is said. */
	close(): void;
}

/**
 * Makes the device of one board, which has `data` until it is closed or this process ends. Throws an `Error` of one line where another
 * process has it, it cannot be written in, or `tls` holds something else than credentials. Connects nothing and starts nothing: `board(device)` does.
 */
export function createDevice(options: DeviceOptions): NodeDevice {
	const { data, directory = ".", trace, clock = new HostClock() } = options;
	if (options.tls) identity(options.tls);
	const unlock = lock(data);
	const open = new Set<{ close(): void }>();
	const ticking = options.timer ? undefined : new HostTimer(clock);
	const timer = options.timer ?? (ticking as HostTimer);
	const flash = new FlashStore(data, options.partitions, options.flash);
	const sync = () => flash.sync();
	const pins = new Pins(sync);
	const { sensor, absent } = drivers(clock, directory);
	const dns = { io: held(Resolver, open) };
	const common = { io: MQTTClient, dns, timer, ticks: clock };
	const keyValue = new KeyValueStore(data, trace);
	const raw = options.description;
	// All else of a board's identity is the program's or the command line's here.
	const provision = isRecord(raw) && raw.provisioning ? new StoredProvision(keyValue, []) : undefined;
	const tls = { ...options.tls, ...own(provision) };
	return {
		name: options.name ?? "node",
		io: {
			Analog: held(
				analog(pins, pin => pins.share(pin) ?? swing(clock)),
				open,
			),
			CertificateRequest: held(CertificateRequest, open),
			Digital: held(digital(pins, setImmediate), open),
			PWM: held(pwm(pins), open),
		},
		pin: { led: 2, button: 0 },
		sensor,
		network: {
			mqtt: { client: { socket: { io: held(leaving(TCP, sync), open) }, ...common } },
			mqtts: { client: { socket: { io: held(leaving(trusting(tls), sync), open) }, ...common } },
		},
		keyValue,
		flash,
		timer,
		clock,
		description: provision ? overlaid(raw as object, key => provision.get(key)) : raw,
		...(provision && { provision }),
		...(options.overrides && { overrides: options.overrides }),
		reset: options.reset ?? "power-on",
		...(trace && { trace }),
		...(options.restart && { restart: options.restart }),
		pins,
		absent,
		close() {
			ticking?.close();
			for (const instance of [...open]) instance.close();
			flash.close();
			unlock();
		},
	};
}

/** The certificate and key that the board was given in the field, in place of the claim. */
function own(provision: StoredProvision | undefined): Credentials | undefined {
	const [clientCertificate, clientKey] = ["certificate", "key"].map(name => provision?.get(name));
	if (clientCertificate === undefined || clientKey === undefined) return undefined;
	const bytes = (text: string) => Uint8Array.from(Buffer.from(text, "base64"));
	return { clientCertificate: bytes(clientCertificate), clientKey: bytes(clientKey) };
}

/** An analog pin without a source goes up and down once a minute, so that there is something to see. */
function swing({ ticks }: Clock): number {
	return (1 + Math.sin((2 * Math.PI * (ticks % SWING)) / SWING)) / 2;
}

/** What this machine has, looked for once: that takes longer than the rest of a device. */
let machine: {
	readonly processor: string | undefined;
	readonly thermal: ReturnType<typeof temperature.find>;
};

/** The sensor drivers of a board on this machine, and those it lacks, each with the reason; relative files are in `directory`. */
export function drivers(clock: Clock, directory: string) {
	const sensor: { [driver: string]: SensorDriver } = {
		"free-memory": memory.driver,
		wave: wave.driver(clock),
		replay: replay.driver(clock, directory),
	};
	const absent: { [driver: string]: string } = {};
	machine ??= { processor: cpu.absent(), thermal: temperature.find() };
	const { processor, thermal } = machine;
	if (processor) absent["cpu-load"] = processor;
	else sensor["cpu-load"] = cpu.driver;
	if ("reason" in thermal) absent.temperature = thermal.reason;
	else sensor.temperature = temperature.driver(thermal.file);
	return { sensor, absent };
}

/**
 * TLS with the board's credentials where a connection brings none: its certificate store. The server's name is the
 * host's the MQTT client was told, which it hands down beside the address.
 */
function trusting(credentials?: Credentials): TCPClass {
	return class extends TLS {
		constructor(options: NodeTCPOptions & { readonly host?: string }) {
			const tls = { host: options.host, ...credentials, ...options.tls };
			super({ ...options, tls } as TLSOptions);
		}
	};
}

/** `io`, which calls back before bytes leave. */
function leaving(io: TCPClass, onLeave: () => void): TCPClass {
	return class extends (io as typeof TCP) {
		constructor(options: NodeTCPOptions) {
			super({ ...options, onLeave });
		}
	};
}

// biome-ignore lint/suspicious/noExplicitAny: TypeScript wants exactly this of a mixin
type Closable = new (...rest: any[]) => { close(): void };

/** `Class`, with every instance that is not closed kept in `open`. */
function held<Class extends Closable>(Class: Class, open: Set<{ close(): void }>): Class {
	return class extends Class {
		// biome-ignore lint/suspicious/noExplicitAny: as above
		constructor(...rest: any[]) {
			super(...rest);
			open.add(this);
		}
		override close(): void {
			open.delete(this);
			super.close();
		}
	};
}

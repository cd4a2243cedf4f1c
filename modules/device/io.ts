/**
 * The host provider instance (ECMA-419 §30) as this firmware uses it, and its classes: Digital, PWM, Analog (§10), sensors (§13),
 * Key-Value (§28; Flash is in store/flash.ts). Types only. `timer` and what follows it are ours (DESIGN.md, "The seam").
 */

import type MQTTClient from "../mqtt/client.js";
import type { ResolverClass, TCPClass, Ticks, Timer, With } from "../mqtt/io.js";
import type { Flash } from "../store/flash.js";
import type { KeyValueDomain } from "../store/state.js";
import type { Form } from "./description/validate.js";

export type { KeyValueDomain };

/** A pin as the host's IO classes take it (§10): a number, a name that the host knows, or an object such as `{ neopixel: 8 }`. */
export type PinSpecifier = number | string | object;

/** An instance that holds a pin, a bus or a socket. */
interface Closing {
	/** Releases it. Nothing is called back any more, and other methods may throw. May be repeated. */
	close(): void;
}

/** A digital output or input; never both. */
export interface Digital extends Closing {
	/** Of an input; throws on an output. */
	read(): 0 | 1;
	/** Of an output; throws on an input. */
	write(value: 0 | 1): void;
}

/** Of the constructor (§10). */
export interface DigitalOptions {
	/** Throws where the host has no such pin, or another instance has it. */
	readonly pin: PinSpecifier;
	/** One of the class's constants: `Digital.Output`, `Digital.InputPullUp` … */
	readonly mode: unknown;
	/** Of an input with `onReadable`: `Digital.Rising`, `Digital.Falling`, or both added. */
	readonly edge?: number;
	/** Ours: 1 is the low level. False if not given. */
	readonly activeLow?: boolean;
	/** Of an output, from the first moment on; 0 if not given. */
	readonly initialValue?: 0 | 1;
	/** The level of an input has changed as `edge` says; `read` tells it. */
	readonly onReadable?: (this: Digital) => void;
}

/** The class, with its constants. The constructor throws on a wrong pin or mode. */
export interface DigitalClass {
	new (options: DigitalOptions): Digital;
	/** Values of `mode`. */
	readonly Input: unknown;
	readonly InputPullUp: unknown;
	readonly InputPullDown: unknown;
	readonly InputPullUpDown: unknown;
	readonly Output: unknown;
	readonly OutputOpenDrain: unknown;
	readonly Rising: number;
	readonly Falling: number;
}

/** An output of pulses (§10). */
export interface PWM extends Closing {
	/** Bits: `write` takes 0 … 2 ** resolution - 1. */
	readonly resolution: number;
	/** Throws a `RangeError` outside of 0 to 2 ** resolution - 1. */
	write(value: number): void;
}

/** An input for a voltage (§10). */
export interface Analog extends Closing {
	/** Bits: `read` gives 0 … 2 ** resolution - 1. */
	readonly resolution: number;
	/** The share of full scale. How many volts that is depends on chip and attenuation. */
	read(): number;
}

/** `resolution`: bits that are wanted; the host may give others. Throws on a pin that is no analog input. */
export type AnalogClass = new (options: {
	readonly pin: PinSpecifier;
	readonly resolution?: number;
}) => Analog;

/** `hz`: pulses a second; the host's own if not given. Throws on a wrong pin. */
export type PWMClass = new (options: { readonly pin: PinSpecifier; readonly hz?: number }) => PWM;

/** One reading: numbers by quantity name, as §14 names them (`temperature` in °C …). */
export type Sample = { readonly [quantity: string]: unknown };

/** A sensor (§13): its constructor takes one options object and throws where it finds no sensor. */
export interface Sensor extends Closing {
	/** A new object at each call, or `undefined` when there is no reading. May throw. */
	sample(): Sample | undefined;
}

/** The options are `defaults` of the driver, and those that the description gives under its `options`. */
// biome-ignore lint/suspicious/noExplicitAny: each class names the options it takes
export type SensorClass = new (options: any) => Sensor;

/** A class that a description names as `driver`. */
export interface Driver {
	/** Constructor options the description may set, each with what it expects. */
	readonly options?: { readonly [name: string]: DriverOption };
	/** Options the host adds: `sensor: {io, …}` and the like. */
	readonly defaults?: object;
}

/** Of a sensor. */
export interface SensorDriver extends Driver {
	/** Made anew at each start, and after a sensor has failed. */
	readonly io: SensorClass;
	/** The sample's property that is the measurement. */
	readonly quantity: string;
	/** In measurements and in Home Assistant, where the description names none: "°C", "%" … */
	readonly unit?: string;
}

/** What a description may say of a driver's option: it is checked before a board is made. */
export interface DriverOption {
	/** Of the JSON value. */
	readonly type: "number" | "string" | "boolean";
	/** A description without it has a mistake; false if not given. */
	readonly required?: boolean;
	/** Of a number, itself allowed. */
	readonly minimum?: number;
	/** Likewise. */
	readonly maximum?: number;
}

/** A thing that messages switch. Starts at `initialValue` (0…255) of its options; throws if it fails. May go off once closed. */
export interface Actuator extends Closing {
	/** 0 is off, 255 is on; a level between them is a share of on, where the actuator can. */
	write(level: number): void;
}

/** Options are the driver's `defaults`, those of the description, and `initialValue`. */
// biome-ignore lint/suspicious/noExplicitAny: each class names the options it takes
export type ActuatorClass = new (options: any) => Actuator;

/** Of an actuator. */
export interface ActuatorDriver extends Driver {
	/** Made once at the start. */
	readonly io: ActuatorClass;
	/** Takes levels between 0 and 255. */
	readonly dimmable?: boolean;
}

/** ECMA-419 §19. */
export interface NTP extends Closing {
	/** Throws while a request is under way. */
	getTime(callback: (error: Error | null, time?: number) => void): void;
}

/** The options hold `servers`, `dns` and `socket`, as `network.ntp.client` has them. */
export type NTPClass = new (options: object) => NTP;

/** What must survive a restart and is small (§28). */
export interface KeyValue {
	/** The domain called `path`, made if there is none. Throws where the memory cannot be used. */
	open(options: {
		readonly path: string;
		readonly mode?: "r" | "r+";
		readonly format: "string";
	}): KeyValueDomain;
}

/** Ours: a private key that the host makes, and the request for its certificate (PKCS #10, RFC 2986). A chip needs up to a minute. */
export interface CertificateRequest extends Closing {
	/** The key, PKCS #8 in base64, and the request, PEM; `undefined` before `onReadable`. */
	read(): { readonly key: string; readonly request: string } | undefined;
}

/** Of the constructor. */
export interface CertificateRequestOptions {
	/** The common name that the request is for. */
	readonly subject: string;
	/** They can be read. */
	readonly onReadable: () => void;
	/** There will be none. */
	readonly onError: (reason?: unknown) => void;
}

/** The class. It calls back in later turns. */
export type CertificateRequestClass = new (options: CertificateRequestOptions) => CertificateRequest;

/** By key; null goes back to the built-in one. */
export type Texts = { readonly [key: string]: string | null };

/** The network, broker and identity of a board, stored on it in place of the built-in ones (provisioning/trial.ts). */
export interface Provision {
	/**
	 * The keys that `cmd config` may set. Beside them fleet provisioning (aws/claim.ts) sets `id`, `certificate` and `key`, DER in base64,
	 * which the host shows in place of those of its image, and `token`, while the certificate has no thing yet and is not tried.
	 */
	readonly keys: readonly string[];
	/** A change is on trial in this life. */
	readonly trying: boolean;
	/** The change that the next start will try. */
	readonly next: Texts;
	/** The stored value of this life; `undefined`: the built-in one holds. */
	get(key: string): string | undefined;
	/** To be tried at the next start, with earlier changes. False when it could not be stored, or a trial is under way. */
	propose(changes: Texts): boolean;
	/** The trial has passed. False when that could not be stored. */
	keep(): boolean;
	/** Takes back the change that is on trial, or will be. False when that could not be stored. */
	drop(): boolean;
	/** Back to the built-in values, from the next start on. False when that could not be stored. */
	restore(): boolean;
}

/** Wall time beside monotonic ticks. */
export interface Clock extends Ticks {
	/** Milliseconds since 1970; means nothing before it was set. */
	time: number;
	/** The host itself keeps `time` true (an operating system with NTP). */
	readonly synchronized: boolean;
}

/** §30, `network.mqtt.client`: the MQTT client's class, and its default constructor options with `host` and `id` missing. */
export interface MQTTDefaults {
	/** The client's class: modules/mqtt's. */
	readonly io: typeof MQTTClient;
	/** The TCP or TLS class (§10), with options of it such as `tls`. */
	readonly socket: With<TCPClass>;
	/** `io`, the resolver class (§18), with options of it. */
	readonly dns: With<ResolverClass>;
	/** The host's. */
	readonly timer: Timer;
	/** Monotonic milliseconds. */
	readonly ticks: Ticks;
}

/** What a board finds on its host: the host provider instance. */
export interface Device {
	/** The host's name, as it appears in `info`. */
	readonly name: string;
	/** IO classes (§10); what a host lacks is absent, and a description that needs it is refused. */
	readonly io: {
		readonly Digital: DigitalClass;
		readonly PWM?: PWMClass;
		readonly Analog?: AnalogClass;
		/** Where the host can make a key. */
		readonly CertificateRequest?: CertificateRequestClass;
		/** For sensor classes of the application; not used here. */
		readonly I2C?: unknown;
		readonly SMBus?: unknown;
	};
	/** Pins by the name that a description gives: `led`, `button` … */
	readonly pin: { readonly [name: string]: PinSpecifier };
	/** By the name that a description gives as `driver`. */
	readonly sensor: { readonly [driver: string]: SensorDriver };
	/** Beside the lamp, likewise. */
	readonly actuator?: { readonly [driver: string]: ActuatorDriver };
	/** How brokers are reached: `mqtts` over TLS, where the host has it. */
	readonly network: {
		readonly mqtt: { readonly client: MQTTDefaults };
		readonly mqtts?: { readonly client: MQTTDefaults };
		/** With its `servers`; absent where the host keeps its clock true by itself. */
		readonly ntp?: { readonly client: With<NTPClass> };
		/** Tells one watcher, at once or later, whether the network is there, and when that changes; where the host knows. */
		readonly watch?: (changed: (up: boolean) => void) => void;
		/** Strength of the radio signal in dBm, `undefined` while there is none; absent where the host does not know. */
		readonly signal?: () => number | undefined;
	};
	/** For what is small: where there is no journal, and for the provisioned values. */
	readonly keyValue: KeyValue;
	/** With a partition `journal`; without it alerts are in RAM. */
	readonly flash?: Flash;
	/** Bytes that the engine has for slots and chunks; absent where it takes as many as it wants. */
	readonly heap?: number;
	/** Ours, as all below. */
	readonly timer: Timer;
	/** Wall time, and ticks that intervals are measured with. */
	readonly clock: Clock;
	/** The board description as the user wrote it, not yet checked. */
	readonly description: unknown;
	/** Of the program's features (start.ts): what they add to the form of a description. */
	readonly forms?: readonly Form[];
	/** Broker, id and root as the host was told them, in place of a program's own; `description` has them already. */
	readonly overrides?: { readonly [key: string]: string };
	/** Absent where a command line says it. */
	readonly provision?: Provision;
	/** Of this very piece of hardware, as the chip has it; absent where the host knows none. */
	readonly serial?: string;
	/** Why the board started: "power-on", "software", "watchdog" … */
	readonly reset: string;
	/** Takes one line of the log; absent where there is none. */
	readonly trace?: (line: string) => void;
	/** Starts the board anew; absent where the host cannot. */
	readonly restart?: () => void;
}

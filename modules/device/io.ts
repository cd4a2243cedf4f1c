/**
 * The host provider instance (ECMA-419 §30) as this firmware uses it, and the classes it carries:
 * Digital, PWM and Analog (§10), sensors (§13), Key-Value (§28; Flash is in store/io.ts). Types only. `timer`, `clock`, `trace`,
 * `description` and `reset` are ours: the standard has no place for them (DESIGN.md, "The seam").
 */

import type MQTTClient from "../mqtt/client.js";
import type { ResolverClass, TCPClass, Ticks, Timer, With } from "../mqtt/io.js";
import type { Flash, KeyValueDomain } from "../store/io.js";
import type { Form } from "./description/schema.js";

export type { KeyValueDomain };

export type PinSpecifier = number | string | object;

/** A digital output or input; never both. */
export interface Digital {
	read(): 0 | 1;
	write(value: 0 | 1): void;
	close(): void;
}

export interface DigitalOptions {
	readonly pin: PinSpecifier;
	readonly mode: unknown;
	readonly edge?: number;
	readonly activeLow?: boolean;
	readonly initialValue?: 0 | 1;
	readonly onReadable?: (this: Digital) => void;
}

export interface DigitalClass {
	new (options: DigitalOptions): Digital;
	readonly Input: unknown;
	readonly InputPullUp: unknown;
	readonly InputPullDown: unknown;
	readonly InputPullUpDown: unknown;
	readonly Output: unknown;
	readonly OutputOpenDrain: unknown;
	readonly Rising: number;
	readonly Falling: number;
}

export interface PWM {
	/** Bits: `write` takes 0 … 2 ** resolution - 1. */
	readonly resolution: number;
	write(value: number): void;
	close(): void;
}

export interface Analog {
	/** Bits: `read` gives 0 … 2 ** resolution - 1. */
	readonly resolution: number;
	read(): number;
	close(): void;
}

export type AnalogClass = new (options: {
	readonly pin: PinSpecifier;
	readonly resolution?: number;
}) => Analog;

export type PWMClass = new (options: { readonly pin: PinSpecifier; readonly hz?: number }) => PWM;

/** One reading: numbers by quantity name, as §14 names them (`temperature` in °C …). */
export type Sample = { readonly [quantity: string]: unknown };

export interface Sensor {
	/** A new object at each call, or `undefined` when there is no reading. May throw. */
	sample(): Sample | undefined;
	configure?(options: object): void;
	close(): void;
}

// biome-ignore lint/suspicious/noExplicitAny: each class names the options it takes
export type SensorClass = new (options: any) => Sensor;

/** A sensor the host offers by name in a description's `driver`. */
export interface SensorDriver {
	readonly io: SensorClass;
	/** The sample's property that is the measurement. */
	readonly quantity: string;
	readonly unit?: string;
	/** Constructor options the description may set, each with what it expects. */
	readonly options?: { readonly [name: string]: DriverOption };
	/** Options the host adds: `sensor: {io, …}` and the like. */
	readonly defaults?: object;
}

export interface DriverOption {
	readonly type: "number" | "string" | "boolean";
	readonly required?: boolean;
	readonly minimum?: number;
	readonly maximum?: number;
}

/** A thing that messages switch. Starts at `initialValue` (0…255) of its options; throws if it fails. */
export interface Actuator {
	/** 0 is off, 255 is on; a level between them is a share of on, where the actuator can. */
	write(level: number): void;
	close(): void;
}

/** Options are the driver's `defaults`, those of the description, and `initialValue`. */
// biome-ignore lint/suspicious/noExplicitAny: each class names the options it takes
export type ActuatorClass = new (options: any) => Actuator;

/** An actuator the host offers by name in a description's `driver`. */
export interface ActuatorDriver {
	readonly io: ActuatorClass;
	/** Takes levels between 0 and 255. */
	readonly dimmable?: boolean;
	readonly options?: { readonly [name: string]: DriverOption };
	readonly defaults?: object;
}

/** ECMA-419 §19. */
export interface NTP {
	/** Throws while a request is under way. */
	getTime(callback: (error: Error | null, time?: number) => void): void;
	close(): void;
}

export type NTPClass = new (options: object) => NTP;

export interface KeyValue {
	open(options: {
		readonly path: string;
		readonly mode?: "r" | "r+";
		readonly format: "string";
	}): KeyValueDomain;
}

/** Texts by key; null goes back to the built-in one. */
export type Texts = { readonly [key: string]: string | null };

/** The network, broker and identity of a board, stored on it in place of the built-in ones (provisioning/trial.ts). */
export interface Provision {
	/** The keys that this host takes. */
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
	readonly io: typeof MQTTClient;
	readonly socket: With<TCPClass>;
	readonly dns: With<ResolverClass>;
	readonly timer: Timer;
	readonly ticks: Ticks;
}

export interface Device {
	/** The host's name, as it appears in `info`. */
	readonly name: string;
	readonly io: {
		readonly Digital: DigitalClass;
		readonly PWM?: PWMClass;
		readonly Analog?: AnalogClass;
		/** For sensor classes of the application; not used here. */
		readonly I2C?: unknown;
		readonly SMBus?: unknown;
	};
	readonly pin: { readonly [name: string]: PinSpecifier };
	readonly sensor: { readonly [driver: string]: SensorDriver };
	/** Actuators beside the lamp, by the name a description gives as `driver`. */
	readonly actuator?: { readonly [driver: string]: ActuatorDriver };
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
	readonly keyValue: KeyValue;
	readonly flash?: Flash;
	/** Bytes that the engine has for slots and chunks; absent where it takes as many as it wants. */
	readonly heap?: number;
	readonly timer: Timer;
	readonly clock: Clock;
	/** The board description as the user wrote it, not yet checked. */
	readonly description: unknown;
	/** Of the program's features (feature.ts): what they add to the form of a description. */
	readonly forms?: readonly Form[];
	/** Broker, id and root as the host was told them, in place of a program's own; `description` has them already. */
	readonly overrides?: { readonly [key: string]: string };
	/** Absent where a command line says it. */
	readonly provision?: Provision;
	/** Why the board started: "power-on", "software", "watchdog" … */
	readonly reset: string;
	/** Takes one line of the log; absent where there is none. */
	readonly trace?: (line: string) => void;
	/** Starts the board anew; absent where the host cannot. */
	readonly restart?: () => void;
}

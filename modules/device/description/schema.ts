/**
 * The keys of a board description: which values each takes, and its default; its type follows from that. The place to add a key, with its
 * meaning in ../DESCRIPTION.md. Checks nothing: validate.ts does, and description.ts what is between keys. Durations are in milliseconds.
 */

import type { Device, Driver, DriverOption } from "../io.js";
import type { Values } from "../json.js";
import type { Keys, Spec, Value } from "./validate.js";

/** What a description may name: drivers of the host, and keys of the features that the firmware has. */
export type Known = Pick<Device, "sensor" | "actuator" | "forms">;

export const BROKER = "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The words that `commands` may allow: those of `cmd`, and `provision`, a section of `config`'s `set`. */
export const words: readonly string[] = Object.freeze([
	"help",
	"info",
	"config",
	"identify",
	"provision",
	"restart",
	"forget",
]);
/** Those that can neither move a board, nor stop it. */
const harmless: readonly string[] = Object.freeze(["info", "config", "identify"]);

// All is frozen: an object of a preloaded module that stays writable costs RAM on the device. (By a function of its own, since the types of
// the SDK's Object.freeze forget which text it was.)
const freeze = <const Literal>(value: Literal): Readonly<Literal> => Object.freeze(value);
// A client identifier that each broker takes has 23 bytes at most [MQTT-3.1.3-5].
const id = "name 1..23";
const name = "name 1..32";
const word = "word 1..32";
const day = `..${DAY}`;
const list = <Item extends Spec>(item: Item, maximum: number, initial: readonly string[] = freeze([])) =>
	freeze({ item, maximum, initial });

/** Keys of features (start.ts), in a firmware that is built without them. */
const absent: Keys = freeze({
	homeAssistant: "absent ?",
	shadow: "absent ?",
	jobs: "absent ?",
	ingest: "absent ?",
	provisioning: "absent ?",
	parameters: "absent ?",
});
const absentOfSensor: Keys = freeze({ deviceClass: "absent ?", stateClass: "absent ?" });

const sensor = freeze({
	keys: freeze({ name, driver: word }),
	settings: freeze({
		/** 200 Hz to once a day. */
		every: `number 5${day}`,
		unit: `${word} ?`,
		decimals: "whole 0..9 ?",
		/** Published when it differs by so much from the last published value, or after so long a silence. */
		deadband: "number 0.. ?",
		maxSilence: `number 100${day} ?`,
		/** One value for all samples of so long. */
		window: `number 5${day} ?`,
		aggregate: "mean|minimum|maximum|range ?",
		/** So many values in one message. */
		batch: "whole 1..200 ?",
		/** Without a reading for so long, `<name>-fault` is raised. */
		faultAfter: `number 100${day} ?`,
	}),
	defaults: freeze({ aggregate: "mean", batch: 1 }),
	more: (value: Values, known: unknown): Keys | undefined => {
		const { sensor, forms = [] } = known as Known;
		const own = options(sensor, value.driver);
		return own && Object.assign({}, own, absentOfSensor, ...forms.map(form => form.sensor));
	},
});

/** Further keys are the driver's options. */
export interface SensorDescription extends Value<typeof sensor> {
	/** Of Home Assistant. */
	readonly deviceClass?: string;
	readonly stateClass?: string;
}

/** The alert that is raised when flash takes no writes. */
export const storageFault = "storage-fault";

/** The alert that is raised when a sensor gives no readings. */
export const faultName = (sensor: string): string => `${sensor}-fault`;

const alert = freeze({
	keys: freeze({ name, sensor: name }),
	settings: freeze({
		// One of these five.
		above: "number ?",
		below: "number ?",
		outside: "range ?",
		/** Units per second, whichever way, between samples `over` apart. */
		rate: "number 1e-9.. ?",
		stale: `number 100${day} ?`,
		over: `number 5${day} ?`,
		clear: "any ?",
		holdOn: `number 0${day} ?`,
		holdOff: `number 0${day} ?`,
		rearm: `number 0${day} ?`,
		severity: "info|warning|critical ?",
	}),
	defaults: freeze({ over: 1000, holdOn: 0, holdOff: 0, rearm: 0 }),
});
export type AlertDescription = Value<typeof alert>;

/** Never act on a message that may be old. */
const liveOnly = "boolean =false";
const output = freeze({
	powerOn: "last|off|desired =last",
	/** Off after so long without the broker. */
	failSafe: `number 1000..${7 * DAY} ?`,
});
/** The keys that every actuator has. */
export type OutputDescription = Value<{ keys: typeof output & { liveOnly: typeof liveOnly } }>;

const lamp = freeze({
	optional: true,
	keys: freeze({ pin: "pin", dimmable: "boolean =false", activeLow: "boolean =false", liveOnly }),
	settings: output,
});
export type LampDescription = Value<typeof lamp>;

const actuator = freeze({
	keys: freeze({ name, driver: word, liveOnly }),
	settings: output,
	more: (value: Values, known: unknown) => options((known as Known).actuator, value.driver),
});

/** By section, the keys that `cmd config` may change at run time. */
export const settings: { readonly [section: string]: Keys } = freeze({
	sensors: sensor.settings,
	alerts: alert.settings,
	actuators: output,
	lamp: output,
});

const button = freeze({
	optional: true,
	keys: freeze({
		pin: "pin",
		activeLow: "boolean =true",
		debounce: "number 0..1000 =50",
		/** That it switches; the lamp or else the first. */
		actuator: `${name} ?`,
	}),
});
export type ButtonDescription = Value<typeof button>;

/** Against the rush of a fleet that lost its broker. The defaults are the session's (session/options.ts). */
const backoff = freeze({
	optional: true,
	keys: freeze({
		minimum: `number 100${day} ?`,
		maximum: `number 100${day} ?`,
		stable: `number 1000${day} ?`,
		/** The first try after a start, and after a loss, comes at a random moment of so long. */
		spread: `number 0..${HOUR} ?`,
	}),
});

const within = `number 1000..${HOUR} ?`;
const deadlines = freeze({
	optional: true,
	keys: freeze({
		network: within,
		connect: within,
		/** In place of `connect`, while other brokers are left to try. */
		next: within,
		subscribe: within,
		acknowledge: within,
		/** Until the board's own `online` has come back; 0 is never. */
		hear: `number 0${day} ?`,
	}),
});

/** In place of the profile's. Below the least of each no board works. */
const limits = freeze({
	optional: true,
	keys: freeze({
		/** Bytes. */
		maximumPayload: "whole 1024..268435455 ?",
		/** One more than there are slashes. */
		topicLevels: "whole 4..128 ?",
		topicBytes: "whole 32..65535 ?",
		/** Subscriptions on a connection. */
		filters: "whole 4..1000 ?",
		qos: "whole 1..2 ?",
		/** The broker retains messages; if not, none is published so. */
		retain: "boolean ?",
		/** Messages a second on a connection. */
		publishRate: "whole 5..300 ?",
		keepAlive: "range ?",
	}),
});

export const board = freeze({
	keys: freeze({
		root: "root",
		id,
		// Where the host has one of its own (hosts/desk starts a broker), none need be written. ../broker.ts checks it.
		broker: "any ?",
		user: `${word} ?`,
		password: "secret ?",
		brokerOrder: "listed|random =listed",
		backoff,
		deadlines,
		/** Not 0: a client that does not ping never learns that its broker is dead. */
		keepAlive: "number 1000..65535000 =30000",
		/** How often the retained topics are published again. */
		refresh: `number 60000..${7 * DAY} =${DAY}`,
		/** What the broker takes (broker.ts); found from the name of AWS's. */
		profile: "plain|aws ?",
		limits,
		sensors: list(sensor, 64),
		alerts: list(alert, 64),
		lamp,
		actuators: list(actuator, 16),
		button,
		/** The words that `cmd` may use: without them, one message could move the board to another broker. */
		commands: list(words.join("|"), words.length, harmless),
	}),
	more: (_: Values, known: unknown): Keys => {
		const { forms = [] } = known as Known;
		return Object.assign({}, absent, ...forms.map(form => form.board));
	},
});

/** A description with its defaults. */
export interface Description extends Omit<Value<typeof board>, "broker" | "sensors"> {
	/** `mqtt://…` or `mqtts://…`; several in order of preference. */
	readonly broker?: string | readonly string[];
	readonly sensors: readonly SensorDescription[];
	/** The wishes of its outputs, and its settings, by AWS's device shadows too. */
	readonly shadow?: boolean;
	readonly jobs?: boolean;
	/** The rule of AWS's that measurements are sent to. */
	readonly ingest?: string;
	/** The template of AWS's fleet provisioning, where the board's certificate is a claim. */
	readonly provisioning?: string;
	/** Of that template, beside `SerialNumber`. */
	readonly parameters?: Values;
	/** Home Assistant finds the board by itself. */
	readonly homeAssistant?: boolean | { readonly prefix?: string; readonly area?: string };
}

/** The forms of a driver's options; `undefined` when there is no such driver, which is reported elsewhere. */
const options = (drivers: { readonly [driver: string]: Driver } = {}, driver: unknown): Keys | undefined => {
	if (typeof driver !== "string" || !Object.hasOwn(drivers, driver)) return undefined;
	const { options = {} } = drivers[driver] as Driver;
	const keys: { [name: string]: Spec } = {};
	Object.keys(options).forEach(name => {
		const { type, required, minimum = "", maximum = "" } = options[name] as DriverOption;
		keys[name] = `${type} ${minimum}..${maximum}${required ? "" : " ?"}`;
	});
	return keys;
};

/** The options for a driver's class: the driver's own defaults, then the keys of the description that it knows. */
export const optionsFor = (
	{ options = {}, defaults }: Driver,
	description: object,
): { [name: string]: unknown } => ({
	...defaults,
	...withKeys(description, Object.keys(options)),
});

export const withKeys = (item: object, keys: readonly string[]): Values => {
	const result: { [key: string]: unknown } = {};
	keys.forEach(key => {
		const value = (item as Values)[key];
		if (value !== undefined) result[key] = value;
	});
	return result;
};

/**
 * The board description: one JSON file, written by a person, names a board's sensors, alerts, actuators and brokers.
 * `check` is pure, throws nothing, and says of each mistake where it is. Its result has the shape of the file with the
 * defaults filled in, so that it can be changed and checked again (settings.ts). Does not know whether a pin exists.
 */

import type { SessionOptions } from "../../session/options.js";
import type { ActuatorDriver, Device, DriverOption } from "../io.js";
import { isRecord, type Values } from "../json.js";
import { checkLimits, type Limits } from "../profile.js";
import { type Address, brokersOf, checkRules, parseAddress } from "./rules.js";
import { BROKER, board, type Known } from "./schema.js";
import { type Form, type Problem, report, walk } from "./validate.js";

export { faultName, storageFault } from "./rules.js";
export type { Problem } from "./validate.js";

/** All durations in milliseconds. */
export interface Description {
	readonly root: string;
	readonly id: string;
	/** `mqtt://…` or `mqtts://…`; several in order of preference. */
	readonly broker?: string | readonly string[];
	readonly user?: string;
	readonly password?: string;
	readonly brokerOrder: "listed" | "random";
	readonly backoff?: NonNullable<SessionOptions["backoff"]>;
	readonly deadlines?: NonNullable<SessionOptions["deadlines"]>;
	readonly keepAlive: number;
	/** How often the retained topics are published again. */
	readonly refresh: number;
	/** Found from the broker's name where it is missing. */
	readonly profile?: "plain" | "aws";
	/** In place of the profile's. */
	readonly limits?: Partial<Limits>;
	readonly sensors: readonly SensorDescription[];
	readonly alerts: readonly AlertDescription[];
	readonly lamp?: LampDescription;
	readonly actuators: readonly ActuatorDescription[];
	readonly button?: ButtonDescription;
	/** The words that `cmd` may use. */
	readonly commands: readonly string[];
	/** The wishes of its outputs, and its settings, by AWS's device shadows too. */
	readonly shadow?: boolean;
	/** Commands as AWS's jobs. */
	readonly jobs?: boolean;
	/** The rule of AWS's that measurements are sent to. */
	readonly ingest?: string;
	/** The template of AWS's fleet provisioning, where the board's certificate is a claim. */
	readonly provisioning?: string;
	/** Home Assistant finds the board by itself. */
	readonly homeAssistant?: boolean | { readonly prefix?: string; readonly area?: string };
}

/** Further keys are the driver's options. */
export interface SensorDescription {
	readonly name: string;
	readonly driver: string;
	readonly every: number;
	readonly unit?: string;
	readonly decimals?: number;
	readonly deadband?: number;
	readonly maxSilence?: number;
	readonly window?: number;
	readonly aggregate: "mean" | "minimum" | "maximum" | "range";
	readonly batch: number;
	readonly faultAfter?: number;
	/** Of Home Assistant. */
	readonly deviceClass?: string;
	readonly stateClass?: string;
}

export interface AlertDescription {
	readonly name: string;
	readonly sensor: string;
	readonly above?: number;
	readonly below?: number;
	readonly outside?: readonly [number, number];
	/** Units per second, whichever way, between samples `over` apart. */
	readonly rate?: number;
	readonly over: number;
	readonly stale?: number;
	readonly clear?: number | readonly [number, number];
	readonly holdOn: number;
	readonly holdOff: number;
	readonly rearm: number;
	readonly severity?: string;
}

/** The keys that every actuator has. */
export interface OutputDescription {
	readonly powerOn: "last" | "off" | "desired";
	/** Off after so long without the broker. */
	readonly failSafe?: number;
	/** Never act on a message that may be old. */
	readonly liveOnly: boolean;
}

export interface LampDescription extends OutputDescription {
	readonly pin: number | string;
	readonly dimmable: boolean;
	readonly activeLow: boolean;
}

/** Further keys are the driver's options. */
export interface ActuatorDescription extends OutputDescription {
	readonly name: string;
	readonly driver: string;
}

export interface ButtonDescription {
	readonly pin: number | string;
	readonly activeLow: boolean;
	readonly debounce: number;
	/** The actuator it switches; the lamp or else the first. */
	readonly actuator?: string;
}

/** `drivers` are the host's sensor drivers (ECMA-419 §30 `sensor`), `actuators` its drivers beside the lamp's; `forms` are the features'. */
export const check = (
	raw: unknown,
	drivers: Device["sensor"],
	actuators: { readonly [driver: string]: ActuatorDriver } = {},
	forms: readonly Form[] = [],
): { readonly description?: Description; readonly problems: Problem[] } => {
	const problems: Problem[] = [];
	const known: Known = { sensors: drivers, actuators, forms };
	const value = walk(board, raw, "", problems, known);
	if (isRecord(value)) {
		checkRules(value, known, problems);
		checkLimits(value, problems);
	}
	return problems.length ? { problems } : { description: value as unknown as Description, problems };
};

/** The options for a driver's class: the driver's own defaults, then the keys of the description that it knows. */
export const optionsFor = (
	driver: { readonly options?: { readonly [name: string]: DriverOption }; readonly defaults?: object },
	description: object,
): { [name: string]: unknown } => {
	const result: { [name: string]: unknown } = { ...driver.defaults };
	Object.keys(driver.options ?? {}).forEach(name => {
		const value = (description as Values)[name];
		if (value !== undefined) result[name] = value;
	});
	return result;
};

/** A problem as one line; `source` is the file it is in. */
export const line = ({ key, expected, found }: Problem, source?: string): string =>
	`${source === undefined ? "" : `${source}: `}${key}: expected ${expected}, found ${found}`;

/** Every broker wants TLS. */
export const onlyTLS = ({ broker }: Description): boolean =>
	broker !== undefined && brokersOf(broker).every(text => parseAddress(text)?.secure);

/** Where the brokers are, in order of preference; with problems where this host cannot reach them. */
export const addresses = (
	{ broker, user, password }: Description,
	tls: boolean,
): { readonly addresses: readonly Address[]; readonly problems: Problem[] } => {
	const problems: Problem[] = [];
	const addresses = brokersOf(broker).map(text => ({
		...(parseAddress(text) as Address),
		...(user !== undefined && { user }),
		...(password !== undefined && { password }),
	}));
	if (addresses.length === 0) report(problems, "broker", BROKER, undefined);
	if (!tls && addresses.some(({ secure }) => secure))
		problems.push({ key: "broker", expected: "mqtt:// (this host has no TLS)", found: "mqtts://" });
	return { addresses, problems };
};

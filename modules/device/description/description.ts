/**
 * The board description: what a person writes in one JSON file to say which sensors, alerts and actuators a board
 * has and where its broker is. `check` is pure, throws nothing, and says of each mistake where it is. The result has
 * the shape of what was written, defaults filled in, so that it can be changed and checked again (config.ts).
 * Does not know whether a pin exists: only the host does.
 */

import type { ActuatorDriver, Device } from "../io.js";
import { type Address, parseAddress } from "./address.js";
import { BROKER, board, type Known } from "./fields.js";
import { checkConditions } from "./rules.js";
import { isRecord, type Problem, report, walk } from "./schema.js";

export { faultName } from "./rules.js";
export type { Problem } from "./schema.js";

/** All durations in milliseconds. */
export interface Description {
	readonly root: string;
	readonly id: string;
	/** `mqtt://…` or `mqtts://…`; several in order of preference. */
	readonly broker?: string | readonly string[];
	readonly user?: string;
	readonly password?: string;
	readonly keepAlive: number;
	/** How often what is retained is sent again. */
	readonly refresh: number;
	readonly sensors: readonly SensorDescription[];
	readonly alerts: readonly AlertDescription[];
	readonly lamp?: LampDescription;
	readonly actuators: readonly ActuatorDescription[];
	readonly button?: ButtonDescription;
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

/** What is the same for each actuator. */
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

/** `drivers` are the sensors the host offers (ECMA-419 §30 `sensor`), `actuators` what it offers beside the lamp. */
export function check(
	raw: unknown,
	drivers: Device["sensor"],
	actuators: { readonly [driver: string]: ActuatorDriver } = {},
): { readonly description?: Description; readonly problems: Problem[] } {
	const problems: Problem[] = [];
	const known: Known = { sensors: drivers, actuators };
	const value = walk(board, raw, "", problems, known);
	if (isRecord(value)) checkConditions(value, known, problems);
	return problems.length ? { problems } : { description: value as unknown as Description, problems };
}

/** A problem as one line; `source` is the file it is in. */
export function line({ key, expected, found }: Problem, source?: string): string {
	return `${source === undefined ? "" : `${source}: `}${key}: expected ${expected}, found ${found}`;
}

/** Where the brokers are, in order of preference; with problems where this host cannot reach them. */
export function addresses(
	{ broker = [], user, password }: Description,
	tls: boolean,
): { readonly addresses: readonly Address[]; readonly problems: Problem[] } {
	const all = typeof broker === "string" ? [broker] : broker;
	const problems: Problem[] = [];
	if (all.length === 0) report(problems, "broker", BROKER, undefined);
	const addresses = all.map(text => ({
		...(parseAddress(text) as Address),
		...(user !== undefined && { user }),
		...(password !== undefined && { password }),
	}));
	if (!tls && addresses.some(({ secure }) => secure))
		problems.push({ key: "broker", expected: "mqtt:// (this host has no TLS)", found: "mqtts://" });
	return { addresses, problems };
}

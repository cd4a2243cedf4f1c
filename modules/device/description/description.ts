/**
 * The board description (DESCRIPTION.md): one JSON file, written by a person, names a board's sensors, alerts, actuators and brokers.
 * `check` is pure, throws nothing, and says of each mistake where it is: in the form of a value (schema.ts, validate.ts), between keys
 * (here: names that must exist or differ, a clear threshold on the safe side of its threshold), or beyond what the broker takes (broker.ts).
 * Its result has the shape of the file with the defaults filled in, so that it can be changed and checked again (settings.ts). Does not know
 * whether a pin exists.
 */

import { checkBroker, checkLimits } from "../broker.js";
import type { ActuatorDriver, Device, Driver } from "../io.js";
import { isRecord, type Values } from "../json.js";
import topics from "../topics.js";
import { board, type Description, faultName, type Known, storageFault } from "./schema.js";
import { among, type Form, isRange, items, type Problem, report, show, walk } from "./validate.js";

export type * from "./schema.js";
export { faultName, storageFault } from "./schema.js";
export type { Problem } from "./validate.js";

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

/** A problem as one line; `source` is the file it is in. */
export const line = ({ key, expected, found }: Problem, source?: string): string =>
	`${source === undefined ? "" : `${source}: `}${key}: expected ${expected}, found ${found}`;

/** Adds every mistake between keys of a board's description. */
const checkRules = (value: Values, known: Known, problems: Problem[]): void => {
	const sensors = items(value.sensors);
	const actuators = items(value.actuators);
	checkBroker(value, problems);
	const { minimum = 1000, maximum = 60_000 } = isRecord(value.backoff) ? value.backoff : {};
	if (typeof minimum === "number" && typeof maximum === "number" && minimum > maximum)
		report(problems, "backoff.maximum", `at least minimum (${minimum})`, maximum);
	checkNames(sensors, "sensors", known.sensors, problems);
	sensors.forEach(({ name, every, window }, index) => {
		const key = `sensors[${index}]`;
		if (typeof name === "string" && faultName(name) === storageFault)
			report(problems, `${key}.name`, "a name whose fault alert is not the board's own", name);
		if (typeof window === "number" && typeof every === "number" && window < every)
			report(problems, `${key}.window`, `at least every (${every})`, window);
	});
	checkNames(items(value.alerts), "alerts", undefined, problems);
	checkAlerts(items(value.alerts), namesOf(sensors), problems);
	checkNames(actuators, "actuators", known.actuators, problems);
	checkOutputs(namesOf(actuators), value, problems);
	known.forms.forEach(form => form.check(value, problems, known));
};

/** Each name once, and drivers that there are, where a list has them. */
const checkNames = (
	list: readonly Values[],
	section: string,
	drivers: object | undefined,
	problems: Problem[],
): void => {
	const names = list.map(item => item.name);
	list.forEach(({ name, driver }, index) => {
		const key = `${section}[${index}]`;
		const first = names.indexOf(name);
		if (typeof name === "string" && first < index)
			report(problems, `${key}.name`, `a name that ${section}[${first}] does not have`, name);
		if (!drivers || typeof driver !== "string" || Object.hasOwn(drivers, driver)) return;
		const all = Object.keys(drivers);
		const none = "no driver, since this host has none";
		report(problems, `${key}.driver`, all.length ? among(driver, all, "driver") : none, driver);
	});
};

const kinds: readonly string[] = Object.freeze(["above", "below", "outside", "rate", "stale"]);

const checkAlerts = (alerts: readonly Values[], sensors: readonly string[], problems: Problem[]): void =>
	alerts.forEach((alert, index) => {
		const { name, sensor } = alert;
		const key = `alerts[${index}]`;
		if (typeof sensor === "string" && !sensors.includes(sensor))
			report(problems, `${key}.sensor`, among(sensor, sensors, "sensor"), sensor);
		// Each sensor has such an alert by itself (sensors/sensor.ts).
		if (name === storageFault || sensors.some(each => name === faultName(each)))
			report(problems, `${key}.name`, "a name other than that of a fault alert", name);
		const given = kinds.filter(kind => alert[kind] !== undefined);
		const kind = given[0] as string;
		const found = given.join(" and ") || "none";
		if (given.length !== 1) problems.push({ key, expected: `exactly one of ${kinds.join(", ")}`, found });
		else checkClear(alert.clear, kind, alert[kind], `${key}.clear`, problems);
	});

/** `clear` lies on the safe side of the threshold, or there would be no state between ON and OFF. */
const checkClear = (clear: unknown, kind: string, limit: unknown, key: string, problems: Problem[]): void => {
	if (clear === undefined) return;
	if (kind === "stale") report(problems, key, "nothing beside stale: any sample clears it", clear);
	else if (isRange(limit)) {
		const inside = isRange(clear) && clear[0] >= limit[0] && clear[1] <= limit[1];
		if (!inside) report(problems, key, `a list [low, high] within ${show(limit)}`, clear);
	} else if (typeof limit === "number") {
		const number = typeof clear === "number" && Number.isFinite(clear) ? clear : Number.NaN;
		const right = kind === "below" ? number >= limit : number <= limit && (kind !== "rate" || number >= 0);
		const bound = kind === "below" ? "at least" : "at most";
		if (!right) report(problems, key, `a number of ${bound} ${limit} (${kind})`, clear);
	}
};

/** Names of actuators that others have, and what the button switches. */
const checkOutputs = (names: readonly string[], { lamp, button }: Values, problems: Problem[]): void => {
	const taken = lamp === undefined ? topics.taken : ["lamp"].concat(topics.taken);
	names.forEach((name, index) => {
		if (taken.includes(name))
			report(problems, `actuators[${index}].name`, `a name other than ${taken.join(", ")}`, name);
	});
	if (!isRecord(button)) return;
	const all = lamp === undefined ? names : names.concat("lamp");
	const drives = button.actuator;
	const expected = all.length ? `one of ${all.join(", ")}` : "an actuator or a lamp to switch";
	if (drives === undefined ? !all.length : !all.includes(drives as string))
		report(problems, "button.actuator", expected, drives);
};

/** "" where it is no name. */
const namesOf = (list: readonly Values[]): readonly string[] =>
	list.map(item => (typeof item.name === "string" ? item.name : ""));

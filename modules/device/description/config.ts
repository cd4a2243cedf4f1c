/**
 * What may be changed at run time: periods, deadbands, thresholds, policies; by name and not by place, as
 * `{"sensors":{"temp":{"every":500}},"alerts":{"overheat":{"above":31}},"lamp":{"powerOn":"off"}}`; `null` goes back to what
 * the description says. The result passes the same check as the description. Where a board is and who it is (root, id, broker)
 * is provisioning.ts's; drivers and pins need a description. Secrets are never read out.
 */

import type { Device } from "../io.js";
import { check, type Description } from "./description.js";
import { isRecord, type Problem, unknown, type Values } from "./schema.js";

type Patch = { [key: string]: unknown };

const outputKeys: readonly string[] = Object.freeze(["powerOn", "failSafe"]);
const keys = Object.freeze({
	sensors: Object.freeze([
		"every",
		"unit",
		"decimals",
		"deadband",
		"maxSilence",
		"window",
		"aggregate",
		"batch",
		"faultAfter",
	]) as readonly string[],
	alerts: Object.freeze([
		"above",
		"below",
		"outside",
		"rate",
		"stale",
		"over",
		"clear",
		"holdOn",
		"holdOff",
		"rearm",
		"severity",
	]) as readonly string[],
	actuators: outputKeys,
	lamp: outputKeys,
});
type Section = keyof typeof keys;
const sections = Object.freeze(Object.keys(keys)) as readonly Section[];
/** What else `set` takes. */
const others: readonly string[] = Object.freeze(["provision"]);

export interface Configured {
	readonly description?: Description;
	readonly problems: readonly Problem[];
}

/** The description with `changes` over it, checked. */
export function configured(original: Description, changes: Values, device: Device): Configured {
	const problems: Problem[] = [];
	const raw: Patch = { ...original };
	for (const section of Object.keys(changes)) {
		if (!sections.includes(section as Section)) unknown(problems, section, section, [...sections, ...others]);
		else if (section === "lamp") {
			const lamp = changed(original.lamp, changes.lamp, "lamp", keys.lamp, problems);
			if (lamp) raw.lamp = lamp;
		} else raw[section] = list(original, section as Exclude<Section, "lamp">, changes[section], problems);
	}
	if (problems.length) return { problems };
	return check(raw, device.sensor, device.actuator);
}

/** Earlier changes and further ones, merged down to the keys of an item; what lies deeper is a value. */
export function combined(earlier: Values, further: Values, levels = 2): Patch {
	const result: Patch = { ...earlier };
	for (const key of Object.keys(further)) {
		const value = further[key];
		const old = result[key];
		if (value === null) delete result[key];
		else if (levels && isRecord(value)) result[key] = combined(isRecord(old) ? old : {}, value, levels - 1);
		else result[key] = value;
	}
	return result;
}

/** What there is to change, as it is now. */
export function readable(description: Description): Values {
	const result: { [section: string]: Values } = {};
	if (description.lamp) result.lamp = chosen(description.lamp, keys.lamp);
	for (const section of ["sensors", "alerts", "actuators"] as const) {
		const all: Patch = {};
		for (const item of description[section]) all[item.name] = chosen(item, keys[section]);
		result[section] = all;
	}
	return result;
}

function list(
	original: Description,
	section: "sensors" | "alerts" | "actuators",
	changes: unknown,
	problems: Problem[],
): readonly object[] {
	const items: object[] = [...original[section]];
	const names = original[section].map(({ name }) => name);
	if (!isRecord(changes))
		problems.push({ key: section, expected: "an object of names", found: "something else" });
	else
		for (const name of Object.keys(changes)) {
			const index = names.indexOf(name);
			const key = `${section}.${name}`;
			if (index < 0) unknown(problems, key, name, names);
			else items[index] = changed(items[index], changes[name], key, keys[section], problems) ?? {};
		}
	return items;
}

function changed(
	item: object | undefined,
	changes: unknown,
	key: string,
	allowed: readonly string[],
	problems: Problem[],
): object | undefined {
	if (!item || !isRecord(changes)) {
		problems.push({
			key,
			expected: item ? "an object" : "nothing, since there is none",
			found: "something else",
		});
		return undefined;
	}
	for (const name of Object.keys(changes))
		if (!allowed.includes(name)) unknown(problems, `${key}.${name}`, name, allowed);
	return { ...item, ...changes };
}

function chosen(item: object, allowed: readonly string[]): Values {
	const result: Patch = {};
	for (const key of allowed) {
		const value = (item as Values)[key];
		if (value !== undefined) result[key] = value;
	}
	return result;
}

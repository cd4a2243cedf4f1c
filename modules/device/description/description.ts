/**
 * The board description (DESCRIPTION.md): one JSON file, written by a person, names a board's sensors, alerts, actuators and brokers.
 * `check` is pure, throws nothing, and says of each mistake where it is: in the form of a value (schema.ts, validate.ts), between keys
 * (here: names that must exist or differ, a clear threshold on the safe side of its threshold), or beyond what the broker takes (broker.ts).
 * `Settings` is the description with the changes of `cmd config` over it (TOPICS.md, "cmd"), checked again. Does not know whether a
 * pin exists. The message `info` is made in retained.ts.
 */

import { checkBroker, checkLimits } from "../broker.js";
import type { Device } from "../io.js";
import { isRecord, type Values } from "../json.js";
import type { default as Memory, Room } from "../memory.js";
import topics from "../topics.js";
import {
	board,
	type Description,
	faultName,
	type Known,
	settings,
	storageFault,
	withKeys,
} from "./schema.js";
import {
	among,
	isRange,
	items,
	line,
	type Problem,
	report,
	show,
	unknown,
	unknownKeys,
	walk,
} from "./validate.js";

export type * from "./schema.js";
export { faultName, optionsFor, storageFault } from "./schema.js";
export { line, type Problem } from "./validate.js";

/** The description with its defaults, or each mistake in it. `known`: the host's device, of which no pin is looked at. */
export const check = (
	raw: unknown,
	known: Known,
): { readonly description?: Description; readonly problems: Problem[] } => {
	const problems: Problem[] = [];
	const value = walk(board, raw, "", problems, known);
	if (isRecord(value)) {
		checkRules(value, known, problems);
		checkLimits(value, problems);
	}
	return problems.length ? { problems } : { description: value as unknown as Description, problems };
};

/** Adds every mistake between keys. */
const checkRules = (value: Values, known: Known, problems: Problem[]): void => {
	const sensors = items(value.sensors);
	const actuators = items(value.actuators);
	checkBroker(value, problems);
	const { minimum = 1000, maximum = 60_000 } = isRecord(value.backoff) ? value.backoff : {};
	if (typeof minimum === "number" && typeof maximum === "number" && minimum > maximum)
		report(problems, "backoff.maximum", `at least minimum (${minimum})`, maximum);
	checkNames(sensors, "sensors", known.sensor, problems);
	sensors.forEach(({ name, every, window }, index) => {
		const key = `sensors[${index}]`;
		if (typeof name === "string" && faultName(name) === storageFault)
			report(problems, `${key}.name`, "a name whose fault alert is not the board's own", name);
		if (typeof window === "number" && typeof every === "number" && window < every)
			report(problems, `${key}.window`, `at least every (${every})`, window);
	});
	checkNames(items(value.alerts), "alerts", undefined, problems);
	checkAlerts(items(value.alerts), namesOf(sensors), problems);
	checkNames(actuators, "actuators", known.actuator ?? {}, problems);
	checkOutputs(namesOf(actuators), value, problems);
	known.forms?.forEach(form => form.check(value, problems, known));
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

const KEY = "config";
const OTHER = "something else";
/** Changes have any length: as long as the store can make a record. */
export const settingsRoom: Room = Object.freeze([KEY, 0xffff] as const);
const lists = Object.freeze(["sensors", "alerts", "actuators"] as const);
const sections: readonly string[] = Object.freeze([...Object.keys(settings), "provision"]);

/** Keys of messages beside these: of commands, of requests, and of a move. */
const further: readonly string[] = Object.freeze(
	"cmd cid set output all state brightness ver broker id root ssid password".split(" ") as readonly string[],
);

/** The mistake of a memory that refuses a change. */
export const unstored = (key: string): readonly Problem[] => [
	{ key, expected: "a change that can be stored", found: "a memory that refuses it" },
];

export class Settings {
	private readonly original: Description;
	private readonly memory: Memory;
	private readonly device: Device;
	current: Description;

	constructor(original: Description, memory: Memory, device: Device) {
		this.original = this.current = original;
		this.memory = memory;
		this.device = device;
		const changes = memory.get(KEY);
		if (Object.keys(changes).length === 0) return;
		const { description, problems } = this.changed(changes);
		if (description) this.current = description;
		const text = JSON.stringify(changes);
		const clear = Object.keys(changes).map(section => `"${section}":null`);
		// A change that was taken back leaves empty objects.
		if (description && /:[^{]/.test(text))
			device.trace?.(
				`settings: ${text} of cmd config hold over the description; {"cmd":"config","set":{${clear}}} clears them`,
			);
		// The description has changed since, and they no longer fit.
		problems.forEach(problem => device.trace?.(`configuration ignored: ${line(problem)}`));
	}

	/** A message to this board may use this name as a key. */
	knows(name: string): boolean {
		return (
			further.includes(name) ||
			sections.includes(name) ||
			// Not hasOwn: XS makes a name of any text that it looks for in an object, and never gives it back.
			Object.values(settings).some(keys => Object.keys(keys).includes(name)) ||
			lists.some(section => this.original[section].some(item => item.name === name))
		);
	}

	/** All that can be changed, with its present values. */
	get readable(): Values {
		const lamp = this.current.lamp;
		const result: { [section: string]: Values } = {};
		if (lamp) result.lamp = chosen(lamp, "lamp");
		lists.forEach(section => {
			const items = this.current[section].map(item => [item.name, chosen(item, section)]);
			result[section] = Object.fromEntries(items);
		});
		return result;
	}

	/** Returns the problems, or none: then the changes are stored and in force. */
	change(changes: Values): readonly Problem[] {
		const all = merged(this.memory.get(KEY), changes);
		const { description, problems } = this.changed(all);
		if (!description) return problems;
		if (!this.memory.put(KEY, all)) return unstored("set");
		this.current = description;
		return problems;
	}

	/** Deletes all changes; the description holds from the next start on. */
	restore(): void {
		this.memory.delete(KEY);
	}

	/** The description with `changes` over it, checked. */
	private changed(changes: Values): ReturnType<typeof check> {
		const { original, device } = this;
		const problems: Problem[] = [];
		const raw: { [section: string]: unknown } = { ...original };
		Object.keys(changes).forEach(section => {
			const further = changes[section];
			const list = lists.find(each => each === section);
			if (list) raw[list] = changedList(original[list], further, list, problems);
			else if (section === "lamp") raw.lamp = changedItem(original.lamp, further, section, section, problems);
			else unknown(problems, section, section, sections);
		});
		return problems.length ? { problems } : check(raw, device);
	}
}

/** Earlier changes and further ones, merged down to the keys of an item; deeper objects are values. */
export const merged = (earlier: Values, further: Values, levels = 2): Values => {
	// A Map, since an assignment to the key "__proto__" would go unnoticed.
	const result = new Map(Object.entries(earlier));
	Object.keys(further).forEach(key => {
		const value = further[key];
		const old = result.get(key);
		const deep = levels > 0 && isRecord(value);
		if (value === null) result.delete(key);
		else result.set(key, deep ? merged(isRecord(old) ? old : {}, value, levels - 1) : value);
	});
	return Object.fromEntries(result);
};

/** The items of a section, each with its changes. */
const changedList = (
	original: readonly { readonly name: string }[],
	changes: unknown,
	section: string,
	problems: Problem[],
): readonly unknown[] => {
	const items: unknown[] = original.slice();
	const names = original.map(item => item.name);
	if (!isRecord(changes)) problems.push({ key: section, expected: "an object of names", found: OTHER });
	else
		Object.keys(changes).forEach(name => {
			const index = names.indexOf(name);
			const key = `${section}.${name}`;
			if (index < 0) unknown(problems, key, name, names);
			else items[index] = changedItem(original[index], changes[name], section, key, problems);
		});
	return items;
};

const changedItem = (
	original: object | undefined,
	changes: unknown,
	section: string,
	key: string,
	problems: Problem[],
): object => {
	const expected = original ? "an object" : "nothing, since there is none";
	if (!original || !isRecord(changes)) problems.push({ key, expected, found: OTHER });
	else unknownKeys(problems, `${key}.`, changes, Object.keys(settings[section] as object));
	return { ...original, ...(changes as object) };
};

const chosen = (item: object, section: string): Values =>
	withKeys(item, Object.keys(settings[section] as object));

/**
 * The settings of a board (TOPICS.md, "cmd"): its description with the changes that `cmd config` has made since. Changes name an item, as
 * `{"sensors":{"temp":{"every":500}},"alerts":{"overheat":{"above":31}},"lamp":{"powerOn":"off"}}`; `null` goes back to the description.
 * They are checked as the description is, and stored. Drivers and pins need a new description; root, id and broker are provisioned
 * (provisioning/). No secret is read out.
 */

import type { Device } from "../io.js";
import { isRecord, type Values } from "../json.js";
import type { default as Memory, Room } from "../memory.js";
import { check, type Description, line, withKeys } from "./description.js";
import { settings } from "./schema.js";
import { type Problem, unknown, unknownKeys } from "./validate.js";

type Patch = { [key: string]: unknown };
type List = (typeof lists)[number];

const KEY = "config";
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

export default class Settings {
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
		// A change that was taken back leaves empty objects.
		if (description && /:[^{]/.test(text)) {
			const clear = Object.keys(changes).map(section => `"${section}":null`);
			device.trace?.(
				`settings: ${text} of cmd config hold over the description; {"cmd":"config","set":{${clear}}} clears them`,
			);
		}
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
			const items: readonly { readonly name: string }[] = this.current[section];
			result[section] = Object.fromEntries(items.map(item => [item.name, chosen(item, section)]));
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
		const raw: Patch = { ...original };
		Object.keys(changes).forEach(section => {
			const further = changes[section];
			if (section === "lamp") raw.lamp = changedItem(original.lamp, further, section, section, problems);
			else if (Object.hasOwn(settings, section))
				raw[section] = changedList(original[section as List], further, section, problems);
			else unknown(problems, section, section, sections);
		});
		return problems.length ? { problems } : check(raw, device.sensor, device.actuator, device.forms);
	}
}

/** Earlier changes and further ones, merged down to the keys of an item; deeper objects are values. */
export const merged = (earlier: Values, further: Values, levels = 2): Values => {
	// A Map, since an assignment to the key "__proto__" would go unnoticed.
	const result = new Map(Object.entries(earlier));
	Object.keys(further).forEach(key => {
		const value = further[key];
		const old = result.get(key);
		if (value === null) result.delete(key);
		else
			result.set(
				key,
				levels && isRecord(value) ? merged(isRecord(old) ? old : {}, value, levels - 1) : value,
			);
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
	if (!isRecord(changes))
		problems.push({ key: section, expected: "an object of names", found: "something else" });
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
	if (!original || !isRecord(changes)) problems.push({ key, expected, found: "something else" });
	else unknownKeys(problems, `${key}.`, changes, Object.keys(settings[section] as object));
	return { ...original, ...(changes as object) };
};

const chosen = (item: object, section: string): Values =>
	withKeys(item, Object.keys(settings[section] as object));

/**
 * Conditions beyond the form of a description: a broker's address, names that must exist or differ, a clear threshold on the
 * safe side of its threshold. What a broker takes is in profile.ts. Each function ignores values that `walk` (validate.ts) has
 * refused.
 */

import { isRecord, type Values } from "../json.js";
import topics from "../topics.js";
import { BROKER, type Known } from "./schema.js";
import { among, isRange, type Problem, report, show } from "./validate.js";

/** Adds every mistake between keys of a board's description. */
export const checkRules = (value: Values, known: Known, problems: Problem[]): void => {
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

const checkBroker = ({ broker, user, password }: Values, problems: Problem[]): void => {
	const several = Array.isArray(broker);
	if (broker === undefined) return;
	if (several && (broker.length < 1 || broker.length > 8))
		report(problems, "broker", `1 to 8 of ${BROKER}`, broker);
	(several ? broker : [broker]).forEach((text: unknown, index: number) => {
		if (typeof text === "string" && parseAddress(text)) return;
		// It may carry a password, which belongs in no log.
		const shown = `${text}`;
		const end = shown.indexOf("://") + 3;
		const scheme = shown.startsWith("mqtt") && end <= 8 ? shown.slice(0, end) : "";
		const hidden = typeof text === "string" && text.includes("@") ? `${scheme}…@…` : text;
		report(problems, several ? `broker[${index}]` : "broker", BROKER, hidden);
	});
	if (password !== undefined && user === undefined)
		report(problems, "user", "a user name beside the password", user);
};

/** Each name once, and drivers that there are, where a list has them. */
const checkNames = (
	list: readonly Values[],
	section: string,
	drivers: object | undefined,
	problems: Problem[],
): void => {
	const names = list.map(({ name }) => name);
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
		const [kind] = given;
		const found = given.join(" and ") || "none";
		if (given.length !== 1) problems.push({ key, expected: `exactly one of ${kinds.join(", ")}`, found });
		else checkClear(alert.clear, kind as string, alert[kind as string], `${key}.clear`, problems);
	});

/** The name of the alert that is raised when flash takes no writes. */
export const storageFault = "storage-fault";

/** The name of the alert that is raised when a sensor gives no readings. */
export const faultName = (sensor: string): string => `${sensor}-fault`;

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
	const taken = lamp === undefined ? topics.taken : ["lamp", ...topics.taken];
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

/** The addresses that a description names, in order of preference. */
export const brokersOf = (broker: unknown): readonly string[] =>
	(Array.isArray(broker) ? broker : [broker]).filter(each => typeof each === "string");

export const items = (value: unknown): readonly Values[] =>
	Array.isArray(value) ? value.map(item => (isRecord(item) ? item : {})) : [];

/** "" where it is no name. */
const namesOf = (list: readonly Values[]): readonly string[] =>
	list.map(({ name }) => (typeof name === "string" ? name : ""));

// The address of a broker: `mqtt://host:port` or `mqtts://host`, optionally with `user:password@`. Parsed by hand: the device
// has no URL class, and a regular expression would add the engine's to the image.

export interface Address {
	readonly secure: boolean;
	readonly host: string;
	readonly port: number;
	readonly user?: string;
	readonly password?: string;
}

/** The parts, or `undefined` when it is not such an address. */
export const parseAddress = (text: string): Address | undefined => {
	const secure = text.startsWith("mqtts://");
	if (!secure && !text.startsWith("mqtt://")) return undefined;
	let rest = text.slice(secure ? 8 : 7);
	if (rest.endsWith("/")) rest = rest.slice(0, -1);
	const at = rest.lastIndexOf("@");
	const place = parsePlace(rest.slice(at + 1), secure ? 8883 : 1883);
	if (!place) return undefined;
	if (at < 0) return { secure, ...place };
	const credentials = rest.slice(0, at);
	const colon = credentials.indexOf(":");
	const user = percentDecode(colon < 0 ? credentials : credentials.slice(0, colon));
	const password = colon < 0 ? undefined : percentDecode(credentials.slice(colon + 1));
	// A password without a user name is not a CONNECT packet [MQTT-3.1.2-22].
	if (!user || (colon >= 0 && password === undefined)) return undefined;
	return password === undefined ? { secure, ...place, user } : { secure, ...place, user, password };
};

/** The same address with nothing secret in it, for logs. */
export const publicAddress = ({ secure, host, port }: Address): string =>
	`${secure ? "mqtts" : "mqtt"}://${host.includes(":") ? `[${host}]` : host}:${port}`;

const parsePlace = (text: string, standard: number): { host: string; port: number } | undefined => {
	// An IPv6 address has colons of its own, so it stands in brackets.
	const bracket = text.startsWith("[") ? text.indexOf("]") : -1;
	const colon = bracket < 0 ? text.indexOf(":") : text[bracket + 1] === ":" ? bracket + 1 : -1;
	const end = colon < 0 ? text.length : colon;
	const host = bracket < 0 ? text.slice(0, end) : text.slice(1, bracket);
	if (bracket >= 0 && bracket + 1 !== end) return undefined;
	if (!host || !Array.from(host).every(each => each > " " && !"/?#@[]\\\u007f".includes(each)))
		return undefined;
	if (colon < 0) return { host, port: standard };
	const digits = text.slice(colon + 1);
	const port = Number(digits);
	const plain = digits.length > 0 && Array.from(digits).every(digit => digit >= "0" && digit <= "9");
	return plain && port >= 1 && port <= 65535 ? { host, port } : undefined;
};

const percentDecode = (text: string): string | undefined => {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
};

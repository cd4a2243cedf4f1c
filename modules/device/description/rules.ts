/**
 * Conditions beyond the form of a description: a broker's address, names that must exist or differ, a clear threshold on the
 * safe side of its threshold. What a broker takes is in profile.ts. Each function ignores values that `walk` (validate.ts) has
 * refused.
 */

import { isRecord, type Values } from "../json.js";
import topics from "../topics.js";
import { BROKER, type Known } from "./schema.js";
import { isRange, nearest, type Problem, report, show } from "./validate.js";

/** Adds every mistake between keys of a board's description. */
export const checkRules = (value: Values, known: Known, problems: Problem[]): void => {
	checkBroker(value, problems);
	checkBackoff(value.backoff, problems);
	checkSensors(items(value.sensors), known, problems);
	checkAlerts(items(value.alerts), items(value.sensors), problems);
	checkActuators(value, known, problems);
	known.forms.forEach(form => form.check(value, problems, known));
};

const checkBroker = (value: Values, problems: Problem[]): void => {
	const broker = value.broker;
	const several = Array.isArray(broker);
	if (broker === undefined) return;
	if (several && (broker.length < 1 || broker.length > 8))
		report(problems, "broker", `1 to 8 of ${BROKER}`, broker);
	(several ? broker : [broker]).forEach((text: unknown, index: number) => {
		if (typeof text === "string" && parseAddress(text)) return;
		const key = several ? `broker[${index}]` : "broker";
		// It may carry a password, which belongs in no log.
		const hidden = typeof text === "string" && text.includes("@") ? `${scheme(text)}…@…` : text;
		report(problems, key, BROKER, hidden);
	});
	if (value.password !== undefined && value.user === undefined)
		report(problems, "user", "a user name beside the password", undefined);
};

const checkBackoff = (backoff: unknown, problems: Problem[]): void => {
	if (!isRecord(backoff)) return;
	const { minimum = 1000, maximum = 60_000 } = backoff;
	if (typeof minimum === "number" && typeof maximum === "number" && minimum > maximum)
		report(problems, "backoff.maximum", `at least minimum (${minimum})`, maximum);
};

const scheme = (text: string): string =>
	text.startsWith("mqtts://") ? "mqtts://" : text.startsWith("mqtt://") ? "mqtt://" : "";

const checkSensors = (sensors: readonly Values[], known: Known, problems: Problem[]): void => {
	checkNames(sensors, "sensors", problems);
	sensors.forEach((sensor, index) => {
		const { every, window } = sensor;
		const key = `sensors[${index}]`;
		if (typeof sensor.name === "string" && faultName(sensor.name) === storageFault)
			report(problems, `${key}.name`, "a name whose fault alert is not the board's own", sensor.name);
		checkDriver(sensor.driver, known.sensors, `${key}.driver`, problems);
		if (typeof window === "number" && typeof every === "number" && window < every)
			report(problems, `${key}.window`, `at least every (${every})`, window);
	});
};

const checkDriver = (driver: unknown, known: object, key: string, problems: Problem[]): void => {
	if (typeof driver !== "string" || Object.hasOwn(known, driver)) return;
	const names = Object.keys(known);
	const close = nearest(driver, names);
	const all = names.length ? `one of ${names.join(", ")}` : "no driver, since this host has none";
	report(problems, key, close ? `a known driver, perhaps "${close}"` : all, driver);
};

const kinds: readonly string[] = Object.freeze(["above", "below", "outside", "rate", "stale"]);

const checkAlerts = (alerts: readonly Values[], sensors: readonly Values[], problems: Problem[]): void => {
	checkNames(alerts, "alerts", problems);
	const names = sensors.map(sensor => sensor.name).filter(name => typeof name === "string");
	alerts.forEach((alert, index) => {
		const key = `alerts[${index}]`;
		const sensor = alert.sensor;
		if (typeof sensor === "string" && !names.includes(sensor)) {
			const close = nearest(sensor, names);
			const hint = close ? `, perhaps "${close}"` : "";
			report(problems, `${key}.sensor`, `the name of a sensor${hint}`, sensor);
		}
		// Each sensor has such an alert by itself (sensors/sensor.ts).
		if (alert.name === storageFault || names.some(name => alert.name === faultName(name)))
			report(problems, `${key}.name`, "a name other than that of a fault alert", alert.name);
		const given = kinds.filter(kind => alert[kind] !== undefined);
		if (given.length !== 1)
			problems.push({
				key,
				expected: `exactly one of ${kinds.join(", ")}`,
				found: given.join(" and ") || "none",
			});
		else checkClear(alert, given[0] as string, `${key}.clear`, problems);
	});
};

/** The name of the alert that is raised when flash takes no writes. */
export const storageFault = "storage-fault";

/** The name of the alert that is raised when a sensor gives no readings. */
export const faultName = (sensor: string): string => `${sensor}-fault`;

/** `clear` lies on the safe side of the threshold, or there would be no state between ON and OFF. */
const checkClear = (alert: Values, kind: string, key: string, problems: Problem[]): void => {
	const clear = alert.clear;
	const limit = alert[kind];
	if (clear === undefined) return;
	if (kind === "stale") report(problems, key, "nothing beside stale: any sample clears it", clear);
	else if (kind === "outside") {
		if (!isRange(limit)) return;
		const inside = isRange(clear) && clear[0] >= limit[0] && clear[1] <= limit[1];
		if (!inside) report(problems, key, `a list [low, high] within ${show(limit)}`, clear);
	} else if (typeof limit === "number") checkBound(clear, limit, kind, key, problems);
};

const checkBound = (clear: unknown, limit: number, kind: string, key: string, problems: Problem[]): void => {
	const right =
		typeof clear === "number" &&
		Number.isFinite(clear) &&
		(kind === "below" ? clear >= limit : clear <= limit);
	const bound = kind === "below" ? "at least" : "at most";
	if (!right || (kind === "rate" && (clear as number) < 0))
		report(problems, key, `a number of ${bound} ${limit} (${kind})`, clear);
};

const checkActuators = (value: Values, known: Known, problems: Problem[]): void => {
	const actuators = items(value.actuators);
	checkNames(actuators, "actuators", problems);
	actuators.forEach((actuator, index) => {
		const { name, driver } = actuator;
		const key = `actuators[${index}]`;
		checkDriver(driver, known.actuators, `${key}.driver`, problems);
		if (name === "lamp" && value.lamp !== undefined)
			report(problems, `${key}.name`, "a name other than the lamp's", name);
		else if (topics.taken.includes(name as string))
			report(problems, `${key}.name`, `a name other than ${topics.taken.join(", ")}`, name);
	});
	const button = value.button;
	if (!isRecord(button)) return;
	const names = actuators.map(({ name }) => name);
	if (value.lamp !== undefined) names.push("lamp");
	const drives = button.actuator;
	const expected = names.length ? `one of ${names.join(", ")}` : "an actuator or a lamp to switch";
	if (drives !== undefined ? !names.includes(drives) : !names.length)
		report(problems, "button.actuator", expected, drives);
};

const checkNames = (list: readonly Values[], key: string, problems: Problem[]): void => {
	const seen = new Map<unknown, number>();
	list.forEach(({ name }, index) => {
		if (typeof name !== "string") return;
		const first = seen.get(name);
		if (first === undefined) seen.set(name, index);
		else report(problems, `${key}[${index}].name`, `a name that ${key}[${first}] does not have`, name);
	});
};

export const items = (value: unknown): readonly Values[] =>
	Array.isArray(value) ? value.map(item => (isRecord(item) ? item : {})) : [];

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
	if (!host || !Array.from(host).every(isHostCharacter)) return undefined;
	if (colon < 0) return { host, port: standard };
	const digits = text.slice(colon + 1);
	const port = Number(digits);
	const plain = digits.length > 0 && Array.from(digits).every(digit => digit >= "0" && digit <= "9");
	return plain && port >= 1 && port <= 65535 ? { host, port } : undefined;
};

const isHostCharacter = (character: string): boolean =>
	character > " " && !"/?#@[]\\\u007f".includes(character);

const percentDecode = (text: string): string | undefined => {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
};

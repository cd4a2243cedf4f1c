/**
 * The form of a board description: each key, which values it takes, and its default. The place to add a key.
 * Conditions between keys are in rules.ts, the types of the result in description.ts. Durations are in milliseconds.
 */

import { deviceClasses, stateClasses } from "../homeassistant/classes.js";
import type { ActuatorDriver, Device, DriverOption } from "../io.js";
import topics from "../topics.js";
import type { Keys, Spec, Values } from "./schema.js";

/** The drivers that a description may name. */
export interface Known {
	readonly sensors: Device["sensor"];
	readonly actuators: { readonly [driver: string]: ActuatorDriver };
}

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

// All is frozen: an object of a preloaded module that stays writable costs RAM on the device.
const { freeze } = Object;
const optional = (spec: Spec): Spec => freeze({ ...spec, optional: true });
const or = (initial: unknown, spec: Spec): Spec => freeze({ ...spec, initial });
const numeric = (kind: string, minimum?: number, maximum?: number): Spec => {
	const least = minimum === undefined ? "" : ` of at least ${minimum}`;
	const most = minimum === undefined ? ` of at most ${maximum}` : ` from ${minimum} to ${maximum}`;
	return {
		type: "number",
		expected: kind + (maximum === undefined ? least : most),
		...(minimum !== undefined && { minimum }),
		...(maximum !== undefined && { maximum }),
	};
};
const number = (minimum?: number, maximum?: number): Spec => freeze(numeric("a number", minimum, maximum));
const whole = (minimum: number, maximum: number): Spec =>
	freeze({ ...numeric("a whole number", minimum, maximum), integer: true });
const choice = (...choices: string[]): Spec =>
	freeze({ type: "choice", expected: `one of ${choices.join(", ")}`, choices: freeze(choices) });
const list = (item: Spec, maximum: number): Spec =>
	freeze({ type: "list", expected: `a list of at most ${maximum}`, item, maximum, initial: freeze([]) });
const text = (expected: string, valid?: (text: string) => boolean): Spec =>
	freeze({ type: "text", expected, ...(valid && { valid }) });
const any = (expected: string, valid?: (value: unknown) => boolean): Spec =>
	freeze({ type: "any", expected, ...(valid && { valid }) });
const record = (keys: Keys, more?: Spec["more"]): Spec =>
	freeze({ type: "record", expected: "an object", keys: freeze(keys), ...(more && { more }) });
const truth: Spec = freeze({ type: "boolean", expected: "true or false" });
const range: Spec = freeze({
	type: "range",
	expected: "a list [low, high] of two numbers, low below high",
});

const name = (maximum: number): Spec => {
	// A parameter that a kept function captures would cost a RAM alias; a constant does not.
	const most = maximum;
	return text(`1 to ${most} characters of A-Z a-z 0-9 _ -`, value => topics.isName(value, most));
};
const word = text("a text of 1 to 32 characters", value => value.length > 0 && value.length <= 32);
const pin = any("a pin number or the name of a pin", isPin);

const sensor = record(
	{
		name: name(topics.Limit.name),
		driver: word,
		// 200 Hz to once a day.
		every: number(5, DAY),
		unit: optional(word),
		decimals: optional(whole(0, 9)),
		// Published when it differs by so much from the last published value, or after so long a silence.
		deadband: optional(number(0)),
		maxSilence: optional(number(100, DAY)),
		// One value for all samples of so long.
		window: optional(number(5, DAY)),
		aggregate: or("mean", choice("mean", "minimum", "maximum", "range")),
		// So many values in one message.
		batch: or(1, whole(1, 200)),
		// Without a reading for so long, `<name>-fault` is raised.
		faultAfter: optional(number(100, DAY)),
		// Of Home Assistant, where the unit does not say it.
		deviceClass: optional(choice(...deviceClasses)),
		stateClass: optional(choice(...stateClasses)),
	},
	(value, known) => options((known as Known).sensors, value.driver),
);

const alert = record({
	name: name(topics.Limit.name),
	sensor: name(topics.Limit.name),
	// One of these five.
	above: optional(number()),
	below: optional(number()),
	outside: optional(range),
	rate: optional(number(1e-9)),
	stale: optional(number(100, DAY)),
	over: or(1000, number(5, DAY)),
	clear: optional(any("a threshold")),
	holdOn: or(0, number(0, DAY)),
	holdOff: or(0, number(0, DAY)),
	rearm: or(0, number(0, DAY)),
	severity: optional(choice("info", "warning", "critical")),
});

const output: Keys = freeze({
	powerOn: or("last", choice("last", "off", "desired")),
	failSafe: optional(number(1000, 7 * DAY)),
	liveOnly: or(false, truth),
});

const lamp = record({ pin, dimmable: or(false, truth), activeLow: or(false, truth), ...output });

const actuator = record({ name: name(topics.Limit.name), driver: word, ...output }, (value, known) =>
	options((known as Known).actuators, value.driver),
);

const button = record({
	pin,
	activeLow: or(true, truth),
	debounce: or(50, number(0, 1000)),
	actuator: optional(name(topics.Limit.name)),
});

/** Against the rush of a fleet that lost its broker. The defaults are the session's (session/options.ts). */
const backoff = record({
	minimum: optional(number(100, DAY)),
	maximum: optional(number(100, DAY)),
	stable: optional(number(1000, DAY)),
	// The first try after a start, and after a loss, comes at a random moment of so long.
	spread: optional(number(0, HOUR)),
});

const deadlines = record({
	network: optional(number(1000, HOUR)),
	connect: optional(number(1000, HOUR)),
	// In place of `connect`, while other brokers are left to try.
	next: optional(number(1000, HOUR)),
	subscribe: optional(number(1000, HOUR)),
	acknowledge: optional(number(1000, HOUR)),
	// Until the board's own `online` has come back; 0 is never.
	hear: optional(number(0, DAY)),
});

export const board = record({
	root: text(
		"topic levels between single slashes, without + # or control characters, not starting with $",
		topics.isRoot,
	),
	id: name(topics.Limit.id),
	// Where the host has one of its own (hosts/desk starts a broker), none need be written.
	broker: optional(any(BROKER)),
	user: optional(word),
	password: optional(freeze({ type: "text", expected: "a text", secret: true })),
	brokerOrder: or("listed", choice("listed", "random")),
	backoff: optional(backoff),
	deadlines: optional(deadlines),
	// Not 0: a client that does not ping never learns that its broker is dead.
	keepAlive: or(30_000, number(1000, 65_535_000)),
	refresh: or(DAY, number(60_000, 7 * DAY)),
	sensors: list(sensor, 64),
	alerts: list(alert, 64),
	lamp: optional(lamp),
	actuators: list(actuator, 16),
	button: optional(button),
	// Without them, one message on `cmd` could move the board to another broker.
	commands: or(harmless, list(choice(...words), words.length)),
	homeAssistant: optional(any('true, or an object such as {"prefix":"homeassistant","area":"Hall"}')),
});

/** An object is the host's own kind of pin specifier (ECMA-419 §9). */
function isPin(value: unknown): boolean {
	if (typeof value === "number") return Number.isInteger(value) && value >= 0;
	return typeof value === "string" ? value !== "" : typeof value === "object" && value !== null;
}

/** A driver's options as a schema; `undefined` when there is no such driver, which is reported elsewhere. */
function options(
	drivers: { readonly [driver: string]: { readonly options?: { readonly [name: string]: DriverOption } } },
	driver: unknown,
): Keys | undefined {
	const found: Values | undefined =
		typeof driver === "string" && Object.hasOwn(drivers, driver) ? (drivers[driver] as Values) : undefined;
	if (!found) return undefined;
	const given = (found.options ?? {}) as { readonly [name: string]: DriverOption };
	const keys: { [name: string]: Spec } = {};
	for (const option of Object.keys(given)) keys[option] = optionSpec(given[option] as DriverOption);
	return keys;
}

function optionSpec({ type, required, minimum, maximum }: DriverOption): Spec {
	const spec = type === "boolean" ? truth : type === "string" ? text("a text") : number(minimum, maximum);
	return required ? spec : optional(spec);
}

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
export function parseAddress(text: string): Address | undefined {
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
}

/** The same address with nothing secret in it, for logs. */
export function publicAddress({ secure, host, port }: Address): string {
	return `${secure ? "mqtts" : "mqtt"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function parsePlace(text: string, standard: number): { host: string; port: number } | undefined {
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
}

function isHostCharacter(character: string): boolean {
	return character > " " && !"/?#@[]\\\u007f".includes(character);
}

function percentDecode(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
}

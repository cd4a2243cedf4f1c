/**
 * The brokers of a description (DESIGN.md, "Profiles of brokers"): their addresses, and what they take, as data: a profile by name, and the
 * limits that a description sets in its place. `checkLimits` says at the start what of a description would not fit, and where. What only
 * comes about later is looked at by publisher.ts; the rate is met by the session, by waiting (session/deadline.ts).
 */

import { encode } from "../mqtt/codec.js";
import { intervalOf } from "../session/deadline.js";
import { BROKER, type Description, faultName } from "./description/schema.js";
import { items, type Problem, report } from "./description/validate.js";
import { isRecord, type Values } from "./json.js";
import topics from "./topics.js";

/**
 * `mqtt://host:port` or `mqtts://host`, optionally with `user:password@`. Parsed by hand: the device has no URL class, and a regular
 * expression would add the engine's to the image.
 */
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
	if (!place || at < 0) return place && { secure, ...place };
	const credentials = rest.slice(0, at);
	const colon = credentials.indexOf(":");
	const user = percentDecode(colon < 0 ? credentials : credentials.slice(0, colon));
	// A password without a user name is not a CONNECT packet [MQTT-3.1.2-22].
	if (!user) return undefined;
	if (colon < 0) return { secure, ...place, user };
	const password = percentDecode(credentials.slice(colon + 1));
	return password === undefined ? undefined : { secure, ...place, user, password };
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

type Named = Pick<Description, "broker" | "user" | "password">;

/** The addresses that a description names, in order of preference. */
export const brokersOf = (broker: unknown): readonly string[] =>
	(Array.isArray(broker) ? broker : [broker]).filter(each => typeof each === "string");

/** Every broker wants TLS. */
export const onlyTLS = ({ broker }: Named): boolean =>
	broker !== undefined && brokersOf(broker).every(text => parseAddress(text)?.secure);

/** Where the brokers are, in order of preference; with problems where this host cannot reach them. */
export const addresses = (
	{ broker, user, password }: Named,
	tls: boolean,
): { readonly addresses: readonly Address[]; readonly problems: Problem[] } => {
	const problems: Problem[] = [];
	const addresses = brokersOf(broker).map(text => ({
		...(parseAddress(text) as Address),
		...(user !== undefined && { user }),
		...(password !== undefined && { password }),
	}));
	if (addresses.length === 0) report(problems, "broker", BROKER, undefined);
	if (!tls && addresses.some(address => address.secure))
		problems.push({ key: "broker", expected: "mqtt:// (this host has no TLS)", found: "mqtts://" });
	return { addresses, problems };
};

export const checkBroker = ({ broker, user, password }: Values, problems: Problem[]): void => {
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

type Own = NonNullable<Description["limits"]>;
/** `publishRate`: any number where it is missing. */
export type Limits = Required<Omit<Own, "publishRate">> & Pick<Own, "publishRate">;

/** Below what Mosquitto, VerneMQ, RabbitMQ, NATS and AWS take. */
const plain: Limits = Object.freeze({
	maximumPayload: 131_072,
	topicLevels: 8,
	topicBytes: 256,
	filters: 50,
	qos: 1,
	retain: true,
	keepAlive: Object.freeze([1000, 65_535_000] as const),
});
/** https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits */
const aws: Limits = Object.freeze({
	...plain,
	publishRate: 100,
	keepAlive: Object.freeze([30_000, 1_200_000] as const),
});

/** As the description says, or from the broker's name: `….iot.REGION.amazonaws.com`, or in China `….amazonaws.com.cn`. */
export const profileOf = (description: object): "plain" | "aws" => {
	const { profile, broker } = description as Values;
	const isAws = (address: string): boolean => {
		const host = parseAddress(address)?.host ?? "";
		const end = host.endsWith(".cn") ? host.slice(0, -3) : host;
		return host.includes(".iot.") && end.endsWith(".amazonaws.com");
	};
	return profile === "aws" || (profile === undefined && brokersOf(broker).some(isAws)) ? "aws" : "plain";
};

export const limitsOf = (description: object): Limits => {
	const { limits } = description as Partial<Description>;
	const profile = profileOf(description) === "aws" ? aws : plain;
	return limits ? { ...profile, ...limits } : profile;
};

const slashes = (topic: string): number => topic.split("/").length - 1;

/** Why a topic does not fit; "" if it does. */
export const excess = (topic: string, { topicLevels, topicBytes }: Limits): string => {
	const levels = slashes(topic) + 1;
	if (levels > topicLevels) return `${levels} levels, the broker takes ${topicLevels}`;
	// A character has at most 3 bytes, two of them have 4.
	const byteLength = topic.length * 3 > topicBytes ? encode(topic).byteLength : 0;
	return byteLength > topicBytes ? `${byteLength} bytes, the broker takes ${topicBytes}` : "";
};

export const checkLimits = (value: Values, problems: Problem[]): void => {
	// The limits themselves are wrong.
	if (problems.some(problem => problem.key.startsWith("limits"))) return;
	const limits = limitsOf(value);
	const { keepAlive, homeAssistant, lamp, actuators } = value;
	const least = limits.keepAlive[0];
	const most = limits.keepAlive[1];
	const told = problems.some(problem => problem.key === "keepAlive");
	if (!told && typeof keepAlive === "number" && (keepAlive < least || keepAlive > most))
		report(problems, "keepAlive", `a number from ${least} to ${most} (what the broker takes)`, keepAlive);
	if (homeAssistant !== undefined && !limits.retain)
		problems.push({ key: "homeAssistant", expected: "a broker that retains", found: "limits.retain false" });
	checkTopics(value, limits, problems);
	const outputs = isRecord(lamp) ? items(actuators).concat(lamp) : items(actuators);
	const subscribed = topics.subscribed(
		"",
		outputs.map(description => ({ name: "", description })),
	);
	// And the status.
	const found = subscribed.length + 1;
	const fit = `outputs that need at most ${limits.filters} subscriptions together with \`cmd\` and \`status\``;
	if (found > limits.filters) report(problems, "actuators", fit, found);
	checkSensors(items(value.sensors), limits, problems);
};

/** The deepest and the longest topic, the will's among them. Names are ASCII. */
const checkTopics = (value: Values, { topicLevels, topicBytes }: Limits, problems: Problem[]): void => {
	const { root, id } = value;
	if (typeof root !== "string" || typeof id !== "string" || !topics.isRoot(root)) return;
	let deepest = slashes(topics.result);
	let longest = topics.result.length;
	const add = (list: unknown, topicOf: (name: string) => string) =>
		items(list).forEach(item => {
			const topic = topicOf(item.name as string);
			deepest = Math.max(deepest, slashes(topic));
			longest = Math.max(longest, topic.length);
		});
	// The longest of each kind.
	add(value.sensors, name => topics.alertState(faultName(name)));
	add(value.alerts, topics.alertState);
	add(value.actuators, topics.outputDesired);
	longest += encode(topics.base(root, id)).byteLength;
	const most = topicLevels - 1;
	const rest = deepest + 2;
	const own = slashes(root);
	const key = "root";
	if (own + rest > most) {
		const expected = `at most ${most - rest} slashes (the board adds ${rest}, brokers take ${most})`;
		problems.push({ key, expected, found: `${own} slashes` });
	}
	if (longest > topicBytes) {
		const expected = `topics of at most ${topicBytes} bytes`;
		problems.push({ key, expected, found: `${longest} bytes in the longest` });
	}
};

const checkSensors = (
	sensors: readonly Values[],
	{ maximumPayload, publishRate }: Limits,
	problems: Problem[],
): void => {
	let rate = 0;
	sensors.forEach(({ every, window = 0, batch, aggregate, deadband }, index) => {
		if (typeof every !== "number" || typeof window !== "number" || typeof batch !== "number") return;
		// How often a value leaves its deadband is not known.
		if (deadband === undefined) rate += 1000 / Math.max(every, window) / batch;
		// Bytes of a value, or of the three of a range, with the time; 90 of the message beside them.
		const value = (aggregate === "range" ? 3 : 1) * 18 + 10;
		const most = Math.floor((maximumPayload - 90) / value);
		const expected = `at most ${most} (the broker takes messages of ${maximumPayload} bytes)`;
		if (batch > most) report(problems, `sensors[${index}].batch`, expected, batch);
	});
	if (publishRate === undefined) return;
	// Where the pace gives so much, a fifth is for alerts, states and answers.
	const share = Math.floor(Math.min(publishRate * 0.8, 1000 / intervalOf(publishRate)));
	const expected = `at most ${share} measurements a second together (the broker takes ${publishRate} messages)`;
	if (rate > share) report(problems, "sensors", expected, Math.round(rate));
};

/**
 * How long the record of each key can get that a board of this description keeps, so that messages leave the store that much
 * room: what must be remembered (an applied wish, a version, an edge) never finds it full. Each key and its record
 * belong to the file named beside it. Knows nothing of flash.
 */

import { encode } from "../mqtt/text.js";
import { longest as forget } from "./commands/decommission.js";
import type { Description } from "./description/description.js";
import { faultName } from "./description/description.js";
import { keyOf } from "./memory.js";
import { longest } from "./outputs/applied.js";
import { keyFor } from "./retained/cleanup.js";
import topics from "./topics.js";

/** As long as the store can make a record: settings.ts takes changes of any length. */
const ANY = 0xffff;
/** `{"t":…}` (time.ts), `{"n":…}` (boot.ts), `{"active":true,"all":true}` (commands/decommission.ts). */
const Longest = Object.freeze({ time: 32, boot: 24, forget });

export default function reserve(description: Description): ReadonlyMap<string, number> {
	const { sensors, alerts, actuators, lamp } = description;
	const base = topics.base(description.root, description.id);
	const outputs = actuators.map(({ name }) => name);
	if (lamp) outputs.push("lamp");
	const alarms = [...alerts.map(({ name }) => name), ...sensors.map(({ name }) => faultName(name))];
	const room = new Map<string, number>([
		["boot", Longest.boot],
		["time", Longest.time],
		["forget", Longest.forget],
		["config", ANY],
		["session", session(description, base, outputs)],
	]);
	const retained = (name: string) => room.set(keyFor(base, name), length({ n: name }));
	retained(topics.info);
	for (const name of outputs) {
		room.set(keyOf("o:", name), longest);
		retained(topics.outputState(name));
	}
	const edge = length(longestEdge());
	for (const name of alarms) {
		room.set(keyOf("a:", name), edge);
		retained(topics.alertState(name));
	}
	return room;
}

/** An alert's record while the outbox has no room (alarm.ts). Made anew: XS does not stringify what lies in flash. */
const longestEdge = () => ({
	on: 0,
	due: {
		id: "4294967295-4294967295",
		state: "OFF",
		// From 1e21 on numbers are written with an exponent, which is shorter.
		v: -1.23457e20,
		ts: 99_999_999_999_999,
		tsq: "uptime",
		severity: "critical",
	},
});

/** The brokers and the filters they hold, as session/subscriptions.ts writes them. */
function session({ broker = "" }: Description, base: string, outputs: readonly string[]): number {
	const filters: string[] = [topics.command];
	for (const name of outputs) filters.push(topics.outputSet(name), topics.outputDesired(name));
	const brokers = typeof broker === "string" ? [broker] : broker;
	const text = brokers.map(address => `${address}${" ".repeat(32)}`).join("");
	return length({ text: text + filters.map(name => `\n1 ${base}${name}`).join("") });
}

function length(value: object): number {
	return encode(JSON.stringify(value)).byteLength;
}

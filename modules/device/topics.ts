/**
 * The topics of a board, `<root>/<id>/…`: their names, and the list of those that it subscribes to (session/status.ts adds
 * `status`). Who receives them is in listener.ts, what is published in publisher.ts, the limits of brokers in broker.ts, and
 * TOPICS.md has all of it for people.
 */

import { encode } from "../mqtt/codec.js";
import type { Subscription } from "../session/options.js";

/** The parts below `<root>/<id>/`. */
const status = "status";
const info = "info";
const command = "cmd";
const button = "button";
const result = "cmd/result";
const measurement = (sensor: string) => `measurements/${sensor}`;
const alert = (rule: string) => `alerts/${rule}`;
const alertState = (rule: string) => `alerts/${rule}/state`;
const outputState = (output: string) => `${output}/state`;
const outputSet = (output: string) => `${output}/set`;
const outputDesired = (output: string) => `${output}/desired`;

/** The output whose state this is, if it is one. */
const outputOf = (name: string): string | undefined => {
	const slash = name.indexOf("/");
	return name.slice(slash) === "/state" ? name.slice(0, slash) : undefined;
};

/** The list of topics subscribed to, whole; features add theirs (listener.ts). */
const subscribed = (base: string, outputs: readonly Subscribing[]): Subscription[] => {
	const list: Subscription[] = [{ topic: base + command, QoS: 1 }];
	outputs.forEach(({ name, description }) => {
		// A broker queues nothing at QoS 0, and a queued command is not live. `desired` is still received where an earlier
		// description has subscribed to it: the output refuses it with the reason.
		const liveOnly = description.liveOnly;
		list.push({ topic: base + outputSet(name), QoS: liveOnly ? 0 : 1 });
		if (!liveOnly) list.push({ topic: base + outputDesired(name), QoS: 1 });
	});
	return list;
};

interface Subscribing {
	readonly name: string;
	readonly description: { readonly liveOnly?: unknown };
}

/** Names that no actuator can have, since the topics below them are taken. */
const taken: readonly string[] = Object.freeze([status, info, command, button, "measurements", "alerts"]);

const base = (root: string, id: string): string => `${root}/${id}/`;

/** Letters, digits, `_` and `-`: legal in a topic level, a client id, an AWS thing name and a file name alike. */
const isName = (text: string, maximum: number): boolean => {
	// Bytes: each look at a character of a text makes an object in XS.
	const bytes = encode(text);
	const length = bytes.length;
	if (length < 1 || length > maximum) return false;
	for (let i = 0; i < length; i++) {
		const byte = bytes[i] as number;
		const small = byte | 0x20;
		if (small >= 0x61 && small <= 0x7a) continue;
		if ((byte < 0x30 || byte > 0x39) && byte !== 0x5f && byte !== 0x2d) return false;
	}
	return true;
};

/** A path of levels that are not empty, without wildcards or control characters, and not in the broker's own `$` tree. */
const isRoot = (text: string): boolean => {
	if (text.startsWith("$") || text.split("/").includes("")) return false;
	const bytes = encode(text);
	for (let i = 0; i < bytes.length; i++) {
		const byte = bytes[i] as number;
		if (byte < 0x20 || byte === 0x7f || byte === 0x2b || byte === 0x23) return false;
	}
	return true;
};

// One frozen object, and not a namespace: `import *` costs a RAM alias in each module on the device.
export default Object.freeze({
	status,
	info,
	command,
	button,
	result,
	measurement,
	alert,
	alertState,
	outputState,
	outputSet,
	outputDesired,
	outputOf,
	subscribed,
	taken,
	base,
	isName,
	isRoot,
});

/**
 * The topics of a board, `<root>/<id>/…`: their names, and the list of those that it subscribes to (session/status.ts adds
 * `status`). Who receives them is in listener.ts, what is published in publisher.ts, the limits of brokers in broker.ts, and
 * TOPICS.md has all of it for people.
 */

import { encode } from "../mqtt/codec.js";
import type { Subscription } from "../session/options.js";

interface Subscribing {
	readonly name: string;
	readonly description: { readonly liveOnly?: unknown };
}

// One frozen object, and not a namespace: `import *` costs a RAM alias in each module on the device.
const topics = Object.freeze({
	base: (root: string, id: string): string => `${root}/${id}/`,

	// The parts below it.
	status: "status",
	info: "info",
	command: "cmd",
	button: "button",
	result: "cmd/result",
	measurement: (sensor: string): string => `measurements/${sensor}`,
	alert: (rule: string): string => `alerts/${rule}`,
	alertState: (rule: string): string => `alerts/${rule}/state`,
	outputState: (output: string): string => `${output}/state`,
	outputSet: (output: string): string => `${output}/set`,
	outputDesired: (output: string): string => `${output}/desired`,

	/** Names that no actuator can have, since the topics below them are taken. */
	taken: Object.freeze(["status", "info", "cmd", "button", "measurements", "alerts"]) as readonly string[],

	/** The output whose state this is, if it is one. */
	outputOf: (name: string): string | undefined => {
		const slash = name.indexOf("/");
		return name.slice(slash) === "/state" ? name.slice(0, slash) : undefined;
	},

	/** The list of topics subscribed to, whole; features add theirs (listener.ts). */
	subscribed: (base: string, outputs: readonly Subscribing[]): Subscription[] => {
		const list: Subscription[] = [{ topic: base + topics.command, QoS: 1 }];
		outputs.forEach(({ name, description }) => {
			// A broker queues nothing at QoS 0, and a queued command is not live. `desired` is still received where an earlier
			// description has subscribed to it: the output refuses it with the reason.
			const liveOnly = description.liveOnly;
			list.push({ topic: base + topics.outputSet(name), QoS: liveOnly ? 0 : 1 });
			if (!liveOnly) list.push({ topic: base + topics.outputDesired(name), QoS: 1 });
		});
		return list;
	},

	/** Letters, digits, `_` and `-`: legal in a topic level, a client id, an AWS thing name and a file name alike. */
	isName: (text: string, maximum: number): boolean => {
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
	},

	/** A path of levels that are not empty, without wildcards or control characters, and not in the broker's own `$` tree. */
	isRoot: (text: string): boolean => {
		if (text.startsWith("$") || text.split("/").includes("")) return false;
		const bytes = encode(text);
		for (let i = 0; i < bytes.length; i++) {
			const byte = bytes[i] as number;
			if (byte < 0x20 || byte === 0x7f || byte === 0x2b || byte === 0x23) return false;
		}
		return true;
	},
});

export default topics;

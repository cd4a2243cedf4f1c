/**
 * The topics of a board, `<root>/<id>/…`. Names only: QoS is in publisher.ts and router.ts, the limits of brokers are in
 * profile.ts, and TOPICS.md has all of it for people.
 */

import { encode } from "../mqtt/text.js";

const Limit = Object.freeze({ id: 23, name: 32 });

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
function outputOf(name: string): string | undefined {
	const [output, last, ...more] = name.split("/");
	return last === "state" && more.length === 0 ? output : undefined;
}

/** Names that no actuator can have, since the topics below them are taken. */
const taken: readonly string[] = Object.freeze([status, info, command, button, "measurements", "alerts"]);

function base(root: string, id: string): string {
	return `${root}/${id}/`;
}

/** Letters, digits, `_` and `-`: legal in a topic level, a client id, an AWS thing name and a file name alike. */
function isName(text: string, maximum: number): boolean {
	const { length } = text;
	if (length < 1 || length > maximum) return false;
	for (const character of text) if (!isNameCharacter(character)) return false;
	return true;
}

function isNameCharacter(character: string): boolean {
	return (
		(character >= "a" && character <= "z") ||
		(character >= "A" && character <= "Z") ||
		(character >= "0" && character <= "9") ||
		character === "_" ||
		character === "-"
	);
}

/** A path of levels that are not empty, without wildcards or control characters, and not in the broker's own `$` tree. */
function isRoot(text: string): boolean {
	if (text.startsWith("$")) return false;
	for (const level of text.split("/")) if (level === "") return false;
	for (const character of text)
		if (character < " " || character === "\u007f" || character === "+" || character === "#") return false;
	return true;
}

function slashes(topic: string): number {
	let count = 0;
	for (let at = topic.indexOf("/"); at >= 0; at = topic.indexOf("/", at + 1)) count++;
	return count;
}

function byteLength(topic: string): number {
	return encode(topic).byteLength;
}

// One frozen object, and not a namespace: `import *` costs a RAM alias in each module on the device.
export default Object.freeze({
	Limit,
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
	taken,
	base,
	isName,
	isRoot,
	slashes,
	byteLength,
});

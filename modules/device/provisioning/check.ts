/**
 * `{"provision":{"ssid":"HOME","password":"…","broker":"mqtt://…","id":"…","root":"…"}}` of `cmd config`: checks it before
 * anything is stored, lays it over the description at a start, and shows it without secrets. `null` goes back to the
 * built-in value. When it is stored and how long it holds is in trial.ts.
 */

import { encode } from "../../mqtt/text.js";
import { parseAddress, publicAddress } from "../description/address.js";
import { addresses, check, type Description } from "../description/description.js";
import { isRecord, type Problem, unknown, type Values } from "../description/schema.js";
import type { Device, Provision } from "../io.js";

/** Of the description. */
const described: readonly string[] = Object.freeze(["broker", "id", "root"]);
/** IEEE 802.11: a name of 32 bytes; WPA: a phrase of 8 to 63 characters, or a key of 64. */
const Wireless = Object.freeze({ ssid: 32, least: 8, most: 64 });

/** The mistakes in `changes`; none: they may be tried. No value is repeated in them, since any may be a secret. */
export function mistakes(changes: unknown, description: Description, device: Device): Problem[] {
	const { provision, network } = device;
	const problems: Problem[] = [];
	const wrong = (expected: string) =>
		problems.push({ key: "provision", expected, found: isRecord(changes) ? "an object" : "something else" });
	if (!provision) wrong("nothing: this host is told when it is started");
	else if (provision.trying) wrong("nothing while it is on trial");
	else if (changes === null) return problems;
	else if (!isRecord(changes)) wrong("an object, or null to take back what the next start would try");
	else {
		for (const key of Object.keys(changes))
			if (!provision.keys.includes(key)) unknown(problems, `provision.${key}`, key, provision.keys);
			else if (changes[key] !== null && key === "ssid") checkName(changes[key], problems);
			else if (changes[key] !== null && key === "password") checkPassword(changes[key], problems);
		if (!problems.length) problems.push(...misdescribed(changes, description, device, !!network.mqtts));
	}
	return problems;
}

/** A raw description with the stored values in place of the built-in ones. */
export function provisioned(description: Values, provision: Provision): Values {
	return overlaid(description, key => provision.get(key));
}

/** The stored values, and those that the next start will try. */
export function shown(provision: Provision): Values {
	const { next } = provision;
	const stored: { [key: string]: unknown } = {};
	for (const key of provision.keys) stored[key] = provision.get(key);
	return { ...open(stored), ...(Object.keys(next).length && { next: open(next) }) };
}

function misdescribed(
	changes: Values,
	description: Description,
	{ sensor, actuator }: Device,
	tls: boolean,
): Problem[] {
	for (const key of described) {
		const value = changes[key] ?? "";
		if (typeof value !== "string")
			return [{ key: `provision.${key}`, expected: "a text", found: "something else" }];
	}
	const raw = overlaid(description, key => changes[key] ?? undefined);
	const { description: whole, problems } = check(raw, sensor, actuator);
	const wrong = whole ? addresses(whole, tls).problems : problems;
	return wrong.map(({ key, expected, found }) => ({
		key: `provision.${key}`,
		expected,
		found: key === "broker" ? "something else" : found,
	}));
}

function overlaid(description: object, given: (key: string) => unknown): Values {
	const result: { [key: string]: unknown } = { ...description };
	for (const key of described) {
		const text = given(key);
		if (text !== undefined) result[key] = text;
	}
	// The user and password of one broker are not shown to another.
	if (given("broker") !== undefined) {
		delete result.user;
		delete result.password;
	}
	return result;
}

function checkName(value: unknown, problems: Problem[]): void {
	const length = byteLength(value);
	if (!(length > 0 && length <= Wireless.ssid))
		problems.push({
			key: "provision.ssid",
			expected: `a text of 1 to ${Wireless.ssid} bytes`,
			found: counted(length),
		});
}

function checkPassword(value: unknown, problems: Problem[]): void {
	const length = byteLength(value);
	const { least, most } = Wireless;
	const right = length === 0 || (length >= least && length <= most);
	if (!right)
		problems.push({
			key: "provision.password",
			expected: `a text of ${least} to ${most} bytes, or of none for an open network`,
			found: counted(length),
		});
}

/** -1 if it is no text. */
function byteLength(value: unknown): number {
	return typeof value === "string" ? encode(value).byteLength : -1;
}

function counted(length: number): string {
	return length < 0 ? "something else" : `${length}`;
}

/** A password is shown as `true`, a broker without its user and password. */
function open(texts: Values): Values {
	const result: { [key: string]: unknown } = {};
	for (const key of Object.keys(texts)) {
		const text = texts[key];
		if (text === undefined) continue;
		const address = key === "broker" && typeof text === "string" ? parseAddress(text) : undefined;
		result[key] = address ? publicAddress(address) : key === "password" && text !== null ? true : text;
	}
	return result;
}

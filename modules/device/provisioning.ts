/**
 * `{"provision":{"ssid":"HOME","password":"…","broker":"mqtt://…","id":"…","root":"…"}}` of `cmd config`: checked before
 * anything is stored, laid over the description at a start, and shown with nothing secret in it. `null` goes back to
 * what was built in. Where and when it is stored is provision.ts's.
 */

import { encode } from "../mqtt/text.js";
import { parseAddress, publicAddress } from "./address.js";
import { addresses, check, type Description } from "./description.js";
import type { Device, Told } from "./io.js";
import { isRecord, type Problem, report, unknown, type Values } from "./schema.js";

/** Of the description. */
const described: readonly string[] = Object.freeze(["broker", "id", "root"]);
/** IEEE 802.11: a name of 32 bytes; WPA: a phrase of 8 to 63 characters, or a key of 64. */
const Wireless = Object.freeze({ ssid: 32, least: 8, most: 64 });

/** All that keeps `changes` from being tried, or nothing. */
export function mistakes(changes: unknown, description: Description, device: Device): Problem[] {
	const { provision, network } = device;
	const problems: Problem[] = [];
	if (!provision) report(problems, "provision", "nothing: this host is told when it is started", changes);
	else if (!isRecord(changes)) report(problems, "provision", "an object", changes);
	else {
		for (const key of Object.keys(changes))
			if (!provision.keys.includes(key)) unknown(problems, `provision.${key}`, key, provision.keys);
			else if (changes[key] !== null && key === "ssid") checkName(changes[key], problems);
			else if (changes[key] !== null && key === "password") checkPassword(changes[key], problems);
		if (!problems.length) problems.push(...misdescribed(changes, description, device, !!network.mqtts));
	}
	return problems;
}

/** A raw description with what is stored in the place of what was built in. */
export function provisioned(description: Values, provision: Told): Values {
	const result: { [key: string]: unknown } = { ...description };
	for (const key of described) {
		const text = provision.get(key);
		if (text !== undefined) result[key] = text;
	}
	// The user and password of one broker are no business of another.
	if (provision.get("broker") !== undefined) {
		delete result.user;
		delete result.password;
	}
	return result;
}

/** What is stored on the device, and what its next start will try. */
export function shown(provision: Told): Values {
	const { next } = provision;
	const stored: { [key: string]: unknown } = {};
	for (const key of provision.keys) stored[key] = provision.get(key);
	return { ...open(stored), ...(Object.keys(next).length && { next: open(next) }) };
}

/** A text of anybody's that may hold a secret, and is not to be repeated. Escapes could hide the word. */
export function confidential(text: string): boolean {
	return text.includes("provision") || text.includes("password") || text.includes("\\");
}

function misdescribed(
	changes: Values,
	description: Description,
	{ sensor, actuator }: Device,
	tls: boolean,
): Problem[] {
	const raw: { [key: string]: unknown } = { ...description };
	for (const key of described) {
		const value = changes[key];
		if (typeof value === "string") raw[key] = value;
		else if (value !== undefined && value !== null)
			return [{ key: `provision.${key}`, expected: "a text", found: "something else" }];
	}
	if (typeof changes.broker === "string") {
		delete raw.user;
		delete raw.password;
	}
	const { description: whole, problems } = check(raw, sensor, actuator);
	const found = whole ? addresses(whole, tls).problems : problems;
	return found.map(problem => ({ ...problem, key: `provision.${problem.key}` }));
}

function checkName(value: unknown, problems: Problem[]): void {
	const right = typeof value === "string" && value !== "" && encode(value).byteLength <= Wireless.ssid;
	if (!right) report(problems, "provision.ssid", `a text of 1 to ${Wireless.ssid} bytes`, value);
}

function checkPassword(value: unknown, problems: Problem[]): void {
	const length = typeof value === "string" ? encode(value).byteLength : -1;
	const { least, most } = Wireless;
	const right = length === 0 || (length >= least && length <= most);
	if (!right)
		problems.push({
			key: "provision.password",
			expected: `${least} to ${most} characters, or none for an open network`,
			found: length < 0 ? "something else" : `${length}`,
		});
}

/** With `true` for a password that there is, and a broker without one. */
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

/**
 * `{"provision":{"ssid":"HOME","password":"…","broker":"mqtt://…","id":"…","root":"…"}}` of `cmd config` (DESIGN.md, "Provisioning"): checks
 * it before anything is stored, lays it over the description at a start, and shows it without secrets. `null` goes back to the built-in
 * value. When it is stored and how long it holds is in trial.ts.
 */

import { encode } from "../../mqtt/codec.js";
import { addresses, parseAddress, publicAddress } from "../broker.js";
import { check, type Description } from "../description/description.js";
import { type Problem, report, unknown } from "../description/validate.js";
import type { Device, Provision } from "../io.js";
import { isRecord, type Values } from "../json.js";

/** Keys of the description. */
const described: readonly string[] = Object.freeze(["broker", "id", "root"]);

/** What `key` takes, in words, where `value` is something else. */
const wanted = (key: string, value: unknown): string | undefined => {
	const bytes = typeof value === "string" ? encode(value).byteLength : -1;
	// IEEE 802.11
	if (key === "ssid") return bytes >= 1 && bytes <= 32 ? undefined : "a text of 1 to 32 bytes";
	if (key !== "password") return bytes < 0 ? "a text" : undefined;
	// WPA: 8 to 63 characters, or a key of 64.
	const right = bytes === 0 || (bytes >= 8 && bytes <= 64);
	return right ? undefined : "a text of 8 to 64 bytes, or of none for an open network";
};

/** The mistakes in `changes`; none: they may be tried. */
export const mistakes = (changes: unknown, description: Description, device: Device): Problem[] => {
	const { provision, network } = device;
	const wrong = (expected: string) => [
		{ key: "provision", expected, found: isRecord(changes) ? "an object" : "something else" },
	];
	if (!provision?.keys.length) return wrong("nothing: this host is told when it is started");
	if (provision.trying) return wrong("nothing while it is on trial");
	if (changes === null) return [];
	if (!isRecord(changes)) return wrong("an object, or null to take back what the next start would try");
	const problems: Problem[] = [];
	Object.keys(changes).forEach(key => {
		const text = changes[key];
		const expected = text === null ? undefined : wanted(key, text);
		if (!provision.keys.includes(key)) unknown(problems, `provision.${key}`, key, provision.keys);
		// The value is not repeated: it may be a secret.
		else if (expected) report(problems, `provision.${key}`, expected, "…");
	});
	if (problems.length) return problems;
	const raw = overlaid(description, key => changes[key] ?? undefined);
	const { description: whole, problems: more } = check(raw, device);
	const all = whole ? addresses(whole, network.mqtts !== undefined).problems : more;
	return all.map(({ key, expected, found }) => ({
		key: `provision.${key}`,
		expected,
		found: key === "broker" ? "something else" : found,
	}));
};

/** The stored values, and those that the next start will try. */
export const shown = (provision: Provision): Values => {
	const { keys, next } = provision;
	return {
		...open(keys, key => provision.get(key)),
		...(keys.some(key => key in next) && { next: open(keys, key => next[key]) }),
	};
};

/** A raw description with the broker, id and root that are `given`, stored ones say, in place of its own. */
export const overlaid = (description: object, given: (key: string) => unknown): Values => {
	const result: { [key: string]: unknown } = { ...description };
	described.forEach(key => {
		const text = given(key);
		if (text !== undefined) result[key] = text;
	});
	// The user and password of one broker are not shown to another.
	if (given("broker") !== undefined) {
		delete result.user;
		delete result.password;
	}
	return result;
};

/** A password is shown as `true`, a broker without its user and password. */
const open = (keys: readonly string[], textOf: (key: string) => string | null | undefined): Values => {
	const result: { [key: string]: unknown } = {};
	keys.forEach(key => {
		const text = textOf(key);
		if (text === undefined) return;
		const address = key === "broker" && text ? parseAddress(text) : undefined;
		result[key] = address ? publicAddress(address) : key === "password" && text !== null ? true : text;
	});
	return result;
};

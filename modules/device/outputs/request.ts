/**
 * What somebody wants of an actuator, out of a message of anybody's: `ON`, `OFF`, or
 * `{"state":"ON","brightness":128,"ver":17,"cid":"…"}`. Reads, judges the form, and says what is wrong; what is to be
 * done with a wish is output.ts's. There is no TOGGLE: delivered twice it would not mean what it said.
 */

import { isRecord, show } from "../description/schema.js";
import { parse } from "../json.js";

export interface Wish {
	readonly on: boolean;
	/** 1…255. */
	readonly brightness?: number;
	/** Greater is newer. */
	readonly ver?: number;
	/** Correlates an answer. */
	readonly cid?: string | number;
}

/** Something that is not a wish, and why. */
export interface Refusal {
	readonly error: string;
	readonly cid?: string | number;
}

/** Far more than any wish needs; what is longer is not read at all. */
const LONGEST = 512;
const FORM = 'expected ON, OFF or {"state":"ON"|"OFF","brightness":1…255,"ver":…}';

/** The wish in a payload that is not empty. */
export function parseWish(payload: Uint8Array): Wish | Refusal {
	const { text, value, error } = parse(payload, LONGEST);
	if (text === "ON" || text === "OFF") return { on: text === "ON" };
	if (isRecord(value)) return fromRecord(value);
	return { error: text === undefined ? (error as string) : `${FORM}, found ${show(text)}` };
}

function fromRecord(value: { readonly [key: string]: unknown }): Wish | Refusal {
	const { state, brightness, ver } = value;
	const cid = cidOf(value.cid);
	const wrong = (key: string, expected: string, found: unknown): Refusal => ({
		error: `${key}: expected ${expected}, found ${show(found)}`,
		...(cid !== undefined && { cid }),
	});
	if (state !== "ON" && state !== "OFF") return wrong("state", "ON or OFF", state);
	if (brightness !== undefined && !isWhole(brightness, 1, 255))
		return wrong("brightness", "a whole number from 1 to 255", brightness);
	if (ver !== undefined && !isWhole(ver, 0, Number.MAX_SAFE_INTEGER))
		return wrong("ver", "a whole number of at least 0", ver);
	return {
		on: state === "ON",
		...(brightness !== undefined && { brightness }),
		...(ver !== undefined && { ver }),
		...(cid !== undefined && { cid }),
	};
}

function isWhole(value: unknown, minimum: number, maximum: number): value is number {
	return Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum;
}

/** A correlation id that can be sent back as it came. */
export function cidOf(value: unknown): string | number | undefined {
	if (typeof value === "number" && Number.isFinite(value)) return value;
	return typeof value === "string" && value.length <= 64 ? value : undefined;
}

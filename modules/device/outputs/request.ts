/**
 * What a message on `set` or `desired` asks of an output: `ON`, `OFF` (in any case), or
 * `{"state":"ON","brightness":128,"ver":17,"cid":"…"}`. Reads it, checks its form, says what is wrong with it, and refuses a
 * retained copy on `set`. output.ts carries it out. There is no TOGGLE: delivered twice it would not mean what it said.
 */

import type { Received } from "../../session/options.js";
import { type Problem, show, unknown } from "../description/validate.js";
import { isRecord, type Names, parse, type Values } from "../json.js";

export interface Request {
	readonly on: boolean;
	/** 1…255. */
	readonly brightness?: number;
	/** Greater is newer. */
	readonly ver?: number;
	/** Correlates an answer. */
	readonly cid?: string | number;
}

/** Why a message is not carried out. */
export interface Refusal {
	readonly error: string;
	readonly cid?: string | number;
}

/** Far more than any request needs; a longer message is not read at all. */
const LONGEST = 512;
const keys: readonly string[] = Object.freeze(["state", "brightness", "ver", "cid"]);
const FORM = 'expected ON, OFF or {"state":"ON"|"OFF","brightness":1…255,"ver":…}';
const TOGGLE =
	"expected ON or OFF, found TOGGLE: a broker may deliver it twice, and then it would change nothing";

const VERSION = Object.freeze({
	error: "ver: expected none, for a live command has no version: desired has",
});

/** The request in a payload that is not empty. */
export const parseRequest = (payload: Uint8Array, names: Names): Request | Refusal => {
	const { text, value, error } = parse(payload, LONGEST, names);
	const state = stateOf(text);
	if (state !== undefined) return { on: state === "ON" };
	if (isRecord(value)) return fromRecord(value);
	if (isToggle(text)) return { error: TOGGLE };
	return { error: text === undefined ? (error as string) : `${FORM}, found ${show(text)}` };
};

/** As `parseRequest`, of a live command. Retained by mistake it would switch at each reconnect, also after newer commands. */
export const parseLive = (payload: Uint8Array, { retain }: Received, names: Names): Request | Refusal => {
	const request = parseRequest(payload, names);
	if (retain) return ignored("a retained copy", request);
	return "ver" in request ? { ...VERSION, ...(request.cid !== undefined && { cid: request.cid }) } : request;
};

/** The refusal of a request that is no live one. */
export const ignored = (found: string, { cid }: Request | Refusal): Refusal => ({
	error: `expected a live message, found ${found}: ignored`,
	...(cid !== undefined && { cid }),
});

const fromRecord = (value: { readonly [key: string]: unknown }): Request | Refusal => {
	const { brightness, ver } = value;
	const state = stateOf(value.state);
	const cid = cidOf(value.cid);
	const wrong = (key: string, expected: string, found: unknown): Refusal => ({
		error: `${key}: expected ${expected}, found ${show(found)}`,
		...(cid !== undefined && { cid }),
	});
	if (isToggle(value.state)) return { error: TOGGLE, ...(cid !== undefined && { cid }) };
	if (state === undefined) return wrong("state", "ON or OFF", value.state);
	const [problem] = unknownKeys(value);
	if (problem) return wrong(problem.key, problem.expected, problem.key);
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
};

const stateOf = (value: unknown): "ON" | "OFF" | undefined => {
	const text = typeof value === "string" && value.length <= 3 ? value.toUpperCase() : "";
	return text === "ON" || text === "OFF" ? text : undefined;
};

const isToggle = (value: unknown): boolean => typeof value === "string" && value.toUpperCase() === "TOGGLE";

const unknownKeys = (value: Values): readonly Problem[] => {
	const problems: Problem[] = [];
	Object.keys(value).forEach(key => {
		if (!keys.includes(key)) unknown(problems, key, key, keys);
	});
	return problems;
};

const isWhole = (value: unknown, minimum: number, maximum: number): value is number =>
	Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum;

/** A correlation id that can be sent back as it came. */
export const cidOf = (value: unknown): string | number | undefined => {
	if (typeof value === "number" && Number.isFinite(value)) return value;
	return typeof value === "string" && value.length <= 64 ? value : undefined;
};

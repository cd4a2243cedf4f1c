/**
 * What a message on `set` or `desired` asks of an output (TOPICS.md, "set"): `ON`, `OFF` (in any case), or
 * `{"state":"ON","brightness":128,"ver":17,"cid":"…"}`. Reads it, says what is wrong with its form, refuses a retained copy on `set`, and
 * tells two messages apart by a hash. Whether it is newer than what was done is in newest.ts; output.ts carries it out. There is no TOGGLE:
 * delivered twice it would not mean what it said.
 */

import type { Received } from "../../session/options.js";
import { line } from "../description/description.js";
import { type Problem, type RecordSpec, show, walk } from "../description/validate.js";
import { isRecord, type Names, parse } from "../json.js";
import { hashOf } from "../memory.js";

export interface Request {
	readonly on: boolean;
	/** 1…255. */
	readonly brightness?: number | undefined;
	/** Greater is newer. */
	readonly ver?: number | undefined;
	/** Correlates an answer. */
	readonly cid?: string | number | undefined;
	/** Why it is not carried out. */
	readonly error?: string;
}

/** Far more than any request needs; a longer message is not read at all. */
const LONGEST = 512;
const form: RecordSpec = Object.freeze({
	keys: Object.freeze({ state: "ON|OFF", brightness: "whole 1..255 ?", ver: "whole 0.. ?", cid: "any ?" }),
});
const FORM = 'expected ON, OFF or {"state":"ON"|"OFF","brightness":1…255,"ver":…}';
const TOGGLE =
	"expected ON or OFF, found TOGGLE: a broker may deliver it twice, and then it would change nothing";
const VERSION = "ver: expected none, for a live command has no version: desired has";

/** The request in a payload that is not empty. */
export const parseRequest = (payload: Uint8Array, names: Names): Request => {
	const { text, value, error = "" } = parse(payload, LONGEST, names);
	const record = isRecord(value) ? value : { state: text };
	const cid = cidOf(record.cid);
	const word = typeof record.state === "string" ? record.state.toUpperCase() : "";
	const on = word === "ON";
	const known = on || word === "OFF";
	if (word === "TOGGLE") return { on, cid, error: TOGGLE };
	if (record !== value && !known)
		return { on, cid, error: text === undefined ? error : `${FORM}, found ${show(text)}` };
	const problems: Problem[] = [];
	const state = known ? word : record.state;
	const { brightness, ver } = walk(form, { ...record, state }, "", problems) as Request;
	const problem = problems[0];
	return problem ? { on, cid, error: line(problem) } : { on, brightness, ver, cid };
};

/** Of a live command; `kept`: why it is none. Retained by mistake it would switch at each reconnect, also after newer commands. */
export const parseLive = (payload: Uint8Array, about: Received, kept: string, names: Names): Request => {
	const request = parseRequest(payload, names);
	const { on, cid, ver } = request;
	const found = about.retain ? "a retained copy" : kept;
	if (found) return { on, cid, error: notLive(found) };
	return ver === undefined ? request : { on, cid, error: VERSION };
};

/** The refusal of a message that should have been a live one. */
export const notLive = (found: string): string => `expected a live message, found ${found}: ignored`;

/** A correlation id that can be sent back as it came. */
export const cidOf = (value: unknown): string | number | undefined => {
	if (typeof value === "number" && Number.isFinite(value)) return value;
	return typeof value === "string" && value.length <= 64 ? value : undefined;
};

/** Equal for requests that want the same. */
export const textOf = ({ on, brightness }: Request): string =>
	`${on ? "ON" : "OFF"}${brightness === undefined ? "" : ` ${brightness}`}`;

/** Of a command, by text and topic: `kind` keeps those of one output apart. "" at QoS 0, which is not sent again. */
export const hashCommand = (kind: string, payload: Uint8Array, { id }: Received): string =>
	id ? hashOf(payload, 0x811c9dc5 ^ kind.charCodeAt(0)).toString(36) : "";

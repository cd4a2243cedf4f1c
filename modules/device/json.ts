/**
 * Parses an inbound message, with a limit on nesting, on the number of values and on new names (DESIGN.md, "Commands"). The engine's parser
 * recurses and makes a slot for each value and for each name that no message had before, and XS ends the machine when its stack or heap is
 * used up: no `try` catches that, and the broker would deliver the message again. So all are counted before anything is parsed. Throws nothing.
 */

import { decode } from "../mqtt/codec.js";

/** A JSON object. */
export type Values = { readonly [key: string]: unknown };

export const isRecord = (value: unknown): value is Values =>
	typeof value === "object" && value !== null && !Array.isArray(value);

export interface Parsed {
	/** Missing where the bytes are too many or no UTF-8. */
	readonly text?: string;
	/** An object or a list; missing where the text is no JSON, another value, or too much of it. */
	readonly value?: unknown;
	readonly error?: string;
}

/** A change of the configuration nests 4 deep. */
const DEEPEST = 8;
const MOST = 256;
/** The names that a message may use as keys. XS gives the memory of a name never back (its devices collect none). */
export class Names {
	private readonly known: { knows(name: string): boolean };
	private readonly learnt: string[] = [];

	/** `known`: those that the board has a use for. */
	constructor(known: { knows(name: string): boolean }) {
		this.known = known;
	}
	/** The name is known, or is from now on. */
	admits(name: string): boolean {
		const learnt = this.learnt;
		if (this.known.knows(name) || learnt.includes(name)) return true;
		// So many that mistakes are told in full.
		return learnt.length < 16 && learnt.push(name) > 0;
	}
}

/** `longest` in bytes; a longer message is not read. */
export const parse = (bytes: Uint8Array, longest: number, names: Pick<Names, "admits">): Parsed => {
	const byteLength = bytes.byteLength;
	if (byteLength > longest) return { error: `expected at most ${longest} bytes, found ${byteLength}` };
	let text: string;
	try {
		text = decode(bytes);
	} catch {
		return { error: `expected UTF-8, found ${byteLength} bytes that are not UTF-8` };
	}
	const error = excess(bytes, names);
	if (error) return { text, error };
	try {
		// A word such as ON is not even tried: the SDK's debugger stops at each exception, caught or not.
		const first = bytes.find(byte => byte > 0x20 /* space */);
		if (first === 0x7b /* { */ || first === 0x5b /* [ */) return { text, value: JSON.parse(text) };
	} catch {}
	return { text, error: "expected JSON" };
};

/** The error of a text with too much in it. Exact up to its first syntax error, where the engine's parser stops. */
const excess = (bytes: Uint8Array, names: Pick<Names, "admits">): string | undefined => {
	const length = bytes.length;
	/** The last text, without its quotes. */
	let from = 0;
	let to = 0;
	let depth = 0;
	let values = 1;
	let quoted = false;
	for (let i = 0; i < length; i++) {
		const byte = bytes[i] as number;
		if (byte === 0x22 /* " */) {
			quoted = !quoted;
			if (quoted) from = i + 1;
			else to = i;
		} else if (quoted) {
			if (byte === 0x5c /* \ */) i++;
		} else if (byte === 0x3a /* : */) {
			if (!names.admits(decode(bytes.subarray(from, to)))) return "expected keys that this board knows";
		} else if (byte === 0x2c /* , */) values++;
		else if (byte === 0x7b /* { */ || byte === 0x5b /* [ */) {
			values++;
			if (++depth > DEEPEST) return `expected JSON of at most ${DEEPEST} levels`;
		} else if (byte === 0x7d /* } */ || byte === 0x5d /* ] */) depth--;
	}
	return values > MOST ? `expected JSON of at most ${MOST} values` : undefined;
};

/**
 * Parses an inbound message, with a limit on nesting and on the number of values. The engine's parser recurses and makes a slot
 * for each value, and XS ends the machine when its stack or heap is used up: no `try` catches that, and the broker would deliver
 * the message again at each start. So both are counted in the bytes before anything is parsed. Throws nothing.
 */

import { decode } from "../mqtt/text.js";

export interface Parsed {
	/** Missing where the bytes are too many or no UTF-8. */
	readonly text?: string;
	/** An object or a list; missing where the text is no JSON, another value, or too much of it. */
	readonly value?: unknown;
	/** Why there is no value. */
	readonly error?: string;
}

/** A change of the configuration nests 4 deep. */
const DEEPEST = 8;
const MOST = 256;

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING = 0x5b;
const CLOSING = 0x5d;
/** The bit that a brace has and a bracket has not. */
const BRACE = 0x20;

/** `longest` in bytes; a longer message is not read. */
export function parse(bytes: Uint8Array, longest: number): Parsed {
	const { byteLength } = bytes;
	if (byteLength > longest) return { error: `expected at most ${longest} bytes, found ${byteLength}` };
	let text: string;
	try {
		text = decode(bytes);
	} catch {
		return { error: `expected UTF-8, found ${byteLength} bytes that are not UTF-8` };
	}
	const error = excess(bytes);
	if (error) return { text, error };
	try {
		if (structured(bytes)) return { text, value: JSON.parse(text) };
	} catch {
		// The error is below.
	}
	return { text, error: "expected JSON" };
}

/** A word such as ON is not even tried: the SDK's debugger stops at each exception, caught or not. */
function structured(bytes: Uint8Array): boolean {
	const first = bytes.find(byte => byte > SPACE) ?? 0;
	return (first | BRACE) === (OPENING | BRACE);
}

/** The error of a text with too much in it. Exact up to its first syntax error, where the engine's parser stops. */
function excess(bytes: Uint8Array): string | undefined {
	const { length } = bytes;
	let depth = 0;
	let values = 1;
	let quoted = false;
	for (let i = 0; i < length; i++) {
		const byte = bytes[i] as number;
		if (byte === QUOTE) quoted = !quoted;
		else if (quoted) {
			if (byte === BACKSLASH) i++;
		} else if (byte === COMMA) values++;
		else if ((byte | BRACE) === (OPENING | BRACE)) {
			values++;
			if (++depth > DEEPEST) return `expected JSON of at most ${DEEPEST} levels`;
		} else if ((byte | BRACE) === (CLOSING | BRACE)) depth--;
	}
	return values > MOST ? `expected JSON of at most ${MOST} values` : undefined;
}

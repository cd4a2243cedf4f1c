/** JSON as it comes from anybody: read without an exception, and never taken for more than it is. */

export type Json = { readonly [key: string]: unknown };

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text of UTF-8 bytes, or `undefined` where they are none. */
export function textOf(bytes: Uint8Array): string | undefined {
	try {
		return decoder.decode(bytes);
	} catch {
		return undefined;
	}
}

/** What goes deeper would overflow the stack of the code that walks it. */
const DEEPEST = 100;

function isDeep(text: string): boolean {
	let depth = 0;
	for (let i = 0; i < text.length; i++) {
		const character = text.charCodeAt(i);
		// [ and {, ] and }. Those in texts count too: more than a hundred of them open is no JSON to be looked at.
		if (character === 91 || character === 123) {
			if (++depth > DEEPEST) return true;
		} else if (character === 93 || character === 125) depth--;
	}
	return false;
}

/** Any JSON value; `undefined` when it is none, or nested too deep. */
export function parse(text: string): unknown {
	if (isDeep(text)) return undefined;
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** The object in a payload, if there is one. */
export function objectOf(bytes: Uint8Array): Json | undefined {
	const text = textOf(bytes);
	const value = text === undefined ? undefined : parse(text);
	return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

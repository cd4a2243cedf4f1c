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

/** Any JSON value; `undefined` when it is none. */
export function parse(text: string): unknown {
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

/** Payloads between bytes and what a person types or reads: JSON, text, hex. */

import { parse, textOf } from "./json.js";

export type Form = "json" | "text" | "hex";

/** The bytes of what was typed, or what is wrong with it. */
export function bytesOf(
	typed: string,
	form: Form,
): { readonly bytes: Uint8Array } | { readonly error: string } {
	if (form === "hex") return fromHex(typed);
	if (form === "json" && typed.trim() !== "")
		try {
			JSON.parse(typed);
		} catch (error) {
			return { error: `no JSON: ${(error as Error).message}` };
		}
	return { bytes: new TextEncoder().encode(typed) };
}

function fromHex(typed: string): { readonly bytes: Uint8Array } | { readonly error: string } {
	const digits = typed.replace(/[\s,]|0x/g, "");
	const wrong = /[^0-9a-f]/i.exec(digits);
	if (wrong) return { error: `no hex digit: ${wrong[0]}` };
	if (digits.length % 2) return { error: "expected two digits for each byte" };
	const bytes = new Uint8Array(digits.length / 2);
	for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16);
	return { bytes };
}

/** The form that says most: JSON for objects, lists and other JSON values, text where it is UTF-8, else hex. */
export function formOf(payload: Uint8Array): Form {
	const text = textOf(payload);
	if (text === undefined || hasControls(text)) return "hex";
	return parse(text) === undefined ? "text" : "json";
}

function hasControls(text: string): boolean {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
	return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text);
}

/** Control characters, and those that change the direction of what follows, as signs of their own. */
export function visible(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
	return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, character => {
		const code = character.charCodeAt(0);
		if (code < 32) return String.fromCharCode(0x2400 + code);
		return code === 127 ? "␡" : `\\u${code.toString(16).padStart(4, "0")}`;
	});
}

/** One line of it, for a list. */
export function preview(payload: Uint8Array, byteLength: number, longest = 160): string {
	if (byteLength === 0) return "(empty)";
	const text = textOf(payload.subarray(0, longest * 4)) ?? textOf(payload);
	if (text === undefined) {
		const hex = [...payload.subarray(0, 24)].map(byte => byte.toString(16).padStart(2, "0")).join(" ");
		return payload.byteLength > 24 ? `${hex} …` : hex;
	}
	const short = text.length > longest ? `${text.slice(0, longest)}…` : text;
	return visible(short);
}

const ROW = 16;

/** Offset, bytes and characters, sixteen a line. */
export function hexDump(payload: Uint8Array, longest: number): string {
	const lines: string[] = [];
	for (let at = 0; at < Math.min(payload.byteLength, longest); at += ROW) {
		const row = [...payload.subarray(at, at + ROW)];
		const hex = row.map(byte => byte.toString(16).padStart(2, "0")).join(" ");
		const text = row.map(byte => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
		lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(ROW * 3 - 1)}  ${text}`);
	}
	return lines.join("\n");
}

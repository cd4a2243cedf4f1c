/** A log as a file: one JSON object a line, or a table for a spreadsheet. Payloads that are no text are in base64. */

import { parse, textOf } from "./json.js";
import type { Entry } from "./log.js";

function base64(bytes: Uint8Array): string {
	let text = "";
	for (const byte of bytes) text += String.fromCharCode(byte);
	return btoa(text);
}

function record({ at, topic, payload, byteLength, QoS, retain, duplicate }: Entry) {
	const text = textOf(payload);
	const whole = payload.byteLength === byteLength;
	return {
		time: new Date(at).toISOString(),
		topic,
		...(text === undefined ? { payloadBase64: base64(payload) } : { payload: text }),
		...(!whole && { bytes: byteLength, truncated: true }),
		qos: QoS,
		retain,
		dup: duplicate,
	};
}

export function toNDJSON(entries: readonly Entry[]): string {
	return entries.map(entry => `${JSON.stringify(record(entry))}\n`).join("");
}

/** RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe. */
export function toCSV(entries: readonly Entry[]): string {
	const cell = (value: unknown) => {
		const text = String(value);
		const number = typeof parse(text) === "number";
		const safe = !number && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
		return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
	};
	const rows = entries.map(entry => {
		const { time, topic, qos, retain, dup } = record(entry);
		return [time, topic, textOf(entry.payload) ?? `base64:${base64(entry.payload)}`, qos, retain, dup];
	});
	return [["time", "topic", "payload", "qos", "retain", "dup"], ...rows]
		.map(row => `${row.map(cell).join(",")}\r\n`)
		.join("");
}

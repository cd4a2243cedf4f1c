/**
 * A recording: what passes the broker as NDJSON, one JSON object a line, `{"time":…,"topic":…,"payload":…,"qos":…,
 * "retain":…,"dup":…}`, fit for a data lake's loader, and the same as the page's own export. Writes it, and plays it back at
 * its own pace or faster. A payload that is no text is `payloadBase64`.
 */

import { createReadStream, createWriteStream, openSync, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { show } from "../../modules/device/description/validate.js";
import { Wrong } from "./config.js";
import { toNDJSON } from "./page/model/export.js";
import type { Message } from "./page/mqtt/link.js";

/** Bytes of a file in which there has to be a message, unless one is longer. */
const BEGINNING = 1 << 20;

export class Recorder {
	readonly #stream: WriteStream;

	/** Appends to what is there. Throws where there can be no such file; `onError` gets what the disk says later. */
	constructor(file: string, onError: (error: Error) => void) {
		let fd: number;
		try {
			fd = openSync(file, "a");
		} catch (error) {
			throw new Wrong([
				`--record: expected a file that can be written, found ${file}: ${(error as Error).message}`,
			]);
		}
		this.#stream = createWriteStream(file, { fd }).on("error", onError);
	}
	write(message: Message): void {
		this.#stream.write(toNDJSON([{ ...message, number: 0 }]));
	}
	close(): Promise<void> {
		return new Promise(done => this.#stream.end(done));
	}
}

/** One message of a recording. */
export interface Recorded {
	/** Milliseconds since 1970. */
	readonly at: number;
	readonly topic: string;
	readonly payload: Buffer;
	readonly QoS: 0 | 1 | 2;
	readonly retain: boolean;
}

/** The message in a line, or `undefined` where there is none. */
export function read(line: string): Recorded | undefined {
	let value: { readonly [key: string]: unknown };
	try {
		value = JSON.parse(line);
	} catch {
		return undefined;
	}
	const { time, topic, payload, payloadBase64, qos = 0, retain = false } = value ?? {};
	const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
	if (Number.isNaN(at) || typeof topic !== "string" || !/^[^+#\0]+$/.test(topic)) return undefined;
	if (qos !== 0 && qos !== 1 && qos !== 2) return undefined;
	const bytes =
		typeof payload === "string"
			? Buffer.from(payload)
			: typeof payloadBase64 === "string"
				? Buffer.from(payloadBase64, "base64")
				: undefined;
	return bytes && { at, topic, payload: bytes, QoS: qos, retain: retain === true };
}

/** Rejects with `Wrong` where there is no such file, or no message at its beginning. */
export async function readable(file: string): Promise<void> {
	const text: Buffer[] = [];
	try {
		for await (const part of createReadStream(file, { end: BEGINNING - 1 })) text.push(part as Buffer);
	} catch (error) {
		throw unreadable(file, error as Error);
	}
	const lines = Buffer.concat(text)
		.toString()
		.split("\n")
		.filter(line => line.trim());
	const [first] = lines;
	const unfinished = lines.length === 1 && text.reduce((sum, part) => sum + part.length, 0) === BEGINNING;
	if (unfinished || lines.some(line => read(line))) return;
	throw unreadable(file, { message: first === undefined ? "an empty file" : `a line ${show(first)}` });
}

function unreadable(file: string, { message }: { readonly message: string }): Wrong {
	return new Wrong([`--replay ${file}: expected a recording, found ${message}`]);
}

export interface ReplayOptions {
	readonly file: string;
	/** So many times as fast as it was. */
	readonly speed: number;
	readonly publish: (message: Recorded) => Promise<void>;
	/** Ends it early. */
	readonly signal: AbortSignal;
}

/** Messages that were played, and lines that are none. Rejects with `Wrong` where the file cannot be read. */
export async function replay({
	file,
	speed,
	publish,
	signal,
}: ReplayOptions): Promise<{ played: number; skipped: number }> {
	const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
	const result = { played: 0, skipped: 0 };
	let first: number | undefined;
	const begun = performance.now();
	try {
		for await (const line of lines) {
			if (signal.aborted) break;
			const message = read(line);
			if (!message) {
				if (line.trim()) result.skipped++;
				continue;
			}
			first ??= message.at;
			await until(begun + (message.at - first) / speed, signal);
			if (signal.aborted) break;
			await publish(message);
			result.played++;
		}
	} catch (error) {
		throw unreadable(file, error as Error);
	}
	return result;
}

function until(moment: number, signal: AbortSignal): Promise<void> {
	const delay = moment - performance.now();
	if (!(delay > 0)) return Promise.resolve();
	return new Promise(done => {
		const handle = setTimeout(finish, delay);
		function finish(): void {
			clearTimeout(handle);
			signal.removeEventListener("abort", finish);
			done();
		}
		signal.addEventListener("abort", finish);
	});
}

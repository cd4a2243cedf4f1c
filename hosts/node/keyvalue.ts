/**
 * ECMA-419 §28, Key-Value, as one file per domain, replaced whole: a write is there or it is not, also when the process dies
 * to the power. A file that does not check is set aside and told, and the domain starts empty. Values and keys are
 * limited as on the ESP32, so that what works here works there. Formats: "buffer" and "string".
 */

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { crc32 } from "node:zlib";
import type { ByteBuffer } from "../../modules/mqtt/io.js";
import { view } from "./bytes.js";

/** How values are read and written: as text or as bytes (§28). */
export type Format = "buffer" | "string";

/** Which domain is opened, and how (§28). */
export interface OpenOptions {
	/** The domain's name: 1 to 15 characters, as on an ESP32. */
	readonly path: string;
	/** `r`: every write throws; `r+` if not given. */
	readonly mode?: "r" | "r+";
	/** `buffer` if not given. */
	readonly format?: Format;
}

/** NVS: names of 15 characters, values of 4000 bytes. */
const longestName = 15;
const longestValue = 4000;

type Value = { readonly string: string } | { readonly buffer: string };
type Values = Map<string, Value>;

/** `trace` gets one line when a file had to be set aside. */
export class KeyValueStore {
	#folder: string;
	#trace: ((line: string) => void) | undefined;
	#domains = new Map<string, Values>();

	constructor(folder: string, trace?: (line: string) => void) {
		this.#folder = folder;
		this.#trace = trace;
	}
	/** A domain. Throws a `RangeError` on a wrong name, mode or format, and what the file system says. */
	open(options: OpenOptions & { readonly format: "string" }): Domain<"string">;
	open(options: OpenOptions): Domain;
	open({ path, mode = "r+", format = "buffer" }: OpenOptions): Domain {
		// The name becomes a file's name: nothing in it may lead elsewhere.
		if (typeof path !== "string" || !/^[A-Za-z0-9_-]{1,15}$/.test(path))
			throw new RangeError(
				`key-value: a domain's name has 1 to 15 letters, digits, "_" and "-", found "${path}"`,
			);
		if (mode !== "r" && mode !== "r+") throw new RangeError(`key-value: no mode "${mode}"`);
		const file = join(this.#folder, `${path}.json`);
		let values = this.#domains.get(path);
		if (!values) {
			values = load(file, this.#trace);
			this.#domains.set(path, values);
		}
		return new Domain(file, values, mode === "r+", format);
	}
}

/** An open domain. Instances of one domain share its values. */
export class Domain<F extends Format = Format> implements Iterable<string> {
	#file: string;
	#values: Values;
	#writable: boolean;
	#format: Format = "buffer";
	#closed = false;

	constructor(file: string, values: Values, writable: boolean, format: Format) {
		this.#file = file;
		this.#values = values;
		this.#writable = writable;
		this.format = format;
	}
	get format(): Format {
		return this.#format;
	}
	set format(value: Format) {
		this.#check();
		if (value !== "buffer" && value !== "string") throw new RangeError(`key-value: no format "${value}"`);
		this.#format = value;
	}

	/** A string or an ArrayBuffer by `format`, or into `buffer` the count of bytes; `undefined` where there is no such key. */
	read(
		key: string,
	): (F extends "string" ? string : never) | (F extends "buffer" ? ArrayBuffer : never) | undefined;
	read(key: string, buffer: ByteBuffer): number | undefined;
	read(key: string, buffer?: ByteBuffer): string | ArrayBuffer | number | undefined {
		this.#check();
		const value = this.#values.get(name(key));
		if (value === undefined) return undefined;
		if (!(this.#format in value))
			throw new TypeError(`key-value: "${key}" was not written in format "${this.#format}"`);
		if ("string" in value) return value.string;
		const bytes = Uint8Array.from(Buffer.from(value.buffer, "base64"));
		if (buffer === undefined) return bytes.buffer;
		const target = view(buffer);
		const part = bytes.subarray(0, target.byteLength);
		target.set(part);
		return part.byteLength;
	}
	write(key: string, value: string | ByteBuffer): void {
		this.#change();
		name(key);
		if (value === undefined || typeof value === "symbol")
			throw new TypeError("key-value: a value is required");
		const entry: Value =
			this.#format === "string"
				? { string: String(value) }
				: { buffer: Buffer.from(view(value)).toString("base64") };
		const byteLength = "string" in entry ? Buffer.byteLength(entry.string) : view(value).byteLength;
		if (byteLength > longestValue)
			throw new RangeError(`key-value: "${key}": at most ${longestValue} bytes, found ${byteLength}`);
		this.#replace(new Map(this.#values).set(key, entry));
	}
	delete(key: string): void {
		this.#change();
		if (!this.#values.has(name(key))) return;
		const values = new Map(this.#values);
		values.delete(key);
		this.#replace(values);
	}
	close(): void {
		this.#closed = true;
	}
	[Symbol.iterator](): Iterator<string> {
		this.#check();
		return [...this.#values.keys()][Symbol.iterator]();
	}

	#check(): void {
		if (this.#closed) throw new Error("key-value: closed");
	}
	#change(): void {
		this.#check();
		if (!this.#writable) throw new Error("key-value: opened for reading only");
	}
	/** The file first: a write that fails changes nothing. */
	#replace(values: Values): void {
		save(this.#file, values);
		this.#values.clear();
		for (const [key, value] of values) this.#values.set(key, value);
	}
}

function name(key: string): string {
	if (typeof key !== "string" || key.length < 1 || Buffer.byteLength(key) > longestName)
		throw new RangeError(`key-value: a key has 1 to ${longestName} bytes, found "${key}"`);
	return key;
}

function load(file: string, trace?: (line: string) => void): Values {
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
		throw error;
	}
	const found = parse(text);
	if (typeof found !== "string") return found;
	const aside = `${file}.damaged-${Date.now()}`;
	renameSync(file, aside);
	trace?.(
		`${file}: expected a key-value file, found ${found}; set aside as ${basename(aside)}, starting empty`,
	);
	return new Map();
}

/** The values, or what was found instead. */
function parse(text: string): Values | string {
	if (text.trim() === "") return "an empty file";
	let content: { crc32?: unknown; values?: unknown };
	try {
		content = JSON.parse(text);
	} catch {
		return "text that is not JSON";
	}
	const { crc32: sum, values } = content ?? {};
	if (typeof values !== "object" || values === null) return "JSON without values";
	if (sum !== crc32(JSON.stringify(values))) return "a wrong checksum";
	return new Map(Object.entries(values as { [key: string]: Value }));
}

function save(file: string, map: Values): void {
	const folder = join(file, "..");
	mkdirSync(folder, { recursive: true });
	const values = Object.fromEntries(map);
	const temporary = `${file}.new`;
	writeFileSync(
		temporary,
		`${JSON.stringify({ crc32: crc32(JSON.stringify(values)), values }, null, "\t")}\n`,
		{
			flush: true,
		},
	);
	renameSync(temporary, file);
	// The rename itself is only safe once the folder is on the disk. Windows cannot open a folder, nor needs to.
	if (process.platform === "win32") return;
	const handle = openSync(folder, "r");
	try {
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
}

/** ECMA-419 §28, Key-Value, as one JSON file per domain, replaced whole. Strings only; limits as on the ESP32. */

import type { KeyValue, KeyValueDomain } from "../../modules/device/io.js";
import { encode } from "../../modules/mqtt/codec.js";
import { exists, folder, readText, replaceText } from "./disk.js";

const LONGEST_NAME = 15;
const LONGEST_VALUE = 4000;

export const keyValue: KeyValue = Object.freeze({
	open({ path, mode = "r+", format }: Parameters<KeyValue["open"]>[0]): KeyValueDomain {
		if (format !== "string") throw new RangeError(`key-value: no format "${format}"`);
		const file = `${folder()}/${limited(path)}.json`;
		// As the ESP32's: what was never written cannot be opened for reading.
		if (mode === "r" && !exists(file)) throw new Error(`key-value: no domain "${path}"`);
		return new Domain(file, mode === "r+");
	},
});

class Domain implements KeyValueDomain {
	#file: string;
	#values: Map<string, string> | undefined;
	#writable: boolean;

	constructor(file: string, writable: boolean) {
		this.#file = file;
		this.#writable = writable;
		this.#values = new Map(
			exists(file) ? (Object.entries(JSON.parse(readText(file))) as [string, string][]) : [],
		);
	}
	read(key: string): string | undefined {
		return this.#open().get(limited(key));
	}
	write(key: string, value: string): void {
		const text = `${value}`;
		if (encode(text).byteLength > LONGEST_VALUE)
			throw new RangeError(`key-value: "${key}": at most ${LONGEST_VALUE} bytes`);
		this.#change().set(limited(key), text);
		this.#save();
	}
	delete(key: string): void {
		if (this.#change().delete(limited(key))) this.#save();
	}
	close(): void {
		this.#values = undefined;
	}
	[Symbol.iterator](): Iterator<string> {
		return this.#open().keys();
	}

	#open(): Map<string, string> {
		if (!this.#values) throw new Error("key-value: closed");
		return this.#values;
	}
	#change(): Map<string, string> {
		if (!this.#writable) throw new Error("key-value: opened for reading only");
		return this.#open();
	}
	#save(): void {
		replaceText(this.#file, JSON.stringify(Object.fromEntries(this.#open())));
	}
}

function limited(name: string): string {
	if (typeof name !== "string" || name === "" || encode(name).byteLength > LONGEST_NAME)
		throw new RangeError(`key-value: a name has 1 to ${LONGEST_NAME} bytes, found "${name}"`);
	return name;
}

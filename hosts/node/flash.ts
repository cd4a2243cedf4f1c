/**
 * ECMA-419 §28, Flash, as files with the semantics of NOR: a write clears bits and sets none, an erase sets a whole
 * block to 0xFF and wears it. Whatever a call changed is on the disk when it returns.
 * Not here: cutting the power or failing blocks, which tests do with a partition in RAM.
 */

import {
	closeSync,
	existsSync,
	fdatasyncSync,
	mkdirSync,
	openSync,
	readFileSync,
	readSync,
	renameSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { join } from "node:path";
import type { ByteBuffer } from "../../modules/mqtt/io.js";
import type { Flash, FlashPartition } from "../../modules/store/io.js";
import { view } from "./bytes.js";

const erased = 0xff;

export interface Geometry {
	readonly size: number;
	readonly blockLength: number;
	readonly writeAlign: number;
}

/** What a board has if nothing else is said: the ESP32's blocks, and words because some flash takes nothing less. */
export const defaultPartitions: Readonly<Record<string, Geometry>> = Object.freeze({
	journal: Object.freeze({ size: 65536, blockLength: 4096, writeAlign: 4 }),
});

export class FlashStore implements Flash {
	#folder: string;
	#geometries: ReadonlyMap<string, Geometry>;
	#files = new Map<string, FlashFile>();

	constructor(folder: string, partitions: Readonly<Record<string, Geometry>> = defaultPartitions) {
		this.#folder = folder;
		this.#geometries = new Map(Object.entries(partitions));
	}
	open({ path, mode = "r+" }: { readonly path: string; readonly mode?: "r" | "r+" }): FlashPartition {
		if (mode !== "r" && mode !== "r+") throw new RangeError(`flash: no mode "${mode}"`);
		return new Partition(this.#file(path), mode === "r+");
	}
	/** How often each block of a partition was erased, over all runs. */
	wear(path: string): readonly number[] {
		return this.#file(path).wear;
	}
	[Symbol.iterator](): Iterator<string> {
		return this.#geometries.keys();
	}
	/** Lets go of the files; open partitions throw from now on. */
	close(): void {
		for (const file of this.#files.values()) file.close();
		this.#files.clear();
	}

	#file(path: string): FlashFile {
		const geometry = this.#geometries.get(path);
		if (!geometry) throw new Error(`flash: no partition "${path}"`);
		let file = this.#files.get(path);
		if (!file) {
			file = new FlashFile(this.#folder, path, geometry);
			this.#files.set(path, file);
		}
		return file;
	}
}

/** The bytes of one partition: kept whole in memory for reading, written through. */
class FlashFile {
	readonly geometry: Geometry;
	readonly bytes: Uint8Array;
	readonly wear: number[];
	#data: number;
	#wear: number;
	#closed = false;

	constructor(folder: string, path: string, geometry: Geometry) {
		this.geometry = geometry;
		mkdirSync(folder, { recursive: true });
		const name = join(folder, `${path}.flash`);
		if (!existsSync(name)) create(name, geometry.size);
		this.bytes = new Uint8Array(readFileSync(name));
		if (this.bytes.byteLength !== geometry.size)
			throw new Error(`${name}: expected ${geometry.size} bytes, found ${this.bytes.byteLength}`);
		this.#data = openSync(name, "r+");
		this.#wear = openSync(`${name}.wear`, existsSync(`${name}.wear`) ? "r+" : "wx+");
		const counts = new Uint8Array((geometry.size / geometry.blockLength) * 4);
		readSync(this.#wear, counts, 0, counts.byteLength, 0);
		this.wear = [...new Uint32Array(counts.buffer)];
	}
	program(data: Uint8Array, offset: number): void {
		this.#check();
		for (let i = 0; i < data.byteLength; i++) (this.bytes[offset + i] as number) &= data[i] as number;
		this.#store(offset, data.byteLength);
	}
	erase(block: number): void {
		this.#check();
		const { blockLength } = this.geometry;
		this.bytes.fill(erased, block * blockLength, (block + 1) * blockLength);
		(this.wear[block] as number)++;
		writeSync(this.#wear, Uint32Array.of(this.wear[block] as number), 0, 4, block * 4);
		this.#store(block * blockLength, blockLength);
	}
	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		closeSync(this.#data);
		closeSync(this.#wear);
	}
	#check(): void {
		if (this.#closed) throw new Error("flash: the board is off");
	}
	#store(offset: number, byteLength: number): void {
		let written = 0;
		while (written < byteLength)
			written += writeSync(this.#data, this.bytes, offset + written, byteLength - written, offset + written);
		fdatasyncSync(this.#data);
	}
}

/** A new partition comes erased, and whole: a board that is killed here leaves none of a wrong size. */
function create(name: string, size: number): void {
	writeFileSync(`${name}.new`, new Uint8Array(size).fill(erased), { flush: true });
	renameSync(`${name}.new`, name);
}

class Partition implements FlashPartition {
	readonly format = "buffer";
	#file: FlashFile | undefined;
	#writable: boolean;

	constructor(file: FlashFile, writable: boolean) {
		this.#file = file;
		this.#writable = writable;
	}
	status() {
		const { size, blockLength, writeAlign } = this.#open().geometry;
		return { size, blockLength, blocks: size / blockLength, eraseValue: erased, writeAlign };
	}
	read(data: ByteBuffer, offset: number): number;
	read(byteLength: number, offset: number): ArrayBuffer;
	read(option: ByteBuffer | number, offset: number): number | ArrayBuffer {
		const { bytes } = this.#open();
		const count = typeof option === "number" ? option : view(option).byteLength;
		if (typeof option === "number" && !(Number.isInteger(option) && option > 0))
			throw new RangeError("flash: byteLength must be a positive integer");
		if (!(Number.isInteger(offset) && offset >= 0 && offset < bytes.byteLength))
			throw new RangeError(`flash: no offset ${offset}`);
		const part = bytes.subarray(offset, offset + count);
		if (typeof option === "number") return part.slice().buffer;
		view(option).set(part);
		return part.byteLength;
	}
	write(data: ByteBuffer, offset: number): void {
		const file = this.#change();
		const bytes = view(data);
		const { size, writeAlign } = file.geometry;
		if (!(Number.isInteger(offset) && offset >= 0 && offset + bytes.byteLength <= size))
			throw new RangeError(`flash: ${bytes.byteLength} bytes at ${offset} do not lie in ${size}`);
		if (offset % writeAlign || bytes.byteLength % writeAlign)
			throw new RangeError(`flash: offset and length must be multiples of ${writeAlign}`);
		file.program(bytes, offset);
	}
	/** `last` is the block at which to stop, as Annex A has it: it is not erased. */
	eraseBlock(first: number, last: number = first + 1): void {
		const file = this.#change();
		const blocks = file.geometry.size / file.geometry.blockLength;
		if (!(Number.isInteger(first) && first >= 0 && first < blocks))
			throw new RangeError(`flash: no block ${first}`);
		if (!(Number.isInteger(last) && last > first && last <= blocks))
			throw new RangeError(`flash: no end at block ${last}`);
		for (let block = first; block < last; block++) file.erase(block);
	}
	close(): void {
		this.#file = undefined;
	}

	#open(): FlashFile {
		if (!this.#file) throw new Error("flash: closed");
		return this.#file;
	}
	#change(): FlashFile {
		const file = this.#open();
		if (!this.#writable) throw new Error("flash: opened for reading only");
		return file;
	}
}

/**
 * ECMA-419 §28, Flash, as files with the semantics of NOR: a write clears bits and sets none, an erase sets a whole
 * block to 0xFF and wears it. All that a call changed is on the disk when it returns; or, `together`, what a turn of the
 * event loop has written is there when it ends, or at `sync`, whichever is first.
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
import type { Flash, FlashPartition } from "../../modules/store/flash.js";
import { view } from "./bytes.js";

const erased = 0xff;

/** What a partition is made of. */
export interface Geometry {
	/** Bytes in all: a whole number of blocks. */
	readonly size: number;
	/** Bytes that are erased at once. */
	readonly blockLength: number;
	/** Bytes: offset and length of a write are multiples of it. */
	readonly writeAlign: number;
}

/** What a board has if nothing else is said: the ESP32's blocks, and words because some flash takes nothing less. */
export const defaultPartitions: Readonly<Record<string, Geometry>> = Object.freeze({
	journal: Object.freeze({ size: 65536, blockLength: 4096, writeAlign: 4 }),
});

/** What reaches the disk, for tests that count it or lose it. */
export type Disk = Pick<typeof import("node:fs"), "writeSync" | "fdatasyncSync">;

/** How flash is kept in files. */
export interface FlashOptions {
	/**
	 * What a turn of the event loop writes reaches the disk in one go, before a byte leaves a socket of the device, before
	 * one of its pins changes, at the latest when the turn ends. For many boards. Not for actuators of a program's own that
	 * reach past the pins: such a one could act on what a power cut then takes back. False if not given.
	 */
	readonly together?: boolean;
	/** The functions of `node:fs` that it works with; a test brings its own. */
	readonly disk?: Disk;
}

/**
 * Flash (ECMA-419 §28) in a folder, a file for each partition. Throws what the file system says, and a `RangeError`
 * for what is not aligned.
 */
export class FlashStore implements Flash {
	#folder: string;
	#geometries: ReadonlyMap<string, Geometry>;
	#files = new Map<string, FlashFile>();
	#together: boolean;
	#disk: Disk;

	constructor(
		folder: string,
		partitions: Readonly<Record<string, Geometry>> = defaultPartitions,
		{ together = false, disk = { writeSync, fdatasyncSync } }: FlashOptions = {},
	) {
		this.#folder = folder;
		this.#geometries = new Map(Object.entries(partitions));
		this.#together = together;
		this.#disk = disk;
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
	/** What was written is on the disk when it returns. Throws, for the rest of the turn, where the disk did not take it. */
	sync(): void {
		for (const file of this.#files.values()) file.sync();
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
			file = new FlashFile(this.#folder, path, geometry, this.#disk, this.#together);
			this.#files.set(path, file);
		}
		return file;
	}
}

/** Of a byte, the 512 that a disk writes as a whole or not at all, wherever the power goes. */
const place = (offset: number) => Math.floor(offset / 512);

/**
 * The bytes of one partition: kept whole in memory for reading, written through.
 *
 * Together, the writes of a turn wait in memory and go to the disk as one, as long as each begins where the last one ended and
 * in the same sector: a power cut then leaves the first so many of them, as if each had been synced by itself. Any other
 * write, and an erase, come after a sync of what waits. When the disk refuses, nothing leaves that turn (`sync` throws until
 * it is over), what waits goes on waiting, and from then on each write is synced by itself and throws until the disk has
 * taken all. So the board hears of it at its next write, where it would have heard of it at once.
 */
class FlashFile {
	readonly geometry: Geometry;
	readonly bytes: Uint8Array;
	readonly wear: number[];
	#data: number;
	#wear: number;
	#closed = false;
	readonly #disk: Disk;
	#together: boolean;
	/** Where what the disk has not been given begins and ends; nowhere: nothing waits. */
	#from = 0;
	#to = 0;
	/** Why nothing of this turn may leave. */
	#refusal: unknown;

	constructor(folder: string, path: string, geometry: Geometry, disk: Disk, together: boolean) {
		this.geometry = geometry;
		this.#disk = disk;
		this.#together = together;
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
		const { byteLength } = data;
		const waits = this.#to > this.#from;
		const joins = waits && this.#together && offset === this.#to && place(offset) === place(this.#from);
		if (!joins) this.#order();
		for (let i = 0; i < byteLength; i++) (this.bytes[offset + i] as number) &= data[i] as number;
		if (!this.#together) this.#store(offset, byteLength);
		else {
			if (!joins) this.#from = offset;
			this.#to = offset + byteLength;
			if (!waits) setImmediate(() => this.#turned());
		}
	}
	erase(block: number): void {
		this.#check();
		this.#order();
		const { blockLength } = this.geometry;
		this.bytes.fill(erased, block * blockLength, (block + 1) * blockLength);
		(this.wear[block] as number)++;
		this.#disk.writeSync(this.#wear, Uint32Array.of(this.wear[block] as number), 0, 4, block * 4);
		this.#store(block * blockLength, blockLength);
	}
	sync(): void {
		if (this.#refusal) throw this.#refusal;
		if (this.#together) this.#order();
	}
	close(): void {
		if (this.#closed) return;
		this.#turned();
		this.#closed = true;
		closeSync(this.#data);
		closeSync(this.#wear);
	}
	#check(): void {
		if (this.#closed) throw new Error("flash: the board is off");
	}
	#turned(): void {
		try {
			if (!this.#closed) this.sync();
		} catch {
			// What was to leave has not, and the next write says why.
		}
	}
	/** What waits is on the disk when it returns. */
	#order(): void {
		if (this.#to === this.#from) return;
		try {
			this.#store(this.#from, this.#to - this.#from);
			this.#from = this.#to = 0;
		} catch (error) {
			this.#together = false;
			this.#refusal = error;
			// What leaves when this turn ends, leaves between these two.
			setImmediate(() =>
				setImmediate(() => {
					this.#refusal = undefined;
				}),
			);
			throw error;
		}
	}
	#store(offset: number, byteLength: number): void {
		this.#give(offset, byteLength);
		this.#disk.fdatasyncSync(this.#data);
	}
	#give(offset: number, byteLength: number): void {
		for (let written = 0; written < byteLength; ) {
			const at = offset + written;
			written += this.#disk.writeSync(this.#data, this.bytes, at, byteLength - written, at);
		}
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

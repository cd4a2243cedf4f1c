/**
 * ECMA-419 §28, Flash, as a file with the semantics of NOR: a write clears bits and sets none, an erase sets whole
 * blocks to 0xFF. One partition, `journal`, of the size the ESP32's partition table gives it (hosts/esp32).
 */

import type { ByteBuffer } from "../../modules/mqtt/io.js";
import type { Flash, FlashPartition } from "../../modules/store/flash.js";
import { fillBytes, folder, lengthOf, readBytes, writeBytes } from "./disk.js";

const NAME = "journal";
const SIZE = 65_536;
const BLOCK = 4096;
const ALIGN = 4;
const ERASED = 0xff;

export const flash: Flash = Object.freeze({
	open({ path, mode = "r+" }: Parameters<Flash["open"]>[0]): FlashPartition {
		if (path !== NAME) throw new RangeError(`flash: no partition "${path}"`);
		return new Partition(`${folder()}/${NAME}.flash`, mode === "r+");
	},
	[Symbol.iterator]() {
		return [NAME][Symbol.iterator]();
	},
});

class Partition implements FlashPartition {
	#file: string;
	#writable: boolean;
	#closed = false;

	constructor(file: string, writable: boolean) {
		this.#file = file;
		this.#writable = writable;
		for (let length = lengthOf(file); length < SIZE; length += BLOCK) fillBytes(file, length, BLOCK, ERASED);
	}
	status() {
		this.#check(0, 0);
		return { size: SIZE, blockLength: BLOCK, blocks: SIZE / BLOCK, eraseValue: ERASED, writeAlign: ALIGN };
	}
	read(data: ByteBuffer, offset: number): number;
	read(byteLength: number, offset: number): ArrayBuffer;
	read(data: ByteBuffer | number, offset: number): number | ArrayBuffer {
		const asked = typeof data === "number" ? data : data.byteLength;
		this.#check(offset, Math.min(asked, 1));
		const byteLength = Math.min(asked, SIZE - offset);
		const bytes = byteLength ? readBytes(this.#file, offset, byteLength) : new ArrayBuffer(0);
		if (typeof data === "number") return bytes;
		view(data).set(new Uint8Array(bytes));
		return byteLength;
	}
	write(data: ByteBuffer, offset: number): void {
		const { byteLength } = data;
		this.#change(offset, byteLength);
		if (offset % ALIGN || byteLength % ALIGN)
			throw new RangeError(`flash: writes start and end at a multiple of ${ALIGN}`);
		if (byteLength === 0) return;
		const held = new Uint8Array(readBytes(this.#file, offset, byteLength));
		const bytes = view(data);
		for (let i = 0; i < byteLength; i++) held[i] = (held[i] as number) & (bytes[i] as number);
		writeBytes(this.#file, offset, held.buffer);
	}
	eraseBlock(first: number, last = first + 1): void {
		this.#change(first * BLOCK, (last - first) * BLOCK);
		fillBytes(this.#file, first * BLOCK, (last - first) * BLOCK, ERASED);
	}
	close(): void {
		this.#closed = true;
	}

	#check(offset: number, byteLength: number): void {
		if (this.#closed) throw new Error("flash: closed");
		if (!(offset >= 0 && byteLength >= 0 && offset + byteLength <= SIZE))
			throw new RangeError(`flash: ${byteLength} bytes at ${offset} are not in the partition`);
	}
	#change(offset: number, byteLength: number): void {
		this.#check(offset, byteLength);
		if (!this.#writable) throw new Error("flash: opened for reading only");
	}
}

function view(data: ByteBuffer): Uint8Array {
	return ArrayBuffer.isView(data)
		? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
		: new Uint8Array(data);
}

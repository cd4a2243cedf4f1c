/**
 * NOR flash in RAM for tests: a write clears bits only, an erase sets a block to 0xFF, both are counted, wear per
 * block. It can lose its power at any write or erase (last one whole, torn at a byte, or dropped) and can have
 * blocks that fail. `onChange` sees each operation before it happens, for tests that replay them.
 */

import type { ByteBuffer } from "../modules/mqtt/io.js";
import type { FlashPartition } from "../modules/store/flash.js";

export const Cut = Object.freeze({ whole: 0, torn: 1, dropped: 2 });

export interface FlashOptions {
	readonly blocks: number;
	readonly blockLength: number;
	readonly writeAlign?: number;
	/** Throw on an attempt to set a bit, and on a second write to a byte. Default true. */
	readonly strict?: boolean;
	/** The content to start with; copied. */
	readonly image?: Uint8Array;
}

/** One write (`data`) or erase of a block. */
export interface Change {
	readonly address: number;
	readonly data?: Uint8Array;
}

export class PowerCut extends Error {}

export function bytesOf(data: ByteBuffer): Uint8Array {
	return data instanceof ArrayBuffer
		? new Uint8Array(data)
		: new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Does `change` to `image` up to its byte `end`. Of an erase, the first `end` bytes or, if negative, the last. */
export function apply(image: Uint8Array, change: Change, blockLength: number, end?: number): void {
	const { address, data } = change;
	if (data) {
		const length = end ?? data.byteLength;
		for (let index = 0; index < length; index++)
			image[address + index] = (image[address + index] as number) & (data[index] as number);
	} else if (end !== undefined && end < 0)
		image.fill(0xff, address + blockLength + end, address + blockLength);
	else image.fill(0xff, address, address + (end ?? blockLength));
}

export class TestFlash implements FlashPartition {
	readonly image: Uint8Array;
	readonly wear: number[];
	/** Blocks whose writes or erases throw, or whose writes silently go wrong. */
	readonly failing = { write: new Set<number>(), erase: new Set<number>(), silent: new Set<number>() };
	writes = 0;
	erases = 0;
	bytesWritten = 0;
	dead = false;
	closed = false;
	onChange: ((change: Change) => void) | undefined;
	readonly #blockLength: number;
	readonly #align: number;
	readonly #strict: boolean;
	#cut: { after: number; kind: number; bytes: number } | undefined;

	constructor({ blocks, blockLength, writeAlign = 4, strict = true, image }: FlashOptions) {
		this.#blockLength = blockLength;
		this.#align = writeAlign;
		this.#strict = strict;
		this.image = image ? image.slice() : new Uint8Array(blocks * blockLength).fill(0xff);
		if (this.image.byteLength !== blocks * blockLength) throw new RangeError("image does not fit");
		this.wear = new Array(blocks).fill(0);
	}
	/** The power goes at the `after`th write or erase from now (1: the next). `bytes` is for `Cut.torn`. */
	cut(after: number, kind: number, bytes = 0): void {
		this.#cut = { after, kind, bytes };
	}
	status() {
		const blocks = this.wear.length;
		return {
			size: this.image.byteLength,
			blockLength: this.#blockLength,
			blocks,
			eraseValue: 0xff,
			writeAlign: this.#align,
		};
	}
	read(data: ByteBuffer, offset: number): number;
	read(byteLength: number, offset: number): ArrayBuffer;
	read(target: ByteBuffer | number, offset: number): number | ArrayBuffer {
		this.#ready();
		const bytes = typeof target === "number" ? new Uint8Array(target) : bytesOf(target);
		if (offset < 0 || offset + bytes.byteLength > this.image.byteLength)
			throw new RangeError("read out of range");
		bytes.set(this.image.subarray(offset, offset + bytes.byteLength));
		return typeof target === "number" ? (bytes.buffer as ArrayBuffer) : bytes.byteLength;
	}
	write(source: ByteBuffer, address: number): void {
		this.#ready();
		const data = bytesOf(source).slice();
		const align = this.#align;
		if (address < 0 || address + data.byteLength > this.image.byteLength)
			throw new RangeError("write out of range");
		if (address % align || data.byteLength % align) throw new RangeError("write not aligned");
		const block = Math.floor(address / this.#blockLength);
		if (Math.floor((address + data.byteLength - 1) / this.#blockLength) !== block)
			throw new RangeError("write crosses a block");
		if (this.#strict && data.some((_, index) => this.image[address + index] !== 0xff))
			throw new Error(`second write at ${address}`);
		this.#do({ address, data }, block);
		this.writes++;
		this.bytesWritten += data.byteLength;
	}
	eraseBlock(first: number, last?: number): void {
		this.#ready();
		if (last !== undefined || first < 0 || first >= this.wear.length)
			throw new RangeError("erase out of range");
		this.#do({ address: first * this.#blockLength }, first);
		this.erases++;
	}
	close(): void {
		this.closed = true;
	}

	#ready(): void {
		if (this.dead) throw new PowerCut("no power");
		if (this.closed) throw new Error("closed");
	}
	#do(change: Change, block: number): void {
		const cut = this.#cut;
		if (cut && --cut.after === 0) {
			this.dead = true;
			if (cut.kind !== Cut.dropped)
				apply(this.image, change, this.#blockLength, cut.kind === Cut.torn ? cut.bytes : undefined);
			throw new PowerCut("power cut");
		}
		const failing = change.data ? this.failing.write : this.failing.erase;
		if (!change.data) this.wear[block] = (this.wear[block] as number) + 1;
		if (failing.has(block)) throw new Error(`block ${block} fails`);
		this.onChange?.(change);
		apply(this.image, change, this.#blockLength);
		if (change.data && this.failing.silent.has(block))
			this.image[change.address] = (this.image[change.address] as number) & 0xfe;
	}
}

/**
 * ECMA-419 §28 Flash, which a store needs from its host, and a partition of it as erase blocks: every exception is caught,
 * every write is read back, blocks that fail are noted (SPEC.md, "Writing"). An erase sets each bit (`eraseValue` 0xFF), a
 * write may only clear bits, and each byte is written at most once in between, which is all that §28 promises. Offsets and
 * lengths are in bytes. Does not know what the bytes mean.
 */

import type { ByteBuffer } from "../mqtt/io.js";

/** §28, Flash: partitions by name. */
export interface Flash extends Iterable<string> {
	/** Throws where there is no such partition. `r+` if no mode is given. */
	open(options: { readonly path: string; readonly mode?: "r" | "r+" }): FlashPartition;
}

/** §28, Flash Partition; every call throws on failure. */
export interface FlashPartition {
	/** `size`, `blockLength` and `writeAlign` in bytes. */
	status(): {
		readonly size: number;
		readonly blockLength: number;
		readonly blocks: number;
		readonly eraseValue: number;
		readonly writeAlign: number;
	};
	/** Into a buffer: how many bytes; or so many in a new one. Throws outside of the partition. */
	read(data: ByteBuffer, offset: number): number;
	read(byteLength: number, offset: number): ArrayBuffer;
	/** `offset` and length are multiples of `writeAlign`; what is written was erased before. */
	write(data: ByteBuffer, offset: number): void;
	/** Blocks from `first` up to, and without, `last`; one block without it. */
	eraseBlock(first: number, last?: number): void;
	/** May be repeated; every other method then throws. */
	close(): void;
}

/** A block has at least so many bytes, and a multiple of so many. */
const LEAST = 256;
const UNIT = 64;
/** Bytes that are read back at a time: most messages. */
const CHUNK = 160;

export default class Blocks {
	readonly blockLength: number;
	readonly count: number;
	/** Addresses and lengths of writes are multiples of this. */
	readonly granule: number;
	/** Why this partition cannot hold a journal, or "". */
	readonly unfit: string = "";
	/** Calls that threw or had no effect. */
	failures = 0;
	/** By block, 1 if something in it failed: it is read, but neither erased nor begun until it is forgiven. Those that have not. */
	readonly failing: Uint8Array;
	good: number;
	private readonly partition: FlashPartition;
	private forgiven = -1;
	/** A chunk is read from here at the latest: at the very end of the partition from a little before. */
	private readonly limit: number;
	private readonly chunk = new Uint8Array(CHUNK);
	private readonly words = new Int32Array(this.chunk.buffer);

	constructor(partition: FlashPartition) {
		this.partition = partition;
		let status: Partial<ReturnType<FlashPartition["status"]>> = {};
		try {
			status = partition.status();
		} catch {}
		const { blockLength = 0, blocks = 0, eraseValue, writeAlign = 0 } = status;
		const aligned = writeAlign >= 1 && writeAlign <= UNIT && (writeAlign & (writeAlign - 1)) === 0;
		const divided = blocks >= 4 && blocks <= 0xffff && blockLength >= LEAST && blockLength % UNIT === 0;
		const fit = eraseValue === 0xff && aligned && divided;
		if (!fit)
			this.unfit = `${blocks} blocks of ${blockLength} bytes, writeAlign ${writeAlign}, eraseValue ${eraseValue}: unfit (SPEC.md)`;
		this.blockLength = fit ? blockLength : LEAST;
		this.count = this.good = fit ? blocks : 0;
		this.limit = this.count * this.blockLength - CHUNK;
		// Records are aligned to words at least, so that a search after damage has few places to look at.
		this.granule = fit && writeAlign > 4 ? writeAlign : 4;
		this.failing = new Uint8Array(this.count);
	}
	read(bytes: Uint8Array, address: number): boolean {
		try {
			this.partition.read(bytes, address);
			return true;
		} catch {
			this.failures++;
			return false;
		}
	}
	/** Writes `bytes` (a multiple of the granule) and reads them back. `words` is their memory, from its beginning. */
	write(bytes: Uint8Array, words: Int32Array, address: number): boolean {
		try {
			this.partition.write(bytes, address);
			if (this.equal(words, 0, bytes.byteLength, address)) return true;
		} catch {}
		return this.fail(Math.floor(address / this.blockLength));
	}
	erase(block: number): boolean {
		try {
			this.partition.eraseBlock(block);
			return true;
		} catch {
			return this.fail(block);
		}
	}
	/** Lets one block that failed be tried again, another one each time: perhaps flash has only paused. */
	forgive(): void {
		const block = this.failing.indexOf(1, this.forgiven + 1);
		this.forgiven = block;
		if (block < 0) return;
		this.failing[block] = 0;
		this.good++;
	}
	shun(block: number): void {
		if (this.failing[block] === 0) this.good--;
		this.failing[block] = 1;
	}
	/** Every bit of the block from its byte `start` on (a multiple of 4) is set. */
	blank(block: number, start = 0): boolean {
		const { chunk, words } = this;
		const end = (block + 1) * this.blockLength;
		for (let address = end - this.blockLength + start; address < end; address += CHUNK) {
			const from = address < this.limit ? address : this.limit;
			if (!this.read(chunk, from)) return false;
			words.fill(-1, 0, (address - from) >> 2).fill(-1, (end - from) >> 2);
			// Sorted, which the engine does by itself, equal words are equal at both ends: 40 words at 130 units in place of 700.
			words.sort();
			if (words[0] !== -1 || words[words.length - 1] !== -1) return false;
		}
		return true;
	}
	/** Makes the block ready to be written. The check costs less than a tenth of an erase, and saves one. */
	prepare(block: number): boolean {
		return this.blank(block) || (this.erase(block) && (this.blank(block) || this.fail(block)));
	}
	/** Bytes `first` up to `end` of `wanted`, both multiples of 4, are those from `address` + `first` on. */
	equal(wanted: Int32Array, first: number, end: number, address: number): boolean {
		const words = this.words;
		for (let start = first; start < end; start += CHUNK) {
			const wish = address + start;
			const from = wish < this.limit ? wish : this.limit;
			if (!this.read(this.chunk, from)) return false;
			const skip = (address - from) >> 2;
			const last = start >> 2;
			// Backwards and word by word, which takes XS the fewest steps.
			for (let word = (start + CHUNK < end ? start + CHUNK : end) >> 2; --word >= last; )
				if (words[word + skip] !== wanted[word]) return false;
		}
		return true;
	}
	close(): void {
		this.partition.close();
	}

	private fail(block: number): false {
		this.failures++;
		this.shun(block);
		return false;
	}
}

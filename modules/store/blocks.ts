/**
 * A flash partition (ECMA-419 §28) as erase blocks: every exception is caught, every write is read back, blocks that
 * fail are noted. Writes each byte at most once between two erases, which is all that §28 promises.
 * Does not know what the bytes mean.
 */

import type { FlashPartition } from "./io.js";

/** A block has at least so many bytes, and a multiple of so many. */
const LEAST = 256;
const UNIT = 64;
/** Bytes that are read back at a time: most messages, and a record without a body. */
const CHUNK = 160;
const SMALL = 32;

export default class Blocks {
	readonly blockLength: number;
	readonly count: number;
	/** Addresses and lengths of writes are multiples of this. */
	readonly granule: number;
	/** Why this partition cannot hold a journal, or "". */
	readonly unfit: string = "";
	/** Calls that threw or had no effect, since the start. */
	failures = 0;
	/** Blocks that have not failed. */
	good: number;
	private readonly partition: FlashPartition;
	private readonly failing: Uint8Array;
	private forgiven = -1;
	private readonly chunk = new Uint8Array(CHUNK);
	private readonly small = new Uint8Array(this.chunk.buffer, 0, SMALL);
	private readonly words = new Int32Array(this.chunk.buffer);

	constructor(partition: FlashPartition) {
		this.partition = partition;
		let status: Partial<ReturnType<FlashPartition["status"]>> = {};
		try {
			status = partition.status();
		} catch {}
		const { blockLength = 0, blocks = 0, eraseValue, writeAlign = 0 } = status;
		if (eraseValue !== 0xff) this.unfit = `eraseValue ${eraseValue}, expected 255`;
		else if (!(writeAlign >= 1 && writeAlign <= UNIT && (writeAlign & (writeAlign - 1)) === 0))
			this.unfit = `writeAlign ${writeAlign}, expected a power of two up to ${UNIT}`;
		else if (!(blocks >= 4 && blocks <= 0xffff)) this.unfit = `${blocks} blocks, expected 4 to 65535`;
		else if (!(blockLength >= LEAST) || blockLength % UNIT)
			this.unfit = `blocks of ${blockLength} bytes, expected a multiple of ${UNIT} from ${LEAST}`;
		this.blockLength = this.unfit ? LEAST : blockLength;
		this.count = this.good = this.unfit ? 0 : blocks;
		// Records are aligned to words at least, so that a search after damage has few places to look at.
		this.granule = writeAlign > 4 && !this.unfit ? writeAlign : 4;
		this.failing = new Uint8Array(this.count);
	}
	/** Something in this block failed: it is read, but neither erased nor begun until it is forgiven. */
	bad(block: number): boolean {
		return this.failing[block] !== 0;
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
	/**
	 * Writes `bytes` (a multiple of the granule) and reads them back; a block where that fails is bad from then on.
	 * `words` is the memory of `bytes`, which start where it does.
	 */
	write(bytes: Uint8Array, words: Int32Array, address: number): boolean {
		try {
			this.partition.write(bytes, address);
			if (this.equal(words, 0, bytes.byteLength, address)) return true;
		} catch {}
		this.fail(Math.floor(address / this.blockLength));
		return false;
	}
	erase(block: number): boolean {
		try {
			this.partition.eraseBlock(block);
			return true;
		} catch {}
		this.fail(block);
		return false;
	}
	/** Blocks that have failed. */
	get retired(): number {
		return this.count - this.good;
	}
	/** Lets one block that failed be tried again, another one each time: perhaps flash has only paused. */
	forgive(): void {
		const block = this.failing.indexOf(1, this.forgiven + 1);
		this.forgiven = block;
		if (block < 0) return;
		this.failing[block] = 0;
		this.good++;
	}
	/** Leaves a block alone from now on. */
	shun(block: number): void {
		if (!this.bad(block)) this.good--;
		this.failing[block] = 1;
	}
	/** Every bit of the block from its byte `start` on (a multiple of 4) is set. */
	blank(block: number, start = 0): boolean {
		const { chunk, words } = this;
		const end = (block + 1) * this.blockLength;
		for (let address = block * this.blockLength + start; address < end; ) {
			const from = this.fit(address, CHUNK);
			if (!this.read(chunk, from)) return false;
			const last = (end - from < CHUNK ? end - from : CHUNK) >> 2;
			let index = (address - from) >> 2;
			// Sorted, which the engine does by itself, equal words are equal at both ends: 40 words at 130 units in place of 700.
			if (index === 0 && last === words.length) {
				words.sort();
				index = last - 1;
				if (words[0] !== -1) return false;
			}
			for (; index < last; index++) if (words[index] !== -1) return false;
			address = from + CHUNK;
		}
		return true;
	}
	/** Makes the block ready to be written. The check costs less than a tenth of an erase, and saves one. */
	prepare(block: number): boolean {
		if (this.blank(block)) return true;
		if (!this.erase(block)) return false;
		if (this.blank(block)) return true;
		this.fail(block);
		return false;
	}
	close(): void {
		this.partition.close();
	}

	private fail(block: number): void {
		this.failures++;
		this.shun(block);
	}
	/** So many bytes are read from there, at the very end of the partition from a little before. */
	private fit(address: number, byteLength: number): number {
		const limit = this.count * this.blockLength - byteLength;
		return address < limit ? address : limit;
	}
	/** Bytes `first` up to `byteLength` of `wanted`, both multiples of 4, are those from `address` + `first` on. */
	equal(wanted: Int32Array, first: number, byteLength: number, address: number): boolean {
		const words = this.words;
		const view = byteLength <= SMALL ? this.small : this.chunk;
		const most = view === this.chunk ? CHUNK : SMALL;
		for (let start = first; start < byteLength; start += most) {
			const from = this.fit(address + start, most);
			if (!this.read(view, from)) return false;
			const shift = (address - from) >> 2;
			const end = (start + most < byteLength ? start + most : byteLength) >> 2;
			let word = start >> 2;
			// Word by word is a quarter of the steps, four at a time a fifth less.
			for (; word + 4 <= end; word += 4) {
				const at = word + shift;
				if (words[at] !== wanted[word] || words[at + 1] !== wanted[word + 1]) return false;
				if (words[at + 2] !== wanted[word + 2] || words[at + 3] !== wanted[word + 3]) return false;
			}
			for (; word < end; word++) if (words[word + shift] !== wanted[word]) return false;
		}
		return true;
	}
}

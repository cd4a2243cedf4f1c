/**
 * A flash partition (ECMA-419 §28) as erase blocks: every exception is caught, every write is read back, blocks that
 * fail are noted. Writes each byte at most once between two erases, which is all that §28 promises.
 * Does not know what the bytes mean.
 */

import type { FlashPartition } from "./io.js";

const CHUNK = 64;

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
	private readonly words = new Int32Array(this.chunk.buffer);

	constructor(partition: FlashPartition) {
		this.partition = partition;
		let status: Partial<ReturnType<FlashPartition["status"]>> = {};
		try {
			status = partition.status();
		} catch {}
		const { blockLength = 0, blocks = 0, eraseValue, writeAlign = 0 } = status;
		if (eraseValue !== 0xff) this.unfit = `eraseValue ${eraseValue}, expected 255`;
		else if (!(writeAlign >= 1 && writeAlign <= CHUNK && (writeAlign & (writeAlign - 1)) === 0))
			this.unfit = `writeAlign ${writeAlign}, expected a power of two up to ${CHUNK}`;
		else if (!(blocks >= 4 && blocks <= 0xffff)) this.unfit = `${blocks} blocks, expected 4 to 65535`;
		else if (!(blockLength >= 4 * CHUNK) || blockLength % CHUNK)
			this.unfit = `blocks of ${blockLength} bytes, expected a multiple of ${CHUNK} from ${4 * CHUNK}`;
		this.blockLength = this.unfit ? 4 * CHUNK : blockLength;
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
			if (this.equal(words, bytes.byteLength, address)) return true;
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
		const words = this.words;
		const end = (block + 1) * this.blockLength;
		let address = block * this.blockLength + start - (start % CHUNK);
		let index = (start % CHUNK) >> 2;
		for (; address < end; address += CHUNK, index = 0) {
			if (!this.read(this.chunk, address)) return false;
			for (; index < CHUNK >> 2; index++) if (words[index] !== -1) return false;
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
	// Word by word: a quarter of the steps.
	private equal(wanted: Int32Array, byteLength: number, address: number): boolean {
		const words = this.words;
		const limit = this.count * this.blockLength - CHUNK;
		for (let start = 0; start < byteLength; start += CHUNK) {
			// A chunk at the very end of the partition is read from a little before.
			const from = address + start < limit ? address + start : limit;
			if (!this.read(this.chunk, from)) return false;
			let index = (address + start - from) >> 2;
			const end = (start + CHUNK < byteLength ? start + CHUNK : byteLength) >> 2;
			for (let word = start >> 2; word < end; word++, index++)
				if (words[index] !== wanted[word]) return false;
		}
		return true;
	}
}

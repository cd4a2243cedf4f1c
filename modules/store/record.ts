/**
 * The bytes of a record and of a block's header (SPEC.md, "Block" and "Record"), their CRC-32 (as in zlib), and a reader of
 * the records in one block (SPEC.md, "Reading"). Does not know which blocks are in use, or what a record means. A record has
 * two checks, so that a copy or a change of state never computes over a payload again. It is little-endian, as engine and
 * flash are:
 *
 *     | kind, 0, length | generation | sequence | tag | CRC of these | body | CRC of it | 0xFF |
 *     0                 4            8          12    16             20            up to a whole unit
 */

import type Blocks from "./flash.js";

/** What a record says; SPEC.md has its sequence, tag and body. */
export const Kind = Object.freeze({
	message: 1,
	status: 2,
	released: 3,
	reset: 4,
	value: 5,
	deleted: 6,
	aside: 7,
	tail: 8,
});
/** Set in the kind of a copy that compaction made. */
export const COPY = 0x80;

/** Bytes of a record before its body; of a body's check; of a block's header. */
export const HEADER = 20;
export const CHECK = 4;
export const BLOCK = 32;

const MAGIC = 0x314a7747; // "GwJ1"
const VERSION = 1;
/** A start reads so many bytes of flash at a time. */
const WINDOW = 512;

// Made when the module is evaluated: for a device that is at build time, and the table lies in flash.
const table: { readonly [index: number]: number } = new Int32Array(256).map((_, byte) => {
	let crc = byte;
	for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
	return crc;
});

/** Of `bytes` from `start`, a multiple of 4, up to `end`; signed, since XS keeps no float then. `words` is the same memory. */
export const crc32 = (bytes: Uint8Array, words: Int32Array, start: number, end: number): number => {
	let at = end & ~3;
	let crc = fold(words, start >> 2, at >> 2);
	for (; at < end; at++) crc = (table[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8);
	return ~crc;
};

/** A word a turn: 18 units a byte in XS, where a byte a turn takes 28. */
const fold = (words: Int32Array, at: number, end: number): number => {
	const next = table;
	let crc = -1;
	for (; at < end; at++) {
		crc ^= words[at] as number;
		crc = (next[crc & 255] as number) ^ (crc >>> 8);
		crc = (next[crc & 255] as number) ^ (crc >>> 8);
		crc = (next[crc & 255] as number) ^ (crc >>> 8);
		crc = (next[crc & 255] as number) ^ (crc >>> 8);
	}
	return crc;
};

/** The bytes a record with such a body takes on a flash that is written in units of `granule`, a power of two. */
export const sizeOf = (length: number, granule: number): number =>
	((length ? HEADER + length + CHECK : HEADER) + granule - 1) & -granule;

/** Room for one record, made once. The body stands between header and check, ready to be written in one call. */
export class Frame {
	readonly bytes: Uint8Array;
	readonly words: Int32Array;
	private readonly view: DataView;

	constructor(byteLength: number) {
		this.bytes = new Uint8Array(byteLength);
		this.words = new Int32Array(this.bytes.buffer);
		this.view = new DataView(this.bytes.buffer);
	}
	/** Bytes of the body. */
	get length(): number {
		return (this.words[0] as number) >>> 16;
	}
	get sound(): boolean {
		return isHeader(this.words, 0);
	}
	/** The body that follows a sound header is the one that was written. */
	get intact(): boolean {
		const end = HEADER + this.length;
		return end === HEADER || this.view.getInt32(end, true) === crc32(this.bytes, this.words, HEADER, end);
	}
	/** Describes the body that is in place, and pads behind it up to `size`. */
	fill(kind: number, sequence: number, tag: number, length: number, size: number): void {
		const words = this.words;
		words[0] = kind | (length << 16);
		words[2] = sequence;
		words[3] = tag;
		let end = HEADER;
		if (length) {
			end += length;
			this.view.setInt32(end, crc32(this.bytes, words, HEADER, end), true);
			end += CHECK;
		}
		if (end < size) this.bytes.fill(0xff, end, size);
	}
	/** Makes a filled record part of the block with this generation. */
	seal(generation: number): void {
		const words = this.words;
		words[1] = generation;
		words[4] = ~fold(words, 0, 4);
	}
	/** Makes a record that was read its own copy, with the present state, padded up to `size`. */
	copy(tag: number, size: number): void {
		this.bytes[0] = (this.bytes[0] as number) | COPY;
		this.words[3] = tag;
		this.bytes.fill(0xff, HEADER + this.length + CHECK, size);
	}
}

/** So many bytes from the word `at` on were not written since an erase. */
export const isBlank = (words: Int32Array, at: number, byteLength: number): boolean => {
	for (let index = at + (byteLength >> 2) - 1; index >= at; index--) if (words[index] !== -1) return false;
	return true;
};

/** The five words from `at` on are a record's header. */
const isHeader = (words: Int32Array, at: number): boolean => {
	const kind = (words[at] as number) & 0xff7f;
	// From `message` to `tail`, so the second byte is 0.
	return kind >= 1 && kind <= 8 && words[at + 4] === ~fold(words, at, at + 4);
};

/** Words of a block's header. */
export const Word = Object.freeze({ generation: 3, tail: 4, sequence: 5, aside: 6 });

/** The header at the start of a block that is in use. */
export class BlockHeader {
	readonly bytes: Uint8Array;
	readonly words: Int32Array;
	private readonly blocks: Blocks;

	constructor(blocks: Blocks) {
		this.blocks = blocks;
		this.bytes = new Uint8Array((BLOCK + blocks.granule - 1) & -blocks.granule);
		this.words = new Int32Array(this.bytes.buffer);
	}
	at(word: number): number {
		return (this.words[word] as number) >>> 0;
	}
	/** The check holds: some version of this journal wrote it. */
	get sound(): boolean {
		const words = this.words;
		return words[0] === MAGIC && words[7] === ~fold(words, 0, 7);
	}
	/** What a sound header asks for that this code and partition are not, or "". */
	get misfit(): string {
		const { blockLength, count } = this.blocks;
		const version = this.at(1) & 0xffff;
		if (version !== VERSION) return `a journal of version ${version}, expected ${VERSION}`;
		const blocks = this.at(1) >>> 16;
		const length = this.at(2);
		if (length === blockLength && blocks === count) return "";
		return `a journal for ${blocks} blocks of ${length} bytes, expected ${count} of ${blockLength}`;
	}
	fill(generation: number, tail: number, sequence: number, aside: number): void {
		const words = this.words;
		// The bytes behind these stay blank.
		this.bytes.fill(0xff);
		words[0] = MAGIC;
		words[1] = VERSION | (this.blocks.count << 16);
		words[2] = this.blocks.blockLength;
		words[3] = generation;
		words[4] = tail;
		words[5] = sequence;
		words[6] = aside;
		words[7] = ~fold(words, 0, 7);
	}
}

/**
 * Goes through the records of one block, and on behind damage. A body is checked here only if nothing was written behind it,
 * so that it may be torn. The others are checked by those who use them: a start computes one header's check for each record.
 */
export class Scan {
	/** The record that `next` found; its body is in flash. */
	address = 0;
	kind = 0;
	copied = false;
	length = 0;
	sequence = 0;
	tag = 0;
	/** Of the block, signed as the words are. 0: its first record tells. */
	generation = 0;
	/** At the end of the block: where in it the next record may be written; -1 when none may. */
	end = -1;
	/** Unreadable places with a record behind them; and those at the end of a block, as a power cut leaves them. */
	damaged = 0;
	torn = 0;
	private readonly blocks: Blocks;
	private readonly frame: Frame;
	private readonly header: BlockHeader;
	private readonly granule: number;
	/** A window of the partition, where it begins, and the last word of it at which a header can begin; -1: nowhere. */
	readonly bytes: Uint8Array;
	private readonly words: Int32Array;
	private from = 0;
	private reach = -1;
	/** The ends of the block, and of the record that was found. */
	private limit = 0;
	private behind = 0;

	constructor(blocks: Blocks, frame: Frame, header: BlockHeader) {
		this.blocks = blocks;
		this.frame = frame;
		this.header = header;
		this.granule = blocks.granule;
		this.bytes = new Uint8Array(Math.min(WINDOW, blocks.blockLength));
		this.words = new Int32Array(this.bytes.buffer);
	}
	begin(block: number, generation: number): void {
		const begin = block * this.blocks.blockLength;
		this.behind = begin + this.header.bytes.byteLength;
		this.limit = begin + this.blocks.blockLength;
		this.generation = generation | 0;
		this.end = -1;
	}
	/** Moves to the next record. False at the end of the block. */
	next(): boolean {
		const { words, limit, granule } = this;
		let address = this.behind;
		let damaged = false;
		for (; address + HEADER <= limit; address += granule) {
			let at = (address - this.from) >> 2;
			if (at < 0 || at > this.reach) at = this.move(address);
			if (at >= 0) {
				// Nothing was written from here on. Behind damage blank bytes prove nothing: a record may follow them.
				if (!damaged && words[at] === -1 && isBlank(words, at, HEADER)) break;
				if (this.isRecord(at, address)) {
					if (damaged) this.damaged++;
					return true;
				}
			}
			damaged = true;
		}
		if (damaged) this.torn++;
		else this.end = address - limit + this.blocks.blockLength;
		return false;
	}
	/** Where in `bytes` its body begins; -1: it cannot be read. */
	body(): number {
		let at = (this.address - this.from) >> 2;
		// The window has all of this record, or was moved on behind it, or has nothing since a move failed.
		if (at < 0 || at > this.reach) at = this.move(this.address);
		return at < 0 ? -1 : 4 * at + HEADER;
	}

	/** A record of this block begins at this word of the window, and was written to its end. Then it is the one found. */
	private isRecord(at: number, address: number): boolean {
		const words = this.words;
		const generation = words[at + 1] as number;
		if (generation !== this.generation && this.generation !== 0) return false;
		if (!isHeader(words, at)) return false;
		const first = words[at] as number;
		const length = first >>> 16;
		// `sizeOf`, without its call: 15 000 units of a start.
		const end = address + (length === 0 ? HEADER : HEADER + length + CHECK);
		const behind = (end + this.granule - 1) & -this.granule;
		this.kind = first & 0x7f;
		this.copied = (first & COPY) !== 0;
		this.length = length;
		this.sequence = (words[at + 2] as number) >>> 0;
		this.tag = words[at + 3] as number;
		// If a record of this block was begun behind this one, this one was complete by then.
		const next = at + ((behind - address) >> 2);
		const followed = next <= this.reach && words[next + 1] === generation;
		if (length !== 0 && !followed && !this.isWhole(address, behind, generation)) return false;
		this.generation = generation;
		this.address = address;
		this.behind = behind;
		return true;
	}
	/** It fits, and a further record begins behind it, which is beyond the window; or the check of its body holds. */
	private isWhole(address: number, behind: number, generation: number): boolean {
		const { bytes } = this.frame;
		if (behind > this.limit || behind - address > bytes.byteLength) return false;
		const next = this.move(behind);
		if (next >= 0 && this.words[next + 1] === generation) return true;
		return this.blocks.read(bytes.subarray(0, behind - address), address) && this.frame.intact;
	}
	/** Moves the window to where a record would begin. Returns the word of it that lies there; -1: it cannot be read. */
	private move(address: number): number {
		this.reach = -1;
		if (address + HEADER > this.limit) return -1;
		this.from = Math.min(address, this.limit - this.bytes.byteLength);
		if (!this.blocks.read(this.bytes, this.from)) return -1;
		this.reach = (this.bytes.byteLength - HEADER) >> 2;
		return (address - this.from) >> 2;
	}
}

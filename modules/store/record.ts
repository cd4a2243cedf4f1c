/**
 * The bytes of a record and of a block's header (tables in SPEC.md), and CRC-32 (ISO-HDLC, as in zlib).
 * Numbers are little-endian. A record has two checks, one of its 16 bytes of header and one of its body, so that a
 * copy or a change of state never computes over a payload again.
 * Does not know flash, which blocks are in use, or what a record means.
 */

/** What a record says. Bit 7 of the byte marks a copy that compaction made. */
export const Kind = Object.freeze({
	/** `sequence`; tag: state of the message; body: topic length (2), topic, payload. */
	message: 1,
	/** `sequence` was sent, failed, or is offered again; tag: its new state. */
	status: 2,
	/** `sequence` is acknowledged. */
	released: 3,
	/** Every packet identifier before this record is forgotten. */
	reset: 4,
	/** Body: key length (1), key, value. */
	value: 5,
	/** Body: key length (1), key. */
	deleted: 6,
	/** `sequence` is set aside; tag: how many messages were so far. */
	aside: 7,
	/** Blocks of a generation below `sequence` are dead. */
	tail: 8,
});
export const COPY = 0x80;

/** Bytes of a record before its body; of a body's check; of a block's header. */
export const HEADER = 20;
export const CHECK = 4;
export const BLOCK = 32;

const MAGIC = 0x314a7747; // "GwJ1"
const VERSION = 1;

// Made when the module is evaluated: for a device that is at build time, and the table lies in flash.
const table: { readonly [index: number]: number } = new Int32Array(256).map((_, byte) => {
	let crc = byte;
	for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
	return crc;
});

/**
 * CRC-32 of `bytes` from `start`, a multiple of 4, up to `end`, as a signed 32-bit integer (an integer slot in XS, never a
 * float). `words` is the same memory.
 */
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

	/** `byteLength`: a multiple of 4. */
	constructor(byteLength: number) {
		this.bytes = new Uint8Array(byteLength);
		this.words = new Int32Array(this.bytes.buffer);
		this.view = new DataView(this.bytes.buffer);
	}
	/** Bytes of the body. */
	get length(): number {
		return (this.words[0] as number) >>> 16;
	}
	/** The 20 bytes are a record's header: its check holds and its kind is known. */
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

/** The five words from `at` on are a record's header: its check holds and its kind is known. */
export const isHeader = (words: Int32Array, at: number): boolean => {
	const first = words[at] as number;
	const kind = first & 0x7f;
	// From `message` to `tail`, and the second byte is 0.
	return kind >= 1 && kind <= 8 && (first & 0xff00) === 0 && words[at + 4] === ~fold(words, at, at + 4);
};

/** The header at the start of a block that is in use. */
export class BlockHeader {
	readonly bytes: Uint8Array;
	readonly words: Int32Array;

	/** `byteLength`: 32, or more where the flash is written in larger units. */
	constructor(byteLength: number) {
		this.bytes = new Uint8Array(byteLength).fill(0xff);
		this.words = new Int32Array(this.bytes.buffer);
	}
	get generation(): number {
		return (this.words[3] as number) >>> 0;
	}
	/** Blocks of a lower generation were dead when this one was begun. */
	get tail(): number {
		return (this.words[4] as number) >>> 0;
	}
	/** The highest sequence given out when this block was begun. */
	get sequence(): number {
		return (this.words[5] as number) >>> 0;
	}
	/** Messages set aside until then. */
	get aside(): number {
		return (this.words[6] as number) >>> 0;
	}
	/** The check holds: some version of this journal wrote it. */
	get sound(): boolean {
		const words = this.words;
		return words[0] === MAGIC && words[7] === crc32(this.bytes, words, 0, BLOCK - 4);
	}
	/** What a sound header asks for that this code and partition are not, or "". */
	misfit(blockLength: number, blocks: number): string {
		const second = this.words[1] as number;
		const version = second & 0xffff;
		if (version !== VERSION) return `a journal of version ${version}, expected ${VERSION}`;
		const count = second >>> 16;
		const length = (this.words[2] as number) >>> 0;
		if (length === blockLength && count === blocks) return "";
		return `a journal for ${count} blocks of ${length} bytes, expected ${blocks} of ${blockLength}`;
	}
	get blank(): boolean {
		return isBlank(this.words, 0, BLOCK);
	}
	fill(
		blockLength: number,
		blocks: number,
		generation: number,
		tail: number,
		sequence: number,
		aside: number,
	): void {
		const { bytes, words } = this;
		words[0] = MAGIC;
		words[1] = VERSION | (blocks << 16);
		words[2] = blockLength;
		words[3] = generation;
		words[4] = tail;
		words[5] = sequence;
		words[6] = aside;
		words[7] = crc32(bytes, words, 0, BLOCK - 4);
		if (bytes.byteLength > BLOCK) bytes.fill(0xff, BLOCK);
	}
}

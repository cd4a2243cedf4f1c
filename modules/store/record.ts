/**
 * The bytes of a record and of a block's header (SPEC.md has them as tables), and CRC-32 (ISO-HDLC, as in zlib).
 * Numbers are little-endian. A record has two checks: one over its 16 bytes of header, one over its body, so that a
 * copy or a change of state never computes over a payload again.
 * Does not know flash, blocks in use, or what a record means.
 */

/** What a record says. The high bit of the byte marks a copy made by compaction. */
export const Kind = Object.freeze({
	/** `sequence`; tag: state of the message; body: topic length (2), topic, payload. */
	message: 1,
	/** `sequence` went out, or failed; tag: its new state. */
	status: 2,
	/** `sequence` is acknowledged or given up. */
	released: 3,
	/** Every packet identifier before this record is forgotten. */
	reset: 4,
	/** Body: key length (1), key, value. */
	value: 5,
	/** Body: key length (1), key. */
	deleted: 6,
	/** `sequence` is put aside; tag: how many were so far. */
	quarantined: 7,
	/** Blocks of a generation below `sequence` hold nothing that matters. */
	tail: 8,
});
export const COPY = 0x80;

/** Bytes of a record before its body; of a body's check; of a block's header. */
export const HEADER = 20;
export const CHECK = 4;
export const BLOCK = 32;

const MAGIC = 0x314a7747; // "GwJ1"
const VERSION = 1;

// Four tables, so that four bytes go at once: 17 units a byte in XS instead of 31. Built when the module is evaluated:
// on the device that is at build time, and the 4 KiB lie in flash. The last table is for the byte that comes first.
const table: { readonly [index: number]: number } = Int32Array.from({ length: 1024 }, (_, index) => {
	let crc = index & 255;
	for (let bits = 8 + 8 * (index >> 8); bits > 0; bits--)
		crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
	return crc;
});

/**
 * CRC-32 of `bytes` from `start`, a multiple of 4, up to `end`, as a signed 32-bit integer (an integer slot in XS, never a
 * float). `words` is the same memory; both its engine and its flash are little-endian.
 */
export function crc32(bytes: Uint8Array, words: Int32Array, start: number, end: number): number {
	const lookup = table;
	let crc = -1;
	for (const whole = end - 3; start < whole; start += 4) {
		const word = crc ^ (words[start >> 2] as number);
		crc =
			(lookup[768 + (word & 255)] as number) ^
			(lookup[512 + ((word >>> 8) & 255)] as number) ^
			(lookup[256 + ((word >>> 16) & 255)] as number) ^
			(lookup[word >>> 24] as number);
	}
	for (; start < end; start++) crc = (lookup[(crc ^ (bytes[start] as number)) & 255] as number) ^ (crc >>> 8);
	return ~crc;
}

/** The bytes a record with such a body takes on a flash that is written in units of `granule`. */
export function sizeOf(length: number, granule: number): number {
	// Granules are powers of two.
	return ((length ? HEADER + length + CHECK : HEADER) + granule - 1) & -granule;
}

/** Room for one record, made once. The body stands between header and check, ready to be written in one call. */
export class Frame {
	readonly bytes: Uint8Array;
	private readonly words: Int32Array;
	private readonly view: DataView;

	/** `byteLength`: a multiple of 4. */
	constructor(byteLength: number) {
		this.bytes = new Uint8Array(byteLength);
		this.words = new Int32Array(this.bytes.buffer);
		this.view = new DataView(this.bytes.buffer);
	}
	get kind(): number {
		return (this.bytes[0] as number) & ~COPY;
	}
	get copied(): boolean {
		return ((this.bytes[0] as number) & COPY) !== 0;
	}
	/** Bytes of the body. */
	get length(): number {
		return this.view.getUint16(2, true);
	}
	get generation(): number {
		return (this.words[1] as number) >>> 0;
	}
	get sequence(): number {
		return (this.words[2] as number) >>> 0;
	}
	get tag(): number {
		return this.words[3] as number;
	}
	/** The 20 bytes are a record's header: its check holds and its kind is known. */
	get sound(): boolean {
		const kind = this.kind;
		if (kind < Kind.message || kind > Kind.tail || this.bytes[1] !== 0) return false;
		const words = this.words;
		return words[4] === crc32(this.bytes, words, 0, 16);
	}
	/** The 20 bytes were never written. */
	get blank(): boolean {
		const words = this.words;
		for (let index = 0; index < HEADER >> 2; index++) if (words[index] !== -1) return false;
		return true;
	}
	/** The body that follows a sound header is the one that was written. */
	get intact(): boolean {
		const end = HEADER + this.length;
		return end === HEADER || this.view.getInt32(end, true) === crc32(this.bytes, this.words, HEADER, end);
	}
	/** Describes the body that is in place, and pads behind it up to `size`. */
	fill(kind: number, sequence: number, tag: number, length: number, size: number): void {
		this.bytes[0] = kind;
		this.bytes[1] = 0;
		this.view.setUint16(2, length, true);
		this.words[2] = sequence;
		this.words[3] = tag;
		let end = HEADER;
		if (length) {
			end += length;
			this.view.setInt32(end, crc32(this.bytes, this.words, HEADER, end), true);
			end += CHECK;
		}
		if (end < size) this.bytes.fill(0xff, end, size);
	}
	/** A filled record becomes part of the block with this generation. */
	seal(generation: number): void {
		const words = this.words;
		words[1] = generation;
		words[4] = crc32(this.bytes, words, 0, 16);
	}
	/** A record that was read becomes its own copy, with the state it has now, padded up to `size`. */
	copy(tag: number, size: number): void {
		this.bytes[0] = (this.bytes[0] as number) | COPY;
		this.words[3] = tag;
		this.bytes.fill(0xff, HEADER + this.length + CHECK, size);
	}
}

/** What stands at the start of a block that is in use. */
export class BlockHeader {
	readonly bytes: Uint8Array;
	private readonly words: Int32Array;
	private readonly view: DataView;

	/** `byteLength`: 32, or more where the flash is written in larger units. */
	constructor(byteLength: number) {
		this.bytes = new Uint8Array(byteLength).fill(0xff);
		this.words = new Int32Array(this.bytes.buffer);
		this.view = new DataView(this.bytes.buffer);
	}
	get generation(): number {
		return this.view.getUint32(12, true);
	}
	/** Blocks of a lower generation held nothing that mattered when this one was begun. */
	get tail(): number {
		return this.view.getUint32(16, true);
	}
	/** The highest message sequence given out when this block was begun. */
	get sequence(): number {
		return this.view.getUint32(20, true);
	}
	/** Messages put aside until then. */
	get quarantined(): number {
		return this.view.getUint32(24, true);
	}
	/** The check holds: some version of this journal wrote it. */
	get sound(): boolean {
		return (
			this.view.getUint32(0, true) === MAGIC &&
			this.view.getInt32(28, true) === crc32(this.bytes, this.words, 0, 28)
		);
	}
	/** What a sound header asks for that this code and partition are not, or "". */
	misfit(blockLength: number, blocks: number): string {
		const version = this.view.getUint16(4, true);
		if (version !== VERSION) return `a journal of version ${version}, expected ${VERSION}`;
		const length = this.view.getUint32(8, true);
		const count = this.view.getUint16(6, true);
		if (length === blockLength && count === blocks) return "";
		return `a journal for ${count} blocks of ${length} bytes, expected ${blocks} of ${blockLength}`;
	}
	get blank(): boolean {
		for (let offset = 0; offset < BLOCK; offset += 4)
			if (this.view.getInt32(offset, true) !== -1) return false;
		return true;
	}
	fill(
		blockLength: number,
		blocks: number,
		generation: number,
		tail: number,
		sequence: number,
		quarantined: number,
	): void {
		const view = this.view;
		view.setUint32(0, MAGIC, true);
		view.setUint16(4, VERSION, true);
		view.setUint16(6, blocks, true);
		view.setUint32(8, blockLength, true);
		view.setUint32(12, generation, true);
		view.setUint32(16, tail, true);
		view.setUint32(20, sequence, true);
		view.setUint32(24, quarantined, true);
		view.setInt32(28, crc32(this.bytes, this.words, 0, 28), true);
		if (this.bytes.byteLength > BLOCK) this.bytes.fill(0xff, BLOCK);
	}
}

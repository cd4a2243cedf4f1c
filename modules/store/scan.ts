/**
 * Reads the records of one block in the order they were written, and goes on behind damage (SPEC.md, "Reading").
 * A record's body is checked here only if nothing was written behind it: only then can it be torn. The others are
 * checked by those who use them, so a start costs one check of 16 bytes for each record of the partition.
 * Flash is read in windows of half a KiB. Serves the start only, and is then left to the collector.
 */

import type Blocks from "./blocks.js";
import { COPY, type Frame, HEADER, isHeader, sizeOf } from "./record.js";

const Place = Object.freeze({ record: 0, blank: 1, noise: 2 });
const WINDOW = 512;

export default class Scan {
	readonly blocks: Blocks;
	/** The record that was found. */
	address = 0;
	kind = 0;
	copied = false;
	length = 0;
	sequence = 0;
	tag = 0;
	/** Of the block. Signed, as the words are. */
	generation = 0;
	/** Where the next record of this block may be written, as an offset into it; -1 when none may. */
	end = 0;
	/** Records met in this block so far. */
	records = 0;
	/** Places that could not be read, with records behind them; and without, as a power cut leaves them. */
	damaged = 0;
	torn = 0;
	private readonly start: number;
	private readonly limit: number;
	private readonly granule: number;
	private readonly bytes: Uint8Array;
	private readonly words: Int32Array;
	/** Where the window lies in the block, and the last of its bytes where a header can begin; -1: nowhere. */
	private from = 0;
	private reach = -1;
	private readonly frame: Frame;
	private block = 0;
	private offset = 0;
	/** Bytes of the record that was found last. */
	private size = 0;

	/** `start`: bytes of a block's header. */
	constructor(blocks: Blocks, frame: Frame, start: number) {
		this.blocks = blocks;
		this.frame = frame;
		this.start = start;
		this.limit = blocks.blockLength;
		this.granule = blocks.granule;
		this.bytes = new Uint8Array(Math.min(WINDOW, blocks.blockLength));
		this.words = new Int32Array(this.bytes.buffer);
	}
	/** `generation` 0: unknown, the first record tells. */
	begin(block: number, generation: number): void {
		this.block = block;
		this.generation = generation | 0;
		this.offset = this.start;
		this.end = -1;
		this.records = 0;
		this.reach = -1;
	}
	/** Moves to the next record; false at the end of the block. */
	next(): boolean {
		const limit = this.limit;
		while (this.offset + HEADER <= limit) {
			let place = this.look(this.offset);
			if (place === Place.noise) {
				place = this.search();
				if (place !== Place.record) {
					this.torn++;
					return false;
				}
				this.damaged++;
			}
			if (place === Place.blank) break;
			this.records++;
			this.address = this.block * limit + this.offset;
			this.offset += this.size;
			return true;
		}
		this.end = this.offset;
		return false;
	}

	/** Goes on, behind noise, to where a record starts or the rest of the block is blank. */
	private search(): number {
		const granule = this.granule;
		while (this.offset + granule + HEADER <= this.limit) {
			this.offset += granule;
			const place = this.look(this.offset);
			if (place === Place.record) return place;
			if (place === Place.blank && this.blocks.blank(this.block, this.offset)) return place;
		}
		return Place.noise;
	}
	private look(offset: number): number {
		const words = this.words;
		let skip = offset - this.from;
		if (skip < 0 || skip > this.reach) skip = this.move(offset);
		if (skip < 0) return Place.noise;
		const at = skip >> 2;
		const generation = words[at + 1] as number;
		if ((this.generation !== generation && this.generation !== 0) || !isHeader(words, at))
			return this.blank(at);
		const first = words[at] as number;
		const length = first >>> 16;
		const size = sizeOf(length, this.granule);
		if (offset + size > this.limit || size > this.frame.bytes.byteLength) return Place.noise;
		this.kind = first & 0x7f;
		this.copied = (first & COPY) !== 0;
		this.sequence = (words[at + 2] as number) >>> 0;
		this.tag = words[at + 3] as number;
		if (length !== 0) {
			// If a record of this block was begun behind this one, this one was complete by then.
			skip = offset + size - this.from;
			if (skip > this.reach) skip = this.move(offset + size);
			if ((skip < 0 || words[(skip >> 2) + 1] !== generation) && !this.intact(offset, size))
				return Place.noise;
		}
		this.length = length;
		this.size = size;
		this.generation = generation;
		return Place.record;
	}
	private intact(offset: number, size: number): boolean {
		const frame = this.frame;
		const record = new Uint8Array(frame.bytes.buffer as ArrayBuffer, 0, size);
		return this.blocks.read(record, this.block * this.limit + offset) && frame.intact;
	}
	/** Moves the window to where a record would begin at `offset`. Returns the offset in the window; -1: it cannot be read. */
	private move(offset: number): number {
		const byteLength = this.bytes.byteLength;
		this.reach = -1;
		if (offset + HEADER > this.limit) return -1;
		this.from = Math.min(offset, this.limit - byteLength);
		if (!this.blocks.read(this.bytes, this.block * this.limit + this.from)) return -1;
		this.reach = byteLength - HEADER;
		return offset - this.from;
	}
	private blank(at: number): number {
		const words = this.words;
		for (let index = at; index < at + (HEADER >> 2); index++) if (words[index] !== -1) return Place.noise;
		return Place.blank;
	}
}

/**
 * Reads the records of one block in the order they were written, over damage where there is some (SPEC.md, "Reading").
 * A record's body is checked here only if nothing was written behind it: only then can it be torn. The others are
 * checked by those who use them, so a start costs one check of 16 bytes for each record of the partition.
 */

import type Blocks from "./blocks.js";
import { type Frame, HEADER, sizeOf } from "./record.js";

const Place = Object.freeze({ record: 0, blank: 1, noise: 2 });

export default class Walk {
	/** Where the record lies whose header is in the frame. */
	address = 0;
	/** Where the next record of this block may be written, as an offset into it; -1 when none may. */
	end = 0;
	/** Records met in this block so far. */
	records = 0;
	/** Places that could not be read, with records behind them; and without, as a power cut leaves them. */
	damaged = 0;
	torn = 0;
	private readonly blocks: Blocks;
	private readonly frame: Frame;
	private readonly header: Uint8Array;
	private readonly position = new Uint8Array(4);
	private readonly word = new DataView(this.position.buffer);
	private readonly start: number;
	private readonly limit: number;
	private readonly granule: number;
	/** Bytes of the record that was found last. */
	private size = 0;
	private block = 0;
	private generation = 0;
	private offset = 0;

	/** `start`: bytes of a block's header. */
	constructor(blocks: Blocks, frame: Frame, start: number) {
		this.blocks = blocks;
		this.frame = frame;
		this.start = start;
		this.limit = blocks.blockLength;
		this.granule = blocks.granule;
		this.header = new Uint8Array(frame.bytes.buffer as ArrayBuffer, 0, HEADER);
	}
	/** `generation` 0: unknown, the first record tells. */
	begin(block: number, generation: number): void {
		this.block = block;
		this.generation = generation;
		this.offset = this.start;
		this.end = -1;
		this.records = 0;
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
		while (this.offset + this.granule + HEADER <= this.limit) {
			this.offset += this.granule;
			const place = this.look(this.offset);
			if (place === Place.record) return place;
			if (place === Place.blank && this.blocks.blank(this.block, this.offset)) return place;
		}
		return Place.noise;
	}
	private look(offset: number): number {
		const frame = this.frame;
		const address = this.block * this.limit + offset;
		if (!this.blocks.read(this.header, address)) return Place.noise;
		const generation = this.generation;
		if (generation !== 0 && frame.generation !== generation) return frame.blank ? Place.blank : Place.noise;
		if (!frame.sound) return frame.blank ? Place.blank : Place.noise;
		const { length } = frame;
		const size = sizeOf(length, this.granule);
		if (offset + size > this.limit || size > frame.bytes.byteLength) return Place.noise;
		if (length !== 0 && !this.followed(offset + size)) {
			const body = new Uint8Array(frame.bytes.buffer as ArrayBuffer, 0, size);
			if (!this.blocks.read(body, address) || !frame.intact) return Place.noise;
		}
		if (generation === 0) this.generation = frame.generation;
		this.size = size;
		return Place.record;
	}
	/** Something of this block's generation was begun at `offset`: what lies before it was complete by then. */
	private followed(offset: number): boolean {
		if (offset + HEADER > this.limit) return false;
		if (!this.blocks.read(this.position, this.block * this.limit + offset + 4)) return false;
		return this.word.getUint32(0, true) === this.frame.generation;
	}
}

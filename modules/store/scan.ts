/**
 * Reads the records of one block in the order they were written, and goes on behind damage (SPEC.md, "Reading").
 * A record's body is checked here only if nothing was written behind it: only then can it be torn. The others are
 * checked by those who use them, so a start costs one check of 16 bytes for each record of the partition.
 * Flash is read in windows of half a KiB. Serves the start only, and is then left to the collector.
 */

import type Blocks from "./blocks.js";
import { CHECK, COPY, type Frame, HEADER, isBlank, isHeader } from "./record.js";

const WINDOW = 512;

/** Is shown records: the scan stands at one, whose body is in flash. */
export interface Visitor {
	replay(record: Scan): void;
}

export default class Scan {
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
	end = -1;
	/** Places that could not be read, with records behind them; and without, as a power cut leaves them. */
	damaged = 0;
	torn = 0;
	private readonly blocks: Blocks;
	private readonly frame: Frame;
	/** Bytes of a block's header. */
	private readonly start: number;
	private readonly bytes: Uint8Array;
	private readonly words: Int32Array;
	/** Where the window lies in the partition, and the last of its bytes where a header can begin; -1: nowhere. */
	private from = 0;
	private reach = -1;

	constructor(blocks: Blocks, frame: Frame, start: number) {
		this.blocks = blocks;
		this.frame = frame;
		this.start = start;
		this.bytes = new Uint8Array(Math.min(WINDOW, blocks.blockLength));
		this.words = new Int32Array(this.bytes.buffer);
	}
	/** Shows the records of a block to `visitors`, by kind. `generation` 0: unknown, the first record tells. */
	run(block: number, generation: number, visitors: readonly (Visitor | undefined)[]): void {
		const words = this.words;
		const { granule, blockLength } = this.blocks;
		const begin = block * blockLength;
		const end = begin + blockLength;
		let address = begin + this.start;
		/** From a place that cannot be read on, up to the next record. */
		let noise = false;
		this.generation = generation | 0;
		this.end = this.reach = -1;
		while (address + HEADER <= end) {
			let skip = address - this.from;
			if (skip < 0 || skip > this.reach) skip = this.move(address, end);
			const at = skip >> 2;
			const found = words[at + 1] as number;
			let size = 0;
			if (skip >= 0 && (found === this.generation || this.generation === 0) && isHeader(words, at)) {
				const first = words[at] as number;
				const length = first >>> 16;
				size = ((length === 0 ? HEADER : HEADER + length + CHECK) + granule - 1) & -granule;
				this.kind = first & 0x7f;
				this.copied = (first & COPY) !== 0;
				this.length = length;
				this.sequence = (words[at + 2] as number) >>> 0;
				this.tag = words[at + 3] as number;
				if (address + size > end || size > this.frame.bytes.byteLength) size = 0;
				else if (length !== 0) {
					// If a record of this block was begun behind this one, this one was complete by then.
					skip = address + size - this.from;
					if (skip > this.reach) skip = this.move(address + size, end);
					if ((skip < 0 || words[(skip >> 2) + 1] !== found) && !this.intact(address, size)) size = 0;
				}
			} else if (!noise && skip >= 0 && isBlank(words, at, HEADER)) break;
			if (size === 0) {
				noise = true;
				address += granule;
				continue;
			}
			if (noise) this.damaged++;
			noise = false;
			this.generation = found;
			this.address = address;
			visitors[this.kind]?.replay(this);
			address += size;
		}
		if (noise) this.torn++;
		else this.end = address - begin;
	}

	private intact(address: number, size: number): boolean {
		const frame = this.frame;
		return this.blocks.read(frame.bytes.subarray(0, size), address) && frame.intact;
	}
	/** Moves the window to where a record would begin. Returns where that is in the window; -1: it cannot be read. */
	private move(address: number, end: number): number {
		const bytes = this.bytes;
		this.reach = -1;
		if (address + HEADER > end) return -1;
		this.from = Math.min(address, end - bytes.byteLength);
		if (!this.blocks.read(bytes, this.from)) return -1;
		this.reach = bytes.byteLength - HEADER;
		return address - this.from;
	}
}

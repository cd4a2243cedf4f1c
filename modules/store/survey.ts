/**
 * What is on a partition: a journal, nothing, or something else. Looks at the blocks' headers and at the newest block,
 * writes nothing, throws nothing, and decides which blocks take part in the replay (SPEC.md, "Opening").
 */

import type Blocks from "./blocks.js";
import { BLOCK, type BlockHeader, type Frame, Kind } from "./record.js";
import type Walk from "./walk.js";

export const Found = Object.freeze({
	/** Erased, or cut off while the first block was begun. Ready. */
	blank: 0,
	journal: 1,
	/** Someone else's bytes, or a journal of another version or geometry. Left alone. */
	foreign: 2,
	/** Not a partition a journal can live on. */
	unfit: 3,
});

export interface Survey {
	readonly found: number;
	/** One sentence for people. */
	readonly description: string;
	/** The newest block in use, or -1. */
	readonly newest: number;
	/** Blocks of a lower generation are dead. */
	readonly tail: number;
	/** The highest generation seen. */
	readonly generation: number;
	readonly sequence: number;
	readonly quarantined: number;
	/** Blocks whose header could not be read but whose records could. */
	readonly damaged: number;
}

/** Looks at all blocks and sets `generations`: per block its generation, 0 where it is free. */
export function survey(
	blocks: Blocks,
	walk: Walk,
	frame: Frame,
	header: BlockHeader,
	generations: Uint32Array,
): Survey {
	const { count, blockLength } = blocks;
	let tail = 0;
	let damaged = 0;
	let other = "";
	for (let block = 0; block < count; block++) {
		if (!blocks.read(header.bytes, block * blockLength)) {
			blocks.shun(block);
			continue;
		}
		if (header.blank) continue;
		if (header.sound) {
			const misfit = header.misfit(blockLength, count);
			if (misfit) other = misfit;
			else {
				generations[block] = header.generation;
				tail = Math.max(tail, header.tail);
			}
			continue;
		}
		// A header that was hit after it was written: each record names the generation too.
		walk.begin(block, 0);
		if (!walk.next() || generations.indexOf(frame.generation) >= 0) continue;
		generations[block] = frame.generation;
		damaged++;
	}
	let newest = last(generations);
	const generation = newest < 0 ? 0 : (generations[newest] as number);
	if (newest < 0) {
		const { found, description } = without(blocks, header, other);
		return { found, description, newest, tail, generation, sequence: 0, quarantined: 0, damaged };
	}
	let copies = true;
	walk.begin(newest, generation);
	while (walk.next()) {
		if (frame.kind === Kind.tail) tail = Math.max(tail, frame.sequence);
		if (!frame.copied) copies = false;
	}
	let free = 0;
	for (let block = 0; block < count; block++) {
		if ((generations[block] as number) < tail) generations[block] = 0;
		if (generations[block] === 0 && !blocks.bad(block)) free++;
	}
	// The last free block was taken by a compaction that did not end: all it holds still stands elsewhere.
	if (free === 0 && copies) {
		generations[newest] = 0;
		newest = last(generations);
	}
	let sequence = 0;
	let quarantined = 0;
	for (let block = 0; block < count; block++) {
		if (generations[block] === 0 || !blocks.read(header.bytes, block * blockLength) || !header.sound)
			continue;
		sequence = Math.max(sequence, header.sequence);
		quarantined = Math.max(quarantined, header.quarantined);
	}
	const description = `journal, ${count} blocks of ${blockLength} bytes`;
	return { found: Found.journal, description, newest, tail, generation, sequence, quarantined, damaged };
}

/** The block with the highest generation; -1 when all are free. */
function last(generations: Uint32Array): number {
	let newest = -1;
	for (let block = 0; block < generations.length; block++)
		if ((generations[block] as number) > (newest < 0 ? 0 : (generations[newest] as number))) newest = block;
	return newest;
}

/** Tells an empty partition from a foreign one, when no block holds a journal. */
function without(blocks: Blocks, header: BlockHeader, other: string): { found: number; description: string } {
	if (other) return { found: Found.foreign, description: other };
	const { count, blockLength } = blocks;
	for (let block = 0; block < count; block++) {
		if (blocks.blank(block) || begun(blocks, header, block)) continue;
		const start = new Uint8Array(16);
		const text = blocks.read(start, block * blockLength) ? hexadecimal(start) : "bytes that cannot be read";
		return { found: Found.foreign, description: `no journal: block ${block} begins with ${text}` };
	}
	return { found: Found.blank, description: `blank, ${count} blocks of ${blockLength} bytes` };
}

/** The power went while the very first header was written: some of its zeros are there and nothing else is. */
function begun(blocks: Blocks, header: BlockHeader, block: number): boolean {
	const { blockLength, count } = blocks;
	if (!blocks.blank(block, header.bytes.byteLength)) return false;
	const found = new Uint8Array(BLOCK);
	if (!blocks.read(found, block * blockLength)) return false;
	header.fill(blockLength, count, 1, 1, 0, 0);
	const wanted = header.bytes;
	for (let index = 0; index < BLOCK; index++)
		if (((found[index] as number) & (wanted[index] as number)) !== wanted[index]) return false;
	return true;
}

function hexadecimal(bytes: Uint8Array): string {
	let text = "";
	for (let index = 0; index < bytes.length; index++)
		text += `${index ? " " : ""}${(bytes[index] as number).toString(16).padStart(2, "0")}`;
	return text;
}

/**
 * What is on a partition: a journal, nothing, or something else. Looks at the blocks' headers and at the newest block,
 * writes nothing, throws nothing, and decides which blocks take part in the replay (SPEC.md, "Opening").
 */

import type Blocks from "./blocks.js";
import { BLOCK, type BlockHeader, type Frame, Kind } from "./record.js";
import type Walk from "./scan.js";

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
	/** Its header can be read: it may be written on. */
	readonly whole: boolean;
	/** Blocks of a lower generation are dead. */
	readonly tail: number;
	/** The highest generation seen. */
	readonly generation: number;
	readonly sequence: number;
	readonly quarantined: number;
	/** Blocks whose header could not be read but whose records could. */
	readonly damaged: number;
}

/** A survey of a partition without a journal. */
export const NOTHING = Object.freeze({
	newest: -1,
	whole: false,
	tail: 0,
	generation: 0,
	sequence: 0,
	quarantined: 0,
	damaged: 0,
});

/** Looks at all blocks and sets `generations`: per block its generation, 0 where it is free. */
export function survey(
	blocks: Blocks,
	walk: Walk,
	frame: Frame,
	header: BlockHeader,
	generations: Uint32Array,
): Survey {
	const { count, blockLength } = blocks;
	const hit: number[] = [];
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
			else generations[block] = header.generation;
			continue;
		}
		// A header that was hit after it was written: each record names the generation too.
		walk.begin(block, 0);
		if (!walk.next() || generations.indexOf(frame.generation) >= 0) continue;
		generations[block] = frame.generation;
		hit.push(block);
	}
	let newest = last(generations, -1);
	if (newest < 0) {
		const { found, description } = without(blocks, header, other);
		return { ...NOTHING, found, description };
	}
	const generation = generations[newest] as number;
	const previous = last(generations, newest);
	const copies: number[] = [];
	// What the next start would go by if the newest block were not there, and what that block adds.
	const before = Math.max(
		tails(walk, frame, generations, previous),
		headers(blocks, header, generations, newest),
	);
	const own = tails(walk, frame, generations, newest, copies);
	let whole = blocks.read(header.bytes, newest * blockLength) && header.sound;
	const tail = Math.max(before, own, whole ? header.tail : 0);
	let drop = own === 0 && copies.length === walk.records && before > 0;
	for (let block = 0; block < count; block++) {
		if ((generations[block] as number) >= tail) continue;
		if ((generations[block] as number) >= before) drop = false;
		generations[block] = 0;
	}
	// A compaction that did not come to its end is given up here, so that its block is free to begin again.
	if (drop && stand(walk, frame, generations, newest, copies)) {
		generations[newest] = 0;
		newest = last(generations, -1);
		whole = false;
	}
	let sequence = 0;
	let quarantined = 0;
	for (let block = 0; block < count; block++) {
		if (generations[block] === 0 || !blocks.read(header.bytes, block * blockLength) || !header.sound)
			continue;
		sequence = Math.max(sequence, header.sequence);
		quarantined = Math.max(quarantined, header.quarantined);
	}
	// An erase that was cut off leaves such a block too, but a dead one.
	const damaged = hit.filter(block => generations[block] !== 0).length;
	const description = `journal, ${count} blocks of ${blockLength} bytes`;
	return {
		found: Found.journal,
		description,
		newest,
		whole,
		tail,
		generation,
		sequence,
		quarantined,
		damaged,
	};
}

/** The highest tail in the headers of all blocks but one. */
function headers(blocks: Blocks, header: BlockHeader, generations: Uint32Array, except: number): number {
	let tail = 0;
	for (let block = 0; block < blocks.count; block++)
		if (block !== except && generations[block] !== 0)
			if (blocks.read(header.bytes, block * blocks.blockLength) && header.sound)
				tail = Math.max(tail, header.tail);
	return tail;
}

/** The highest tail that the records of a block name, 0 if none does; lists the sequences of its copies. */
function tails(walk: Walk, frame: Frame, generations: Uint32Array, block: number, copies?: number[]): number {
	let tail = 0;
	if (block < 0) return tail;
	walk.begin(block, generations[block] as number);
	while (walk.next())
		if (frame.kind === Kind.tail) tail = Math.max(tail, frame.sequence);
		else if (frame.copied) copies?.push(frame.sequence);
	return tail;
}

/** Everything the newest block holds was copied from the oldest one, and still stands there. */
function stand(
	walk: Walk,
	frame: Frame,
	generations: Uint32Array,
	newest: number,
	copies: number[],
): boolean {
	const source = first(generations);
	if (source === newest) return false;
	const originals: number[] = [];
	walk.begin(source, generations[source] as number);
	while (walk.next())
		if (frame.kind === Kind.message || frame.kind === Kind.value) originals.push(frame.sequence);
	return copies.every(sequence => originals.includes(sequence));
}

/** The block with the lowest generation that is in use. */
function first(generations: Uint32Array): number {
	let oldest = -1;
	for (let block = 0; block < generations.length; block++) {
		const generation = generations[block] as number;
		if (generation > 0 && (oldest < 0 || generation < (generations[oldest] as number))) oldest = block;
	}
	return oldest;
}

/** The block with the highest generation, leaving out one; -1 when all others are free. */
function last(generations: Uint32Array, except: number): number {
	let newest = -1;
	for (let block = 0; block < generations.length; block++)
		if (
			block !== except &&
			(generations[block] as number) > (newest < 0 ? 0 : (generations[newest] as number))
		)
			newest = block;
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

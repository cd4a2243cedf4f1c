/**
 * Decides what is on a partition (a journal, nothing, or something else) and which blocks take part in the replay
 * (SPEC.md, "Opening"); then replays those. Writes and throws nothing.
 */

import type Blocks from "./blocks.js";
import { BLOCK, type BlockHeader, Kind } from "./record.js";
import type Scan from "./scan.js";

export const Found = Object.freeze({
	/** Erased, or cut off while the first block was begun. Ready. */
	blank: 0,
	journal: 1,
	/** Other bytes, or a journal of another version or geometry. Left alone. */
	foreign: 2,
	/** Not a partition that can hold a journal. */
	unfit: 3,
});

export interface Mounted {
	/** One of `Found`. */
	readonly found: number;
	/** One sentence for people. */
	readonly description: string;
	/** The newest block in use, or -1. */
	readonly newest: number;
	/** Its header can be read, so it may be written on. */
	readonly whole: boolean;
	/** Blocks of a lower generation are dead. */
	readonly tail: number;
	/** The highest generation seen. */
	readonly generation: number;
	/** The highest sequence in a header, and the most messages set aside. */
	readonly sequence: number;
	readonly aside: number;
	/** Blocks whose header could not be read but whose records could. */
	readonly damaged: number;
}

/** Owns records in the journal. Addresses are offsets in the partition. */
export interface Owner {
	/** Bits: the kinds of its records. */
	readonly kinds: number;
	/** What its live records cost (`costOf`), and that together with the room it was promised. */
	readonly stored: number;
	readonly claimed: number;
	/** A record in the order of writing. Its body is in `journal.frame` after `journal.load`. */
	replay(record: Scan): void;
	/** The replay is over. False: it has to see its records once more, and `replay` then checks each. */
	settle(): boolean;
	/** The address of any live record in [start, end), or -1. */
	find(start: number, end: number): number;
	/** The present tag of the record at `address`. */
	tag(address: number): number;
	/** That record now lies at `to`; -1 when it could not be read any more. */
	move(address: number, to: number): void;
}

/** A partition without a journal. */
export const NOTHING = Object.freeze({
	newest: -1,
	whole: false,
	tail: 0,
	generation: 0,
	sequence: 0,
	aside: 0,
	damaged: 0,
});

/** Looks at all blocks and sets `generations`: per block its generation, 0 where it is free. `header` is scratch. */
export const mount = (scan: Scan, header: BlockHeader, generations: Uint32Array): Mounted => {
	const blocks = scan.blocks;
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
		// The header was hit after it was written. Each record names the generation too.
		scan.begin(block, 0);
		if (!scan.next() || generations.indexOf(scan.generation >>> 0) >= 0) continue;
		generations[block] = scan.generation;
		hit.push(block);
	}
	let newest = last(generations, -1);
	if (newest < 0) return { ...NOTHING, ...without(blocks, header, other) };
	const generation = generations[newest] as number;
	// The tail that the next start would find if the newest block were not there, and the tail that this block adds.
	const others = headers(blocks, header, generations, newest);
	const before = Math.max(tailOf(scan, generations, last(generations, newest)), others.tail);
	const copies: number[] = [];
	const own = tailOf(scan, generations, newest, copies);
	const onlyCopies = copies.length === scan.records;
	let whole = blocks.read(header.bytes, newest * blockLength) && header.sound;
	const tail = Math.max(before, own, whole ? header.tail : 0);
	let drop = own === 0 && onlyCopies && before > 0;
	for (let block = 0; block < count; block++) {
		if ((generations[block] as number) >= tail) continue;
		if ((generations[block] as number) >= before) drop = false;
		generations[block] = 0;
	}
	// A compaction that was cut off is given up here, so that its block is free to begin again.
	if (drop && stand(scan, generations, newest, copies)) {
		generations[newest] = 0;
		newest = last(generations, -1);
		whole = false;
	}
	const { sequence, aside } = headers(blocks, header, generations, -1);
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
		aside,
		damaged,
	};
};

/** Shows the records of all blocks in use to `owners`, which are listed by kind, oldest first. Returns where the last one ends, or -1. */
export const replay = (
	scan: Scan,
	generations: Uint32Array,
	owners: readonly (Owner | undefined)[],
): number => {
	scan.damaged = scan.torn = 0;
	scan.end = -1;
	for (let block = oldest(generations, 0); block >= 0; ) {
		const generation = generations[block] as number;
		scan.begin(block, generation);
		while (scan.next()) owners[scan.kind]?.replay(scan);
		block = oldest(generations, generation);
	}
	return scan.end;
};

/** The block with the lowest generation above `floor`; -1 when there is none. */
export const oldest = (generations: Uint32Array, floor: number): number => {
	let block = -1;
	for (let index = 0; index < generations.length; index++) {
		const generation = generations[index] as number;
		if (generation > floor && (block < 0 || generation < (generations[block] as number))) block = index;
	}
	return block;
};

/** The block with the highest generation, leaving out `except`; -1 when all others are free. */
const last = (generations: Uint32Array, except: number): number => {
	let newest = -1;
	let most = 0;
	for (let block = 0; block < generations.length; block++) {
		if (block === except || (generations[block] as number) <= most) continue;
		most = generations[block] as number;
		newest = block;
	}
	return newest;
};

/** The highest numbers in the headers of all blocks in use but `except`. */
const headers = (blocks: Blocks, header: BlockHeader, generations: Uint32Array, except: number) => {
	let tail = 0;
	let sequence = 0;
	let aside = 0;
	for (let block = 0; block < blocks.count; block++) {
		if (block === except || generations[block] === 0) continue;
		if (!blocks.read(header.bytes, block * blocks.blockLength) || !header.sound) continue;
		tail = Math.max(tail, header.tail);
		sequence = Math.max(sequence, header.sequence);
		aside = Math.max(aside, header.aside);
	}
	return { tail, sequence, aside };
};

/** The highest tail that the records of a block name, 0 if none does; lists the sequences of its copies. */
const tailOf = (scan: Scan, generations: Uint32Array, block: number, copies?: number[]): number => {
	let tail = 0;
	if (block < 0) return tail;
	scan.begin(block, generations[block] as number);
	while (scan.next())
		if (scan.kind === Kind.tail) tail = Math.max(tail, scan.sequence);
		else if (scan.copied) copies?.push(scan.sequence);
	return tail;
};

/** Everything in the newest block was copied from the oldest one, and is still there. */
const stand = (scan: Scan, generations: Uint32Array, newest: number, copies: readonly number[]): boolean => {
	const source = oldest(generations, 0);
	if (source === newest) return false;
	const originals: number[] = [];
	scan.begin(source, generations[source] as number);
	while (scan.next())
		if (scan.kind === Kind.message || scan.kind === Kind.value) originals.push(scan.sequence);
	return copies.every(sequence => originals.includes(sequence));
};

/** Tells an empty partition from a foreign one, when no block holds a journal. */
const without = (
	blocks: Blocks,
	header: BlockHeader,
	other: string,
): { found: number; description: string } => {
	if (other) return { found: Found.foreign, description: other };
	const { count, blockLength } = blocks;
	for (let block = 0; block < count; block++) {
		if (blocks.blank(block) || begun(blocks, header, block)) continue;
		const start = new Uint8Array(16);
		const text = blocks.read(start, block * blockLength) ? hexadecimal(start) : "bytes that cannot be read";
		return { found: Found.foreign, description: `no journal: block ${block} begins with ${text}` };
	}
	return { found: Found.blank, description: `blank, ${count} blocks of ${blockLength} bytes` };
};

/** The power went while the very first header was written: some of its zeros are there, and nothing else. */
const begun = (blocks: Blocks, header: BlockHeader, block: number): boolean => {
	const { blockLength, count } = blocks;
	if (!blocks.blank(block, header.bytes.byteLength)) return false;
	const found = new Uint8Array(BLOCK);
	if (!blocks.read(found, block * blockLength)) return false;
	header.fill(blockLength, count, 1, 1, 0, 0);
	const wanted = header.bytes;
	for (let index = 0; index < BLOCK; index++)
		if (((found[index] as number) & (wanted[index] as number)) !== wanted[index]) return false;
	return true;
};

const hexadecimal = (bytes: Uint8Array): string => {
	let text = "";
	for (let index = 0; index < bytes.length; index++)
		text += `${index ? " " : ""}${(bytes[index] as number).toString(16).padStart(2, "0")}`;
	return text;
};

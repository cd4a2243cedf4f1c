/**
 * Opening a journal (SPEC.md, "Opening"): decides what is on a partition, which of its blocks are in use, and where
 * writing goes on; then shows their records to the outbox and the state. Writes and throws nothing. journal.ts goes on
 * from here.
 */

import Blocks, { type FlashPartition } from "./flash.js";
import type { Places } from "./places.js";
import { BLOCK, BlockHeader, Frame, isBlank, Kind, Scan, sizeOf, Word } from "./record.js";

/** `blank` is ready, erased or cut off while its first block was begun. `foreign` bytes, and what is `unfit`, are left alone. */
export const Found = Object.freeze({ blank: 0, journal: 1, foreign: 2, unfit: 3 });

/** One record with its padding takes at most this. */
const MAXIMUM = 1024;

export default class Mount {
	/** The record at hand. `room`, `load` and `append` may put another one there. */
	readonly frame: Frame;
	readonly blocks: Blocks;
	/** One of `Found`, and the same in words. */
	readonly found: number;
	description: string;
	/** The last number given to a message or a value, and how many messages were set aside: neither ever goes back. */
	sequence = 0;
	aside = 0;
	/** Places that cannot be read though no loss of power explains it; and that one may have cut off. */
	hit = 0;
	torn = 0;
	protected messages!: Places;
	protected values!: Places;
	protected readonly header: BlockHeader;
	/** Bytes of a record without a body. */
	protected readonly mark: number;
	/** By block: its generation, 0 where it is free. The highest ever; blocks of one below `tail` are dead. */
	protected readonly generations: Uint32Array;
	protected generation = 0;
	protected tail = 1;
	/** The block begun last; the block that is written to, or -1. */
	protected last: number;
	protected head = -1;
	/** Bytes of it that records may still take; below 0 there are none. Behind them a `mark` has room, which ends a compaction. */
	protected left = -1;
	/** The header of the last block can be read, so it may be written on. */
	private whole = false;

	/** Looks at the partition; see `found`. Only a blank one and a journal can be used. */
	constructor(partition: FlashPartition) {
		const blocks = new Blocks(partition);
		const { granule, blockLength, count, unfit } = blocks;
		this.blocks = blocks;
		this.header = new BlockHeader(blocks);
		this.mark = sizeOf(0, granule);
		this.frame = new Frame(Math.min(MAXIMUM, blockLength - this.header.bytes.byteLength - this.mark));
		this.generations = new Uint32Array(count);
		this.last = count - 1;
		this.description = unfit;
		this.found = unfit ? Found.unfit : this.mount();
	}
	/** Shows every record to its owner, oldest first. Once, before anything is appended. */
	replay(messages: Places, values: Places): void {
		this.messages = messages;
		this.values = values;
		const scan = new Scan(this.blocks, this.frame, this.header);
		this.show(scan, messages, values);
		this.hit += scan.damaged;
		this.torn = scan.torn;
		// Writing goes on in the last block, unless something in it or behind its last record is not as it was left.
		if (this.whole && scan.end >= 0 && this.blocks.blank(this.last, scan.end)) {
			this.head = this.last;
			this.left = this.blocks.blockLength - this.mark - scan.end;
		}
		messages.check();
		while (!values.check()) this.show(scan, undefined, values);
	}
	/** The block that was begun after `block`, -1 after the last one; the oldest one after -1. It is mostly the next of the ring. */
	protected following(block: number): number {
		const generations = this.generations;
		const count = generations.length;
		const floor = block < 0 ? 0 : (generations[block] as number);
		let found = -1;
		for (let step = 1; step <= count; step++) {
			const at = (block + step) % count;
			const generation = generations[at] as number;
			if (generation === floor + 1) return at;
			if (generation > floor && (found < 0 || generation < (generations[found] as number))) found = at;
		}
		return found;
	}

	private show(scan: Scan, messages: Places | undefined, values: Places): void {
		const byKind = [undefined, messages, messages, messages, messages, values, values, messages];
		scan.damaged = scan.torn = 0;
		for (let block = this.following(-1); block >= 0; block = this.following(block)) {
			scan.begin(block, this.generations[block] as number);
			while (scan.next()) byKind[scan.kind]?.replay(scan);
		}
	}
	/** Decides which blocks are in use, by their headers and the records of the two newest. Returns one of `Found`. */
	private mount(): number {
		const { blocks, header, generations } = this;
		const { count, blockLength } = blocks;
		const scan = new Scan(blocks, this.frame, header);
		// What the headers say, 0 where one was hit.
		const tails = new Uint32Array(count);
		const misfit = this.survey(scan, tails);
		let newest = -1;
		let second = -1;
		for (let block = this.following(-1); block >= 0; block = this.following(block)) {
			second = newest;
			newest = block;
		}
		if (newest < 0) return this.without(misfit);
		// The tail that the next start would find if the newest block were not there. A sound header repeats the records before it.
		let before = tails[newest] === 0 ? this.tailIn(scan, second) : 0;
		for (let block = 0; block < count; block++)
			if (block !== newest) before = Math.max(before, tails[block] as number);
		const tail = Math.max(before, tails[newest] as number, this.tailIn(scan, newest), 1);
		this.generation = generations[newest] as number;
		let dead = -1;
		for (let block = 0; block < count; block++) {
			const generation = generations[block] as number;
			if (generation >= tail) continue;
			dead = Math.max(dead, generation);
			generations[block] = 0;
		}
		// A compaction that was cut off is given up here, so that its block is free to begin again; unless others would come back.
		const cut = this.isCut(scan, newest) && dead < Math.max(before, this.tailIn(scan, second));
		if (cut) generations[newest] = 0;
		this.whole = !cut && tails[newest] !== 0;
		this.last = cut ? second : newest;
		this.tail = tail;
		// Of a block that is given up nothing counts, and its header would be gone with the next start.
		for (let block = 0; block < count; block++)
			if (generations[block] === 0) continue;
			// An erase that was cut off leaves a block without a header too, but a dead one.
			else if (tails[block] === 0) this.hit++;
			else if (blocks.read(header.bytes, block * blockLength)) {
				this.sequence = Math.max(this.sequence, header.at(Word.sequence));
				this.aside = Math.max(this.aside, header.at(Word.aside));
			}
		this.description = `journal, ${count} blocks of ${blockLength} bytes`;
		return Found.journal;
	}
	/** Finds the blocks of a journal. Returns why others are none, or "". */
	private survey(scan: Scan, tails: Uint32Array): string {
		const { blocks, header, generations } = this;
		let misfit = "";
		for (let block = 0; block < blocks.count; block++) {
			if (!blocks.read(header.bytes, block * blocks.blockLength)) blocks.shun(block);
			else if (header.sound) {
				const why = header.misfit;
				misfit ||= why;
				if (why) continue;
				generations[block] = header.at(Word.generation);
				tails[block] = header.at(Word.tail);
			} else if (!isBlank(header.words, 0, BLOCK)) {
				// Each record names the generation too.
				scan.begin(block, 0);
				if (scan.next()) generations[block] = scan.generation;
			}
		}
		return misfit;
	}
	private tailIn(scan: Scan, block: number): number {
		let tail = 0;
		if (block < 0) return tail;
		scan.begin(block, this.generations[block] as number);
		while (scan.next()) if (scan.kind === Kind.tail && scan.sequence > tail) tail = scan.sequence;
		return tail;
	}
	/** All that the newest block holds are copies, and the oldest one, which is another, still has every one of them. */
	private isCut(scan: Scan, newest: number): boolean {
		const copies = new Set<number>();
		scan.begin(newest, this.generations[newest] as number);
		while (scan.next()) {
			if (!scan.copied) return false;
			copies.add(scan.sequence);
		}
		const oldest = this.following(-1);
		scan.begin(oldest, this.generations[oldest] as number);
		while (scan.next())
			if (scan.kind === Kind.message || scan.kind === Kind.value) copies.delete(scan.sequence);
		return copies.size === 0;
	}
	/** No block holds a journal of ours: tells an empty partition from a foreign one. */
	private without(misfit: string): number {
		const { blocks, header } = this;
		const { count, blockLength } = blocks;
		let other = misfit;
		// The power may have gone while the very first header was written: some of its zeros are there, and nothing else.
		header.fill(1, 1, 0, 0);
		const start = new Uint8Array(BLOCK);
		const found = new Int32Array(start.buffer);
		for (let block = 0; block < count && !other; block++) {
			const read = blocks.read(start, block * blockLength);
			const begun = found.every((word, index) => (word | ~(header.words[index] as number)) === -1);
			if (read && begun && blocks.blank(block, BLOCK)) continue;
			const text = Array.from(start.subarray(0, 16), byte => byte.toString(16).padStart(2, "0")).join(" ");
			other = `no journal: block ${block} begins with ${read ? text : "bytes that cannot be read"}`;
		}
		this.description = other || `blank, ${count} blocks of ${blockLength} bytes`;
		return other ? Found.foreign : Found.blank;
	}
}

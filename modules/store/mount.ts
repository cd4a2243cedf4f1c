/**
 * Opening a journal (SPEC.md, "Opening"): decides what is on a partition, which of its blocks are in use, and where
 * writing goes on; then shows their records to the owners. Writes and throws nothing. journal.ts goes on from here.
 */

import Blocks from "./blocks.js";
import type { FlashPartition } from "./io.js";
import type Owner from "./owner.js";
import { BLOCK, BlockHeader, Frame, Kind, sizeOf } from "./record.js";
import Scan, { type Visitor } from "./scan.js";

export const Found = Object.freeze({
	/** Erased, or cut off while the first block was begun. Ready. */
	blank: 0,
	journal: 1,
	/** Other bytes, or a journal of another version or geometry. Left alone. */
	foreign: 2,
	/** Not a partition that can hold a journal. */
	unfit: 3,
});

/** One record with its padding takes at most this. */
const MAXIMUM = 1024;

export default class Mount {
	/** The record at hand. `room`, `load` and `append` may put another one there. */
	readonly frame: Frame;
	readonly blocks: Blocks;
	/** One of `Found`. */
	readonly found: number;
	/** The same in one sentence for people. */
	description: string;
	/**
	 * The last number given to a message or a value, and how many messages were set aside. Block headers carry both,
	 * so that neither goes back when the records that raised them are gone.
	 */
	sequence = 0;
	aside = 0;
	/** Places that cannot be read though no loss of power explains it; and that one may have cut off. */
	hit = 0;
	torn = 0;
	/** Of messages, and of values. */
	protected owners: readonly Owner[] = [];
	/** Bytes of a record without a body. */
	protected readonly mark: number;
	protected readonly header: BlockHeader;
	/** By block: its generation, 0 where it is free. The highest ever; blocks of one below `tail` are dead. */
	protected readonly generations: Uint32Array;
	protected generation = 0;
	protected tail = 1;
	/** The block begun last; the block that is written to, or -1. */
	protected last: number;
	protected head = -1;
	/** Bytes of it that records may still take; below 0 there are none. Behind them a `mark` has room, which ends a compaction. */
	protected left = -1;
	/** Only until the replay is over. */
	private scan: Scan | undefined;
	/** The header of the last block can be read, so it may be written on. */
	private whole = false;

	/** Looks at the partition; see `found`. Only a blank one and a journal can be used. */
	constructor(partition: FlashPartition) {
		const blocks = new Blocks(partition);
		const { granule, blockLength, count, unfit } = blocks;
		const start = Math.ceil(BLOCK / granule) * granule;
		this.blocks = blocks;
		this.header = new BlockHeader(start);
		this.mark = sizeOf(0, granule);
		this.frame = new Frame(Math.min(MAXIMUM, blockLength - start - this.mark));
		this.generations = new Uint32Array(count);
		this.last = count - 1;
		this.description = unfit;
		const scan = new Scan(blocks, this.frame, start);
		this.scan = scan;
		this.found = unfit ? Found.unfit : this.mount(scan);
	}
	get usable(): boolean {
		return this.found <= Found.journal;
	}
	/** Shows every record to its owner, oldest first. Once, before anything is appended. */
	replay(messages: Owner, values: Owner): void {
		const scan = this.scan as Scan;
		this.scan = undefined;
		this.owners = [messages, values];
		this.show(scan, messages, values);
		this.hit += scan.damaged;
		this.torn = scan.torn;
		// Writing goes on in the last block, unless something in it or behind its last record is not as it was left.
		if (this.whole && scan.end >= 0 && this.blocks.blank(this.last, scan.end)) {
			this.head = this.last;
			this.left = this.blocks.blockLength - this.mark - scan.end;
		}
		messages.check();
		if (values.check()) return;
		this.show(scan, undefined, values);
		values.check();
	}
	/** The block with the lowest generation above `floor`; -1 when there is none. */
	protected oldest(floor: number): number {
		const generations = this.generations;
		let block = -1;
		for (let index = 0; index < generations.length; index++) {
			const generation = generations[index] as number;
			if (generation > floor && (block < 0 || generation < (generations[block] as number))) block = index;
		}
		return block;
	}

	private show(scan: Scan, messages: Owner | undefined, values: Owner): void {
		const generations = this.generations;
		const owners: (Owner | undefined)[] = [];
		for (let kind = 0; kind < Kind.tail; kind++)
			owners[kind] = kind === Kind.value || kind === Kind.deleted ? values : messages;
		scan.damaged = scan.torn = 0;
		for (let block = this.oldest(0); block >= 0; block = this.oldest(generations[block] as number))
			scan.run(block, generations[block] as number, owners);
	}
	/** Decides which blocks are in use, by their headers and the records of the two newest. Returns one of `Found`. */
	private mount(scan: Scan): number {
		const { blocks, header, generations } = this;
		const { count, blockLength } = blocks;
		const tails = new Uint32Array(count);
		const misfit = this.survey(scan, tails);
		let newest = -1;
		let second = -1;
		for (let block = this.oldest(0); block >= 0; block = this.oldest(generations[block] as number)) {
			second = newest;
			newest = block;
		}
		if (newest < 0) return this.without(misfit);
		// The tail that the next start would find if the newest block were not there, and with it.
		let before = second < 0 ? 0 : this.contents(scan, second).tail;
		for (let block = 0; block < count; block++)
			if (block !== newest) before = Math.max(before, tails[block] as number);
		const contents = this.contents(scan, newest);
		const tail = Math.max(before, tails[newest] as number, contents.tail, 1);
		let cut = contents.copies;
		this.generation = generations[newest] as number;
		for (let block = 0; block < count; block++) {
			const generation = generations[block] as number;
			if (generation >= tail) continue;
			if (generation >= before) cut = false;
			generations[block] = 0;
		}
		// A compaction that was cut off is given up here, so that its block is free to begin again.
		cut &&= this.stand(scan, newest);
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
				this.sequence = Math.max(this.sequence, header.sequence);
				this.aside = Math.max(this.aside, header.aside);
			}
		this.description = `journal, ${count} blocks of ${blockLength} bytes`;
		return Found.journal;
	}
	/** Finds the blocks of a journal; `tails` gets what their headers say, 0 where one was hit. Returns why others are none, or "". */
	private survey(scan: Scan, tails: Uint32Array): string {
		const { blocks, header, generations } = this;
		const { count, blockLength } = blocks;
		let misfit = "";
		for (let block = 0; block < count; block++)
			if (!blocks.read(header.bytes, block * blockLength)) blocks.shun(block);
			else if (header.sound) {
				const why = header.misfit(blockLength, count);
				if (why) {
					misfit = why;
					continue;
				}
				generations[block] = header.generation;
				tails[block] = header.tail;
			} else if (!header.blank) {
				// Each record names the generation too.
				scan.run(block, 0, []);
				if (generations.indexOf(scan.generation >>> 0) < 0) generations[block] = scan.generation;
			}
		return misfit;
	}
	/** All that the newest block holds is still in the oldest one. */
	private stand(scan: Scan, newest: number): boolean {
		const oldest = this.oldest(0);
		if (oldest === newest) return false;
		const copies: number[] = [];
		const originals: number[] = [];
		this.contents(scan, newest, copies);
		this.contents(scan, oldest, originals);
		return copies.every(sequence => originals.includes(sequence));
	}
	private contents(scan: Scan, block: number, sequences?: number[]): Contents {
		const contents = new Contents();
		contents.sequences = sequences;
		scan.run(block, this.generations[block] as number, new Array(Kind.tail + 1).fill(contents));
		return contents;
	}
	/** No block holds a journal of ours: tells an empty partition from a foreign one. */
	private without(misfit: string): number {
		const { blocks, header } = this;
		const { count, blockLength } = blocks;
		let other = misfit;
		// The power may have gone while the very first header was written: some of its zeros are there, and nothing else.
		header.fill(blockLength, count, 1, 1, 0, 0);
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

/** The highest tail that a block names (0: none), whether all of it was copied, and the messages and values in it if asked. */
class Contents implements Visitor {
	tail = 0;
	copies = true;
	sequences: number[] | undefined;
	replay({ kind, sequence, copied }: Scan): void {
		if (kind === Kind.tail) this.tail = Math.max(this.tail, sequence);
		if (kind === Kind.message || kind === Kind.value) this.sequences?.push(sequence);
		if (!copied) this.copies = false;
	}
}

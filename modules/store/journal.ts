/**
 * An append-only log over the erase blocks of a flash partition, used as a ring. Owners say which of their records
 * still matter; the oldest block's are copied to the newest, then the oldest is erased (SPEC.md, "Making room").
 * Does not know what a record means. Nothing is written when it opens; nothing here throws on what flash does.
 */

import Blocks from "./blocks.js";
import type { FlashPartition } from "./io.js";
import { Found, NOTHING, type Survey, survey } from "./mount.js";
import { BLOCK, BlockHeader, Frame, HEADER, Kind, sizeOf } from "./record.js";
import Walk from "./scan.js";

/** One record with its padding takes at most this. */
const MAXIMUM = 1024;
/** Free blocks that an ordinary record leaves alone: one for compaction, one for a block that fails meanwhile. */
const RESERVE = 2;
/** Up to so many bytes a record is of the usual size: blocks are reckoned to lose less than this at their end. */
const USUAL = 192;

/** Somebody whose records are in the journal. Addresses are offsets in the partition. */
export interface Owner {
	/** What its records that still matter cost (`costOf`), and that with what it was promised. */
	readonly stored: number;
	readonly claimed: number;
	/** A record in the order of writing; its header is in `journal.frame`, its body after `journal.load`. */
	replay(kind: number, address: number): void;
	/** The replay is over. */
	settle(): void;
	/** The address of any record in [start, end) that still matters, or -1. */
	find(start: number, end: number): number;
	/** The present tag of the record at `address`. */
	tag(address: number): number;
	/** That record now lies at `to`; -1 when it could not be read any more. */
	move(address: number, to: number): void;
}

export default class Journal {
	/** The record at hand. Whoever asks for room, loads, or appends may find another one in it afterwards. */
	readonly frame: Frame;
	/** Rises each time the frame's content is lost. */
	epoch = 0;
	readonly found: number;
	readonly description: string;
	/**
	 * The last number given to a message or a value, and how many messages were put aside. Block headers carry both,
	 * so that neither goes back when the records that raised them are gone.
	 */
	sequence: number;
	quarantined: number;
	compactions = 0;
	private readonly blocks: Blocks;
	private readonly walk: Walk;
	private readonly header: BlockHeader;
	private readonly short: Uint8Array;
	private readonly owners: Owner[] = [];
	private readonly generations: Uint32Array;
	private readonly mark: number;
	private readonly usual: number;
	private generation: number;
	private tail: number;
	private head = -1;
	private offset = 0;
	private last: number;
	private whole: boolean;
	/** Free blocks, counted when that may have changed. */
	private spare = 0;
	private damages: number;

	/** Looks at the partition; see `found`. Only a blank one and a journal can be used. */
	constructor(partition: FlashPartition) {
		const blocks = new Blocks(partition);
		this.blocks = blocks;
		this.mark = sizeOf(0, blocks.granule);
		this.usual = Math.min(USUAL, blocks.blockLength >> 2);
		const start = Math.ceil(BLOCK / blocks.granule) * blocks.granule;
		this.header = new BlockHeader(start);
		this.frame = new Frame(Math.min(MAXIMUM, blocks.blockLength - start - this.mark));
		this.short = new Uint8Array(this.frame.bytes.buffer as ArrayBuffer, 0, this.mark);
		this.walk = new Walk(blocks, this.frame, start);
		this.generations = new Uint32Array(blocks.count);
		const seen = this.survey();
		this.found = seen.found;
		this.description = seen.description;
		this.sequence = seen.sequence;
		this.quarantined = seen.quarantined;
		this.generation = seen.generation;
		this.tail = seen.tail || 1;
		this.last = seen.newest < 0 ? blocks.count - 1 : seen.newest;
		this.damages = seen.damaged;
		this.whole = seen.whole;
	}
	get usable(): boolean {
		return this.found <= Found.journal;
	}
	/** Places in use that cannot be read: hit by something, or cut off by a loss of power. */
	get damaged(): number {
		return this.hit + this.walk.torn;
	}
	/** Those of them that no loss of power explains. */
	get hit(): number {
		return this.damages + this.walk.damaged;
	}
	/** An owner could not read what it needs. */
	damage(): void {
		this.damages++;
	}
	/** Calls to the flash that failed, and blocks given up, since the start. */
	get failures(): number {
		return this.blocks.failures;
	}
	get retired(): number {
		return this.blocks.count - this.blocks.good;
	}
	/** The longest body a record can have. */
	get limit(): number {
		return this.frame.bytes.byteLength - HEADER - 4;
	}
	attach(owner: Owner): void {
		this.owners.push(owner);
	}
	/** Shows every record to the owners, oldest first. Once, before anything is appended. */
	replay(): void {
		const generations = this.generations;
		const walk = this.walk;
		const owners = this.owners;
		walk.damaged = walk.torn = 0;
		for (let block = oldest(generations, 0); block >= 0; ) {
			const generation = generations[block] as number;
			walk.begin(block, generation);
			while (walk.next()) {
				const { kind, sequence } = this.frame;
				if ((kind === Kind.message || kind === Kind.value) && sequence > this.sequence)
					this.sequence = sequence;
				for (let index = 0; index < owners.length; index++)
					(owners[index] as Owner).replay(kind, walk.address);
			}
			const next = oldest(generations, generation);
			if (next < 0 && this.whole) this.continue(block, walk.end);
			block = next;
		}
		for (const owner of owners) owner.settle();
		this.free();
	}
	/** The bytes a record with a body of `length` takes. */
	sizeOf(length: number): number {
		return sizeOf(length, this.blocks.granule);
	}
	/** What keeping such a record costs: its bytes, and what a long one may leave empty at the end of the block before it. */
	costOf(length: number): number {
		const size = this.sizeOf(length);
		return size + Math.max(0, size - this.usual);
	}
	/** With `growth` more all that is claimed can be kept, and the log go on for ever. */
	admits(growth: number): boolean {
		let claimed = growth;
		for (const owner of this.owners) claimed += owner.claimed;
		return claimed <= this.capacity;
	}
	/** The same for all that is stored, without what is only promised: for those who use what they were promised. */
	holds(growth: number): boolean {
		let stored = growth;
		for (const owner of this.owners) stored += owner.stored;
		return stored <= this.capacity;
	}
	/** The sum of costs that can be kept at a time. */
	get capacity(): number {
		const { blockLength, good, granule } = this.blocks;
		// A block's end stays empty when the next record does not fit, at worst all of it but a granule.
		const waste = this.usual - granule;
		const usable = blockLength - this.header.bytes.byteLength - this.mark - waste;
		// Packing them anew writes a `tail` for each block that was in use.
		return Math.max(0, (good - RESERVE - 1) * usable - (good - 1) * this.mark);
	}
	/** Makes room for a record with a body of `length` bytes; false when there is none. The frame is lost. */
	room(length: number): boolean {
		const size = this.sizeOf(length);
		if (!this.usable || size > this.frame.bytes.byteLength) return false;
		if (this.fits(size) && this.spare > 0) return true;
		for (let tries = this.blocks.count; tries > 0 && this.free() <= RESERVE; tries--) {
			if (!this.compact()) break;
			if (this.fits(size) && this.spare > 0) return true;
		}
		if (this.free() > RESERVE || (this.spare === RESERVE && this.assure())) return this.take();
		// Blocks have failed, and what the head still takes is kept for compaction and for the end of messages.
		return length === 0 && this.fits(size);
	}
	/** Writes a record whose body is in the frame, room having been made. Returns its address, or -1. */
	append(kind: number, sequence: number, tag: number, length = 0): number {
		if (length === 0 && !this.room(0)) return -1;
		const size = this.sizeOf(length);
		if (size > HEADER) this.epoch++;
		this.frame.fill(kind, sequence, tag, length, size);
		return this.write(size);
	}
	/** Reads the whole record at `address` into the frame. False when it is not what was written. */
	load(address: number): boolean {
		return this.fill(address) && this.frame.intact;
	}
	close(): void {
		this.head = -1;
		this.blocks.close();
	}

	private fill(address: number): boolean {
		this.epoch++;
		if (!this.blocks.read(this.view(HEADER), address) || !this.frame.sound) return false;
		const size = sizeOf(this.frame.length, 1);
		if (size > this.frame.bytes.byteLength) return false;
		return size === HEADER || this.blocks.read(this.view(size), address);
	}
	private survey(): Survey {
		const blocks = this.blocks;
		if (blocks.unfit) return { ...NOTHING, found: Found.unfit, description: blocks.unfit };
		return survey(blocks, this.walk, this.frame, this.header, this.generations);
	}
	/** Writing goes on in the newest block, unless something in it or behind its last record is not as it was left. */
	private continue(block: number, offset: number): void {
		if (offset < 0 || !this.blocks.blank(block, offset)) return;
		this.head = block;
		this.offset = offset;
	}
	private view(byteLength: number): Uint8Array {
		if (byteLength === this.short.byteLength) return this.short;
		return new Uint8Array(this.frame.bytes.buffer as ArrayBuffer, 0, byteLength);
	}
	private free(): number {
		let free = 0;
		for (let block = 0; block < this.blocks.count; block++)
			if (this.generations[block] === 0 && !this.blocks.bad(block)) free++;
		this.spare = free;
		return free;
	}
	/** Free blocks are as many as needed and can really be erased: with one less the log could not go on. */
	private assure(): boolean {
		for (let block = 0; block < this.blocks.count; block++)
			if (this.generations[block] === 0 && !this.blocks.bad(block)) this.blocks.prepare(block);
		return this.free() >= RESERVE;
	}
	/** The last bytes of a block are for the record that ends a compaction, so that it never needs a block more. */
	private fits(size: number): boolean {
		return this.head >= 0 && this.offset + size <= this.blocks.blockLength - this.mark;
	}
	/** Seals the frame's record and writes it, in the next block if this one fails or is full. */
	private write(size: number, last = 0): number {
		for (let tries = this.blocks.count; tries > 0; tries--) {
			if (!this.fits(size - last) && !this.take()) return -1;
			this.frame.seal(this.generations[this.head] as number);
			const address = this.head * this.blocks.blockLength + this.offset;
			if (this.blocks.write(this.view(size), address)) {
				this.offset += size;
				return address;
			}
			// What the block holds up to here can still be read, and is copied when its turn comes.
			this.head = -1;
		}
		return -1;
	}
	/** Begins the next free block of the ring. */
	private take(): boolean {
		const { count, blockLength } = this.blocks;
		for (let step = 1; step <= count; step++) {
			const block = (this.last + step) % count;
			if (this.generations[block] !== 0 || this.blocks.bad(block) || !this.blocks.prepare(block)) continue;
			const header = this.header;
			const generation = ++this.generation;
			header.fill(blockLength, count, generation, this.tail, this.sequence, this.quarantined);
			if (!this.blocks.write(header.bytes, block * blockLength)) continue;
			this.generations[block] = generation;
			this.last = this.head = block;
			this.offset = header.bytes.byteLength;
			this.free();
			return true;
		}
		return false;
	}
	/** Empties the oldest block. Until the record `tail` is written nothing has changed; after it the block is free. */
	private compact(): boolean {
		const generations = this.generations;
		const block = oldest(generations, 0);
		if (block < 0 || block === this.head) return false;
		const start = block * this.blocks.blockLength;
		const end = start + this.blocks.blockLength;
		this.epoch++;
		for (const owner of this.owners)
			for (let address = owner.find(start, end); address >= 0; address = owner.find(start, end))
				if (!this.copy(owner, address)) return false;
		const tail = this.tail;
		this.tail = (generations[block] as number) + 1;
		this.frame.fill(Kind.tail, this.tail, 0, 0, this.mark);
		if (this.write(this.mark, this.mark) < 0) {
			this.tail = tail;
			return false;
		}
		generations[block] = 0;
		this.compactions++;
		if (!this.blocks.bad(block)) this.blocks.erase(block);
		this.free();
		return true;
	}
	private copy(owner: Owner, address: number): boolean {
		// The body's check goes along as it is: what was hit stays recognisable, and nothing is computed twice.
		if (!this.fill(address)) {
			this.damages++;
			owner.move(address, -1);
			return true;
		}
		const size = this.sizeOf(this.frame.length);
		this.frame.copy(owner.tag(address), size);
		const to = this.write(size);
		if (to >= 0) owner.move(address, to);
		return to >= 0;
	}
}

/** The block with the lowest generation above `floor`; -1 when there is none. */
function oldest(generations: Uint32Array, floor: number): number {
	let block = -1;
	for (let index = 0; index < generations.length; index++) {
		const generation = generations[index] as number;
		if (generation > floor && (block < 0 || generation < (generations[block] as number))) block = index;
	}
	return block;
}

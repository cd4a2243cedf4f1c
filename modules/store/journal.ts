/**
 * An append-only log over the erase blocks of a flash partition, used as a ring (SPEC.md, "Writing", "Making room"). What is
 * live in the oldest block, by the places of messages and of values, is copied to the end; then the block is erased.
 * Does not know what a record means, and throws nothing when flash fails. Opening is mount.ts.
 */

import type { FlashPartition } from "./flash.js";
import Mount from "./mount.js";
import type { Places } from "./places.js";
import { CHECK, HEADER, Kind, sizeOf } from "./record.js";

/** Free blocks that an ordinary record leaves alone: one for compaction, one for a block that fails meanwhile. */
const RESERVE = 2;
/** Records up to this size are usual: a block is reckoned to lose less than this at its end. */
const USUAL = 192;

export default class Journal extends Mount {
	compactions = 0;
	/** Flash does not take a record for which there ought to be room. Until it takes one again. */
	broken = false;
	/** Called when `broken` becomes true, from inside of the call that found it. */
	onBroken: (() => void) | undefined;
	/** Bytes of the longest body. */
	readonly limit: number;
	private readonly usual: number;
	/** Bytes of a block that usual records can fill, however badly they fall at its end. */
	private readonly fillable: number;
	/** The first bytes of the frame: of the marks' size, and of the size that was asked for last. */
	private readonly short: Uint8Array;
	private long: Uint8Array;
	/** Free blocks, as they were counted last. */
	private spare = 0;

	constructor(partition: FlashPartition) {
		super(partition);
		const { granule, blockLength } = this.blocks;
		this.limit = this.frame.bytes.byteLength - HEADER - CHECK;
		this.usual = Math.min(USUAL, blockLength >> 2);
		this.fillable = blockLength - this.header.bytes.byteLength - this.mark - (this.usual - granule);
		this.short = this.long = this.frame.bytes.subarray(0, this.mark);
	}
	override replay(messages: Places, values: Places): void {
		super.replay(messages, values);
		this.free();
	}
	/** The bytes that keeping such a record costs, with those that a long one may leave empty in the block before it. */
	costOf(length: number): number {
		const size = sizeOf(length, this.blocks.granule);
		return size > this.usual ? size + size - this.usual : size;
	}
	/** With `growth` more all that is stored, and the room that is `kept`, can be held and the log go on for ever. */
	admits(growth: number, kept = true): boolean {
		const { messages, values } = this;
		const all = kept && values.kept > values.stored ? values.kept : values.stored;
		return growth + messages.stored + all <= this.capacity;
	}
	/** The sum of costs that can be held at a time; below 0 where too many blocks have failed. */
	get capacity(): number {
		const good = this.blocks.good;
		// Packing all records anew writes a `tail` for each block that was in use.
		return (good - RESERVE - 1) * this.fillable - (good - 1) * this.mark;
	}
	/** Makes room for a record with a body of `length` bytes, at most `limit`; false when there is none. The frame is lost. */
	room(length: number): boolean {
		const blocks = this.blocks;
		const size = sizeOf(length, blocks.granule);
		if (this.spare > 0 && size <= this.left) return true;
		const failures = blocks.failures;
		for (let tries = blocks.count; tries > 0 && this.free() <= RESERVE; tries--) {
			if (!this.compact() && !(blocks.failures === failures && this.rescue())) break;
			if (this.spare > 0 && size <= this.left) return true;
		}
		if (this.free() >= RESERVE && this.take()) return true;
		// Blocks have failed. The rest of the head is kept for compaction and for the end of messages.
		this.fault();
		return length === 0 && size <= this.left;
	}
	/** Writes a record whose body is in the frame, room having been made. Returns its address, or -1. */
	append(kind: number, sequence: number, tag: number, length = 0): number {
		if (length === 0 && !this.room(0)) return -1;
		const size = sizeOf(length, this.blocks.granule);
		this.frame.fill(kind, sequence, tag, length, size);
		const address = this.write(size);
		if (address < 0) this.fault();
		else if (length !== 0) this.broken = false;
		return address;
	}
	/** Lets a block that failed be tried again; if flash is broken, with a record that changes nothing. */
	retry(): void {
		this.blocks.forgive();
		this.free();
		if (this.broken && this.room(1) && this.append(Kind.tail, this.tail, 0) >= 0) this.broken = false;
	}
	/** Reads a record into the frame; false when it is not a sound one of this length. */
	load(address: number, length: number): boolean {
		const frame = this.frame;
		return this.read(address, length) && frame.sound && frame.length === length && frame.intact;
	}
	/** As `load`, and checks nothing. */
	read(address: number, length: number): boolean {
		return this.blocks.read(this.view(sizeOf(length, 1)), address);
	}
	close(): void {
		this.left = -1;
		this.blocks.close();
	}

	private fault(): void {
		if (this.broken) return;
		this.broken = true;
		this.onBroken?.();
	}
	private view(byteLength: number): Uint8Array {
		if (byteLength === this.short.byteLength) return this.short;
		if (byteLength !== this.long.byteLength) this.long = this.frame.bytes.subarray(0, byteLength);
		return this.long;
	}
	private free(): number {
		let free = 0;
		for (let block = 0; block < this.blocks.count; block++)
			if (this.generations[block] === 0 && this.blocks.failing[block] === 0) free++;
		this.spare = free;
		return free;
	}
	/** Seals the frame's record and writes it, in the next block if this one fails or is full. */
	private write(size: number, last = 0): number {
		const { blocks, frame } = this;
		for (let tries = blocks.count; tries > 0; tries--) {
			if (size - last > this.left && !this.take()) return -1;
			frame.seal(this.generations[this.head] as number);
			const address = (this.head + 1) * blocks.blockLength - this.mark - this.left;
			if (blocks.write(this.view(size), frame.words, address)) {
				this.left -= size;
				return address;
			}
			// The records before this one can still be read, and are copied when the block's turn comes.
			this.head = this.left = -1;
		}
		return -1;
	}
	/** Begins the next free block of the ring. */
	private take(): boolean {
		const { blocks, header, generations } = this;
		const { count, blockLength } = blocks;
		for (let step = 1; step <= count; step++) {
			const block = (this.last + step) % count;
			if (generations[block] !== 0 || blocks.failing[block] !== 0 || !blocks.prepare(block)) continue;
			const generation = ++this.generation;
			header.fill(generation, this.tail, this.sequence, this.aside);
			if (!blocks.write(header.bytes, header.words, block * blockLength)) continue;
			generations[block] = generation;
			this.last = this.head = block;
			this.left = blockLength - this.mark - header.bytes.byteLength;
			this.free();
			return true;
		}
		return false;
	}
	/** Empties the oldest block. Until the record `tail` is written nothing has changed; after it the block is free. */
	private compact(): boolean {
		const { blocks, generations } = this;
		const block = this.following(-1);
		if (block < 0 || block === this.head) return false;
		const start = block * blocks.blockLength;
		const end = start + blocks.blockLength;
		if (!this.move(this.messages, start, end) || !this.move(this.values, start, end)) return false;
		const tail = this.tail;
		this.tail = (generations[block] as number) + 1;
		this.frame.fill(Kind.tail, this.tail, 0, 0, this.mark);
		if (this.write(this.mark, this.mark) < 0) {
			this.tail = tail;
			return false;
		}
		generations[block] = 0;
		this.compactions++;
		if (blocks.failing[block] === 0) blocks.erase(block);
		this.free();
		return true;
	}
	/**
	 * No block is free for copies: erases one without live records before its turn. If the power goes before the blocks
	 * older than it are emptied, which follows at once, acknowledged messages may come back. To stand still is worse.
	 */
	private rescue(): boolean {
		const { blocks, head } = this;
		if (this.spare > 0) return false;
		for (let block = this.following(-1); block >= 0; block = this.following(block)) {
			const start = block * blocks.blockLength;
			const end = start + blocks.blockLength;
			if (this.messages.find(start, end) >= 0 || this.values.find(start, end) >= 0) continue;
			if (block === head || blocks.failing[block] !== 0 || !blocks.erase(block)) continue;
			this.generations[block] = 0;
			this.free();
			return true;
		}
		return false;
	}
	/** Copies the live records from `start` to `end` to the end of the log. */
	private move(places: Places, start: number, end: number): boolean {
		for (let place = places.find(start, end); place >= 0; place = places.find(start, end, place))
			if (!this.copy(places, place)) return false;
		return true;
	}
	/** Copies a live record. The body's check goes along as it is: damage stays visible, and nothing is computed twice. */
	private copy(places: Places, place: number): boolean {
		const { blocks, frame } = this;
		const address = places.addresses[place] as number;
		let sound = blocks.read(this.view(HEADER), address) && frame.sound;
		const size = sizeOf(frame.length, blocks.granule);
		sound &&= size <= frame.bytes.byteLength && blocks.read(this.view(size), address);
		if (!sound) {
			this.hit++;
			places.remove(place);
			return true;
		}
		frame.copy(places.tagOf(place), size);
		const to = this.write(size);
		if (to >= 0) places.addresses[place] = to;
		return to >= 0;
	}
}

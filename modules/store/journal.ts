/**
 * An append-only log over the erase blocks of a flash partition, used as a ring (SPEC.md, "Writing", "Making room").
 * Owners say which of their records are live; those in the oldest block are copied to the end, then the block is erased.
 * Does not know what a record means. Opening writes nothing, and no failure of the flash is thrown.
 */

import Blocks from "./blocks.js";
import type { FlashPartition } from "./io.js";
import { Found, type Mounted, mount, NOTHING, type Owner, oldest, replay } from "./mount.js";
import { BLOCK, BlockHeader, CHECK, Frame, HEADER, Kind, sizeOf } from "./record.js";
import Scan from "./scan.js";

/** One record with its padding takes at most this. */
const MAXIMUM = 1024;
/** Free blocks that an ordinary record leaves alone: one for compaction, one for a block that fails meanwhile. */
const RESERVE = 2;
/** Records up to this size are usual: a block is reckoned to lose less than this at its end. */
const USUAL = 192;

export default class Journal {
	/** The record at hand. `room`, `load` and `append` may put another one there. */
	readonly frame: Frame;
	/** Rises each time the body in the frame is lost. */
	epoch = 0;
	readonly found: number;
	readonly description: string;
	/**
	 * The last number given to a message or a value, and how many messages were set aside. Block headers carry both,
	 * so that neither goes back when the records that raised them are gone.
	 */
	sequence: number;
	aside: number;
	compactions = 0;
	/** Flash does not take a record for which there ought to be room. Until it takes one again. */
	broken = false;
	/** Called when `broken` becomes true, from inside of the call that found it. */
	onBroken: (() => void) | undefined;
	/** Places that cannot be read though no loss of power explains it; and that one may have cut off. */
	hit: number;
	torn = 0;
	readonly blocks: Blocks;
	readonly owners: Owner[] = [];
	/** Writes first what was accepted before and is not in flash yet; false when it cannot. The outbox sets it. */
	settle: () => boolean = () => true;
	private readonly header: BlockHeader;
	private readonly generations: Uint32Array;
	/** Only until the replay is over. */
	private scan: Scan | undefined;
	private readonly mark: number;
	private readonly usual: number;
	/** Bytes of a block that usual records can fill, however badly they fall at its end. */
	private readonly fillable: number;
	private short: Uint8Array;
	private long: Uint8Array;
	private generation: number;
	private tail: number;
	private head = -1;
	private offset = 0;
	private last: number;
	private whole: boolean;
	private spare = 0;

	/** Looks at the partition; see `found`. Only a blank one and a journal can be used. */
	constructor(partition: FlashPartition) {
		const blocks = new Blocks(partition);
		this.blocks = blocks;
		this.mark = sizeOf(0, blocks.granule);
		this.usual = Math.min(USUAL, blocks.blockLength >> 2);
		const start = Math.ceil(BLOCK / blocks.granule) * blocks.granule;
		this.fillable = blocks.blockLength - start - this.mark - (this.usual - blocks.granule);
		this.header = new BlockHeader(start);
		this.frame = new Frame(Math.min(MAXIMUM, blocks.blockLength - start - this.mark));
		this.short = this.long = new Uint8Array(this.frame.bytes.buffer as ArrayBuffer, 0, this.mark);
		this.generations = new Uint32Array(blocks.count);
		this.scan = new Scan(blocks, this.frame, start);
		const seen: Mounted = blocks.unfit
			? { ...NOTHING, found: Found.unfit, description: blocks.unfit }
			: mount(this.scan, this.header, this.generations);
		this.found = seen.found;
		this.description = seen.description;
		this.sequence = seen.sequence;
		this.aside = seen.aside;
		this.generation = seen.generation;
		this.tail = seen.tail || 1;
		this.last = seen.newest < 0 ? blocks.count - 1 : seen.newest;
		this.hit = seen.damaged;
		this.whole = seen.whole;
	}
	get usable(): boolean {
		return this.found <= Found.journal;
	}
	/** The longest body a record can have. */
	get limit(): number {
		return this.frame.bytes.byteLength - HEADER - CHECK;
	}
	/** Shows every record to the owners, oldest first. Once, before anything is appended. */
	replay(): void {
		const { scan, blocks, last } = this;
		if (!scan) return;
		this.scan = undefined;
		const owners: (Owner | undefined)[] = [];
		for (let kind = Kind.message as number; kind <= Kind.tail; kind++)
			owners[kind] = this.owners.find(({ kinds }) => ((kinds >> kind) & 1) !== 0);
		const end = replay(scan, this.generations, owners);
		this.hit += scan.damaged;
		this.torn = scan.torn;
		// Writing goes on in the newest block, unless something in it or behind its last record is not as it was left.
		if (this.whole && end >= 0 && blocks.blank(last, end)) {
			this.head = last;
			this.offset = end;
		}
		this.owners.forEach(owner => {
			if (owner.settle()) return;
			const alone = owners.map(other => (other === owner ? owner : undefined));
			replay(scan, this.generations, alone);
			owner.settle();
		});
		this.free();
	}
	/** The bytes that keeping such a record costs, with those that a long one may leave empty in the block before it. */
	costOf(length: number): number {
		const size = sizeOf(length, this.blocks.granule);
		return size > this.usual ? size + size - this.usual : size;
	}
	/** With `growth` more, all that is claimed can be kept and the log can go on for ever. */
	admits(growth: number): boolean {
		const owners = this.owners;
		let claimed = growth;
		for (let index = 0; index < owners.length; index++) claimed += (owners[index] as Owner).claimed;
		return claimed <= this.capacity;
	}
	/** The same for all that is stored: for an owner that uses the room it was promised. */
	holds(growth: number): boolean {
		let stored = growth;
		this.owners.forEach(owner => {
			stored += owner.stored;
		});
		return stored <= this.capacity;
	}
	/** The sum of costs that can be kept at a time. */
	get capacity(): number {
		const good = this.blocks.good;
		// Packing all records anew writes a `tail` for each block that was in use.
		return Math.max(0, (good - RESERVE - 1) * this.fillable - (good - 1) * this.mark);
	}
	/** Makes room for a record with a body of `length` bytes; false when there is none. The frame is lost. */
	room(length: number): boolean {
		const size = sizeOf(length, this.blocks.granule);
		// Asked first: there is a head, so the journal can be used, and callers bring no record that is longer than `limit`.
		if (this.spare > 0 && this.fits(size)) return true;
		if (!this.usable || size > this.frame.bytes.byteLength) return false;
		const failures = this.blocks.failures;
		for (let tries = this.blocks.count; tries > 0 && this.free() <= RESERVE; tries--) {
			if (!this.compact() && !(this.blocks.failures === failures && this.rescue())) break;
			if (this.spare > 0 && this.fits(size)) return true;
		}
		if (this.free() >= RESERVE) return this.take();
		// Blocks have failed. The rest of the head is kept for compaction and for the end of messages.
		this.fault();
		return length === 0 && this.fits(size);
	}
	/** Writes a record whose body is in the frame, room having been made. Returns its address, or -1. */
	append(kind: number, sequence: number, tag: number, length = 0): number {
		if (length === 0 && !this.room(0)) return -1;
		const size = length === 0 ? this.mark : sizeOf(length, this.blocks.granule);
		if (length !== 0 || size > HEADER) this.epoch++;
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
	/** The record there has a body like the one in the frame, as far as its whole words tell. */
	alike(address: number, length: number): boolean {
		return this.blocks.equal(this.frame.words, HEADER, (HEADER + length) & ~3, address);
	}
	/** Reads a record into the frame; false when it is not one of this length. `sound`: its header was just checked. */
	load(address: number, length: number, sound = false): boolean {
		const frame = this.frame;
		if (!this.read(address, length)) return false;
		return (sound || (frame.sound && frame.length === length)) && frame.intact;
	}
	/** As `load`, and checks nothing. */
	read(address: number, length: number): boolean {
		this.epoch++;
		return this.blocks.read(this.view(sizeOf(length, 1)), address);
	}
	close(): void {
		this.head = -1;
		this.blocks.close();
	}

	private fault(): void {
		if (this.broken) return;
		this.broken = true;
		this.onBroken?.();
	}
	/** The first bytes of the frame, kept for the next record of that size. */
	private view(byteLength: number): Uint8Array {
		if (byteLength === this.short.byteLength) return this.short;
		if (byteLength !== this.long.byteLength)
			this.long = new Uint8Array(this.frame.bytes.buffer as ArrayBuffer, 0, byteLength);
		return this.long;
	}
	/** Counts the free blocks. */
	private free(): number {
		let free = 0;
		for (let block = 0; block < this.blocks.count; block++)
			if (this.generations[block] === 0 && !this.blocks.bad(block)) free++;
		this.spare = free;
		return free;
	}
	/** The last bytes of a block are for the record that ends a compaction, so that it never needs a block more. */
	private fits(size: number): boolean {
		return this.head >= 0 && this.offset + size <= this.blocks.blockLength - this.mark;
	}
	/** Seals the frame's record and writes it, in the next block if this one fails or is full. */
	private write(size: number, last = 0): number {
		const { blocks, frame } = this;
		for (let tries = blocks.count; tries > 0; tries--) {
			if (!this.fits(size - last) && !this.take()) return -1;
			frame.seal(this.generations[this.head] as number);
			const address = this.head * blocks.blockLength + this.offset;
			if (blocks.write(this.view(size), frame.words, address)) {
				this.offset += size;
				return address;
			}
			// The records before this one can still be read, and are copied when the block's turn comes.
			this.head = -1;
		}
		return -1;
	}
	/** Begins the next free block of the ring. */
	private take(): boolean {
		const { blocks, header, generations } = this;
		const { count, blockLength } = blocks;
		for (let step = 1; step <= count; step++) {
			const block = (this.last + step) % count;
			if (generations[block] !== 0 || blocks.bad(block) || !blocks.prepare(block)) continue;
			const generation = ++this.generation;
			header.fill(blockLength, count, generation, this.tail, this.sequence, this.aside);
			if (!blocks.write(header.bytes, header.words, block * blockLength)) continue;
			generations[block] = generation;
			this.last = this.head = block;
			this.offset = header.bytes.byteLength;
			this.free();
			return true;
		}
		return false;
	}
	/** Empties the oldest block. Until the record `tail` is written nothing has changed; after it the block is free. */
	private compact(): boolean {
		const { blocks, generations } = this;
		const block = oldest(generations, 0);
		if (block < 0 || block === this.head) return false;
		const start = block * blocks.blockLength;
		const end = start + blocks.blockLength;
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
		if (!blocks.bad(block)) blocks.erase(block);
		this.free();
		return true;
	}
	/**
	 * No block is free for copies: erases one without live records before its turn. If the power goes before the blocks
	 * older than it are emptied, which follows at once, acknowledged messages may come back. To stand still is worse.
	 */
	private rescue(): boolean {
		const { blocks, generations } = this;
		if (this.spare > 0) return false;
		for (
			let block = oldest(generations, 0);
			block >= 0;
			block = oldest(generations, generations[block] as number)
		) {
			const start = block * blocks.blockLength;
			if (this.owners.some(owner => owner.find(start, start + blocks.blockLength) >= 0)) continue;
			if (block === this.head || blocks.bad(block) || !blocks.erase(block)) continue;
			generations[block] = 0;
			this.free();
			return true;
		}
		return false;
	}
	private copy(owner: Owner, address: number): boolean {
		const { blocks, frame } = this;
		let sound = blocks.read(this.view(HEADER), address) && frame.sound;
		const size = sizeOf(frame.length, blocks.granule);
		sound &&= size <= frame.bytes.byteLength && blocks.read(this.view(size), address);
		if (!sound) {
			this.hit++;
			owner.move(address, -1);
			return true;
		}
		// The body's check goes along as it is: damage stays visible, and nothing is computed twice.
		frame.copy(owner.tag(address), size);
		const to = this.write(size);
		if (to >= 0) owner.move(address, to);
		return to >= 0;
	}
}

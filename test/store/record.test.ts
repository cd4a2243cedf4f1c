import assert from "node:assert/strict";
import { crc32 as reference } from "node:zlib";
import fc from "fast-check";
import Blocks from "../../modules/store/flash.js";
import { BlockHeader, COPY, crc32, Frame, HEADER, Kind, Scan, sizeOf } from "../../modules/store/record.js";
import { TestFlash } from "../flash.js";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex").replace(/../g, "$& ").trim();

function crc(bytes: Uint8Array, start: number, end: number): number {
	const memory = new Uint8Array((bytes.length + 3) & ~3);
	memory.set(bytes);
	return crc32(memory, new Int32Array(memory.buffer), start, end) >>> 0;
}

describe("Record", () => {
	it("has CRC-32's published check value", () => {
		const bytes = Buffer.from("123456789...");
		assert.equal(crc(bytes, 0, 9), 0xcbf43926);
		assert.equal(crc(bytes, 4, 4), 0);
	});
	it("has the CRC-32 that zlib computes, for any bytes", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(5), (bytes, skip) => {
				const start = Math.min(4 * skip, bytes.length & ~3);
				assert.equal(crc(bytes, start, bytes.length), reference(bytes.subarray(start)));
			}),
			{ seed: 419 },
		);
	});
	it("lays out a record as SPEC.md says, byte by byte", () => {
		const frame = new Frame(64);
		frame.bytes.set([1, 0, 0x61, 0x21], 20);
		frame.fill(Kind.message, 0x01020304, 0x0100002a, 4, 28);
		frame.seal(7);
		assert.equal(
			hex(frame.bytes.subarray(0, 28)),
			"01 00 04 00 " + // message, 0, body of 4 bytes
				"07 00 00 00 " + // generation
				"04 03 02 01 " + // sequence
				"2a 00 00 01 " + // packet identifier 42, retain
				"40 5f 65 52 " + // CRC-32 of the 16 bytes
				"01 00 61 21 " + // topic of one byte, "a", payload "!"
				"c1 f2 77 a9", // CRC-32 of the body
		);
		assert.ok(frame.sound && frame.intact);
	});
	it("lays out a block's header as SPEC.md says, byte by byte", () => {
		const header = new BlockHeader(new Blocks(new TestFlash({ blocks: 16, blockLength: 4096 })));
		header.fill(9, 5, 300, 2);
		assert.equal(
			hex(header.bytes),
			"47 77 4a 31 " + // "GwJ1"
				"01 00 10 00 00 10 00 00 " + // version 1, 16 blocks of 4096
				"09 00 00 00 05 00 00 00 " + // generation 9, tail 5
				"2c 01 00 00 02 00 00 00 " + // sequence 300, 2 set aside
				"5e f2 09 6e", // CRC-32 of the 28 bytes
		);
		assert.ok(header.sound);
	});
	it("is refused when any one bit of it is another one", () => {
		const frame = new Frame(64);
		frame.bytes.set([1, 0, 0x61, 0x21, 0x22], 20);
		frame.fill(Kind.message, 1, 0, 5, 32);
		frame.seal(1);
		for (let bit = 0; bit < 29 * 8; bit++) {
			frame.bytes[bit >> 3] = (frame.bytes[bit >> 3] as number) ^ (1 << (bit & 7));
			assert.ok(!(frame.sound && frame.intact), `bit ${bit}`);
			frame.bytes[bit >> 3] = (frame.bytes[bit >> 3] as number) ^ (1 << (bit & 7));
		}
		assert.ok(frame.sound && frame.intact);
	});
	it("is none of a kind that is not known, or with a second byte that is not 0, though its check holds", () => {
		const frame = new Frame(64);
		const sealed = (kind: number, second: number) => {
			frame.fill(kind, 1, 0, 0, 20);
			frame.bytes[1] = second;
			frame.seal(1);
			return frame.sound;
		};
		assert.deepEqual(
			[0, 1, 8, 9, 0x7f].map(kind => sealed(kind, 0)),
			[false, true, true, false, false],
		);
		assert.deepEqual([sealed(1, 1), sealed(8, 0x80)], [false, false]);
	});
	it("takes whole units of the flash, and no check when it has no body", () => {
		assert.deepEqual(
			[
				[0, 4],
				[1, 4],
				[4, 4],
				[5, 4],
				[0, 16],
				[9, 16],
			].map(([length, granule]) => sizeOf(length as number, granule as number)),
			[20, 28, 28, 32, 32, 48],
		);
	});
});

describe("Scan", () => {
	const LENGTH = 1024;
	/** A block in the middle of a partition, with the records of a generation, bodies of these lengths, one behind the other. */
	function scene(lengths: readonly number[], generation = 5) {
		const flash = new TestFlash({ blocks: 4, blockLength: LENGTH });
		const blocks = new Blocks(flash);
		const header = new BlockHeader(blocks);
		const frame = new Frame(512);
		const places: number[] = [];
		let address = LENGTH + 32;
		for (const [index, length] of lengths.entries()) {
			const size = sizeOf(length, 4);
			frame.bytes.fill(index, HEADER, HEADER + length);
			frame.fill(length ? Kind.value : Kind.released, index + 1, 0, length, size);
			frame.seal(generation);
			flash.image.set(frame.bytes.subarray(0, size), address);
			places.push(address);
			address += size;
		}
		const scan = new Scan(blocks, frame, header);
		const all = (wanted = generation) => {
			scan.begin(1, wanted);
			const found: number[] = [];
			while (scan.next()) found.push(scan.sequence);
			return [found, scan.damaged, scan.torn, scan.end];
		};
		const hit = (at: number, bits = 1) => {
			flash.image[at] = (flash.image[at] as number) ^ bits;
		};
		return { flash, scan, all, hit, places, end: address - LENGTH };
	}

	it("finds each record up to the bytes that were never written, through a window of 512 bytes", () => {
		for (const lengths of [[], [0], [40, 0, 7], [300, 300, 200], [0, 480, 0, 0]]) {
			const { all, end } = scene(lengths);
			assert.deepEqual(all(), [lengths.map((_, index) => index + 1), 0, 0, end]);
		}
	});
	it("finds its end in a block without room for a further record", () => {
		const { all } = scene([432, 432, 24, 0]);
		assert.deepEqual(all(), [[1, 2, 3, 4], 0, 0, 1024 - 12]);
	});
	it("tells where each body begins in its window, also of a record that reaches beyond it", () => {
		const { scan } = scene([40, 400, 400, 3]);
		scan.begin(1, 5);
		for (let index = 0; scan.next(); index++) assert.equal(scan.bytes[scan.body()], index);
		assert.equal(scan.sequence, 4);
	});
	it("reads the window anew for a body where the one behind its record could not be read", () => {
		// Near the end of a block, where the window behind a record has the record too.
		const { flash, scan } = scene([400, 300, 100]);
		let reads = 0;
		let failing = 0;
		const read = flash.read.bind(flash) as (bytes: Uint8Array, address: number) => number;
		flash.read = ((bytes: Uint8Array, address: number) => {
			if (++reads !== failing) return read(bytes, address);
			bytes.fill(7);
			throw new Error("no");
		}) as never;
		for (failing = 0; failing < 8; failing++) {
			reads = 0;
			scan.begin(1, 5);
			while (scan.next()) {
				const at = scan.body();
				if (at >= 0) assert.equal(scan.bytes[at], scan.sequence - 1, `read ${failing}`);
			}
		}
	});
	it("goes on behind a header that was hit, and counts one place", () => {
		for (const part of [0, 1, 2, 4, 8, 12, 16]) {
			const { all, hit, places, end } = scene([40, 12, 12]);
			hit((places[1] as number) + part);
			assert.deepEqual(all(), [[1, 3], 1, 0, end], `byte ${part}`);
		}
		const { flash, all, places, end } = scene([40, 12, 12]);
		flash.image.fill(0xff, places[1], (places[1] as number) + 4);
		assert.deepEqual(all(), [[1, 3], 1, 0, end]);
	});
	it("takes a record with a further one behind it without a look at its body", () => {
		// In the window, and beyond it.
		for (const length of [100, 440]) {
			const { all, hit, places, end } = scene([40, length, 12]);
			hit((places[1] as number) + HEADER + 50);
			assert.deepEqual(all(), [[1, 2, 3], 0, 0, end]);
		}
	});
	it("leaves the last record out when its body is torn, and gives no end to go on writing at", () => {
		for (const lengths of [
			[40, 12],
			[40, 400],
			[300, 300],
		]) {
			const { all, hit, places, end } = scene(lengths);
			assert.deepEqual(all(), [[1, 2], 0, 0, end]);
			hit((places[1] as number) + HEADER + 11);
			assert.deepEqual(all(), [[1], 0, 1, -1]);
		}
	});
	it("finds a record behind erased bytes that follow damage", () => {
		const { flash, all, places, end } = scene([40, 100, 12]);
		const [, second = 0, third = 0] = places;
		flash.image.fill(0xff, second + 4, third);
		assert.deepEqual(all(), [[1, 3], 1, 0, end]);
	});
	it("ends at erased bytes without damage before them, though a record follows", () => {
		const { flash, all, places } = scene([40, 100, 12]);
		const [, second = 0, third = 0] = places;
		flash.image.fill(0xff, second, third);
		assert.deepEqual(all(), [[1], 0, 0, second - LENGTH]);
	});
	it("takes no record of another generation; with none given, that of the first", () => {
		assert.deepEqual(scene([40, 0]).all(4), [[], 0, 1, -1]);
		const { scan, all, end } = scene([40, 0], 0xfffffff0);
		assert.deepEqual(all(0), [[1, 2], 0, 0, end]);
		assert.equal(scan.generation >>> 0, 0xfffffff0);
	});
	it("takes no last record that is longer than any that is written", () => {
		const { all } = scene([40, 480]);
		assert.deepEqual(all(), [[1, 2], 0, 0, 32 + 64 + 504]);
		const { flash, all: long, places } = scene([40, 40]);
		const frame = new Frame(512);
		frame.fill(Kind.value, 2, 0, 0, 20);
		frame.words[0] = Kind.value | (600 << 16);
		frame.seal(5);
		flash.image.set(frame.bytes.subarray(0, HEADER), places[1]);
		assert.deepEqual(long(), [[1], 0, 1, -1]);
	});
	it("tells a copy by its bit", () => {
		const { flash, scan } = scene([12]);
		const frame = new Frame(512);
		frame.bytes.set(flash.image.subarray(LENGTH + 32, LENGTH + 68));
		frame.copy(7, 36);
		frame.seal(5);
		flash.image.set(frame.bytes.subarray(0, 36), LENGTH + 32);
		assert.equal((flash.image[LENGTH + 32] as number) & COPY, COPY);
		scan.begin(1, 5);
		assert.equal(scan.next(), true);
		assert.deepEqual([scan.kind, scan.copied, scan.tag], [Kind.value, true, 7]);
	});
	it("finds nothing in what it read before, when the next bytes cannot be read", () => {
		const { flash, all } = scene(Array.from({ length: 30 }, () => 0));
		const read = flash.read.bind(flash) as (data: Uint8Array, offset: number) => number;
		let reads = 0;
		flash.read = ((data: Uint8Array, offset: number) => {
			if (++reads > 1) throw new Error("no");
			return read(data, offset);
		}) as typeof flash.read;
		// 25 records of 20 bytes begin in a window of 512.
		assert.deepEqual(all(), [Array.from({ length: 25 }, (_, index) => index + 1), 0, 1, -1]);
	});
	it("counts a block that cannot be read as one torn place", () => {
		const { flash, all } = scene([40, 12]);
		flash.read = () => {
			throw new Error("no");
		};
		assert.deepEqual(all(), [[], 0, 1, -1]);
	});
});

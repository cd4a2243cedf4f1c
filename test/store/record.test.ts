import assert from "node:assert/strict";
import { crc32 as reference } from "node:zlib";
import fc from "fast-check";
import Blocks from "../../modules/store/flash.js";
import { BlockHeader, crc32, Frame, Kind, sizeOf } from "../../modules/store/record.js";
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

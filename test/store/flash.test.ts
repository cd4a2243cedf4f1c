import assert from "node:assert/strict";
import Blocks from "../../modules/store/flash.js";
import { TestFlash } from "../flash.js";

const LENGTHS = [256, 320, 1024];

const open = (blockLength = 256, blocks = 4, writeAlign = 4) => {
	const flash = new TestFlash({ blocks, blockLength, writeAlign });
	return { flash, blocks: new Blocks(flash) };
};
/** So many bytes that differ from word to word, and from erased ones. */
const pattern = (byteLength: number) => {
	const bytes = Uint8Array.from({ length: byteLength }, (_, index) => 1 + (index % 250));
	return { bytes, words: new Int32Array(bytes.buffer) };
};

describe("Blocks of a flash partition", () => {
	it("are written in units of writeAlign, of four bytes at least", () => {
		const units = [1, 2, 4, 8, 64].map(writeAlign => open(256, 4, writeAlign).blocks.granule);
		assert.deepEqual(units, [4, 4, 4, 8, 64]);
	});
	it("are blank when no bit of them is 0, from their first byte or any later word on", () => {
		for (const blockLength of LENGTHS)
			for (const block of [0, 1, 3]) {
				const { flash, blocks } = open(blockLength);
				const begin = block * blockLength;
				for (let at = 0; at < blockLength; at++) {
					flash.image[begin + at] = 0xfe;
					assert.equal(blocks.blank(block), false, `byte ${at} of block ${block}`);
					assert.equal(blocks.blank(block, at & ~3), false);
					const behind = (at & ~3) + 4;
					assert.equal(behind >= blockLength || blocks.blank(block, behind), true);
					assert.equal(blocks.blank((block + 1) % 4), true);
					flash.image[begin + at] = 0xff;
				}
				assert.equal(blocks.blank(block), true);
			}
	});
	it("are compared word by word, at any length and place, also at the very end of the partition", () => {
		for (const length of [4, 156, 160, 164, 320, 500])
			for (const address of [0, 4, 1024 - length]) {
				const { flash, blocks } = open();
				const { bytes, words } = pattern(length);
				flash.image.set(bytes, address);
				assert.equal(blocks.equal(words, 0, length, address), true);
				for (let at = 0; at < length; at += 4) {
					flash.image[address + at] = 0xff ^ (bytes[at] as number);
					assert.equal(blocks.equal(words, 0, length, address), false, `${at} of ${length} at ${address}`);
					// Words before `first` and behind `end` are not looked at.
					assert.equal(blocks.equal(words, at + 4, length, address), true);
					assert.equal(blocks.equal(words, 0, at, address), true);
					flash.image[address + at] = bytes[at] as number;
				}
			}
	});
	for (const way of ["write", "silent", "erase"] as const)
		it(`that fail at ${way === "silent" ? "a write unnoticed" : `each ${way}`} are counted, and are good again once forgiven`, () => {
			const { flash, blocks } = open();
			flash.failing[way].add(2);
			const { bytes, words } = pattern(16);
			const fails = () => (way === "erase" ? blocks.erase(2) : blocks.write(bytes, words, 512));
			assert.equal(fails(), false);
			assert.equal(fails(), false);
			assert.deepEqual([blocks.failures, blocks.good, [...blocks.failing]], [2, 3, [0, 0, 1, 0]]);
			blocks.forgive();
			assert.deepEqual([blocks.good, [...blocks.failing]], [4, [0, 0, 0, 0]]);
			assert.equal(blocks.write(bytes, words, 256) && blocks.erase(1), true);
		});
	it("are forgiven one at a time, another one each time, and after the last one none, then the first again", () => {
		const { blocks } = open();
		const forgiven = [1, 2, 3, 4, 5].map(() => {
			for (const block of [0, 1, 3]) blocks.shun(block);
			blocks.forgive();
			return [0, 1, 3].filter(block => blocks.failing[block] === 0);
		});
		assert.deepEqual(forgiven, [[0], [1], [3], [], [0]]);
	});
	it("are erased before they are begun, but those that are blank", () => {
		const { flash, blocks } = open();
		assert.equal(blocks.prepare(1), true);
		assert.equal(flash.erases, 0);
		flash.image[300] = 0;
		assert.equal(blocks.prepare(1), true);
		assert.equal(flash.erases, 1);
		// An erase without effect, which the flash does not tell.
		flash.eraseBlock = () => {};
		flash.image[300] = 0;
		assert.equal(blocks.prepare(1), false);
		assert.deepEqual([blocks.failures, blocks.good], [1, 3]);
	});
	it("cannot be read: that is counted, and neither blank nor equal", () => {
		const { flash, blocks } = open();
		const { bytes, words } = pattern(16);
		flash.read = () => {
			throw new Error("no");
		};
		assert.deepEqual(
			[blocks.read(bytes, 0), blocks.blank(0), blocks.equal(words, 0, 16, 0)],
			[false, false, false],
		);
		assert.deepEqual([blocks.failures, blocks.good], [3, 4]);
	});
});

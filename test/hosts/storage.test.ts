/** Key-value and flash of hosts/node as files: what a restart finds, what damage does, what wears. */

import assert from "node:assert/strict";
import {
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FlashStore } from "../../hosts/node/flash.js";
import { KeyValueStore } from "../../hosts/node/keyvalue.js";

let folder: string;
beforeEach(() => {
	folder = join(mkdtempSync(join(tmpdir(), "glowworm-storage-")), "data");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

describe("hosts/node: key-value files", () => {
	const lines: string[] = [];
	beforeEach(() => {
		lines.length = 0;
	});
	function open() {
		return new KeyValueStore(folder, line => lines.push(line)).open({ path: "lamp", format: "string" });
	}
	const file = () => join(folder, "lamp.json");

	it("hold after a restart what was written, and not what was deleted", () => {
		const domain = open();
		domain.write("one", "1");
		domain.write("two", "2");
		domain.delete("one");
		assert.deepEqual([...open()], ["two"]);
		assert.equal(open().read("two"), "2");
		assert.deepEqual(lines, []);
	});
	it("take bytes in format `buffer`, and tell them from strings", () => {
		const store = new KeyValueStore(folder);
		const domain = store.open({ path: "lamp" });
		assert.equal(domain.format, "buffer");
		domain.write("bytes", Uint8Array.of(0, 128, 255));
		assert.deepEqual(new Uint8Array(domain.read("bytes") as ArrayBuffer), Uint8Array.of(0, 128, 255));
		const target = new Uint8Array(2);
		assert.equal(domain.read("bytes", target), 2);
		assert.deepEqual(target, Uint8Array.of(0, 128));
		domain.format = "string";
		assert.throws(() => domain.read("bytes"), TypeError);
		domain.write("text", "x");
		domain.format = "buffer";
		assert.throws(() => domain.read("text"), TypeError);
		assert.throws(() => domain.write("text", "y"), TypeError);
		assert.throws(() => {
			domain.format = "uint8" as "buffer";
		}, RangeError);
	});
	it("keep keys that mean something to JavaScript", () => {
		open().write("__proto__", "1");
		open().write("2", "two");
		open().write("constructor", "3");
		assert.deepEqual([...open()].sort(), ["2", "__proto__", "constructor"]);
		assert.equal(open().read("__proto__"), "1");
		assert.equal(open().read("toString"), undefined);
		assert.deepEqual(lines, []);
	});
	it("ignore what a power cut left of a write: the new file before it took the old one's place", () => {
		open().write("key", "old");
		for (const half of ["", '{"crc32":', readFileSync(file(), "utf8").replace("old", "new")]) {
			writeFileSync(`${file()}.new`, half);
			assert.equal(open().read("key"), "old");
		}
		open().write("key", "newer");
		assert.equal(open().read("key"), "newer");
		assert.deepEqual(lines, []);
	});

	const damages: readonly (readonly [what: string, damage: (text: string) => string, found: string])[] = [
		["is empty", () => "", "an empty file"],
		["is cut short", text => text.slice(0, -10), "text that is not JSON"],
		["is no JSON", () => "\0\0\0\0", "text that is not JSON"],
		["is other JSON", () => "[1]", "JSON without values"],
		["is null", () => "null", "JSON without values"],
		["has one character changed", text => text.replace('"value"', '"valve"'), "a wrong checksum"],
	];
	for (const [what, damage, found] of damages)
		it(`are set aside with one line, and the board starts, when one ${what}`, () => {
			open().write("key", "value");
			const damaged = damage(readFileSync(file(), "utf8"));
			writeFileSync(file(), damaged);
			const domain = open();
			assert.deepEqual([...domain], []);
			assert.equal(lines.length, 1);
			const [line = ""] = lines;
			assert.ok(line.startsWith(`${file()}: expected a key-value file, found ${found}; set aside as`), line);
			const aside = readdirSync(folder).find(name => name.includes("damaged")) ?? "";
			assert.ok(line.includes(aside));
			assert.equal(readFileSync(join(folder, aside), "utf8"), damaged);
			domain.write("key", "again");
			assert.equal(open().read("key"), "again");
		});

	it("change nothing when a write fails", () => {
		const domain = open();
		domain.write("key", "old");
		rmSync(file());
		mkdirSync(join(file(), "in the way"), { recursive: true });
		assert.throws(() => domain.write("key", "new"));
		assert.equal(domain.read("key"), "old");
	});
	it("lie in their folder under any name of a domain", () => {
		for (const path of ["../x", "a/b", "", ".", "a".repeat(16), 1])
			assert.throws(() => new KeyValueStore(folder).open({ path: path as string }), RangeError);
	});
});

describe("hosts/node: flash files", () => {
	const partitions = { journal: { size: 4096, blockLength: 1024, writeAlign: 4 } };
	const store = () => new FlashStore(folder, partitions);
	const image = () => readFileSync(join(folder, "journal.flash"));

	it("are whole and erased from the first opening", () => {
		store().open({ path: "journal" });
		assert.deepEqual(image(), Buffer.alloc(4096, 0xff));
	});
	it("hold each change when the call returns, and what is already cleared stays so", () => {
		const partition = store().open({ path: "journal" });
		partition.write(Uint8Array.of(0xf0, 1, 2, 3), 8);
		assert.deepEqual([...image().subarray(7, 13)], [0xff, 0xf0, 1, 2, 3, 0xff]);
		partition.write(Uint8Array.of(0x0f, 0xff, 0, 0xff), 8);
		assert.deepEqual([...image().subarray(8, 12)], [0, 1, 0, 3]);
		partition.eraseBlock(0);
		assert.deepEqual(image(), Buffer.alloc(4096, 0xff));
	});
	it("are found by the next board as the last one left them", () => {
		const first = store();
		first.open({ path: "journal" }).write(Uint8Array.of(1, 2, 3, 4), 1020);
		first.close();
		const second = store().open({ path: "journal" });
		assert.deepEqual([...new Uint8Array(second.read(4, 1020))], [1, 2, 3, 4]);
	});
	it("count how often each block was erased, over restarts", () => {
		const first = store();
		const partition = first.open({ path: "journal" });
		assert.deepEqual(first.wear("journal"), [0, 0, 0, 0]);
		partition.eraseBlock(1);
		partition.eraseBlock(1, 4);
		first.close();
		assert.deepEqual(store().wear("journal"), [0, 2, 1, 1]);
	});
	it("refuse writes off the alignment, and change nothing", () => {
		const partition = store().open({ path: "journal" });
		assert.throws(() => partition.write(Uint8Array.of(1, 2, 3, 4), 2), /multiples of 4/);
		assert.throws(() => partition.write(Uint8Array.of(1, 2), 0), /multiples of 4/);
		assert.deepEqual(image(), Buffer.alloc(4096, 0xff));
	});
	it("of another size are an error that says what was found, and are left alone", () => {
		store().open({ path: "journal" });
		truncateSync(join(folder, "journal.flash"), 1000);
		assert.throws(() => store().open({ path: "journal" }), /journal\.flash: expected 4096 bytes, found 1000/);
		assert.equal(image().byteLength, 1000);
	});
	it("throw once the board is off", () => {
		const flash = store();
		const partition = flash.open({ path: "journal" });
		flash.close();
		assert.throws(() => partition.write(Uint8Array.of(1, 2, 3, 4), 0));
		assert.throws(() => partition.eraseBlock(0));
	});
});

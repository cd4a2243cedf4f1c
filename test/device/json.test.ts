/** Messages that would end the virtual machine, were they parsed: an XS stack or heap that is used up throws nothing. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Harness, unavailable } from "../../hosts/xs/harness.js";
import { merged } from "../../modules/device/description/description.js";
import { Names, parse } from "../../modules/device/json.js";
import { encode } from "../../modules/mqtt/codec.js";
import * as nested from "./nested.js";

const all = new Names({ knows: () => true });
const read = (text: string, names = all) => parse(encode(text), 4096, names);

/** Messages of up to 4 KiB: what they begin with, what is repeated, how often, and what is said of it. */
const bombs = [
	["4 KiB of [", "", "[", 4096, /^cmd: expected one of .*, found 4096 characters$/, undefined],
	["lists in a command", '{"cmd":', "[", 4000, /at most 8 levels, found/, undefined],
	["objects in a command", "", '{"a":', 800, /at most 8 levels, found/, undefined],
	["lists in a wish", '{"state":', "[", 500, /at most 8 levels, found/, /found "\{/],
	["objects in a wish", "", '{"a":', 100, /at most 8 levels, found/, /found "\{/],
	["many values", '{"cmd":[0', ",0", 2000, /at most 256 values, found/, undefined],
	["a long word", "", "x", 4096, /^cmd: .*, found 4096 characters$/, undefined],
] as const;

describe("a message's JSON", () => {
	it("is read up to 8 levels deep", () => {
		const text = `${"[".repeat(8)}1${"]".repeat(8)}`;
		assert.deepEqual(read(text).value, JSON.parse(text));
		assert.equal(read(`[${text}]`).error, "expected JSON of at most 8 levels");
	});
	it("may bring sixteen names that the board does not know, which it then knows; what has more of them is not parsed", () => {
		const names = new Names({ knows: name => name === "cmd" });
		for (let i = 0; i < 16; i++) assert.ok(read(`{"cmd":"x","n${i}":{"cmd":1}}`, names).value);
		for (const text of [
			'{"other":1}',
			'{"cmd":{"other":1}}',
			'[{"cmd":1},{"oth\\u0065r":1}]',
			'{"n1" : 1, "other"\t: 2}',
		])
			assert.equal(read(text, names).error, "expected keys that this board knows");
		assert.ok(read('{"cmd":"other","n15":"a:b","n0":["other:"]}', names).value);
	});
	it("is read up to 256 values", () => {
		assert.equal((read(`[${"1,".repeat(254)}1]`).value as number[]).length, 255);
		assert.equal(read(`[${"1,".repeat(255)}1]`).error, "expected JSON of at most 256 values");
	});
	for (const text of [
		`["${"[".repeat(20)}"]`,
		`["\\"${"{,".repeat(400)}"]`,
		'["\\\\",[1]]',
		`{"${"[".repeat(9)}":"]"}`,
	])
		it(`may hold brackets and commas in texts: ${text.slice(0, 30)}`, () => {
			assert.deepEqual(read(text).value, JSON.parse(text));
		});
	it("may close and open again", () => {
		assert.equal(read(`[${"[[[]]],".repeat(50)}[]]`).error, undefined);
	});

	it("may begin with white space", () => {
		assert.deepEqual(read(' \r\n\t{"a":1}').value, { a: 1 });
	});
	for (const word of ["ON", "info", "7", '"ON"', "true", "", " ", "é"])
		it(`is not looked for in "${word}", so that no exception stops a debugger`, () => {
			const { parse: original } = JSON;
			JSON.parse = () => assert.fail("tried");
			try {
				assert.deepEqual(read(word), { text: word, error: "expected JSON" });
			} finally {
				JSON.parse = original;
			}
		});

	for (const [title, head, piece, count, command, wish] of bombs)
		it(`is refused in words for ${title}`, () => {
			assert.match(nested.command(head, piece, count) as string, command);
			assert.match(
				nested.request(head, piece, count) as string,
				wish ?? /^expected at most 512 bytes, found/,
			);
		});
});

describe("changes of the configuration", () => {
	it("are merged down to the keys of an item and no deeper", () => {
		const nest = (levels: number): object => (levels ? { a: nest(levels - 1) } : {});
		assert.deepEqual(merged({ a: { a: { a: { b: 1 } } } }, { a: { a: { a: { c: 2 } } } }), {
			a: { a: { a: { c: 2 } } },
		});
		assert.deepEqual(merged({}, nest(8) as never), nest(8));
	});
});

const reason = unavailable();
(reason ? describe.skip : describe)(`one message in the XS engine${reason ? ` (${reason})` : ""}`, () => {
	let harness: Harness;
	before(async () => {
		harness = await Harness.open(fileURLToPath(new URL("nested.ts", import.meta.url)));
	});
	after(() => harness?.close());

	for (const [title, head, piece, count, command, wish] of bombs)
		it(`does not end it: ${title}`, async () => {
			assert.match((await harness.call("command", head, piece, count)).result as string, command);
			const said = (await harness.call("request", head, piece, count)).result as string;
			assert.match(said, wish ?? /^expected at most 512 bytes, found/);
		});
});

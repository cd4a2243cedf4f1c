/** Numbers and words in place of their names, in the text of the firmware linked as one module (`npm run image`). */

import assert from "node:assert/strict";
import { inlined } from "../../hosts/desk/image.js";

/** Without what only the printing of it changes. */
const lines = (text: string) =>
	inlined(text)
		.split("\n")
		.map(line => line.trim())
		.filter(line => line !== "");

describe("the text of a linked image", () => {
	it("has each number where its name was, and no name of it", () => {
		assert.deepEqual(lines("const HOUR = 36e5;\nconst LEAST = -1;\nuse(HOUR, { HOUR }, LEAST);\n"), [
			"use(36e5, { HOUR: 36e5 }, -1);",
		]);
	});
	it("has a word likewise, and keeps the name of any other text", () => {
		const long = `const LONG = "${"x".repeat(17)}";`;
		assert.deepEqual(lines(`const KEY = "boot";\n${long}\nconst END = "}";\nuse(KEY, LONG, END);\n`), [
			long,
			'const END = "}";',
			'use("boot", LONG, END);',
		]);
	});
	it("keeps the name in texts, as a property, and where it is another variable's", () => {
		const text =
			'const HOUR = 36e5;\nuse("HOUR", it.HOUR);\nfunction f(HOUR) {\n  return HOUR;\n}\nuse(f);\n';
		const expected = ['use("HOUR", it.HOUR);', "function f(HOUR) {", "return HOUR;", "}", "use(f);"];
		assert.deepEqual(lines(text), expected);
	});
	it("has the numbers of a frozen object likewise, whatever its comments say", () => {
		const text =
			"const State = Object.freeze({\n  /** Not on: 9. */\n  off: 0,\n  on: 1\n});\nuse(State.off, State.on);\n";
		assert.deepEqual(lines(text), ["use(0, 1);"]);
	});
	it("keeps an object that is used as a whole or exported, and whatever is no number", () => {
		for (const text of [
			"const State = Object.freeze({ off: 0 });\nuse(State, State.off);\n",
			"const State = Object.freeze({ off: 0 });\nuse(State.off);\nexport {\n  State as own\n};\n",
			"const DAY = 24 * hours;\nuse(DAY);\n",
			"const State = Object.freeze({ off: 0, on: true });\nuse(State.off);\n",
			"function f() {\n  const HOUR = 36e5;\n  return HOUR;\n}\nuse(f);\n",
		])
			assert.deepEqual(
				lines(text),
				text
					.split("\n")
					.map(line => line.trim())
					.filter(line => line !== ""),
			);
	});
});

/** Names in the text of a linked image: which members may have another, and that all else keeps its own. */

import assert from "node:assert/strict";
import { SourceMap } from "node:module";
import { privates, renamed } from "../../hosts/desk/names.js";

describe("members that an image may rename", () => {
	const cases: readonly (readonly [title: string, names: readonly string[], source: string])[] = [
		[
			"are private fields, methods, accessors and parameters",
			["a", "b", "c", "d"],
			"class A { private a = 1; private b() {} private get c() { return this.a; } constructor(private readonly d: number) {} }",
		],
		[
			"are not public ones",
			[],
			"class A { a = 1; protected b = this.a; constructor(readonly c: number) {} }",
		],
		[
			"may be taken from `this`",
			["a", "b"],
			"class A { private a = 1; private b = 2; f() { const { a, b: c = this.a } = this; return () => this.b + a + c; } }",
		],
		[
			"are not those that something else has, where a default of a pattern of `this` asks for it",
			[],
			"class A { private a = 1; f(it: Values) { const { a: b = it.a } = this; return b; } }",
		],
		[
			"may be the name of a variable too, by which a key is found",
			["a"],
			"class A { private a = 1; f(it: Values, a: string) { return it[a]; } }",
		],
		["are not those that another class has in public", [], "class A { private a = 1; } class B { a = 2; }"],
		[
			"may be private in two classes",
			["a"],
			"class A { private a = 1; } class B { private a = 2; f() { return this.a; } }",
		],
		[
			"are not those that stand in an object",
			[],
			"class A { private a = 1; private b = 2; f() { return { a: this.a, b: this.b }; } }",
		],
		[
			"are not those that an object hands over",
			[],
			"class A { private a = 1; f(it: Values) { const { a } = it; } }",
		],
		[
			"are not those that a type has",
			[],
			"class A { private a = 1; private b = 2; } interface I { a: number; } type T = { b(): void };",
		],
		[
			"are not those that are used of anything else than `this`",
			[],
			"class A { private a = 1; f(it: Values) { return it.a; } }",
		],
		[
			"are not those that a text names",
			[],
			'class A { private a = 1; private b = 2; private c = 3; f(c: string) { return this["a"] + ("b" in this) + ["c"]; } }',
		],
		[
			"are not those of a `this` that is another's",
			[],
			"class A { private a = 1; f() { return function (this: B) { return this.a; }; } }",
		],
		[
			"are not those that only another class has",
			[],
			"class A { private a = 1; } class B extends C { f() { return this.a; } }",
		],
	];
	for (const [title, names, source] of cases)
		it(title, () => {
			assert.deepEqual(privates([source]), names);
		});
});

describe("the renamed text of an image", () => {
	const text = `const limit = 7;
const twice = number => 2 * number;
class Counter {
  count = 0;
  add(step) {
    this.count += twice(step);
    this.told?.("count of", { count: 1, "total": limit });
    return this["total"] ?? this.count;
  }
}
export { Counter as counter };
`;
	/** The text calls functions of the engine, two of which may lend their names. */
	const calls = (text: string) =>
		`${text}\nexport const least = n => Math.max(0, Math.floor(Number.isFinite(n) ? n : 0));\n`;
	const membersIn = (code: string) => Array.from(code.matchAll(/this\.(\w+)/g), ([, name = ""]) => name);

	it("has no variable's name that the engine would have to keep", async () => {
		const { code } = await renamed("it.js", calls(text), []);
		for (const name of ["limit", "twice", "number", "Counter", "step"])
			assert.doesNotMatch(code, new RegExp(`\\b${name}\\b`), name);
		const names = Array.from(code.matchAll(/^(?:const|class) (\w+)/gm), ([, name = ""]) => name);
		assert.equal(names.length, 3);
		for (const name of names) assert.ok(code.includes(`.${name}`), name);
	});
	it("keeps properties, exports and texts", async () => {
		const { code } = await renamed("it.js", text, ["total"]);
		for (const kept of [
			/this\.count/,
			/\.told\?\.\("count of"/,
			/\badd\(/,
			/as counter\b/,
			/\["total"\]/,
			/\btotal:/,
		])
			assert.match(code, kept);
	});
	it("gives members names of functions of the engine that it calls, so that no name is added", async () => {
		const { code } = await renamed("it.js", calls(text), ["count", "told"]);
		assert.deepEqual(new Set(membersIn(code)), new Set(["floor", "isFinite"]));
		assert.match(code, /Math\.max\(0, Math\.floor\(Number\.isFinite\(/);
		assert.match(code, /"count of"/);
	});
	it("gives members no name that an object of ours has, that is called of one, or that a text has, for it may be a key", async () => {
		for (const other of [
			"export const it = { floor: 1 };",
			"export const far = it => it.floor();",
			'export const keys = "first floor";',
		]) {
			const { code } = await renamed("it.js", calls(text + other), ["count"]);
			assert.ok(!membersIn(code).includes("floor"), other);
		}
	});
	it("gives members of two classes one name, not those that one object has", async () => {
		const classes = `class A { constructor() { this.one = 1; } }
			const C = class _C extends A { constructor() { super(); this.two = 2; } };
			const Base = C;
			class D extends Base { constructor() { super(); this.three = 3; } }
			class E { constructor() { this.four = 4; this.five = 5; } }
			export { D, E };
			export const F = () => class { constructor() { this.six = 6; this.seven = 7; } };`;
		const { code } = await renamed("it.js", calls(classes), [
			"one",
			"two",
			"three",
			"four",
			"five",
			"six",
			"seven",
		]);
		const [one, two, three, four, five, six, seven] = membersIn(code);
		assert.equal(new Set([one, two, three]).size, 3);
		for (const pair of [
			[four, five],
			[six, seven],
		])
			assert.deepEqual(new Set(pair), new Set(["floor", "isFinite"]));
	});
	it("is not made where a class extends what it does not know", async () => {
		const known = 'import Far from "far"; const Base = Far; class A extends Base {}';
		await renamed("it.js", known, ["one"]);
		const mixed =
			"export const mixed = Base => class extends Base { constructor() { super(); this.one = 1; } };";
		await assert.rejects(renamed("it.js", mixed, ["one"]), /Base: not known as a class/);
	});
	it("gives each member of a class a name of its own, however many there are", async () => {
		const members = Array.from({ length: 300 }, (_, n) => `member${n}`);
		const text = `export class It { constructor() { ${members.map(name => `this.${name} = 1;`).join(" ")} } }`;
		const { code } = await renamed("it.js", calls(text), members);
		assert.equal(new Set(membersIn(code)).size, members.length);
		assert.doesNotMatch(code, /member/);
		// The engine itself asks objects for these.
		for (const name of ["then", "toJSON", "toString", "valueOf", "length", "constructor"])
			assert.ok(!membersIn(code).includes(name), name);
	});
	it("gives no variable a name that XS reads as a word of its own, or one that a member had", async () => {
		const properties = "it.native; it.await; it.NaN; it.undefined; it.arguments; it.count;";
		const variables = Array.from({ length: 5 }, (_, n) => `const v${n} = ${n};`).join(" ");
		const { code } = await renamed("it.js", `${variables} class It { count; }\n${properties}`, ["count"]);
		assert.doesNotMatch(code, /(?:const|class) (?:native|await|NaN|undefined|arguments|count)\b/);
	});
	it("runs as before", async () => {
		const { code } = await renamed("it.js", text, ["count"]);
		const { counter } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
		const made = new counter();
		made.add(3);
		assert.equal(made.add(4), 14);
	});
	it("has a map to the text before, with its names", async () => {
		const { code, map } = await renamed("it.js", text, []);
		const positions = new SourceMap(JSON.parse(map));
		const lines = code.split("\n");
		const line = lines.findIndex(each => /2 \* /.test(each));
		const found = positions.findEntry(line, (lines[line] as string).indexOf("=") + 2);
		assert.deepEqual("originalLine" in found && [found.originalSource, found.originalLine], ["it.js", 1]);
		assert.ok(JSON.parse(map).names.includes("twice"));
	});
});

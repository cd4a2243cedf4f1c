/** Code that each rule of rules.ts must find, and code next to it that it must leave alone. */

import type { why } from "./rules.js";

export interface Snippet {
	readonly source: string;
	/** In alphabetical order; none for code that is right. */
	readonly rules: readonly (keyof typeof why)[];
	/** modules/mqtt/probe.ts if not given. */
	readonly path?: string;
}

export const snippets: readonly Snippet[] = [
	// Globals
	{ source: "export function f() { setTimeout(() => {}, 1); }", rules: ["global"] },
	{ source: "export function f() { console.log(1); }", rules: ["global"] },
	{ source: "export function f() { return Buffer.from([1]); }", rules: ["global"] },
	{ source: "export const f = () => process.exitCode;", rules: ["global"] },
	{ source: "export const f = (x: object) => structuredClone(x);", rules: ["global"] },
	{ source: "export const f = () => new TextEncoder();", rules: ["global"] },
	{ source: "export const f = () => Date.now();", rules: ["global"] },
	{ source: "export const f = () => globalThis;", rules: ["global"] },
	{
		source: "declare const trace: (text: string) => void;\nexport const f = () => trace('x');",
		rules: ["global"],
	},
	{ source: "export class A { m = setTimeout; }", rules: ["global"] },
	{ source: "export const f = ({ a = fetch }) => a;", rules: ["global"] },
	{ source: "export const f = (process: { env: object }) => process.env;", rules: [] },
	{ source: "export const f = (x: { process: number }) => x.process;", rules: [] },
	{
		source: "export function f(a: Buffer): Promise<Date> { return a as unknown as Promise<Date>; }",
		rules: [],
	},
	{ source: "export const f = () => { const console = { log() {} }; console.log(); };", rules: [] },
	{
		source: "export const f = () => { { const console = 1; void console; } return console; };",
		rules: ["global"],
	},
	{ source: "export const f = (n: number) => Math.max(n, Number.MAX_SAFE_INTEGER, Infinity);", rules: [] },
	// Promises
	{ source: "export async function f() {}", rules: ["promise"] },
	{ source: "export const f = () => new Promise(() => {});", rules: ["promise"] },
	{ source: "export class A { async m() {} }", rules: ["promise"] },
	// Module-level state
	{ source: "let counter = 0;\nexport const f = () => ++counter;", rules: ["binding"] },
	{ source: "export let counter = 0;", rules: ["binding"] },
	{ source: "var counter = 0;", rules: ["binding"] },
	{ source: "export function f() { let counter = 0; return ++counter; }", rules: [] },
	{ source: "const scratch = new Uint8Array(4);", rules: ["scratch"] },
	{ source: "const view = new DataView(new ArrayBuffer(4));", rules: ["scratch"] },
	{ source: "const size = 4;\nconst scratch = new Uint8Array(size);", rules: ["scratch"] },
	{ source: "const none = new Uint8Array(0);\nconst ping = Uint8Array.of(192, 0);", rules: [] },
	{ source: "const table = new Uint8Array([1, 2]);", rules: [] },
	{ source: "export class A { scratch = new Uint8Array(4); }", rules: [] },
	{ source: "export const f = () => new Map();", rules: [] },
	{ source: "const seen = new Map();", rules: ["collection"] },
	{ source: "const seen = new Set();", rules: ["collection"] },
	{ source: "const seen = new WeakMap();", rules: ["collection"] },
	{ source: "const known: ReadonlySet<number> = new Set([1, 2]);", rules: [] },
	{ source: "class A {}\nconst one = new A();", rules: ["instance"] },
	{ source: "class A {}\nexport default new A();", rules: ["instance"] },
	{ source: "const failure = new Error('x');", rules: ["instance"] },
	{ source: "const flag = true;\nclass A {}\nconst one = flag ? undefined : new A();", rules: ["instance"] },
	{ source: "const table = { a: 1 };", rules: ["unfrozen"] },
	{ source: "export default [1, 2];", rules: ["unfrozen"] },
	{ source: "const table = Object.freeze({ a: [1] });", rules: ["unfrozen"] },
	{ source: "const table = Object.freeze([{ a: 1 }]);", rules: ["unfrozen"] },
	{ source: "const table = Object.create(null);", rules: ["unfrozen"] },
	{ source: "const table = [1, 2] as const;", rules: ["unfrozen"] },
	{ source: "const table = Object.freeze({ a: Object.freeze([1]), b: 'x', c: () => ({}) });", rules: [] },
	{ source: "const table = Object.freeze([1, 2] as const);", rules: [] },
	{ source: "const table = Object.freeze(new Uint8Array(2));", rules: ["bytes", "scratch"] },
	{ source: "const table = Object.freeze(Uint8Array.of(1));", rules: ["bytes"] },
	{ source: "export const f = () => Object.freeze(new Uint8Array(2));", rules: ["bytes"] },
	// Statics
	{ source: "export class A { static next = 1; }", rules: ["static"] },
	{ source: "export class A { static #id = 1; }", rules: ["private", "static"] },
	{ source: "export class A { static { } }", rules: ["static"] },
	{ source: "export class A { static readonly table = [1]; }", rules: ["unfrozen"] },
	{ source: "export class A { static readonly scratch = new Uint8Array(4); }", rules: ["scratch"] },
	{ source: "export class A { static readonly PUBACK = 4; static m() {} private next = 1; }", rules: [] },
	// Writes to what belongs to a module
	{ source: "const bytes = Uint8Array.of(1);\nexport const f = () => { bytes[0] = 2; };", rules: ["write"] },
	{ source: "const bytes = Uint8Array.of(1);\nexport const f = () => bytes.set([2]);", rules: ["write"] },
	{ source: "const known = new Set([1]);\nexport const f = () => known.add(2);", rules: ["write"] },
	{ source: "class A {}\nexport const f = () => { (A as any).next = 1; };", rules: ["write"] },
	{ source: "class A {}\nexport const f = () => ++(A as any).next;", rules: ["write"] },
	{
		source: "const t = Object.freeze({ a: 1 });\nexport const f = () => delete (t as any).a;",
		rules: ["write"],
	},
	{
		source: 'import { table } from "./table.js";\nexport const f = () => { table.x.y = 1; };',
		rules: ["write"],
	},
	{ source: "export const f = () => { (globalThis as any).x = 1; };", rules: ["global", "write"] },
	{ source: "export const f = () => { (Array as any).mine = 1; };", rules: ["write"] },
	{ source: "class A {}\nA.prototype.m = () => {};", rules: ["write", "write"] },
	{ source: "const a = 1;\nexport const f = (a: number[]) => { a[0] = 1; a.push(2); };", rules: [] },
	{ source: "export class A { private m = new Map(); f() { this.m.set(1, 2); } }", rules: [] },
	{ source: "export class A { #m = 1; f() { return this.#m; } }", rules: ["private"] },
	{ source: "export class A { #m() {} f() { this.#m(); } }", rules: ["private"] },
	// Inherited names
	{ source: "class E extends Error { constructor() { super(); this.name = 'E'; } }", rules: ["override"] },
	{ source: "class E extends Error { constructor() { super(); this.message = 'E'; } }", rules: ["override"] },
	{ source: "export class A { constructor() { (this as any).toString = () => 'A'; } }", rules: ["override"] },
	{ source: "export class A { f() { this.toString = () => 'A'; } }", rules: ["override"] },
	{ source: "export class A { name = ''; constructor() { this.name = 'A'; } }", rules: [] },
	{ source: "class E extends Error { override get name() { return 'E'; } }", rules: [] },
	// JSON
	{
		source: "const t = Object.freeze({ a: 1 });\nexport const f = () => JSON.stringify(t);",
		rules: ["stringify"],
	},
	{ source: 'import t from "./t.js";\nexport const f = () => JSON.stringify(t);', rules: ["stringify"] },
	{
		source: "const t = Object.freeze({ a: 1 });\nexport const f = () => JSON.stringify({ ...t });",
		rules: [],
	},
	{ source: "export const f = (t: object) => JSON.stringify(t);", rules: [] },
	// Generators and enums
	{ source: "function* g() { yield 1; }\nconst it = g();", rules: ["generator"] },
	{ source: "const it = (function* () { yield 1; })();", rules: ["generator"] },
	{ source: "export class A { *[Symbol.iterator]() { yield 1; } }", rules: [] },
	{ source: "export enum State { a, b }", rules: ["enum"] },
	{ source: "export const enum State { a, b }", rules: ["enum"] },
	{ source: "export namespace N { export const a = 1; }", rules: ["enum"] },
	// What the linker keeps
	{ source: 'import * as a from "./a.js";\nvoid a;', rules: ["namespace"] },
	{
		source: "const at = (most: number) => (x: number) => x < most;\nexport const small = at(3);",
		rules: ["capture"],
	},
	{ source: "function at(most: number) { return () => most; }\nconst f = at(3);", rules: ["capture"] },
	{ source: "const at = (most: number) => Object.freeze({ most });\nexport const small = at(3);", rules: [] },
	{
		source: "const at = (m: number) => { const most = m; return () => most; };\nconst f = at(3);",
		rules: [],
	},
	{ source: "export const at = (most: number) => () => most;", rules: [] },
	// Ticks
	{ source: "export const age = (now: number, then: number) => (now - then) | 0;", rules: ["ticks"] },
	{ source: "export const age = (now: number, then: number) => (now - then) >>> 0;", rules: ["ticks"] },
	{ source: "export const age = (c: { ticks: number }, then: number) => c.ticks - then;", rules: ["ticks"] },
	{ source: "export const age = (ticks: number, then: number) => then - ticks;", rules: ["ticks"] },
	{ source: "export const next = (due: number, every: number) => (due + every) | 0;", rules: [] },
	{
		source: "export const since = (now: number, then: number) => (now - then) | 0;",
		path: "modules/session/deadline.ts",
		rules: [],
	},
	// Imports
	{ source: 'import fs from "node:fs";\nvoid fs;', rules: ["import"] },
	{ source: 'import Timer from "timer";\nvoid Timer;', rules: ["import"] },
	{ source: 'import { a } from "./a";\nvoid a;', rules: ["import"] },
	{ source: 'import { a } from "../../hosts/node/tcp.js";\nvoid a;', rules: ["import"] },
	{ source: 'import { a } from "../../test/clock.js";\nvoid a;', rules: ["import"] },
	{ source: 'export { a } from "timer";', rules: ["import"] },
	{ source: 'export * from "timer";', rules: ["import"] },
	{ source: 'export const f = () => import("./a.js");', rules: ["import"] },
	{ source: 'import { a } from "./a.js";\nvoid a;', rules: [] },
	{ source: 'import { a } from "./types.js";\nvoid a;', rules: ["types"] },
	{ source: 'import type { A } from "./types.js";\nexport type B = A;', rules: [] },
	{ source: 'import { type A } from "./types.js";\nexport type B = A;', rules: ["types"] },
	{ source: 'import { a } from "../session/session.js";\nvoid a;', rules: ["layer"] },
	{ source: 'import type { A } from "../session/session.js";\nexport type B = A;', rules: [] },
	{ source: 'import { a } from "../mqtt/client.js";\nvoid a;', path: "modules/session/probe.ts", rules: [] },
	{
		source: 'import { a } from "../device/board.js";\nvoid a;',
		path: "modules/store/probe.ts",
		rules: ["layer"],
	},
	{
		source: 'import { a } from "../store/store.js";\nvoid a;',
		path: "modules/session/probe.ts",
		rules: ["layer"],
	},
	{ source: 'import { a } from "./modules/device/board.js";\nvoid a;', path: "main.ts", rules: [] },
	{ source: 'import { a } from "./hosts/node/device.js";\nvoid a;', path: "main.ts", rules: ["import"] },
];

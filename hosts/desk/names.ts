/**
 * Names for the image (image.ts). XS keeps each name that a program has and the engine has not: 20 bytes and its text. So variables,
 * and members that TypeScript says are private, get names here that are in flash anyway. Only names change: no code is moved,
 * shortened or taken out. What a program, a message or the SDK can name keeps its name.
 */

import { parse } from "@babel/parser";
import { minify } from "terser";

/** The engine asks objects for these, and for those of functions. */
const meant = ["toJSON", "then"];
/** Names that each XS has, for properties of ours. */
const engine = [
	Date,
	Array,
	Promise,
	Map,
	Set,
	Number,
	BigInt,
	DataView,
	ArrayBuffer,
	Uint8Array,
	Object,
	String,
]
	.flatMap((each: { prototype: object }) => [each, each.prototype])
	.concat(RegExp.prototype, Math, Atomics, Reflect, Symbol)
	.flatMap(Object.getOwnPropertyNames)
	.filter(name => !(name in Function || meant.includes(name) || /\W|^\w\d/.test(name)));
/** XS does not take them for variables, or they are values. */
const words = ["native", "await", "yield", "arguments", "eval", "undefined", "NaN", "Infinity"];

export interface Renamed {
	readonly code: string;
	/** A source map, in JSON: to `file`, with the names that it has. */
	readonly map: string;
}

/**
 * The text of a module, which stands in `file`, with other names: of its variables, for which those of its properties serve, and of
 * the properties `members`.
 */
export async function renamed(file: string, text: string, members: readonly string[]): Promise<Renamed> {
	const used = new Set(text.match(/[\w$]+/g));
	const code = text.replace(/"(?:[^"\\\n]|\\.)*"/g, "");
	const properties = Array.from(code.matchAll(/(?<!\.)\.([a-z_]\w*)/gi), ([, name = ""]) => name);
	const free = [...properties, ...engine].filter(name => !(words.includes(name) || members.includes(name)));
	const result = await minify(
		{ [file]: text },
		{
			module: true,
			compress: false,
			mangle: {
				module: true,
				nth_identifier: inTurn(free),
				properties: {
					regex: new RegExp(`^(?:${members.join("|")})$`),
					keep_quoted: "strict",
					builtins: true,
					nth_identifier: inTurn(engine.filter(name => !used.has(name))),
				},
			},
			format: { beautify: true, comments: false },
			sourceMap: true,
		},
	);
	return { code: result.code as string, map: result.map as string };
}

/** terser asks for the next until it has one that stands for nothing else there; it must not get one twice. */
function inTurn(names: readonly string[]) {
	const each = [...new Set(names)];
	return { get: (n: number) => each[n] ?? `_${n}` };
}

// biome-ignore lint/suspicious/noExplicitAny: Babel's node types are a union of 250, taken apart by `type`
type Node = { readonly type: string; readonly [key: string]: any };

/** They have a `this` of their own. */
const functions = /^(?:Function(?:Declaration|Expression)|ObjectMethod)$/;

/**
 * Private members whose name stands for no other property: it is only declared, and used of `this`, in classes that declare it
 * private. `sources` are TypeScript.
 */
export function privates(sources: readonly string[]): string[] {
	const own = new Set<string>();
	const others = new Set<string>();
	/** `within`: the private members of the class whose `this` it is. */
	const visit = (node: Node, within: ReadonlySet<string>): void => {
		let inner = within;
		if (functions.test(node.type)) inner = new Set();
		else if (node.type === "ClassBody") {
			inner = new Set(node.body.flatMap(privateIn));
			for (const name of inner) own.add(name);
		}
		const name = propertyIn(node);
		const ofThis = node.accessibility === "private" || node.object?.type === "ThisExpression";
		if (name !== undefined && !(ofThis && within.has(name))) others.add(name);
		// `const { name } = this` is use enough.
		const taken = node.type === "VariableDeclarator" && node.init?.type === "ThisExpression";
		for (const child of taken ? (node.id.properties ?? []) : childrenOf(node))
			visit(taken && within.has(child.key?.name) ? child.value : child, inner);
	};
	for (const source of sources)
		visit(parse(source, { sourceType: "module", plugins: ["typescript"] }).program as Node, new Set());
	return [...own].filter(name => !others.has(name)).sort();
}

/** The names that a member of a class declares: its own, or those of `constructor(private a: A)`. */
const privateIn = (member: Node): string[] =>
	[member, ...(member.params ?? [])]
		.filter(({ accessibility }) => accessibility === "private")
		.map(each => propertyIn(each) as string);

/** The name of a property that is declared or used here, in code or in a type; none if it is computed. */
function propertyIn({ type, key, property, parameter, computed }: Node): string | undefined {
	if (computed) return undefined;
	if (type === "TSParameterProperty") return (parameter.left ?? parameter).name;
	if (/MemberExpression$/.test(type)) return property.name;
	return key?.name ?? key?.value;
}

const childrenOf = (node: Node): Node[] =>
	Object.values(node)
		.flat()
		.filter(child => typeof child?.type === "string");

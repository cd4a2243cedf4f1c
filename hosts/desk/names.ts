/**
 * Names for the image (image.ts). XS keeps each name that a program has and the engine has not: 20 bytes and its text. So variables,
 * and members that TypeScript says are private, get names here that are in flash anyway. Only names change: no code is moved,
 * shortened or taken out. What a program, a message or the SDK can name keeps its name.
 */

import { parse } from "@babel/parser";
import { minify } from "terser";

/** Functions of these are called of them and of nothing else: their names may stand for members of ours. */
const engine: { readonly [name: string]: object } = {
	Array,
	ArrayBuffer,
	BigInt,
	Date,
	JSON,
	Math,
	Number,
	Object,
	String,
};
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
	const code = text.replace(/"(?:[^"\\\n]|\\.)*"/g, "");
	const properties = Array.from(code.matchAll(/(?<!\.)\.([a-z_]\w*)/gi), ([, name = ""]) => name);
	const free = properties.filter(name => !(words.includes(name) || members.includes(name)));
	const props = Object.fromEntries(names(text, members).map(([member, name]) => [`$${member}`, name]));
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
				},
			},
			nameCache: { props: { props } },
			format: { beautify: true, comments: false },
			sourceMap: true,
		},
	);
	return { code: result.code as string, map: result.map as string };
}

/**
 * A name for each of `members`: of a function of the engine that the text calls, as `Math.floor`, if nothing else there has it. No
 * name comes with it that the text has not: the linker leaves out functions of the engine whose names a program has not. Two members
 * have one name where no object has both: their classes have no superclass in common.
 */
function names(text: string, members: readonly string[]): [member: string, name: string][] {
	const called = new Set<string>();
	const others = new Set<string>();
	/** By a class and its names: the members of those that it has a superclass in common with. */
	const families = new Map<Node | string, Set<string>>();
	const visit = (node: Node, family: Set<string>, variable?: string): void => {
		let inner = family;
		const { type, id, superClass, init } = node;
		if (/^Class(?:Declaration|Expression)$/.test(type)) {
			const above = superClass ? families.get(superClass.name) : new Set<string>();
			if (!above) throw new Error(`${text.slice(superClass.start, superClass.end)}: not known as a class`);
			inner = above;
			for (const own of [node, id?.name, variable]) if (own) families.set(own, inner);
		}
		if (/^Import\w*Specifier$/.test(type)) families.set(node.local.name, new Set());
		const alias = type === "VariableDeclarator" && init?.type === "Identifier" && families.get(init.name);
		if (alias) families.set(id.name, alias);
		const name = propertyIn(node);
		if (name !== undefined) {
			if (members.includes(name)) inner.add(name);
			const { value } = Object.getOwnPropertyDescriptor(engine[node.object?.name] ?? {}, name) ?? {};
			(typeof value === "function" ? called : others).add(name);
		}
		// A word of a text may be a key.
		const said = type === "TemplateElement" ? node.value.raw : type === "StringLiteral" ? node.value : "";
		for (const word of said.match(/\w+/g) ?? []) others.add(word);
		const assigned = type === "VariableDeclarator" ? id.name : undefined;
		for (const child of childrenOf(node)) visit(child, inner, assigned);
	};
	visit(parse(text, { sourceType: "module" }).program as Node, new Set());
	// A class of a program's that extends one of ours may well have `max`.
	const free = [...called].filter(name => !others.has(name) && name.length > 3);
	const given = new Map<string, string>();
	for (const member of members) {
		const near = [...families.values()].filter(family => family.has(member)).flatMap(family => [...family]);
		const taken = near.map(each => given.get(each));
		given.set(member, free.find(name => !taken.includes(name)) ?? `_${given.size}`);
	}
	return [...given];
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
 * Private members whose name stands for no other property and is no text: it is only declared, and used of `this`, in classes that
 * declare it private. `sources` are TypeScript.
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

/** The name of a property that is declared or used here, in code or in a type, or that a text may give; none if it is computed. */
function propertyIn({ type, key, property, parameter, computed, value }: Node): string | undefined {
	if (type === "StringLiteral") return value;
	if (computed) return undefined;
	if (type === "TSParameterProperty") return (parameter.left ?? parameter).name;
	if (/MemberExpression$/.test(type)) return property.name;
	return key?.name ?? key?.value;
}

const childrenOf = (node: Node): Node[] =>
	Object.values(node)
		.flat()
		.filter(child => typeof child?.type === "string");

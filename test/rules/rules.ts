/**
 * The rules for code on XS (DESIGN.md) for modules/** and main.ts, as checks over the syntax tree: what works in Node and
 * fails, or costs RAM, once the linker of Moddable's SDK has put the evaluated modules into flash. Each rule was
 * seen to fail there (SDK 8.2.3). What a form cannot show (bytes against characters, cost) is not here.
 */

import { bare, type Context, isFunction, isReference, type Node, parse, root, walk } from "./syntax.js";

export interface Violation {
	readonly line: number;
	readonly rule: keyof typeof why;
	readonly what: string;
}

/** Each rule, and what happens on the device to code that breaks it. */
export const why = Object.freeze({
	global: "is not on the device: inject it, or wrap it once (modules/mqtt/codec.ts)",
	promise: "modules use callbacks: an async call costs 760 bytes and 5 000 instructions, an await twice that",
	binding:
		"a module-level variable costs a RAM alias on the device and makes two boards share it: use a private field",
	scratch:
		"memory at module level is in flash, so writing throws (read-only buffer): keep it in the instance",
	collection: "a Map or Set at module level is in flash, so changing it throws: keep it in the instance",
	instance: "an object made at module level costs a RAM alias and a linker warning: make it in a constructor",
	unfrozen:
		"an unfrozen table at module level costs RAM aliases and a linker warning: Object.freeze it, and what is in it",
	bytes: "Object.freeze of a typed array throws in every engine: type it as readonly instead",
	static:
		"static fields are in flash, so writing throws (not writable): make it readonly, or a private field",
	write:
		"what belongs to a module is in flash, so this write throws, or costs a RAM alias: keep it in the instance",
	private:
		"a #private name is a slot in each function that mentions it (47 KB of flash in all): TypeScript's `private`",
	override:
		"builtin prototypes are in flash, so assigning an inherited name throws (not writable): define it as a getter or field",
	stringify: "JSON.stringify of an object in flash throws (read only value): spread it first",
	generator: "a generator started at module level is a link error",
	enum: "is not erasable and costs RAM aliases: use a frozen object and a companion type",
	namespace:
		"a namespace import costs a RAM alias and a linker warning in each module: import names, or one frozen object",
	capture:
		"a kept function that captures a parameter costs a RAM alias and a linker warning: copy it into a const first",
	import: "modules import relative paths inside modules/, ending in .js, at the top",
	layer: "the house: main → device → session → mqtt, and device and main → store",
	ticks: "ticks wrap at 24.8 days: `since` and `until` of modules/session/deadline.ts measure with them",
	types: "leaves an import of a file that is types only, which the linker cannot find: import type",
});

const globals = new Set(
	`undefined NaN Infinity Object Array Number String Boolean Symbol Math JSON BigInt Error TypeError RangeError
	Map Set WeakMap WeakSet ArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array
	Uint32Array Float32Array Float64Array decodeURIComponent encodeURIComponent isNaN isFinite parseInt parseFloat Reflect arguments`.split(
		/\s+/,
	),
);
const typedArray = /^(?:Big)?(?:Ui|I)nt\d+(?:Clamped)?Array$|^Float\d+Array$/;
const collections = new Set(["Map", "Set", "WeakMap", "WeakSet"]);
const writers = new Set(
	"set add delete clear fill copyWithin push pop shift unshift splice sort reverse setUint8 setInt8 setUint16 setInt16 setUint32 setInt32 setFloat32 setFloat64".split(
		" ",
	),
);
const inherited = new Set(["name", "message", "toString", "valueOf", "toJSON", "hasOwnProperty"]);
const layers: Readonly<Record<string, readonly string[]>> = {
	mqtt: ["mqtt"],
	session: ["session", "mqtt"],
	store: ["store", "mqtt/codec"],
	device: ["device", "session", "mqtt", "store"],
};

/** The violations of `source`, a file at `path` (from the repository's root: main.ts, modules/mqtt/client.ts). */
export function check(path: string, source: string, typesOnly: ReadonlySet<string> = new Set()): Violation[] {
	const found: Violation[] = [];
	const program = parse(source);
	const generators = new Set<string>();
	const called = new Set<string>();
	const report = (rule: Violation["rule"], node: Node, what: string): void => {
		found.push({ line: node.loc?.start.line ?? 0, rule, what });
	};
	walk(program, (node, { atModuleLevel }) => {
		if (node.type === "FunctionDeclaration" && node.generator) generators.add(node.id.name);
		if (atModuleLevel && node.type === "CallExpression") called.add(bare(node.callee)?.name);
	});
	walk(program, (node, context) => {
		if (/^(Import|Export\w+)Declaration$/.test(node.type) && node.source)
			importRule(path, node, typesOnly, report);
		if (node.type === "ImportExpression" || (node.type === "CallExpression" && node.callee.type === "Import"))
			report("import", node, "import()");
		if (node.type === "ImportNamespaceSpecifier") report("namespace", node, `* as ${node.local.name}`);
		if (node.type === "TSEnumDeclaration") report("enum", node, `enum ${node.id.name}`);
		if (node.type === "TSModuleDeclaration") report("enum", node, "namespace");
		if ((isFunction(node) && node.async) || node.type === "AwaitExpression" || node.await === true)
			report("promise", node, "async");
		if (node.type === "Identifier") nameRule(node, context, report);
		if (/^Class(Private|Accessor)?Property$/.test(node.type) && node.static) staticRule(node, report);
		if (/^ClassPrivate(Property|Method)$/.test(node.type)) report("private", node, `#${node.key.id.name}`);
		if (node.type === "StaticBlock") report("static", node, "static block");
		if (node.type === "CallExpression") callRule(node, context, report);
		writeRule(node, context, report);
		ticksRule(path, node, report);
		if (!context.atModuleLevel) return;
		if (node.type === "FunctionDeclaration" && called.has(node.id?.name)) captureRule(node, report);
		if (
			node.type === "VariableDeclarator" &&
			called.has(node.id.name) &&
			node.init &&
			isFunction(bare(node.init) as Node)
		)
			captureRule(bare(node.init) as Node, report);
		if (node.type === "VariableDeclaration" && node.kind !== "const" && context.parents.length < 2)
			report("binding", node, node.kind);
		const value =
			node.type === "VariableDeclarator"
				? node.init
				: node.type === "ExportDefaultDeclaration"
					? node.declaration
					: undefined;
		if (value) valueRule(value, report);
		if (node.type === "CallExpression" && generators.has(bare(node.callee)?.name))
			report("generator", node, node.callee.name);
		if (
			node.type === "CallExpression" &&
			isFunction(bare(node.callee) as Node) &&
			bare(node.callee)?.generator
		)
			report("generator", node, "function*");
	});
	return found;
}

type Report = (rule: Violation["rule"], node: Node, what: string) => void;

function importRule(path: string, node: Node, typesOnly: ReadonlySet<string>, report: Report): void {
	const specifier: string = node.source.value;
	const target = resolve(path, specifier);
	if (!target || !specifier.endsWith(".js")) {
		report("import", node, specifier);
		return;
	}
	const [from, to] = [path.split("/")[1] ?? "", target.split("/")[1] ?? ""];
	const allowed = !path.includes("/") ? Object.keys(layers) : layers[from];
	const file = target.replace(/^modules\//, "").replace(/\.js$/, "");
	if (allowed && !allowed.includes(to) && !allowed.includes(file))
		report("layer", node, `${from || path} imports ${file}`);
	if (typesOnly.has(target.replace(/\.js$/, ".ts"))) report("types", node, specifier);
}

/** Where a relative specifier leads, if that is inside modules/. */
function resolve(path: string, specifier: string): string | undefined {
	if (!/^\.\.?\//.test(specifier)) return undefined;
	const parts = path.split("/").slice(0, -1);
	for (const part of specifier.split("/"))
		if (part === "..") {
			if (parts.pop() === undefined) return undefined;
		} else if (part !== ".") parts.push(part);
	return parts[0] === "modules" ? parts.join("/") : undefined;
}

function nameRule(node: Node, { parents, lookup }: Context, report: Report): void {
	if (!isReference(node, parents) || lookup(node.name)) return;
	if (node.name === "Promise") report("promise", node, "Promise");
	else if (!globals.has(node.name)) report("global", node, node.name);
}

/** `(a - b) | 0`, `(a - b) >>> 0`, and a difference of something called ticks. */
function ticksRule(path: string, node: Node, report: Report): void {
	if (path === "modules/session/deadline.ts") return;
	const difference = node.type === "AssignmentExpression" ? node.operator === "-=" : node.operator === "-";
	const wraps = node.type === "BinaryExpression" && (node.operator === "|" || node.operator === ">>>");
	const left = bare(node.left);
	if (wraps && left?.type === "BinaryExpression" && left.operator === "-" && node.right.value === 0)
		report("ticks", node, `(… - …) ${node.operator} 0`);
	else if (difference && [left, bare(node.right)].some(isTicks)) report("ticks", node, "ticks");
}

function isTicks(node: Node | undefined): boolean {
	const name = node?.type === "MemberExpression" ? node.property.name : node?.name;
	return name === "ticks";
}

function staticRule(node: Node, report: Report): void {
	const name = `static ${node.key.id ? `#${node.key.id.name}` : node.key.name}`;
	if (!node.readonly) report("static", node, name);
	if (node.value) valueRule(node.value, report);
}

function callRule(node: Node, { lookup }: Context, report: Report): void {
	const callee = bare(node.callee) as Node;
	if (callee.type !== "MemberExpression") return;
	const [object, method] = [bare(callee.object) as Node, callee.property.name];
	const first = bare(node.arguments[0]);
	if (object.name === "Object" && method === "freeze" && first && isTypedArray(first))
		report("bytes", node, "Object.freeze");
	if (object.name === "JSON" && method === "stringify" && first?.type === "Identifier") {
		const binding = lookup(first.name);
		if (binding === "module" || binding === "import")
			report("stringify", node, `JSON.stringify(${first.name})`);
	}
	if (object.type === "Identifier" && writers.has(method) && lookup(object.name) === "module")
		report("write", node, `${object.name}.${method}()`);
}

function writeRule(node: Node, { lookup, parents }: Context, report: Report): void {
	const target =
		node.type === "AssignmentExpression"
			? bare(node.left)
			: node.type === "UpdateExpression" || (node.type === "UnaryExpression" && node.operator === "delete")
				? bare(node.argument)
				: undefined;
	if (target?.type !== "MemberExpression") return;
	const name = root(target)?.name as string | undefined;
	const binding = name === undefined ? undefined : lookup(name);
	if (
		name === "globalThis" ||
		binding === "module" ||
		binding === "import" ||
		(name && !binding && globals.has(name))
	)
		report("write", node, name as string);
	const property = target.computed ? target.property.value : target.property.name;
	const instance = bare(target.object)?.type === "ThisExpression";
	if (instance && inherited.has(property) && !ownField(property, parents))
		report("override", node, `this.${property}`);
	if (target.object.type === "MemberExpression" && target.object.property.name === "prototype")
		report("write", node, "prototype");
}

/** A field of that name in the class around: defined, so that assigning it does not reach the prototype. */
function ownField(name: string, parents: readonly Node[]): boolean {
	const body = parents.findLast(parent => parent.type === "ClassBody");
	return Boolean(
		body?.body.some(
			(member: Node) => member.type === "ClassProperty" && !member.static && member.key.name === name,
		),
	);
}

function isTypedArray(node: Node): boolean {
	if (node.type === "NewExpression")
		return typedArray.test(bare(node.callee)?.name) || bare(node.callee)?.name === "DataView";
	return node.type === "CallExpression" && typedArray.test(root(node.callee)?.name ?? "");
}

/** A value that the linker puts into flash. */
function valueRule(value: Node, report: Report): void {
	const node = bare(value) as Node;
	if (node.type === "ObjectExpression" || node.type === "ArrayExpression") {
		report("unfrozen", node, "a literal");
		return;
	}
	if (node.type === "ConditionalExpression" || node.type === "LogicalExpression") {
		for (const part of [node.consequent, node.alternate, node.left, node.right])
			if (part) valueRule(part, report);
		return;
	}
	if (node.type === "NewExpression") newRule(node, report);
	if (node.type !== "CallExpression") return;
	const callee = bare(node.callee) as Node;
	if (callee.object?.name !== "Object") return;
	if (callee.property.name === "create") report("unfrozen", node, "Object.create");
	const first = bare(node.arguments[0]);
	if (callee.property.name !== "freeze" || !first) return;
	for (const element of (first.elements ?? first.properties ?? []) as (Node | null)[]) {
		const inner = element?.type === "ObjectProperty" ? element.value : element;
		if (inner && inner.type !== "SpreadElement") valueRule(inner, report);
	}
	if (first.type === "NewExpression") newRule(first, report);
}

function newRule(node: Node, report: Report): void {
	const name: string = bare(node.callee)?.name ?? "?";
	const first = bare(node.arguments[0]);
	if (collections.has(name)) {
		// A table that is only read; changing it is rule `write`.
		if (!first || name.startsWith("Weak")) report("collection", node, `new ${name}`);
	} else if (typedArray.test(name) || name === "ArrayBuffer" || name === "DataView") {
		const constant =
			first?.type === "ArrayExpression" || (first?.type === "NumericLiteral" && first.value === 0);
		if (!constant) report("scratch", node, `new ${name}`);
	} else report("instance", node, `new ${name}`);
}

/** A function that is called while the module is evaluated: what it keeps of its parameters is kept in flash. */
function captureRule(outer: Node, report: Report): void {
	const parameters = new Set<string>(
		outer.params.map((parameter: Node) => parameter.name ?? parameter.left?.name),
	);
	walk({ type: "Program", body: [outer.body] }, (node, { parents }) => {
		if (
			node.type === "Identifier" &&
			parameters.has(node.name) &&
			parents.some(isFunction) &&
			isReference(node, parents)
		)
			report("capture", node, node.name);
	});
}

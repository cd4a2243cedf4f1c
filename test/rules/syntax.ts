/**
 * TypeScript sources as syntax trees for rules.ts: a walk that knows which binding a name means and whether a
 * node is evaluated when the module is (on the device: by the linker) or later, in a function. Types are not
 * visited: nothing of them is left at run time. No type information either; rules judge by form.
 */

import { parse as parseSource } from "@babel/parser";

export interface Node {
	readonly type: string;
	readonly loc?: { readonly start: { readonly line: number } } | null;
	// biome-ignore lint/suspicious/noExplicitAny: Babel's node types are a union of 250 that rules take apart by `type`
	readonly [key: string]: any;
}

/** Where a name was bound. */
export type Binding = "import" | "module" | "local";

export interface Context {
	/** Enclosing nodes, innermost last. */
	readonly parents: readonly Node[];
	/** Evaluated with the module, once, at link time on the device. */
	readonly atModuleLevel: boolean;
	/** What `name` means here; undefined is a global. */
	lookup(name: string): Binding | undefined;
}

export type Visitor = (node: Node, context: Context) => void;

/** Expressions that TypeScript wraps, and declarations of its own that leave code behind. */
const keptTS = new Set([
	"TSAsExpression",
	"TSSatisfiesExpression",
	"TSNonNullExpression",
	"TSTypeAssertion",
	"TSInstantiationExpression",
	"TSParameterProperty",
	"TSEnumDeclaration",
	"TSModuleDeclaration",
	"TSExportAssignment",
	"TSImportEqualsDeclaration",
]);
const typeKeys = new Set([
	"typeAnnotation",
	"returnType",
	"typeParameters",
	"superTypeParameters",
	"implements",
]);

/** `jsx`: of a .tsx file. */
export function parse(source: string, jsx = false): Node {
	const plugins = ["typescript" as const, ...(jsx ? ["jsx" as const] : [])];
	return parseSource(source, { sourceType: "module", plugins }).program as unknown as Node;
}

export function isFunction(node: Node): boolean {
	return (
		node.type === "FunctionDeclaration" ||
		node.type === "FunctionExpression" ||
		node.type === "ArrowFunctionExpression" ||
		node.type === "ClassMethod" ||
		node.type === "ClassPrivateMethod" ||
		node.type === "ObjectMethod"
	);
}

/** The expression itself, without what TypeScript or parentheses put around it. */
export function bare(node: Node | null | undefined): Node | undefined {
	while (node?.type.startsWith("TS") && node.expression) node = node.expression as Node;
	return node ?? undefined;
}

/** The identifier at the root of `a.b[c].d`, if that is what it is. */
export function root(node: Node | null | undefined): Node | undefined {
	let found = bare(node);
	while (found?.type === "MemberExpression" || found?.type === "OptionalMemberExpression")
		found = bare(found.object);
	return found?.type === "Identifier" ? found : undefined;
}

/** Whether this identifier is read as a variable, and not a key, a label or a declaration's name. */
export function isReference(node: Node, parents: readonly Node[]): boolean {
	const parent = parents.at(-1) as Node;
	switch (parent.type) {
		case "MemberExpression":
		case "OptionalMemberExpression":
			return parent.object === node || parent.computed;
		case "ObjectProperty":
			return parent.value === node || parent.computed;
		case "ClassProperty":
		case "ClassAccessorProperty":
			return parent.value === node || parent.computed;
		case "ObjectMethod":
		case "ClassMethod":
			return parent.computed && parent.key === node;
		case "ClassPrivateMethod":
		case "PrivateName":
		case "ImportSpecifier":
		case "ImportDefaultSpecifier":
		case "ImportNamespaceSpecifier":
		case "MetaProperty":
		case "LabeledStatement":
		case "BreakStatement":
		case "ContinueStatement":
		case "FunctionDeclaration":
		case "FunctionExpression":
		case "TSEnumDeclaration":
		case "TSModuleDeclaration":
			return false;
		case "ExportSpecifier":
			return parent.local === node && !parents.at(-2)?.source;
		case "VariableDeclarator":
			return parent.init === node;
		case "ClassDeclaration":
		case "ClassExpression":
			return parent.superClass === node;
		default:
			return true;
	}
}

function names(pattern: Node | null | undefined, into: Set<string>): void {
	if (!pattern) return;
	if (pattern.type === "Identifier") into.add(pattern.name);
	else if (pattern.type === "ObjectPattern")
		for (const property of pattern.properties) names(property.value ?? property.argument, into);
	else if (pattern.type === "ArrayPattern") for (const element of pattern.elements) names(element, into);
	else if (pattern.type === "AssignmentPattern") names(pattern.left, into);
	else if (pattern.type === "RestElement") names(pattern.argument, into);
	else if (pattern.type === "TSParameterProperty") names(pattern.parameter, into);
}

/** Names that these statements declare in their own block; `declare` declares none at run time. */
function declared(statements: readonly Node[], into: Set<string>): Set<string> {
	for (const statement of statements) {
		const node = (statement.declaration as Node | undefined) ?? statement;
		if (node.declare) continue;
		if (node.type === "VariableDeclaration")
			for (const declarator of node.declarations) names(declarator.id, into);
		else if (
			node.type === "FunctionDeclaration" ||
			node.type === "ClassDeclaration" ||
			node.type === "TSEnumDeclaration"
		)
			names(node.id, into);
	}
	return into;
}

function scopeOf(node: Node): Set<string> | undefined {
	const own = new Set<string>();
	if (isFunction(node)) {
		for (const parameter of node.params) names(parameter, own);
		if (node.type === "FunctionExpression") names(node.id, own);
		if (node.type !== "ArrowFunctionExpression") own.add("arguments");
		return own;
	}
	switch (node.type) {
		case "BlockStatement":
		case "StaticBlock":
			return declared(node.body, own);
		case "SwitchStatement":
			for (const branch of node.cases) declared(branch.consequent, own);
			return own;
		case "ForStatement":
			return node.init ? declared([node.init], own) : undefined;
		case "ForOfStatement":
		case "ForInStatement":
			return declared([node.left], own);
		case "CatchClause":
			names(node.param, own);
			return own;
		case "ClassExpression":
			names(node.id, own);
			return own;
	}
	return undefined;
}

/** Calls `visit` for every node that exists at run time, parents first. */
export function walk(program: Node, visit: Visitor): void {
	const imports = new Set<string>();
	for (const node of program.body as Node[])
		if (node.type === "ImportDeclaration" && node.importKind !== "type")
			for (const specifier of node.specifiers) imports.add(specifier.local.name);
	const module = declared(program.body, new Set<string>());
	const locals: Set<string>[] = [];
	const parents: Node[] = [];
	let depth = 0;
	const context: Context = {
		parents,
		get atModuleLevel() {
			return depth === 0;
		},
		lookup(name) {
			if (locals.some(scope => scope.has(name))) return "local";
			return imports.has(name) ? "import" : module.has(name) ? "module" : undefined;
		},
	};
	function enter(node: Node): void {
		if (node.declare || (node.type.startsWith("TS") && !keptTS.has(node.type))) return;
		if ((node.type === "ImportDeclaration" && node.importKind === "type") || node.exportKind === "type")
			return;
		const scope = scopeOf(node);
		if (scope) locals.push(scope);
		visit(node, context);
		parents.push(node);
		for (const key of Object.keys(node)) {
			if (typeKeys.has(key)) continue;
			const value = node[key];
			// An instance field's value is computed by the constructor, unlike a static one's.
			const later =
				(isFunction(node) && key !== "key") ||
				(key === "value" && /^Class.*Property$/.test(node.type) && !node.static);
			if (later) depth++;
			for (const child of Array.isArray(value) ? value : [value])
				if (child && typeof child.type === "string") enter(child);
			if (later) depth--;
		}
		parents.pop();
		if (scope) locals.pop();
	}
	for (const node of program.body as Node[]) enter(node);
}

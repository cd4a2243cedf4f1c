/**
 * What the npm package and Moddable's manifests export says what it is: each public declaration, and each public member of it,
 * has a docstring of its own. By form alone: whether it is true, and whether units and errors are in it, a reader must see.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./sources.js";
import { type Node, parse } from "./syntax.js";

/** Where the declarations of each export of package.json are, those of the types that they mention included. */
const files: readonly string[] = [
	"main.ts",
	"hosts/moddable/board/lean.ts",
	"modules/device/start.ts",
	"modules/device/io.ts",
	"modules/mqtt/io.ts",
	"modules/mqtt/client.ts",
	"modules/mqtt/writer.ts",
	"modules/mqtt/connection.ts",
	"modules/session/options.ts",
	"modules/session/outcomes.ts",
	"modules/session/session.ts",
	"modules/store/flash.ts",
	"modules/store/store.ts",
	"modules/store/outbox.ts",
	"modules/store/state.ts",
	"hosts/node/device.ts",
	"hosts/node/clock.ts",
	"hosts/node/credentials.ts",
	"hosts/node/flash.ts",
	"hosts/node/keyvalue.ts",
	"hosts/node/pins.ts",
	"hosts/node/resolver.ts",
	"hosts/node/tcp.ts",
	"hosts/node/timer.ts",
	"hosts/node/tls.ts",
];

/** Of a file that has more than what is exported. */
const only: { readonly [file: string]: readonly string[] } = {
	"modules/session/outcomes.ts": ["Outcome", "Reason", "Report", "Counters"],
	"modules/store/flash.ts": ["Flash", "FlashPartition"],
};

const documented = ({ leadingComments = [] }: Node): boolean =>
	(leadingComments ?? []).some(({ type, value }: Node) => type === "CommentBlock" && value.startsWith("*"));

const line = ({ loc }: Node) => loc?.start.line;

/** `name`, for what has one. */
const nameOf = ({ id, key }: Node): string => id?.name ?? key?.name ?? key?.value ?? "";

const read = (file: string): Node[] => parse(readFileSync(join(root, file), "utf8")).body as Node[];

/** Names of members of interfaces: what implements one of these need not say the same again. */
const declared = new Set(
	[...files, "modules/store/mount.ts"].flatMap(read).flatMap(({ declaration }) => {
		if (declaration?.type !== "TSInterfaceDeclaration") return [];
		return declaration.body.body.map((member: Node) => nameOf(member));
	}),
);

function isConstant(member: Node | undefined): boolean {
	const name = member ? nameOf(member) : "";
	return /^[A-Z]/.test(name) && name !== "QoS";
}

function members(declaration: Node): Node[] {
	const body: Node[] = declaration.body.body;
	const known = new Set<string>();
	return body.filter((member, index) => {
		const { accessibility, key, type, kind, override, static: own, computed } = member;
		if (accessibility === "private" || accessibility === "protected" || key?.type === "PrivateName")
			return false;
		// A constructor without docstring is its class's; what is overridden, or a further overload, is said where it is first.
		if (kind === "constructor" || override || type === "TSIndexSignature") return false;
		if (type === "TSConstructSignatureDeclaration" || type === "TSCallSignatureDeclaration") return false;
		if (computed || (declaration.implements?.length && declared.has(nameOf(member)))) return false;
		const name = `${own ? "static " : ""}${nameOf(member)}`;
		if (known.has(name)) return false;
		known.add(name);
		// Constants that stand together have the docstring of the first.
		return !(isConstant(member) && isConstant(body[index - 1]));
	});
}

/** `file:line name`, of each that says nothing. */
function silent(file: string): string[] {
	const found: string[] = [];
	const known = new Set<string>();
	for (const statement of read(file)) {
		const { declaration, type } = statement;
		if (!declaration || !/^Export(Named|Default)Declaration$/.test(type)) continue;
		if (declaration.type === "Identifier") continue;
		const name = nameOf(declaration) || nameOf(declaration.declarations?.[0] ?? declaration);
		if (only[file]?.includes(name) === false) continue;
		// A constant and the type of its values have one name, and one docstring.
		// Half of a class is said with the whole.
		if (!documented(statement) && !known.has(name) && !declaration.abstract)
			found.push(`${file}:${line(statement)} ${name}`);
		known.add(name);
		if (/^(ClassDeclaration|TSInterfaceDeclaration)$/.test(declaration.type))
			for (const member of members(declaration))
				if (!documented(member)) found.push(`${file}:${line(member)} ${name}.${nameOf(member)}`);
	}
	return found;
}

describe("what the packages export", () => {
	for (const file of files)
		it(`is said, each declaration and each member, in ${file}`, () => assert.deepEqual(silent(file), []));
});

/** The files the rules are for, and what is let through, with its reason. */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Violation } from "./rules.js";
import { parse } from "./syntax.js";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** main.ts and modules/**, absolute. */
export function sources(): string[] {
	const modules = readdirSync(join(root, "modules"), { recursive: true, encoding: "utf8" })
		.filter(name => name.endsWith(".ts"))
		.map(name => join(root, "modules", name));
	return [join(root, "main.ts"), ...modules.sort()];
}

/** Paths of files that leave no code behind: they are in no manifest, and may only be imported as types. */
export function typesOnly(): Set<string> {
	const types = sources().filter(file => isTypesOnly(readFileSync(file, "utf8")));
	return new Set(types.map(file => relative(root, file).replaceAll("\\", "/")));
}

export function isTypesOnly(source: string): boolean {
	return parse(source).body.every(
		({ type, declare, importKind, exportKind, declaration }: Record<string, unknown>) =>
			type === "TSInterfaceDeclaration" ||
			type === "TSTypeAliasDeclaration" ||
			declare === true ||
			importKind === "type" ||
			(exportKind === "type" && (type === "ExportNamedDeclaration" || declaration !== undefined)),
	);
}

/** Each exception says why it is safe on the device. */
const exceptions: readonly { path: string; rule: Violation["rule"]; what: string; because: string }[] = [
	{
		path: "modules/mqtt/codec.ts",
		rule: "global",
		what: "globalThis",
		because: "asks for what Node has; XS never gets there",
	},
	{
		path: "modules/mqtt/codec.ts",
		rule: "instance",
		what: "new ?",
		because: "TextEncoder, TextDecoder: not made in XS",
	},
	...["ticks", "(… - …) | 0"].map(what => ({
		path: "modules/device/time.ts",
		rule: "ticks" as const,
		what,
		because: "uptime, which all of the device measures with: read at least once an hour, and at each sample",
	})),
];

export function exempt(path: string, rule: Violation["rule"], what: string): boolean {
	return exceptions.some(each => each.path === path && each.rule === rule && each.what === what);
}

/**
 * The rules for code on XS (DESIGN.md) hold for main.ts and every file under modules/, and each rule can fail.
 * What they guard against shows on the device alone: no test in Node, nor in XS without the linker, sees it.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { check, why } from "./rules.js";
import { snippets } from "./snippets.js";
import { exempt, root, sources, typesOnly } from "./sources.js";

describe("rules for code that the device runs", () => {
	const types = typesOnly();
	for (const file of sources())
		it(`${relative(root, file)} breaks none of them`, () => {
			const path = relative(root, file).replaceAll("\\", "/");
			const violations = check(path, readFileSync(file, "utf8"), types).filter(
				({ rule, what }) => !exempt(path, rule, what),
			);
			const lines = violations.map(({ line, rule, what }) => `${path}:${line}: ${what}: ${why[rule]}`);
			assert.deepEqual(lines, [], lines.join("\n"));
		});
});

describe("each of these rules", () => {
	const types = new Set(["modules/mqtt/types.ts"]);
	for (const { source, rules, path = "modules/mqtt/probe.ts" } of snippets)
		it(`${rules.length ? `finds "${rules.join(", ")}" in` : "finds nothing wrong with"} ${source.replaceAll("\n", " ")}`, () => {
			assert.deepEqual(
				check(path, source, types)
					.map(({ rule }) => rule)
					.sort(),
				rules,
			);
		});
	it("has a snippet that breaks it", () => {
		const broken = new Set(snippets.flatMap(({ rules }) => rules));
		assert.deepEqual(
			Object.keys(why).filter(rule => !broken.has(rule as keyof typeof why)),
			[],
		);
	});
});

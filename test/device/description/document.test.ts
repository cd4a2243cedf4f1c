/** DESCRIPTION.md names each key of the form, and the form has each key that its tables name. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { features } from "../../../main.js";
import { board } from "../../../modules/device/description/schema.js";
import type { Keys, Spec } from "../../../modules/device/description/validate.js";
import { root } from "../../rules/sources.js";

const document = readFileSync(join(root, "modules/device/DESCRIPTION.md"), "utf8");

function keysOf(keys: Keys): string[] {
	return Object.entries(keys).flatMap(([key, spec]) => [key, ...inside(spec)]);
}
function inside(spec: Spec): string[] {
	if (typeof spec === "string") return [];
	return "item" in spec ? inside(spec.item) : keysOf({ ...spec.keys, ...spec.settings });
}
const keys = new Set([
	...keysOf(board.keys),
	...features.flatMap(feature => [...keysOf(feature.board), ...keysOf(feature.sensor)]),
]);

describe("DESCRIPTION.md", () => {
	for (const key of keys)
		it(`names the key ${key}`, () => assert.match(document, new RegExp(`\`${key}\``), "it is missing"));

	it("has no key in its tables that the form has not", () => {
		const rows = [...document.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = ""]) =>
			[...names.matchAll(/`(\w+)`/g)].map(([, name]) => name as string),
		);
		assert.ok(rows.length > 30, `${rows.length} rows`);
		assert.deepEqual(
			rows.filter(name => !keys.has(name)),
			[],
		);
	});
});

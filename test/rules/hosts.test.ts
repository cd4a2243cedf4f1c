/** A host imports another only where it runs on it; what several need is in hosts/shared. Modules import no host (rules.ts). */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { root } from "./sources.js";

const allowed: Readonly<Record<string, readonly string[]>> = {
	shared: [],
	node: ["shared"],
	xs: [],
	desk: ["node", "xs", "shared"],
	moddable: ["shared"],
	simulator: ["moddable", "shared"],
	esp32: ["moddable", "shared"],
};

/** The hosts that a file imports, by a path or by the name that a manifest gives the module. */
function imported(file: string): string[] {
	const text = readFileSync(file, "utf8");
	const specifiers = [...text.matchAll(/(?:from|import) "([^"]+)"/g)].map(([, specifier = ""]) => specifier);
	return specifiers
		.map(specifier =>
			specifier.startsWith(".") ? relative(root, join(dirname(file), specifier)) : specifier,
		)
		.filter(path => path.startsWith("hosts/"))
		.map(path => path.split("/")[1] as string);
}

describe("the host", () => {
	const folders = readdirSync(join(root, "hosts"));
	it("list is the list of folders", () => assert.deepEqual(Object.keys(allowed).sort(), folders.sort()));
	for (const [host, others] of Object.entries(allowed))
		it(`${host} imports of hosts ${[...others].join(", ") || "none"} beside itself`, () => {
			const folder = join(root, "hosts", host);
			for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
				if (!name.endsWith(".ts") || name.startsWith("page")) continue;
				for (const other of imported(join(folder, name)))
					assert.ok(other === host || others.includes(other), `hosts/${host}/${name} imports hosts/${other}`);
			}
		});
});

/** The house as a whole: no imports in a circle, a file name means one thing, and nothing cites a file that is not here. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize, relative } from "node:path";
import { root, sources } from "./sources.js";
import { parse } from "./syntax.js";

const files = sources().map(file => relative(root, file).replaceAll("\\", "/"));

const hosts = readdirSync(join(root, "hosts"), { recursive: true, encoding: "utf8" })
	.filter(name => /\.tsx?$/.test(name) && !name.includes("node_modules"))
	.map(name => `hosts/${name.replaceAll("\\", "/")}`);
const present = new Set([...files, ...hosts]);

/** The files that each file imports, types included. */
const imports = new Map(
	[...present].map(file => {
		const { body } = parse(readFileSync(join(root, file), "utf8"), file.endsWith(".tsx"));
		const from = body.flatMap(({ source }: { source?: { value: string } }) => (source ? [source.value] : []));
		const near = from.filter((path: string) => path.startsWith("."));
		const named = near.map((path: string) => normalize(join(dirname(file), path)).replace(/\.js$/, ""));
		return [file, named.map((name: string) => (present.has(`${name}.tsx`) ? `${name}.tsx` : `${name}.ts`))];
	}),
);

/** A way from a file back to itself, if there is one. */
function circle(start: string): string[] | undefined {
	const seen = new Set<string>();
	const go = (file: string, way: string[]): string[] | undefined => {
		for (const next of imports.get(file) ?? []) {
			if (next === start) return [...way, next];
			if (seen.has(next)) continue;
			seen.add(next);
			const found = go(next, [...way, next]);
			if (found) return found;
		}
		return undefined;
	};
	return go(start, [start]);
}

describe("the house", () => {
	it("has no imports in a circle, types included", () => {
		for (const file of present) assert.equal(circle(file)?.join(" → "), undefined);
	});

	it("has no file name with two meanings in modules/: io and options are what they say in each room", () => {
		const named = new Map<string, string>();
		for (const file of files) {
			const name = basename(file);
			if (name === "io.ts" || name === "options.ts") continue;
			assert.equal(named.get(name), undefined, `${file}: the name is taken`);
			named.set(name, file);
		}
	});

	it("has a clause, or a section of a document, in the header of each file: what it serves", () => {
		for (const file of files) {
			const [header = ""] = /^\/\*\*.*?\*\//s.exec(readFileSync(join(root, file), "utf8")) ?? [];
			assert.match(header, /§|\[MQTT-|\.md\b|RFC \d|https:/, file);
		}
	});

	it("has each file of modules/ in DESIGN.md's picture of it", () => {
		const design = readFileSync(join(root, "DESIGN.md"), "utf8");
		const [, picture = ""] = /## The house\n\n```text\n(.*?)```/s.exec(design) ?? [];
		const named = new Set(picture.match(/[a-z0-9]+/g));
		for (const file of files) assert.ok(named.has(basename(file, ".ts")), `${file} is not in the picture`);
	});

	it("has at most twelve entries at its root, those that begin with a dot and what is made here not counted", () => {
		const ignored = readFileSync(join(root, ".gitignore"), "utf8").split("\n");
		const entries = readdirSync(root).filter(
			name => !name.startsWith(".") && !ignored.some(line => line.replaceAll("/", "") === name),
		);
		assert.ok(entries.length <= 12, entries.join(", "));
	});

	it("has each file that a document names", () => {
		const listed = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" });
		const files = listed.split("\n");
		const documents = files.filter(name => name.endsWith(".md") && !name.startsWith("examples/"));
		const absent = documents.flatMap(document => {
			const text = readFileSync(join(root, document), "utf8");
			const names = text.match(/(?<![\w./-])[\w-]+(\/[\w.-]+)+\.(?:ts|tsx|c|md|json)\b/g) ?? [];
			return names
				.filter(name => !/(^|\/)([A-Z]+\/|[A-Z]+\.json|my-board\/)/.test(name))
				.filter(name => !files.some(file => file === name || file.endsWith(`/${name}`)))
				.map(name => `${document}: ${name}`);
		});
		assert.deepEqual([...new Set(absent)], []);
	});

	it("cites no notes from outside of the repository", () => {
		const folders = ["modules", "hosts", "test", "examples"];
		const own = "test/rules/house.test.ts";
		const inside = folders.flatMap(folder =>
			readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map(name => `${folder}/${name}`),
		);
		for (const file of [...readdirSync(root), ...inside].filter(name => /\.(tsx?|md)$/.test(name))) {
			if (file === own) continue;
			const found = /\b(field-notes|(style|house|performance)\.md)\b/.exec(
				readFileSync(join(root, file), "utf8"),
			);
			assert.equal(found?.[0], undefined, file);
		}
	});
});

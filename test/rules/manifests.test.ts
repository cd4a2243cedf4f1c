/**
 * The manifests of Moddable's SDK name exactly the files there are. mcconfig says nothing about a module that is
 * missing (the board then dies at boot without naming it), nor about one that is not preloaded (it costs RAM).
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { isTypesOnly, root, sources } from "./sources.js";

interface Manifest {
	readonly include?: readonly string[];
	readonly modules?: Readonly<Record<string, string | readonly string[]>>;
	readonly preload?: readonly string[];
	readonly platforms?: Readonly<Record<string, Manifest>>;
}

const read = (folder: string, name = "manifest") =>
	JSON.parse(readFileSync(join(root, folder, `${name}.json`), "utf8")) as Manifest;

/** Names of the modules in a folder that leave code behind, and of those below it that have no manifest of their own. */
function present(folder: string): string[] {
	return readdirSync(join(root, folder), { recursive: folder.startsWith("modules/"), encoding: "utf8" })
		.filter(name => name.endsWith(".ts") && !name.endsWith(".d.ts"))
		.filter(name => !features.some(feature => join(folder, dirname(name)) === feature && feature !== folder))
		.filter(name => !isTypesOnly(readFileSync(join(root, folder, name), "utf8")))
		.map(name => `${folder}/${name.slice(0, -3)}`);
}

/** Folders of what a firmware may be built without, each with its manifest. */
const features = ["modules/device/aws", "modules/device/homeassistant"];

/** A host's part of a feature, in a manifest of its own that only the feature includes. */
const parts = new Map([
	["hosts/moddable", "request"],
	["hosts/esp32", "request"],
]);

/** All that the manifests of a folder name. */
function manifestOf(folder: string): Manifest {
	const { modules, preload = [] } = read(folder);
	const part = parts.get(folder);
	const more = part === undefined ? {} : read(folder, part);
	return { modules: { ...modules, ...more.modules }, preload: [...preload, ...(more.preload ?? [])] };
}

/** What a manifest calls the file at a path, from the repository's root and without extension. */
function named(folder: string, { modules = {} }: Manifest): Map<string, string> {
	const own = Object.entries(modules).filter(
		([name, path]) =>
			name !== "~" &&
			name !== "*" &&
			!`${path}`.startsWith("$") &&
			!existsSync(join(root, folder, `${path}.d.ts`)),
	);
	return new Map(own.map(([name, path]) => [relative(root, join(root, folder, path as string)), name]));
}

/** modules/mqtt, modules/session …: a manifest names what is in the folders below its own too. */
const folders = [...new Set(sources().map(file => relative(root, file).split("/").slice(0, -1)))]
	.map(path => path.slice(0, 2).join("/"))
	.filter((folder, index, all) => folder && all.indexOf(folder) === index);

/** Modules that go by the name ECMA-419 gives them, or by that of the SDK's module in whose place they are. */
const standard = new Map([
	["hosts/moddable/mqtt/client", "embedded:network/mqtt/client"],
	["hosts/moddable/session/session", "glowworm/session"],
	["hosts/moddable/session/store", "glowworm/store"],
	["hosts/moddable/board/main", "main"],
	["hosts/moddable/trust", "ssl/cert"],
	["hosts/moddable/handshake", "ssl/handshake"],
	["hosts/moddable/session", "ssl/session"],
]);

/** What modules in the SDK's place have the SDK's own under (manifest_sdk.json). */
const behind = new Set(["sdk/handshake", "sdk/session"]);

describe("the manifest of", () => {
	for (const folder of [
		...folders,
		...features,
		"hosts/moddable",
		"hosts/moddable/mqtt",
		"hosts/moddable/session",
		"hosts/esp32",
		"hosts/simulator",
	])
		it(`${folder} maps every file that has code, and no other, to its path, and preloads it`, () => {
			const manifest = manifestOf(folder);
			const names = named(folder, manifest);
			const here = [...names].filter(([path]) =>
				folder.startsWith("modules/") ? path.startsWith(`${folder}/`) : dirname(path) === folder,
			);
			assert.deepEqual(here.map(([path]) => path).sort(), present(folder).sort());
			for (const [path, name] of names) {
				// The SDK runs what is called setup/… before main; run once, it is not worth its flash.
				const expected = path.endsWith("/setup") ? "setup/device" : (standard.get(path) ?? path);
				assert.equal(name, expected);
				// The SDK's manifest preloads all of ssl/, ours by these names too.
				// JavaScript calls a program that may be of either language, once.
				if (!name.startsWith("setup/") && !name.startsWith("ssl/") && name !== "hosts/moddable/start")
					assert.ok(manifest.preload?.includes(name), `${name} is not preloaded`);
			}
			// A name that no module has is ignored in silence.
			for (const name of manifest.preload ?? [])
				assert.ok(behind.has(name) || [...names.values()].includes(name), `${name} is no module`);
		});
	it("the library includes that of every folder of modules, and one host for every platform", () => {
		const { include = [], platforms = {} } = read("hosts/moddable/board", "core");
		for (const folder of folders) assert.ok(include.includes(`../../../${folder}/manifest.json`), folder);
		for (const platform of ["esp32", "esp32/*", "lin", "mac", "win"])
			assert.ok(platforms[platform]?.include, platform);
		assert.ok("error" in (platforms["..."] ?? {}), "another platform is an error");
	});
	it("the library has every feature, and without features has what all of them need", () => {
		const board = (name: string) => read("hosts/moddable/board", name);
		const every = features.map(folder => basename(folder));
		assert.deepEqual(board("manifest").include, ["./core.json", ...every.map(name => `./${name}.json`)]);
		assert.deepEqual(board("lean").include, ["./core.json"]);
		for (const name of every) {
			const { include, modules, preload } = board(name);
			assert.deepEqual(include, [`../../../modules/device/${name}/manifest.json`]);
			assert.deepEqual([modules, preload], [{ [`glowworm/${name}`]: `./${name}` }, [`glowworm/${name}`]]);
		}
	});
	it("an ESP32 has its part for keys with AWS's feature only", () => {
		const request = { include: "../../esp32/request.json" };
		assert.deepEqual(read("hosts/moddable/board", "aws").platforms, { esp32: request, "esp32/*": request });
		assert.deepEqual(read("hosts/esp32", "request").include, ["../moddable/request.json"]);
		for (const folder of ["hosts/moddable", "hosts/esp32"])
			assert.doesNotMatch(JSON.stringify(read(folder)), /key"|request/);
	});
	it("the repository is the library and the program of it that has nothing of its own", () => {
		const { include, modules, preload } = read(".");
		assert.deepEqual(include, ["./hosts/moddable/board/manifest.json"]);
		assert.deepEqual([modules, preload], [{ main: "./hosts/moddable/board/main" }, ["main"]]);
	});
	it("each library has the fields of classes assigned, not defined, which its own modules and programs save flash by", () => {
		const { typescript } = JSON.parse(readFileSync(join(root, "hosts/moddable/sdk.json"), "utf8"));
		assert.equal(typescript.tsconfig.compilerOptions.useDefineForClassFields, false);
		for (const [folder, name, file] of [
			["hosts/moddable/mqtt", "manifest", "../sdk.json"],
			["hosts/moddable/session", "manifest", "../mqtt/manifest.json"],
			["hosts/moddable/board", "core", "../sdk.json"],
		] as const)
			assert.ok(read(folder, name).include?.includes(file), `${folder}/${name}.json`);
	});
	it("no other file than hosts/moddable/sdk.json says where the SDK has something", () => {
		const files = ["hosts", "modules", "examples"]
			.flatMap(folder =>
				readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map(
					name => `${folder}/${name}`,
				),
			)
			.filter(name => name.endsWith(".json") && name !== "hosts/moddable/sdk.json");
		const naming = /\$\((MODDABLE|MODULES|BUILD)\)/;
		for (const name of ["manifest.json", ...files])
			assert.doesNotMatch(readFileSync(join(root, name), "utf8"), naming, name);
	});
});

/**
 * `npm run image`: the firmware for the ESP32 linked as one module, in a folder whose manifest takes the place of
 * hosts/moddable/board's: less of flash, and no RAM alias for each of a hundred modules; with `--lean` without Home Assistant and
 * what is AWS's. esbuild puts the modules one behind the other; what no program can reach is left out, numbers and words stand
 * in place of their names, and the other names are those of names.ts.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build, transformSync } from "esbuild";
import { privates, type Renamed, renamed } from "./names.js";

/** The one module. */
const LIBRARY = "glowworm";
const root = join(fileURLToPath(import.meta.url), "../../..");

type Host = "esp32" | "simulator";

type Named = readonly [module: string, file: string, names: readonly string[]];

/** What programs and the SDK import by name: the file, and what is taken from it, as in an export. */
const whole: Named = [LIBRARY, "main", ["board", "features", "default"]];
const lean: Named = [LIBRARY, "modules/device/start", ["default as board", "default"]];
const parts: readonly Named[] = [
	["glowworm/session", "modules/session/session", ["Outcome", "Reason", "Report", "default"]],
	["glowworm/store", "modules/store/store", ["default"]],
];
/** What those modules import that replace the SDK's of TLS: linked by itself. */
const alone: readonly Named[] = [
	["hosts/moddable/refusal", "hosts/moddable/refusal", ["refusal"]],
	["hosts/shared/der", "hosts/shared/der", ["certificates", "wellFormed"]],
];
/** What stays a module of its own; also what has a C file beside it, which mcconfig finds by the module. */
const apart = (module: string) =>
	alone.some(([name]) => name === module) || existsSync(join(root, `${module}.c`));

/** What the SDK's `modules` says of a host's part of a feature is known here: the image needs neither it nor its questions. */
const asked = { path: "modules", namespace: "asked" };
const part = "hosts/esp32/request";
const answers = `import request from "${part}";
export default Object.freeze({ has: () => true, importNow: () => request });`;
const none = "export default Object.freeze({ has: () => false });";

export interface ImageOptions {
	/** The simulator is for tests; `esp32` if not given. */
	readonly host?: Host;
	/** No feature is in it. */
	readonly lean?: boolean;
}

export interface Linked extends Renamed {
	/** Before its names were changed: what the map leads to. */
	readonly readable: string;
	/** The files that it was made of. */
	readonly files: readonly string[];
}

/**
 * The text of one module that exports what `contents` does, TypeScript with paths from the root. Its map names `source`.
 * `present`: the host's part of a feature is in it. Rejects with esbuild's own complaint.
 */
export async function link(contents: string, source = "readable.js", present = true): Promise<Linked> {
	const { outputFiles, metafile } = await build({
		stdin: { contents, resolveDir: root, loader: "ts" },
		bundle: true,
		format: "esm",
		target: "es2024",
		write: false,
		metafile: true,
		treeShaking: true,
		absWorkingDir: root,
		tsconfig: join(root, "tsconfig.json"),
		plugins: [
			{
				name: "apart",
				setup(made) {
					made.onResolve({ filter: /./ }, ({ path, importer, resolveDir }) => {
						if (importer === "<stdin>") return undefined;
						if (/^\.\.?\//.test(path)) {
							const module = relative(root, join(resolveDir, path)).replace(/\.js$/, "");
							return apart(module) ? { path: module, external: true } : undefined;
						}
						if (apart(path)) return { path, external: true };
						if (path === asked.path) return asked;
						return /^(?:hosts|modules)\//.test(path)
							? { path: join(root, `${path}.ts`) }
							: { path, external: true };
					});
					made.onLoad({ filter: /./, namespace: asked.namespace }, () => ({
						contents: present ? answers : none,
						resolveDir: root,
					}));
				},
			},
		],
	});
	// esbuild makes variables of classes and constants at the top. Ours have one value each (test/rules): as variables they would be copied to RAM.
	const text = (outputFiles[0]?.text ?? "").replace(/^var /gm, "const ");
	const files = Object.keys(metafile.inputs).filter(file => file.endsWith(".ts"));
	const readable = inlined(text);
	const members = privates(files.map(file => readFileSync(join(root, file), "utf8")));
	return { ...(await renamed(source, readable, members)), readable, files };
}

/** Writes the folder, which may lie anywhere. Rejects with esbuild's own complaint. */
export async function writeImage(
	folder: string,
	{ host = "esp32", lean: without = false }: ImageOptions = {},
): Promise<void> {
	const device = `hosts/${host}/device`;
	const all: readonly Named[] = [without ? lean : whole, ...parts, [device, device, ["createDevice"]]];
	/** Of `source as name`, or of a name that is its own source. */
	const taken = (names: readonly string[]) =>
		names.map(each => [each.split(" ")[0], each.split(" ").at(-1)] as const);
	/** What the one module exports it as: what is the library's own under its name, defaults of the others under their module's. */
	const inner = (module: string, name = "") =>
		name === "default" && module !== LIBRARY ? module.split("/").at(-1) : name;
	const lines = all.map(
		([module, file, names]) =>
			`export { ${taken(names).map(([source, name]) => `${source} as ${inner(module, name)}`)} } from "./${file}.js";`,
	);
	const linked = await link(lines.join("\n"), `${LIBRARY}.readable.js`, !without);
	const files = [...linked.files];
	mkdirSync(folder, { recursive: true });
	const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
	const writeModule = (own: string, { code, map, readable }: Linked) => {
		write(`${own}.readable.js`, readable);
		write(`${own}.js`, `${code}\n//# sourceMappingURL=${own}.js.map\n`);
		write(`${own}.js.map`, map);
	};
	const declare = (own: string, file: string, names: readonly string[]) => {
		const types = JSON.stringify(relative(folder, join(root, `${file}.js`)));
		write(`${own}.d.ts`, `export * from ${types};\nexport { ${names} } from ${types};\n`);
	};
	writeModule(LIBRARY, linked);
	const modules: { [name: string]: string } = {};
	for (const [module, file, names] of all) {
		const own = module.replaceAll("/", "-");
		const list = taken(names).map(([, name]) => `${inner(module, name)} as ${name}`);
		if (module !== LIBRARY) write(`${own}.js`, `export { ${list} } from "${LIBRARY}";\n`);
		declare(own, file, names);
		modules[module] = `./${own}`;
	}
	for (const [module, file, names] of alone) {
		const own = module.replaceAll("/", "-");
		const text = await link(`export { ${names} } from "./${file}.js";`, `${own}.readable.js`);
		writeModule(own, text);
		declare(own, file, names);
		files.push(...text.files);
		modules[module] = `./${own}`;
	}
	const own = [
		"session/session",
		"session/store",
		...(without ? ["board/lean"] : ["board/aws", "board/homeassistant"]),
	];
	const away = [...files, ...own.map(file => `hosts/moddable/${file}.ts`)];
	const manifest = {
		include: [relative(folder, join(root, `hosts/moddable/board/${without ? "lean" : "manifest"}.json`))],
		modules: {
			"~": [
				...away.map(file => relative(folder, join(root, file.replace(/\.ts$/, "")))),
				"$(SDK_MODULES)/modules",
			],
			...modules,
		},
		preload: Object.keys(modules),
	};
	write("manifest.json", `${JSON.stringify(manifest, undefined, "\t")}\n`);
}

/**
 * `NAME = NUMBER`, `NAME = "WORD"`, or `NAME = Object.freeze({ KEY: NUMBER, … })`, comments among them. A text in a function is copied
 * to the heap at each use: a word is a record's key, and seldom used; the pieces of JSON that a sample is made of are no words.
 */
const named =
	/^const (\w+) = (?:(-?[\d.e]+|"[\w/-]{1,16}")|Object\.freeze\(\{((?:\s*(?:\/\*.*?\*\/\s*)*\w+: -?[\d.e]+,?)+)\s*\}\));\n/gms;

/**
 * With each number and word in place of its name, as `enum` would have it: a name takes 60 bytes of flash, and time at each use.
 * Objects of numbers that are exported, or used as a whole, stay: `kept`.
 */
export function inlined(text: string, kept = exported(text)): string {
	const define: { [name: string]: string } = {};
	const objects: string[] = [];
	const rest = text.replace(named, (whole, name: string, number: string | undefined, members = "") => {
		if (kept.includes(name)) return whole;
		if (number) define[name] = number;
		else objects.push(name);
		const pairs = members.replace(/\/\*.*?\*\//gs, "").matchAll(/(\w+): (-?[\d.e]+)/g);
		for (const [, key, value = ""] of pairs) define[`${name}.${key}`] = value;
		return "";
	});
	// Where no declaration is left, esbuild puts in the number, and in no text, property or other variable of that name.
	const { code } = transformSync(rest, { define, format: "esm", target: "es2024" });
	const used = objects.filter(name => new RegExp(`\\b${name}\\b`).test(code));
	return used.length ? inlined(text, [...kept, ...used]) : code;
}

/** The names in what esbuild writes at the end. */
function exported(text: string): string[] {
	return text.slice(text.lastIndexOf("\nexport {")).match(/\w+/g) ?? [];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
	const { values, positionals } = parseArgs({
		options: { lean: { type: "boolean" } },
		allowPositionals: true,
	});
	const folder = positionals[0] ?? "build/image";
	await writeImage(folder, { lean: values.lean ?? false });
	const { length } = readFileSync(join(folder, `${LIBRARY}.js`));
	console.log(`${join(folder, "manifest.json")}: ${length} bytes of JavaScript in one module`);
}

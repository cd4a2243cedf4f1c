/**
 * A program of one's own in the place of main.ts, as `--firmware` names it: the file or its folder. The library's names in it mean
 * this checkout, and the names that the manifest beside it gives to files of its own mean those; nothing of Node is in its reach,
 * so that what runs here runs on a microcontroller.
 */

import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Device } from "../../modules/device/io.js";
import { Wrong } from "./config.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What `glowworm` and its parts are; package.json says the same to npm, hosts/moddable to mcconfig. */
const library = {
	glowworm: "main.ts",
	"glowworm/aws": "modules/device/aws/aws.ts",
	"glowworm/homeassistant": "modules/device/homeassistant/homeassistant.ts",
	"glowworm/mqtt": "modules/mqtt/client.ts",
	"glowworm/session": "modules/session/session.ts",
	"glowworm/store": "modules/store/store.ts",
};

export interface Program {
	readonly entry: string;
	/** Of its folder. */
	readonly name: string;
	/** Files in the place of bare specifiers. */
	readonly alias: { readonly [specifier: string]: string };
}

/** What `main` returns: something to end it by, if anything. */
export type Main = (device: Device) => { close?(callback: () => void): void } | undefined;

/** Throws `Wrong` where there is no such program. */
export function program(path: string): Program {
	const entry = existsSync(path) && statSync(path).isDirectory() ? join(path, "main.ts") : path;
	if (!existsSync(entry)) throw new Wrong([`--firmware: expected a file or its folder, found no ${entry}`]);
	const alias = Object.fromEntries(Object.entries(library).map(([name, file]) => [name, join(root, file)]));
	return { entry, name: basename(dirname(resolve(entry))), alias: { ...alias, ...ownNames(dirname(entry)) } };
}

interface Manifest {
	readonly modules?: { readonly [specifier: string]: unknown };
	readonly platforms?: { readonly [platform: string]: Manifest };
}

/** Of a manifest, the modules in its own folder: those of every platform, and those of any that is not named. */
function ownNames(folder: string): { [specifier: string]: string } {
	const file = join(folder, "manifest.json");
	if (!existsSync(file)) return {};
	let manifest: Manifest;
	try {
		manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
	} catch (error) {
		throw new Wrong([`${file}: expected JSON, found ${(error as Error).message}`]);
	}
	const modules = Object.entries({ ...manifest.modules, ...manifest.platforms?.["..."]?.modules });
	const own = modules.filter(([, path]) => typeof path === "string" && path.startsWith("./"));
	return Object.fromEntries(own.map(([name, path]) => [name, resolve(folder, `${path}.ts`)]));
}

/** The program's `main`, for the engine that this process is. Throws `Wrong` with what esbuild has to say. */
export async function load({ entry, alias }: Program): Promise<Main> {
	let text: string;
	try {
		const { outputFiles } = await build({
			entryPoints: [entry],
			bundle: true,
			write: false,
			format: "esm",
			target: "es2022",
			platform: "neutral",
			sourcemap: "inline",
			logLevel: "silent",
			alias: { ...alias },
		});
		text = outputFiles[0]?.text ?? "";
	} catch (error) {
		throw new Wrong((error as Error).message.split("\n"));
	}
	const made = await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
	if (typeof made.default !== "function")
		throw new Wrong([`${entry}: expected a function as the default export, found ${typeof made.default}`]);
	return made.default as Main;
}

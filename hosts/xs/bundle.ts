/**
 * TypeScript to one program for the XS worker: esbuild, in memory, kept for the life of this process.
 * Strips types and joins modules, nothing more: what runs is the same code as on the other hosts. Does not check types.
 */

import { SourceMap, type SourceMapPayload } from "node:module";
import { relative, resolve } from "node:path";
import { build } from "esbuild";

export interface Bundle {
	/** A program to evaluate in the engine's global scope. */
	readonly source: string;
	/** Replaces `#tag:line`, the engine's positions in `source`, by file and line. */
	locate(text: string): string;
}

export interface BundleOptions {
	/**
	 * Everything on one line. The engine executes one byte code for each line it enters, as a debug build does on a device and a
	 * release build does not. Budgets and published figures are with lines; without, positions in errors are lost.
	 */
	readonly flat?: boolean;
	/** Global names replaced by expressions: esbuild's `define`. */
	readonly define?: { readonly [name: string]: string };
	/** Files in the place of bare specifiers: esbuild's `alias`. */
	readonly alias?: { readonly [specifier: string]: string };
}

const bundles = new Map<string, Promise<Bundle>>();

/** `source` is a module's text; its relative imports start at `folder`. Rejects with esbuild's own complaint. */
export function bundle(source: string, folder: string, options: BundleOptions = {}): Promise<Bundle> {
	const key = JSON.stringify([source, folder, options]);
	let made = bundles.get(key);
	if (!made) {
		made = make(source, folder, options);
		bundles.set(key, made);
		// What failed may have been mended by the next call.
		made.catch(() => bundles.delete(key));
	}
	return made;
}

async function make(source: string, folder: string, { flat, define, alias }: BundleOptions): Promise<Bundle> {
	const { outputFiles } = await build({
		stdin: { contents: source, resolveDir: folder, loader: "ts", sourcefile: "entry.ts" },
		bundle: true,
		write: false,
		outdir: resolve(folder, "memory"),
		absWorkingDir: process.cwd(),
		format: "iife",
		target: "es2022",
		platform: "neutral",
		charset: "ascii",
		sourcemap: "external",
		sourcesContent: false,
		logLevel: "silent",
		minifyWhitespace: flat ?? false,
		define: { ...define },
		alias: { ...alias },
		mainFields: ["module", "main"],
		// The worker hands on an exception as text, and an Error's own text has no positions in it.
		banner: { js: "try {" },
		footer: { js: "} catch (error) { throw error?.stack ?? error; }" },
	});
	const program = outputFiles.find(({ path }) => path.endsWith(".js"));
	const map = outputFiles.find(({ path }) => path.endsWith(".map"));
	if (!program || !map) throw new Error("esbuild: no program");
	const payload = JSON.parse(map.text) as SourceMapPayload;
	const positions = new SourceMap(payload);
	const base = resolve(folder, "memory");
	return {
		source: program.text,
		locate: text =>
			text.replace(/#\d+:(\d+)/g, (whole, line: string) => {
				const found = position(positions, Number(line) - 1);
				return found ? `${relative(process.cwd(), resolve(base, found.file))}:${found.line}` : whole;
			}),
	};
}

// The engine knows lines and no columns, so the first thing on the line stands for all of it.
function position(map: SourceMap, line: number): { file: string; line: number } | undefined {
	for (let column = 0; column < 40; column++) {
		const entry = map.findEntry(line, column);
		if ("originalSource" in entry && entry.generatedLine === line)
			return { file: entry.originalSource, line: entry.originalLine + 1 };
	}
	return undefined;
}

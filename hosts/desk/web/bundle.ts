/**
 * The page's files, made by esbuild out of hosts/desk/page when they are first asked for, and kept in memory: nothing is
 * built before `npm start`, and nothing is fetched from anywhere. Does not check types.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";

export interface File {
	readonly type: string;
	readonly bytes: Uint8Array;
	readonly gzip: Uint8Array;
}

export interface Bundle {
	readonly files: ReadonlyMap<string, File>;
	/** What esbuild says of the parts. */
	readonly metafile: Metafile;
}

const folder = fileURLToPath(new URL("../page/", import.meta.url));
let made: Promise<Bundle> | undefined;

/** By path, "/" included. */
export function page(): Promise<Bundle> {
	if (!made) {
		made = make();
		// The next request may find it mended.
		made.catch(() => {
			made = undefined;
		});
	}
	return made;
}

async function make(): Promise<Bundle> {
	const { outputFiles, metafile } = await build({
		entryPoints: { page: `${folder}main.tsx` },
		tsconfig: `${folder}tsconfig.json`,
		outdir: folder,
		bundle: true,
		write: false,
		minify: true,
		metafile: true,
		format: "esm",
		target: "es2022",
		jsx: "automatic",
		jsxImportSource: "preact",
		define: { "process.env.NODE_ENV": '"production"' },
		legalComments: "none",
		logLevel: "silent",
	});
	const files = new Map<string, File>();
	const add = (path: string, type: string, bytes: Uint8Array) =>
		files.set(path, { type, bytes, gzip: gzipSync(bytes, { level: 9 }) });
	for (const { path, contents } of outputFiles)
		if (path.endsWith(".css")) add("/page.css", "text/css; charset=utf-8", contents);
		else add("/page.js", "text/javascript; charset=utf-8", contents);
	add("/", "text/html; charset=utf-8", readFileSync(`${folder}index.html`));
	add("/icon.svg", "image/svg+xml", readFileSync(`${folder}icon.svg`));
	return { files, metafile };
}

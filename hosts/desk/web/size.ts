/** `npm run size`: what the page weighs, gzipped, file by file and part by part. A test holds it to its budget. */

import { pathToFileURL } from "node:url";
import { readerMayGo } from "../print.js";
import { page } from "./bundle.js";

/** Bytes, gzipped, of all files together. */
export const BUDGET = 120_000;

export interface Part {
	readonly name: string;
	/** Minified, not gzipped: parts have no gzip of their own. */
	readonly bytes: number;
}

export async function sizes(): Promise<{ files: readonly Part[]; total: number; parts: readonly Part[] }> {
	const { files, metafile } = await page();
	const all = [...files].map(([name, { gzip }]) => ({ name, bytes: gzip.byteLength }));
	const parts = new Map<string, number>();
	const script = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint);
	for (const [path, { bytesInOutput }] of Object.entries(script?.inputs ?? {})) {
		const name = partOf(path);
		parts.set(name, (parts.get(name) ?? 0) + bytesInOutput);
	}
	return {
		files: all,
		total: all.reduce((sum, { bytes }) => sum + bytes, 0),
		parts: [...parts].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes),
	};
}

function partOf(path: string): string {
	const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
	if (library) return library;
	return /(modules\/\w+|hosts\/desk\/page\/\w+)\//.exec(path)?.[1] ?? "hosts/desk/page";
}

async function print(): Promise<void> {
	readerMayGo();
	const { files, total, parts } = await sizes();
	console.log("gzipped, bytes:");
	for (const { name, bytes } of files) console.log(`  ${String(bytes).padStart(7)}  ${name}`);
	console.log(`  ${String(total).padStart(7)}  in all, of ${BUDGET}`);
	console.log("page.js by part, minified, before gzip:");
	for (const { name, bytes } of parts) console.log(`  ${String(bytes).padStart(7)}  ${name}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await print();

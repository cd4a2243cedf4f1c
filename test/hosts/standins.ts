/** Loads a module of hosts/esp32 in Node, with stand-ins for the SDK's modules that it imports, each as the text of a module. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** In a stand-in `note(...)` adds a line to the global `notes`. */
export async function load<Module>(file: string, sdk: { readonly [name: string]: string }): Promise<Module> {
	const { outputFiles } = await build({
		entryPoints: [join(root, file)],
		bundle: true,
		write: false,
		format: "esm",
		plugins: [
			{
				name: "sdk",
				setup(build) {
					build.onResolve({ filter: /^[^./]/ }, ({ path }) =>
						path in sdk ? { path, namespace: "sdk" } : undefined,
					);
					build.onLoad({ filter: /./, namespace: "sdk" }, ({ path }) => ({
						contents: `const note = (...what) => globalThis.notes.push(what.join(" "));\n${sdk[path]}`,
					}));
				},
			},
		],
	});
	return import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text as string)}`);
}

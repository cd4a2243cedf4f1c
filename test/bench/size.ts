/**
 * How large each client's module is, with all that it imports but the host's own modules: as text, minified, and as
 * XS byte code where an SDK's compiler is there. What the device's linker makes of it (slots in flash) it does not know.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { SDK } from "./sdk.js";

export interface Size {
	readonly name: string;
	readonly minified: number;
	readonly bytecode: number | undefined;
}

const CODEC = `export * from "u8-mqtt-packet/esm/codec_bind.js"; export * from "u8-mqtt-packet/esm/codec_v4_lean.js";`;

export async function sizes(sdk: SDK | undefined): Promise<readonly Size[]> {
	const ours = fileURLToPath(new URL("../../modules/mqtt/client.ts", import.meta.url));
	const all = [await size("glowworm", from(ours), sdk), await size("u8-mqtt-packet", CODEC, sdk)];
	if (sdk)
		all.push(
			await size("sdk-mqttclient", from(sdk.mqttclient), sdk),
			await size("sdk-mqtt", from(sdk.mqtt), sdk),
		);
	return all;
}

function from(path: string): string {
	return `export { default } from ${JSON.stringify(path)};`;
}

async function size(name: string, source: string, sdk: SDK | undefined): Promise<Size> {
	const minified = await bundle(source, true);
	return {
		name,
		minified: minified.byteLength,
		bytecode: sdk?.xsc ? compile(await bundle(source, false), sdk.xsc) : undefined,
	};
}

async function bundle(source: string, minify: boolean): Promise<Uint8Array> {
	const { outputFiles } = await build({
		stdin: { contents: source, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" },
		bundle: true,
		write: false,
		minify,
		format: "esm",
		target: "es2022",
		external: ["timer", "time", "socket", "websocket"],
		logLevel: "silent",
	});
	return (outputFiles[0] as { contents: Uint8Array }).contents;
}

function compile(program: Uint8Array, xsc: string): number {
	const folder = mkdtempSync(join(tmpdir(), "glowworm-bench-"));
	try {
		const path = join(folder, "module.js");
		writeFileSync(path, program);
		execFileSync(xsc, ["-e", "-c", "-o", folder, "-r", "module", path], { stdio: "pipe" });
		return statSync(join(folder, "module.xsb")).size;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/**
 * Moddable's SDK as the machine has it: nothing here installs or builds it. mcconfig makes the project, `make` goes
 * as far as the machine's tools allow, mcsim runs the simulator on a virtual display.
 */

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = join(fileURLToPath(import.meta.url), "../../..");
const run = promisify(execFile);

const sdk = process.env.MODDABLE;
const tools = sdk ? join(sdk, "build/bin/lin/release") : "";
export const environment = { ...process.env, PATH: `${tools}:${process.env.PATH}:/usr/sbin` };
/** Of what mcconfig generates; the checkout stays clean. */
export const output = mkdtempSync(join(tmpdir(), "glowworm-sdk-"));

/** Why these tests cannot run here, in words that say what to do. */
export function missing(...programs: string[]): string | undefined {
	if (!sdk)
		return "MODDABLE is not set: install Moddable's SDK (npx xs-dev setup, or its Getting Started), and a tsc of TypeScript 6 or newer";
	if (!existsSync(join(tools, "mcconfig")))
		return `${tools} has no mcconfig: build the SDK's tools (these tests know Linux only)`;
	for (const program of ["make", "tsc", ...programs])
		if (spawnSync("which", [program], { env: environment }).status !== 0)
			return `${program} is not on the PATH: install it`;
	return undefined;
}

export interface Built {
	/** What mcconfig and make printed. */
	readonly log: string;
	/** Where mc.xs.c and the makefile are. */
	readonly folder: string;
}

/** Milliseconds for one of the SDK's programs, less than a test has: none goes on behind a test that has failed. */
const PATIENCE = 570_000;

/** Runs a program of the SDK, which makes way for a simulator that another file runs beside it. Rejects with what it printed. */
async function tool(
	program: string,
	args: readonly string[],
	cwd: string,
	timeout = PATIENCE,
): Promise<string> {
	try {
		const options = { cwd, env: environment, maxBuffer: 64 << 20, timeout };
		const { stdout, stderr } = await run("nice", ["-n", "10", program, ...args], options);
		return stdout + stderr;
	} catch (error) {
		const { stdout, stderr } = error as { stdout: string; stderr: string };
		throw new Error(`${program} ${args.join(" ")}:\n${stdout}${stderr}`);
	}
}

export const chips: readonly string[] = ["esp32", "esp32c3", "esp32s3", "esp32c6"];

/** As mcconfig's `-p` names it. */
export function platformOf(chip: string): string {
	return chip === "esp32" ? chip : `esp32/${chip}`;
}

/** Where mcconfig puts what it makes of a project for a chip. */
export function folderOf(chip: string, name = basename(root)): string {
	return join(output, "tmp", platformOf(chip), "release", name);
}

/** Only what mcconfig itself does: rejects with what it does not like. */
export async function configure(platform: string, project = root): Promise<string> {
	return tool("mcconfig", ["-p", platform, "-o", output], project);
}

/** Makes targets of a makefile that mcconfig generated. */
export async function make(folder: string, args: readonly string[]): Promise<string> {
	return tool("make", ["-f", join(folder, "makefile"), ...args], folder);
}

/**
 * As `make`, with what tsc has made of the same files in an earlier build. tsc runs once for each file of each project, which is
 * most of a build; its output follows from the file and the options alone. So types are checked once a host, and
 * those of a project's own files always.
 */
async function makeFrom(host: string, folder: string, args: readonly string[]): Promise<string> {
	const settings = join(folder, "modules/tsconfig-base.json");
	if (!existsSync(settings)) return make(folder, args);
	const { compilerOptions } = JSON.parse(readFileSync(settings, "utf8"));
	const options = JSON.stringify({ ...compilerOptions, paths: undefined });
	const key = createHash("sha256").update(options).digest("hex").slice(0, 8);
	const kept = join(output, `tsc-${host}-${key}`);
	const own = join(folder, "tsc");
	if (existsSync(kept) && !existsSync(own)) cpSync(kept, own, { recursive: true });
	const log = await make(folder, args);
	if (existsSync(own)) cpSync(own, kept, { recursive: true });
	return log;
}

/** Builds the simulator's application: the path of its mc.so. `link` is for the linker, beside what the SDK says. */
export async function buildSimulator(
	settings: Readonly<Record<string, string>>,
	project = root,
	name = basename(project),
	link = "",
) {
	const values = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
	const folder = join(output, "tmp/lin/mc/release", name);
	let log = await tool("mcconfig", ["-p", "lin", "-o", output, ...values], project);
	const options = link && `LINK_OPTIONS=-fPIC -shared -Wl,-Bdynamic,-Bsymbolic ${link}`;
	log += await makeFrom("lin", folder, [...(options ? [options] : []), "build"]);
	return { log, folder, so: join(output, "bin/lin/mc/release", name, "mc.so") };
}

/** For the linker: memory/memory.c in the place of the engine's allocation and of the system's time. */
export const limited = [
	"fxAllocateChunks",
	"fxAllocateSlots",
	"fxFreeChunks",
	"gettimeofday",
	"g_timeout_add",
]
	.map(name => `-Wl,--wrap=${name}`)
	.join(" ");

/** Compiles, links and preloads for a chip, without ESP-IDF: as far as mc.xs.c. */
export async function linkChip(chip: string, project = root, name = basename(project)): Promise<Built> {
	const platform = platformOf(chip);
	const folder = folderOf(chip, name);
	let log = await tool("mcconfig", ["-p", platform, "-o", output, "ssid=none"], project);
	const none = join(output, "no-idf");
	mkdirSync(none, { recursive: true });
	const names = [`IDF_PATH=${none}`, "IDF_VERSION=none", "SDKCONFIG_H=", "MAKEFLAGS_JOBS=--jobs=2"];
	log += await makeFrom("esp32", folder, [...names, join(folder, "mc.xs.c")]);
	return { log, folder };
}

/** With ESP-IDF, the whole image: the folder of bootloader.bin, partition-table.bin, xs_esp32.bin and xs_esp32.elf. */
export async function buildImage(chip: string, settings: Readonly<Record<string, string>>): Promise<string> {
	const values = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
	const args = ["-m", "-p", platformOf(chip), "-t", "build", "-o", output, ...values];
	await tool("mcconfig", args, root, 2 * PATIENCE);
	return folderOf(chip).replace("/tmp/", "/bin/");
}

/** Bytes of flash that the linked modules take on a 32-bit chip: 16 a slot, byte code, texts, and 4 a name. */
export function measure(folder: string): { aliases: number; slots: number; code: number; bytes: number } {
	const source = readFileSync(join(folder, "mc.xs.c"), "latin1");
	const count = (name: string) => Number(new RegExp(`#define ${name} (\\d+)`).exec(source)?.[1] ?? 0);
	const heap = /static const txSlot gxHeap\[mxHeapCount\] = \{([\s\S]*?)\n\};/.exec(source)?.[1] ?? "";
	let code = 0;
	let texts = 0;
	for (const line of heap.split("\n")) {
		if (!line.includes('"')) continue;
		let bytes = 1;
		for (const [, literal = ""] of line.matchAll(/"((?:[^"\\]|\\.)*)"/g))
			bytes += literal.replace(/\\x[0-9a-f]{2}|\\./g, "x").length;
		if (line.includes("XS_CODE_X_KIND")) code += bytes;
		else texts += bytes;
	}
	const slots = count("mxHeapCount");
	return {
		aliases: count("mxAliasCount"),
		slots,
		code,
		bytes: slots * 16 + code + texts + count("mxKeysCount") * 4,
	};
}

/** Functions of the engine that an image has: the linker leaves out those whose names the program has not. */
export function natives(folder: string): ReadonlySet<string> {
	return new Set(readFileSync(join(folder, "mc.xs.c"), "latin1").match(/\bfx_\w+/g));
}

/** Those of the SDK's modules that hosts/moddable replaces. */
export const replaced = ["ssl/cert", "ssl/handshake"];

/** Warnings of the linker about modules that are not the SDK's own, and about `others`. */
export function warnings(log: string, others: readonly string[] = []): string[] {
	const own = ["main", "modules/", "hosts/", "setup/device", "embedded:network/mqtt", ...others];
	return log.split("\n").filter(line => own.some(name => line.startsWith(`### warning: ${name}`)));
}

const children = new Set<ChildProcess>();
process.once("exit", () => {
	for (const child of children) child.kill("SIGKILL");
});

function start(
	program: string,
	args: readonly string[],
	env: NodeJS.ProcessEnv,
	stdio: ("pipe" | "ignore")[],
) {
	const child = spawn(program, args, { env, stdio });
	children.add(child);
	child.once("close", () => children.delete(child));
	return child;
}

/** A virtual display: its name, and its end. */
export async function display(): Promise<{ readonly name: string; close(): void }> {
	const child = start(
		"Xvfb",
		["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
		environment,
		["ignore", "pipe", "ignore"],
	);
	const [number] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line");
	return { name: `:${number}`, close: () => child.kill() };
}

/** mcsim with one application. Its power switch is `kill`. */
export class Simulator {
	readonly lines: string[] = [];
	readonly child: ChildProcess;
	readonly #ended: Promise<unknown>;
	readonly #watchers = new Set<() => void>();

	/** `settings` are variables of its environment. */
	constructor(so: string, screen: string, mockups: string, settings: NodeJS.ProcessEnv = {}) {
		// Without this folder mcsim runs nothing and says nothing; one for each instance.
		const home = mkdtempSync(join(output, "home-"));
		mkdirSync(join(home, ".config"));
		const env = { ...environment, ...settings, HOME: home, DISPLAY: screen };
		this.child = start("stdbuf", ["-oL", "mcsim", mockups, so], env, ["ignore", "pipe", "pipe"]);
		this.#ended = once(this.child, "close");
		for (const stream of [this.child.stdout, this.child.stderr])
			createInterface({ input: stream as NodeJS.ReadableStream }).on("line", line => {
				this.lines.push(line);
				for (const look of this.#watchers) look();
			});
	}
	/** The first line that matches, from the beginning; rejects when the log ends or is silent about it for too long. */
	line(pattern: RegExp, patience: number): Promise<string> {
		return new Promise((resolve, reject) => {
			const give = (why: string) => {
				clearTimeout(timeout);
				reject(new Error(`no line like ${pattern}, ${why}; the log:\n${this.lines.slice(-20).join("\n")}`));
			};
			const timeout = setTimeout(() => give(`within ${patience} ms`), patience);
			const look = () => {
				const found = this.lines.find(line => pattern.test(line));
				if (found === undefined) return;
				clearTimeout(timeout);
				this.#watchers.delete(look);
				resolve(found);
			};
			this.#watchers.add(look);
			this.child.once("close", () => give("and mcsim has ended"));
			look();
		});
	}
	async kill(): Promise<void> {
		this.child.kill("SIGKILL");
		await this.#ended;
	}
}

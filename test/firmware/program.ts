/**
 * A broker that is a program of this machine: it is started with a configuration of the test's own, in a folder of the
 * test's own, on free ports of 127.0.0.1, and ended with the test run. Stopped and started again it finds its sessions and
 * retained messages on disk. Knows no broker by name: mosquitto.ts, rabbitmq.ts,
 * nats.ts and vernemq.ts do.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestBroker } from "./brokers.js";
import { closed, opened } from "./leftover.js";

/** With the recipe that each was started by. */
const children = new Map<ChildProcess, Recipe>();
// A test run that dies must not leave brokers behind.
process.once("exit", () => {
	for (const child of children.keys()) killAll(child);
});

/** Milliseconds until a program has to serve, and to be gone when it was told to end. */
const PATIENCE = 120_000;

function killAll(child: ChildProcess): void {
	try {
		const engine = children.get(child)?.engine;
		if (engine) process.kill(engine(), "SIGKILL");
	} catch {
		// It has gone meanwhile, or was not there yet.
	}
	child.kill("SIGKILL");
}

/** How one kind of broker is run. */
export interface Recipe {
	readonly command: string;
	readonly arguments: readonly string[];
	readonly environment?: NodeJS.ProcessEnv;
	/** The line that it prints when it serves; or the port that is open then. */
	readonly ready: RegExp | number;
	/** The process that is the broker, where the command is a script that hands no signal on. */
	readonly engine?: () => number;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	return port;
}

/** Where `name` is, in PATH or where Debian puts what only root is to run. */
export function findProgram(name: string, ...folders: readonly string[]): string | undefined {
	for (const folder of [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin", ...folders]) {
		const program = join(folder, name);
		if (folder && existsSync(program)) return program;
	}
	return undefined;
}

/** What a program prints, with any exit code. */
export function output(program: string, ...words: readonly string[]): string {
	try {
		return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
	} catch (error) {
		return String((error as { stdout?: unknown }).stdout ?? "");
	}
}

/** Runs a program until it is stopped. Its last lines are told when it ends before it serves. */
export class Run {
	readonly #child: ChildProcess;
	readonly #said: string[] = [];

	private constructor(recipe: Recipe) {
		this.#child = spawn(recipe.command, recipe.arguments, {
			stdio: ["ignore", "pipe", "pipe"],
			env: { ...process.env, ...recipe.environment },
		});
		children.set(this.#child, recipe);
		this.#child.once("exit", () => children.delete(this.#child));
	}
	/** Resolves when it is ready. */
	static async start(recipe: Recipe): Promise<Run> {
		const run = new Run(recipe);
		await run.#serves(recipe);
		return run;
	}
	#serves({ command, ready }: Recipe): Promise<void> {
		return new Promise((resolve, reject) => {
			const end = (why: string) => {
				clearTimeout(late);
				reject(new Error(`${command} ${why}:\n${this.#said.join("\n")}`));
			};
			const late = setTimeout(() => {
				killAll(this.#child);
				end(`does not serve after ${PATIENCE / 1000} s`);
			}, PATIENCE);
			const serves = () => {
				clearTimeout(late);
				resolve();
			};
			for (const stream of [this.#child.stdout, this.#child.stderr])
				createInterface({ input: stream as NodeJS.ReadableStream }).on("line", line => {
					if (this.#said.push(line) > 500) this.#said.shift();
					if (ready instanceof RegExp && ready.test(line)) serves();
				});
			if (typeof ready === "number") this.#knock(ready, serves);
			this.#child.once("error", error => end(String(error)));
			this.#child.once("exit", code => end(`ended with ${code}`));
		});
	}
	/** Until the port is open, or the program has gone. */
	#knock(port: number, opened: () => void): void {
		const socket = connect({ host: "127.0.0.1", port });
		socket.once("connect", () => {
			socket.destroy();
			opened();
		});
		socket.once("error", () => {
			if (this.running) setTimeout(() => this.#knock(port, opened), 100);
		});
	}
	get pid(): number {
		return this.#child.pid as number;
	}
	get running(): boolean {
		return this.#child.exitCode === null && this.#child.signalCode === null;
	}
	/** `how`: sends the signal; the child itself where a script stands before it. What does not end then is killed. */
	async stop(how: () => void = () => this.#child.kill("SIGTERM")): Promise<void> {
		if (!this.running) return;
		const exit = once(this.#child, "exit");
		const late = setTimeout(() => killAll(this.#child), PATIENCE);
		try {
			how();
			await exit;
		} finally {
			clearTimeout(late);
		}
	}
}

/** A broker that `recipe` runs, with a folder of its own. */
export abstract class ProgramBroker implements TestBroker {
	readonly port: number;
	readonly folder: string;
	#run: Run | undefined;

	constructor(name: string, port: number) {
		this.port = port;
		this.folder = mkdtempSync(join(tmpdir(), `glowworm-${name}-`));
		opened(this);
	}
	/** Writes what it needs into the folder. */
	protected abstract recipe(): Promise<Recipe> | Recipe;
	/** Ends it as its own tools do: with what it holds on disk. */
	protected terminate(run: Run): Promise<void> {
		return run.stop();
	}

	get url() {
		return `mqtt://127.0.0.1:${this.port}`;
	}
	async start() {
		this.#run = await Run.start(await this.recipe());
	}
	async stop() {
		const run = this.#run;
		this.#run = undefined;
		if (run) await this.terminate(run);
	}
	async close() {
		closed(this);
		await this.stop();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

/** Started on a free port; on another one if the port was taken in between. */
export async function open(make: (port: number) => ProgramBroker): Promise<TestBroker> {
	for (let attempt = 1; ; ++attempt) {
		const broker = make(await freePort());
		try {
			await broker.start();
			return broker;
		} catch (error) {
			await broker.close();
			if (attempt === 3 || !/address already in use|eaddrinuse/i.test(String(error))) throw error;
		}
	}
}

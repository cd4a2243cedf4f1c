/**
 * `npm start` as a child process: its lines as they come, its end. What `npm start` runs is in package.json;
 * this is the same without npm in between, so that a signal goes to the process it is meant for.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { closed, opened } from "./leftover.js";

/** The checkout. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
const PATIENCE = 20_000;
const children = new Set<ChildProcess>();
process.once("exit", () => {
	for (const { pid } of children)
		try {
			if (pid) process.kill(-pid, "SIGKILL");
		} catch {
			// It has just ended by itself.
		}
});

export interface Ending {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly lines: readonly string[];
}

export class Command {
	readonly child: ChildProcess;
	/** Lines of standard output and standard error in the order they came. */
	readonly lines: string[] = [];
	readonly ended: Promise<Ending>;
	#waits = new Set<() => void>();

	/** In a process group of its own, so that a signal can go to all of it. */
	constructor(program: string, args: readonly string[], cwd = root) {
		const { npm_lifecycle_event: _event, ...env } = process.env;
		this.child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
		children.add(this.child);
		const leftover = { close: () => this.destroy() };
		opened(leftover);
		const { stdout, stderr } = this.child;
		for (const stream of [stdout, stderr])
			createInterface({ input: stream as NodeJS.ReadableStream }).on("line", line => {
				this.lines.push(line);
				for (const wake of this.#waits) wake();
			});
		this.ended = once(this.child, "close").then(([code, signal]) => {
			children.delete(this.child);
			closed(leftover);
			for (const wake of this.#waits) wake();
			return { code, signal, lines: this.lines };
		});
	}
	/** The command itself with these options. */
	static start(...args: string[]): Command {
		return new Command(process.execPath, ["--import", "tsx", "hosts/desk/start.ts", ...args]);
	}
	/** The first line that matches, from the beginning. Rejects when the process ends without one. */
	line(pattern: RegExp): Promise<string> {
		return new Promise((resolve, reject) => {
			const timeout = setTimeout(() => finish("the process goes on"), PATIENCE);
			const finish = (why: string) => {
				this.#waits.delete(look);
				clearTimeout(timeout);
				reject(new Error(`no line like ${pattern}, ${why}; lines:\n${this.lines.join("\n")}`));
			};
			const look = () => {
				const found = this.lines.find(line => pattern.test(line));
				if (found !== undefined) {
					this.#waits.delete(look);
					clearTimeout(timeout);
					resolve(found);
				} else if (!children.has(this.child)) finish("and the process has ended");
			};
			this.#waits.add(look);
			look();
		});
	}
	/** To the process and all that belong to it, as the terminal does at Ctrl-C. */
	interrupt(signal: NodeJS.Signals): void {
		process.kill(-(this.child.pid as number), signal);
	}
	/** Ends all programs that still run, for `after` hooks. */
	async destroy(): Promise<void> {
		try {
			if (children.has(this.child)) this.interrupt("SIGKILL");
		} catch {
			// It has just ended by itself.
		}
		await this.ended;
	}
}

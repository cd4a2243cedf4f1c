/**
 * A Mosquitto that can be killed, and stopped in its tracks. It keeps its sessions and retained messages on disk, written
 * every second: after kill -9 it knows what it knew up to two seconds ago, as a broker does after a power cut.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { within } from "./within.js";

const children = new Set<ChildProcess>();
// A campaign that dies must not leave a broker behind.
process.once("exit", () => {
	for (const child of children) child.kill("SIGKILL");
});

export class Mosquitto {
	readonly port: number;
	readonly #program: string;
	readonly #file: string;
	readonly #said: string[] = [];
	#child: ChildProcess | undefined;

	/** Keeps its files in `directory`. */
	constructor(program: string, port: number, directory: string) {
		this.#program = program;
		this.port = port;
		this.#file = join(directory, "mosquitto.conf");
		writeFileSync(
			this.#file,
			[
				`listener ${port} 127.0.0.1`,
				"allow_anonymous true",
				// Started by root it would become "mosquitto", who may not write into this directory.
				"user root",
				"persistence true",
				`persistence_location ${directory}/`,
				"autosave_interval 1",
				// The observer may be behind; nothing it is owed may be dropped.
				"max_queued_messages 0",
				"log_dest stderr",
				"log_type error",
				"log_type warning",
				"log_type notice",
				"log_type information",
				"",
			].join("\n"),
		);
	}
	get running(): boolean {
		return this.#child !== undefined;
	}
	/** Its last lines. */
	get said(): readonly string[] {
		return this.#said;
	}
	/** Rejects, and leaves no process, when it does not run after `patience` milliseconds. */
	async start(patience = 10_000): Promise<void> {
		const child = spawn(this.#program, ["-c", this.#file], { stdio: ["ignore", "ignore", "pipe"] });
		this.#child = child;
		children.add(child);
		child.once("exit", () => children.delete(child));
		const running = new Promise<void>((resolve, reject) => {
			createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", line => {
				if (this.#said.push(line) > 200) this.#said.shift();
				if (/mosquitto version \S+ running/.test(line)) resolve();
			});
			child.once("error", reject);
			child.once("exit", () => reject(new Error(`mosquitto ended:\n${this.#said.join("\n")}`)));
		});
		try {
			await within(patience, "mosquitto", running);
		} catch (error) {
			if (child.pid && child.exitCode === null && child.signalCode === null) await this.kill();
			this.#child = undefined;
			throw error;
		}
	}
	async kill(): Promise<void> {
		const child = this.#child;
		this.#child = undefined;
		if (!child) return;
		const exit = once(child, "exit");
		child.kill("SIGKILL");
		await exit;
	}
	/** It holds its connections and does nothing, until it goes on. */
	pause(): void {
		this.#child?.kill("SIGSTOP");
	}
	resume(): void {
		this.#child?.kill("SIGCONT");
	}
}

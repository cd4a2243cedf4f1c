/**
 * The XS engine as a process: xsnap's C worker (npm @agoric/xsnap), spawned and spoken to directly, because the
 * package's own API freezes the primordials of the Node that imports it. Commands wait in line, one at a time;
 * meanwhile the worker may ask back (`onRequest`), and stands still until it has its answer.
 * Knows nothing of devices and messages: see server.ts and harness.ts.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { Netstrings, pack } from "./netstring.js";

/** What the engine says of itself with each answer. */
export interface Meter {
	/**
	 * Slots in use: the collector's last count plus each slot made since, garbage or not. So the difference
	 * between two commands is how many slots were *made*, unless a collection ran between them, and the figure right
	 * after a collection is how many are *alive*. A slot is 32 bytes here and 16 on the ESP32. Chunks (strings, buffers) are not in it.
	 */
	readonly heapCount: number;
	/** Byte codes executed for this command, plus what long strings, regular expressions and the like add. */
	readonly compute: number;
	/** Bytes the engine has taken from the system since its start; it never shrinks and stays equal while the heap suffices. */
	readonly allocate: number;
}

export interface Reply {
	readonly bytes: Buffer;
	readonly meter: Meter;
}

export interface WorkerOptions {
	/** Answers the engine's `issueCommand(buffer)`. An exception ends the worker. */
	readonly onRequest?: (bytes: Buffer) => Uint8Array;
	/** Once, when the process is gone: `undefined` after `close`, else what happened, in one line. */
	readonly onExit?: (reason: string | undefined) => void;
	/** A line of the engine's `print`. */
	readonly onLine?: (line: string) => void;
	/** A line of the engine's own, such as a rejection without a handler. */
	readonly onComplaint?: (line: string) => void;
	/** The worker's binary, where it is not the one that `available` finds. */
	readonly path?: string;
}

interface Command {
	readonly frame: Buffer;
	readonly resolve: (reply: Reply) => void;
	readonly reject: (error: Error) => void;
}

const Prefix = Object.freeze({ Reply: 0x2e, Error: 0x21, Request: 0x3f });

// The worker's exit codes (xsnap-worker.c, ExitCode).
const exits: Readonly<Record<number, string>> = Object.freeze({
	2: "the pipe to it broke",
	11: "memory full",
	12: "stack overflow",
	15: "unhandled exception",
	16: "not enough keys",
	17: "too much computation",
});

/** Where the worker's binary is, or in one line why there is none on this machine. */
export function available(
	from: string = import.meta.url,
	platform: string = process.platform,
): { readonly path: string } | { readonly reason: string } {
	const folder = platform === "linux" ? "lin" : platform === "darwin" ? "mac" : undefined;
	if (!folder) return { reason: `no XS engine: @agoric/xsnap does not build on ${platform}` };
	let root: string;
	try {
		root = dirname(createRequire(from).resolve("@agoric/xsnap/package.json"));
	} catch {
		return { reason: "no XS engine: the optional package @agoric/xsnap is not installed" };
	}
	const path = join(root, "xsnap-native/xsnap/build/bin", folder, "release/xsnap-worker");
	try {
		accessSync(path, constants.X_OK);
	} catch {
		return {
			reason:
				"no XS engine: @agoric/xsnap has no worker (needs a C compiler and make: npm rebuild @agoric/xsnap)",
		};
	}
	return { path };
}

// A worker in an endless loop does not see that its pipe closed, so it must not outlive this process.
const running = new Set<ChildProcess>();
process.on("exit", () => {
	for (const child of running) child.kill("SIGKILL");
});

export class Worker {
	readonly #child: ChildProcess;
	readonly #options: WorkerOptions;
	readonly #waiting: Command[] = [];
	#current: Command | undefined;
	#closing = false;
	#reason: string | undefined;
	#complaint = "";
	/** Resolves with `onExit`'s reason. */
	readonly exited: Promise<string | undefined>;

	constructor(options: WorkerOptions = {}) {
		const found = options.path === undefined ? available() : { path: options.path };
		if ("reason" in found) throw new Error(found.reason);
		this.#options = options;
		// No -l: without a limit the engine counts just the same, and a board that runs for weeks is never cut short.
		// In a process group of its own, or a terminal's Ctrl-C would end it before it could say goodbye.
		const stdio = ["ignore", "pipe", "pipe", "pipe", "pipe"] as const;
		const child: ChildProcess = spawn(found.path, [], { stdio: [...stdio], detached: true });
		this.#child = child;
		running.add(child);
		const frames = new Netstrings(message => this.#receive(message));
		(child.stdio[4] as Readable).on("data", (chunk: Buffer) => {
			try {
				frames.push(chunk);
			} catch (error) {
				this.#end(`the channel broke: ${(error as Error).message}`);
			}
		});
		// Writing to a worker that has just died is no news: its exit is.
		(child.stdio[3] as Writable).on("error", () => {});
		lines(child.stdout as Readable, line => this.#options.onLine?.(line));
		lines(child.stderr as Readable, line => {
			this.#complaint ||= line;
			this.#options.onComplaint?.(line);
		});
		this.exited = new Promise(resolve => {
			child.on("error", error => {
				this.#reason ??= `cannot start: ${error.message}`;
				if (child.pid === undefined) resolve(this.#finish(null, null));
			});
			child.on("close", (code, signal) => resolve(this.#finish(code, signal)));
		});
	}

	/** Evaluates a program in the global scope. Rejects with what it threw. */
	evaluate(source: string): Promise<Reply> {
		return this.#send("e", Buffer.from(source));
	}

	/** Calls `globalThis.handleCommand(buffer)`, runs promise jobs to the end, and gives the ArrayBuffer it returned. */
	command(bytes: Uint8Array): Promise<Reply> {
		return this.#send("?", bytes);
	}

	/** Ends the worker once what it has been given is done. */
	close(): Promise<string | undefined> {
		this.#closing = true;
		if (!this.#current) this.#quit();
		return this.exited;
	}

	/** Ends the worker at once, in the middle of its work. */
	kill(reason = "killed"): Promise<string | undefined> {
		this.#end(reason);
		return this.exited;
	}

	#send(prefix: string, body: Uint8Array): Promise<Reply> {
		if (this.#closing || this.#reason !== undefined)
			return Promise.reject(new Error(`XS worker: ${this.#reason ?? "closed"}`));
		return new Promise((resolve, reject) => {
			this.#waiting.push({ frame: pack(prefix, body), resolve, reject });
			this.#next();
		});
	}

	// One command at a time: the worker would take a second one for the answer to its own question.
	#next(): void {
		if (this.#current) return;
		this.#current = this.#waiting.shift();
		if (this.#current) {
			this.#complaint = "";
			this.#write(this.#current.frame);
		} else if (this.#closing) this.#quit();
	}

	#write(frame: Buffer): void {
		(this.#child.stdio[3] as Writable).write(frame);
	}

	#quit(): void {
		this.#write(pack("q", Buffer.alloc(0)));
	}

	#receive(message: Buffer): void {
		if (this.#reason !== undefined) return;
		const body = message.subarray(1);
		const current = this.#current;
		if (message[0] === Prefix.Request) this.#answer(body);
		else if (!current) this.#end("the channel broke: a reply without a request");
		else {
			this.#current = undefined;
			if (message[0] === Prefix.Error) current.reject(new Error(body.toString()));
			else current.resolve(reply(body));
			this.#next();
		}
	}

	#answer(body: Buffer): void {
		try {
			this.#write(pack("/", this.#options.onRequest?.(body) ?? new Uint8Array(0)));
		} catch (error) {
			this.#end(`its request failed: ${(error as Error).message}`);
		}
	}

	#end(reason: string): void {
		this.#reason ??= reason;
		this.#child.kill("SIGKILL");
	}

	#finish(code: number | null, signal: NodeJS.Signals | null): string | undefined {
		running.delete(this.#child);
		const done = this.#closing && code === 0 && !this.#current && !this.#waiting.length;
		if (!done) this.#reason ??= this.#explain(code, signal);
		const error = new Error(`XS worker: ${this.#reason ?? "closed"}`);
		this.#reason ??= "closed";
		for (const command of [this.#current, ...this.#waiting.splice(0)]) command?.reject(error);
		this.#current = undefined;
		const reason = done ? undefined : this.#reason;
		this.#options.onExit?.(reason);
		return reason;
	}

	#explain(code: number | null, signal: NodeJS.Signals | null): string {
		const what = signal ? `ended by ${signal}` : (exits[code ?? -1] ?? `ended with code ${code}`);
		return this.#complaint ? `${what} (${this.#complaint})` : what;
	}
}

function reply(body: Buffer): Reply {
	const end = body.indexOf(1);
	const { currentHeapCount, compute, allocate } = JSON.parse(body.toString("latin1", 0, end));
	return { bytes: body.subarray(end + 1), meter: { heapCount: currentHeapCount, compute, allocate } };
}

function lines(stream: Readable, onLine: (line: string) => void): void {
	let held = "";
	stream.setEncoding("utf8");
	stream.on("data", (text: string) => {
		const parts = (held + text).split("\n");
		held = parts.pop() ?? "";
		for (const part of parts) if (part) onLine(part);
	});
	stream.on("end", () => {
		if (held) onLine(held);
	});
}

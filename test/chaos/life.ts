/**
 * The board of a campaign, seen from outside: one process after the other over the same directory, killed at will, the
 * next one loaded while one is at work. Hands on what flash says, at each write and after each death.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Order, Start } from "./board.js";
import { within } from "./within.js";
import { type Fact, Witness } from "./witness.js";

export interface LifeOptions extends Start {
	/** Milliseconds for a start, and for a graceful end; then the process is killed. 20 000 if not given. */
	readonly patience?: number;
	readonly onFact: (fact: Fact, found: boolean) => void;
	readonly onPin: (level: number) => void;
	/** Flash has refused a write. */
	readonly onRefused: () => void;
	readonly onTrace: (line: string) => void;
	/** The process is gone; with a reason where the campaign did not ask for it. */
	readonly onDeath: (reason: string | undefined) => void;
}

/** What the board says, line by line. */
interface Word {
	readonly fact?: Fact;
	readonly pin?: number;
	readonly refused?: true;
	readonly trace?: string;
	readonly ended?: string;
	readonly running?: true;
}

const PATIENCE = 20_000;
const program = fileURLToPath(new URL("board.ts", import.meta.url));
const children = new Set<ChildProcess>();
process.once("exit", () => {
	for (const child of children) slay(child);
});

/** The process and its engine. */
function slay({ pid }: ChildProcess): void {
	try {
		if (pid) process.kill(-pid, "SIGKILL");
	} catch {
		// Gone already.
	}
}

function load(): ChildProcess {
	const child = spawn(process.execPath, ["--import", "tsx", program], {
		stdio: ["ignore", "ignore", "inherit", "pipe", "ipc"],
		detached: true,
	});
	children.add(child);
	child.once("exit", () => children.delete(child));
	return child;
}

export class Lives {
	/** How often the board was started. */
	count = 0;
	readonly #options: LifeOptions;
	readonly #witness = new Witness();
	#spare: ChildProcess | undefined;
	#child: ChildProcess | undefined;
	/** Resolves with the end of the present process, its last words heard. */
	#gone: Promise<void> = Promise.resolve();
	#running = false;
	#asked = false;
	/** To be called at the present life's death, and when its flash refuses. */
	#felt: (() => void) | undefined;
	#missed: (() => void) | undefined;

	constructor(options: LifeOptions) {
		this.#options = options;
		this.#spare = load();
	}
	/** The firmware is at work. */
	get running(): boolean {
		return this.#running;
	}
	/** Resolves when the firmware is at work; rejects when it ends before, or is not for too long. */
	async start(): Promise<void> {
		const child = this.#spare ?? load();
		this.#spare = load();
		this.#child = child;
		this.#asked = false;
		this.#felt = this.#missed = undefined;
		this.count++;
		let ended: string | undefined;
		const started = new Promise<void>((resolve, reject) => {
			const lines = createInterface({ input: child.stdio[3] as Readable });
			lines.on("line", line => {
				const word = JSON.parse(line) as Word;
				if (word.running) {
					this.#running = true;
					resolve();
				} else if (word.ended !== undefined) ended = word.ended;
				else this.#hear(word);
			});
			this.#gone = Promise.all([once(child, "exit"), once(lines, "close")]).then(() => {
				this.#running = false;
				if (this.#child === child) this.#child = undefined;
				this.#look();
				this.#felt?.();
				reject(new Error(ended ?? "the board ended while it started"));
				this.#options.onDeath(ended ?? (this.#asked ? undefined : "the board's process ended"));
			});
		});
		const { engine, entry, description, data, trace } = this.#options;
		this.#order({ start: { engine, entry, description, data, trace } });
		await this.#wait("the board's start", started);
	}
	/** kill -9. */
	async kill(felt?: () => void): Promise<void> {
		this.#asked = true;
		if (felt) this.#felt = felt;
		if (this.#child) slay(this.#child);
		await this.#gone;
	}
	/** The power goes at a write to flash that is to come; `onDeath` tells. */
	cut(writes: number, kept: number, felt: () => void): void {
		this.#asked = true;
		this.#felt = felt;
		this.#order({ cut: { writes, kept } });
	}
	/** Flash takes no writes for so many milliseconds. */
	refuse(span: number, felt: () => void): void {
		this.#missed = felt;
		this.#order({ refuse: span });
	}
	quiet(): void {
		this.#order({ quiet: true });
	}
	/** The graceful end. */
	async close(): Promise<void> {
		this.#asked = true;
		this.#order({ close: true });
		await this.#wait("the board's end", this.#gone);
	}
	async end(): Promise<void> {
		const { pid } = this.#spare ?? {};
		if (this.#spare && pid) slay(this.#spare);
		this.#spare = undefined;
		await this.kill();
	}

	/** What takes too long is ended by force, and said. */
	async #wait(what: string, promise: Promise<void>): Promise<void> {
		try {
			await within(this.#options.patience ?? PATIENCE, what, promise);
		} catch (error) {
			await this.kill();
			throw error;
		}
	}
	#order(order: Order): void {
		// A process that is being killed hears nothing.
		if (this.#child?.connected) this.#child.send(order, () => {});
	}
	#hear({ fact, pin, refused, trace }: Word): void {
		if (refused) {
			this.#missed?.();
			this.#missed = undefined;
			this.#options.onRefused();
		}
		if (fact) this.#options.onFact(fact, false);
		if (pin !== undefined) this.#options.onPin(pin);
		if (trace !== undefined) this.#options.onTrace(trace);
	}
	/** What the last life left in flash: its last record may have had no time to be told. */
	#look(): void {
		const file = join(this.#options.data, "journal.flash");
		if (!existsSync(file)) return;
		for (const fact of this.#witness.scan(readFileSync(file))) this.#options.onFact(fact, true);
	}
}

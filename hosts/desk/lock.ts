/**
 * One board to a data directory: two that write the same flash would each undo what the other did. A file with the
 * process id of who has it; that of a process that is gone does not count.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Wrong } from "./config.js";

/** Takes the directory until this process ends. Throws `Wrong` when another process has it. */
export function lock(directory: string): void {
	const file = join(directory, "lock");
	try {
		make(directory);
		if (!take(file)) {
			const owner = Number(readFileSync(file, "utf8"));
			if (alive(owner))
				throw new Wrong([
					`${directory}: process ${owner} runs a board with this state; give this one another --id or --data`,
				]);
			// Left behind by a process that was killed.
			rmSync(file, { force: true });
			if (!take(file)) throw new Wrong([`${directory}: another board has just been started with this state`]);
		}
	} catch (error) {
		if (error instanceof Wrong) throw error;
		throw new Wrong([`${directory}: expected a directory to write in, found ${(error as Error).message}`]);
	}
	process.once("exit", () => rmSync(file, { force: true }));
}

/** One folder after the other: Node's own `recursive` does not return from below /proc. */
function make(directory: string): void {
	if (existsSync(directory)) return;
	make(dirname(directory));
	mkdirSync(directory);
}

function take(file: string): boolean {
	try {
		writeFileSync(file, String(process.pid), { flag: "wx" });
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw error;
	}
}

function alive(id: number): boolean {
	// In a container each run may have the same id.
	if (!Number.isInteger(id) || id <= 0 || id === process.pid) return false;
	try {
		process.kill(id, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EPERM";
	}
}

/**
 * One process to a data folder: two that write the same flash would each undo what the other did. A file with the process
 * that has it, and since when it runs: that of a process that is gone does not count, also where its number was given to
 * another since. Devices of one process are its own business.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Of this process: how many times each is taken. */
const own = new Map<string, number>();

/**
 * Takes the folder, and makes it, until all that took it have called what this returns, or this process ends. Throws an `Error` of
 * one line when another process has it.
 */
export function lock(folder: string): () => void {
	const file = join(resolve(folder), "lock");
	if (!own.has(file) || !existsSync(file)) claim(folder, file);
	own.set(file, (own.get(file) ?? 0) + 1);
	let given = false;
	return () => {
		if (given) return;
		given = true;
		const left = (own.get(file) ?? 0) - 1;
		if (left > 0) own.set(file, left);
		else release(file);
	};
}

function claim(folder: string, file: string): void {
	try {
		make(folder);
		if (!take(file)) {
			const [id = "", since] = readFileSync(file, "utf8").split(" ");
			if (runs(Number(id), since)) throw new Error(`${folder}: process ${id} runs a board with this state`);
			// Left behind by a process that was killed.
			rmSync(file, { force: true });
			if (!take(file)) throw new Error(`${folder}: another board has just been started with this state`);
		}
	} catch (error) {
		if (!(error as NodeJS.ErrnoException).code) throw error;
		throw new Error(`${folder}: expected a folder to write in, found ${(error as Error).message}`);
	}
	if (own.size === 0) process.on("exit", releaseAll);
}

function release(file: string): void {
	if (own.delete(file)) rmSync(file, { force: true });
	if (own.size === 0) process.off("exit", releaseAll);
}

function releaseAll(): void {
	for (const file of [...own.keys()]) release(file);
}

/** One folder after the other: Node's own `recursive` does not return from below /proc. */
function make(folder: string): void {
	if (existsSync(folder)) return;
	make(dirname(folder));
	mkdirSync(folder);
}

function take(file: string): boolean {
	try {
		writeFileSync(file, `${process.pid} ${since(process.pid)}`, { flag: "wx" });
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw error;
	}
}

/** The process `id` is there, and it is the one that began at `begun`. */
function runs(id: number, begun?: string): boolean {
	// In a container each run may have the same id.
	if (!Number.isInteger(id) || id <= 0 || id === process.pid) return false;
	try {
		process.kill(id, 0);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
	}
	return !begun || begun === since(id);
}

/** When a process began, in the kernel's clock ticks; empty where only the kernel knows. One that waits to be collected has ended. */
function since(id: number): string {
	try {
		// The name before it, in brackets, may have brackets and spaces of its own.
		const fields = readFileSync(`/proc/${id}/stat`, "latin1")
			.replace(/^.*\) /s, "")
			.split(" ");
		return fields[0] === "Z" ? "ended" : (fields[19] ?? "");
	} catch {
		return "";
	}
}

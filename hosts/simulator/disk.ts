/**
 * The folder of all that a simulated board keeps: `data` of the mcconfig line, or one of the project's name where the SDK keeps
 * files.
 * Each call opens and closes its file, so that what was written is there when the simulator is killed.
 */

import { Directory, File } from "file";
import config from "mc/config";
import { project } from "./project.js";

const PIECE = 256;

export function folder(): string {
	if (config.data) {
		Directory.create(config.data);
		return config.data;
	}
	const all = `${config.file.root}glowworm`;
	Directory.create(all);
	const own = `${all}/${project.call(undefined) ?? "board"}`;
	Directory.create(own);
	return own;
}

export function exists(path: string): boolean {
	return File.exists(path);
}

/** Bytes; 0 for a file that does not exist. */
export function lengthOf(path: string): number {
	return File.exists(path) ? using(path, false, file => file.length) : 0;
}

export function readText(path: string): string {
	return using(path, false, file => (file.length ? file.read(String) : ""));
}

/** Whole or not at all: written beside, and renamed. */
export function replaceText(path: string, text: string): void {
	const name = path.slice(path.lastIndexOf("/") + 1);
	File.delete(`${path}.new`);
	using(`${path}.new`, true, file => file.write(text));
	if (!File.rename(`${path}.new`, name)) throw new Error(`${path}: cannot be written`);
}

export function readBytes(path: string, offset: number, byteLength: number): ArrayBuffer {
	return using(path, false, file => {
		file.position = offset;
		return file.read(ArrayBuffer, byteLength);
	});
}

export function writeBytes(path: string, offset: number, bytes: ArrayBuffer): void {
	using(path, true, file => {
		file.position = offset;
		file.write(bytes);
	});
}

/** In pieces: a block as a whole takes 4 KB of memory, which a chip that erases does not need. `byteLength`: a multiple of PIECE. */
export function fillBytes(path: string, offset: number, byteLength: number, value: number): void {
	const piece = new Uint8Array(PIECE).fill(value).buffer;
	using(path, true, file => {
		file.position = offset;
		for (let left = byteLength; left > 0; left -= PIECE) file.write(piece);
	});
}

function using<Result>(path: string, write: boolean, action: (file: File) => Result): Result {
	const file = new File(path, write);
	try {
		return action(file);
	} finally {
		file.close();
	}
}

/** A board's flash for campaigns of many boards: in RAM, and each alert told when its record is written. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "../../modules/device/io.js";
import { Witness } from "../chaos/witness.js";
import { TestFlash } from "../flash.js";

/** One for all boards: it has room for a record, and keeps nothing. */
const witness = new Witness();

/** Calls back with the id of each alert that a record makes an accepted one. */
export function listener(onAccepted: (id: string) => void): (bytes: Uint8Array) => void {
	return bytes => {
		const fact = witness.read(bytes);
		if (fact?.what === "queued" && !fact.copied) onAccepted(`${fact.rule} ${fact.id}`);
	};
}

/** Gone with the process. */
export function inMemory(onAccepted: (id: string) => void): Device["flash"] {
	const flash = new TestFlash({ blocks: 16, blockLength: 4096, strict: false });
	const hear = listener(onAccepted);
	flash.onChange = ({ data }) => data && hear(data);
	return { open: () => flash, *[Symbol.iterator]() {} } as unknown as Device["flash"];
}

let folder: string | undefined;

/** A folder of this process, for devices that write nothing. */
export function scratch(): string {
	if (folder === undefined) {
		const made = mkdtempSync(join(tmpdir(), "glowworm-fleet-"));
		folder = made;
		process.once("exit", () => rmSync(made, { recursive: true, force: true }));
	}
	return folder;
}

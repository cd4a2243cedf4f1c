/**
 * The alerts that a board's flash holds at this moment, read from the flash itself and by the firmware's own store, whether
 * the board runs or not. A copy is read: nothing is changed.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decode } from "../../modules/mqtt/codec.js";
import type { FlashPartition } from "../../modules/store/flash.js";
import Store from "../../modules/store/store.js";
import { defaultPartitions } from "../node/flash.js";

/** Ids of alerts in the outbox of the board that keeps its state in `folder`. */
export function held(folder: string): Set<string> {
	const ids = new Set<string>();
	let bytes: Uint8Array;
	try {
		bytes = readFileSync(join(folder, "journal.flash"));
	} catch {
		// It has never been switched on.
		return ids;
	}
	const store = new Store({ partition: copyOf(bytes) });
	for (let entry = store.outbox?.next(0); entry; entry = store.outbox?.next(entry.sequence)) {
		const id = idOf(entry.payload);
		if (id) ids.add(id);
	}
	store.close();
	return ids;
}

export function idOf(payload: Uint8Array): string | undefined {
	try {
		const { id } = JSON.parse(decode(payload)) as { readonly id?: unknown };
		return typeof id === "string" ? id : undefined;
	} catch {
		return undefined;
	}
}

function copyOf(bytes: Uint8Array): FlashPartition {
	const { size, blockLength, writeAlign } = defaultPartitions.journal as {
		size: number;
		blockLength: number;
		writeAlign: number;
	};
	const copy = (target: Uint8Array, offset: number) => {
		const part = bytes.subarray(offset, offset + target.byteLength);
		target.set(part);
		return part.byteLength;
	};
	return {
		status: () => ({ size, blockLength, blocks: size / blockLength, eraseValue: 0xff, writeAlign }),
		read: ((option: Uint8Array | number, offset: number) =>
			typeof option === "number"
				? bytes.slice(offset, offset + option).buffer
				: copy(
						new Uint8Array(option.buffer, option.byteOffset, option.byteLength),
						offset,
					)) as FlashPartition["read"],
		write() {
			throw new Error("a copy is not written");
		},
		eraseBlock() {
			throw new Error("a copy is not erased");
		},
		close() {},
	};
}

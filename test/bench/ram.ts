/**
 * RAM of a connected idle client, and of each topic that it keeps: slots, and bytes of chunks (buffers, texts, arrays of properties), alive after a
 * collection, without the bench's socket but with the three callbacks that the client gave it. In the 32-bit layout a slot has 16 bytes, here 32; chunks that
 * hold slots (arrays) are larger here too. Published for the device by multiplying slots with 16.
 */

import { fileURLToPath } from "node:url";
import { Harness } from "../../hosts/xs/harness.js";

export interface Ram {
	readonly slots: number;
	readonly bytes: number;
}

const CLIENTS = 16;
// As in harness.ts: the worker has 32 MiB of chunks and collects when the next one does not fit.
const MOST = 28 << 20;
const SPARE = 4 << 20;

/** One more topic that is kept. Its 64 bytes in the client's buffer are there from the start, and not in this. */
export async function topic(): Promise<Ram> {
	const harness = await Harness.open(fileURLToPath(new URL("clients/ram.ts", import.meta.url)));
	try {
		return await growth(harness, "topics");
	} finally {
		await harness.close();
	}
}

export async function ram(): Promise<Ram> {
	const harness = await Harness.open(fileURLToPath(new URL("clients/ram.ts", import.meta.url)));
	try {
		const client = await growth(harness, "hold");
		const socket = await growth(harness, "hang");
		return { slots: Math.ceil(client.slots - socket.slots), bytes: Math.ceil(client.bytes - socket.bytes) };
	} finally {
		await harness.close();
	}
}

/** What one more of them keeps alive; the first has what all share. */
async function growth(harness: Harness, name: string): Promise<Ram> {
	await harness.call(name, 1);
	const few = await alive(harness);
	await harness.call(name, 1 + CLIENTS);
	const many = await alive(harness);
	return { slots: (many.slots - few.slots) / CLIENTS, bytes: (few.room - many.room) / CLIENTS };
}

/** Slots in use, and the largest buffer that fits in beside what is alive. */
export async function alive(harness: Harness): Promise<{ slots: number; room: number }> {
	const { heapCount } = await harness.collect();
	let fits = 0;
	let full = SPARE;
	while (full - fits > 8) {
		const size = (fits + full) >> 1;
		await harness.collect();
		const before = await harness.call("litter", 1000);
		const after = await harness.call("fill", MOST, size);
		if (after.heapCount < before.heapCount) full = size;
		else fits = size;
	}
	return { slots: heapCount, room: fits };
}

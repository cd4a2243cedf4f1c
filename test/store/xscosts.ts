/**
 * Runs in the XS engine (hosts/xs/harness.ts): the store over flash in RAM, once for its result and once for its price.
 * No Node here. `make` functions return what is measured.
 */

import { crc32 } from "../../modules/store/record.js";
import Store from "../../modules/store/store.js";
import { TestFlash } from "../flash.js";

const TOPIC = "factory/1/machine/2/alerts/overheat";
const payload = () => Uint8Array.from({ length: 70 }, (_, index) => 32 + index);
const partition = () => new TestFlash({ blocks: 16, blockLength: 4096, strict: false });

/** Writes, restarts and reads: what the desk's tests see in Node. */
export function survive(): unknown {
	const flash = partition();
	const first = new Store({ partition: flash });
	for (let count = 0; count < 700; count++) {
		const sequence = first.outbox?.append(TOPIC, payload()) ?? 0;
		first.outbox?.sent(sequence, 1 + (count % 9));
		if (count % 100 !== 99) first.outbox?.release(1 + (count % 9));
		else first.outbox?.reset();
		first.state?.write("boot", `☂ ${count}`);
	}
	const { outbox, state, counters, description } = new Store({ partition: flash });
	const held: unknown[] = [];
	for (let entry = outbox?.next(0); entry; entry = outbox?.next(entry.sequence))
		held.push([
			entry.sequence,
			entry.packetIdentifier,
			entry.topic,
			entry.payload.byteLength,
			entry.payload[69],
		]);
	return {
		held,
		boot: state?.read("boot"),
		damaged: counters.damaged,
		description,
		erases: flash.erases > 16,
	};
}

export function crc(bytes: number): () => void {
	const data = new Uint8Array(bytes);
	const words = new Int32Array(data.buffer);
	return () => {
		crc32(data, words, 0, bytes);
	};
}

/** One alert: accepted, read, sent, acknowledged. `steps` of these four are done. */
export function alert(steps: number): () => void {
	const { outbox } = new Store({ partition: quiet() });
	const bytes = payload();
	return () => {
		const sequence = outbox?.append(TOPIC, bytes) as number;
		if (steps > 1) outbox?.next(sequence - 1);
		if (steps > 2) outbox?.sent(sequence, sequence);
		if (steps > 3) outbox?.release(sequence);
	};
}

/** Opens a partition of 64 KiB that is in use all over, with `held` messages in it. */
export function open(held: number): () => void {
	const flash = quiet();
	const { outbox } = new Store({ partition: flash });
	const bytes = payload();
	for (let count = 0; count < 400; count++) {
		const sequence = outbox?.append(TOPIC, bytes) as number;
		if (count < held) continue;
		outbox?.sent(sequence, 7);
		outbox?.release(7);
	}
	return () => {
		new Store({ partition: flash });
	};
}

/** Flash as cheap as a native one: copies in bulk and checks nothing. */
function quiet() {
	const image = new Uint8Array(65536).fill(0xff);
	return {
		status: () => ({ size: 65536, blockLength: 4096, blocks: 16, eraseValue: 0xff, writeAlign: 4 }),
		read(data: unknown, offset: number) {
			const bytes = data as Uint8Array;
			bytes.set(new Uint8Array(image.buffer, offset, bytes.byteLength));
			return bytes.byteLength as never;
		},
		write(data: unknown, offset: number) {
			image.set(data as Uint8Array, offset);
		},
		eraseBlock(block: number) {
			image.fill(0xff, block * 4096, block * 4096 + 4096);
		},
		close() {},
	};
}

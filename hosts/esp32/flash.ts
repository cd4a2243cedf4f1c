/** ECMA-419 §28, Flash, over the SDK's, which tells neither the erased value nor the alignment of writes. */

import SDKFlash from "embedded:storage/flash";
import type { ByteBuffer } from "../../modules/mqtt/io.js";
import type { Flash, FlashPartition } from "../../modules/store/flash.js";

class Partition implements FlashPartition {
	private readonly partition: FlashPartition;

	constructor(partition: FlashPartition) {
		this.partition = partition;
	}
	status() {
		return { ...this.partition.status(), eraseValue: 0xff, writeAlign: 4 };
	}
	read(data: ByteBuffer, offset: number): number;
	read(byteLength: number, offset: number): ArrayBuffer;
	read(data: ByteBuffer | number, offset: number): number | ArrayBuffer {
		return this.partition.read(data as number, offset);
	}
	write(data: ByteBuffer, offset: number): void {
		this.partition.write(data, offset);
	}
	eraseBlock(first: number, last = first + 1): void {
		this.partition.eraseBlock(first, last);
	}
	close(): void {
		this.partition.close();
	}
}

const sdk = SDKFlash as unknown as Flash;

export const flash: Flash = Object.freeze({
	open: (options: Parameters<Flash["open"]>[0]) => new Partition(sdk.open(options)),
	[Symbol.iterator]: () => sdk[Symbol.iterator](),
});

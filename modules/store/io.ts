/**
 * ECMA-419 §28: Flash, which the journal needs from its host, and Key-Value, which it offers. Types only. Offsets
 * and lengths are in bytes.
 * After an erase each bit is set (`eraseValue` 0xFF); a write may only clear bits; every call throws on failure.
 */

import type { ByteBuffer } from "../mqtt/io.js";

/** §28, Flash: partitions by name. */
export interface Flash extends Iterable<string> {
	/** Throws where there is no such partition. `r+` if no mode is given. */
	open(options: { readonly path: string; readonly mode?: "r" | "r+" }): FlashPartition;
}

/** §28, Flash Partition. Offsets and lengths are in bytes. */
export interface FlashPartition {
	/** `size`, `blockLength` and `writeAlign` in bytes. */
	status(): {
		readonly size: number;
		readonly blockLength: number;
		readonly blocks: number;
		readonly eraseValue: number;
		readonly writeAlign: number;
	};
	/** Into a buffer: how many bytes; or so many in a new one. Throws outside of the partition. */
	read(data: ByteBuffer, offset: number): number;
	read(byteLength: number, offset: number): ArrayBuffer;
	/** `offset` and length are multiples of `writeAlign`; what is written was erased before. */
	write(data: ByteBuffer, offset: number): void;
	/** Blocks from `first` up to, and without, `last`; one block without it. */
	eraseBlock(first: number, last?: number): void;
	/** May be repeated; every other method then throws. */
	close(): void;
}

/** A key-value domain opened with `format: "string"` (§28). Values are at most 4000 bytes, keys 15 characters. */
export interface KeyValueDomain extends Iterable<string> {
	/** `undefined` for a key that is not there. */
	read(key: string): string | undefined;
	/** Whole or not at all, also when the power goes. */
	write(key: string, value: string): void;
	/** Nothing happens for a key that is not there. */
	delete(key: string): void;
	/** May be repeated; every other method then throws. */
	close(): void;
}

/**
 * ECMA-419 §28: Flash, which the journal needs from its host, and Key-Value, which it offers. Types only. Offsets
 * and lengths are in bytes.
 * After an erase each bit is set (`eraseValue` 0xFF); a write may only clear bits; every call throws on failure.
 */

import type { ByteBuffer } from "../mqtt/io.js";

export interface Flash extends Iterable<string> {
	open(options: { readonly path: string; readonly mode?: "r" | "r+" }): FlashPartition;
}

/** §28, Flash Partition. Offsets and lengths are in bytes. */
export interface FlashPartition {
	status(): {
		readonly size: number;
		readonly blockLength: number;
		readonly blocks: number;
		readonly eraseValue: number;
		readonly writeAlign: number;
	};
	read(data: ByteBuffer, offset: number): number;
	read(byteLength: number, offset: number): ArrayBuffer;
	write(data: ByteBuffer, offset: number): void;
	eraseBlock(first: number, last?: number): void;
	close(): void;
}

/** A key-value domain opened with `format: "string"` (§28). Values are at most 4000 bytes, keys 15 characters. */
export interface KeyValueDomain extends Iterable<string> {
	read(key: string): string | undefined;
	/** Whole or not at all, also when the power goes. */
	write(key: string, value: string): void;
	delete(key: string): void;
	close(): void;
}

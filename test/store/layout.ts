/**
 * A second reader of the partition, written from SPEC.md alone and sharing no code with modules/store. It reads sound
 * partitions only; tests use it to know which record a byte belongs to.
 */

import { crc32 } from "node:zlib";

export interface Place {
	readonly address: number;
	readonly end: number;
	/** 0: the header of a block. */
	readonly kind: number;
	readonly sequence: number;
	readonly tag: number;
	/** Where the body and its check end, without what pads them. */
	readonly used: number;
}

/** All headers and records of a partition without damage. */
export function placesOf(image: Uint8Array, blockLength: number, writeAlign: number): Place[] {
	const places: Place[] = [];
	const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
	const unit = Math.max(4, writeAlign);
	const round = (length: number) => Math.ceil(length / unit) * unit;
	for (let block = 0; block < image.byteLength; block += blockLength) {
		if (view.getUint32(block) !== 0x47774a31) continue;
		if (crc32(image.subarray(block, block + 28)) !== view.getUint32(block + 28, true))
			throw new Error(`header at ${block}`);
		const generation = view.getUint32(block + 12, true);
		let address = block + round(32);
		places.push({ address: block, end: address, kind: 0, sequence: 0, tag: 0, used: block + 32 });
		while (address + 20 <= block + blockLength && image[address] !== 0xff) {
			const length = view.getUint16(address + 2, true);
			const body = address + 20 + length;
			if (crc32(image.subarray(address, address + 16)) !== view.getUint32(address + 16, true))
				throw new Error(`record at ${address}`);
			if (view.getUint32(address + 4, true) !== generation) throw new Error(`generation at ${address}`);
			if (length && crc32(image.subarray(address + 20, body)) !== view.getUint32(body, true))
				throw new Error(`body at ${address}`);
			const used = length ? body + 4 : body;
			const end = address + round(used - address);
			places.push({
				address,
				end,
				kind: (image[address] as number) & 0x7f,
				sequence: view.getUint32(address + 8, true),
				tag: view.getUint32(address + 12, true),
				used,
			});
			address = end;
		}
	}
	return places;
}

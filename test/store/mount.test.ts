import assert from "node:assert/strict";
import fc from "fast-check";
import Blocks from "../../modules/store/flash.js";
import { Found } from "../../modules/store/mount.js";
import { BlockHeader, Frame, Kind, sizeOf } from "../../modules/store/record.js";
import Store from "../../modules/store/store.js";
import { TestFlash } from "../flash.js";
import { placesOf } from "./layout.js";
import {
	allowed,
	BLOCKS,
	contentOf,
	Driver,
	flashOf,
	generator,
	LENGTH,
	PROMISED,
	randomStep,
	reopen,
} from "./model.js";

const SIZE = BLOCKS * LENGTH;

/** A journal that has gone round the ring, as steps with this seed leave it. */
function used(seed: number, steps = 200): { flash: TestFlash; driver: Driver } {
	const flash = flashOf();
	const random = generator(seed);
	const driver = new Driver(() => reopen(flash));
	for (let count = 0; count < steps; count++) driver.step(randomStep(random));
	driver.check();
	return { flash, driver };
}

describe("Opening a partition", () => {
	const page = (fill: (image: Uint8Array) => void) => {
		const image = new Uint8Array(SIZE).fill(0xff);
		fill(image);
		return image;
	};
	const first = () => {
		const flash = flashOf();
		reopen(flash).outbox?.append("a", new Uint8Array(3));
		return flash.image;
	};
	const other = () => {
		const flash = new TestFlash({ blocks: BLOCKS * 4, blockLength: LENGTH * 2 });
		new Store({ partition: flash, promised: PROMISED }).outbox?.append("a", new Uint8Array(3));
		return flash.image.slice(0, SIZE);
	};
	const version = () => {
		const flash = flashOf();
		const { outbox } = reopen(flash);
		outbox?.append("a", new Uint8Array(3));
		// Version 2, with the CRC-32 that goes with it.
		const image = flash.image;
		image[4] = 2;
		const view = new DataView(image.buffer);
		let crc = -1;
		for (let index = 0; index < 28; index++) {
			crc ^= image[index] as number;
			for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
		}
		view.setInt32(28, ~crc, true);
		image.fill(0xff, 32);
		return image;
	};
	const table: [string, Uint8Array, number, RegExp][] = [
		["erased", page(() => {}), Found.blank, /^blank, 7 blocks of 320 bytes$/],
		["all zero", page(image => image.fill(0)), Found.foreign, /^no journal: block 0 begins with 00 00/],
		[
			"one zero bit far inside",
			page(image => image.fill(0xfe, 999, 1000)),
			Found.foreign,
			/block 3 begins with ff/,
		],
		["text at its start", page(image => image.set([72, 105])), Found.foreign, /begins with 48 69 ff/],
		[
			"a journal for other blocks",
			other(),
			Found.foreign,
			/^a journal for 28 blocks of 640 bytes, expected 7 of 320$/,
		],
		["a journal of version 2", version(), Found.foreign, /^a journal of version 2, expected 1$/],
		["a journal with one message", first(), Found.journal, /^journal, 7 blocks of 320 bytes$/],
		["its first header torn", page(image => image.set(first().subarray(0, 9))), Found.blank, /^blank/],
		[
			"its first header half programmed",
			page(image => {
				image.set(first().subarray(0, 32));
				image[3] = 0xff;
				image[13] = 0x0f;
			}),
			Found.blank,
			/^blank/,
		],
	];
	for (const [name, image, found, description] of table)
		it(`that is or has ${name} says so and writes nothing`, () => {
			const flash = flashOf(image);
			const store = reopen(flash);
			assert.equal(store.found, found);
			assert.match(store.description, description);
			assert.equal(flash.writes + flash.erases, 0);
			assert.deepEqual(flash.image, image);
			assert.equal(store.outbox === undefined, found === Found.foreign);
			assert.equal(store.state === undefined, found === Found.foreign);
		});
	for (const [name, status, expected] of [
		["too few blocks", { blocks: 3 }, /^3 blocks of 320 bytes, writeAlign 4, eraseValue 255: unfit/],
		["tiny blocks", { blockLength: 128 }, /^7 blocks of 128 bytes/],
		["odd blocks", { blockLength: 330 }, /^7 blocks of 330 bytes/],
		["bits that erase to 0", { eraseValue: 0 }, /eraseValue 0: unfit/],
		["a strange writeAlign", { writeAlign: 3 }, /writeAlign 3, eraseValue 255: unfit/],
		["no writeAlign", { writeAlign: undefined }, /writeAlign 0, eraseValue/],
	] as const)
		it(`with ${name} is unfit, and says why`, () => {
			const flash = flashOf();
			const all = flash.status();
			flash.status = () => ({ ...all, ...status }) as typeof all;
			const store = reopen(flash);
			assert.equal(store.found, Found.unfit);
			assert.match(store.description, expected);
			assert.equal(store.outbox, undefined);
		});
	it("whose every call throws is unfit or foreign, not an exception", () => {
		const flash = flashOf();
		flash.read = (() => {
			throw new Error("no");
		}) as typeof flash.read;
		assert.equal(reopen(flash).outbox, undefined);
		flash.status = () => {
			throw new Error("no");
		};
		assert.equal(reopen(flash).found, Found.unfit);
		assert.equal(flash.writes + flash.erases, 0);
	});
	it("whose first block was begun and no more goes on in it, and erases nothing", () => {
		const flash = flashOf(page(image => image.set(first().subarray(0, 32))));
		const { outbox, found } = reopen(flash);
		assert.equal(found, Found.journal);
		assert.equal(outbox?.append("a", new Uint8Array(3)), 1);
		assert.equal(flash.erases, 0);
	});
	it("takes no record that goes on in the next block, though its checks hold", () => {
		const flash = flashOf();
		const header = new BlockHeader(new Blocks(flash));
		header.fill(1, 1, 0, 0);
		flash.image.set(header.bytes);
		const frame = new Frame(256);
		frame.bytes.set([1, 0, 0x61], 20);
		for (const [sequence, address, length] of [
			[1, 32, 100],
			[2, 32 + 124, 160],
		] as const) {
			const size = sizeOf(length, 4);
			frame.fill(Kind.message, sequence, 0, length, size);
			frame.seal(1);
			flash.image.set(frame.bytes.subarray(0, size), address);
		}
		const store = reopen(flash);
		assert.deepEqual([...contentOf(store).held.keys()], [1]);
		assert.deepEqual([store.counters.damaged, store.counters.failures], [1, 0]);
	});
	it("with random bytes never throws, never writes, finds no message", () => {
		fc.assert(
			fc.property(fc.uint8Array({ minLength: SIZE, maxLength: SIZE }), image => {
				const flash = flashOf(image);
				const store = reopen(flash);
				assert.equal(flash.writes + flash.erases, 0);
				assert.notEqual(store.found, Found.journal);
			}),
			{ seed: 419, numRuns: 200 },
		);
	});
});

describe("A restart", () => {
	it("changes nothing: what follows is written to the same place as without it, in any block of the ring", () => {
		const flash = flashOf();
		const one = reopen(flash);
		for (let count = 1; count < 150; count++) {
			const again = flashOf(flash.image);
			for (const { outbox } of [reopen(again), one]) {
				const sequence = outbox?.append("a", new Uint8Array(count % 60)) as number;
				outbox?.sent(sequence, 1 + count);
				outbox?.release(1 + count);
			}
			assert.deepEqual(again.image, flash.image);
		}
		assert.ok(flash.wear.every(count => count > 1));
	});
});

describe("A hit on the journal", () => {
	it("in any one bit costs at most the record it hits, and is counted", () => {
		const { flash, driver } = used(5);
		const places = placesOf(flash.image, LENGTH, 4);
		const clean = contentOf(reopen(flashOf(flash.image)));
		let bits = 0;
		for (const place of places)
			for (let byte = place.address; byte < place.used; byte++)
				for (let bit = 0; bit < 8; bit++) {
					const image = flash.image.slice();
					image[byte] = (image[byte] as number) ^ (1 << bit);
					const store = reopen(flashOf(image));
					const { length } = store.outbox ?? {};
					const found = contentOf(store);
					assert.equal(length, found.held.size, "what it says at once it can keep");
					const where = `bit ${bit} of byte ${byte}, kind ${place.kind}`;
					bits++;
					for (const [sequence, message] of clean.held) {
						const there = found.held.get(sequence);
						if (there) assert.equal(there.payload, message.payload);
						else assert.equal(sequence, place.sequence, `${where}: ${sequence} is lost`);
					}
					for (const sequence of found.held.keys())
						assert.ok(
							clean.held.has(sequence) || sequence === place.sequence,
							`${where}: ${sequence} is back`,
						);
					if (place.kind !== Kind.value && place.kind !== Kind.deleted)
						assert.deepEqual(found.values, clean.values, where);
					if (store.counters.damaged === 0)
						assert.deepEqual(found.values, clean.values, `${where}: not counted`);
					assert.ok((store.counters.damaged ?? 0) > 0 || inert(place, byte), `${where}: not counted`);
				}
		console.log(`      ${places.length} headers and records, ${bits} bits, one at a time`);
		assert.ok(driver.content.held.size > 2);

		/** The body of a message or a value that is no longer needed is not looked into. */
		function inert(place: (typeof places)[number], byte: number): boolean {
			return place.kind === Kind.message || (place.kind === Kind.value && byte >= place.address + 20);
		}
	});
	it("in the erased rest of a block loses nothing, then and later", () => {
		const { flash, driver } = used(6, 203);
		const blank: number[] = [];
		// In a run of 0xFF; a single one may be part of a record.
		const { image: whole } = flash;
		const run = (from: number) => from >= 0 && whole.subarray(from, from + 8).every(byte => byte === 0xff);
		for (let index = 0; index < whole.length; index++) if (run(index) || run(index - 7)) blank.push(index);
		for (let index = 0; index < blank.length; index += 5) {
			const image = flash.image.slice();
			image[blank[index] as number] = 0xef;
			const again = flashOf(image);
			const next = new Driver(() => reopen(again), driver.content);
			next.check();
			assert.equal(again.writes, 0);
			const random = generator(index);
			for (let count = 0; count < 40; count++) next.step(randomStep(random));
			assert.equal(next.store.counters.retired, 0, "seen before it is written on");
			next.step({ do: "reopen" });
			next.check();
		}
	});
	it("in a header costs no record behind it, though erased bytes seem to follow", () => {
		const flash = flashOf();
		const { outbox } = reopen(flash);
		outbox?.append("a", new Uint8Array(64).fill(0xff));
		outbox?.append("b", new Uint8Array(3));
		const [, hit] = placesOf(flash.image, LENGTH, 4);
		flash.image[(hit as { address: number }).address + 8] = 9;
		const again = reopen(flash);
		assert.deepEqual([again.outbox?.length, again.outbox?.next(0)?.topic], [1, "b"]);
		assert.equal(again.counters.damaged, 1);
	});
	it("in the header of the newest block costs nothing, and nothing more is written behind it", () => {
		const flash = flashOf();
		reopen(flash).outbox?.append("a", new Uint8Array(3));
		flash.image[20] = 0;
		flash.image[21] = 1;
		const again = reopen(flash);
		again.outbox?.append("b", new Uint8Array(3));
		assert.deepEqual([flash.image[LENGTH], again.counters.damaged], [0x47, 1]);
		assert.deepEqual([...contentOf(reopen(flash)).held.keys()], [1, 2]);
	});
	it("in the header of the newest block brings nothing back, though a dead block could not be erased", () => {
		for (let seed = 1; seed < 40; seed++) {
			const flash = flashOf();
			flash.failing.erase.add(seed % BLOCKS);
			const driver = new Driver(() => reopen(flash));
			const random = generator(seed);
			for (let count = 0; count < 150; count++) {
				driver.step(randomStep(random));
				const headers = placesOf(flash.image, LENGTH, 4).filter(({ kind }) => kind === 0);
				const generations = headers.map(({ address }) => flash.image[address + 12] as number);
				const newest = headers[generations.indexOf(Math.max(...generations))];
				if (!newest) continue;
				const again = flashOf(flash.image, false);
				again.image[newest.address + 20] = (again.image[newest.address + 20] as number) ^ 1;
				// A block without a record behind its header is free.
				if (again.image[newest.end] !== 0xff)
					allowed(contentOf(reopen(again)), driver.content, driver.content);
			}
		}
	});
	it("in the record that ends a compaction loses nothing, for any state that the compaction left", () => {
		const flash = flashOf();
		const random = generator(9);
		const driver = new Driver(() => reopen(flash));
		const images: Uint8Array[] = [];
		let erased = false;
		flash.onChange = change => {
			if (erased) images.push(flash.image.slice());
			erased = change.data === undefined;
		};
		for (let count = 0; count < 300; count++) driver.step(randomStep(random));
		let hits = 0;
		for (const image of images) {
			const { held } = contentOf(reopen(flashOf(image)));
			for (const { address, kind } of placesOf(image, LENGTH, 4)) {
				if (kind !== Kind.tail) continue;
				const hit = image.slice();
				hit[address + 9] = (hit[address + 9] as number) ^ 4;
				assert.deepEqual(contentOf(reopen(flashOf(hit))).held, held);
				hits++;
			}
		}
		assert.ok(hits > 100);
	});
	it("in the record that ends a compaction loses no message of whose state alone the oldest block tells", () => {
		const flash = flashOf();
		const { outbox } = reopen(flash);
		outbox?.append("a", new Uint8Array(3));
		let after: Uint8Array | undefined;
		flash.onChange = ({ data }) => {
			if (data && flash.erases === 1) after ??= flash.image.slice();
		};
		for (let id = 1; !after; id++) outbox?.sent(1, id);
		const [tail, ...others] = placesOf(after, LENGTH, 4).filter(({ kind }) => kind === Kind.tail);
		assert.ok(tail && others.length === 0);
		after[tail.address + 9] = (after[tail.address + 9] as number) ^ 4;
		assert.equal(contentOf(reopen(flashOf(after))).held.size, 1);
	});
	it("in the record that ends a compaction brings nothing back, where the block could not be erased and the power goes while the next one is begun", () => {
		let cuts = 0;
		for (const [seed, failing] of [
			[10, 0],
			[12, 3],
			[33, 3],
		] as const) {
			const flash = flashOf();
			flash.failing.erase.add(failing);
			const random = generator(seed);
			const driver = new Driver(() => reopen(flash));
			const images: Uint8Array[] = [];
			flash.onChange = () => images.push(flash.image.slice());
			while (images.length < 70) driver.step(randomStep(random));
			for (const [index, image] of images.slice(0, 70).entries())
				for (const { address, kind } of placesOf(image, LENGTH, 4)) {
					if (kind !== Kind.tail) continue;
					const hit = image.slice();
					hit[address + 9] = (hit[address + 9] as number) ^ 4;
					cuts += resume(flashOf(hit), index);
				}
		}
		assert.ok(cuts > 1000, `${cuts} cuts`);

		/** Goes on with a few changes; the power goes at each of them. */
		function resume(flash: TestFlash, seed: number): number {
			const driver = new Driver(() => reopen(flash));
			driver.content = contentOf(driver.store);
			const random = generator(seed);
			let cuts = 0;
			for (let steps = 0; steps < 12 && cuts < 4; steps++) {
				const images: Uint8Array[] = [];
				flash.onChange = () => images.push(flash.image.slice());
				const before = driver.content;
				driver.step(randomStep(random));
				for (const image of images) allowed(contentOf(reopen(flashOf(image))), before, driver.content);
				cuts += images.length;
			}
			return cuts;
		}
	});
	it("that overwrites any stretch of it invents nothing and never throws", () => {
		const { flash } = used(8);
		const offered = new Set<string>();
		// All payloads that were ever written are still to be found somewhere in the image, or are held.
		for (const { payload } of contentOf(reopen(flashOf(flash.image))).held.values()) offered.add(payload);
		const places = placesOf(flash.image, LENGTH, 4);
		const known = new Set(places.filter(({ kind }) => kind === Kind.message).map(({ sequence }) => sequence));
		fc.assert(
			fc.property(fc.nat(SIZE - 1), fc.uint8Array({ minLength: 1, maxLength: 400 }), (start, noise) => {
				const image = flash.image.slice();
				image.set(noise.subarray(0, SIZE - start), start);
				const store = reopen(flashOf(image, false));
				if (!store.outbox) return;
				for (const sequence of contentOf(store).held.keys()) assert.ok(known.has(sequence));
				const random = generator(start);
				const driver = new Driver(() => reopen(flashOf(image, false)));
				driver.content = contentOf(driver.store);
				for (let count = 0; count < 20; count++) driver.store.outbox?.append("a", new Uint8Array(random(50)));
			}),
			{ seed: 419, numRuns: 300 },
		);
	});
});

/**
 * Flash whose writes of a turn reach the disk together: how many syncs that takes, what a power cut may take then, and what
 * happens when the disk refuses. The disk is one of the test's own: what is not synced is lost, or not, as chance has it.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Disk, FlashStore } from "../../hosts/node/flash.js";
import { Pins } from "../../hosts/node/pins.js";
import Store from "../../modules/store/store.js";
import { Chance } from "../chaos/random.js";

const SIZE = 8192;
const partitions = { journal: { size: SIZE, blockLength: 1024, writeAlign: 4 } };

/** Of the partition alone: what is written to the file of its wear does not matter here. */
class Cache {
	syncs = 0;
	refuses = false;
	/** What a power cut cannot take. */
	readonly image = new Uint8Array(SIZE).fill(0xff);
	/** The power goes at so many calls from now. */
	left = Number.POSITIVE_INFINITY;
	readonly #chance: Chance;
	#waiting: { readonly position: number; readonly data: Uint8Array }[] = [];

	constructor(chance = new Chance(0)) {
		this.#chance = chance;
	}
	readonly disk: Disk = {
		writeSync: ((_: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
			if (!this.#powered()) return length;
			if (bytes.byteLength === SIZE)
				this.#waiting.push({ position, data: bytes.slice(offset, offset + length) });
			return length;
		}) as Disk["writeSync"],
		fdatasyncSync: () => {
			if (!this.#powered()) return;
			this.syncs++;
			for (const { position, data } of this.#waiting.splice(0)) this.image.set(data, position);
		},
	};

	get dead(): boolean {
		return this.left <= 0;
	}
	#powered(): boolean {
		if (this.refuses) throw new Error("EIO");
		if (!this.dead && --this.left <= 0) this.cut();
		return !this.dead;
	}
	/** Of what was not synced some has reached the disk, in no order, and some of that in part. */
	cut(): void {
		this.left = 0;
		const chance = this.#chance;
		for (const { position, data } of this.#waiting.splice(0)) {
			if (chance.next() < 0.3) continue;
			const length = chance.next() < 0.5 ? chance.whole(0, data.byteLength) : data.byteLength;
			this.image.set(data.subarray(0, length), position);
		}
	}
}

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "glowworm-together-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function opened(cache: Cache, together = true) {
	writeFileSync(join(folder, "journal.flash"), cache.image);
	const flash = new FlashStore(folder, partitions, { together, disk: cache.disk });
	const partition = flash.open({ path: "journal" });
	return { flash, partition };
}
const turn = () => new Promise(resolve => setImmediate(resolve));
const word = (value: number) => Uint8Array.of(value, 0, 0, 0);

describe("hosts/node: flash, the writes of a turn together", () => {
	it("syncs once for all writes of a turn, where each alone has its own", async () => {
		for (const [together, syncs] of [
			[true, 1],
			[false, 5],
		] as const) {
			const cache = new Cache();
			const { flash, partition } = opened(cache, together);
			for (let index = 1; index < 6; index++) partition.write(word(index), 4 * index);
			assert.equal(cache.image[4], together ? 0xff : 1);
			await turn();
			assert.deepEqual(
				[...cache.image.subarray(4, 24)],
				[1, 2, 3, 4, 5].flatMap(value => [...word(value)]),
			);
			assert.equal(cache.syncs, syncs);
			flash.close();
		}
	});
	it("syncs at once before a pin changes, and when it is told", () => {
		const cache = new Cache();
		const { flash, partition } = opened(cache);
		const pins = new Pins(() => flash.sync());
		partition.write(word(1), 4);
		pins.watch(() => assert.equal(cache.image[4], 1));
		pins.set(2, 1);
		assert.equal(cache.syncs, 1);
		partition.write(word(2), 8);
		flash.sync();
		flash.sync();
		assert.deepEqual([cache.image[8], cache.syncs], [2, 2]);
		flash.close();
	});
	it("syncs all that stands before an erase, or before a block's beginning, in order and by itself", () => {
		const cache = new Cache();
		const { flash, partition } = opened(cache);
		for (let index = 1; index < 4; index++) partition.write(word(index), 4 * index);
		partition.eraseBlock(4);
		assert.deepEqual([cache.syncs, cache.image[12]], [4, 3]);
		partition.write(word(4), 16);
		partition.write(word(5), 1024);
		assert.deepEqual([cache.syncs, cache.image[16], cache.image[1024]], [6, 4, 5]);
		flash.close();
	});
	it("syncs when the board is switched off", () => {
		const cache = new Cache();
		const { flash, partition } = opened(cache);
		partition.write(word(7), 4);
		flash.close();
		assert.equal(cache.image[4], 7);
	});
	it("says once that the disk refused; then each write throws until the disk has taken all that waited", async () => {
		const cache = new Cache();
		const { flash, partition } = opened(cache);
		partition.write(word(1), 4);
		cache.refuses = true;
		assert.throws(() => flash.sync(), /EIO/);
		flash.sync();
		await turn();
		assert.throws(() => partition.write(word(2), 8), /EIO/);
		cache.refuses = false;
		partition.write(word(3), 12);
		assert.deepEqual([cache.image[4], cache.image[8], cache.image[12]], [1, 0xff, 3]);
		flash.close();
	});

	// 150 boards that lose their power 8 times each, at any call to the disk, with any of the writes that were not synced.
	it("loses no message that a turn which has ended accepted, and brings back none that it released", () => {
		let compactions = 0;
		for (let seed = 1; seed <= 150; seed++) {
			const chance = new Chance(seed);
			const cache = new Cache(chance);
			/** Accepted and released by the turns that have ended; and by the one that has not. */
			const held = new Map<string, boolean>();
			let value = 0;
			let count = 0;
			for (let life = 0; life < 8; life++) {
				cache.left = chance.whole(1, 200);
				const { flash, partition } = opened(cache);
				const store = new Store({ partition });
				const { outbox, state } = store;
				assert.ok(outbox && state, `seed ${seed}: ${store.description}`);
				const found = new Set<string>();
				for (let entry = outbox.next(0); entry; entry = outbox.next(entry.sequence)) found.add(entry.topic);
				for (const [topic, kept] of held)
					assert.equal(found.has(topic), kept, `seed ${seed}, life ${life}: ${topic}`);
				assert.ok(Number(state.read("value") ?? 0) >= value, `seed ${seed}, life ${life}: an older value`);
				outbox.reset();
				let identifier = 0;
				while (!cache.dead) {
					const now = new Map<string, boolean>();
					let written = value;
					for (let steps = chance.whole(1, 6); steps > 0; steps--) {
						const step = chance.whole(0, 4);
						if (step < 2) {
							const topic = `alert-${++count}`;
							if (outbox.append(topic, new Uint8Array(chance.whole(0, 120)))) now.set(topic, true);
						} else if (step < 4) {
							const entry = outbox.next(0);
							if (!entry) continue;
							const { sequence, topic } = entry;
							outbox.sent(sequence, ++identifier);
							if (outbox.release(identifier)) now.set(topic, false);
						} else state.write("value", `${++written}`);
					}
					flash.sync();
					// The power went within this turn: what it did may be there or not.
					if (cache.dead) for (const topic of now.keys()) held.delete(topic);
					else {
						value = written;
						for (const [topic, kept] of now) held.set(topic, kept);
					}
				}
				compactions += store.counters.compactions;
				flash.close();
			}
		}
		assert.ok(compactions > 500, `${compactions} compactions`);
	});
});

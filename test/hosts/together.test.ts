/**
 * Flash whose writes of a turn reach the disk together: how many syncs that takes, what a power cut may take then, and what
 * happens when the disk refuses. The disk is one of the test's own: it takes a sector as a whole or not at all, and of those
 * that are not synced any may be missing after a power cut.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDevice } from "../../hosts/node/device.js";
import { type Disk, FlashStore } from "../../hosts/node/flash.js";
import { Pins } from "../../hosts/node/pins.js";
import Store from "../../modules/store/store.js";
import { Chance } from "../chaos/random.js";

const SIZE = 8192;
const partitions = { journal: { size: SIZE, blockLength: 1024, writeAlign: 4 } };

const SECTOR = 512;
const PROMISED = new Map([
	["value", 16],
	["last", 16],
]);

/** Of the partition alone: what is written to the file of its wear does not matter here. */
class Cache {
	syncs = 0;
	refuses = false;
	/** What a power cut cannot take; and what was written. */
	readonly image = new Uint8Array(SIZE).fill(0xff);
	#written = this.image.slice();
	/** By sector, how it was after each write since the last sync. */
	#states = new Map<number, Uint8Array[]>();
	/** The power goes at so many calls from now. */
	left = Number.POSITIVE_INFINITY;
	readonly #chance: Chance;

	constructor(chance = new Chance(0)) {
		this.#chance = chance;
	}
	readonly disk: Disk = {
		writeSync: ((_: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
			if (!this.#powered() || bytes.byteLength !== SIZE) return length;
			this.#written.set(bytes.subarray(offset, offset + length), position);
			for (let at = position - (position % SECTOR); at < position + length; at += SECTOR)
				this.#states.set(at, [...(this.#states.get(at) ?? []), this.#written.slice(at, at + SECTOR)]);
			return length;
		}) as Disk["writeSync"],
		fdatasyncSync: () => {
			if (!this.#powered()) return;
			this.syncs++;
			for (const [at, states] of this.#states) this.image.set(states.at(-1) as Uint8Array, at);
			this.#states.clear();
		},
	};

	get dead(): boolean {
		return this.left <= 0;
	}
	#powered(): boolean {
		if (this.refuses) throw new Error("EIO");
		if (!this.dead && --this.left <= 0) this.#cut();
		return !this.dead;
	}
	/** Each sector that was not synced is as it was before, or after any of the writes since: one late, the next early. */
	#cut(): void {
		this.left = 0;
		for (const [at, states] of this.#states) {
			const state = states[this.#chance.whole(-1, states.length - 1)];
			if (state) this.image.set(state, at);
		}
		this.#states.clear();
		this.#written = this.image.slice();
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
	it("syncs what waits before a write that begins in another sector or behind a gap, and before an erase", () => {
		const cache = new Cache();
		const { flash, partition } = opened(cache);
		for (const [offset, length, syncs] of [
			[496, 4, 0],
			[500, 12, 0],
			[512, 4, 1],
			[516, 4, 1],
			[600, 4, 2],
		] as const) {
			partition.write(new Uint8Array(length), offset);
			assert.equal(cache.syncs, syncs, `at ${offset}`);
		}
		partition.eraseBlock(4);
		assert.deepEqual([cache.syncs, cache.image[600]], [4, 0]);
		flash.close();
	});
	it("syncs when the board is switched off", () => {
		const cache = new Cache();
		const { flash, partition } = opened(cache);
		partition.write(word(7), 4);
		flash.close();
		assert.equal(cache.image[4], 7);
	});
	it("lets nothing leave in a turn whose writes the disk refused; then writes throw until it has taken all", async () => {
		const cache = new Cache();
		const { flash, partition } = opened(cache);
		partition.write(word(1), 4);
		cache.refuses = true;
		let left: unknown = "nothing";
		// As a socket does it, set before and after the turn's own end.
		setImmediate(() => assert.throws(() => flash.sync(), /EIO/));
		assert.throws(() => flash.sync(), /EIO/);
		setImmediate(() => {
			try {
				flash.sync();
				left = "all";
			} catch {}
		});
		await turn();
		assert.equal(left, "nothing");
		await turn();
		await turn();
		flash.sync();
		assert.throws(() => partition.write(word(2), 8), /EIO/);
		cache.refuses = false;
		partition.write(word(3), 12);
		assert.deepEqual([cache.image[4], cache.image[8], cache.image[12]], [1, 0xff, 3]);
		flash.close();
	});
	it("keeps the acknowledgement of a command back that the disk refused, though its pin was tried before", async () => {
		const cache = new Cache();
		writeFileSync(join(folder, "journal.flash"), cache.image);
		const received: Buffer[] = [];
		const server = createServer(socket => socket.on("data", data => received.push(data))).listen(
			0,
			"127.0.0.1",
		);
		await once(server, "listening");
		const { port } = server.address() as AddressInfo;
		const flash = { together: true, disk: cache.disk };
		const device = createDevice({ description: {}, data: folder, partitions, flash });
		try {
			const partition = device.flash.open({ path: "journal" });
			const { io } = device.network.mqtt.client.socket;
			const reason = await new Promise(resolve => {
				new io({
					address: "127.0.0.1",
					port,
					onWritable() {
						cache.refuses = true;
						partition.write(word(1), 4);
						assert.throws(() => device.pins.set(2, 1), /EIO/);
						this.write(Uint8Array.of(0x40, 2, 0, 7));
					},
					onError: resolve,
				});
			});
			assert.match(String((reason as Error).cause), /EIO/);
			assert.deepEqual([received.length, device.pins.level(2)], [0, 0]);
		} finally {
			cache.refuses = false;
			device.close();
			server.close();
		}
	});

	// 150 boards that lose their power 8 times each, at any call to the disk.
	it("loses no message that a turn which has ended accepted, and brings back none that it released", () => {
		let compactions = 0;
		for (let seed = 1; seed <= 150; seed++) {
			const chance = new Chance(seed);
			const cache = new Cache(chance);
			/** Accepted and released by the turns that have ended; and by the one that has not. */
			const held = new Map<string, boolean>();
			let value = 0;
			let count = 0;
			const released = new Set<string>();
			for (let life = 0; life < 8; life++) {
				cache.left = chance.whole(1, 200);
				const { flash, partition } = opened(cache);
				const store = new Store({ partition, promised: PROMISED });
				const { outbox, state } = store;
				assert.ok(outbox && state, `seed ${seed}: ${store.description}`);
				const found = new Set<string>();
				for (let entry = outbox.next(0); entry; entry = outbox.next(entry.sequence)) found.add(entry.topic);
				for (const [topic, kept] of held)
					assert.equal(found.has(topic), kept, `seed ${seed}, life ${life}: ${topic}`);
				assert.ok(Number(state.read("value") ?? 0) >= value, `seed ${seed}, life ${life}: an older value`);
				// It was written after the message that it names.
				const last = state.read("last");
				assert.ok(
					last === undefined || found.has(last) || released.has(last),
					`seed ${seed}, life ${life}: ${last} is named, and gone`,
				);
				outbox.reset();
				let identifier = 0;
				while (!cache.dead) {
					const now = new Map<string, boolean>();
					let written = value;
					for (let steps = chance.whole(1, 12); steps > 0; steps--) {
						const step = chance.whole(0, 4);
						if (step < 2) {
							const topic = `alert-${++count}`;
							if (!outbox.append(topic, new Uint8Array(chance.whole(0, 250)))) continue;
							now.set(topic, true);
							state.write("last", topic);
						} else if (step < 4) {
							const entry = outbox.next(0);
							if (!entry) continue;
							const { sequence, topic } = entry;
							outbox.sent(sequence, ++identifier);
							if (!outbox.release(identifier)) continue;
							now.set(topic, false);
							released.add(topic);
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

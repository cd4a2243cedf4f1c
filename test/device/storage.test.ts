/** Where a board keeps things, and what `main` does with a description that is wrong. */

import assert from "node:assert/strict";
import main from "../../main.js";
import { check, type Description } from "../../modules/device/description/description.js";
import type { Device, KeyValueDomain } from "../../modules/device/io.js";
import Memory, { closeStorage, keyOf, openStorage } from "../../modules/device/memory.js";
import { roomFor } from "../../modules/device/start.js";
import { encode } from "../../modules/mqtt/codec.js";
import type { Flash, FlashPartition } from "../../modules/store/flash.js";
import Store from "../../modules/store/store.js";
import { TestFlash } from "../flash.js";
import { World } from "./stage.js";

/** NOR flash in RAM. */
function flash(fill = 0xff): Flash & { released(): boolean } {
	const blockLength = 4096;
	const bytes = new Uint8Array(blockLength * 8).fill(fill);
	const partition: FlashPartition = {
		status: () => ({ size: bytes.length, blockLength, blocks: 8, eraseValue: 0xff, writeAlign: 1 }),
		read(data: ArrayBuffer | ArrayBufferView | number, offset: number): never {
			if (typeof data === "number") return bytes.slice(offset, offset + data).buffer as never;
			const view =
				data instanceof ArrayBuffer
					? new Uint8Array(data)
					: new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
			view.set(bytes.subarray(offset, offset + view.length));
			return view.length as never;
		},
		write(data, offset) {
			const view =
				data instanceof ArrayBuffer
					? new Uint8Array(data)
					: new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
			for (let i = 0; i < view.length; i++)
				bytes[offset + i] = (bytes[offset + i] as number) & (view[i] as number);
		},
		eraseBlock(first, last = first + 1) {
			bytes.fill(0xff, first * blockLength, last * blockLength);
		},
		close() {
			open = false;
		},
	};
	let open = true;
	return {
		open: () => partition,
		released: () => !open,
		[Symbol.iterator]: () => ["journal"][Symbol.iterator](),
	};
}

const rooms = roomFor(
	check({ root: "r", id: "b", lamp: { pin: 2 } }, { sensor: {} }).description as Description,
);

describe("storage", () => {
	const device = (more: object): Device => ({ ...new World().device(), ...more });

	it("is the flash partition where it can be used, for alerts and memory alike, over a restart", () => {
		const chip = flash();
		const first = openStorage(device({ flash: chip }), rooms);
		assert.equal(first.kind, "flash");
		first.outbox.append("a", encode("alert"));
		first.memory?.write("boot", '{"n":1}');
		assert.ok(!chip.released());
		closeStorage(first);
		assert.ok(chip.released(), "another program may open the partition");
		const second = openStorage(device({ flash: chip }), rooms);
		assert.equal(second.outbox.length, 1);
		assert.equal(second.memory?.read("boot"), '{"n":1}');
	});

	const none: readonly (readonly [title: string, more: object, kind: RegExp])[] = [
		["has no flash", {}, /^ram: no flash$/],
		[
			"has no such partition",
			{
				flash: {
					open() {
						throw new Error("no partition journal");
					},
				},
			},
			/^ram: no partition journal$/,
		],
		["has something else in the partition, which is left as it is", { flash: flash(0x5a) }, /^ram: ./],
	];
	for (const [title, more, kind] of none)
		it(`is RAM for alerts and the key-value store for memory when the host ${title}, and says so`, () => {
			const lines: string[] = [];
			const storage = openStorage(device({ ...more, trace: (line: string) => lines.push(line) }), rooms);
			assert.match(storage.kind, kind);
			assert.match(lines[0] as string, /^storage: alerts are kept in RAM/);
			assert.ok(storage.outbox.append("a", encode("alert")) > 0);
			assert.ok(storage.memory);
			closeStorage(storage);
		});

	it("goes on without any memory at all", () => {
		const keyValue = {
			open() {
				throw new Error("worn out");
			},
		};
		const storage = openStorage(device({ keyValue }), rooms);
		assert.equal(storage.memory, undefined);
		const memory = new Memory(storage.memory);
		assert.equal(memory.put("a", {}), false);
		assert.deepEqual(memory.get("a"), {});
		assert.equal(memory.failures, 1);
	});
});

describe("boot count", () => {
	const boots = (make: (world: World) => void, lives: number): number[] => {
		const world = new World();
		make(world);
		for (let life = 0; life < lives; life++) {
			world.start();
			world.link.connect();
			world.kill();
		}
		return world.json("info").map(({ boot }) => boot as number);
	};
	const erased = () => new TestFlash({ blocks: 8, blockLength: 1024 });

	it("begins at 1 in a partition that is erased", () => {
		const world = (world: World) => {
			world.flash = erased();
		};
		assert.deepEqual(boots(world, 3), [1, 2, 3]);
	});
	it("goes on far from where it began wherever the count may be lost, so that no id of an alert comes twice", () => {
		const lost: readonly ((world: World) => void)[] = [
			// Something else is in the partition: RAM and the key-value store.
			world => {
				world.flash = new TestFlash({ blocks: 8, blockLength: 1024 });
				world.flash.image.fill(0x5a);
			},
			// A journal without a count.
			world => {
				world.flash = erased();
				new Store({ partition: world.flash }).outbox?.append("a", encode("alert"));
			},
			// A journal in which the last count was hit, so that the one before it would count once more.
			world => {
				world.flash = erased();
				const { state } = new Store({ partition: world.flash });
				for (const n of [1, 2, 3]) state?.write("boot", `{"n":${n}}`);
				const { image } = world.flash;
				const at = image.findIndex(
					(_, index) => String.fromCharCode(...image.subarray(index, index + 7)) === '{"n":3}',
				);
				image[at + 1] = 0;
				state?.write("time", '{"t":1}');
			},
		];
		for (const make of lost) {
			const seen = boots(make, 4);
			assert.ok(
				seen.every(boot => boot > 1_000_000),
				`${seen}`,
			);
			assert.equal(new Set(seen).size, 4, `${seen}`);
		}
	});
});

describe("memory", () => {
	it("counts what it cannot read and gives an empty record for it", () => {
		const memory = new Memory({ read: () => "[1]" } as unknown as KeyValueDomain);
		assert.deepEqual(memory.get("a"), {});
		assert.equal(memory.failures, 1);
	});

	it("has keys of at most 15 characters for names of any length, each its own", () => {
		const names = [
			"a",
			"temperature",
			"temperatures-1",
			"temperatures-2",
			"x".repeat(32),
			`${"x".repeat(31)}y`,
		];
		const keys = names.map(name => keyOf("a:", name));
		assert.equal(keys[1], "a:temperature");
		assert.ok(keys.every(key => key.length <= 15));
		assert.equal(new Set(keys).size, names.length);
	});
});

describe("main", () => {
	for (const [title, description, line] of [
		["is wrong", { root: "r" }, /^id: expected .*, found nothing$/],
		["has no broker", { root: "r", id: "b" }, /^broker: expected mqtt:\/\/HOST/],
		[
			"wants TLS of a host that has none",
			{ root: "r", id: "b", broker: "mqtts://h" },
			/^broker: expected mqtt:\/\/ \(this host has no TLS\), found mqtts:\/\/$/,
		],
	] as const)
		it(`makes no board of a description that ${title}, and says why in one line each`, () => {
			const world = new World();
			assert.equal(main({ ...world.device(), description }), undefined);
			assert.equal(world.trace.length, 1);
			assert.match(world.trace[0] as string, line);
			assert.equal(world.clock.pending, 0);
		});
});

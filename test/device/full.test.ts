/**
 * A board whose outbox is full, since its broker was away for long or acknowledges nothing: what it must remember still
 * has room under any description, and with the power cut at every write in that state.
 */

import assert from "node:assert/strict";
import { check, type Description } from "../../modules/device/description/description.js";
import { roomFor } from "../../modules/device/start.js";
import { encode } from "../../modules/mqtt/codec.js";
import Store from "../../modules/store/store.js";
import { Cut, TestFlash } from "../flash.js";
import { scripted, World } from "./stage.js";

interface Scene {
	readonly world: World;
	readonly raw: object;
	readonly description: Description;
	value: number;
	start(online: boolean): void;
}

function scene(count: number, flash: TestFlash): Scene {
	const world = new World();
	const list = <T>(make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));
	const name = (kind: string, index: number) => `${kind}-${index}-${"x".repeat(32)}`.slice(0, 32);
	const raw = {
		root: "r",
		id: "b",
		sensors: list(index => ({
			name: name("temperature", index).slice(0, 26),
			driver: "script",
			every: 1000,
		})),
		alerts: list(index => ({
			name: name("overheat", index),
			sensor: name("temperature", index).slice(0, 26),
			above: 30,
			clear: 28,
			severity: "critical",
		})),
		lamp: { pin: 2 },
	};
	const one: Scene = {
		world,
		raw,
		description: check(raw, { sensor: { script: scripted(() => 0) } }).description as Description,
		value: 20,
		start(online) {
			world.start(raw);
			// The broker takes what it is given, and acknowledges nothing.
			world.link.drain = () => {};
			if (online) world.link.connect(true);
		},
	};
	world.sensors = { script: scripted(() => one.value) };
	world.flash = flash;
	return one;
}

/** Swings until each alert has an edge that waits for room. */
function fill(one: Scene, count: number): void {
	const { world } = one;
	const waiting = () => world.trace.filter(line => line.endsWith("the outbox is full, waiting")).length;
	for (let second = 0; waiting() < count; second++) {
		assert.ok(second < 10_000);
		one.value = second & 1 ? 20 : 31;
		world.clock.advance(1000);
	}
	world.clock.advance(2000);
}

/** Per alert: its edges as the outbox gives them out in the end, each id once. */
function edges({ world, description }: Scene): unknown[][] {
	return description.alerts.map(({ name }) => {
		const byId = new Map(world.json(`alerts/${name}`).map(({ id, state }) => [id, state]));
		return [...byId.values()];
	});
}

function alternate(states: readonly unknown[]): boolean {
	return states.every((state, index) => state === (index & 1 ? "OFF" : "ON"));
}

describe("board with a full outbox", function () {
	this.timeout(60_000);

	for (const count of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 64])
		it(`stores wishes, versions, edges and starts with ${count} sensors and alerts on 64 KiB, over a restart`, () => {
			const one = scene(count, new TestFlash({ blocks: 16, blockLength: 4096 }));
			const { world } = one;
			one.start(false);
			fill(one, count);
			const held = world.outbox.length;
			assert.ok(held > 30, `${held} held`);
			world.link.connect(true);
			// Versions and packet identifiers of the greatest length.
			const ver = Number.MAX_SAFE_INTEGER - 1;
			for (let id = 65_535; id > 65_500; id--)
				assert.ok(world.link.receive("lamp/set", '{"state":"OFF"}', { id }));
			assert.ok(world.link.receive("lamp/desired", `{"state":"ON","ver":${ver}}`, { id: 8 }));
			assert.equal(world.level(2), 1);
			assert.ok(world.link.receive("lamp/set", "OFF", { id: 9 }));
			assert.equal(world.level(2), 0);
			world.kill();
			one.start(true);
			assert.ok(world.link.receive("lamp/desired", `{"state":"ON","ver":${ver}}`, { retain: true }));
			assert.equal(world.level(2), 0, "an old wish over a newer command");
			const info = world.json("info").at(-1) as { boot: number; counters: { memoryFailures: number } };
			assert.deepEqual([info.boot, info.counters.memoryFailures], [2, 0]);
			assert.deepEqual(
				world.trace.filter(line => /stored|too small/.test(line)),
				[],
			);

			const room = roomFor(one.description);
			const { state } = new Store({ partition: world.flash as TestFlash });
			for (const key of state ?? []) {
				const { byteLength } = encode(state?.read(key) as string);
				assert.ok(
					byteLength <= (room.get(key) ?? -1),
					`${key}: ${byteLength} bytes, promised ${room.get(key)}`,
				);
			}

			// The broker comes back to life: each edge, the refused ones too, in order.
			world.kill();
			world.start(one.raw);
			world.link.connect(false);
			for (let second = 0; second < 8; second++) world.clock.advance(1000);
			const all = edges(one);
			assert.ok(all.every(alternate), JSON.stringify(all));
			assert.ok(all.flat().length > held, "those that had waited came too");
			for (const states of all) assert.equal(states.at(-1), one.value > 30 ? "ON" : "OFF");
		});

	it("follows the newest wish and tells each edge once, with the power cut at every write and erase in that state", () => {
		const flash = new TestFlash({ blocks: 16, blockLength: 1024 });
		const filled = scene(2, flash);
		filled.start(false);
		fill(filled, 2);
		filled.world.kill();
		const { image } = filled.world.flash as TestFlash;
		let cuts = 0;
		for (const [kind, bytes] of [
			[Cut.whole, 0],
			[Cut.dropped, 0],
			...[12, 40].map(bytes => [Cut.torn, bytes]),
		] as const)
			for (let after = 1; !play(after, kind as number, bytes as number); after++) cuts++;
		assert.ok(cuts > 100, `${cuts} cuts`);
		console.log(`      ${cuts} cuts`);

		/** One story with one cut; returns whether it was over before. */
		function play(after: number, kind: number, bytes: number): boolean {
			const title = `cut at operation ${after}, kind ${kind}, byte ${bytes}`;
			const one = scene(2, new TestFlash({ blocks: 16, blockLength: 1024, image }));
			const { world } = one;
			one.value = filled.value;
			let left = after;
			let cut = false;
			world.onFlash = next => {
				if (left <= 0) return;
				next.cut(left, kind, bytes);
				next.onChange = () => void left--;
			};
			/** Does it, and again after the cut, as the broker's redelivery would. */
			const step = (act: () => unknown, starts = false) => {
				if (world.flash?.dead !== true) act();
				if (!world.flash?.dead) return;
				cut = true;
				left = 0;
				world.kill();
				one.start(true);
				// A life that still goes on would sample too.
				if (starts) world.kill();
				act();
			};
			step(() => one.start(true), true);
			let id = 0;
			const wish = (topic: string, text: string) => {
				id++;
				step(() => {
					const taken = world.link.receive(topic, text, { id, duplicate: true });
					assert.ok(taken || world.flash?.dead, `${title}: ${text} not taken`);
				});
			};
			for (let ver = 1; ver < 8; ver += 2) {
				wish("lamp/desired", `{"state":"ON","ver":${ver}}`);
				wish("lamp/set", "OFF");
				wish("lamp/desired", `{"state":"OFF","ver":${ver + 1}}`);
				wish("lamp/set", "ON");
			}
			wish("lamp/desired", '{"state":"ON","ver":3}');
			wish("lamp/set", "OFF");
			world.kill();
			step(() => one.start(true), true);
			assert.equal(world.level(2), 0, title);
			wish("lamp/desired", '{"state":"ON","ver":8}');
			assert.equal(world.level(2), 0, title);
			wish("lamp/desired", '{"state":"ON","ver":9}');
			assert.equal(world.level(2), 1, title);
			const boots = world.json("info").map(({ boot }) => boot as number);
			assert.ok(
				boots.every((boot, index) => index === 0 || boot > (boots[index - 1] as number)),
				`${title}: boots ${boots}`,
			);
			// At last the broker takes everything; the power may go there too.
			world.kill();
			step(() => {
				world.start(one.raw);
				world.link.connect(false);
				world.clock.advance(4000);
			}, true);
			world.kill();
			world.start(one.raw);
			world.link.connect(false);
			world.clock.advance(4000);
			for (const states of edges(one)) {
				assert.ok(alternate(states), `${title}: ${states}`);
				assert.equal(states.at(-1), one.value > 30 ? "ON" : "OFF", title);
			}
			return !cut;
		}
	});
});

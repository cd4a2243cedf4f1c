/** A board whose flash takes no writes, for a while or for good: alerts go by RAM, and it says so. */

import assert from "node:assert/strict";
import type Board from "../../modules/device/board.js";
import { check } from "../../modules/device/description/description.js";
import { TestFlash } from "../flash.js";
import { scripted, World } from "./stage.js";

const BLOCKS = 8;

interface Edge {
	readonly id: string;
	readonly state: string;
	readonly v: number;
}

class Scene {
	readonly world = new World();
	value = 20;
	board!: Board;

	constructor() {
		const { world } = this;
		world.sensors = { script: scripted(() => this.value) };
		world.flash = new TestFlash({ blocks: BLOCKS, blockLength: 4096 });
		this.start();
	}
	start(): void {
		this.board = this.world.start({
			sensors: [{ name: "temperature", driver: "script", every: 1000 }],
			alerts: [{ name: "overheat", sensor: "temperature", above: 30, clear: 28 }],
		});
	}
	get flash(): TestFlash {
		return this.world.flash as TestFlash;
	}
	/** Every write and erase throws, or works again. */
	fail(failing: boolean): void {
		for (const way of ["write", "erase"] as const)
			for (let block = 0; block < BLOCKS; block++)
				if (failing) this.flash.failing[way].add(block);
				else this.flash.failing[way].delete(block);
	}
	/** Crosses the threshold. */
	swing(times = 1): void {
		for (let count = 0; count < times; count++) {
			this.value = this.value === 20 ? 31 : 20;
			this.world.clock.advance(1000);
		}
	}
	edges(name: string): Edge[] {
		return this.world.json(`alerts/${name}`) as unknown as Edge[];
	}
	states(name: string): string[] {
		return this.edges(name).map(({ state }) => state);
	}
	get info(): { outbox: string; counters: { store: { failures: number } } } {
		return this.world.json("info").at(-1) as never;
	}
}

describe("a board whose flash takes no writes", () => {
	it("publishes its alerts all the same, says so in `info` and by an alert of its own, and takes both back", () => {
		const scene = new Scene();
		const { world } = scene;
		world.link.connect();
		scene.swing();
		world.clock.advance(1000);
		assert.deepEqual([scene.states("overheat"), scene.info.outbox], [["ON"], "flash"]);
		scene.fail(true);
		scene.swing(3);
		world.clock.advance(2000);
		assert.deepEqual(scene.states("overheat"), ["ON", "OFF", "ON", "OFF"]);
		assert.deepEqual(scene.states("storage-fault"), ["ON"]);
		assert.equal(world.json("alerts/storage-fault/state").at(-1)?.state, "ON");
		assert.equal(scene.info.outbox, "ram: flash takes no writes");
		scene.fail(false);
		world.clock.advance(20_000);
		assert.deepEqual(scene.states("storage-fault"), ["ON", "OFF"]);
		assert.equal(world.json("alerts/storage-fault/state").at(-1)?.state, "OFF");
		assert.equal(scene.info.outbox, "flash");
		scene.swing();
		const ids = [...scene.edges("overheat"), ...scene.edges("storage-fault")].map(({ id }) => id);
		assert.equal(new Set(ids).size, ids.length);
		// Nothing is left to do.
		world.clock.advance(60_000);
		const { writes, erases } = scene.flash;
		world.clock.advance(60_000);
		assert.deepEqual([scene.flash.writes, scene.flash.erases], [writes, erases]);
	});

	it("keeps alerts while there is no broker, sends them in order behind those that flash held, and stores them if it can", () => {
		for (const mended of [false, true]) {
			const scene = new Scene();
			const { world } = scene;
			scene.swing(2);
			scene.fail(true);
			scene.swing(3);
			assert.equal(world.outbox.length, 6, "storage-fault is one of them");
			if (mended) {
				scene.fail(false);
				world.clock.advance(20_000);
				world.kill();
				scene.start();
			}
			world.link.connect();
			world.clock.advance(5000);
			assert.deepEqual(scene.states("overheat"), ["ON", "OFF", "ON", "OFF", "ON"]);
			assert.deepEqual(scene.states("storage-fault"), mended ? ["ON", "OFF"] : ["ON"]);
		}
	});

	it("does so after a restart too, whose ids are none that were given before", () => {
		const scene = new Scene();
		const { world } = scene;
		scene.swing(2);
		const taken = scene.flash;
		world.onFlash = () => {};
		world.kill();
		world.onFlash = next => {
			for (let block = 0; block < BLOCKS; block++) {
				next.failing.write.add(block);
				next.failing.erase.add(block);
			}
		};
		scene.start();
		assert.notEqual(scene.flash, taken);
		world.link.connect();
		scene.swing();
		world.clock.advance(2000);
		assert.deepEqual(scene.states("overheat"), ["ON", "OFF", "ON"]);
		assert.deepEqual(scene.states("storage-fault"), ["ON"]);
		assert.equal(scene.info.outbox, "ram: flash takes no writes");
		const ids = scene.edges("overheat").map(({ id }) => id);
		assert.equal(new Set(ids).size, 3);
	});

	it("says nothing of a single write that failed: another block takes it", () => {
		const scene = new Scene();
		scene.world.link.connect();
		for (let block = 0; block < BLOCKS; block += 5) scene.flash.failing.write.add(block);
		scene.swing(4);
		scene.world.clock.advance(5000);
		assert.deepEqual(scene.states("storage-fault"), []);
		assert.equal(scene.info.outbox, "flash");
	});

	it("says so at each connect, as one that takes them says that it does, and one without flash says neither", () => {
		const scene = new Scene();
		const { world } = scene;
		const state = () => world.json("alerts/storage-fault/state").map(({ state }) => state);
		world.link.connect();
		world.clock.advance(1000);
		assert.deepEqual(state(), ["OFF"]);
		scene.fail(true);
		scene.swing();
		world.clock.advance(1000);
		world.link.disconnect();
		world.link.connect();
		world.clock.advance(1000);
		assert.deepEqual(state(), ["OFF", "ON", "ON"]);
		const other = new World();
		other.start({});
		other.link.connect();
		other.clock.advance(1000);
		assert.deepEqual(other.json("alerts/storage-fault/state"), []);
	});

	it("tries it no more once the board is closed", () => {
		const scene = new Scene();
		const { world, board } = scene;
		world.link.connect();
		scene.fail(true);
		scene.swing(3);
		assert.deepEqual(scene.states("storage-fault"), ["ON"]);
		board.close();
		world.clock.advance(10);
		assert.equal(world.clock.pending, 0);
	});

	it("is not tried where the writes of its end are the first that it does not take", () => {
		const scene = new Scene();
		const { world, board } = scene;
		world.link.connect();
		world.clock.advance(3000);
		scene.fail(true);
		board.close();
		world.clock.advance(3000);
		assert.equal(world.clock.pending, 0);
	});

	it("has no other alert and no sensor with an alert of that name", () => {
		const { problems } = check(
			{
				root: "r",
				id: "b",
				sensors: [{ name: "storage", driver: "script", every: 1000 }],
				alerts: [{ name: "storage-fault", sensor: "storage", above: 1 }],
			},
			{ sensor: { script: scripted(() => 0) } },
		);
		assert.deepEqual(
			problems.map(({ key }) => key),
			["sensors[0].name", "alerts[0].name"],
		);
	});
});

/** What an earlier description retained is taken back, however much it was. */

import assert from "node:assert/strict";
import { Outcome } from "../../modules/session/outcomes.js";
import { TestFlash } from "../flash.js";
import { scripted, World } from "./stage.js";

const long = (kind: string, index: number, length: number) => `${kind}-${index}-`.padEnd(length, "x");

/** What the broker retains of this board, by topic. */
function kept(world: World): Map<string, string> {
	const all = new Map<string, string>();
	for (const { topic, payload, retain } of world.published)
		if (retain && payload) all.set(topic, payload);
		else if (retain) all.delete(topic);
	return all;
}

const many = {
	sensors: Array.from({ length: 64 }, (_, index) => ({
		name: long("sensor", index, 32),
		driver: "script",
		every: 1000,
	})),
	alerts: Array.from({ length: 64 }, (_, index) => ({
		name: long("alert", index, 32),
		sensor: long("sensor", index, 32),
		above: 30,
	})),
	lamp: { pin: 2 },
};
const few = { sensors: many.sensors.slice(0, 1), lamp: { pin: 2 } };

describe("retained topics", () => {
	for (const [where, flash] of [
		["flash", new TestFlash({ blocks: 16, blockLength: 4096 })],
		["a key-value store", undefined],
	] as const)
		it(`of 64 sensors and 64 alerts with the longest names are all cleared once the description has them no more (${where})`, () => {
			const world = new World();
			world.sensors = { script: scripted(() => 20) };
			world.flash = flash;
			world.start(many);
			world.link.connect();
			world.clock.advance(1000);
			// In flash, `storage-fault` is one more.
			assert.equal(kept(world).size, 2 + 128 + (flash ? 1 : 0));
			world.kill();
			// Not reached before the next restart either: it stays noted.
			world.start(few);
			world.kill();
			world.start(few);
			world.link.connect();
			assert.deepEqual(
				[...kept(world).keys()].sort(),
				[`alerts/${long("sensor", 0, 32)}-fault/state`, "info", "lamp/state"]
					.concat(flash ? ["alerts/storage-fault/state"] : [])
					.sort(),
			);
			assert.ok(!world.trace.some(line => line.startsWith("retained:")));
			const from = world.published.length;
			world.kill();
			world.start(few);
			world.link.connect();
			assert.ok(
				world.published.slice(from).every(({ payload }) => payload !== ""),
				"cleared once",
			);
		});

	it("of 64 sensors and 64 alerts are all published at a connect, though the session has room for 20 at a time", () => {
		const world = new World();
		world.sensors = { script: scripted(() => 20) };
		world.start(many);
		world.link.room = 20;
		world.link.connect();
		assert.equal(kept(world).size, 20);
		for (let second = 0; second < 10; second++) {
			world.link.room = 20;
			world.clock.advance(1000);
		}
		assert.equal(kept(world).size, 2 + 128);
		const topics = world.published.filter(({ retain }) => retain).map(({ topic }) => topic);
		assert.equal(new Set(topics).size, topics.length, "each once");
	});

	it("are published though one of them never fits", () => {
		const world = new World();
		world.sensors = { script: scripted(() => 20) };
		world.start(few);
		const { link } = world;
		const publish = link.publish.bind(link);
		link.publish = (topic, payload, options) =>
			topic.endsWith("info") ? Outcome.droppedFull : publish(topic, payload, options);
		link.connect();
		world.clock.advance(2000);
		assert.deepEqual([...kept(world).keys()].sort(), [
			`alerts/${long("sensor", 0, 32)}-fault/state`,
			"lamp/state",
		]);
	});

	it("that changed while there was no room are published as they are once there is some", () => {
		const world = new World();
		const state = { value: 20 };
		world.sensors = { script: scripted(() => state.value) };
		world.start({
			sensors: [{ name: "temp", driver: "script", every: 1000 }],
			alerts: [{ name: "hot", sensor: "temp", above: 30 }],
			lamp: { pin: 2 },
		});
		world.link.connect();
		world.clock.advance(1000);
		world.link.room = 0;
		state.value = 40;
		world.clock.advance(5000);
		world.link.receive("lamp/set", "ON");
		world.clock.advance(5000);
		assert.equal(kept(world).get("alerts/hot/state"), '{"state":"OFF"}');
		world.link.room = Infinity;
		world.clock.advance(1000);
		assert.equal(kept(world).get("alerts/hot/state"), '{"state":"ON"}');
		assert.match(kept(world).get("lamp/state") as string, /ON/);
	});

	it("of an earlier description are cleared, also when the power goes before the broker has taken that", () => {
		const world = new World();
		world.sensors = { script: scripted(() => 20) };
		world.start(many);
		world.link.connect();
		world.kill();
		world.start(few);
		world.link.deaf = true;
		world.link.connect();
		world.clock.advance(5000);
		assert.ok(kept(world).size > 100);
		world.kill();
		world.start(few);
		world.link.connect();
		world.clock.advance(1000);
		assert.equal(kept(world).size, 3);
	});
});

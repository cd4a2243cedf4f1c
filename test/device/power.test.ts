/**
 * The board on its flash, with the power cut at every write and erase, in each way a write can end. All that was
 * cut: each crossing is told once (perhaps twice under one id), and the lamp shows the newest wish.
 */

import assert from "node:assert/strict";
import { Cut, TestFlash } from "../flash.js";
import { BLOCK, scripted, World } from "./stage.js";

const description = {
	sensors: [{ name: "temp", driver: "script", every: 1000 }],
	alerts: [{ name: "hot", sensor: "temp", above: 30, clear: 28 }],
	lamp: { pin: 2 },
};

/** Plays one story with one cut; returns whether the story was over before it. */
function play(after: number, kind: number, bytes: number): boolean {
	const world = new World();
	let value = 20;
	let cut = false;
	world.sensors = { script: scripted(() => value) };
	world.flash = new TestFlash({ blocks: 8, blockLength: BLOCK });
	const start = () => {
		world.start(description);
		world.link.connect(true);
		world.clock.advance(0);
	};
	start();
	(world.flash as TestFlash).cut(after, kind, bytes);
	/** Does it, and again after the cut, as a sensor's next sample or a broker's redelivery would. */
	const step = (act: () => void) => {
		act();
		if (!world.flash?.dead) return;
		cut = true;
		world.kill();
		start();
		act();
	};
	const reads = (next: number) =>
		step(() => {
			value = next;
			world.clock.advance(1000);
		});
	const wish = (state: string, ver: number) =>
		step(() => world.link.receive("lamp/desired", JSON.stringify({ state, ver }), { duplicate: true }));

	reads(31);
	wish("ON", 1);
	world.link.disconnect();
	reads(27);
	reads(32);
	wish("OFF", 2);
	wish("ON", 1);
	step(() => world.link.connect(true));
	reads(26);
	wish("ON", 3);
	reads(25);
	if (!world.link.online) world.link.connect(true);

	const title = `cut at operation ${after}, kind ${kind}, byte ${bytes}`;
	const byId = new Map(world.json("alerts/hot").map(({ id, state }) => [id, state]));
	assert.deepEqual([...byId.values()], ["ON", "OFF", "ON", "OFF"], title);
	assert.deepEqual(world.json("alerts/hot/state").at(-1), { state: "OFF" }, title);
	assert.equal(world.level(2), 1, title);
	const versions = world.json("lamp/state").map(({ ver }) => (ver as number | undefined) ?? -1);
	assert.deepEqual(
		versions,
		[...versions].sort((one, other) => one - other),
		title,
	);
	assert.equal(versions.at(-1), 3, title);
	return !cut;
}

describe("board on flash", function () {
	this.timeout(60_000);

	it("tells each crossing and follows the newest wish, with the power cut at every write and erase", () => {
		let cuts = 0;
		for (const [kind, bytes] of [
			[Cut.whole, 0],
			[Cut.dropped, 0],
			...[1, 4, 8, 12, 16, 19, 21, 40].map(bytes => [Cut.torn, bytes]),
		] as const)
			for (let after = 1; !play(after, kind as number, bytes as number); after++) cuts++;
		assert.ok(cuts > 100, `${cuts} cuts`);
		console.log(`      ${cuts} cuts`);
	});
});

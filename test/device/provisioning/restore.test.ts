/** A button that is held at power-on takes the board back to what was built in. */

import assert from "node:assert/strict";
import { StoredProvision } from "../../../modules/device/provisioning/trial.js";
import { PowerCut, type TestInput, World } from "../stage.js";

const SECOND = 1000;
const raw = { lamp: { pin: 2 }, button: { pin: 3 } };
const stored = { ssid: "HOME", password: "hunter2-hunter2", broker: "mqtt://elsewhere" };
const KEYS = ["ssid", "password", "broker", "id", "root"];

function scene(reset = "power-on", records: object = stored) {
	const world = new World();
	world.reset = reset;
	const domain = new Map<string, string>(Object.entries(records));
	const one = {
		world,
		domain,
		/** Writes until the power goes; never when negative. */
		left: -1,
		/** Switches it on; the button goes down so much later. */
		start(pressed: number) {
			world.start(raw);
			world.clock.advance(pressed);
			one.button.turn(1);
		},
		/** The same, and up again after six seconds. */
		hold(pressed: number) {
			one.start(pressed);
			world.clock.advance(6 * SECOND);
			one.button.turn(0);
			world.clock.advance(SECOND);
		},
		get button(): TestInput {
			return world.inputs.get(3) as TestInput;
		},
		/** What a start goes by. */
		get found() {
			const provision = one.provision();
			return Object.fromEntries(
				KEYS.map(key => [key, provision.get(key)]).filter(([, text]) => text !== undefined),
			);
		},
		provision: () =>
			new StoredProvision(
				{
					open: () => ({
						read: key => domain.get(key),
						write: (key, value) => {
							if (one.left-- === 0) throw new PowerCut("power");
							domain.set(key, value);
						},
						delete: key => {
							if (one.left-- === 0) throw new PowerCut("power");
							domain.delete(key);
						},
						close() {},
						[Symbol.iterator]: () => domain.keys(),
					}),
				},
				KEYS,
			),
	};
	world.provision = one.provision;
	world.records.set("config", '{"lamp":{"powerOn":"off"}}');
	return one;
}

describe("a button that is held at power-on", () => {
	for (const [when, reset, pressed] of [
		["from the start", "power-on", 0],
		["from three seconds after it, for the ESP32 does not start with GPIO 0 held", "power-on", 2700],
		["after a start by the reset pin", "external", 0],
	] as const)
		it(`for five seconds ${when}, deletes network, broker, identity and settings, and restarts the board`, () => {
			const one = scene(reset);
			const { world } = one;
			one.start(pressed);
			world.clock.advance(6 * SECOND);
			assert.deepEqual([one.found, world.restarts, world.records.has("config")], [stored, 0, true]);
			one.button.turn(0);
			world.clock.advance(SECOND);
			assert.deepEqual([one.found, world.restarts, world.records.has("config")], [{}, 1, false]);
			assert.ok(world.trace.includes("restore: back to what was built in"));
		});

	for (const [what, play] of [
		[
			"that is released before",
			(one: ReturnType<typeof scene>) => {
				one.start(0);
				one.world.clock.advance(4 * SECOND);
				one.button.turn(0);
			},
		],
		["that goes down later", (one: ReturnType<typeof scene>) => one.hold(3200)],
	] as const)
		it(`changes nothing if it is one ${what}`, () => {
			const one = scene();
			play(one);
			one.world.clock.advance(60 * SECOND);
			assert.deepEqual([one.found, one.world.restarts], [stored, 0]);
		});

	it("changes nothing if it is stuck, however long", () => {
		const one = scene();
		one.start(0);
		one.world.clock.advance(60 * SECOND);
		one.button.turn(0);
		one.world.clock.advance(60 * SECOND);
		assert.deepEqual([one.found, one.world.restarts], [stored, 0]);
	});

	for (const reset of ["software", "watchdog", "deep-sleep", "brownout"])
		it(`changes nothing after a start by ${reset}, so that it happens once`, () => {
			const one = scene(reset);
			one.hold(0);
			assert.deepEqual([one.found, one.world.restarts], [stored, 0]);
		});

	it("deletes all of it or nothing, with the power cut at each write", () => {
		for (let cut = 0; ; cut++) {
			const one = scene();
			one.start(0);
			one.left = cut;
			one.world.clock.advance(6 * SECOND);
			one.button.turn(0);
			one.world.clock.advance(SECOND);
			const over = one.left >= 0;
			one.left = -1;
			assert.deepEqual(one.found, cut === 0 ? stored : {}, `cut at write ${cut}`);
			assert.equal(one.world.restarts, cut === 0 ? 0 : 1);
			if (!over) continue;
			assert.ok(cut > 5);
			return;
		}
	});

	it("takes back a change that is on trial too", () => {
		const one = scene("power-on", {
			...stored,
			trial: JSON.stringify({ texts: { ssid: "ATTIC" }, starts: 0, kept: false }),
		});
		one.hold(0);
		assert.deepEqual([one.found, one.domain.size], [{}, 0]);
	});
});

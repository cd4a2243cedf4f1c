/** Features that a program names, or leaves out: what a board without them says of a description that asks for one. */

import assert from "node:assert/strict";
import { features } from "../../main.js";
import type Board from "../../modules/device/board.js";
import { check, type Description, line } from "../../modules/device/description/description.js";
import type { Part } from "../../modules/device/listener.js";
import lean, { type Feature, heapOf, roomFor } from "../../modules/device/start.js";
import { World } from "./stage.js";

const plain = { root: "r", id: "b", broker: "mqtt://127.0.0.1", sensors: [], lamp: { pin: 2 } };
const words = (raw: object, forms = features) =>
	check({ ...plain, ...raw }, { sensor: { wave: {} as never }, forms }).problems.map(problem =>
		line(problem),
	);

describe("a feature that a firmware is built without", () => {
	for (const homeAssistant of [true, { area: "Hall" }])
		it(`is refused in one line where a description asks for it: homeAssistant ${JSON.stringify(homeAssistant)}`, () => {
			const world = new World();
			assert.equal(lean(world.device(), { description: { ...plain, homeAssistant } }), undefined);
			const found = homeAssistant === true ? "true" : "an object";
			assert.deepEqual(world.trace, [
				`homeAssistant: expected nothing (this firmware is built without it), found ${found}`,
			]);
		});
	it("is refused where a sensor asks for it", () => {
		const sensors = [{ name: "a", driver: "wave", every: 1000, unit: "V", deviceClass: "voltage" }];
		assert.deepEqual(words({ sensors }), []);
		assert.deepEqual(words({ sensors }, []), [
			'sensors[0].deviceClass: expected nothing (this firmware is built without it), found "voltage"',
		]);
	});
	it("may be said to be off", () => assert.deepEqual(words({ homeAssistant: false }, []), []));
	it("has what it had retained cleared by forget, and its records deleted", () => {
		const world = new World();
		world.start({ lamp: { pin: 2 }, homeAssistant: true }, features);
		world.link.connect();
		world.clock.advance(20_000);
		assert.ok(world.records.has("ha") && world.records.has("ha:0"));
		world.link.disconnect();
		world.kill();
		world.start({ lamp: { pin: 2 } });
		world.link.connect();
		world.link.receive("cmd", "forget");
		world.clock.advance(20_000);
		const cleared = world.published.filter(({ retain, payload }) => retain && !payload);
		assert.ok(cleared.some(({ topic }) => topic === "homeassistant/device/b/config"));
		assert.equal(world.link.closed, true);
		assert.deepEqual(
			[...world.records.keys()].filter(key => key.startsWith("ha")),
			[],
		);
	});
	it("needs no room", () => {
		const description = check({ ...plain, homeAssistant: true }, { sensor: {}, forms: features })
			.description as Description;
		const keys = [...roomFor(description).keys()];
		const more = [...roomFor(description, features).keys()].filter(key => !keys.includes(key));
		assert.deepEqual(more, ["ha", "ha:0"]);
		assert.ok(heapOf(description, features) > heapOf(description));
	});
});

describe("Home Assistant at AWS", () => {
	for (const [profile, documents] of [
		["plain", 1],
		["aws", 0],
	] as const)
		it(`publishes ${documents} documents with profile ${profile}, and says so`, () => {
			const world = new World();
			world.start({ homeAssistant: true, profile }, features);
			world.link.connect();
			world.clock.advance(20_000);
			assert.equal(world.link.streamed.size, documents);
			assert.equal(world.trace.includes("homeAssistant: off at AWS"), documents === 0);
			const description = {
				root: "r",
				id: "b",
				homeAssistant: true,
				profile,
				sensors: [],
				alerts: [],
				actuators: [],
				commands: [],
			};
			const keys = [...roomFor(description as unknown as Description, features).keys()];
			assert.equal(keys.includes("ha"), documents === 1);
		});
});

describe("a feature that a program names", () => {
	/** A feature that notes what it is told. */
	function noting() {
		const told: string[] = [];
		let parts: Board | undefined;
		const part: Part = {
			inbound: [{ topic: "hub/say", QoS: 1, receive: () => void told.push("received") }],
			online: present => void told.push(`online ${present}`),
			offline: () => void told.push("offline"),
			configured: () => void told.push("configured"),
			pressed: () => void told.push("pressed"),
			close: () => void told.push("closed"),
		};
		const feature: Feature = {
			board: { hub: "boolean ?" },
			sensor: {},
			check: ({ hub }, problems) => {
				if (hub === false) problems.push({ key: "hub", expected: "true", found: "false" });
			},
			rooms: () => [],
			heap: () => 0,
			make(made) {
				parts = made;
				return [part];
			},
		};
		return { feature, told, parts: () => parts as Board };
	}

	it("adds its keys to the description, with its own conditions", () => {
		const { feature } = noting();
		assert.deepEqual(words({ hub: true }, [feature]), []);
		assert.deepEqual(words({ hub: 1 }, [feature]), ["hub: expected true or false, found 1"]);
		assert.deepEqual(words({ hub: false }, [feature]), ["hub: expected true, found false"]);
		assert.match(words({ hub: true }, []).join(), /^hub: expected one of root, /);
	});

	it("has a part of the board, which hears its topics, and learns of the broker, of changes, of the button and of the end", () => {
		const world = new World();
		const { feature, told, parts } = noting();
		const board = world.start({ hub: true, lamp: { pin: 2 }, button: { pin: 0 }, commands: ["config"] }, [
			feature,
		]);
		assert.equal(parts().outputs, board.outputs);
		world.link.connect();
		world.link.options.onMessage("hub/say", new Uint8Array(), {
			QoS: 1,
			retain: false,
			duplicate: false,
			id: 1,
		});
		world.link.receive("cmd", '{"cmd":"config","set":{"lamp":{"powerOn":"off"}}}');
		world.inputs.get(0)?.turn(1);
		world.clock.advance(1000);
		world.link.disconnect();
		board.close();
		assert.deepEqual(told, ["online false", "received", "configured", "pressed", "offline", "closed"]);
	});

	it("is left out of a board where it has nothing to do", () => {
		const world = new World();
		const { feature } = noting();
		const board = world.start({}, [{ ...feature, make: () => [] }]);
		world.link.connect();
		board.close();
	});
});

/** What `cmd` can do with a board, with parts that only note what is done to them. */

import assert from "node:assert/strict";
import Control from "../../../modules/device/commands/control.js";
import { check, type Description } from "../../../modules/device/description/description.js";
import { words } from "../../../modules/device/description/fields.js";
import Settings from "../../../modules/device/description/settings.js";
import type { Device, Provision } from "../../../modules/device/io.js";
import Memory from "../../../modules/device/memory.js";
import { scripted, World } from "../stage.js";

const raw = {
	root: "r",
	id: "b",
	broker: "mqtt://me:secret@host",
	sensors: [{ name: "temp", driver: "script", every: 1000 }],
	lamp: { pin: 2 },
	commands: words,
	actuators: [
		{ name: "fan", driver: "relay", failSafe: 60_000 },
		{ name: "door", driver: "relay", liveOnly: true },
	],
};

/** `more` is the device's. */
function stage(more: object = {}) {
	const world = new World();
	world.sensors = { script: scripted(() => 20) };
	world.actuators = { relay: { io: class {} as never } };
	const device: Device = { ...world.device(), ...more };
	const description = check(raw, device.sensor, device.actuator).description as Description;
	const { lamp, actuators } = description;
	/** What was done to the parts. */
	const done: unknown[][] = [];
	const note =
		(...what: unknown[]) =>
		(...more: unknown[]) =>
			void done.push([...what, ...more]);
	const one = {
		world,
		description,
		done,
		control: undefined as unknown as Control,
		/** The decommissioning can be stored. */
		forgets: true,
	};
	const memory = new Memory(world.memory);
	const sensor = {
		adopt: (description: Description) => void done.push(["adopt", description.sensors[0]?.every]),
		close: note("close sensor"),
	};
	const outputs = [{ ...(lamp as NonNullable<typeof lamp>), name: "lamp" }, ...actuators].map(
		description => ({
			name: description.name,
			description,
			configure: note("configure", description.name),
			identify: note("identify", description.name),
		}),
	);
	one.control = new Control({
		device,
		settings: new Settings(description, memory, device),
		info: { values: { boot: 7 } },
		sensors: [sensor],
		outputs,
		decommission: {
			begin(all) {
				done.push(["forget", all]);
				return one.forgets;
			},
		},
		restart() {
			done.push(["restart"]);
			return true;
		},
	});
	return one;
}

/** A device that can be told where it belongs, and takes it or not. */
function told(takes: boolean) {
	const proposed: object[] = [];
	const provision: Provision = {
		keys: ["ssid", "password"],
		trying: false,
		next: {},
		get: key => (key === "ssid" ? "HOME" : "hunter2-hunter2"),
		propose(changes) {
			proposed.push(changes);
			return takes;
		},
		keep: () => assert.fail("nothing is tried"),
		restore: () => assert.fail("nothing is held"),
		drop: () => assert.fail("nothing is tried"),
	};
	return { provision, proposed };
}

describe("config", () => {
	const shown = {
		lamp: { powerOn: "last" },
		sensors: { temp: { every: 1000, aggregate: "mean", batch: 1 } },
		alerts: {},
		actuators: { fan: { powerOn: "last", failSafe: 60_000 }, door: { powerOn: "last" } },
	};

	it("shows what can be changed", () => {
		assert.deepEqual(stage().control.config, shown);
	});

	it("shows what the device was told, without a password", () => {
		const { control } = stage({ provision: told(true).provision });
		assert.deepEqual(control.config, { ...shown, provision: { ssid: "HOME", password: true } });
	});

	it("set is stored, shown, and taken over by each sensor and each output", () => {
		const { control, description, done, world } = stage();
		const set = { sensors: { temp: { every: 500 } }, actuators: { fan: { failSafe: 5000 } } };
		assert.deepEqual(control.configure(set), []);
		assert.deepEqual(JSON.parse(world.records.get("config") as string), set);
		assert.deepEqual(control.config, {
			...shown,
			sensors: { temp: { ...shown.sensors.temp, every: 500 } },
			actuators: { ...shown.actuators, fan: { powerOn: "last", failSafe: 5000 } },
		});
		const [fan, door] = description.actuators;
		assert.deepEqual(done, [
			["adopt", 500],
			["configure", "lamp", description.lamp],
			["configure", "fan", { ...fan, failSafe: 5000 }],
			["configure", "door", door],
		]);
	});

	for (const [title, set, refusing, key] of [
		["a value that is wrong", { sensors: { temp: { every: 1 } } }, false, "sensors[0].every"],
		["what cannot be stored", { sensors: { temp: { every: 500 } } }, true, "set"],
		["a network, on a host that is told of none,", { provision: { ssid: "x" } }, false, "provision"],
	] as const)
		it(`set of ${title} changes nothing and says so`, () => {
			const { control, done, world } = stage();
			world.refusing = refusing;
			assert.deepEqual(
				control.configure(set).map(problem => problem.key),
				[key],
			);
			assert.deepEqual(done, []);
			assert.ok(!world.records.has("config"));
			assert.deepEqual(control.config, shown);
		});

	it("set of a network is proposed to the device, and is no setting", () => {
		const { provision, proposed } = told(true);
		const { control, world } = stage({ provision });
		assert.deepEqual(control.configure({ provision: { ssid: "NEW" } }), []);
		assert.deepEqual(proposed, [{ ssid: "NEW" }]);
		assert.ok(!world.records.has("config"));
	});

	it("set of a network that is wrong is proposed to nobody, and what came with it is not changed", () => {
		const { provision, proposed } = told(true);
		const { control, world } = stage({ provision });
		const set = { sensors: { temp: { every: 500 } }, provision: { ssid: "" } };
		assert.deepEqual(
			control.configure(set).map(({ key }) => key),
			["provision.ssid"],
		);
		assert.deepEqual(proposed, []);
		assert.ok(!world.records.has("config"));
	});

	it("set of a wrong value proposes no network that came with it", () => {
		const { provision, proposed } = told(true);
		const set = { sensors: { temp: { every: 1 } }, provision: { ssid: "NEW" } };
		assert.equal(stage({ provision }).control.configure(set).length, 1);
		assert.deepEqual(proposed, []);
	});

	it("set of a network that the device cannot store says so", () => {
		const { control } = stage({ provision: told(false).provision });
		assert.deepEqual(
			control.configure({ provision: { ssid: "NEW" } }).map(({ key }) => key),
			["provision"],
		);
	});
});

describe("forget", () => {
	it("ends sampling, then begins to take back what is retained", () => {
		const { control, done } = stage();
		control.forget(false);
		assert.deepEqual(done, [["close sensor"], ["forget", false]]);
	});

	it("reports when a restart would not know of it", () => {
		const one = stage();
		one.forgets = false;
		one.control.forget(false);
		assert.deepEqual(one.world.trace, ["forget: could not be stored, a restart will not know it"]);
	});
});

describe("identify", () => {
	for (const [title, name, done, wrong] of [
		["the lamp where no output is named", undefined, [["identify", "lamp"]], undefined],
		["the output that is named", "fan", [["identify", "fan"]], undefined],
		["nothing where there is no such output", "pump", [], "output: expected one of this board"],
		["nothing for a name that is none", 5, [], "output: expected one of this board"],
		["no output that takes live commands only", "door", [], "output: expected one that is not liveOnly"],
	] as const)
		it(`moves ${title}`, () => {
			const one = stage();
			assert.equal(one.control.identify(name), wrong);
			assert.deepEqual(one.done, done);
		});
});

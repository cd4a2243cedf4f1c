/** What commands do with a board, with parts that only note what is done to them. */

import assert from "node:assert/strict";
import Command from "../../../modules/device/commands/command.js";
import { check, type Description, Settings } from "../../../modules/device/description/description.js";
import { words } from "../../../modules/device/description/schema.js";
import type { Device, Provision } from "../../../modules/device/io.js";
import { Names } from "../../../modules/device/json.js";
import Memory from "../../../modules/device/memory.js";
import { encode } from "../../../modules/mqtt/codec.js";
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

/** `more` is the device's, `further` the description's. */
function stage(more: object = {}, further: object = {}) {
	const world = new World();
	world.sensors = { script: scripted(() => 20) };
	world.actuators = { relay: { io: class {} as never } };
	const device: Device = { ...world.device(), ...more };
	const description = check({ ...raw, ...further }, device).description as Description;
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
		/** Sends a command and returns its answer. */
		ask(command: object) {
			const message = { QoS: 1, retain: false, duplicate: false, id: 1 };
			receiver.receive(encode(JSON.stringify(command)), message);
			return answer as { ok: boolean; error?: string; config?: object; watches?: object };
		},
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
	let answer: object = {};
	const receiver = new Command({
		device,
		memory,
		names: new Names({ knows: () => true }),
		publisher: {
			retaining: true,
			answer(result) {
				answer = result;
			},
		},
		settings: new Settings(description, memory, device),
		info: { values: { boot: 7 } },
		sensors: [sensor],
		outputs,
		parts: [{ configured: note("configured") }],
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
		assert.deepEqual(stage().ask({ cmd: "config" }).config, shown);
	});

	it("says beside it which sensor each alert belongs to, which no change can touch", () => {
		const alerts = [{ name: "hot", sensor: "temp", above: 30 }];
		const { ask } = stage({}, { alerts });
		const { watches, config } = ask({ cmd: "config" });
		assert.deepEqual(watches, { hot: "temp" });
		assert.equal(ask({ cmd: "config", set: config }).ok, true, "what was read can be set");
	});

	it("shows what the device was told, without a password", () => {
		const { ask } = stage({ provision: told(true).provision });
		assert.deepEqual(ask({ cmd: "config" }).config, {
			...shown,
			provision: { ssid: "HOME", password: true },
		});
	});

	it("set is stored, shown, and taken over by each sensor and each output; then features are told", () => {
		const { ask, description, done, world } = stage();
		const set = { sensors: { temp: { every: 500 } }, actuators: { fan: { failSafe: 5000 } } };
		assert.equal(ask({ cmd: "config", set }).ok, true);
		assert.deepEqual(JSON.parse(world.records.get("config") as string), set);
		assert.deepEqual(ask({ cmd: "config" }).config, {
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
			["configured"],
		]);
	});

	for (const [title, set, refusing, key] of [
		["a value that is wrong", { sensors: { temp: { every: 1 } } }, false, "sensors[0].every"],
		[
			"a key that only a new description changes",
			{ sensors: { temp: { driver: "x" } } },
			false,
			"sensors.temp.driver",
		],
		["a sensor that there is none of", { sensors: { humid: { every: 500 } } }, false, "sensors.humid"],
		["what cannot be stored", { sensors: { temp: { every: 500 } } }, true, "set"],
		["a network, on a host that is told of none,", { provision: { ssid: "x" } }, false, "provision"],
	] as const)
		it(`set of ${title} changes nothing and says so`, () => {
			const { ask, done, world } = stage();
			world.refusing = refusing;
			const { ok, error } = ask({ cmd: "config", set });
			assert.equal(ok, false);
			assert.ok(error?.startsWith(`${key}: expected`), error);
			assert.deepEqual(done, []);
			assert.ok(!world.records.has("config"));
			assert.deepEqual(ask({ cmd: "config" }).config, shown);
		});

	it("names the keys that messages to this board may use: of commands, of settings, and the names of its parts", () => {
		const { description, world } = stage();
		const settings = new Settings(description, new Memory(world.memory), world.device());
		for (const name of [
			"cmd",
			"brightness",
			"lamp",
			"provision",
			"every",
			"holdOn",
			"failSafe",
			"temp",
			"door",
		])
			assert.ok(settings.knows(name), name);
		for (const name of ["driver", "pin", "liveOnly", "toString", "every2"])
			assert.ok(!settings.knows(name), name);
	});

	it("set of a network is proposed to the device, and is no setting", () => {
		const { provision, proposed } = told(true);
		const { ask, world } = stage({ provision });
		assert.equal(ask({ cmd: "config", set: { provision: { ssid: "NEW" } } }).ok, true);
		assert.deepEqual(proposed, [{ ssid: "NEW" }]);
		assert.ok(!world.records.has("config"));
	});

	it("set of a network that is wrong is not proposed, and what came with it is not changed", () => {
		const { provision, proposed } = told(true);
		const { ask, world } = stage({ provision });
		const set = { sensors: { temp: { every: 500 } }, provision: { ssid: "" } };
		assert.match(ask({ cmd: "config", set }).error as string, /^provision.ssid: expected [^;]*$/);
		assert.deepEqual(proposed, []);
		assert.ok(!world.records.has("config"));
	});

	it("set of a wrong value proposes no network that came with it", () => {
		const { provision, proposed } = told(true);
		const set = { sensors: { temp: { every: 1 } }, provision: { ssid: "NEW" } };
		assert.equal(stage({ provision }).ask({ cmd: "config", set }).ok, false);
		assert.deepEqual(proposed, []);
	});

	it("set of a network that the device cannot store says so", () => {
		const { ask } = stage({ provision: told(false).provision });
		const { error } = ask({ cmd: "config", set: { provision: { ssid: "NEW" } } });
		assert.match(error as string, /^provision: expected a change that can be stored/);
	});
});

describe("forget", () => {
	it("ends sampling, then begins to take back what is retained", () => {
		const { ask, done } = stage();
		ask({ cmd: "forget" });
		assert.deepEqual(done, [["close sensor"], ["forget", false]]);
	});

	it("reports when a restart would not know of it", () => {
		const one = stage();
		one.forgets = false;
		one.ask({ cmd: "forget" });
		assert.deepEqual(one.world.trace, ["forget: could not be stored, a restart will not know it"]);
	});
});

describe("identify", () => {
	for (const [title, name, done, wrong] of [
		["the lamp where no output is named", undefined, [["identify", "lamp"]], undefined],
		["the output that is named", "fan", [["identify", "fan"]], undefined],
		["nothing where there is no such output", "pump", [], 'output: expected one of lamp, fan, found "pump"'],
		["nothing for a name that is none", 5, [], "output: expected one of lamp, fan, found 5"],
		[
			"no output that takes live commands only",
			"door",
			[],
			'output: expected one of lamp, fan, found "door"',
		],
	] as const)
		it(`moves ${title}`, () => {
			const one = stage();
			assert.equal(one.ask({ cmd: "identify", output: name }).error, wrong);
			assert.deepEqual(one.done, done);
		});
});

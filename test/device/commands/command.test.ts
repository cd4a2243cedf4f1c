/** Which commands a description allows: `cmd` has no authority of its own. */

import assert from "node:assert/strict";
import { StoredProvision } from "../../../modules/device/provisioning/trial.js";
import { scripted, World } from "../stage.js";

const description = {
	sensors: [{ name: "temp", driver: "script", every: 1000 }],
	alerts: [{ name: "hot", sensor: "temp", above: 30 }],
	lamp: { pin: 2 },
};

function stage(commands: readonly string[] | undefined) {
	const world = new World();
	world.sensors = { script: scripted(() => 20) };
	const { memory } = world;
	world.provision = () => new StoredProvision({ open: () => memory }, ["broker", "id", "root"]);
	world.start({ ...description, commands });
	world.link.connect();
	return {
		world,
		ask(command: object, duplicate = false) {
			world.link.receive("cmd", JSON.stringify(command), { id: 1, duplicate });
			return world.json("cmd/result").at(-1) as { ok: boolean; error?: string; help?: object };
		},
	};
}

class Pump {
	write() {}
	close() {}
}

const move = { cmd: "config", set: { provision: { broker: "mqtt://elsewhere" } } };
const period = { cmd: "config", set: { sensors: { temp: { every: 500 } } } };
const threshold = { cmd: "config", set: { alerts: { hot: { above: 31 } } } };

describe("a description without `commands`", () => {
	for (const command of [{ cmd: "info" }, { cmd: "identify" }, { cmd: "config" }, period, threshold])
		it(`allows ${JSON.stringify(command)}`, () => {
			assert.equal(stage(undefined).ask(command).ok, true);
		});

	for (const cmd of ["restart", "forget"])
		it(`does not allow ${cmd}, says so, and does nothing`, () => {
			const { world, ask } = stage(undefined);
			const { error } = ask({ cmd });
			assert.equal(error, `cmd: expected one that the description's \`commands\` allows, found "${cmd}"`);
			world.clock.advance(60_000);
			assert.deepEqual([world.restarts, world.link.closed, world.records.has("forget")], [0, false, false]);
		});

	it("does not let a message move the board to another broker", () => {
		const { world, ask } = stage(undefined);
		assert.equal(
			ask(move).error,
			"provision: expected nothing, found something that `commands` does not allow",
		);
		assert.equal(world.records.has("trial"), false);
	});

	it("takes nothing of a change that comes with one that it does not allow", () => {
		const { world, ask } = stage(undefined);
		assert.equal(ask({ cmd: "config", set: { ...period.set, ...move.set } }).ok, false);
		assert.equal(world.records.has("config"), false);
	});
});

describe("identify, on a board whose outputs all take live commands only", () => {
	it("is refused with the reason", () => {
		const world = new World();
		world.actuators = { pump: { io: Pump as never } };
		world.start({ actuators: [{ name: "pump", driver: "pump", liveOnly: true }] });
		world.link.connect();
		world.link.receive("cmd", "identify", { id: 1 });
		const { ok, error } = world.json("cmd/result").at(-1) as { ok: boolean; error: string };
		assert.equal(ok, false);
		assert.equal(error, "output: expected an output that is not liveOnly to blink, found none");
	});
});

describe("an empty command", () => {
	it("is answered as an unknown one is", () => {
		const { world, ask } = stage(undefined);
		ask({ cmd: "inf" });
		const unknown = world.json("cmd/result").at(-1);
		world.link.receive("cmd", "", { id: 2 });
		const { error, ...rest } = world.json("cmd/result").at(-1) as { readonly error: string };
		assert.equal(error, 'cmd: expected one of help, info, config, identify, restart, forget, found ""');
		assert.deepEqual(rest, { topic: "cmd", ok: false });
		assert.match(
			String(unknown?.error),
			/^cmd: expected one of help, info, config, identify, restart, forget, /,
		);
	});
});

describe("`commands` of a description", () => {
	for (const [word, command] of [
		["restart", { cmd: "restart" }],
		["forget", { cmd: "forget" }],
	] as const)
		it(`allows ${word} by its name, and nothing beside it`, () => {
			assert.equal(stage([word]).ask(command).ok, true);
			for (const cmd of ["info", "config", "identify"]) assert.equal(stage([word]).ask({ cmd }).ok, false);
		});

	it("allows provision by its name, beside config", () => {
		const { world, ask } = stage(["config", "provision"]);
		assert.equal(ask(move).ok, true);
		assert.ok(world.records.has("trial"));
		assert.equal(stage(["provision"]).ask(move).ok, false);
	});

	it("may be empty: then nothing but help is answered", () => {
		const { ask } = stage([]);
		for (const cmd of ["info", "config", "identify", "restart", "forget"])
			assert.equal(ask({ cmd }).ok, false);
		assert.deepEqual(ask({ cmd: "help" }).help, { cmd: ["help"] });
	});
});

describe("a command that the broker sends again, for its first way or its acknowledgement was lost", () => {
	const words = ["info", "config", "identify", "restart", "forget"];

	for (const command of [{ cmd: "info" }, period, { cmd: "forget" }])
		it(`is carried out if it does no more the second time: ${JSON.stringify(command)}`, () => {
			const { world, ask } = stage(words);
			assert.equal(ask(command, true).ok, true);
			assert.equal(world.records.has("forget"), command.cmd === "forget");
		});

	for (const cmd of ["identify", "restart"])
		it(`is refused if it would move something twice: ${cmd}`, () => {
			const { world, ask } = stage(words);
			assert.equal(ask({ cmd }, true).error, "expected a live message, found one delivered again: ignored");
			world.clock.advance(60_000);
			assert.deepEqual([world.restarts, world.pins.get(2)], [0, [0]]);
		});
});

describe("cmd help", () => {
	const output = ["powerOn", "failSafe"];
	const sensors = "every unit decimals deadband maxSilence window aggregate batch faultAfter".split(" ");
	const alerts = "above below outside rate stale over clear holdOn holdOff rearm severity".split(" ");
	const set = { sensors, alerts, actuators: output, lamp: output };

	it("lists the words that are allowed, and the keys that may be set", () => {
		assert.deepEqual(stage(undefined).ask({ cmd: "help" }).help, {
			cmd: ["help", "info", "config", "identify"],
			set,
		});
	});

	it("lists the keys of provision where that is allowed", () => {
		assert.deepEqual(stage(["config", "provision", "restart"]).ask({ cmd: "help" }).help, {
			cmd: ["help", "config", "restart"],
			set: { ...set, provision: ["broker", "id", "root"] },
		});
	});
});

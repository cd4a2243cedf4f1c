/** The lamp and other outputs: what may switch them, and what may not. */

import assert from "node:assert/strict";
import * as fc from "fast-check";
import { roomOf } from "../../../modules/device/outputs/newest.js";
import { encode } from "../../../modules/mqtt/codec.js";
import type { Received } from "../../../modules/session/options.js";
import { type TestInput, World } from "../stage.js";

const lamp = { pin: 2 };

function online(description: object = { lamp }) {
	const world = new World();
	world.start(description);
	world.link.connect();
	return world;
}
const reported = (world: World, name = "lamp") => world.json(`${name}/state`).at(-1);
/** Off and on again. */
function again(world: World, description: object = { lamp }) {
	world.kill();
	world.start(description);
	world.link.connect(true);
}

describe("lamp/set", () => {
	for (const [payload, level, state] of [
		["ON", 1, { state: "ON", src: "set" }],
		['{"state":"ON"}', 1, { state: "ON", src: "set" }],
		['{"state":"ON","brightness":7}', 1, { state: "ON", src: "set" }],
	] as const)
		it(`switches on for ${payload} and reports it retained`, () => {
			const world = online();
			world.link.receive("lamp/set", payload);
			assert.equal(world.level(2), level);
			assert.deepEqual(reported(world), state);
			assert.equal(world.published.at(-1)?.retain, true);
		});

	it("reports the version that stands, of a desired state before it, also if that is 0", () => {
		const world = online();
		world.link.receive("lamp/desired", '{"state":"OFF","ver":0}');
		world.link.receive("lamp/set", "ON");
		assert.deepEqual(reported(world), { state: "ON", ver: 0, src: "set" });
	});

	it("switches off for OFF", () => {
		const world = online();
		world.link.receive("lamp/set", "ON");
		world.link.receive("lamp/set", "OFF");
		assert.deepEqual(world.pins.get(2), [0, 1, 0]);
	});

	it("keeps the brightness of a dimmable lamp, and reports it", () => {
		const world = online({ lamp: { pin: 2, dimmable: true } });
		world.link.receive("lamp/set", '{"state":"ON","brightness":128}');
		world.link.receive("lamp/set", "OFF");
		world.link.receive("lamp/set", "ON");
		assert.deepEqual(reported(world), { state: "ON", brightness: 128, src: "set" });
	});

	for (const [title, payload, error] of [
		[
			"TOGGLE, for delivered twice it would not mean what it said",
			"TOGGLE",
			/found TOGGLE: a broker may deliver/,
		],
		["a word that is neither", "once", /found "once"$/],
		["an unknown key", '{"state":"ON","colour":1}', /^colour: expected one of state, .*, found "colour"$/],
		["a mistyped key", '{"state":"ON","brightnes":1}', /perhaps "brightness", found "brightnes"$/],
		["a key of prototypes", '{"state":"ON","__proto__":1}', /^__proto__: .*, found "__proto__"$/],
		["JSON without a state", '{"brightness":3}', /^state: expected one of ON, OFF, found nothing$/],
		["a state of TOGGLE", '{"state":"toggle"}', /^expected ON or OFF, found TOGGLE: a broker may deliver/],
		["a state that is none", '{"state":"dim"}', /^state: expected one of ON, OFF, found "dim"$/],
		[
			"brightness 0",
			'{"state":"ON","brightness":0}',
			/^brightness: expected a whole number from 1 to 255, found 0$/,
		],
		["brightness 256", '{"state":"ON","brightness":256}', /^brightness: .* found 256$/],
		["a brightness in words", '{"state":"ON","brightness":"full"}', /^brightness: .* found "full"$/],
		["a list", "[1]", /found "\[1\]"/],
		["null", "null", /found "null"/],
		["broken JSON", '{"state":"ON"', /found "\{"state":"ON""/],
		["a very long text", "O".repeat(513), /^expected at most 512 bytes, found 513$/],
	] as const)
		it(`changes nothing for ${title}, and says so on cmd/result`, () => {
			const world = online();
			world.link.receive("lamp/set", payload);
			const [result] = world.json("cmd/result");
			assert.equal(result?.ok, false);
			assert.equal(result?.topic, "lamp/set");
			assert.match(result?.error as string, error);
			assert.deepEqual(world.pins.get(2), [0]);
		});

	it("says for bytes that are not UTF-8 that they are not", () => {
		const world = online();
		world.link.options.onMessage("r/b/lamp/set", Uint8Array.of(0xff, 0xfe), {
			QoS: 1,
			retain: false,
			duplicate: false,
			id: 1,
		});
		world.clock.advance(0);
		assert.match(world.json("cmd/result")[0]?.error as string, /2 bytes that are not UTF-8/);
	});

	it("ignores a retained copy and reports it", () => {
		const world = online();
		world.link.receive("lamp/set", "ON", { retain: true });
		assert.deepEqual(world.pins.get(2), [0]);
		assert.match(world.json("cmd/result")[0]?.error as string, /retained copy: ignored/);
	});

	it("takes an empty payload for nothing at all", () => {
		const world = online();
		world.link.receive("lamp/set", "");
		assert.deepEqual(world.on("cmd/result"), []);
	});

	it("answers a command that carries a cid with that cid, done or not", () => {
		const world = online();
		world.link.receive("lamp/set", '{"state":"ON","cid":"7"}');
		world.link.receive("lamp/set", '{"state":"?","cid":8}');
		assert.deepEqual(
			world.json("cmd/result").map(({ cid, ok }) => [cid, ok]),
			[
				["7", true],
				[8, false],
			],
		);
	});

	it("does not do again what is delivered again, even when something newer came in between", () => {
		const world = online();
		world.link.receive("lamp/set", "ON", { id: 5 });
		world.link.receive("lamp/set", "OFF", { id: 6 });
		world.link.receive("lamp/set", "ON", { id: 5, duplicate: true });
		assert.deepEqual(world.pins.get(2), [0, 1, 0]);
		again(world);
		world.link.receive("lamp/set", "ON", { id: 5, duplicate: true });
		assert.equal(world.level(2), 0);
	});

	it("does not take identifiers of a session that the broker has lost for those of the new one", () => {
		const world = online();
		world.link.receive("lamp/set", "ON", { id: 5 });
		world.link.receive("lamp/set", "OFF", { id: 6 });
		world.link.disconnect();
		world.link.connect(false);
		world.kill();
		world.start({ lamp });
		world.link.connect(true);
		world.link.receive("lamp/set", "ON", { id: 5, duplicate: true });
		world.clock.advance(2000);
		assert.equal(world.level(2), 1);
	});

	it("does what comes under an identifier that the broker uses again, though the first try was lost", () => {
		const world = online();
		world.link.receive("lamp/set", "ON", { id: 1 });
		again(world);
		world.link.receive("lamp/set", "OFF", { id: 1, duplicate: true });
		world.clock.advance(2000);
		assert.equal(world.level(2), 0, "nothing newer has come");
		world.link.receive("lamp/set", "OFF", { id: 1, duplicate: true });
		world.link.receive("lamp/set", "ON", { id: 1 });
		again(world);
		world.link.receive("lamp/set", "OFF", { id: 1, duplicate: true });
		world.clock.advance(2000);
		assert.equal(world.level(2), 0, "the ON under this identifier has ended what the OFF meant");
	});

	it("does none of more redeliveries than are remembered over the last command, and is at the last one afterwards", () => {
		const world = online({ lamp: { pin: 2, dimmable: true } });
		const commands = Array.from(
			{ length: 30 },
			(_, i) => [`{"state":"ON","brightness":${100 + i}}`, i + 1] as const,
		);
		for (const [payload, id] of commands) world.link.receive("lamp/set", payload, { id });
		world.clock.advance(100);
		world.link.disconnect();
		world.link.connect(true);
		world.clock.advance(100);
		const { length } = world.json("lamp/state");
		for (const [payload, id] of commands)
			world.link.receive("lamp/set", payload, { id: id + 500, duplicate: true });
		world.clock.advance(5000);
		const levels = world
			.json("lamp/state")
			.slice(length)
			.map(({ brightness }) => brightness);
		assert.deepEqual(levels, [129], "the question for a sign of life");
	});

	it("knows as many redeliveries as brokers have in flight, 20", () => {
		const world = online();
		const commands = Array.from({ length: 20 }, (_, i) => [i % 2 ? "OFF" : "ON", 65_000 + i] as const);
		for (const [payload, id] of commands) world.link.receive("lamp/set", payload, { id });
		const { length } = world.pins.get(2) as number[];
		assert.equal(length, 21);
		for (const [payload, id] of commands) world.link.receive("lamp/set", payload, { id, duplicate: true });
		assert.equal(world.pins.get(2)?.length, length);
		const { byteLength } = encode(world.records.get("o:lamp") as string);
		assert.ok(byteLength <= roomOf("lamp")[1], `a record of ${byteLength}`);
	});

	it("does what is marked as delivered again but never came", () => {
		const world = online();
		world.link.receive("lamp/set", "ON", { id: 5, duplicate: true });
		assert.equal(world.level(2), 1);
	});
});

describe("a redelivery that may be an old command", () => {
	/** ON and OFF were done, the lamp is off, and the broker sends both or more again, under other identifiers. */
	function stage(topic: string, description: object = { lamp }) {
		const world = new World();
		const board = world.start(description);
		world.link.connect(true);
		world.link.receive(topic, "ON", { id: 1 });
		world.link.receive(topic, "OFF", { id: 2 });
		world.clock.advance(5000);
		const reconnect = (sessionPresent = true) => {
			world.link.disconnect();
			world.link.deaf = false;
			world.link.connect(sessionPresent);
		};
		reconnect();
		let id = 30;
		const again = (payload: string, where = topic) =>
			world.link.receive(where, payload, { id: id++, duplicate: true });
		/** The levels after ON and OFF. */
		const levels = () => world.pins.get(2)?.slice(3);
		const press = () => board.outputs[0]?.press();
		const settle = () => world.clock.advance(5000);
		return { world, reconnect, again, levels, press, settle };
	}

	for (const topic of ["lamp/set", "lamp/desired"]) {
		it(`is done on ${topic} once the broker has been quiet for a second and has answered`, () => {
			const { world, again, levels } = stage(topic);
			again("ON");
			world.clock.advance(1900);
			assert.deepEqual(levels(), []);
			world.clock.advance(200);
			assert.deepEqual(levels(), [1]);
		});

		it(`is not done on ${topic} when the last one comes again too`, () => {
			const { again, levels, settle } = stage(topic);
			again("ON");
			again("OFF");
			settle();
			assert.deepEqual(levels(), []);
		});

		it(`is not done on ${topic} while the broker does not answer, on this connection or another`, () => {
			const { world, reconnect, again, levels } = stage(topic);
			again("ON");
			world.link.deaf = true;
			world.clock.advance(10_000);
			reconnect();
			world.clock.advance(500);
			world.link.deaf = true;
			world.clock.advance(10_000);
			assert.deepEqual(levels(), []);
			world.link.deaf = false;
			world.link.publish("r/b/x", "", { QoS: 1 });
			world.clock.advance(1000);
			assert.deepEqual(levels(), [1]);
		});

		it(`is done on ${topic} as soon as it can be stored as what stands`, () => {
			const { world, again, levels, settle } = stage(topic);
			again("ON");
			world.refusing = true;
			settle();
			assert.deepEqual(levels(), []);
			world.refusing = false;
			settle();
			assert.deepEqual(levels(), [1]);
		});

		it(`is not done on ${topic} after a local action, nor is a retained copy of it then`, () => {
			const { world, again, levels, press, settle } = stage(topic);
			again("ON");
			press();
			press();
			if (topic === "lamp/desired") world.link.receive(topic, "ON", { retain: true });
			settle();
			assert.deepEqual(levels(), [1, 0]);
		});

		it(`is not done on ${topic} in a new session`, () => {
			const { again, reconnect, levels, settle } = stage(topic);
			again("ON");
			reconnect(false);
			settle();
			assert.deepEqual(levels(), []);
		});

		it(`is not done on ${topic} after the time of the fail-safe`, () => {
			const { world, again, reconnect, levels, settle } = stage(topic, {
				lamp: { ...lamp, failSafe: 60_000 },
			});
			again("ON");
			world.link.disconnect();
			world.clock.advance(100_000);
			reconnect();
			settle();
			assert.deepEqual(levels(), []);
		});
	}

	it("is not done before the broker has answered after the last of them", () => {
		const { world, again, levels } = stage("lamp/set");
		again("ON");
		world.clock.advance(1100);
		again("ON");
		world.link.deaf = true;
		world.clock.advance(1500);
		assert.deepEqual(levels(), []);
	});

	it("is over at once if it has a cid", () => {
		const { world, again, levels, settle } = stage("lamp/set");
		world.link.receive("lamp/set", '{"state":"ON","cid":1}', { id: 5 });
		world.link.receive("lamp/set", "OFF", { id: 6 });
		again('{"state":"ON","cid":1}');
		settle();
		assert.deepEqual(levels(), [1, 0]);
	});

	it("is not done when the retained copy shows that it is old", () => {
		const { world, again, levels, settle } = stage("lamp/desired");
		again("ON");
		world.link.receive("lamp/desired", "OFF", { retain: true });
		settle();
		assert.deepEqual(levels(), []);
	});

	it("of desired is the last desired state also when a live command follows it before it is done", () => {
		const { world, again, levels, settle } = stage("lamp/desired");
		again("ON");
		world.link.receive("lamp/set", "OFF", { id: 9 });
		world.link.receive("lamp/desired", "ON", { retain: true });
		settle();
		assert.deepEqual(levels(), []);
	});

	it("keeps its place in the order when it is refused, since something was done here", () => {
		const { world, reconnect, again, levels, press, settle } = stage("lamp/desired");
		world.link.receive("lamp/set", "ON", { id: 3 });
		world.link.receive("lamp/desired", "ON", { id: 4 });
		press();
		reconnect();
		again("OFF");
		again("ON", "lamp/set");
		again("ON");
		settle();
		assert.deepEqual(levels(), [1, 0]);
	});

	it("is done after a restart between its delivery and then", () => {
		const { world, again, settle } = stage("lamp/set");
		again("ON");
		world.kill();
		world.start({ lamp });
		world.link.connect(true);
		settle();
		assert.equal(world.level(2), 1);
	});
});

describe("lamp/desired", () => {
	it("is applied once for each version that is newer than the last, and reported with it", () => {
		const world = online();
		for (const message of ['{"state":"ON","ver":3}', '{"state":"OFF","ver":3}', '{"state":"OFF","ver":2}'])
			world.link.receive("lamp/desired", message, { retain: true });
		assert.deepEqual(world.pins.get(2), [0, 1]);
		assert.deepEqual(reported(world), { state: "ON", ver: 3, src: "desired" });
		world.link.receive("lamp/desired", '{"state":"OFF","ver":4}');
		assert.deepEqual(reported(world), { state: "OFF", ver: 4, src: "desired" });
	});

	it("is stored before the session acknowledges it", () => {
		const world = online();
		world.link.receive("lamp/desired", '{"state":"ON","ver":3}');
		assert.match(world.records.get("o:lamp") as string, /"ver":3/);
	});

	it("is stored before it is done: a power cut in between does not leave it to be done twice", () => {
		const world = online();
		world.cutAfter = 1;
		world.link.receive("lamp/desired", '{"state":"ON","ver":3}');
		assert.ok(world.dead);
		again(world);
		assert.deepEqual(world.pins.get(2), [0, 1]);
		world.link.receive("lamp/desired", '{"state":"ON","ver":3}', { retain: true });
		assert.deepEqual(world.pins.get(2), [0, 1]);
	});

	it("means no wish when it is empty, never off", () => {
		const world = online();
		world.link.receive("lamp/desired", "ON", { retain: true });
		world.link.receive("lamp/desired", "", { retain: true });
		assert.equal(world.level(2), 1);
	});

	it("is applied without a version when it differs from the last one applied, also after a restart", () => {
		const world = online();
		world.link.receive("lamp/desired", "ON", { retain: true });
		world.link.receive("lamp/set", "OFF");
		world.link.receive("lamp/desired", "ON", { retain: true });
		assert.equal(world.level(2), 0);
		again(world);
		world.link.receive("lamp/desired", "ON", { retain: true });
		assert.equal(world.level(2), 0);
		world.link.receive("lamp/desired", "OFF", { retain: true });
		world.link.receive("lamp/desired", "ON", { retain: true });
		assert.equal(world.level(2), 1);
	});

	for (const [ver, level] of [
		["", 0],
		[',"ver":2', 1],
	])
		it(`that the broker retains beside a later one that it does not ${level ? "is old by its version" : "is applied without a version: it may be newer"}`, () => {
			const world = online();
			const old = `{"state":"OFF"${ver && ',"ver":1'}}`;
			world.link.receive("lamp/desired", old, { retain: true });
			world.link.receive("lamp/desired", `{"state":"ON"${ver}}`);
			again(world);
			world.link.receive("lamp/desired", old, { retain: true });
			assert.equal(world.level(2), level);
		});

	for (const ver of ['"3"', "1.5", "-1", "null", "9007199254740992"])
		it(`is refused with version ${ver}`, () => {
			const world = online();
			world.link.receive("lamp/desired", `{"state":"ON","ver":${ver}}`);
			assert.match(world.json("cmd/result")[0]?.error as string, /^ver: expected a whole number/);
			assert.equal(world.level(2), 0);
		});

	it("answers a version that is not newer with the one that stands, when an older one is asked for or wished", () => {
		const world = online();
		world.link.receive("lamp/desired", '{"state":"ON","ver":9007199254740991}');
		for (const [message, about, answered] of [
			['{"state":"OFF","ver":3,"cid":"a"}', {}, true],
			['{"state":"OFF","ver":3}', {}, true],
			['{"state":"ON","ver":9007199254740991,"cid":"a"}', {}, true],
			['{"state":"ON","ver":9007199254740991}', {}, false],
			['{"state":"OFF","ver":3,"cid":"a"}', { retain: true }, false],
			['{"state":"OFF","ver":3,"cid":"a"}', { duplicate: true, id: 3 }, false],
		] as const) {
			const { length } = world.published;
			world.link.receive("lamp/desired", message, about);
			const [result] = world.json("cmd/result", length);
			assert.equal(result !== undefined, answered, message);
			if (!result) continue;
			assert.equal(result.ok, false);
			assert.equal(result.ver, 9007199254740991);
			assert.match(result.error as string, /is not newer than 9007199254740991$/);
		}
		assert.equal(world.level(2), 1);
		world.link.receive("lamp/desired", "OFF");
		assert.equal(world.level(2), 0, "without a version there is always a way");
	});

	it("is not switched again by a redelivery without version, also after other commands", () => {
		const world = online();
		world.link.receive("lamp/desired", "ON", { id: 1 });
		world.link.receive("lamp/desired", "ON", { id: 2 });
		world.link.receive("lamp/desired", "OFF", { id: 3 });
		again(world);
		for (const [payload, id] of [
			["ON", 1],
			["ON", 2],
			["OFF", 3],
		] as const)
			world.link.receive("lamp/desired", payload, { id, duplicate: true });
		assert.deepEqual(world.pins.get(2), [0, 1, 0]);
	});
});

describe("an actuator that fails", () => {
	function pump() {
		const world = new World();
		const stage = { world, broken: true, levels: [] as number[], tries: 0 };
		world.actuators = {
			pump: {
				io: class {
					constructor({ initialValue }: { initialValue: number }) {
						stage.levels.push(initialValue);
					}
					write(level: number) {
						stage.tries++;
						if (stage.broken) throw new Error("stuck");
						stage.levels.push(level);
					}
					close() {}
				},
			},
		};
		world.start({ actuators: [{ name: "pump", driver: "pump" }] });
		world.link.connect();
		return stage;
	}

	it("is tried again by itself, ever less often, and reported once; the state that is reported stays what it shows", () => {
		const stage = pump();
		const { world } = stage;
		const acknowledged = world.link.receive("pump/desired", '{"state":"ON","ver":1,"cid":1}');
		assert.ok(acknowledged, "it is stored, and a redelivery would find it old");
		world.clock.advance(600_000);
		world.link.disconnect();
		world.link.connect();
		assert.deepEqual(reported(world, "pump"), { state: "OFF", src: "power-on" });
		assert.deepEqual(
			world.json("cmd/result").map(({ error, cid }) => [error, cid]),
			[["the actuator failed, it is tried again", 1]],
		);
		// 1, 3, 7, 15, 31, 63, 123 … s after the first.
		assert.equal(stage.tries, 15);
		stage.broken = false;
		world.clock.advance(60_000);
		assert.deepEqual(stage.levels, [0, 255]);
		assert.deepEqual(reported(world, "pump"), { state: "ON", ver: 1, src: "desired" });
		assert.deepEqual(world.json("cmd/result").at(-1), { cid: 1, topic: "pump/desired", ok: true });
		world.clock.advance(600_000);
		assert.deepEqual(stage.levels, [0, 255]);
	});

	it("is brought to the newest wish, even to one that it seemed to have before", () => {
		const stage = pump();
		stage.world.link.receive("pump/set", "ON");
		stage.world.link.receive("pump/set", "OFF");
		stage.broken = false;
		stage.world.clock.advance(60_000);
		assert.deepEqual(stage.levels, [0, 0], "the effect of a failed write is unknown");
		assert.equal(reported(stage.world, "pump")?.src, "set");
	});

	it("has its wish after a restart", () => {
		const stage = pump();
		stage.world.link.receive("pump/desired", '{"state":"ON","ver":1}');
		stage.world.kill();
		stage.world.start({ actuators: [{ name: "pump", driver: "pump" }] });
		assert.deepEqual(stage.levels, [0, 255]);
	});
});

describe("a memory that refuses", () => {
	for (const topic of ["lamp/set", "lamp/desired"])
		it(`leaves ${topic} undone and not acknowledged, to be delivered again`, () => {
			const world = online();
			world.refusing = true;
			assert.equal(world.link.receive(topic, '{"state":"ON","cid":1}', { id: 4 }), false);
			assert.equal(world.level(2), 0);
			const [result] = world.json("cmd/result");
			assert.deepEqual([result?.cid, result?.error], [1, "could not be stored: not done"]);
			world.refusing = false;
			assert.equal(world.link.receive(topic, '{"state":"ON","cid":1}', { id: 4, duplicate: true }), true);
			assert.deepEqual(world.pins.get(2), [0, 1]);
		});

	it("leaves a command over once a hand did something newer, also after one at QoS 0 that could not be stored", () => {
		const world = new World();
		const board = world.start({ lamp });
		world.link.connect(true);
		world.clock.advance(5000);
		world.refusing = true;
		assert.equal(world.link.receive("lamp/set", "ON", { QoS: 0 }), false);
		assert.equal(world.link.receive("lamp/set", '{"state":"ON"}', { id: 4 }), false);
		board.outputs[0]?.press();
		board.outputs[0]?.press();
		world.refusing = false;
		world.link.disconnect();
		world.clock.advance(60_000);
		world.link.connect(true);
		world.clock.advance(5000);
		world.link.receive("lamp/set", '{"state":"ON"}', { id: 4, duplicate: true });
		world.clock.advance(5000);
		assert.deepEqual(world.pins.get(2), [0, 1, 0]);
	});

	for (const topic of ["lamp/set", "lamp/desired"])
		it(`does not make an old redelivery on ${topic} a new one when it comes once more`, () => {
			const world = online();
			world.link.receive(topic, "ON", { id: 1 });
			world.link.receive(topic, "OFF", { id: 2 });
			const reconnect = () => {
				world.link.disconnect();
				world.link.connect(true);
			};
			reconnect();
			world.refusing = true;
			world.link.receive(topic, "ON", { id: 1, duplicate: true });
			world.refusing = false;
			world.link.receive(topic, "OFF", { id: 2, duplicate: true });
			reconnect();
			world.link.receive(topic, "ON", { id: 1, duplicate: true });
			world.link.receive(topic, "OFF", { id: 2, duplicate: true });
			world.clock.advance(5000);
			assert.deepEqual(world.pins.get(2), [0, 1, 0]);
		});

	it("does not keep a hand from switching; it is stored as soon as that can be", () => {
		const description = { lamp, button: { pin: 0 } };
		const world = online(description);
		world.refusing = true;
		(world.inputs.get(0) as TestInput).turn(1);
		assert.equal(world.level(2), 1);
		world.clock.advance(30_000);
		world.refusing = false;
		world.clock.advance(60_000);
		again(world, description);
		assert.equal(world.level(2), 1);
	});

	it("does not keep the fail-safe from switching off", () => {
		const world = online({ lamp: { pin: 2, failSafe: 60_000 } });
		world.link.receive("lamp/set", "ON");
		world.refusing = true;
		world.link.disconnect();
		world.clock.advance(60_000);
		assert.equal(world.level(2), 0);
	});

	it("is another thing than none at all: such a board said so at its start, and is switched", () => {
		const world = new World();
		world.memory = undefined as never;
		world.start({ lamp });
		world.link.connect();
		assert.ok(world.link.receive("lamp/set", "ON"));
		assert.equal(world.level(2), 1);
	});
});

describe("power-on policy", () => {
	for (const [powerOn, level] of [
		["last", 1],
		["off", 0],
		["desired", 0],
	] as const)
		it(`${powerOn} brings the lamp up ${level ? "on" : "off"} when it was switched on live and wished off`, () => {
			const description = { lamp: { pin: 2, powerOn } };
			const world = online(description);
			world.link.receive("lamp/desired", '{"state":"OFF","ver":1}');
			world.link.receive("lamp/set", "ON");
			world.kill();
			world.start(description);
			assert.equal(world.level(2), level);
		});

	it("desired brings up what was last wished, without any network", () => {
		const description = { lamp: { pin: 2, powerOn: "desired" } };
		const world = online(description);
		world.link.receive("lamp/desired", '{"state":"ON","ver":1}');
		world.link.receive("lamp/set", "OFF");
		world.kill();
		world.start(description);
		assert.equal(world.level(2), 1);
	});

	it("survives a memory that holds nonsense", () => {
		const world = new World();
		world.records.set("o:lamp", "{nonsense").set("boot", "7").set("time", "[]");
		world.start({ lamp });
		world.link.connect();
		assert.deepEqual(reported(world), { state: "OFF", src: "power-on" });
	});
});

describe("fail-safe", () => {
	const description = { lamp: { pin: 2, failSafe: 60_000 } };

	it("switches off so long after the broker was last there, and reports it at the next connect", () => {
		const world = online(description);
		world.link.receive("lamp/set", "ON");
		world.link.disconnect();
		world.clock.advance(59_999);
		assert.equal(world.level(2), 1);
		world.clock.advance(1);
		assert.equal(world.level(2), 0);
		world.link.connect();
		assert.deepEqual(reported(world), { state: "OFF", src: "failsafe" });
	});

	it("does nothing when the broker is back in time", () => {
		const world = online(description);
		world.link.receive("lamp/set", "ON");
		world.link.disconnect();
		world.clock.advance(59_999);
		world.link.connect();
		world.clock.advance(120_000);
		assert.equal(world.level(2), 1);
	});

	it("counts from the start when there never was a broker", () => {
		const world = online(description);
		world.link.receive("lamp/set", "ON");
		world.kill();
		world.start(description);
		assert.equal(world.level(2), 1);
		world.clock.advance(60_000);
		assert.equal(world.level(2), 0);
	});
});

describe("what the broker kept of lamp/set while the board was away", () => {
	const description = { lamp: { pin: 2, failSafe: 60_000 }, button: { pin: 0 } };
	const press = (world: World) => (world.inputs.get(0) as TestInput).turn(1);
	function away() {
		const world = online(description);
		world.link.receive("lamp/set", "ON");
		world.link.disconnect();
		return world;
	}
	const refused = (world: World) =>
		/older than what was done here: ignored/.test((world.json("cmd/result").at(-1)?.error as string) ?? "");

	it("is done when nothing was done here since", () => {
		const world = away();
		world.link.connect(true);
		world.link.receive("lamp/set", "OFF");
		assert.equal(world.level(2), 0);
	});

	it("is refused, with its cid, when a hand did something here since, also before the session says that it is online", () => {
		const world = away();
		press(world);
		world.link.receive("lamp/set", '{"state":"ON","cid":3}');
		assert.equal(world.json("cmd/result").length, 0, "offline in this test; see the trace");
		world.link.connect(true);
		world.link.receive("lamp/set", '{"state":"ON","cid":4}');
		assert.equal(world.level(2), 0);
		assert.ok(refused(world));
		assert.equal(world.json("cmd/result").at(-1)?.cid, 4);
	});

	it("is refused when the fail-safe acted since", () => {
		const world = away();
		world.clock.advance(60_000);
		world.link.connect(true);
		world.link.receive("lamp/set", "ON");
		assert.equal(world.level(2), 0);
		assert.ok(refused(world));
	});

	it("is refused after a restart too", () => {
		const world = away();
		press(world);
		again(world, description);
		world.link.receive("lamp/set", "ON");
		assert.equal(world.level(2), 0);
	});

	it("is over when nothing has come for a second, and stays refused when it is delivered again", () => {
		const world = away();
		press(world);
		world.link.connect(true);
		for (let i = 0; i < 5; i++) {
			world.link.receive("lamp/set", "ON", { id: 7 + i });
			world.clock.advance(900);
		}
		assert.equal(world.level(2), 0);
		world.clock.advance(100);
		world.link.receive("lamp/set", "ON", { id: 7, duplicate: true });
		assert.equal(world.level(2), 0);
		world.link.receive("lamp/set", "ON", { id: 20 });
		assert.equal(world.level(2), 1);
	});

	describe("is not over after a second on which the broker has acknowledged nothing", () => {
		/** ON was done, OFF was lost on its way, and then a hand switched off and on. The next connection is deaf. */
		function deaf() {
			const world = online(description);
			world.link.receive("lamp/set", "ON", { id: 1 });
			world.link.disconnect();
			twice(world);
			world.link.deaf = true;
			world.link.connect(true);
			return world;
		}
		function twice(world: World): void {
			for (let i = 0; i < 2; i++) {
				press(world);
				world.clock.advance(100);
				(world.inputs.get(0) as TestInput).turn(0);
				world.clock.advance(100);
			}
		}
		/** Is the hand's ON still there after OFF has come again on a connection that is sound? */
		function stays(world: World): void {
			assert.equal(world.level(2), 1);
			world.link.disconnect();
			world.link.deaf = false;
			world.link.connect(true);
			world.link.receive("lamp/set", "OFF", { id: 2, duplicate: true });
			world.clock.advance(5000);
			assert.equal(world.level(2), 1);
			world.link.receive("lamp/set", "OFF", { id: 3 });
			assert.equal(world.level(2), 0, "a live one");
		}

		it("so a command that was refused as older than what a hand did stays refused where our acknowledgement of it was lost", () => {
			const world = deaf();
			world.link.receive("lamp/set", "OFF", { id: 2, duplicate: true });
			world.clock.advance(5000);
			stays(world);
		});

		it("also where the broker acknowledged what was sent before it came", () => {
			const world = deaf();
			world.link.deaf = false;
			world.link.publish("x", "", { QoS: 1 });
			world.clock.advance(10);
			world.link.deaf = true;
			world.link.receive("lamp/set", "OFF", { id: 2, duplicate: true });
			world.clock.advance(5000);
			stays(world);
		});

		it("so one that never came is refused where a hand acts on a connection that was dead from its start", () => {
			const world = deaf();
			world.clock.advance(5000);
			twice(world);
			stays(world);
		});
	});

	it("is done again after the next loss: what a hand did before is older then", () => {
		const world = away();
		press(world);
		world.link.connect(true);
		world.clock.advance(1000);
		again(world, description);
		world.link.receive("lamp/set", "ON");
		assert.equal(world.level(2), 1);
	});

	it("does not concern a session that the broker has lost: it kept nothing", () => {
		const world = away();
		press(world);
		world.link.connect(false);
		world.link.receive("lamp/set", "ON");
		assert.equal(world.level(2), 1);
	});
});

describe("several brokers that know nothing of each other", () => {
	const [A, B] = [0, 1];
	const button = { lamp, button: { pin: 0 } };
	const press = (world: World) => (world.inputs.get(0) as TestInput).turn(1);
	const ON = '{"state":"ON","cid":7}';
	/** ON was done through A, and the board has left it. */
	function stage(description: object = button) {
		const world = new World();
		world.start(description);
		world.link.connect(true, A);
		world.clock.advance(5000);
		world.link.receive("lamp/set", "ON", { id: 1 });
		world.link.disconnect();
		const to = (broker: number, sessionPresent = true) => {
			world.link.disconnect();
			world.link.accept(broker);
			return { online: () => world.link.connect(sessionPresent) };
		};
		const settle = () => world.clock.advance(5000);
		return { world, to, settle };
	}

	for (const [title, meanwhile] of [
		["a command through the other", (world: World) => void world.link.receive("lamp/set", "OFF", { id: 1 })],
		["a local action while the other was there", press],
		[
			"a local action before the other was there",
			(world: World) => {
				world.link.disconnect();
				press(world);
				world.link.connect(true, B);
				world.clock.advance(5000);
			},
		],
	] as const)
		for (const restarted of [false, true])
			it(`does not do what one kept over ${title}${restarted ? ", nor after a restart" : ""}`, () => {
				const { world, to, settle } = stage();
				to(B).online();
				settle();
				meanwhile(world);
				assert.equal(world.level(2), 0);
				if (restarted) {
					world.kill();
					world.start(button);
				}
				const back = to(A);
				world.link.receive("lamp/set", ON, { id: 2 });
				world.link.receive("lamp/set", "ON", { id: 1, duplicate: true });
				back.online();
				world.link.receive("lamp/set", ON, { id: 3 });
				assert.equal(world.json("cmd/result").at(-1)?.cid, 7, "said so");
				settle();
				assert.equal(world.level(2), 0);
				world.link.receive("lamp/set", ON, { id: 4 });
				assert.equal(world.level(2), 1, "a live one");
			});

	it("does what one kept where another has only accepted the board meanwhile", () => {
		const { world, to } = stage();
		to(B);
		to(A);
		world.link.receive("lamp/set", "OFF", { id: 2 });
		assert.equal(world.level(2), 0);
	});

	it("does what one kept again once it has settled there", () => {
		const { world, to, settle } = stage();
		to(B).online();
		settle();
		world.link.receive("lamp/set", "OFF", { id: 1 });
		to(A).online();
		settle();
		assert.equal(world.level(2), 0);
		to(A);
		world.link.receive("lamp/set", "ON", { id: 2 });
		assert.equal(world.level(2), 1);
	});

	it("are one broker where the description says that they are equal nodes", () => {
		const { world, to, settle } = stage({ ...button, brokerOrder: "random" });
		to(B).online();
		settle();
		world.link.receive("lamp/set", "OFF", { id: 1 });
		to(A);
		world.link.receive("lamp/set", "ON", { id: 2 });
		assert.equal(world.level(2), 1);
	});

	it("refuses what one kept also behind a newer version that it kept", () => {
		const { world, to, settle } = stage();
		to(B, false).online();
		world.link.receive("lamp/set", "OFF", { id: 1 });
		to(A);
		world.link.receive("lamp/desired", '{"state":"OFF","ver":1}', { id: 2 });
		world.link.receive("lamp/set", "ON", { id: 3 });
		settle();
		assert.equal(world.level(2), 0);
	});

	for (const restarted of [false, true])
		it(`gives up what one may have delivered again${restarted ? ", also after a restart" : ""}`, () => {
			const { world, to, settle } = stage();
			to(A).online();
			world.link.receive("lamp/set", "OFF", { id: 2 });
			to(A).online();
			world.link.receive("lamp/set", "ON", { id: 1, duplicate: true });
			if (restarted) {
				world.kill();
				world.start(button);
			}
			to(B).online();
			settle();
			assert.equal(world.level(2), 0);
		});

	it("has no way to prove a desired state old that comes again after something was done through another", () => {
		const { world, to, settle } = stage();
		to(A).online();
		settle();
		world.link.receive("lamp/desired", "ON", { id: 2 });
		world.link.receive("lamp/desired", "OFF", { id: 3 });
		to(B).online();
		settle();
		world.link.receive("lamp/set", '{"state":"OFF"}', { id: 1 });
		to(A).online();
		world.link.receive("lamp/desired", "ON", { id: 2, duplicate: true });
		settle();
		assert.equal(world.level(2), 0);
	});
});

describe("live-only output", () => {
	const description = { lamp: { pin: 2, liveOnly: true } };
	const refused = (world: World) =>
		/ignored|live commands only/.test(world.json("cmd/result").at(-1)?.error as string);

	for (const [title, act] of [
		["a desired state", (world: World) => world.link.receive("lamp/desired", "ON", { retain: true })],
		["a redelivery", (world: World) => world.link.receive("lamp/set", "ON", { duplicate: true, id: 4 })],
		["a retained command", (world: World) => world.link.receive("lamp/set", "ON", { retain: true })],
	] as const)
		it(`does not act on ${title}`, () => {
			const world = online(description);
			act(world);
			assert.equal(world.level(2), 0);
			assert.ok(refused(world));
		});

	it("does not act on what the broker kept while the board was away, but on what comes after", () => {
		const world = new World();
		world.start(description);
		world.link.connect(true);
		world.link.receive("lamp/set", "ON");
		assert.equal(world.level(2), 0);
		assert.ok(refused(world));
		world.clock.advance(1000);
		world.link.receive("lamp/set", "ON");
		assert.equal(world.level(2), 1);
	});

	it("does not act on what comes before the session says that it is online", () => {
		const world = new World();
		world.start(description);
		world.link.receive("lamp/set", "ON");
		assert.equal(world.level(2), 0);
	});

	it("asks the broker for live commands at QoS 0, which it does not keep, and for nothing desired", () => {
		const world = online(description);
		assert.deepEqual(world.link.options.subscriptions, [
			{ topic: "r/b/cmd", QoS: 1 },
			{ topic: "r/b/lamp/set", QoS: 0 },
		]);
	});
});

describe("button", () => {
	const description = { lamp, button: { pin: 0 } };
	const button = (world: World) => world.inputs.get(0) as TestInput;

	it("switches the lamp with no network at all", () => {
		const world = new World();
		world.start(description);
		button(world).turn(1);
		assert.equal(world.level(2), 1);
		world.link.connect();
		assert.deepEqual(reported(world), { state: "ON", src: "local" });
	});

	it("counts a press once, however it bounces", () => {
		const world = online(description);
		world.clock.advance(1000);
		for (const value of [1, 0, 1, 0, 1] as const) {
			button(world).turn(value);
			world.clock.advance(10);
		}
		world.clock.advance(200);
		for (const value of [0, 1, 0] as const) {
			button(world).turn(value);
			world.clock.advance(10);
		}
		assert.deepEqual(world.pins.get(2), [0, 1]);
		world.clock.advance(200);
		button(world).turn(1);
		assert.deepEqual(world.pins.get(2), [0, 1, 0]);
	});

	it("works after the ticks have gone half round", () => {
		const world = online(description);
		world.clock.now += 2 ** 31 + 5;
		button(world).turn(1);
		assert.equal(world.level(2), 1);
	});
});

describe("lamp, in any order of events", () => {
	// Wishes carry their version in the order in which they were made; which of them arrive, when and how often is the network's.
	const step = fc.oneof(
		fc.record({
			kind: fc.constant("desired"),
			ver: fc.integer({ min: 0, max: 12 }),
			retain: fc.boolean(),
			duplicate: fc.boolean(),
		}),
		fc.record({ kind: fc.constant("reconnect"), present: fc.boolean() }),
		fc.constant({ kind: "restart" }),
		fc.constant({ kind: "clear" }),
		fc.record({
			kind: fc.constant("cut"),
			ver: fc.integer({ min: 0, max: 12 }),
			after: fc.integer({ min: 0, max: 1 }),
		}),
	);
	type Step = {
		kind: string;
		ver?: number;
		retain?: boolean;
		duplicate?: boolean;
		present?: boolean;
		after?: number;
	};

	/** Whether wish number `ver` is for on: neighbours differ now and then. */
	const wanted = (ver: number) => [true, false, false, true, true, false][ver % 6] as boolean;
	const message = (ver: number) => JSON.stringify({ state: wanted(ver) ? "ON" : "OFF", ver });

	function play(world: World, step: Step): void {
		const about: Partial<Received> = {
			retain: step.retain ?? false,
			duplicate: step.duplicate ?? false,
			id: 1,
		};
		if (step.kind === "desired") world.link.receive("lamp/desired", message(step.ver as number), about);
		else if (step.kind === "clear") world.link.receive("lamp/desired", "", { retain: true });
		else if (step.kind === "reconnect") {
			world.link.disconnect();
			world.link.connect(step.present);
		} else if (step.kind === "restart") again(world);
		else {
			world.cutAfter = step.after as number;
			world.link.receive("lamp/desired", message(step.ver as number));
			again(world);
		}
	}

	it("applies no older wish over a newer one, and switches at most once for each, over reconnects, restarts, power cuts, redeliveries, re-orderings and stale versions", () => {
		fc.assert(
			fc.property(fc.array(step, { maxLength: 40 }), steps => {
				const world = online();
				let newest = -1;
				for (const step of steps as Step[]) {
					const before = world.level(2);
					const lives = world.pins.get(2)?.length as number;
					play(world, step);
					// A cut before it was stored: it never arrived, and the broker sends it again.
					const arrived = step.kind !== "cut" || step.after === 1;
					if (step.ver !== undefined && arrived) newest = Math.max(newest, step.ver);
					// The lamp shows the newest wish that ever arrived, stored or done.
					assert.equal(
						world.level(2),
						newest < 0 ? 0 : wanted(newest) ? 1 : 0,
						`after ${JSON.stringify(step)}`,
					);
					const changes = (world.pins.get(2) as number[]).slice(lives);
					if (step.kind === "desired")
						assert.ok(changes.length <= 1 && (changes.length === 0 || changes[0] !== before));
					else if (step.kind === "reconnect" || step.kind === "clear") assert.deepEqual(changes, []);
					else {
						// Power goes and comes: dark, then as it was. Nothing else is seen in between.
						assert.ok(changes.filter(level => level === 1).length <= (step.kind === "cut" ? 2 : 1));
					}
				}
				const reports = world.json("lamp/state").map(({ ver }) => (ver as number | undefined) ?? -1);
				assert.deepEqual(
					reports,
					[...reports].sort((one, other) => one - other),
				);
			}),
			{ numRuns: 300, seed: 5 },
		);
	});

	it("does a live command once, however often it is redelivered, and never after a later one", () => {
		const event = fc.oneof(
			fc.record({ kind: fc.constant("new"), on: fc.boolean() }),
			fc.record({ kind: fc.constant("again"), back: fc.integer({ min: 0, max: 6 }) }),
			fc.constant({ kind: "restart" }),
		);
		fc.assert(
			fc.property(fc.array(event, { maxLength: 30 }), events => {
				const world = online();
				const sent: boolean[] = [];
				for (const { kind, on, back } of events as { kind: string; on?: boolean; back?: number }[]) {
					if (kind === "restart") again(world);
					else if (kind === "new") {
						sent.push(on as boolean);
						world.link.receive("lamp/set", on ? "ON" : "OFF", { id: sent.length });
					} else if (sent.length > (back as number)) {
						const id = sent.length - (back as number);
						world.link.receive("lamp/set", sent[id - 1] ? "ON" : "OFF", { id, duplicate: true });
					}
					assert.equal(world.level(2), sent.at(-1) ? 1 : 0);
				}
			}),
			{ numRuns: 300, seed: 5 },
		);
	});
});

describe("identify", () => {
	it("blinks, then shows and reports what was there before", () => {
		const world = online();
		world.link.receive("lamp/set", "ON");
		world.link.receive("cmd", "identify");
		const { length } = world.on("lamp/state");
		world.clock.advance(10_000);
		assert.equal((world.pins.get(2) as number[]).length, 22);
		assert.equal(world.level(2), 1);
		assert.equal(world.on("lamp/state").length, length);
	});

	it("gives way to a command", () => {
		const world = online();
		world.link.receive("cmd", "identify");
		world.clock.advance(250);
		world.link.receive("lamp/set", "ON");
		const levels = (world.pins.get(2) as number[]).length;
		world.clock.advance(10_000);
		assert.equal((world.pins.get(2) as number[]).length, levels);
		assert.equal(world.level(2), 1);
	});

	for (const [title, command, about] of [
		["does not move another output than the lamp unless it is named", "identify", {}],
		["never moves a live-only output", { cmd: "identify", output: "gate" }, {}],
		[
			"does nothing when it is delivered again",
			{ cmd: "identify", output: "pump" },
			{ duplicate: true, id: 2 },
		],
		["does nothing for what is no name", { cmd: "identify", output: null }, {}],
	] as const)
		it(title, () => {
			const { world, levels } = site();
			world.link.receive("cmd", typeof command === "string" ? command : JSON.stringify(command), about);
			world.clock.advance(10_000);
			assert.deepEqual(levels, []);
			assert.equal(world.json("cmd/result").at(-1)?.ok, false);
		});

	it("moves another output that is named", () => {
		const { world, levels } = site();
		world.link.receive("cmd", '{"cmd":"identify","output":"pump"}');
		world.clock.advance(10_000);
		assert.equal(levels.length, 20);
		assert.equal(levels.at(-1), 0);
	});

	function site() {
		const world = new World();
		const levels: number[] = [];
		const io = class {
			write(level: number) {
				levels.push(level);
			}
			close() {}
		};
		world.actuators = { relay: { io } };
		world.start({
			actuators: [
				{ name: "gate", driver: "relay", liveOnly: true },
				{ name: "pump", driver: "relay" },
			],
		});
		world.link.connect();
		return { world, levels };
	}
});

/** The board as a whole: what it says at each connect, what it retains and takes back, and its commands. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { firmware } from "../../modules/device/retained.js";
import { encode } from "../../modules/mqtt/codec.js";
import type { Received } from "../../modules/session/options.js";
import { TestFlash } from "../flash.js";
import { scripted, World } from "./stage.js";

const description = {
	sensors: [{ name: "temp", driver: "script", every: 1000, unit: "°C" }],
	alerts: [{ name: "hot", sensor: "temp", above: 30, clear: 28 }],
	lamp: { pin: 2 },
};
const DAY = 86_400_000;

function world(raw: object = description) {
	const world = new World();
	const state = {
		value: 20 as number | undefined,
		world,
		start: (own: object = raw) => {
			const board = world.start(own);
			world.link.connect();
			return board;
		},
		again(own: object = raw) {
			world.kill();
			return state.start(own);
		},
		/** Sends a command and returns the answer. */
		ask(command: unknown, about: Partial<Received> = {}) {
			world.link.receive("cmd", typeof command === "string" ? command : JSON.stringify(command), about);
			return world.json("cmd/result").at(-1) as Record<string, unknown>;
		},
	};
	world.sensors = { script: scripted(() => state.value) };
	return state;
}
describe("board", () => {
	it("asks its session for persistent delivery on exact names, and for status and will", () => {
		const { world: w, start } = world();
		start();
		const { status, subscriptions, id, keepAlive } = w.link.options;
		assert.deepEqual(status, { topic: "r/b/status", online: "online", offline: "offline", retain: true });
		assert.deepEqual(
			subscriptions,
			["cmd", "lamp/set", "lamp/desired"].map(topic => ({ topic: `r/b/${topic}`, QoS: 1 })),
		);
		assert.deepEqual([id, keepAlive], ["b", 30_000]);
	});

	it("hands the session the order of brokers, back-off and deadlines of its description, and no others", () => {
		const { world: w, start } = world();
		start();
		assert.equal(w.link.options.brokerOrder, "listed");
		assert.ok(!("backoff" in w.link.options) && !("deadlines" in w.link.options));
		const backoff = { minimum: 2000, maximum: 90_000, spread: 30_000 };
		const deadlines = { next: 5000, hear: 0 };
		const other = world({ lamp: { pin: 2 }, brokerOrder: "random", backoff, deadlines });
		other.start();
		const { options } = other.world.link;
		assert.deepEqual(
			[options.brokerOrder, options.backoff, options.deadlines],
			["random", backoff, deadlines],
		);
	});

	it("draws other random numbers at each start, and than other boards, where the engine repeats its own", () => {
		const { random } = Math;
		try {
			Math.random = () => 0.75;
			const [one, other] = [world(), world({ ...description, id: "c" })];
			const drawn: number[] = [];
			for (const run of [one.start, one.again, other.start]) {
				run();
				const { options } = (run === other.start ? other : one).world.link;
				drawn.push(options.random?.() as number);
			}
			assert.equal(new Set(drawn).size, 3);
			assert.ok(drawn.every(value => value >= 0 && value < 1));
		} finally {
			Math.random = random;
		}
	});

	it("hands the session what its broker takes: payload, rate, and a status that is not retained where nothing is", () => {
		const limits = { maximumPayload: 2000, publishRate: 50, retain: false };
		const { world: w, start } = world({ lamp: { pin: 2 }, limits });
		start();
		const { longest, publishRate, status } = w.link.options;
		assert.deepEqual([longest, publishRate, status?.retain], [2000, 50, false]);
	});

	it("says at each connect all that it retains", () => {
		const { world: w, start } = world();
		start();
		const all = ["info", "lamp/state", "alerts/hot/state", "alerts/temp-fault/state"];
		const said = () => w.published.filter(({ retain }) => retain).map(({ topic }) => topic);
		assert.deepEqual(said(), all);
		assert.ok(w.published.filter(({ retain }) => retain).every(({ QoS, latest }) => QoS === 1 && latest));
		w.link.disconnect();
		w.link.connect(true);
		assert.deepEqual(said(), [...all, ...all]);
	});

	it("says it one thing a turn, so that sampling has its turns in between, and from the first when asked again", () => {
		const { world: w, start } = world();
		start();
		const from = w.published.length;
		w.link.disconnect();
		w.link.online = true;
		w.link.options.onOnline(true);
		const turns: string[] = [];
		const look = () => {
			turns.push(
				w.published
					.slice(from)
					.map(({ topic }) => topic)
					.join(" "),
			);
			if (turns.length === 2) w.link.options.onOnline(true);
			if (turns.length < 7) w.clock.set(look);
		};
		assert.equal(w.published.length, from);
		w.clock.set(look);
		w.clock.advance(0);
		const all = "info lamp/state info lamp/state alerts/hot/state alerts/temp-fault/state".split(" ");
		assert.deepEqual(
			turns,
			[1, 2, 3, 4, 5, 6, 6].map(count => all.slice(0, count).join(" ")),
		);
	});

	it("says it again once a day, for brokers drop what is old", () => {
		const { world: w, start } = world({ lamp: { pin: 2 }, refresh: DAY });
		start();
		w.clock.advance(3 * DAY);
		assert.equal(w.on("lamp/state").length, 4);
		w.link.disconnect();
		w.clock.advance(DAY);
		assert.equal(w.on("lamp/state").length, 4);
	});

	it("tells firmware, host, boot count, reset reason, outbox, uptime and counters in info", () => {
		const scene = world();
		scene.start();
		scene.world.reset = "watchdog";
		scene.again();
		const { counters, ...info } = scene.world.json("info").at(-1) as Record<string, unknown>;
		assert.deepEqual(info, {
			firmware,
			host: "test",
			boot: 2,
			reset: "watchdog",
			uptime: 0,
			tsq: "ntp",
			outbox: "test",
		});
		for (const name of ["sent", "samples", "missed", "sensorFailures", "edges", "memoryFailures"])
			assert.equal(typeof (counters as Record<string, unknown>)[name], "number", name);
	});

	it("tells how many alerts it holds until the broker has them", () => {
		const world = new World();
		let value = 20;
		world.sensors = { script: scripted(() => value) };
		const board = world.start({
			sensors: [{ name: "temp", driver: "script", every: 1000 }],
			alerts: [{ name: "hot", sensor: "temp", above: 30 }],
		});
		assert.equal(board.outbox.length, 0);
		for (value of [31, 20, 31]) world.clock.advance(1000);
		assert.equal(board.outbox.length, 3, "raised without a broker");
		world.link.connect();
		assert.equal(board.outbox.length, 0);
		world.link.deaf = true;
		value = 20;
		world.clock.advance(1000);
		assert.equal(board.outbox.length, 1, "sent, and not acknowledged");
	});

	it("has the version of the package", () => {
		const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
		assert.equal(firmware, `glowworm ${version}`);
	});

	it("names its sensors and actuators", () => {
		const board = world().start();
		assert.deepEqual(
			board.sensors.map(({ name }) => name),
			["temp"],
		);
		assert.deepEqual(
			board.outputs.map(({ name, dimmable }) => ({ name, dimmable })),
			[{ name: "lamp", dimmable: false }],
		);
	});

	it("runs without what does not start, and says so", () => {
		const { world: w, start } = world({ ...description, actuators: [{ name: "pump", driver: "broken" }] });
		w.actuators = {
			broken: {
				io: class {
					constructor() {
						throw new Error("no such pin");
					}
					write() {}
					close() {}
				},
			},
		};
		start();
		w.clock.advance(1000);
		assert.ok(w.trace.includes("pump: Error: no such pin"));
		assert.equal(w.on("measurements/temp").length, 2);
	});

	it("traces what it says, hears, does and refuses, each in a line", () => {
		const { world: w, start } = world({ lamp: { pin: 2 } });
		start();
		w.trace.length = 0;
		w.link.receive("lamp/desired", '{"state":"ON","ver":1}', { retain: true });
		w.link.receive("lamp/desired", '{"state":"ON","ver":1}');
		assert.deepEqual(w.trace, [
			'< lamp/desired {"state":"ON","ver":1} (retained)',
			"lamp on (desired)",
			'> lamp/state {"state":"ON","ver":1,"src":"desired"} (QoS 1, retained)',
			'< lamp/desired {"state":"ON","ver":1}',
			"lamp/desired: version 1 is not newer than 1",
		]);
	});

	it("ends with everything let go, and calls back once for each who asked", () => {
		const scene = world({ ...description, button: { pin: 0 } });
		scene.world.flash = new TestFlash({ blocks: 8, blockLength: 4096 });
		const board = scene.start();
		let called = 0;
		board.close(() => called++);
		board.close(() => called++);
		scene.world.clock.advance(0);
		assert.equal(called, 2);
		assert.ok(scene.world.flash.closed);
		assert.equal(scene.world.clock.pending, 0);
		assert.equal(scene.world.link.farewell, "offline");
		const { length } = scene.world.published;
		scene.world.clock.advance(DAY);
		assert.equal(scene.world.published.length, length);
		assert.equal(scene.world.clock.pending, 0);
	});

	it("says what waits for its turn before it ends: an answer", () => {
		const scene = world();
		const board = scene.start();
		const { options } = scene.world.link;
		const about = { QoS: 1, retain: false, duplicate: false, id: 7 };
		options.onMessage("r/b/cmd", encode("info"), about);
		assert.deepEqual(scene.world.json("cmd/result"), []);
		board.close();
		assert.equal(scene.world.json("cmd/result").length, 1);
	});
});

describe("retained topics", () => {
	it("of an earlier description are cleared at the next connect, once", () => {
		const scene = world();
		scene.start();
		scene.again({ ...description, alerts: [], lamp: undefined });
		assert.deepEqual([...scene.world.retained().keys()], ["info", "alerts/temp-fault/state"]);
		const { length } = scene.world.published;
		scene.again({ ...description, alerts: [], lamp: undefined });
		assert.ok(scene.world.published.slice(length).every(({ payload }) => payload !== ""));
	});

	it("are cleared even when the connect comes lives later", () => {
		const scene = world();
		scene.start();
		scene.world.kill();
		scene.world.start({ lamp: { pin: 2 } });
		scene.world.kill();
		scene.again({ lamp: { pin: 2 } });
		assert.deepEqual([...scene.world.retained().keys()], ["info", "lamp/state"]);
	});

	it("are all taken back by forget, which ends the board without a word", () => {
		const scene = world();
		scene.start();
		scene.world.clock.advance(5000);
		scene.value = 40;
		assert.deepEqual(scene.ask({ cmd: "forget", cid: 1 }), { cid: 1, cmd: "forget", ok: true });
		scene.world.clock.advance(60_000);
		assert.deepEqual([...scene.world.retained().keys()], []);
		assert.equal(scene.world.link.farewell, "");
		assert.equal(scene.world.clock.pending, 0);
	});
});

describe("cmd", () => {
	it("info answers with what info says", () => {
		const { ask, start } = world();
		start();
		const { info, ...rest } = ask({ cmd: "info", cid: "x" });
		assert.deepEqual(rest, { cid: "x", cmd: "info", ok: true });
		assert.equal((info as { firmware: string }).firmware, firmware);
	});

	it("takes a bare word too", () => {
		const { ask, start } = world();
		start();
		assert.equal(ask("info").ok, true);
	});

	for (const [title, command, error] of [
		[
			"an unknown command",
			{ cmd: "reboot" },
			/^cmd: expected one of help, info, config, identify, restart, forget, found "reboot"$/,
		],
		["a command that is nearly right", "restrat", /perhaps "restart", found "restrat"$/],
		["no command", {}, /^cmd: .* found nothing$/],
		[
			"a change beside set",
			{ cmd: "config", sensors: { temp: { every: 500 } } },
			/^sensors: expected one of cmd, cid, set, output, all, found "sensors"$/,
		],
		["a key that is nearly right", { cmd: "config", sett: {} }, /^sett: expected a known key, perhaps "set"/],
		["broken JSON", "{", /^expected JSON, found "\{"$/],
		["too much", "x".repeat(5000), /^expected at most 4096 bytes, found 5000$/],
		["an output that is none", { cmd: "identify", output: "pump" }, /^output: /],
	] as const)
		it(`answers ${title} with what is wrong`, () => {
			const { ask, start } = world();
			start();
			const answer = ask(command);
			assert.equal(answer.ok, false);
			assert.match(answer.error as string, error);
		});

	it("does nothing for a retained command and reports it, lest a retained restart restarts for ever", () => {
		const scene = world();
		scene.start();
		const answer = scene.ask("restart", { retain: true });
		assert.match(answer.error as string, /retained copy: ignored/);
		scene.world.clock.advance(DAY);
		assert.equal(scene.world.restarts, 0);
	});

	it("does not restart again for a restart that is delivered again", () => {
		const scene = world();
		scene.start();
		assert.match(scene.ask("restart", { duplicate: true }).error as string, /delivered again: ignored/);
	});

	it("restart answers first, then says goodbye, then restarts", () => {
		const scene = world();
		scene.start();
		assert.equal(scene.ask({ cmd: "restart" }).ok, true);
		assert.equal(scene.world.restarts, 0);
		scene.world.clock.advance(1000);
		assert.equal(scene.world.link.farewell, "offline");
		assert.equal(scene.world.restarts, 1);
	});

	it("config shows what can be changed, and no address nor password", () => {
		const { ask, start } = world({ ...description, broker: "mqtt://me:secret@host" });
		start();
		const { config } = ask("config");
		assert.deepEqual(config, {
			lamp: { powerOn: "last" },
			sensors: { temp: { every: 1000, unit: "°C", aggregate: "mean", batch: 1 } },
			alerts: { hot: { above: 30, over: 1000, clear: 28, holdOn: 0, holdOff: 0, rearm: 0 } },
			actuators: {},
		});
	});

	it("config set works at once, keeps over a restart, and null goes back", () => {
		const scene = world();
		scene.start();
		const set = {
			sensors: { temp: { every: 100 } },
			alerts: { hot: { above: 10, clear: 8 } },
			lamp: { powerOn: "off" },
		};
		assert.equal(scene.ask({ cmd: "config", set }).ok, true);
		// One at the start, one after the old period, ten at the new.
		scene.world.clock.advance(2000);
		assert.equal(scene.world.on("measurements/temp").length, 12);
		assert.equal(scene.world.json("alerts/hot").length, 1);
		scene.world.link.receive("lamp/set", "ON");
		scene.again();
		assert.equal(scene.world.level(2), 0);
		const { length } = scene.world.on("measurements/temp");
		scene.world.clock.advance(1000);
		assert.equal(scene.world.on("measurements/temp").length, length + 10);
		scene.ask({ cmd: "config", set: { sensors: null, alerts: { hot: { above: null, clear: null } } } });
		scene.world.clock.advance(5000);
		assert.deepEqual(
			scene.world.json("alerts/hot").map(({ state }) => state),
			["ON", "OFF"],
		);
		assert.equal(scene.world.on("measurements/temp").length, length + 10 + 5);
	});

	for (const [title, set, error] of [
		[
			"a value out of range",
			{ sensors: { temp: { every: 1 } } },
			/^sensors\[0\]\.every: expected a number from 5 to 86400000, found 1$/,
		],
		[
			"a threshold on the wrong side",
			{ alerts: { hot: { above: 20 } } },
			/^alerts\[0\]\.clear: expected a number of at most 20/,
		],
		["a sensor that is none", { sensors: { tmp: {} } }, /^sensors\.tmp: .* perhaps "temp", found "tmp"$/],
		[
			"a key that cannot be changed",
			{ sensors: { temp: { driver: "x" } } },
			/^sensors\.temp\.driver: expected one of every, /,
		],
		["the broker", { broker: "mqtt://x" }, /^broker: expected /],
		["an actuator there is not", { actuators: { pump: {} } }, /^actuators\.pump: expected one of nothing/],
		["no object", { sensors: 5 }, /^sensors: expected an object of names, found something else$/],
		[
			"an item that is no object",
			{ sensors: { temp: 5 } },
			/^sensors\.temp: expected an object, found something else$/,
		],
		["a lamp that is no object", { lamp: "on" }, /^lamp: expected .*, found something else$/],
	] as const)
		it(`config set of ${title} changes nothing and says why`, () => {
			const scene = world();
			scene.start();
			const answer = scene.ask({ cmd: "config", set });
			assert.equal(answer.ok, false);
			assert.match(answer.error as string, error);
			assert.equal(scene.world.records.has("config"), false);
		});

	for (const [where, set] of [
		["beside the sections", '{"__proto__":{"every":500}}'],
		["as the name of a sensor", '{"sensors":{"__proto__":{"every":500}}}'],
		["as a key of a sensor", '{"sensors":{"temp":{"__proto__":{"every":500}}}}'],
	] as const)
		it(`config set of "__proto__" ${where} changes nothing and is reported`, () => {
			const scene = world();
			scene.start();
			const answer = scene.ask(`{"cmd":"config","set":${set}}`);
			assert.equal(answer.ok, false);
			assert.match(answer.error as string, /__proto__: expected .*, found "__proto__"$/);
			assert.equal(scene.world.records.has("config"), false);
		});

	it("config set that holds over the description is told at each start, with the way back", () => {
		const scene = world();
		const told = () => scene.world.trace.filter(line => line.startsWith("settings: "));
		scene.start();
		scene.ask({ cmd: "config", set: { sensors: { temp: { every: 100 } }, lamp: { powerOn: "off" } } });
		assert.deepEqual(told(), []);
		scene.again();
		const held = '{"sensors":{"temp":{"every":100}},"lamp":{"powerOn":"off"}}';
		const clear = '{"cmd":"config","set":{"sensors":null,"lamp":null}}';
		assert.deepEqual(told(), [
			`settings: ${held} of cmd config hold over the description; ${clear} clears them`,
		]);
		const back = { sensors: { temp: { every: null } }, lamp: { powerOn: null } };
		for (const set of [back, JSON.parse(clear).set]) {
			scene.ask({ cmd: "config", set });
			scene.again();
			assert.equal(told().length, 1);
		}
	});

	it("config set that a new description makes senseless is ignored and traced", () => {
		const scene = world();
		scene.start();
		scene.ask({ cmd: "config", set: { sensors: { temp: { every: 100 } } } });
		scene.again({ lamp: { pin: 2 } });
		assert.ok(scene.world.trace.some(line => line.startsWith("configuration ignored: sensors.temp:")));
	});
});

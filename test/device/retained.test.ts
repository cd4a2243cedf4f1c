/** What a board retains: what is noted of it, published, cleared and taken back; with parts that note that they were asked. */

import assert from "node:assert/strict";

import Memory from "../../modules/device/memory.js";
import Retained from "../../modules/device/retained.js";
import { Outcome } from "../../modules/session/outcomes.js";
import { NotedSession, publishing } from "./publishing.js";
import { World } from "./stage.js";

function stage(
	world = new World(),
	outputs = ["lamp", "fan"],
	alerts = [["hot", "temp-fault"], ["wet-fault"]],
	base = "r/b/",
	trying = false,
) {
	const said: string[] = [];
	const { clock } = world;
	const announces = (name: string) => ({ name, announce: () => said.push(name) > 0 });
	const one = {
		world,
		clock,
		said,
		uptime: 1,
		reports: [] as string[],
		session: new NotedSession(),
		/** The session takes messages. */
		takes: true,
		retained: undefined as unknown as Retained,
	};
	one.session.publish = (topic, payload, options) => {
		said.push(`${payload ? payload : options?.durable ? "lasting" : "cleared"} ${topic.slice(4)}`);
		return one.takes ? Outcome.sent : Outcome.droppedFull;
	};
	const trace = (line: string) => {
		if (!line.startsWith(">")) one.reports.push(line);
	};
	const owner = {
		decommission: { active: false },
		retained: { full: (name: string) => one.retained.full(name) },
	};
	const publisher = publishing({ timer: clock, trace, owner, base }, one.session);
	one.retained = new Retained({
		timer: clock,
		memory: new Memory(world.memory),
		publisher,
		get info() {
			return { uptime: one.uptime };
		},
		outputs: outputs.map(announces),
		alerts: alerts.flat().map(announces),
		trying,
	});
	return one;
}

const names = [
	"info",
	"lamp/state",
	"fan/state",
	"alerts/hot/state",
	"alerts/temp-fault/state",
	"alerts/wet-fault/state",
];
/** What the parts above say of it. */
const all = ['{"uptime":1} info', "lamp", "fan", "hot", "temp-fault", "wet-fault"];
/** What memory holds of it. */
const noted = ({ records }: World) =>
	[...records.values()].map(text => (JSON.parse(text) as { n: string }).n);

describe("what a board retains", () => {
	it("is info, and the state of each output and each alert; noted before any of it is said", () => {
		const { retained, said, clock, world } = stage();
		assert.deepEqual(retained.all, names);
		assert.deepEqual(noted(world), names);
		clock.advance(60_000);
		assert.deepEqual(said, []);
	});

	it("is said one thing a turn, each as it is then", () => {
		const one = stage();
		const turns: number[] = [];
		const look = () => {
			turns.push(one.said.length);
			if (turns.length < 7) one.clock.set(look);
		};
		one.retained.announce();
		one.uptime = 2;
		one.clock.set(look);
		one.clock.advance(0);
		assert.deepEqual(one.said, ['{"uptime":2} info', ...all.slice(1)]);
		assert.deepEqual(turns, [1, 2, 3, 4, 5, 6, 6]);
	});

	it("is said again each time that it is asked for", () => {
		const { retained, clock, said } = stage();
		for (let i = 0; i < 2; i++) {
			retained.announce();
			clock.advance(0);
		}
		assert.deepEqual(said, [...all, ...all]);
	});

	it("is said from the first again where it is asked for in the middle", () => {
		const { retained, clock, said } = stage();
		retained.announce();
		clock.set(() => clock.set(() => retained.announce()));
		clock.advance(0);
		assert.deepEqual(said, [...all.slice(0, 2), ...all]);
	});

	it("is not said any more once it is closed in the middle", () => {
		const { retained, clock, said } = stage();
		retained.announce();
		clock.set(() => retained.close());
		clock.advance(60_000);
		assert.deepEqual(said, all.slice(0, 1));
		assert.equal(clock.pending, 0);
	});

	it("is reported where it cannot be noted, in one line", () => {
		const world = new World();
		world.refusing = true;
		const { reports } = stage(world);
		assert.equal(reports.length, 1);
		assert.match(reports[0] as string, /^retained: 6 of 6 topics could not be noted/);
	});

	it("is forgotten once all of it was taken back", () => {
		const { retained, world } = stage();
		retained.forget();
		assert.deepEqual(noted(world), []);
	});
});

describe("what an earlier description retained", () => {
	/** A board that had more. */
	function fewer() {
		const one = stage(stage().world, ["lamp"], []);
		const say = () => {
			one.said.length = 0;
			one.retained.announce();
			one.clock.advance(0);
			return one.said;
		};
		return Object.assign(one, { say });
	}
	const now = all.slice(0, 2);
	const gone = names.slice(2);
	const cleared = gone.map(name => `lasting ${name}`);

	it("still stands, for a board that takes back everything", () => {
		assert.deepEqual([...fewer().retained.all].sort(), [...names].sort());
	});

	it("is forgotten too, once all was taken back", () => {
		const { retained, world } = fewer();
		retained.forget();
		assert.deepEqual(noted(world), []);
		assert.deepEqual(retained.all, names.slice(0, 2));
	});

	it("is cleared after the rest was said, once, and is noted no more", () => {
		const one = fewer();
		assert.deepEqual(one.say(), [...now, ...cleared]);
		assert.deepEqual(noted(one.world), names.slice(0, 2));
		assert.deepEqual(one.retained.all, names.slice(0, 2));
		assert.deepEqual(one.say(), now);
	});

	it("is cleared later where the broker is not there", () => {
		const one = fewer();
		one.session.online = false;
		assert.deepEqual(one.say(), now.slice(1));
		assert.deepEqual(noted(one.world).sort(), [...names].sort());
		one.session.online = true;
		assert.deepEqual(one.say(), [...now, ...cleared]);
	});

	it("is cleared again where it was not taken", () => {
		const one = fewer();
		one.takes = false;
		// `info` is refused, and what follows it waits.
		assert.deepEqual(one.say(), now.slice(0, 1));
		one.clock.advance(250);
		assert.deepEqual(one.said, [...now, ...cleared]);
		assert.deepEqual(noted(one.world).sort(), [...names].sort(), "a restart knows of them");
		one.said.length = 0;
		one.takes = true;
		one.clock.advance(250);
		assert.deepEqual(one.said, [...now.slice(0, 1), ...cleared]);
		assert.deepEqual(one.say(), now);
	});

	it("under another root or id is left alone, and forgotten unless that one is only tried", () => {
		const world = new World();
		const held = (base: string, outputs: string[] = [], trying = false) =>
			stage(world, outputs, [], base, trying).retained.all;
		assert.deepEqual(held("r/b/", ["lamp"]), ["info", "lamp/state"]);
		assert.deepEqual(held("r/b/"), ["info", "lamp/state"]);
		assert.deepEqual(held("r/c/", [], true), ["info"]);
		assert.equal(world.records.size, 3);
		assert.deepEqual(held("r/b/"), ["info", "lamp/state"]);
		assert.deepEqual(held("r/c/"), ["info"]);
		assert.equal(world.records.size, 1);
		assert.deepEqual(held("r/b/"), ["info"]);
	});
});

/** What a board retains: what is noted of it, said, cleared and taken back; with parts that only note that they were asked. */

import assert from "node:assert/strict";
import Memory from "../../../modules/device/memory.js";
import type Output from "../../../modules/device/outputs/output.js";
import type Voice from "../../../modules/device/publisher.js";
import Standing from "../../../modules/device/retained/retained.js";
import type Channel from "../../../modules/device/sensors/sensor.js";
import { World } from "../stage.js";

function stage(
	world = new World(),
	outputs = ["lamp", "fan"],
	alarms = [["hot", "temp-fault"], ["wet-fault"]],
) {
	const said: string[] = [];
	const { clock } = world;
	const announces = (name: string) => ({ name, announce: () => void said.push(name) });
	const one = {
		world,
		clock,
		said,
		uptime: 1,
		reports: [] as string[],
		/** The broker takes a clearing. */
		clears: true,
		voice: {
			retaining: true,
			state: (name: string, payload: string) => void said.push(`${name} ${payload}`),
			clear(name: string, lasting: boolean) {
				said.push(`${lasting ? "lasting" : "cleared"} ${name}`);
				return one.clears;
			},
		},
		standing: undefined as unknown as Standing,
	};
	const host = {
		timer: clock,
		memory: new Memory(world.memory),
		voice: one.voice as unknown as Voice,
		outputs: outputs.map(announces) as unknown as Output[],
		channels: alarms.map(names => ({ alarms: names.map(announces) })) as unknown as Channel[],
		trying: false,
		report: (line: string) => void one.reports.push(line),
	};
	one.standing = new Standing(host, "r/b/", () => ({ uptime: one.uptime }));
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
const all = ['info {"uptime":1}', "lamp", "fan", "hot", "temp-fault", "wet-fault"];
/** What memory holds of it. */
const noted = ({ records }: World) =>
	[...records.values()].map(text => (JSON.parse(text) as { n: string }).n);

describe("what a board retains", () => {
	it("is info, and the state of each output and each alert; noted before any of it is said", () => {
		const { standing, said, clock, world } = stage();
		assert.deepEqual(standing.names, names);
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
		one.standing.announce();
		one.uptime = 2;
		one.clock.set(look);
		one.clock.advance(0);
		assert.deepEqual(one.said, ['info {"uptime":2}', ...all.slice(1)]);
		assert.deepEqual(turns, [1, 2, 3, 4, 5, 6, 6]);
	});

	it("is said again each time that it is asked for", () => {
		const { standing, clock, said } = stage();
		for (let i = 0; i < 2; i++) {
			standing.announce();
			clock.advance(0);
		}
		assert.deepEqual(said, [...all, ...all]);
	});

	it("is not said any more once it is closed in the middle", () => {
		const { standing, clock, said } = stage();
		standing.announce();
		clock.set(() => standing.close());
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
		const { standing, world } = stage();
		standing.forget();
		assert.deepEqual(noted(world), []);
	});
});

describe("what an earlier description retained", () => {
	/** A board that had more. */
	function fewer() {
		const one = stage(stage().world, ["lamp"], []);
		const say = () => {
			one.said.length = 0;
			one.standing.announce();
			one.clock.advance(0);
			return one.said;
		};
		return Object.assign(one, { say });
	}
	const now = all.slice(0, 2);
	const gone = names.slice(2);
	const cleared = gone.map(name => `cleared ${name}`);

	it("still stands, for whoever takes back everything", () => {
		assert.deepEqual([...fewer().standing.names].sort(), [...names].sort());
	});

	it("is cleared after the rest was said, once, and is noted no more", () => {
		const one = fewer();
		assert.deepEqual(one.say(), [...now, ...cleared]);
		assert.deepEqual(noted(one.world), names.slice(0, 2));
		assert.deepEqual(one.standing.names, names.slice(0, 2));
		assert.deepEqual(one.say(), now);
	});

	it("is cleared later where the broker is not there, or all is being taken back", () => {
		const one = fewer();
		one.voice.retaining = false;
		assert.deepEqual(one.say(), now);
		assert.deepEqual(noted(one.world).sort(), [...names].sort());
		one.voice.retaining = true;
		assert.deepEqual(one.say(), [...now, ...cleared]);
	});

	it("is cleared again where it was not taken", () => {
		const one = fewer();
		one.clears = false;
		one.say();
		assert.deepEqual(one.say(), [...now, ...cleared]);
		one.clears = true;
		assert.deepEqual(one.say(), [...now, ...cleared]);
		assert.deepEqual(one.say(), now);
	});
});

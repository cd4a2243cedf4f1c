/** Alerts over restarts and power cuts: no edge is forgotten, none is repeated under another id. */

import assert from "node:assert/strict";
import { overhead, Queue } from "../../../modules/session/queue.js";
import { scripted, World } from "../stage.js";

const description = {
	sensors: [{ name: "temp", driver: "script", every: 1000 }],
	alerts: [{ name: "hot", sensor: "temp", above: 30, clear: 28, severity: "critical" }],
};

function world() {
	const world = new World();
	const state = { value: 20 as number | undefined, world };
	world.sensors = { script: scripted(() => state.value) };
	return state;
}
const edges = (world: World, rule = "hot") => world.json(`alerts/${rule}`).map(({ state }) => state);

describe("alert", () => {
	it("is published at QoS 1 with id, state, value, time, quality and severity, and its state retained", () => {
		const scene = world();
		scene.world.start(description);
		scene.world.link.connect();
		scene.value = 31;
		scene.world.clock.advance(1000);
		const edge = scene.world.published.find(({ topic }) => topic === "alerts/hot");
		assert.equal(edge?.QoS, 1);
		assert.equal(edge?.durable, true);
		assert.deepEqual(JSON.parse(edge?.payload as string), {
			id: "1-1",
			state: "ON",
			v: 31,
			ts: scene.world.clock.time,
			tsq: "ntp",
			severity: "critical",
		});
		assert.deepEqual(scene.world.json("alerts/hot/state"), [{ state: "OFF" }, { state: "ON" }]);
		assert.equal(scene.world.published.at(-2)?.retain, true);
	});

	it("is raised and cleared once each, with any samples in between", () => {
		const scene = world();
		scene.world.start(description);
		scene.world.link.connect();
		for (const value of [29, 31, 29, 32, undefined, 28.5, 27, 29, 30]) {
			scene.value = value;
			scene.world.clock.advance(1000);
		}
		assert.deepEqual(edges(scene.world), ["ON", "OFF"]);
	});

	it("is raised by a value that has not changed when its threshold is changed to below it", () => {
		const scene = world();
		scene.world.start(description);
		scene.world.link.connect();
		scene.world.clock.advance(5000);
		scene.world.link.receive("cmd", '{"cmd":"config","set":{"alerts":{"hot":{"above":10,"clear":9}}}}');
		assert.deepEqual(edges(scene.world), []);
		scene.world.clock.advance(1000);
		assert.deepEqual(edges(scene.world), ["ON"]);
	});

	it("is kept while there is no broker and comes before anything newer", () => {
		const scene = world();
		scene.world.start(description);
		scene.value = 31;
		scene.world.clock.advance(1000);
		scene.value = 20;
		scene.world.clock.advance(1000);
		scene.world.link.connect();
		assert.deepEqual(edges(scene.world), ["ON", "OFF"]);
		assert.deepEqual(scene.world.json("alerts/hot/state"), [{ state: "OFF" }]);
	});

	it("is neither repeated nor forgotten by a restart", () => {
		const scene = world();
		for (const value of [31, 31, 29, 27, 27, 31]) {
			scene.value = value;
			scene.world.start(description);
			scene.world.link.connect();
			scene.world.clock.advance(1000);
			scene.world.kill();
		}
		assert.deepEqual(edges(scene.world), ["ON", "OFF", "ON"]);
		assert.equal(new Set(scene.world.json("alerts/hot").map(({ id }) => id)).size, 3);
	});

	it("survives a power cut before and after each write: one ON, one OFF, each told once", () => {
		let cuts = 0;
		for (let moment = 0; ; moment++) {
			const scene = world();
			const { world: w } = scene;
			w.start(description);
			w.clock.advance(0);
			let dead = false;
			w.cutAfter = moment;
			for (const value of [25, 31, 31, 27, 27]) {
				scene.value = value;
				w.clock.advance(1000);
				if (w.dead) {
					dead = true;
					w.kill();
					w.start(description);
					w.clock.advance(0);
				}
			}
			if (!dead) break;
			cuts++;
			w.link.connect();
			assert.deepEqual(edges(w), ["ON", "OFF"], `cut at moment ${moment}`);
			assert.deepEqual(w.json("alerts/hot/state").at(-1), { state: "OFF" });
		}
		// Two edges; outbox and state of each; before and after.
		assert.equal(cuts, 8);
	});

	it("goes by memory and not by an older edge that is left in the outbox, since a younger one was acknowledged or put aside", () => {
		for (const away of ["release", "quarantine"] as const) {
			const scene = world();
			const { world: w } = scene;
			w.start(description);
			for (const value of [31, 20]) {
				scene.value = value;
				w.clock.advance(1000);
			}
			const { sequence } = w.outbox.next(1) ?? { sequence: 0 };
			w.outbox.sent(sequence, 7);
			if (away === "release") w.outbox.release(7);
			else w.outbox.quarantine(sequence);
			w.kill();
			w.start(description);
			w.clock.advance(3000);
			assert.equal(w.outbox.length, 1, "no edge, since nothing has changed");
			w.link.connect();
			assert.deepEqual(w.json("alerts/hot/state").at(-1), { state: "OFF" });
		}
	});

	it("goes by the newest edge also where the power went before memory had it, and an older one outlives it in the outbox", () => {
		const scene = world();
		const { world: w } = scene;
		w.start(description);
		scene.value = 31;
		w.clock.advance(1000);
		scene.value = 20;
		const { write } = w.memory;
		w.memory.write = key => {
			if (key === "a:hot") throw new Error("the power goes");
		};
		w.clock.advance(1000);
		w.kill();
		w.memory.write = write;
		w.start(description);
		assert.deepEqual(JSON.parse(w.records.get("a:hot") ?? ""), { on: 0, id: "1-2" });
		const { sequence } = w.outbox.next(1) ?? { sequence: 0 };
		w.outbox.quarantine(sequence);
		w.kill();
		w.start(description);
		w.clock.advance(3000);
		assert.equal(w.outbox.length, 1, "no edge, since nothing has changed");
	});

	it("waits for room in a full outbox, in order and coalesced, and is never lost", () => {
		const scene = world();
		const { world: w } = scene;
		w.outbox = new Queue({ byteLength: overhead + 156 });
		w.start(description);
		for (const value of [31, 27, 31, 27, 31, 27]) {
			scene.value = value;
			w.clock.advance(1000);
		}
		assert.equal(w.outbox.length, 1);
		assert.ok(w.trace.some(line => line === "alerts/hot: the outbox is full, waiting"));
		w.link.connect();
		scene.value = 20;
		w.clock.advance(3000);
		assert.deepEqual(edges(w), ["ON", "OFF"]);
	});

	it("that finds the outbox full is stored and reported once, however often it is tried again, and each time anew", () => {
		const scene = world();
		const { world: w } = scene;
		const outbox = new Queue({ byteLength: overhead + 156 });
		w.outbox = outbox;
		const board = w.start(description);
		const [alert] = (board.sensors[0] as (typeof board.sensors)[number]).alerts;
		const stored = () => JSON.parse(w.records.get("a:hot") ?? "{}");
		const reports = () => w.trace.filter(line => line === "alerts/hot: the outbox is full, waiting").length;
		const turn = (value: number, milliseconds: number) => {
			scene.value = value;
			w.clock.advance(milliseconds);
		};
		const free = () => {
			const { sequence } = outbox.next(0) as { sequence: number };
			outbox.sent(sequence, 7);
			outbox.release(7);
		};
		let writes = 0;
		const { write } = w.memory;
		w.memory.write = (key, value) => {
			if (key === "a:hot") writes++;
			write(key, value);
		};
		turn(31, 1000);
		assert.deepEqual([writes, reports()], [1, 0]);
		for (const n of [1, 2]) {
			writes = 0;
			turn(n === 1 ? 20 : 31, 10_000);
			assert.deepEqual([writes, reports(), alert?.refusals], [1, n, n]);
			assert.equal(stored().due?.id, `1-${n + 1}`, "a restart would offer it again");
			free();
			turn(n === 1 ? 20 : 31, 2000);
			assert.deepEqual([writes, stored()], [2, { on: n - 1, id: `1-${n + 1}` }]);
		}
	});

	it("is offered to a full outbox once a second, whatever the rate, and once more by a restart, which stores it under its id", () => {
		const scene = world();
		const { world: w } = scene;
		const outbox = new Queue({ byteLength: overhead + 156 });
		w.outbox = outbox;
		const fast = { ...description, sensors: [{ name: "temp", driver: "script", every: 5 }] };
		w.start(fast);
		for (const value of [31, 20]) {
			scene.value = value;
			w.clock.advance(5);
		}
		let offers = 0;
		const { append } = outbox;
		outbox.append = (...message) => {
			if (message[0].endsWith("alerts/hot")) offers++;
			return append.apply(outbox, message);
		};
		w.clock.advance(10_000);
		assert.equal(offers, 10);
		const { sequence } = outbox.next(0) as { sequence: number };
		outbox.sent(sequence, 7);
		outbox.release(7);
		w.kill();
		w.start(fast);
		w.clock.advance(0);
		assert.deepEqual([offers, w.records.get("a:hot")], [11, '{"on":0,"id":"1-2"}']);
	});

	it("says that a sensor gives nothing, and when it does again, without disturbing the others", () => {
		const scene = world();
		const { world: w } = scene;
		w.sensors.good = scripted(() => 1);
		w.start({
			sensors: [
				{ name: "temp", driver: "script", every: 1000, faultAfter: 5000 },
				{ name: "other", driver: "good", every: 1000 },
			],
		});
		w.link.connect();
		w.clock.advance(2000);
		scene.value = undefined;
		w.clock.advance(6000);
		scene.value = 22;
		w.clock.advance(2000);
		assert.deepEqual(
			w.json("alerts/temp-fault").map(({ state, v }) => [state, v]),
			[
				["ON", 20],
				["OFF", 22],
			],
		);
		assert.equal(w.on("measurements/other").length, 11);
	});

	it("has ids that differ from those of the last start even when nothing can be stored", () => {
		const ids = new Set<unknown>();
		for (let life = 0; life < 3; life++) {
			const scene = world();
			scene.world.memory.write = () => {
				throw new Error("worn out");
			};
			scene.value = 31;
			scene.world.start(description);
			scene.world.link.connect();
			scene.world.clock.advance(0);
			for (const { id } of scene.world.json("alerts/hot")) ids.add(id);
			const { counters } = scene.world.json("info")[0] as { counters: { memoryFailures: number } };
			assert.ok(counters.memoryFailures > 0);
		}
		assert.equal(ids.size, 3);
	});
});

/** A board that is taken out of service: all that it has retained is cleared, over lost connections and restarts. */

import assert from "node:assert/strict";
import { Packet } from "../../../modules/session/outcomes.js";
import { overhead, Queue } from "../../../modules/session/queue.js";
import Session from "../../../modules/session/session.js";
import { clients, type ScriptedClient } from "../../session/client.js";
import { scripted, World } from "../stage.js";

const description = {
	sensors: [{ name: "temp", driver: "script", every: 1000, unit: "°C" }],
	alerts: [{ name: "hot", sensor: "temp", above: 30, clear: 28 }],
	lamp: { pin: 2 },
};
const DAY = 86_400_000;
const { DISCONNECT, SUBACK } = Packet;

function board() {
	const world = new World();
	const state = {
		value: 20,
		world,
		start() {
			world.start(description);
			world.link.connect();
		},
		ask(command: object) {
			world.link.receive("cmd", JSON.stringify(command));
			return world.json("cmd/result").at(-1) as Record<string, unknown>;
		},
	};
	world.sensors = { script: scripted(() => state.value) };
	return state;
}

describe("forget", () => {
	/** A board that forgets, and a broker that takes nothing yet. */
	function forgetting(outbox = new Queue({ byteLength: 100_000 }), all = false) {
		const scene = board();
		scene.world.outbox = outbox;
		scene.start();
		scene.world.clock.advance(5000);
		scene.world.link.deaf = true;
		scene.ask({ cmd: "forget", ...(all && { all }) });
		scene.world.clock.advance(60_000);
		return scene;
	}
	const names = ["info", "lamp/state", "alerts/hot/state", "alerts/temp-fault/state"].sort();

	it("waits until the broker has acknowledged, and retains nothing new meanwhile", () => {
		const scene = forgetting();
		const { world } = scene;
		assert.deepEqual([...world.retained().keys()].sort(), names);
		assert.equal(world.link.farewell, undefined);
		const { length } = world.published;
		scene.value = 40;
		world.link.receive("lamp/set", "ON");
		world.clock.advance(2 * DAY);
		assert.equal(world.published.length, length);
		world.link.deaf = false;
		world.link.drain();
		assert.deepEqual([...world.retained().keys()], []);
		world.clock.advance(1000);
		assert.equal(world.link.farewell, "");
		assert.equal(world.clock.pending, 0);
		assert.ok(!world.records.has("forget"));
		assert.ok(world.trace.includes("forgotten: stays away until it is restarted"));
	});

	it("goes on after a lost connection", () => {
		const { world } = forgetting();
		world.link.disconnect();
		world.clock.advance(DAY);
		assert.equal(world.link.farewell, undefined);
		world.link.deaf = false;
		world.link.connect(true);
		world.clock.advance(1000);
		assert.deepEqual([...world.retained().keys()], []);
		assert.equal(world.link.farewell, "");
	});

	for (const [title, empty] of [
		["with what the outbox has kept", false],
		["with an outbox in RAM, which is empty then", true],
	] as const)
		it(`goes on after a restart, ${title}, and says nothing of its own`, () => {
			const scene = forgetting();
			const { world } = scene;
			world.kill();
			if (empty) world.outbox = new Queue();
			world.start(description);
			world.clock.advance(60_000);
			assert.equal(world.link.farewell, undefined);
			const { length } = world.published;
			world.link.connect();
			world.clock.advance(60_000);
			assert.ok(world.published.slice(length).every(({ payload }) => payload === ""));
			assert.deepEqual([...world.retained().keys()], []);
			assert.equal(world.link.farewell, "");
			// The next start is that of a new board.
			world.kill();
			scene.start();
			assert.deepEqual([...world.retained().keys()].sort(), names);
		});

	it("takes no samples after a restart, so that no alert is raised meanwhile", () => {
		const scene = forgetting();
		const { world } = scene;
		world.kill();
		scene.value = 40;
		world.start(description);
		world.clock.advance(60_000);
		world.link.connect();
		world.clock.advance(60_000);
		assert.equal(world.link.farewell, "");
		assert.deepEqual(world.on("alerts/hot"), []);
	});

	it("waits for room in the outbox", () => {
		const { world } = forgetting(new Queue({ byteLength: 2 * (overhead + 21) }));
		assert.equal(world.outbox.length, 2);
		world.link.deaf = false;
		world.link.drain();
		assert.equal(world.retained().size, 2);
		world.clock.advance(5000);
		assert.deepEqual([...world.retained().keys()], []);
		assert.equal(world.link.farewell, "");
	});

	it("clears the status too", () => {
		const { world } = forgetting();
		world.link.deaf = false;
		world.link.drain();
		assert.deepEqual(world.on("status"), [""]);
	});

	describe("whose connection ends before the broker has taken its goodbye", () => {
		/** Everything is acknowledged, but not the goodbye. */
		function cut() {
			const scene = forgetting();
			const { world } = scene;
			world.link.parts = false;
			world.link.deaf = false;
			world.link.drain();
			world.clock.advance(1000);
			assert.equal(world.link.farewell, "");
			return scene;
		}

		it("connects again and says it once more, so that no will stays", () => {
			const { world } = cut();
			const { link } = world;
			assert.ok(world.records.has("forget"));
			assert.ok(!world.trace.some(line => line.startsWith("forgotten")));
			world.clock.advance(10_000);
			assert.notEqual(world.link, link);
			world.link.connect();
			world.clock.advance(1000);
			assert.equal(world.link.farewell, "");
			assert.ok(!world.records.has("forget"));
			assert.ok(world.trace.includes("forgotten: stays away until it is restarted"));
			assert.equal(world.clock.pending, 0);
		});

		it("goes on at the next start when the power goes before that", () => {
			const scene = cut();
			const { world } = scene;
			world.kill();
			world.start(description);
			world.link.connect();
			world.clock.advance(10_000);
			assert.deepEqual([...world.retained().keys()], []);
			assert.ok(!world.records.has("forget"));
		});

		it("gives up after ten times, and says that its status may remain", () => {
			const { world } = cut();
			for (let i = 0; i < 20; i++) {
				world.clock.advance(10_000);
				if (world.link.closed) continue;
				world.link.parts = false;
				world.link.connect();
			}
			assert.ok(world.trace.includes("forgotten: stays away until it is restarted; its status may remain"));
			assert.equal(world.trace.filter(line => line.startsWith("forget: the connection")).length, 9);
			assert.equal(world.clock.pending, 0);
		});

		it("can be closed meanwhile", () => {
			const scene = board();
			const { world } = scene;
			const one = world.start(description);
			world.link.connect();
			world.link.parts = false;
			scene.ask({ cmd: "forget" });
			world.clock.advance(2000);
			const { link } = world;
			let closed = 0;
			one.close(() => closed++);
			world.clock.advance(DAY);
			assert.equal(closed, 1);
			assert.equal(world.link, link, "it does not connect again");
			assert.equal(world.clock.pending, 0);
			assert.ok(world.records.has("forget"));
		});
	});

	it("does not end it a second time where the board is closed while it says goodbye", () => {
		const scene = board();
		const { world } = scene;
		const one = world.start(description);
		world.link.connect();
		const { link } = world;
		const close = link.close.bind(link);
		let left = 0;
		link.close = (callback, farewell) => {
			close(callback, farewell);
			if (farewell === "" && ++left === 1) one.close();
		};
		scene.ask({ cmd: "forget" });
		world.clock.advance(DAY);
		assert.equal(left, 1);
		assert.ok(!world.trace.some(line => line.startsWith("forgotten")));
		assert.ok(world.records.has("forget"), "the next start says goodbye once more");
	});

	it("is not over while the session has set a clearing aside: reports which, and goes on when it is taken after all", () => {
		const { world } = forgetting();
		const { outbox } = world;
		let aside = 0;
		for (let entry = outbox.next(0); entry; entry = outbox.next(entry.sequence))
			if (entry.topic === "r/b/lamp/state") aside = entry.sequence;
		outbox.quarantine(aside);
		world.link.deaf = false;
		world.link.drain();
		world.clock.advance(DAY);
		const answers = world.json("cmd/result").slice(1);
		const error = "not cleared, tried again: lamp/state";
		assert.deepEqual(answers, [{ cmd: "forget", ok: false, error }]);
		assert.ok(!world.trace.some(line => line.startsWith("forgotten")));
		outbox.readmit(aside);
		world.link.disconnect();
		world.link.connect(true);
		world.clock.advance(20_000);
		assert.deepEqual([...world.retained().keys()], []);
		assert.ok(world.trace.includes("forgotten: stays away until it is restarted"));
	});

	it("is not over before each feature that has something to take back has done so", () => {
		const scene = board();
		const { world } = scene;
		let asked = 0;
		const parts = [{ close() {} }, { clear: () => ++asked === 3, close() {} }];
		world.start(description, [
			{ board: {}, sensor: {}, check() {}, rooms: () => [], heap: () => 0, make: () => parts },
		]);
		world.link.connect();
		scene.ask({ cmd: "forget" });
		world.clock.advance(600);
		assert.deepEqual([asked, world.link.farewell], [2, undefined]);
		world.clock.advance(1000);
		assert.deepEqual([asked, world.link.farewell], [3, ""]);
	});

	it("waits for room for the topic of a feature that this firmware is built without", () => {
		const scene = board();
		const { world } = scene;
		const topic = "homeassistant/device/b/config";
		world.records.set("ha", JSON.stringify({ t: topic }));
		world.outbox = new Queue({ byteLength: overhead + 100 });
		scene.start();
		world.link.deaf = true;
		scene.value = 40;
		world.clock.advance(5000);
		assert.equal(world.outbox.length, 1);
		scene.ask({ cmd: "forget" });
		world.clock.advance(5000);
		assert.ok(world.records.has("ha"));
		world.link.deaf = false;
		world.link.drain();
		world.clock.advance(20_000);
		assert.ok(world.published.some(({ topic: each, payload }) => each === topic && payload === ""));
		assert.deepEqual([world.records.has("ha"), world.link.farewell], [false, ""]);
	});

	describe("what others have retained for the board", () => {
		const others = ["lamp/set", "lamp/desired", "cmd"];
		const cleared = (world: World) =>
			world.published.filter(({ retain, payload }) => retain && !payload).map(({ topic }) => topic);

		it("stays", () => {
			const { world } = forgetting();
			world.link.deaf = false;
			world.link.drain();
			world.clock.advance(1000);
			assert.ok(!cleared(world).some(topic => others.includes(topic)));
		});

		for (const restart of [false, true])
			it(`is cleared too where that is asked for${restart ? ", also after a restart" : ""}`, () => {
				const { world } = forgetting(undefined, true);
				if (restart) {
					world.kill();
					world.outbox = new Queue();
					world.start(description);
					world.link.connect();
				}
				world.link.deaf = false;
				world.link.drain();
				world.clock.advance(1000);
				for (const topic of others) assert.equal(cleared(world).filter(other => other === topic).length, 1);
				assert.ok(world.trace.includes("forgotten: stays away until it is restarted"));
			});

		for (const [order, all] of [
			["is asked for after a forget without it", [false, true]],
			["was asked for before a forget without it", [true, false]],
		] as const)
			it(`is cleared too where that ${order}, also after a restart`, () => {
				const scene = forgetting(undefined, all[0]);
				const { world } = scene;
				scene.ask({ cmd: "forget", all: all[1] });
				world.clock.advance(1000);
				assert.equal(world.records.get("forget"), '{"active":true,"all":true}');
				world.link.deaf = false;
				world.link.drain();
				world.clock.advance(1000);
				for (const topic of others) assert.ok(cleared(world).includes(topic), topic);
			});

		it("is cleared without an answer to the board's own empty `cmd`, which the broker delivers to it", () => {
			const { world } = forgetting(undefined, true);
			const answers = world.json("cmd/result").length;
			world.link.receive("cmd", "");
			assert.equal(world.json("cmd/result").length, answers);
		});

		it("is not cleared for an `all` that is neither true nor false", () => {
			const scene = board();
			scene.start();
			const { error } = scene.ask({ cmd: "forget", all: "yes" });
			assert.equal(error, 'all: expected true or false, found "yes"');
			assert.ok(!scene.world.records.has("forget"));
		});
	});
});

describe("a board that forgets over a real session", () => {
	/** Plays it with the connection cut at one packet, which has `arrived`, or gone with all others; false: there are fewer. */
	function play(cut: number, arrived: boolean): boolean {
		const world = new World();
		world.sensors = { script: scripted(() => 20) };
		const { io, made } = clients();
		const none = { io: class {} as never };
		const client = { io, socket: none, dns: none, timer: world.clock, ticks: world.clock };
		world.connect = options =>
			new Session(
				Object.assign(options, {
					client,
					brokers: [{ host: "a", port: 1883 }],
					random: () => 0.5,
					deadlines: { hear: 0 },
				}),
			);
		world.start(description);
		const retained = new Map<string, string>();
		let packets = 0;
		let asked = false;
		let dead: ScriptedClient | undefined;
		/** The broker takes what a connection has written. */
		const serve = (connection: ScriptedClient) => {
			const written = [...connection.written];
			connection.take();
			for (const { operation, id = 0, topic = "", text, retain, QoS, items } of written) {
				const last = asked && packets++ === cut;
				if (!last || arrived) {
					if (operation === DISCONNECT) return connection.fail();
					if (retain) text ? retained.set(topic, text) : retained.delete(topic);
				}
				if (last) {
					retained.set("r/b/status", "offline");
					// Reset, or a cable that was pulled: then only the client's keep-alive tells.
					if (arrived) return connection.fail();
					world.clock.set(() => connection.fail(), 45_000);
					dead = connection;
					return;
				}
				if (items) connection.control({ operation: SUBACK, id, payload: items.map(() => 1) });
				else if (QoS) connection.acknowledge(id);
			}
		};
		for (let second = 0; second < 600 && !world.trace.some(line => line.startsWith("forgotten")); second++) {
			const connection = made.at(-1);
			if (connection && !connection.closed && connection !== dead) {
				if (!connection.connected) connection.accept(false);
				serve(connection);
				if (retained.size > 4 && !asked) {
					asked = true;
					connection.deliver("r/b/cmd", '{"cmd":"forget","all":true}', { QoS: 1, id: 9 });
				}
			}
			world.clock.advance(200);
		}
		const when = `cut at packet ${cut}, ${arrived ? "which arrived" : "which did not arrive"}`;
		assert.ok(world.trace.includes("forgotten: stays away until it is restarted"), when);
		assert.deepEqual([...retained], [], when);
		return packets > cut;
	}

	for (const arrived of [true, false])
		it(`leaves nothing at the broker, no will either, wherever its connection is cut: the last packet ${arrived ? "arrives" : "does not"}`, () => {
			let cut = 0;
			while (play(cut, arrived)) cut++;
			assert.ok(cut > 10, `${cut} packets`);
		});
});

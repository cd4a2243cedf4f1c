/** Wishes for outputs by the device shadow, beside `desired`: done, reported, and never an old one over a newer one. */

import assert from "node:assert/strict";
import aws from "../../../modules/device/aws/aws.js";
import { World } from "../stage.js";
import { Service } from "./service.js";

const description = { profile: "aws", shadow: true, lamp: { pin: 2, dimmable: true } };
const SECOND = 1000;
/** Where the power goes while a wish is stored with its output, as the number of cuts before it. */
const cuts = [
	["before it was stored", 0],
	["behind that, before it was done", 1],
] as const;

/** Cannot do what is meant while it is broken. */
class Pump {
	static broken = false;
	write(): void {
		if (Pump.broken) throw new Error("no power");
	}
	close(): void {}
}

/** A board that is online, with nothing in its shadow but what it has reported. */
function stage(more: object = {}) {
	const world = new World();
	world.actuators = { pump: { io: Pump } };
	const service = new Service(world, () => world.clock.time);
	const board = world.start({ ...description, ...more }, [aws]);
	world.link.connect();
	service.settle();
	const state = () => world.json("lamp/state").at(-1) as { state: string; brightness: number; ver?: number };
	/** Another life of the board. */
	const restart = () => {
		world.link.disconnect();
		world.kill();
		const next = world.start({ ...description, ...more }, [aws]);
		world.link.connect();
		service.settle();
		return next;
	};
	const refusals = () => world.json("cmd/result").map(({ topic, error }) => `${topic}: ${error}`);
	return { world, service, board, state, restart, refusals };
}

describe("wishes by the device shadow", () => {
	afterEach(() => {
		Pump.broken = false;
	});
	it("asks for the shadow and reports each output when it connects", () => {
		const { world, service } = stage();
		const topics = world.published.map(({ topic }) => topic).filter(topic => topic.startsWith("$"));
		assert.equal(topics[0], "$aws/things/b/shadow/get");
		assert.deepEqual(service.reported.lamp, { state: "OFF", brightness: 255, src: "power-on" });
	});
	it("subscribes to the exact names of the answers, eight levels deep at most", () => {
		const { world } = stage();
		const topics = world.link.options.subscriptions
			.map(({ topic }) => topic)
			.filter(topic => topic.startsWith("$"));
		assert.deepEqual(topics, [
			"$aws/things/b/shadow/update/delta",
			"$aws/things/b/shadow/update/rejected",
			"$aws/things/b/shadow/get/accepted",
			"$aws/things/b/shadow/update/accepted",
			"$aws/things/b/shadow/name/settings/update/delta",
			"$aws/things/b/shadow/name/settings/update/rejected",
		]);
	});
	it("does what the console writes, and reports it, so that no difference is left", () => {
		const { service, state } = stage();
		service.wish({ lamp: { state: "ON", brightness: 40 } });
		service.settle();
		assert.deepEqual([state().state, state().brightness], ["ON", 40]);
		assert.deepEqual(service.reported.lamp, { state: "ON", brightness: 40, src: "desired" });
		assert.equal(service.difference, undefined);
	});
	it("takes the state that it has where only another key is wished", () => {
		const { world, service, state } = stage();
		service.wish({ lamp: { state: "ON" } });
		service.settle();
		world.clock.advance(SECOND);
		service.wish({ lamp: { brightness: 7 } });
		service.settle();
		assert.deepEqual([state().state, state().brightness], ["ON", 7]);
	});
	it("does the newest of three wishes whose differences come late, and lack what was reported meanwhile", () => {
		const { world, service, state } = stage();
		for (const lamp of [{ state: "ON", brightness: 9 }, { state: "OFF" }, { brightness: 7 }]) {
			service.wish({ lamp });
			world.clock.advance(SECOND);
		}
		service.settle();
		assert.deepEqual([state().state, state().brightness], ["OFF", 7]);
		assert.equal(service.difference, undefined);
	});
	it("does a wish of the time when it was away, once, at the next connection", () => {
		const { world, service, state } = stage();
		world.link.disconnect();
		world.clock.advance(SECOND);
		service.wish({ lamp: { state: "ON" } });
		service.answers.length = 0; // no session was kept
		world.link.connect();
		service.settle();
		assert.equal(state().state, "ON");
		assert.equal(world.pins.get(2)?.filter(level => level).length, 1);
	});
	it("does not take the same wish again for one, after a button, in this life or the next", () => {
		const { world, service, board, state, restart } = stage();
		service.wish({ lamp: { state: "ON" } });
		service.settle();
		world.clock.advance(SECOND);
		board.outputs[0]?.press();
		service.settle();
		assert.equal(state().state, "OFF");
		assert.deepEqual(service.difference, { lamp: { state: "ON" } }, "the wish still stands in the shadow");
		restart();
		assert.equal(state().state, "OFF");
		world.clock.advance(SECOND);
		service.wish({ lamp: { state: "ON" } });
		service.settle();
		assert.equal(state().state, "ON", "wished once more");
	});
	for (const own of [{}, { ver: 17 }])
		it(`has the last of two wishes within one second${own.ver ? " with versions" : ""}`, () => {
			const { service, state } = stage();
			service.wish({ lamp: { state: "ON", ...own } });
			service.settle();
			service.wish({ lamp: { state: "OFF", ...(own.ver && { ver: 18 }) } });
			service.settle();
			assert.equal(state().state, "OFF");
			assert.equal(service.difference, undefined);
		});
	it("passes over a delta that comes again, or behind a later one", () => {
		const { world, service, state } = stage();
		service.wish({ lamp: { state: "ON" } });
		service.wish({ lamp: { state: "ON", brightness: 9 } });
		assert.equal(service.answers.length, 2);
		service.deliver(1, true);
		assert.equal(state().brightness, 9);
		service.deliver(0);
		service.deliver(0, true);
		world.clock.advance(100);
		assert.deepEqual([state().state, state().brightness], ["ON", 9]);
	});
	it("hears a shadow that was deleted and counts from 1 again, and none of the documents of before", () => {
		const { world, service, state } = stage();
		for (const wish of ["ON", "OFF", "ON"]) {
			world.clock.advance(SECOND);
			service.wish({ lamp: { state: wish } });
			service.deliver(0, true);
			service.settle();
		}
		service.wish({ lamp: { state: "OFF", brightness: 3 } });
		const [last] = service.answers;
		service.settle();
		service.forget();
		world.clock.advance(2 * SECOND);
		service.wish({ lamp: { state: "ON" } });
		service.settle();
		assert.deepEqual([state().state, state().brightness], ["ON", 3]);
		world.link.receive(last?.topic ?? "", last?.payload ?? "");
		assert.deepEqual([state().state, state().brightness], ["ON", 3]);
	});
	it("hears of a wish by the answer to its report where the question for it found no room", () => {
		const { world, service, state } = stage();
		world.link.disconnect();
		world.clock.advance(SECOND);
		service.wish({ lamp: { state: "ON" } });
		service.answers.length = 0; // no session was kept
		world.link.room = 0;
		world.link.connect();
		world.link.room = Infinity;
		world.clock.advance(SECOND);
		service.settle();
		assert.equal(state().state, "ON");
	});
	it("does a wish of the second that follows one with several", () => {
		const { world, service, state } = stage();
		world.clock.advance(SECOND - (world.clock.time % SECOND));
		for (const brightness of [10, 20, 30]) {
			service.wish({ lamp: { brightness } });
			service.settle();
		}
		world.clock.advance(SECOND);
		service.wish({ lamp: { brightness: 40 } });
		service.settle();
		assert.equal(state().brightness, 40);
	});
	it("passes over an older wish of the same second that comes again, also where it is whole", () => {
		const { world, service, state } = stage();
		service.wish({ lamp: { state: "ON", brightness: 10 } });
		const [first] = service.answers;
		service.settle();
		service.wish({ lamp: { state: "OFF", brightness: 20 } });
		service.settle();
		world.link.receive(first?.topic ?? "", first?.payload ?? "");
		assert.deepEqual([state().state, state().brightness], ["OFF", 20]);
	});
	it("does a wish without a version after one whose version is ahead of the service's clock, and none of before", () => {
		const { world, service, board, state } = stage();
		service.wish({ lamp: { state: "ON", ver: world.clock.time + 5 * SECOND } });
		const [first] = service.answers;
		service.settle();
		world.clock.advance(SECOND);
		service.wish({ lamp: { state: "OFF", ver: null } });
		service.settle();
		assert.equal(state().state, "OFF");
		board.outputs[0]?.press();
		world.link.receive(first?.topic ?? "", first?.payload ?? "");
		service.settle();
		assert.deepEqual(
			[state().state, state().ver],
			["ON", board.outputs[0]?.newest.state.ver],
			"by the button",
		);
	});
	for (const lives of ["connection", "life"])
		it(`passes over an older wish of the same second that comes again in the next ${lives}`, () => {
			const { world, service, state } = stage();
			service.wish({ lamp: { state: "ON" } });
			const [first] = service.answers;
			service.settle();
			service.wish({ lamp: { state: "OFF" } });
			service.settle();
			world.link.disconnect();
			world.clock.advance(60 * SECOND);
			if (lives === "life") {
				world.kill();
				world.start(description, [aws]);
			}
			world.link.connect(true);
			world.link.receive(first?.topic ?? "", first?.payload ?? "");
			assert.equal(state().state, "OFF");
			service.settle();
			assert.equal(state().state, "OFF");
		});
	for (const wait of [10 * SECOND, 0])
		it(`takes of a wish only the key that is new, and not an older one that something followed (${wait} ms)`, () => {
			const { world, service, state } = stage();
			const shows = () => [state().state, state().brightness];
			service.wish({ lamp: { state: "ON", brightness: 100 } });
			service.settle();
			world.clock.advance(wait);
			world.link.receive("lamp/set", "OFF", { id: 5 });
			service.settle();
			world.clock.advance(wait);
			service.wish({ lamp: { brightness: 50 } });
			service.settle();
			assert.deepEqual(shows(), ["OFF", 50]);
			world.link.receive("lamp/set", '{"state":"OFF","brightness":7}', { id: 6 });
			service.settle();
			assert.deepEqual(shows(), ["OFF", 7]);
			world.clock.advance(2 * SECOND);
			service.wish({ lamp: { state: "ON" } });
			service.settle();
			assert.deepEqual(shows(), ["ON", 7]);
		});
	it("does a wish with a greater version whose keys say what an older one of the same second said", () => {
		const { world, service, state } = stage();
		service.wish({ lamp: { state: "ON", ver: 17 } });
		service.settle();
		world.link.receive("lamp/set", "OFF", { id: 5 });
		service.settle();
		assert.equal(state().state, "OFF");
		service.wish({ lamp: { state: "ON", ver: 18 } });
		service.settle();
		assert.deepEqual([state().state, state().ver], ["ON", 18]);
	});
	for (const [where, cut] of cuts)
		it(`does of a wish that the power cut off ${where} only what was new in it`, () => {
			const { world, service, state } = stage();
			service.wish({ lamp: { state: "ON", brightness: 100 } });
			service.settle();
			world.clock.advance(SECOND);
			world.link.receive("lamp/set", "OFF", { id: 5 });
			service.settle();
			world.clock.advance(SECOND);
			service.wish({ lamp: { brightness: 50 } });
			world.cutAfter = cut;
			service.deliver();
			assert.ok(world.dead);
			world.kill();
			world.start({ ...description, lamp: { ...description.lamp, powerOn: "last" } }, [aws]);
			world.link.connect();
			service.settle();
			assert.deepEqual([state().state, state().brightness], ["OFF", 50]);
		});
	it("does of a wish that the power cut off twice all that was new in it, also what was written before the rest", () => {
		const { world, service, state } = stage();
		service.wish({ lamp: { state: "ON" } });
		service.answers.length = 0;
		world.clock.advance(SECOND);
		service.wish({ lamp: { brightness: 50 } });
		for (let cut = 0; cut < 2; cut++) {
			world.cutAfter = 0;
			service.deliver(0, true);
			assert.ok(world.dead);
			world.kill();
			world.start(description, [aws]);
			world.link.accept();
		}
		world.link.connect();
		service.settle();
		assert.deepEqual([state().state, state().brightness], ["ON", 50]);
	});
	it("does not complete a wish from the lamp where the service has an older report of it", () => {
		const { world, service, state } = stage();
		service.wish({ lamp: { state: "ON", brightness: 255, ver: 1 } });
		service.settle();
		world.link.receive("lamp/desired", '{"state":"OFF","brightness":255,"ver":2}', {});
		// The report of that is still on its way: the delta has no state, for ON is what was reported.
		service.wish({ lamp: { state: "ON", brightness: 255, ver: 3 } });
		assert.deepEqual(service.difference, { lamp: { ver: 3 } });
		service.settle();
		assert.deepEqual([state().state, state().ver], ["ON", 3]);
		assert.equal(service.difference, undefined);
	});
	it("completes a wish from the lamp only by the answer to its own report", () => {
		const { world, service, state } = stage();
		service.wish({ lamp: { state: "ON", brightness: 255, ver: 1 } });
		service.settle();
		const { length } = world.on("lamp/state");
		service.wish({ lamp: { state: "ON", brightness: 9, ver: 2 } });
		service.deliver();
		assert.equal(world.on("lamp/state").length, length, "nothing is done, and nothing said");
		service.settle();
		assert.deepEqual([state().state, state().brightness, state().ver], ["ON", 9, 2]);
	});
	describe("reports", () => {
		/** A board whose reports wait until they are taken; the lamp was switched on. */
		const slow = () => {
			const { world, service, ...rest } = stage();
			const shown = () => (service.reported.lamp as { state: string }).state;
			service.slow = true;
			world.link.receive("lamp/set", "ON", { id: 5 });
			world.clock.advance(SECOND);
			return { world, service, shown, ...rest };
		};
		it("wait for the answer to the one before, and say what is then", () => {
			const { world, service, shown } = slow();
			world.link.receive("lamp/set", "OFF", { id: 6 });
			world.clock.advance(500);
			assert.equal(service.requests.length, 1);
			service.serve();
			service.deliver();
			world.clock.advance(100);
			assert.equal(service.requests.length, 1);
			service.serve();
			assert.equal(shown(), "OFF");
		});
		for (const why of ["taken behind a later one", "taken twice"])
			it(`are said again where an earlier one was ${why}`, () => {
				const { world, service, shown } = slow();
				if (why === "taken twice") service.serve(0, true);
				world.link.receive("lamp/set", "OFF", { id: 6 });
				world.clock.advance(3 * SECOND);
				service.serve(1);
				service.serve(0);
				assert.equal(shown(), "ON");
				service.settle();
				assert.equal(shown(), "OFF");
			});
		it("are not said again where an application says otherwise of a key that is none of the board's", () => {
			const { service } = stage();
			service.wish({ lamp: { state: "ON" } });
			service.settle();
			const { version } = service;
			service.report({ mood: "good" });
			service.settle();
			assert.equal(service.version, version + 1);
		});
		it("are tried again where they were throttled, and not where they are wrong", () => {
			for (const code of [429, 500, 400]) {
				const { service, world } = slow();
				service.reject(0, code);
				service.deliver();
				world.clock.advance(SECOND);
				assert.equal(service.requests.length, code === 400 ? 0 : 1);
			}
		});
		it("are tried again key by key: of another output nothing is said again", () => {
			const { world, service } = stage({ actuators: [{ name: "pump", driver: "pump" }] });
			service.slow = true;
			world.link.receive("lamp/set", "ON", { id: 5 });
			world.clock.advance(100);
			service.reject(0);
			service.deliver();
			world.clock.advance(SECOND);
			const { state } = JSON.parse(service.requests[0] ?? "{}") as { state: { reported: object } };
			assert.deepEqual(Object.keys(state.reported), ["lamp"]);
		});
		it("are tried again where one found no room", () => {
			const { world, service } = stage();
			const { version } = service;
			world.link.receive("lamp/set", "ON", { id: 5 });
			world.link.room = 0;
			world.clock.advance(100);
			assert.equal(service.version, version);
			world.link.room = Infinity;
			world.clock.advance(SECOND);
			assert.equal(service.version, version + 1);
		});
		it("end where the board takes back all that it has retained", () => {
			const { world, service } = stage({ commands: ["forget"] });
			const { version } = service;
			world.link.receive("lamp/set", "ON", { id: 5 });
			world.link.receive("cmd", "forget", { id: 6 });
			world.clock.advance(10 * SECOND);
			assert.equal(service.version, version);
		});
		it("go out at once on a new connection, whether or not the last one has its answer", () => {
			const { world, service } = slow();
			world.link.disconnect();
			service.requests.length = 0;
			world.link.connect();
			world.clock.advance(100);
			assert.equal(service.requests.length, 1);
		});
	});
	it("does a wish of the time when it was away at once: that document has all that is wished", () => {
		const { world, service, state } = stage();
		service.wish({ lamp: { state: "OFF", ver: 1 } });
		service.settle();
		world.link.disconnect();
		service.wish({ lamp: { state: "ON", ver: 2 } });
		service.answers.length = 0; // no session was kept
		service.slow = true;
		world.link.connect();
		service.deliver();
		assert.deepEqual([state().state, state().ver], ["ON", 2]);
	});
	it("does not go on reporting where the output cannot do what is meant", () => {
		const { world, service } = stage({ actuators: [{ name: "pump", driver: "pump" }] });
		Pump.broken = true;
		world.link.receive("pump/desired", '{"state":"ON","ver":1}', {});
		service.wish({ pump: { state: "OFF", ver: 2 } });
		const { version } = service;
		world.clock.advance(400);
		for (let i = 0; i < 5; i++) {
			while (service.deliver());
			world.clock.advance(60);
		}
		assert.ok(service.version <= version + 1, `${service.version - version} reports`);
		Pump.broken = false;
		world.clock.advance(10 * SECOND);
		service.settle();
		assert.equal((service.reported.pump as { state: string }).state, "OFF");
	});
	describe("beside lamp/desired", () => {
		const desired = (world: World, state: string, ver: number) =>
			world.link.receive("lamp/desired", JSON.stringify({ state, ver }), { retain: true });
		it("has one line of versions: an older one by either way is not done", () => {
			const { world, service, state } = stage();
			service.wish({ lamp: { state: "ON", ver: 18 } });
			service.settle();
			desired(world, "OFF", 17);
			assert.equal(state().state, "ON");
			desired(world, "OFF", 19);
			service.settle();
			assert.deepEqual([state().state, state().ver], ["OFF", 19]);
			assert.deepEqual(service.reported.lamp, { state: "OFF", brightness: 255, src: "desired" });
			service.wish({ lamp: { brightness: 3 } });
			service.settle();
			assert.deepEqual([state().state, state().brightness], ["OFF", 255], "version 18 still stands there");
		});
		it("does not take the equal version of another sender for a newer wish", () => {
			const { world, service, state } = stage();
			desired(world, "OFF", 20);
			service.settle();
			service.wish({ lamp: { state: "ON", ver: 20 } });
			service.settle();
			assert.equal(state().state, "OFF");
		});
		it("has the service's time for a version where the wish has none, to be compared with clocks", () => {
			const { world, service, state } = stage();
			const now = () => world.clock.time;
			desired(world, "ON", now());
			service.settle();
			world.clock.advance(2 * SECOND);
			service.wish({ lamp: { state: "OFF" } });
			const late = now() - 1500;
			service.settle();
			assert.equal(state().state, "OFF");
			desired(world, "ON", late);
			assert.equal(state().state, "OFF", "sent before, delivered behind");
			world.clock.advance(2 * SECOND);
			desired(world, "ON", now());
			assert.equal(state().state, "ON");
		});
		it("does nothing over a wish without a version that may have been sent earlier within its second", () => {
			const { world, service, state } = stage();
			world.clock.advance(SECOND - (world.clock.time % SECOND) + 200);
			const early = world.clock.time;
			world.clock.advance(700);
			service.wish({ lamp: { state: "ON" } });
			service.settle();
			desired(world, "OFF", early);
			assert.equal(state().state, "ON");
		});
		it("knows a wish that came both ways with one version, after a button too", () => {
			const { world, service, board, state } = stage();
			const ver = world.clock.time - 2 * SECOND; // a clock that is behind
			service.wish({ lamp: { state: "ON", ver } });
			desired(world, "ON", ver);
			service.settle();
			world.clock.advance(SECOND);
			board.outputs[0]?.press();
			service.settle();
			assert.equal(state().state, "OFF");
		});
		it("refuses a wish without a version where versions count, and says so", () => {
			const { world, service, state, refusals } = stage();
			desired(world, "OFF", 3);
			service.settle();
			service.wish({ lamp: { state: "ON" } });
			service.settle();
			assert.equal(state().state, "OFF");
			assert.ok(refusals().includes("shadow lamp: expected a ver, since version 3 stands"));
			service.wish({ lamp: { state: "ON", ver: 4 } });
			service.settle();
			assert.deepEqual([state().state, state().ver], ["ON", 4]);
			assert.equal(service.difference, undefined);
		});
	});
	it("does nothing on an output that is live only, and says so", () => {
		const { service, state, refusals } = stage({ lamp: { pin: 2, liveOnly: true } });
		service.wish({ lamp: { state: "ON", ver: 1 } });
		service.settle();
		assert.equal(state().state, "OFF");
		assert.deepEqual(refusals(), ["shadow lamp: it takes live commands only"]);
	});
	for (const lamp of [{ state: "TOGGLE" }, { state: "ON", brightness: 0 }, { color: "red" }, "ON", null, []])
		it(`does nothing for ${JSON.stringify(lamp)}`, () => {
			const { world, service, state } = stage();
			service.wish({ lamp });
			service.settle();
			assert.deepEqual([state().state, state().ver], ["OFF", undefined]);
			assert.ok(world.clock.pending < 20);
		});
	it("does not look at keys that are none of its own, nor at their times", () => {
		const { world, service, board, state } = stage();
		service.wish({ lamp: { state: "ON", color: "red" } });
		service.settle();
		assert.equal(state().state, "ON");
		world.clock.advance(SECOND);
		board.outputs[0]?.press();
		world.clock.advance(SECOND);
		service.wish({ lamp: { color: "blue" } });
		service.settle();
		assert.equal(state().state, "OFF");
	});
	it("reads no document whose keys or length are more than it has room for", () => {
		const { world, service, state } = stage();
		const strange = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, i]));
		service.wish({ lamp: { state: "ON" }, ...strange });
		service.settle();
		assert.equal(state().state, "OFF");
		assert.ok(world.trace.some(line => line.includes("expected keys that this board knows")));
	});
	for (const [where, cut] of cuts)
		it(`does a wish that the power cut off ${where}, once, when the power comes back`, () => {
			const { world, service, state } = stage();
			service.wish({ lamp: { state: "ON", brightness: 40 } });
			world.cutAfter = cut;
			service.deliver();
			assert.ok(world.dead);
			assert.equal(world.records.has("o:lamp"), cut === 1);
			world.kill();
			world.start({ ...description, lamp: { ...description.lamp, powerOn: "last" } }, [aws]);
			world.link.connect();
			service.settle();
			assert.deepEqual([state().state, state().brightness], ["ON", 40]);
			assert.equal(service.difference, undefined);
		});
	it("is not acknowledged where it cannot be stored", () => {
		const { world, service } = stage();
		service.wish({ lamp: { state: "ON", brightness: 40 } });
		world.refusing = true;
		const [answer] = service.answers;
		assert.ok(answer);
		assert.equal(world.link.receive(answer.topic, answer.payload), false);
	});
});

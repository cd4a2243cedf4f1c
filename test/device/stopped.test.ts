/** What the broker would not take is not queued, counted and reported once; without retaining all else works. */

import assert from "node:assert/strict";
import { limitsOf } from "../../modules/device/broker.js";
import homeAssistant from "../../modules/device/homeassistant/homeassistant.js";
import { defaults } from "../../modules/session/options.js";
import { Outcome } from "../../modules/session/outcomes.js";
import { NotedSession, publishing } from "./publishing.js";
import { World } from "./stage.js";

/** A publisher with these limits, and what its session is given. */
function stage(limits: object) {
	const trace: string[] = [];
	const session = new NotedSession();
	session.outcome = (_, payload) => (payload.length > 100 ? Outcome.droppedLong : Outcome.sent);
	const publisher = publishing(
		{
			limits: limitsOf({ limits }),
			trace: line => trace.push(line),
			owner: {
				decommission: { active: false },
				retained: { full: name => trace.push(`full ${name}`) },
			},
		},
		session,
	);
	return { publisher, published: session.said, trace };
}

describe("a message that the broker would not take", () => {
	it("is stopped before it is queued where its topic is too deep, each is counted, and the first reported", () => {
		const { publisher, published, trace } = stage({ topicLevels: 4 });
		const source = () => undefined;
		for (let i = 0; i < 3; i++) assert.equal(publisher.stream("a/b/c/d/config", 0, source), true);
		assert.equal(publisher.stream("é".repeat(129), 0, source), true);
		assert.equal(publisher.send("a/b/c/d/e", "", true), false);
		assert.deepEqual(published, []);
		assert.equal(publisher.stopped, 5);
		assert.deepEqual(trace, [
			"not published, the broker would not take it: a/b/c/d/config: 5 levels, the broker takes 4",
			`not published, the broker would not take it: ${"é".repeat(129)}: 258 bytes, the broker takes 256`,
			"not published, the broker would not take it: a/b/c/d/e: 5 levels, the broker takes 4",
		]);
	});
	it("is stopped as a document that is too long, which is not tried again each second", () => {
		const world = new World();
		const limits = { maximumPayload: 1024 };
		world.start({ homeAssistant: true, lamp: { pin: 2 }, limits }, [homeAssistant]);
		world.link.connect();
		world.clock.advance(60_000);
		assert.equal(world.link.streamed.size, 0);
		const topic = "homeassistant/device/b/config";
		const line = `not published, the broker would not take it: ${topic}: a payload of more than 1024 bytes`;
		assert.deepEqual(
			world.trace.filter(text => text.startsWith("not published")),
			[line],
		);
		world.link.receive("cmd", "info");
		const [{ info } = {}] = world.json("cmd/result");
		assert.equal((info as { counters: { stopped: number } }).counters.stopped, 1);
	});
	it("is counted where the session refuses it as too long, a measurement too", () => {
		const { publisher, trace } = stage({ maximumPayload: 1024 });
		publisher.state("info", "x".repeat(101));
		assert.equal(publisher.measurement("r/b/measurements/t", "x".repeat(101)), false);
		assert.equal(publisher.measurement("r/b/measurements/t", "x"), true);
		assert.equal(publisher.stopped, 2);
		const line = "not published, the broker would not take it: r/b/info: a payload of more than 1024 bytes";
		assert.ok(trace.includes(line), trace.join("\n"));
		assert.ok(!trace.includes("full info"), "it would never fit");
	});
	it("left nothing to be cleared on a topic that it takes none on", () => {
		const { publisher, published } = stage({ topicLevels: 4 });
		assert.equal(publisher.erase("r/b/alerts/a/state"), true);
		assert.equal(publisher.erase("r/b/alerts/a"), true);
		assert.deepEqual(
			published.map(([topic]) => topic),
			["r/b/alerts/a"],
		);
	});
	it("is none of the states where the broker retains nothing: they go unretained, and nothing is cleared", () => {
		const { publisher, published } = stage({ retain: false });
		publisher.state("info", "{}");
		assert.equal(publisher.erase("r/b/info"), true);
		assert.deepEqual(
			published.map(([topic, , options]) => [topic, options?.QoS, options?.retain]),
			[["r/b/info", 1, undefined]],
		);
		assert.equal(publisher.stopped, 0);
	});
	it("is known from the limits that the session has as well, and counted in info", () => {
		const world = new World();
		world.start({ lamp: { pin: 2 }, profile: "aws", limits: { maximumPayload: 2000, retain: false } });
		world.link.connect();
		const { longest, publishRate, status } = world.link.options;
		assert.deepEqual([longest, publishRate, status.retain], [2000, 100, false]);
		assert.deepEqual(
			world.published.filter(({ retain }) => retain),
			[],
		);
		const counters = (index: number) => (world.json("info").at(index) as { counters: object }).counters;
		assert.ok(!("stopped" in counters(0)), "nothing was stopped");
		world.link.longest = 20;
		world.link.connect();
		world.link.longest = Infinity;
		world.link.connect();
		assert.equal((counters(-1) as { stopped?: number }).stopped, 2, "info and the lamp's state");
	});
	it("is longer than what the session takes, by default", () => {
		assert.equal(limitsOf({}).maximumPayload, defaults.longest);
	});
});

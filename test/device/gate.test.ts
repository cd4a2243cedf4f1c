/** The gate: what the broker would not take is not queued, counted and reported once; without retaining all else works. */

import assert from "node:assert/strict";
import { limitsOf } from "../../modules/device/broker.js";
import homeAssistant from "../../modules/device/homeassistant/homeassistant.js";
import Publisher from "../../modules/device/publisher.js";
import { defaults, type PublishOptions } from "../../modules/session/options.js";
import { Outcome } from "../../modules/session/outcomes.js";
import { TestClock } from "../clock.js";
import { World } from "./stage.js";

/** A publisher with these limits, and what its session is given. */
function stage(limits: object) {
	const trace: string[] = [];
	const published: (PublishOptions & { topic: string; payload: string })[] = [];
	const clock = new TestClock();
	const publisher = new Publisher({
		base: "r/b/",
		limits: limitsOf({ limits }),
		timer: clock,
		trace: line => trace.push(line),
		owner: { forgetting: () => false, full: name => trace.push(`full ${name}`) },
	});
	publisher.session = {
		online: true,
		counters: {},
		publish: (topic, payload, options = {}) => {
			if (payload.length > 100) return Outcome.droppedLong;
			published.push({ topic, payload: payload as string, ...options });
			return Outcome.sent;
		},
		measure: () => assert.fail("unexpected measure"),
		resume() {},
		close() {},
	};
	return { publisher, published, trace };
}

describe("the gate", () => {
	it("stops a topic that is too deep before it is queued, counts each and reports the first", () => {
		const { publisher, published, trace } = stage({ topicLevels: 4 });
		const source = () => undefined;
		for (let i = 0; i < 3; i++) assert.equal(publisher.stream("a/b/c/d/config", 0, source), true);
		assert.equal(publisher.stream("é".repeat(129), 0, source), true);
		assert.deepEqual(published, []);
		assert.equal(publisher.gate.stopped, 4);
		assert.deepEqual(trace, [
			"not published, the broker would not take it: a/b/c/d/config: 5 levels, the broker takes 4",
			`not published, the broker would not take it: ${"é".repeat(129)}: 258 bytes, the broker takes 256`,
		]);
	});
	it("stops a document that is too long, which is not tried again each second", () => {
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
	it("stops a QoS that the broker does not take", () => {
		const { publisher, trace } = stage({});
		assert.equal(publisher.gate.passes("a", 2), false);
		assert.deepEqual(trace, ["not published, the broker would not take it: a: QoS 2, the broker takes 1"]);
	});
	it("counts what the session refuses as too long, a measurement's too", () => {
		const { publisher, trace } = stage({ maximumPayload: 1024 });
		publisher.state("info", "x".repeat(101));
		assert.equal(publisher.measurement("r/b/measurements/t", "x".repeat(101)), false);
		assert.equal(publisher.measurement("r/b/measurements/t", "x"), true);
		assert.equal(publisher.gate.stopped, 2);
		const line = "not published, the broker would not take it: r/b/info: a payload of more than 1024 bytes";
		assert.ok(trace.includes(line), trace.join("\n"));
		assert.ok(!trace.includes("full info"), "it would never fit");
	});
	it("has nothing to clear where the broker takes no such topic, and tries none again", () => {
		const { publisher, published } = stage({ topicLevels: 4 });
		assert.equal(publisher.clear("alerts/a/state", true), true);
		assert.equal(publisher.clear("alerts/a", true), true);
		assert.deepEqual(
			published.map(({ topic }) => topic),
			["r/b/alerts/a"],
		);
	});
	it("publishes states unretained, and clears nothing, where the broker retains nothing", () => {
		const { publisher, published } = stage({ retain: false });
		publisher.state("info", "{}");
		assert.equal(publisher.clear("info", true), true);
		assert.equal(publisher.erase("r/b/info"), true);
		assert.deepEqual(
			published.map(({ topic, QoS, retain }) => [topic, QoS, retain]),
			[["r/b/info", 1, undefined]],
		);
		assert.equal(publisher.gate.stopped, 0);
	});
	it("hands the limits to the session, and its count to info", () => {
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
	it("has by default what the session has", () => {
		assert.equal(limitsOf({}).maximumPayload, defaults.longest);
	});
});

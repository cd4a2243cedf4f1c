/** What a board says, in topics and QoS, over a session that notes what it is given and answers as it is told. */

import assert from "node:assert/strict";
import Voice from "../../modules/device/publisher.js";
import type { SessionLike } from "../../modules/session/options.js";
import { Outcome } from "../../modules/session/outcomes.js";

function stage() {
	const published: unknown[][] = [];
	const trace: string[] = [];
	const one = {
		published,
		trace,
		/** What the session says became of it. */
		outcome: Outcome.sent as Outcome,
		online: true,
		forgetting: false,
		linked: true,
		voice: undefined as unknown as Voice,
	};
	const link: SessionLike = {
		get online() {
			return one.online;
		},
		counters: {},
		publish(...what) {
			published.push(what);
			return one.outcome;
		},
		close: () => assert.fail("nobody leaves"),
	};
	one.voice = new Voice({
		base: "r/b/",
		trace: line => void trace.push(line),
		link: () => (one.linked ? link : undefined),
		forgetting: () => one.forgetting,
	});
	return one;
}

type Say = (voice: Voice) => unknown;
const edge: Say = voice => voice.edge("alerts/hot", "{}");
const state: Say = voice => voice.state("lamp/state", "ON");
const measurement: Say = voice => voice.measurement(voice.topic("measurements/temp"), "20");
const answer: Say = voice => voice.answer({ ok: true });
const clearing: Say = voice => voice.clear("lamp/state", false);
const lasting: Say = voice => voice.clear("lamp/state", true);

describe("what a board says", () => {
	for (const [title, say, ...published] of [
		["a measurement goes out at QoS 0", measurement, "r/b/measurements/temp", "20", { QoS: 0 }],
		["an edge goes through the outbox", edge, "r/b/alerts/hot", "{}", { QoS: 1, durable: true }],
		[
			"a state is retained, and a later one takes the place of one that waits",
			state,
			"r/b/lamp/state",
			"ON",
			{ QoS: 1, retain: true, latest: true },
		],
		["an answer goes out at QoS 1", answer, "r/b/cmd/result", '{"ok":true}', { QoS: 1 }],
		[
			"a clearing goes the way of a state",
			clearing,
			"r/b/lamp/state",
			"",
			{ QoS: 1, retain: true, latest: true },
		],
		[
			"a lasting clearing goes through the outbox",
			lasting,
			"r/b/lamp/state",
			"",
			{ QoS: 1, retain: true, durable: true },
		],
	] as const)
		it(`has a QoS of its kind: ${title}`, () => {
			const one = stage();
			say(one.voice);
			assert.deepEqual(one.published, [published]);
		});

	for (const [kind, say] of [
		["a measurement", measurement],
		["an edge", edge],
		["a clearing", clearing],
		["a lasting clearing", lasting],
	] as const)
		it(`was taken if it was sent or queued, and in no other case: ${kind}`, () => {
			const one = stage();
			const taken = Object.entries(Outcome).filter(([, outcome]) => {
				one.outcome = outcome;
				return say(one.voice);
			});
			assert.deepEqual(
				taken.map(([name]) => name),
				["sent", "queued"],
			);
		});

	it("is traced by its name, with what became of it", () => {
		const one = stage();
		state(one.voice);
		one.outcome = Outcome.queued;
		edge(one.voice);
		one.outcome = Outcome.droppedFull;
		edge(one.voice);
		assert.deepEqual(one.trace, [
			"> lamp/state ON (QoS 1, retained)",
			"> alerts/hot {} (QoS 1, queued)",
			"> alerts/hot {} (QoS 1, dropped)",
		]);
	});

	it("is not traced where there was no connection for it, or each sample would be", () => {
		const one = stage();
		one.outcome = Outcome.droppedOffline;
		measurement(one.voice);
		assert.equal(one.published.length, 1);
		assert.deepEqual(one.trace, []);
	});

	it("goes out all the same where nobody watches", () => {
		const published: unknown[] = [];
		const link = { publish: (topic: string) => published.push(topic) } as unknown as SessionLike;
		edge(new Voice({ base: "r/b/", trace: undefined, link: () => link, forgetting: () => false }));
		assert.deepEqual(published, ["r/b/alerts/hot"]);
	});

	it("is heard by nobody before there is a session, and was not taken", () => {
		const one = stage();
		one.linked = false;
		for (const say of [edge, measurement, clearing, lasting]) assert.equal(say(one.voice), false);
		for (const say of [state, answer]) say(one.voice);
		assert.deepEqual([one.published, one.trace], [[], []]);
	});
});

describe("a state", () => {
	for (const [title, set] of [
		["while the broker is away, for it is said when it is there", { online: false }],
		["while all that is retained is taken back", { forgetting: true }],
	] as const)
		it(`is not said ${title}`, () => {
			const one = stage();
			Object.assign(one, set);
			assert.equal(one.voice.retaining, false);
			state(one.voice);
			assert.deepEqual(one.published, []);
		});

	it("is said again once that is over", () => {
		const one = stage();
		one.online = false;
		state(one.voice);
		one.online = true;
		assert.equal(one.voice.retaining, true);
		state(one.voice);
		assert.equal(one.published.length, 1);
	});

	it("asks nobody whether it may be said before there is a session", () => {
		const forgetting = () => assert.fail("not yet there");
		const voice = new Voice({ base: "r/b/", trace: undefined, link: () => undefined, forgetting });
		state(voice);
		assert.equal(voice.retaining, false);
	});
});

describe("an answer", () => {
	/** What was answered. */
	const answers = ({ published }: { published: unknown[][] }) =>
		published.map(([topic, payload]) => [topic, JSON.parse(payload as string)]);

	it("confirms a command by its topic and cid", () => {
		const one = stage();
		one.voice.confirm("lamp/set", 5);
		assert.deepEqual(answers(one), [["r/b/cmd/result", { cid: 5, topic: "lamp/set", ok: true }]]);
	});

	it("refuses one with the reason, with its cid and the version that stands where there are such", () => {
		const one = stage();
		one.voice.refuse("lamp/set", "no");
		one.voice.refuse("lamp/desired", "old", "c", 0);
		assert.deepEqual(answers(one), [
			["r/b/cmd/result", { topic: "lamp/set", ok: false, error: "no" }],
			["r/b/cmd/result", { cid: "c", topic: "lamp/desired", ok: false, error: "old", ver: 0 }],
		]);
	});
});

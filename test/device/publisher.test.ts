/** What a board says, in topics and QoS, over a session that notes what it is given and answers as it is told. */

import assert from "node:assert/strict";
import Publisher from "../../modules/device/publisher.js";
import type { SessionLike } from "../../modules/session/options.js";
import { Outcome } from "../../modules/session/outcomes.js";
import { TestClock } from "../clock.js";

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
		full: [] as string[],
		clock: new TestClock(),
		publisher: undefined as unknown as Publisher,
		/** The publisher's own, before there is one. */
		before: undefined as unknown as SessionLike,
	};
	const session: SessionLike = {
		get online() {
			return one.online;
		},
		counters: {},
		resume() {},
		publish(...what) {
			published.push(what);
			return one.outcome;
		},
		measure: () => assert.fail("unexpected measure"),
		close: () => assert.fail("unexpected close"),
	};
	one.publisher = new Publisher({
		base: "r/b/",
		timer: one.clock,
		trace: line => void trace.push(line),
		owner: { forgetting: () => one.forgetting, full: name => void one.full.push(name) },
	});
	one.before = one.publisher.session;
	one.publisher.session = session;
	return one;
}

type Say = (publisher: Publisher) => unknown;
const edge: Say = publisher => publisher.edge("alerts/hot", "{}");
const state: Say = publisher => publisher.state("lamp/state", "ON");
const measurement: Say = publisher => publisher.measurement(publisher.topic("measurements/temp"), "20");
const answer: Say = publisher => publisher.answer({ ok: true });
const clearing: Say = publisher => publisher.clear("lamp/state", false);
const lasting: Say = publisher => publisher.clear("lamp/state", true);

describe("what a board says", () => {
	for (const [title, say, ...published] of [
		["a measurement goes out at QoS 0", measurement, "r/b/measurements/temp", "20", { QoS: 0 }],
		["an edge goes through the outbox", edge, "r/b/alerts/hot", "{}", { QoS: 1, durable: true }],
		[
			"a state is retained, and a later one takes the place of one that waits",
			state,
			"r/b/lamp/state",
			"ON",
			{ QoS: 1, retain: true, latest: true, unkept: true },
		],
		["an answer goes out at QoS 1", answer, "r/b/cmd/result", '{"ok":true}', { QoS: 1, unkept: true }],
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
			say(one.publisher);
			one.clock.advance(0);
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
				return say(one.publisher);
			});
			assert.deepEqual(
				taken.map(([name]) => name),
				["sent", "queued"],
			);
		});

	it("is traced by its name, with what became of it", () => {
		const one = stage();
		state(one.publisher);
		one.outcome = Outcome.queued;
		edge(one.publisher);
		one.outcome = Outcome.droppedFull;
		edge(one.publisher);
		assert.deepEqual(one.trace, [
			"> lamp/state ON (QoS 1, retained)",
			"> alerts/hot {} (QoS 1, queued)",
			"> alerts/hot {} (QoS 1, dropped)",
		]);
	});

	it("is not traced where there was no connection for it, or each sample would be", () => {
		const one = stage();
		one.outcome = Outcome.droppedOffline;
		measurement(one.publisher);
		assert.equal(one.published.length, 1);
		assert.deepEqual(one.trace, []);
	});

	it("goes out all the same without a trace", () => {
		const published: unknown[] = [];
		const publisher = new Publisher({
			base: "r/b/",
			timer: new TestClock(),
			trace: undefined,
			owner: { forgetting: () => false, full() {} },
		});
		publisher.session = {
			online: true,
			counters: {},
			resume() {},
			publish(topic) {
				published.push(topic);
				return Outcome.sent;
			},
			measure: () => assert.fail("unexpected measure"),
			close() {},
		};
		edge(publisher);
		assert.deepEqual(published, ["r/b/alerts/hot"]);
	});

	it("is not taken before there is a session", () => {
		const one = stage();
		one.publisher.session = stage().before;
		for (const say of [edge, measurement, clearing, lasting]) assert.equal(say(one.publisher), false);
		for (const say of [state, answer]) say(one.publisher);
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
			assert.equal(one.publisher.retaining, false);
			state(one.publisher);
			assert.deepEqual(one.published, []);
		});

	it("is said again once that is over", () => {
		const one = stage();
		one.online = false;
		state(one.publisher);
		one.online = true;
		assert.equal(one.publisher.retaining, true);
		state(one.publisher);
		assert.equal(one.published.length, 1);
	});

	it("asks no session whether it may be said before there is one", () => {
		const forgetting = () => assert.fail("not yet there");
		const publisher = new Publisher({
			base: "r/b/",
			timer: new TestClock(),
			trace: undefined,
			owner: { forgetting, full() {} },
		});
		state(publisher);
		assert.equal(publisher.retaining, false);
	});
});

describe("an answer", () => {
	/** What was answered. */
	const answers = ({ published, clock }: ReturnType<typeof stage>) => {
		clock.advance(0);
		return published.map(([topic, payload]) => [topic, JSON.parse(payload as string)]);
	};

	it("confirms a command by its topic and cid", () => {
		const one = stage();
		one.publisher.confirm("lamp/set", 5);
		assert.deepEqual(answers(one), [["r/b/cmd/result", { cid: 5, topic: "lamp/set", ok: true }]]);
	});

	it("refuses one with the reason, with its cid and the version that stands where there are such", () => {
		const one = stage();
		one.publisher.refuse("lamp/set", "no");
		one.publisher.refuse("lamp/desired", "old", "c", 0);
		assert.deepEqual(answers(one), [
			["r/b/cmd/result", { topic: "lamp/set", ok: false, error: "no" }],
			["r/b/cmd/result", { cid: "c", topic: "lamp/desired", ok: false, error: "old", ver: 0 }],
		]);
	});
});

describe("a message that waits for its turn", () => {
	const payloads = ({ published }: ReturnType<typeof stage>) => published.map(([, payload]) => payload);

	it("is not published before the turn is over, and then in its order, one a turn", () => {
		const one = stage();
		one.publisher.soon({ announce: () => one.publisher.state("lamp/state", "ON") });
		one.publisher.answer({ n: 1 });
		one.publisher.answer({ n: 2 });
		assert.deepEqual(payloads(one), []);
		const turns: number[] = [];
		one.publisher.soon({ announce: () => void turns.push(one.published.length) });
		one.clock.advance(0);
		assert.deepEqual(payloads(one), ["ON", '{"n":1}', '{"n":2}']);
		assert.deepEqual(turns, [3]);
		assert.equal(one.clock.pending, 0);
	});

	it("is one state for all changes of a turn, as it is at the end of it", () => {
		const one = stage();
		let level = 0;
		const lamp = { announce: () => one.publisher.state("lamp/state", `${level}`) };
		for (level = 1; level < 4; level++) one.publisher.soon(lamp);
		one.clock.advance(0);
		assert.deepEqual(payloads(one), ["4"]);
	});

	it("that found no room is reported to the one that publishes it again, if it is a state", () => {
		const one = stage();
		one.outcome = Outcome.droppedFull;
		one.publisher.state("lamp/state", "ON");
		one.clock.advance(2500);
		assert.deepEqual(one.full, ["lamp/state"]);
		assert.equal(one.published.length, 1);
	});

	it("that found no room is tried again while there is a connection, if it is an answer, and no message comes meanwhile", () => {
		const one = stage();
		one.outcome = Outcome.droppedFull;
		one.publisher.answer({ n: 1 });
		one.publisher.answer({ n: 2 });
		one.clock.advance(200);
		assert.equal(one.publisher.idle, false);
		one.outcome = Outcome.sent;
		const before = one.published.length;
		one.clock.advance(50);
		assert.deepEqual(payloads(one).slice(before), ['{"n":1}', '{"n":2}']);
		assert.equal(one.publisher.idle, true);
		one.outcome = Outcome.droppedFull;
		one.online = false;
		one.publisher.answer({ n: 3 });
		one.clock.advance(0);
		assert.deepEqual([one.publisher.idle, one.clock.pending], [true, 0]);
	});

	it("waits no longer when sixteen wait before it", () => {
		const one = stage();
		for (let n = 0; n < 17; n++) one.publisher.answer({ n });
		assert.equal(one.published.length, 16);
		one.clock.advance(0);
		assert.equal(one.published.length, 17);
		assert.equal(payloads(one)[16], '{"n":16}');
	});

	it("is published when the board closes", () => {
		const one = stage();
		one.publisher.answer({ n: 1 });
		one.publisher.close();
		assert.deepEqual(payloads(one), ['{"n":1}']);
		assert.equal(one.clock.pending, 0);
	});
});

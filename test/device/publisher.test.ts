/** What a board says, in topics and QoS, over a session that notes what it is given and answers as it is told. */

import assert from "node:assert/strict";
import Publisher from "../../modules/device/publisher.js";
import { Outcome } from "../../modules/session/outcomes.js";
import { TestClock } from "../clock.js";
import { NotedSession, publishing } from "./publishing.js";

function stage() {
	const session = new NotedSession();
	const one = {
		session,
		published: session.said,
		trace: [] as string[],
		decommission: { active: false },
		full: [] as string[],
		clock: new TestClock(),
		publisher: undefined as unknown as Publisher,
	};
	const retained = { full: (name: string) => void one.full.push(name) };
	const owner = { decommission: one.decommission, retained };
	one.publisher = publishing({ timer: one.clock, trace: line => void one.trace.push(line), owner }, session);
	return one;
}

const asked = {
	get active() {
		return assert.fail("not yet there");
	},
};
/** A publisher's own, before there is one. */
const none = new Publisher({
	base: "r/b/",
	timer: new TestClock(),
	trace: undefined,
	owner: { decommission: asked, retained: { full() {} } },
}).session;

type Say = (publisher: Publisher) => unknown;
const edge: Say = publisher => publisher.edge("alerts/hot", "{}");
const state: Say = publisher => publisher.state("lamp/state", "ON");
const measurement: Say = publisher => publisher.measurement(publisher.topic("measurements/temp"), "20");
const answer: Say = publisher => publisher.answer({ ok: true });
const clearing: Say = publisher => publisher.erase("r/b/lamp/state");

describe("what a board says", () => {
	for (const [title, say, ...published] of [
		[
			"a measurement goes out at QoS 0",
			measurement,
			"r/b/measurements/temp",
			"20",
			{ QoS: 0, checked: true },
		],
		[
			"an edge goes through the outbox",
			edge,
			"r/b/alerts/hot",
			"{}",
			{ QoS: 1, durable: true, checked: true },
		],
		[
			"a state is retained, and a later one takes the place of one that waits",
			state,
			"r/b/lamp/state",
			"ON",
			{ QoS: 1, retain: true, latest: true, unkept: true, checked: true },
		],
		["an answer goes out at QoS 1", answer, "r/b/cmd/result", '{"ok":true}', { QoS: 1, unkept: true }],
		[
			"a clearing goes through the outbox",
			clearing,
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
	] as const)
		it(`was taken if it was sent or queued, and in no other case: ${kind}`, () => {
			const one = stage();
			const taken = Object.entries(Outcome).filter(([, outcome]) => {
				one.session.outcome = outcome;
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
		one.session.outcome = Outcome.queued;
		edge(one.publisher);
		one.session.outcome = Outcome.droppedFull;
		edge(one.publisher);
		assert.deepEqual(one.trace, [
			"> lamp/state ON (QoS 1, retained)",
			"> alerts/hot {} (QoS 1, queued)",
			"> alerts/hot {} (QoS 1, dropped)",
		]);
	});

	it("is not traced where there was no connection for it, or each sample would be", () => {
		const one = stage();
		one.session.outcome = Outcome.droppedOffline;
		measurement(one.publisher);
		assert.equal(one.published.length, 1);
		assert.deepEqual(one.trace, []);
	});

	it("goes out all the same without a trace", () => {
		const session = new NotedSession();
		edge(publishing({}, session));
		assert.deepEqual(session.said[0]?.slice(0, 2), ["r/b/alerts/hot", "{}"]);
	});

	it("is not taken before there is a session", () => {
		const one = stage();
		one.publisher.session = none;
		for (const say of [edge, measurement, clearing]) assert.equal(say(one.publisher), false);
		for (const say of [state, answer]) say(one.publisher);
		assert.deepEqual([one.published, one.trace], [[], []]);
	});
});

describe("a state", () => {
	for (const [title, set] of [
		["while the broker is away, for it is said when it is there", { online: false, active: false }],
		["while all that is retained is taken back", { online: true, active: true }],
	] as const)
		it(`is not said ${title}`, () => {
			const one = stage();
			one.session.online = set.online;
			one.decommission.active = set.active;
			assert.equal(one.publisher.retaining, false);
			state(one.publisher);
			assert.deepEqual(one.published, []);
		});

	it("is said again once that is over", () => {
		const one = stage();
		one.session.online = false;
		state(one.publisher);
		one.session.online = true;
		assert.equal(one.publisher.retaining, true);
		state(one.publisher);
		assert.equal(one.published.length, 1);
	});

	it("asks no session whether it may be said before there is one", () => {
		const publisher = publishing({ owner: { decommission: asked, retained: { full() {} } } });
		publisher.session = none;
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
		one.session.outcome = Outcome.droppedFull;
		one.publisher.state("lamp/state", "ON");
		one.clock.advance(2500);
		assert.deepEqual(one.full, ["lamp/state"]);
		assert.equal(one.published.length, 1);
	});

	it("that found no room is tried again while there is a connection, if it is an answer, and no message comes meanwhile", () => {
		const one = stage();
		one.session.outcome = Outcome.droppedFull;
		one.publisher.answer({ n: 1 });
		one.publisher.answer({ n: 2 });
		one.clock.advance(200);
		assert.equal(one.publisher.idle, false);
		one.session.outcome = Outcome.sent;
		const before = one.published.length;
		one.clock.advance(50);
		assert.deepEqual(payloads(one).slice(before), ['{"n":1}', '{"n":2}']);
		assert.equal(one.publisher.idle, true);
		one.session.outcome = Outcome.droppedFull;
		one.session.online = false;
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

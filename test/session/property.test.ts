/** A session over any weather, against the model in world.ts: it comes back within a bound, and loses no durable message. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Outcome } from "../../modules/session/outcome.js";
import { Queue } from "../../modules/session/queue.js";
import { legal, State } from "../../modules/session/state.js";
import { type Weather, World } from "./world.js";

const hosts = ["a", "b"];
const topics = ["alerts/x", "alerts/y", "alerts/z"];
/** What is left of a try (30.5 s), the longest back-off (60 s), CONNACK and SUBACK. */
const bound = 30_500 + 60_000 + 1000;

const weather = fc.constantFrom<Weather>("good", "good", "refused", "hole", "mute", 3, 5);
const event = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({ event: fc.constant("wait" as const), ms: fc.integer({ min: 50, max: 3000 }) }),
	},
	{
		weight: 1,
		arbitrary: fc.record({ event: fc.constant("wait" as const), ms: fc.integer({ min: 3000, max: 70_000 }) }),
	},
	{
		weight: 5,
		arbitrary: fc.record({
			event: fc.constant("publish" as const),
			topic: fc.constantFrom(...topics),
			count: fc.integer({ min: 1, max: 4 }),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ event: fc.constant("state" as const) }) },
	{ weight: 3, arbitrary: fc.record({ event: fc.constant("cut" as const), arrived: fc.boolean() }) },
	{
		weight: 2,
		arbitrary: fc.record({
			event: fc.constant("weather" as const),
			host: fc.constantFrom(...hosts),
			weather,
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({ event: fc.constant("restart" as const), host: fc.constantFrom(...hosts) }),
	},
	{
		weight: 1,
		arbitrary: fc.record({ event: fc.constant("squeeze" as const), room: fc.integer({ min: 0, max: 60 }) }),
	},
	{ weight: 1, arbitrary: fc.record({ event: fc.constant("reboot" as const), arrived: fc.boolean() }) },
	{ weight: 1, arbitrary: fc.record({ event: fc.constant("network" as const), up: fc.boolean() }) },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

class Run {
	readonly outbox = new Queue({ byteLength: 1_000_000 });
	readonly world: World;
	readonly accepted: { topic: string; text: string }[] = [];
	#count = 0;
	#inside = false;

	constructor(random: () => number) {
		let stored: string | undefined;
		const memory = {
			read: () => stored,
			write: (text: string) => {
				stored = text;
			},
		};
		const told = () => assert.ok(!this.#inside, "a callback ran inside a call");
		this.world = new World(hosts, {
			outbox: this.outbox,
			memory,
			window: 3,
			rate: 2, // so that most alerts are raised while others wait
			random,
			subscriptions: [{ topic: "lamp/set", QoS: 1 }],
			onOnline: told,
			onOffline: told,
			onReport: (event, detail) => {
				told();
				// A fault of ours, or an assertion of the model inside a callback.
				assert.ok(event !== 11 && event !== 9, detail);
				if (event === 11 || event === 9) this.faults.push(detail);
			},
		});
	}
	readonly faults: string[] = [];
	play(step: Event): void {
		const { world } = this;
		const { session } = world.bench;
		if (step.event === "wait") world.advance(step.ms);
		else if (step.event === "cut") world.cut(step.arrived);
		else if (step.event === "weather") world.weather.set(step.host, step.weather);
		else if (step.event === "restart") world.restart(step.host);
		else if (step.event === "reboot") world.reboot(step.arrived);
		else if (step.event === "squeeze") world.squeeze(step.room);
		else {
			this.#inside = true;
			if (step.event === "network") step.up ? session.networkUp() : session.networkDown();
			else if (step.event === "state") {
				session.publish("lamp/state", `${++this.#count}`, { QoS: 1, retain: true, latest: true });
				session.publish("measurements/x", `${++this.#count}`);
			} else
				for (let i = 0; i < step.count; i++) {
					const text = `${++this.#count}`;
					const outcome = session.publish(step.topic, text, { QoS: 1, durable: true });
					assert.ok(outcome === Outcome.sent || outcome === Outcome.queued);
					this.accepted.push({ topic: step.topic, text });
				}
			this.#inside = false;
		}
	}
	/** All is well again: from here on the bound counts. */
	recover(): void {
		const { world } = this;
		for (const host of hosts) world.weather.set(host, "good");
		const { clock, session } = world.bench;
		const start = clock.now;
		world.advance(50); // what the last event has brought about
		while (!session.online && clock.now - start <= bound) world.advance(50);
		assert.ok(
			session.online,
			`not online ${bound} ms after the broker could be reached, state ${session.state}`,
		);
	}
}

describe("session, over any weather", () => {
	it("is online within a bound once a broker can be reached, delivers each durable message, in order per topic, and keeps the rules of §4.4", () => {
		fc.assert(
			fc.property(
				fc.array(event, { maxLength: 50 }),
				fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 9 }),
				(events, draws) => {
					let draw = 0;
					const run = new Run(() => draws[draw++ % draws.length] as number);
					for (const step of events) run.play(step);
					run.recover();
					const { world, outbox, accepted } = run;
					for (let i = 0; i < 200 && outbox.length; i++) world.advance(1000);
					world.advance(1000);
					assert.deepEqual(run.faults, []);
					assert.equal(outbox.length, 0, "something still waits");
					// At least once, but for what was put aside.
					const arrived = new Set(world.deliveries.map(({ text }) => text));
					const missing = accepted.filter(({ text }) => !arrived.has(text));
					assert.ok(
						missing.length <= outbox.quarantined,
						`${missing.length} lost, ${outbox.quarantined} put aside`,
					);
					// Order per topic, counted by first arrivals; nothing that was not accepted.
					for (const topic of topics) {
						const first = [
							...new Set(world.deliveries.filter(other => other.topic === topic).map(({ text }) => text)),
						];
						const expected = accepted.filter(other => other.topic === topic && arrived.has(other.text));
						assert.deepEqual(
							first,
							expected.map(({ text }) => text),
						);
					}
					const { host } = world.bench.session.broker;
					assert.deepEqual([...(world.sessions.get(host) ?? [])].sort(), ["desk-1/status", "lamp/set"]);
					assert.equal(
						world.deliveries.filter(({ topic }) => topic === "desk-1/status").at(-1)?.text,
						"online",
					);
				},
			),
			{ numRuns: 1000 },
		);
	});
});

describe("the states of a session", () => {
	it("all have a way to Closed, all but Closing and Closed one to Connecting, and Closed has none", () => {
		const states = Object.values(State);
		const reach = (from: number) => {
			const seen = new Set<number>([from]);
			for (const state of seen) for (const next of states) if (legal(state as State, next)) seen.add(next);
			return seen;
		};
		for (const state of states) {
			assert.ok(reach(state).has(State.Closed));
			assert.equal(reach(state).has(State.Connecting), state < State.Closing);
			assert.equal(legal(State.Closed, state), false);
		}
	});
});

/** A session over any weather, against the model in world.ts: it comes back within a bound, and loses no durable message. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Outbox } from "../../modules/session/options.js";
import { Outcome } from "../../modules/session/outcomes.js";
import { Queue } from "../../modules/session/queue.js";
import { legal, State } from "../../modules/session/supervisor.js";
import Store from "../../modules/store/store.js";
import { TestFlash } from "../flash.js";
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
	{
		weight: 1,
		arbitrary: fc.record({
			event: fc.constant("power" as const),
			after: fc.integer({ min: 1, max: 9 }),
			kind: fc.integer({ min: 0, max: 2 }),
			bytes: fc.integer({ min: 0, max: 16 }),
		}),
	},
	{
		weight: 1,
		arbitrary: fc.record({ event: fc.constant("forget" as const), host: fc.constantFrom(...hosts) }),
	},
	{ weight: 1, arbitrary: fc.record({ event: fc.constant("network" as const), up: fc.boolean() }) },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** Where the outbox is, and how it comes back after a restart. */
interface Place {
	open(): Outbox;
	alive(): boolean;
	cut(after: number, kind: number, bytes: number): void;
}

class Memory implements Place {
	readonly #queue = new Queue({ byteLength: 1_000_000 });
	open = () => this.#queue;
	alive = () => true;
	cut(): void {}
}

class Flash implements Place {
	readonly #layout = { blocks: 8, blockLength: 4096 };
	#flash = new TestFlash(this.#layout);
	open(): Outbox {
		this.#flash = new TestFlash({ ...this.#layout, image: this.#flash.image });
		const { outbox, description } = new Store({ partition: this.#flash });
		assert.ok(outbox, description);
		return outbox;
	}
	alive = () => !this.#flash.dead;
	cut(after: number, kind: number, bytes: number): void {
		this.#flash.cut(after, kind, bytes);
	}
}

class Run {
	readonly world: World;
	/** In the order of acceptance. `sure` is false where the power went while it was accepted. */
	readonly accepted: { topic: string; text: string; sure: boolean }[] = [];
	readonly #place: Place;
	#count = 0;
	#inside = false;

	constructor(place: Place, random: () => number) {
		this.#place = place;
		const told = () => assert.ok(!this.#inside, "a callback ran inside a call");
		this.world = new World(hosts, {
			outbox: place.open(),
			window: 3,
			rate: 2, // so that most alerts are raised while others wait
			random,
			subscriptions: [{ topic: "lamp/set", QoS: 1 }],
			onOnline: told,
			onOffline: told,
			onReport: (event, detail) => {
				told();
				// A fault of ours, or an assertion of the model inside a callback.
				if ((event === 11 || event === 9) && place.alive()) this.faults.push(detail);
			},
		});
		this.world.alive = place.alive;
		this.world.reopen = () => place.open();
	}
	readonly faults: string[] = [];
	play(step: Event): void {
		const { world } = this;
		const { session } = world.bench;
		if (step.event === "wait") world.advance(step.ms);
		else if (step.event === "cut") world.cut(step.arrived);
		else if (step.event === "weather") world.weather.set(step.host, step.weather);
		else if (step.event === "restart") world.restart(step.host);
		else if (step.event === "forget") world.forget(step.host);
		else if (step.event === "reboot") world.reboot(step.arrived);
		else if (step.event === "power") this.#place.cut(step.after, step.kind, step.bytes);
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
					const sure = this.#place.alive();
					assert.ok(!sure || outcome === Outcome.sent || outcome === Outcome.queued);
					this.accepted.push({ topic: step.topic, text, sure });
					if (!sure) break;
				}
			this.#inside = false;
		}
		if (!this.#place.alive()) world.reboot(false);
	}
	/** All is well again: from here on the bound counts. */
	recover(): void {
		const { world } = this;
		for (const host of hosts) world.weather.set(host, "good");
		world.advance(50); // what the last event has brought about
		let { bench } = world;
		for (let passed = 0; !world.bench.session.online; passed += 50) {
			if (world.bench !== bench) passed = 0; // the power went meanwhile
			bench = world.bench;
			const { state } = bench.session;
			assert.ok(passed <= bound, `not online ${bound} ms after the broker could be reached, state ${state}`);
			world.advance(50);
		}
	}
}

/** Plays events and recovers; then holds the promises against what arrived. */
function check(place: Place, events: readonly Event[], draws: readonly number[]): void {
	let draw = 0;
	const run = new Run(place, () => draws[draw++ % draws.length] as number);
	for (const step of events) run.play(step);
	run.recover();
	const { world, accepted } = run;
	// An outbox whose power has just gone says nothing: the board starts again first.
	for (let i = 0; i < 200 && (world.bench.outbox.length || !place.alive()); i++) world.advance(1000);
	world.advance(1000);
	assert.deepEqual(run.faults, []);
	const { outbox, session } = world.bench;
	assert.equal(outbox.length, 0, "something still waits");
	// At least once; and no message was blamed for the weather.
	const arrived = new Set(world.deliveries.map(({ text }) => text));
	const missing = accepted.filter(({ text, sure }) => sure && !arrived.has(text));
	assert.deepEqual(missing, []);
	assert.equal(outbox.quarantined, 0);
	// Order per topic, counted by first arrivals; nothing that was not accepted.
	for (const topic of topics) {
		const lines = world.deliveries.filter(other => other.topic === topic).map(({ text }) => text);
		const expected = accepted.filter(other => other.topic === topic && arrived.has(other.text));
		assert.deepEqual(
			[...new Set(lines)],
			expected.map(({ text }) => text),
		);
	}
	assert.deepEqual([...(world.sessions.get(session.broker.host) ?? [])].sort(), [
		"desk-1/status",
		"lamp/set",
	]);
	assert.equal(world.deliveries.filter(({ topic }) => topic === "desk-1/status").at(-1)?.text, "online");
}

const events = fc.array(event, { maxLength: 50 });
const draws = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 9 });

describe("session, over any weather", () => {
	for (const [name, place] of [
		["RAM", Memory],
		["flash that loses its power", Flash],
	] as const)
		it(`is online within a bound once a broker can be reached, delivers each durable message, in order per topic, and keeps the rules of §4.4, with an outbox in ${name}`, () => {
			fc.assert(
				fc.property(events, draws, (steps, randoms) => check(new place(), steps, randoms)),
				{ numRuns: 700 },
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

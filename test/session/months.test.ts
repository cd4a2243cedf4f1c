/** A session over months: connections that stand for weeks, flaps in every state, both wraps of the 32-bit ticks. */

import assert from "node:assert/strict";
import { Queue } from "../../modules/session/queue.js";
import { State } from "../../modules/session/supervisor.js";
import { Bench } from "./bench.js";

const day = 86_400_000;
/** The longest back-off. */
const maximum = 60_000;
const durable = { QoS: 1, durable: true } as const;

/** A small generator of numbers from 0 up to 1; the same ones for the same seed. */
function generator(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
}

/** Brings a session into a state; `gone`: the host has said that its network is. */
function enter(bench: Bench, state: number, gone: boolean): void {
	if (gone) {
		bench.session.networkDown();
		bench.clock.advance(0);
	} else if (state === State.Waiting) bench.connect().fail();
	else {
		const client = bench.connect();
		if (state > State.Connecting) client.accept(true);
		if (state > State.Subscribing) {
			client.grant();
			client.acknowledge();
		}
	}
	assert.equal(bench.session.state, state);
}

describe("session, over months", () => {
	const states = Object.entries(State).filter(([, state]) => state < State.Closing);
	for (const [name, state, gone] of [...states, ["Waiting, without network", State.Waiting, true]] as const)
		it(`tries again at once after a flap in state ${name}, however long ago the last try was, at both wraps`, () => {
			for (const start of [1000, 2 ** 31 - 500, 2 ** 32 - 500])
				for (const days of [0, 1, 24, 25, 30, 40, 49, 50, 60, 74, 100, 120]) {
					const bench = new Bench({
						deadlines: { network: 200 * day, connect: 200 * day, subscribe: 200 * day },
					});
					bench.clock.now = start;
					bench.establish();
					bench.client.fail();
					enter(bench, state, gone === true);
					const made = bench.clients.length;
					bench.clock.now += days * day; // no timer is due: nothing happens meanwhile
					bench.session.networkDown();
					bench.clock.advance(0);
					bench.session.networkUp();
					bench.clock.advance(1000);
					assert.ok(bench.clients.length > made, `${days} days, from tick ${start}`);
				}
		});
	for (const seed of [1, 2, 3])
		it(`is tried again within the longest back-off after each loss and flap of 120 days, and loses no alert (seed ${seed})`, () => {
			for (const start of [1000, 2 ** 31 - 1000, 2 ** 33 - 90 * day]) {
				const random = generator(seed);
				const bench = new Bench({ random, outbox: new Queue({ byteLength: 1_000_000 }) });
				const { clock, session } = bench;
				clock.now = start;
				const arrived = new Set<string>();
				let count = 0;
				let client = bench.establish();
				/** What a broker does that takes everything. */
				const serve = () => {
					for (let turn = 0; turn < 3; turn++) {
						if (bench.clients.length && bench.client !== client && !bench.client.closed) {
							({ client } = bench);
							client.accept(true);
						}
						if (!client || client.closed) return;
						client.grant();
						client.acknowledge();
						for (const { text = "", topic } of client.written) if (topic === "a") arrived.add(text);
						client.take();
					}
				};
				for (const end = clock.now + 120 * day; clock.now < end; ) {
					clock.advance(random() * (random() < 0.2 ? 50 * day : 3_600_000));
					serve();
					session.publish("a", `${++count}`, durable);
					serve();
					const kind = Math.floor(random() * 4);
					if (kind === 0 && client && !client.closed) client.fail();
					if (kind === 1) {
						session.networkDown();
						clock.advance(random() * 2 * maximum);
						session.networkUp();
					}
					if (kind === 2)
						for (let i = 0; i < 5; i++) {
							session.networkDown();
							clock.advance(random() * 300);
							session.networkUp();
						}
					const before = clock.now;
					while (!session.online) {
						clock.advance(100);
						serve();
						assert.ok(
							clock.now - before <= maximum + 1000,
							`day ${(clock.now - start) / day}, state ${session.state}`,
						);
					}
				}
				for (let i = 0; i < 600; i++) {
					clock.advance(1000);
					serve();
				}
				assert.equal(bench.outbox.length, 0);
				assert.equal(arrived.size, count);
			}
		});
});

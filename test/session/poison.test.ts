/**
 * Messages that a broker hangs up on: put aside on evidence alone, never lost, offered again. And what is no evidence,
 * in any form: silence, networks that reset every connection, brokers that take nothing at all.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Reason, Report } from "../../modules/session/outcomes.js";
import { Queue } from "../../modules/session/queue.js";
import Store from "../../modules/store/store.js";
import { TestFlash } from "../flash.js";
import { Bench } from "./bench.js";
import type { ScriptedClient } from "./client.js";

const durable = { QoS: 1, durable: true } as const;
const day = 86_400_000;

/** A broker that keeps the session, takes everything at once, and hangs up on what it minds. */
class Peer {
	readonly bench: Bench;
	readonly arrived: string[] = [];
	hangups = 0;
	minds: (topic: string, text: string) => boolean;
	/** Whether it acknowledges, by topic. */
	answers = (_topic: string) => true;
	/** It closes without what it has not sent yet: acknowledgements of the same moment are lost. */
	rude = false;
	#client: ScriptedClient | undefined;
	#seen = 0;

	constructor(bench: Bench, minds: (topic: string, text: string) => boolean = () => false) {
		this.bench = bench;
		this.minds = minds;
	}
	advance(milliseconds: number, step = 100): void {
		for (let passed = 0; passed < milliseconds; passed += step) {
			this.bench.clock.advance(step);
			const { client } = this.bench;
			if (!client || client.closed) continue;
			if (client !== this.#client) {
				this.#client = client;
				this.#seen = 0;
				client.accept(this.bench.clients.length > 1);
				client.grant();
			}
			this.#take(client);
		}
	}
	/** The connection is reset. */
	reset(): void {
		if (this.#client === this.bench.client) this.bench.client.fail(Reason.disconnected);
	}
	#take(client: ScriptedClient): void {
		const fresh = client.written.slice(this.#seen);
		if (this.rude && fresh.some(({ topic = "", text = "" }) => this.minds(topic, text))) {
			this.hangups++;
			client.fail(Reason.disconnected);
			return;
		}
		while (this.#seen < client.written.length && !client.closed) {
			const { operation, topic = "", text = "", QoS, id } = client.written[this.#seen++] ?? { operation: 0 };
			if (operation !== 3) continue;
			if (this.minds(topic, text)) {
				this.hangups++;
				client.fail(Reason.disconnected);
				return;
			}
			if (!this.answers(topic)) continue;
			this.arrived.push(`${topic} ${text}`);
			if (QoS && id) client.acknowledge(id);
		}
	}
	on(topic: string): string[] {
		const lines = this.arrived.filter(line => line.startsWith(`${topic} `));
		return [...new Set(lines.map(line => line.slice(topic.length + 1)))];
	}
}

/** Connections live as long as chance has it, `mean` milliseconds on average. */
function weather(peer: Peer, mean: number, milliseconds: number, seed = 1): void {
	let state = seed;
	const random = () => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return state / 2 ** 32;
	};
	let end = 0;
	let { length } = peer.bench.clients;
	for (let passed = 0; passed < milliseconds; passed += 100) {
		peer.advance(100);
		if (peer.bench.clients.length > length) {
			({ length } = peer.bench.clients);
			end = passed - Math.log(1 - random()) * mean;
		}
		if (passed >= end) peer.reset();
	}
}

const poisonous = (topic: string) => topic === "poison";
const reports = (bench: Bench) =>
	bench.told.filter(line => /^report (6|12) /.test(line)).map(line => line.slice(7));

describe("session, a message that a broker hangs up on", () => {
	it("is put aside after three disconnects, reported, and the rest goes on", () => {
		const bench = new Bench();
		for (let i = 0; i < 3; i++) bench.session.publish("a", `${i}`, durable);
		bench.session.publish("poison", "1", durable);
		for (let i = 3; i < 30; i++) bench.session.publish("a", `${i}`, durable);
		const peer = new Peer(bench, poisonous);
		peer.advance(60_000);
		assert.equal(peer.hangups, 3);
		assert.deepEqual(reports(bench), [`${Report.quarantined} poison`]);
		assert.deepEqual([bench.outbox.quarantined, bench.session.counters.quarantined], [1, 1]);
		assert.deepEqual(
			peer.on("a"),
			Array.from({ length: 30 }, (_, i) => `${i}`),
		);
		assert.equal(bench.outbox.length, 0);
		assert.equal(bench.outbox.aside(0)?.topic, "poison", "it is kept");
	});
	it("is offered again an hour later, then daily, alone, and arrives once the broker takes it", () => {
		const bench = new Bench();
		bench.session.publish("poison", "1", durable);
		const peer = new Peer(bench, poisonous);
		peer.advance(60_000);
		assert.equal(peer.hangups, 3);
		bench.told.splice(0);
		peer.advance(day, 1000);
		assert.equal(peer.hangups, 4, "one connection is what it costs");
		assert.deepEqual(reports(bench), [`${Report.quarantined} poison`]);
		assert.equal(bench.outbox.aside(0)?.topic, "poison");
		peer.minds = () => false;
		bench.told.splice(0);
		peer.advance(day, 1000);
		assert.deepEqual(peer.on("poison"), ["1"]);
		assert.deepEqual(reports(bench), [`${Report.recovered} poison`]);
		assert.equal(bench.session.counters.recovered, 1);
		assert.deepEqual([bench.outbox.aside(0), bench.outbox.length], [undefined, 0]);
	});
	it("is offered again soon after a restart, from flash, once all else is out", () => {
		let flash = new TestFlash({ blocks: 8, blockLength: 4096 });
		const open = () => {
			flash = new TestFlash({ blocks: 8, blockLength: 4096, image: flash.image });
			const { outbox } = new Store({ partition: flash });
			assert.ok(outbox);
			return outbox;
		};
		const first = new Bench({ outbox: open() });
		first.session.publish("poison", "1", durable);
		const before = new Peer(first, poisonous);
		before.advance(60_000);
		assert.equal(first.outbox.quarantined, 1);
		const outbox = open();
		const second = new Bench({ outbox });
		for (let i = 0; i < 300; i++) second.session.publish("a", `${i}`, durable);
		const peer = new Peer(second);
		peer.advance(14_000);
		assert.deepEqual(peer.on("poison"), [], "300 alerts take 15 s");
		peer.advance(20_000);
		assert.deepEqual(peer.on("poison"), ["1"]);
		assert.equal(peer.on("a").length, 300);
		assert.deepEqual([outbox.length, outbox.aside(0)], [0, undefined]);
		assert.equal(new Store({ partition: flash }).outbox?.length, 0);
	});
	it("does not keep back the next one that has no better luck: each is put aside, each comes again, an hour apart", () => {
		const bench = new Bench();
		for (let i = 0; i < 4; i++) bench.session.publish(i % 2 ? "a" : "poison", `${i}`, durable);
		const peer = new Peer(bench, poisonous);
		peer.advance(300_000);
		assert.deepEqual([peer.hangups, bench.outbox.quarantined, peer.on("a")], [6, 2, ["1", "3"]]);
		peer.advance(3_000_000, 1000);
		assert.equal(peer.hangups, 6);
		peer.advance(600_000, 1000);
		assert.equal(peer.hangups, 7);
		peer.minds = (topic, text) => poisonous(topic) && text === "0";
		peer.advance(2 * 3_600_000, 1000);
		assert.deepEqual(peer.on("poison"), ["2"]);
		assert.equal(bench.outbox.aside(0)?.sequence, 1);
	});
	it("is put aside from the live lane too, and not offered again once a later state has arrived", () => {
		const bench = new Bench();
		const peer = new Peer(bench, (topic, text) => topic === "state" && text === "bad");
		peer.advance(1000);
		bench.session.publish("state", "bad", { QoS: 1, retain: true, latest: true });
		bench.session.publish("a", "1", durable);
		peer.advance(120_000);
		assert.deepEqual(reports(bench), [`${Report.quarantined} state`]);
		bench.session.publish("state", "good", { QoS: 1, retain: true, latest: true });
		peer.minds = () => false;
		peer.advance(2 * day, 1000);
		assert.deepEqual([peer.on("state"), peer.on("a")], [["good"], ["1"]]);
	});
	it("may be our own status: alerts get through, and it is put aside", () => {
		const bench = new Bench();
		for (let i = 0; i < 3; i++) bench.session.publish("a", `${i}`, durable);
		const peer = new Peer(bench, topic => topic === "desk-1/status");
		peer.advance(600_000);
		assert.deepEqual(peer.on("a"), ["0", "1", "2"]);
		assert.ok(reports(bench).includes(`${Report.quarantined} desk-1/status`));
		assert.ok(!reports(bench).includes(`${Report.quarantined} a`));
		const { hangups } = peer;
		peer.advance(1_800_000, 1000);
		assert.equal(peer.hangups, hangups, "it is not sent meanwhile");
		peer.advance(3_600_000, 1000);
		assert.equal(peer.hangups, hangups + 1, "it is refused once more");
		// Nothing is offered on a connection on which nothing was acknowledged.
		bench.session.publish("a", "3", durable);
		peer.advance(3_600_000, 1000);
		peer.minds = () => false;
		bench.told.splice(0);
		peer.advance(day, 1000);
		assert.deepEqual(reports(bench), [`${Report.recovered} desk-1/status`]);
		peer.arrived.splice(0);
		peer.reset();
		peer.advance(10_000);
		assert.deepEqual(peer.on("desk-1/status"), ["online"], "it is published at each connection again");
	});
	/** Our status and another message are set aside. */
	const two = (offers: string[]) => {
		const bench = new Bench();
		const peer = new Peer(bench, poisonous);
		bench.session.publish("poison", "1", durable);
		peer.advance(60_000);
		peer.minds = topic => {
			if (topic !== "a") offers.push(topic);
			return topic !== "a";
		};
		for (let i = 0; i < 3; i++) bench.session.publish("a", "2", durable);
		peer.reset();
		peer.answers = () => false;
		for (let i = 0; i < 3; i++) bench.session.publish("a", "2", durable);
		peer.advance(30_000);
		peer.answers = () => true;
		peer.advance(600_000);
		assert.deepEqual(reports(bench), [`${Report.quarantined} poison`, `${Report.quarantined} desk-1/status`]);
		return { bench, peer };
	};
	it("is offered daily also where our status is never taken", () => {
		const offers: string[] = [];
		const { bench, peer } = two(offers);
		// Nothing is offered on a connection on which nothing was acknowledged.
		const go = (hours: number) => {
			for (let i = 0; i < hours; i++) {
				bench.session.publish("a", "3", durable);
				peer.advance(3_600_000, 1000);
			}
		};
		go(4);
		offers.splice(0);
		go(72);
		assert.deepEqual([...new Set(offers)].sort(), ["desk-1/status", "poison"]);
		for (const topic of ["desk-1/status", "poison"]) {
			const { length } = offers.filter(each => each === topic);
			assert.ok(length === 2 || length === 3, `${topic}: ${length} times in three days`);
		}
	});
	it("is not offered where nothing was acknowledged: a hang-up would be no evidence", () => {
		const { peer } = two([]);
		const { hangups } = peer;
		peer.reset();
		peer.advance(3 * day, 1000);
		assert.equal(peer.hangups, hangups);
	});
	it("is followed by the next one at once when the broker has taken it", () => {
		const bench = new Bench();
		for (let i = 0; i < 3; i++) bench.session.publish("poison", `${i}`, durable);
		const peer = new Peer(bench, poisonous);
		peer.advance(300_000);
		assert.equal(bench.outbox.quarantined, 3);
		peer.minds = () => false;
		peer.advance(3_600_000);
		assert.deepEqual(peer.on("poison"), ["0", "1", "2"]);
		peer.advance(60_000);
		assert.equal(bench.clock.pending, 0, "nothing is left to be offered");
	});
	it("is offered on a connection that has stood for 10 s, and alone", () => {
		const bench = new Bench();
		bench.session.publish("poison", "1", durable);
		const peer = new Peer(bench, poisonous);
		while (bench.outbox.quarantined === 0) peer.advance(100);
		peer.advance(3_600_000 - 5000);
		peer.reset();
		peer.minds = topic => {
			if (topic === "poison") bench.session.publish("a", "2", durable);
			return false;
		};
		peer.answers = topic => topic !== "poison";
		peer.advance(6000);
		assert.equal(bench.outbox.length, 0, "not yet");
		peer.advance(11_000);
		assert.deepEqual([bench.outbox.length, peer.on("a")], [2, []]);
		peer.advance(5000);
		assert.deepEqual([bench.outbox.length, peer.on("a")], [1, ["2"]]);
	});
	it("is offered again from the live lane daily", () => {
		const bench = new Bench();
		const peer = new Peer(bench, topic => topic === "state");
		peer.advance(1000);
		bench.session.publish("state", "1", { QoS: 1, retain: true });
		peer.advance(7_200_000, 1000);
		assert.deepEqual(reports(bench), Array(2).fill(`${Report.quarantined} state`));
		peer.minds = () => false;
		peer.advance(day + 60_000, 1000);
		assert.deepEqual(peer.on("state"), ["1"]);
	});
	it("takes three disconnects again once the suspect of an unsteady network has arrived", () => {
		const bench = new Bench();
		bench.session.publish("a", "1", durable);
		const peer = new Peer(bench, topic => topic === "a");
		while (peer.hangups < 2) peer.advance(100);
		// The connection without the suspect does not hold.
		peer.advance(5000);
		peer.reset();
		while (peer.hangups < 3) peer.advance(100);
		peer.minds = poisonous;
		peer.advance(10_000);
		assert.deepEqual(peer.on("a"), ["1"]);
		bench.session.publish("poison", "1", durable);
		peer.advance(60_000);
		assert.deepEqual([peer.hangups, bench.outbox.quarantined], [6, 1]);
	});
	/** The third connection after two hang-ups on `suspect`; `a` waits behind it. The broker answers our status after so long. */
	const third = (answer: number, live = 0): Bench => {
		const bench = new Bench();
		bench.establish();
		for (const topic of ["suspect", "a", "b"]) bench.session.publish(topic, "1", durable);
		for (let i = 0; i < 2; i++) {
			bench.client.acknowledge(7);
			bench.client.fail();
			bench.resume(live === 0 || i === 0);
		}
		const { client } = bench;
		bench.clock.advance(answer);
		for (const { topic, id } of client.written) if (topic === "desk-1/status") client.acknowledge(id);
		client.take();
		for (let i = 0; i < live; i++) bench.session.publish("live", `${i}`, { QoS: 1 });
		bench.clock.advance(10_000 - answer);
		return bench;
	};
	for (const [answer, hangup, aside] of [
		[0, 900, 1],
		[0, 4000, 0],
		[2000, 4000, 1],
		[2000, 5100, 0],
	] as const)
		it(`is ${aside ? "" : "not "}put aside by a third disconnect after ${hangup} ms where the broker answers in ${answer} ms`, () => {
			const bench = third(answer);
			bench.clock.advance(hangup);
			bench.client.fail();
			assert.equal(bench.outbox.quarantined, aside);
		});
	it("lets all others go once it has arrived", () => {
		const { client } = third(0);
		client.take();
		client.acknowledge(3);
		assert.deepEqual(client.take(), ["a 1d #4 1", "b 1d #5 1"]);
	});
	it("is not waited for longer than a minute behind live messages that go one at a time", () => {
		const bench = third(0, 50);
		const { client } = bench;
		for (let passed = 0; passed < 58_000; passed += 2000) {
			assert.ok(!client.written.some(({ topic }) => topic === "suspect"));
			client.acknowledge(client.written.at(-1)?.id ?? 0);
			bench.clock.advance(2000);
		}
		client.take();
		bench.clock.advance(1999);
		assert.deepEqual(client.take(), []);
		bench.clock.advance(1);
		assert.ok(client.take().length > 10, "no longer one at a time");
	});
	it("is found on a network that resets connections after 10 s on average (seed 1)", () => {
		const bench = new Bench();
		for (let i = 0; i < 5; i++) bench.session.publish(i === 2 ? "poison" : "a", `${i}`, durable);
		const peer = new Peer(bench, poisonous);
		weather(peer, 10_000, 3_600_000);
		assert.deepEqual(reports(bench), [`${Report.quarantined} poison`]);
		assert.deepEqual(peer.on("a"), ["0", "1", "3", "4"]);
	});
	it("is found though the acknowledgement of our status is lost with each connection", () => {
		const bench = new Bench();
		bench.session.publish("a", "0", durable);
		bench.session.publish("poison", "1", durable);
		bench.session.publish("a", "2", durable);
		const peer = new Peer(bench, poisonous);
		peer.rude = true;
		peer.advance(1_200_000);
		assert.deepEqual(reports(bench), [`${Report.quarantined} poison`]);
		assert.deepEqual(peer.on("a"), ["0", "2"]);
	});
	it("is left out of one connection, and then travels alone; status and QoS 0 do not wait for it", () => {
		const bench = new Bench();
		bench.establish();
		bench.session.publish("suspect", "1", durable);
		bench.session.publish("a", "2", durable);
		bench.client.fail();
		bench.resume(true);
		bench.client.acknowledge(6);
		bench.client.fail();
		const client = bench.resume(true);
		bench.session.publish("m", "3");
		bench.clock.advance(9999);
		assert.deepEqual(client.take(), ["desk-1/status 1r #8 online", "m 0 3"]);
		client.acknowledge(8);
		bench.clock.advance(1);
		assert.deepEqual(client.take(), ["suspect 1d #3 1"]);
		client.acknowledge(3);
		assert.deepEqual(client.take(), ["a 1d #4 2"]);
		client.fail();
		assert.equal(bench.outbox.quarantined, 0);
	});
	it("is no longer alone once the broker has said nothing of it for 5 s", () => {
		const bench = new Bench();
		bench.establish();
		for (const topic of ["suspect", "a"]) bench.session.publish(topic, "1", durable);
		for (const id of [0, 6]) {
			if (id) bench.client.acknowledge(id);
			bench.client.fail();
			bench.resume(true);
		}
		const client = bench.client;
		client.acknowledge(8);
		bench.clock.advance(10_000);
		client.take();
		bench.clock.advance(4999);
		assert.deepEqual(client.take(), []);
		bench.clock.advance(1);
		assert.deepEqual(client.take(), ["a 1d #4 1"]);
	});
	it("does no harm when the outbox throws as it is offered again: that is reported", () => {
		class Failing extends Queue {
			override readmit(): boolean {
				throw new Error("flash: expected erased");
			}
		}
		const bench = new Bench({ outbox: new Failing() });
		bench.session.publish("poison", "1", durable);
		const peer = new Peer(bench, poisonous);
		peer.advance(60_000);
		peer.advance(day, 1000);
		assert.ok(bench.told.includes(`report ${Report.internal} Error: flash: expected erased`));
		bench.session.publish("a", "2", durable);
		peer.advance(1000);
		assert.deepEqual(peer.on("a"), ["2"]);
	});
	/** From now on the client refuses this topic. */
	const refuse = ({ client }: Bench, refused: string) => {
		const { write } = client;
		client.write = (data, options) => {
			if (options?.topic === refused) throw new RangeError("topic: expected another");
			return write.call(client, data, options);
		};
	};
	it("may be one that the client itself refuses", () => {
		const bench = new Bench();
		bench.establish();
		refuse(bench, "poison");
		bench.session.publish("poison", "1", durable);
		for (let i = 0; i < 3; i++) {
			assert.equal(bench.outbox.quarantined, 0);
			for (let j = 0; j < 4; j++) bench.client.writable(1000);
			bench.clock.advance(1000);
			assert.equal(bench.client.closed, true);
			bench.connect();
			refuse(bench, "poison");
			bench.client.accept(true);
			bench.client.grant();
			bench.client.acknowledge();
			bench.clock.advance(10_000);
		}
		assert.equal(bench.outbox.quarantined, 1);
	});
	it("may be our status, which the client itself refuses, though nothing can be acknowledged before it has left", () => {
		const bench = new Bench();
		bench.session.publish("a", "1", durable);
		for (let i = 0; i < 3; i++) {
			assert.equal(reports(bench).includes(`${Report.quarantined} desk-1/status`), false);
			bench.connect();
			refuse(bench, "desk-1/status");
			bench.client.accept(true);
			bench.client.grant();
			bench.clock.advance(10_000);
			for (let j = 0; j < 4; j++) bench.client.writable(1000);
			bench.clock.advance(1000);
			assert.equal(bench.client.closed, true);
		}
		assert.equal(reports(bench).includes(`${Report.quarantined} desk-1/status`), true);
		bench.resume(true).acknowledge();
		assert.equal(bench.outbox.length, 0);
	});
});

describe("session, a message that is not to blame", () => {
	it("is not taken for one that the client refuses, when it is the socket that is gone", () => {
		const bench = new Bench();
		bench.establish();
		bench.client.write = () => {
			throw new Error("TCP: the connection is gone");
		};
		bench.session.publish("alerts/a", "1", durable);
		for (let j = 0; j < 4; j++) bench.client.writable(1000);
		bench.clock.advance(999);
		bench.client.fail(Reason.disconnected);
		bench.clock.advance(1000);
		assert.deepEqual(
			bench.told.filter(line => line.startsWith(`report ${Report.internal}`)),
			[],
		);
		assert.ok(bench.told.includes(`offline ${Reason.disconnected}`), bench.told.join("\n"));
	});

	/** Five alerts, `trouble`, and then all is well. */
	const survive = (trouble: (peer: Peer) => void) => {
		const bench = new Bench();
		for (let i = 0; i < 5; i++) bench.session.publish("alerts/a", `${i}`, durable);
		const peer = new Peer(bench);
		peer.answers = topic => topic !== "alerts/a";
		trouble(peer);
		assert.equal(bench.outbox.quarantined, 0);
		assert.deepEqual(peer.on("alerts/a"), []);
		peer.answers = () => true;
		peer.reset(); // nothing is sent twice on one connection
		peer.advance(120_000);
		assert.deepEqual(peer.on("alerts/a"), ["0", "1", "2", "3", "4"]);
		assert.deepEqual([bench.outbox.length, bench.outbox.quarantined], [0, 0]);
	};
	it("stays where the broker answers everything but alerts, for a day", () => {
		survive(peer => peer.advance(day, 1000));
	});
	for (const life of [100, 1000, 3000, 5000, 7000, 9900, 10_100, 11_000, 14_900, 61_000])
		it(`stays on a network that resets every connection after ${life / 1000} s, before a PUBACK`, () => {
			survive(peer => {
				for (let i = 0; i < 60; i++) {
					const { length } = peer.bench.clients;
					while (peer.bench.clients.length === length) peer.advance(100);
					peer.advance(life);
					peer.reset();
				}
			});
		});
	for (const mean of [1000, 3000, 10_000, 30_000])
		it(`stays for 12 hours without a PUBACK on a network that resets connections by chance, after ${mean / 1000} s on average (seed 1)`, () => {
			survive(peer => weather(peer, mean, 12 * 3_600_000));
		});
	it("stays where nothing at all is acknowledged, though the broker hangs up on each alert", () => {
		survive(peer => {
			peer.minds = topic => topic === "alerts/a";
			peer.answers = () => false;
			peer.advance(3_600_000, 200);
			assert.ok(peer.hangups > 20);
			peer.minds = () => false;
		});
	});
	it("stays when it is our status, and nothing else is there to be acknowledged", () => {
		const bench = new Bench();
		const peer = new Peer(bench, topic => topic === "desk-1/status");
		peer.advance(3_600_000, 200);
		assert.ok(peer.hangups > 20);
		assert.deepEqual(reports(bench), []);
	});
	it("stays when it is our status, and nothing is acknowledged any more", () => {
		const bench = new Bench();
		const peer = new Peer(bench);
		peer.advance(5000);
		peer.minds = topic => topic === "desk-1/status";
		peer.reset();
		peer.advance(3_600_000, 200);
		assert.ok(peer.hangups > 20);
		assert.deepEqual(reports(bench), []);
	});
	it("stays when connections end in any other way, however soon after its bytes", () => {
		for (const reason of Object.values(Reason)) {
			if (reason === Reason.disconnected || reason === Reason.stuck) continue;
			survive(peer => {
				for (let i = 0; i < 30; i++) {
					const { length } = peer.bench.clients;
					while (peer.bench.clients.length === length) peer.advance(100);
					// A third that lives as long as a probe does.
					peer.advance(i % 3 === 2 ? 10_300 : 200);
					peer.bench.client.fail(reason);
				}
			});
		}
	});
	it("arrives over any network that lets connections live at times, if the broker takes it, without ever being put aside", () => {
		const lives = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 60 });
		fc.assert(
			fc.property(lives, steps => {
				const bench = new Bench({ outbox: new Queue() });
				for (let i = 0; i < 5; i++) bench.session.publish("alerts/a", `${i}`, durable);
				const peer = new Peer(bench);
				for (const step of steps) {
					peer.advance(step * 100);
					bench.session.publish("alerts/a", "5", durable);
					peer.reset();
				}
				peer.advance(120_000);
				assert.deepEqual([bench.outbox.length, bench.outbox.quarantined], [0, 0]);
			}),
			{ numRuns: 50 },
		);
	});
});

/** The session over a scripted MQTT client: connect, subscribe, publish, reconnect, close. */

import assert from "node:assert/strict";
import { Outcome, Reason, Report } from "../../modules/session/outcomes.js";
import { Queue } from "../../modules/session/queue.js";
import { Bench } from "./bench.js";
import type { ScriptedClient } from "./client.js";

const subscriptions = [
	{ topic: "desk-1/lamp/set", QoS: 1 },
	{ topic: "desk-1/lamp/desired", QoS: 1 },
] as const;

describe("session", () => {
	describe("made of wrong options", () => {
		const status = { topic: "a/#", online: "1", offline: "0" };
		for (const [options, message] of [
			[{ client: {} as never }, "client: expected an object with io, an MQTT client class"],
			[{ brokers: [] }, "brokers: expected at least one"],
			[{ brokers: [{ host: "", port: 1 }] }, "broker: expected host and port, found :1"],
			[{ brokers: [{ host: "a", port: 0 }] }, "broker: expected host and port, found a:0"],
			[{ brokers: [{ host: "a", port: 65_536 }] }, "broker: expected host and port, found a:65536"],
			[{ brokerOrder: "best" as never }, "brokerOrder: expected listed or random, found best"],
			[{ id: "" }, "id: expected a client identifier"],
			[{ keepAlive: -1 }, "keepAlive: expected milliseconds, found -1"],
			[{ status }, "status.topic: expected a topic name"],
			[{ status: undefined as never }, "status.topic: expected a topic name"],
			[
				{ subscriptions: [{ topic: "+", QoS: 1 }] },
				"subscriptions: expected exact names at QoS 0, 1 or 2, found + at 1",
			],
			[
				{ subscriptions: [{ topic: "a", QoS: 3 as never }] },
				"subscriptions: expected exact names at QoS 0, 1 or 2, found a at 3",
			],
			[{ window: 0 }, "window: expected 1…1000, found 0"],
			[{ window: 1001 }, "window: expected 1…1000, found 1001"],
			[{ rate: 0 }, "rate: expected messages a second, found 0"],
			[{ publishRate: 4 }, "publishRate: expected at least 5, found 4"],
			[{ outbox: undefined as never }, "outbox: expected an Outbox"],
		] as const)
			it(`throws ${message}`, () => {
				assert.throws(() => new Bench(options), { name: "RangeError", message });
			});
	});
	describe("connecting", () => {
		it("makes a client with id, keep-alive, a session that is kept, and the will, acknowledging itself", () => {
			const bench = new Bench({ brokers: [{ host: "b", port: 1884, user: "u", password: "p" }] });
			const { options } = bench.connect();
			const { host, port, user, password, id, keepAlive, clean, will, acknowledge } = options;
			assert.deepEqual(
				{ host, port, user, password, id, keepAlive, clean, will, acknowledge },
				{
					host: "b",
					port: 1884,
					user: "u",
					password: "p",
					id: "desk-1",
					keepAlive: 30_000,
					clean: false,
					will: { topic: "desk-1/status", message: "offline", QoS: 1, retain: true },
					acknowledge: false,
				},
			);
		});
		it("tells which broker accepts it, before any message of a session that was kept", () => {
			const bench = new Bench({
				brokers: [
					{ host: "a", port: 1883 },
					{ host: "b", port: 1883 },
				],
				subscriptions,
				onAccepted: broker => bench.told.push(`accepted ${broker}`),
			});
			bench.connect().fail(Reason.unresolved);
			const client = bench.connect();
			bench.take();
			client.accept(true);
			client.deliver("desk-1/lamp/set", "ON", { QoS: 1, id: 7 });
			client.grant();
			assert.deepEqual(bench.take(), ["accepted 1", "message desk-1/lamp/set 1 ON", "online true"]);
		});
		it("does nothing inside its constructor", () => {
			const bench = new Bench();
			assert.equal(bench.clients.length, 0);
			bench.clock.advance(0);
			assert.equal(bench.clients.length, 1);
		});
		it("subscribes after CONNACK, is online after SUBACK, and publishes its status retained at QoS 1", () => {
			const bench = new Bench({ subscriptions });
			const client = bench.connect();
			client.accept();
			assert.deepEqual(client.take(), ["SUBSCRIBE 1 desk-1/lamp/set desk-1/lamp/desired desk-1/status"]);
			assert.equal(bench.session.online, false);
			client.control({ operation: 9, id: 1, payload: [1, 1, 0] });
			assert.equal(bench.session.online, true);
			assert.deepEqual(client.take(), ["desk-1/status 1r #2 online"]);
			assert.deepEqual(bench.take(), ["online false"]);
		});
		it("tries again when no CONNACK comes in time, with a new client", () => {
			const bench = new Bench();
			const first = bench.connect();
			bench.clock.advance(30_500);
			assert.equal(first.closed, true);
			bench.establish();
			assert.deepEqual(bench.take(), [`report ${Report.failed} a:1883 connect`, "online false"]);
		});
		it("ends a connection whose SUBACK does not come in time", () => {
			const bench = new Bench({ subscriptions });
			const first = bench.connect();
			first.accept();
			bench.clock.advance(10_000);
			assert.equal(first.closed, true);
			assert.deepEqual(bench.take(), [`report ${Report.failed} a:1883 subscribe`]);
		});
	});

	describe("publishing", () => {
		it("sends QoS 0 and 1 at once while online", () => {
			const bench = new Bench();
			const client = bench.establish();
			assert.equal(bench.session.publish("m/t", "1"), Outcome.sent);
			assert.equal(bench.session.publish("s", "é", { QoS: 1, retain: true }), Outcome.sent);
			assert.equal(bench.session.publish("a", new Uint8Array([65]), { QoS: 1, durable: true }), Outcome.sent);
			assert.deepEqual(client.take(), ["m/t 0 1", "s 1r #3 é", "a 1 #4 A"]);
		});
		it("drops QoS 0 while offline, and keeps only the latest per topic where asked", () => {
			const bench = new Bench();
			assert.equal(bench.session.publish("m", "1"), Outcome.droppedOffline);
			assert.equal(bench.session.publish("l", "1", { latest: true }), Outcome.queued);
			assert.equal(bench.session.publish("l", "2", { latest: true }), Outcome.queued);
			assert.equal(bench.session.publish("k", "1", { latest: true, QoS: 1, retain: true }), Outcome.queued);
			assert.equal(bench.session.publish("k", "2", { latest: true, QoS: 1, retain: true }), Outcome.queued);
			const client = bench.connect();
			client.accept();
			client.take();
			client.grant();
			client.control({ operation: 9, id: 1, payload: [0] });
			assert.deepEqual(client.take(), ["l 0 2", "k 1r #2 2", "desk-1/status 1r #3 online"]);
			assert.deepEqual(bench.session.counters.dropped, { offline: 1, full: 0, long: 0 });
		});
		it("keeps durable messages in the outbox until PUBACK", () => {
			const outbox = new Queue();
			const bench = new Bench({ outbox });
			assert.equal(bench.session.publish("a", "1", { QoS: 1, durable: true }), Outcome.queued);
			const client = bench.establish();
			assert.equal(outbox.length, 0);
			bench.session.publish("a", "2", { QoS: 1, durable: true });
			assert.equal(outbox.length, 1);
			client.acknowledge();
			assert.equal(outbox.length, 0);
		});
		it("throws on what is no message, before anything changes", () => {
			const bench = new Bench();
			for (const [topic, options] of [
				["", {}],
				["a/+", {}],
				["a/#", {}],
				["a\0", {}],
				["a", { QoS: 3 as 1 }],
				["a", { durable: true }],
				["a", { QoS: 2, durable: true }],
			] as const)
				assert.throws(() => bench.session.publish(topic, "x", options), RangeError);
			assert.equal(bench.outbox.length, 0);
		});
	});

	describe("reconnecting", () => {
		it("sends again what is unacknowledged, in order, same identifiers, with DUP, when the session is present [MQTT-4.4.0-1]", () => {
			const bench = new Bench({ subscriptions });
			const client = bench.establish();
			bench.session.publish("a", "1", { QoS: 1, durable: true });
			bench.session.publish("s", "2", { QoS: 1 });
			bench.session.publish("a", "3", { QoS: 1, durable: true });
			assert.deepEqual(client.take(), ["a 1 #3 1", "s 1 #4 2", "a 1 #5 3"]);
			client.acknowledge(4);
			client.fail();
			const second = bench.resume(true);
			assert.deepEqual(second.take(), ["a 1d #3 1", "a 1d #5 3", "desk-1/status 1r #7 online"]);
			assert.equal(bench.session.counters.retransmitted, 2);
		});
		it("sends it as new when the session is not present, after subscribing again", () => {
			const bench = new Bench({ subscriptions });
			const client = bench.establish();
			bench.session.publish("a", "1", { QoS: 1, durable: true });
			client.fail();
			const second = bench.connect();
			second.accept(false);
			assert.deepEqual(second.take(), ["SUBSCRIBE 4 desk-1/lamp/set desk-1/lamp/desired desk-1/status"]);
			second.control({ operation: 9, id: 4, payload: [1, 1, 0] });
			assert.deepEqual(second.take(), ["desk-1/status 1r #5 online", "a 1 #6 1"]);
		});
		it("tells why it went offline, and counts it", () => {
			const bench = new Bench();
			bench.establish();
			bench.client.fail(Reason.unanswered);
			bench.establish();
			assert.deepEqual(bench.take(), ["online false", `offline ${Reason.unanswered}`, "online false"]);
			assert.equal(bench.session.counters.reconnects.unanswered, 1);
			assert.equal(bench.session.counters.connects, 2);
		});
	});

	describe("closing", () => {
		it("publishes offline retained, sends DISCONNECT once that is acknowledged, and calls back when the broker has closed", () => {
			const bench = new Bench();
			const client = bench.establish();
			let closed = 0;
			bench.session.close(() => closed++);
			assert.deepEqual(client.take(), ["desk-1/status 1r #3 offline"]);
			client.acknowledge(3);
			assert.deepEqual(client.take(), ["DISCONNECT"]);
			assert.equal(closed, 0);
			client.fail();
			bench.clock.advance(0);
			assert.equal(closed, 1);
			assert.equal(bench.clock.pending, 0);
			assert.equal(bench.session.publish("a", "1"), Outcome.droppedClosed);
		});
		it("says farewell once, however often there is room", () => {
			const bench = new Bench();
			const client = bench.establish();
			bench.session.close();
			client.take();
			client.writable(0);
			client.deliver("lamp/set", "1", { QoS: 1, id: 9 });
			client.writable(1000);
			assert.deepEqual(client.take(), ["PUBACK 9"]);
		});
		const { failed, filterRefused, filterLeftOut, deaf } = Report;
		const reported = [failed, filterRefused, filterLeftOut, deaf].map(event => `report ${event}`);
		for (const word of ["accepted", "online", "offline", "message", ...reported])
			it(`may be asked for in any callback: "${word}"`, () => {
				const told: string[] = [];
				const tell = (text: string) => {
					told.push(text);
					if (text === word) bench.session.close(() => told.push("closed"));
				};
				const bench: Bench = new Bench({
					subscriptions: ["lamp/set", "bad", "refused"].map(topic => ({ topic, QoS: 1 })),
					deadlines: { hear: 30_000 },
					onAccepted: () => tell("accepted"),
					onOnline: () => tell("online"),
					onOffline: () => tell("offline"),
					onMessage: () => tell("message"),
					onReport: event => tell(`report ${event}`),
				});
				if (word === reported[0]) bench.connect().fail();
				for (let passed = 0; passed < 200_000; passed += 100) {
					bench.clock.advance(100);
					const { client } = bench;
					if (!client || client.closed) continue;
					if (!client.connected) client.accept();
					client.grant(topic => {
						if (topic === "bad" && word === reported[2]) client.fail();
						return topic === "refused" ? 0x80 : 1;
					});
					client.acknowledge();
					if (bench.session.online) client.deliver("lamp/set", "1");
					if (word === "offline" && bench.session.online) client.fail();
				}
				assert.equal(told.indexOf("closed"), told.length - 1, told.join("\n"));
				assert.ok(!told.some(text => text === `report ${Report.internal}`), told.join("\n"));
				assert.equal(bench.clock.held, 0);
				const statuses = bench.client.lines.filter(text => text.startsWith("desk-1/status "));
				const farewell = statuses.findIndex(text => text.endsWith("offline"));
				assert.ok(farewell < 0 || farewell === statuses.length - 1, statuses.join("\n"));
			});
		it("gives each timer back, the pace's among them", () => {
			const bench = new Bench({ publishRate: 5, deadlines: { hear: 30_000 } });
			bench.establish();
			for (let i = 0; i < 9; i++) bench.session.publish("a", `${i}`, { QoS: 1, durable: true });
			bench.session.close();
			bench.clock.advance(2000);
			assert.equal(bench.clock.held, 0);
		});
		it("says another farewell where one is given, and clears the status with an empty one", () => {
			for (const farewell of ["asleep", ""]) {
				const bench = new Bench();
				const client = bench.establish();
				bench.session.close(undefined, farewell);
				assert.deepEqual(client.take(), [`desk-1/status 1r #3 ${farewell}`.trimEnd()]);
			}
		});
		it("waits for room, and leaves the word to the will where there is none", () => {
			const bench = new Bench();
			const client = bench.establish();
			client.writable(0);
			bench.session.publish("m", "1");
			bench.session.close();
			client.writable(1000);
			assert.deepEqual(client.take(), ["desk-1/status 1r #4 offline"]);
			const other = new Bench();
			const stuck = other.establish();
			stuck.writable(0);
			other.session.close();
			other.clock.advance(1000);
			assert.deepEqual(stuck.take(), []);
			assert.equal(stuck.closed, true);
		});
		it("is done within a second on a dead link", () => {
			const bench = new Bench();
			const client = bench.establish();
			let closed = 0;
			bench.session.close(() => closed++);
			bench.clock.advance(999);
			assert.equal(closed, 1);
			assert.equal(client.closed, true);
			assert.equal(bench.clock.pending, 0);
		});
		for (const [parted, title, end] of [
			[true, "the broker has closed after DISCONNECT", (client: ScriptedClient) => client.fail()],
			[false, "it has not closed in time", (_: ScriptedClient, bench: Bench) => bench.clock.advance(1000)],
		] as const)
			it(`says that the broker ${parted ? "has taken" : "may not have taken"} its goodbye when ${title}`, () => {
				const bench = new Bench();
				const client = bench.establish();
				const told: boolean[] = [];
				bench.session.close(parted => told.push(parted));
				client.acknowledge(3);
				end(client, bench);
				bench.clock.advance(0);
				assert.deepEqual(told, [parted]);
			});
		it("says that the broker may not have taken its goodbye when the connection ends before its PUBACK, or there is none", () => {
			const told: boolean[] = [];
			const bench = new Bench();
			const client = bench.establish();
			bench.session.close(parted => told.push(parted));
			client.fail();
			bench.clock.advance(0);
			const late = new Bench();
			const slow = late.establish();
			late.session.close(parted => told.push(parted));
			late.clock.advance(750);
			slow.fail();
			late.clock.advance(0);
			const other = new Bench();
			other.session.close(parted => told.push(parted));
			other.clock.advance(0);
			assert.deepEqual(told, [false, false, false]);
		});
		it("calls back when it was not connected, and each time it is called", () => {
			const bench = new Bench();
			let closed = 0;
			bench.session.close(() => closed++);
			assert.equal(closed, 0);
			bench.clock.advance(0);
			assert.equal(closed, 1);
			bench.session.close(() => closed++);
			bench.clock.advance(0);
			assert.equal(closed, 2);
			bench.clock.advance(200_000);
			assert.equal(bench.clients.length, 0);
		});
	});
});

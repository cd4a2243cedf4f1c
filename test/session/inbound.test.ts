/** What comes: acknowledged only once the application has taken it, in order, duplicates counted, faults survived. */

import assert from "node:assert/strict";
import { Report } from "../../modules/session/report.js";
import { Bench, text } from "./bench.js";

const subscriptions = [{ topic: "t", QoS: 1 }] as const;

describe("session, receiving", () => {
	it("hands a message over with its flags, and sends PUBACK after that", () => {
		const order: string[] = [];
		const bench = new Bench({
			subscriptions,
			onMessage: (topic, payload, { QoS, retain, duplicate }) => {
				order.push(`${topic} ${text(payload)} ${QoS} ${retain} ${duplicate}`, ...bench.client.take());
			},
		});
		const client = bench.establish();
		client.deliver("t", "é", { QoS: 1, id: 7, retain: true });
		assert.deepEqual(order, ["t é 1 true false"]);
		assert.deepEqual(client.take(), ["PUBACK 7"]);
		client.deliver("t", "", { QoS: 0 });
		assert.deepEqual(order[1], "t  0 false false");
		assert.deepEqual(client.take(), []);
	});
	it("gathers fragments of every size into one message", () => {
		for (let fragment = 1; fragment <= 9; fragment++) {
			const bench = new Bench({ subscriptions });
			const client = bench.establish();
			bench.take();
			client.deliver("t", "12345678", { QoS: 1, id: 7 }, fragment);
			assert.deepEqual(bench.take(), ["message t 1 12345678"]);
			assert.deepEqual(client.take(), ["PUBACK 7"]);
		}
	});
	it("counts duplicates and hands them over: at QoS 1 they are lawful", () => {
		const bench = new Bench({ subscriptions });
		const client = bench.establish();
		bench.take();
		client.deliver("t", "1", { QoS: 1, id: 7 });
		client.deliver("t", "1", { QoS: 1, id: 7, duplicate: true });
		assert.deepEqual(bench.take(), ["message t 1 1", "message t 1d 1"]);
		assert.deepEqual(client.take(), ["PUBACK 7", "PUBACK 7"]);
		assert.equal(bench.session.counters.duplicates, 1);
	});
	it("does not acknowledge what the application could not take, until it came a second time", () => {
		const bench = new Bench({
			subscriptions,
			onMessage: () => {
				throw new Error("cannot store");
			},
		});
		const client = bench.establish();
		bench.take();
		client.deliver("t", "1", { QoS: 1, id: 7 });
		assert.deepEqual(client.take(), []);
		assert.deepEqual(bench.take(), [`report ${Report.handler} Error: cannot store`]);
		assert.equal(client.closed, false);
		client.deliver("t", "1", { QoS: 1, id: 7, duplicate: true });
		assert.deepEqual(client.take(), ["PUBACK 7"]);
	});
	it("acknowledges and reports what is too long, without keeping it", () => {
		const bench = new Bench({ subscriptions, longestInbound: 10 });
		const client = bench.establish();
		bench.take();
		client.deliver("t", "x".repeat(1000), { QoS: 1, id: 7 }, 300);
		client.deliver("t", "y".repeat(10), { QoS: 1, id: 8 });
		assert.deepEqual(bench.take(), [`report ${Report.long} t`, "message t 1 yyyyyyyyyy"]);
		assert.deepEqual(client.take(), ["PUBACK 7", "PUBACK 8"]);
	});
	it("delivers a QoS 2 message once, however often it comes before PUBREL, also over a reconnect [MQTT-4.3.3-2]", () => {
		const bench = new Bench({ subscriptions: [{ topic: "t", QoS: 2 }] });
		const client = bench.establish();
		bench.take();
		client.deliver("t", "1", { QoS: 2, id: 7 });
		client.deliver("t", "1", { QoS: 2, id: 7, duplicate: true });
		assert.deepEqual(client.take(), ["PUBREC 7", "PUBREC 7"]);
		client.fail();
		const second = bench.connect();
		second.accept(true);
		second.take();
		second.deliver("t", "1", { QoS: 2, id: 7, duplicate: true });
		second.control({ operation: 6, id: 7 });
		assert.deepEqual(second.take(), ["PUBREC 7", "PUBCOMP 7"]);
		second.deliver("t", "2", { QoS: 2, id: 7 });
		assert.deepEqual(
			bench.take().filter(line => line.startsWith("message")),
			["message t 2 1", "message t 2 2"],
		);
	});
	it("delivers what the broker kept for us before we are online, and publishes from the handler", () => {
		const bench = new Bench({
			subscriptions,
			onMessage: () => {
				bench.session.publish("answer", "1", { QoS: 1 });
			},
		});
		const client = bench.connect();
		client.accept(false);
		client.take();
		client.deliver("t", "1", { QoS: 1, id: 3 });
		assert.deepEqual(client.take(), ["PUBACK 3"]);
		client.control({ operation: 9, id: 1, payload: [1, 0] });
		assert.deepEqual(client.take(), ["answer 1 #2 1", "desk-1/status 1r #3 online"]);
	});
	it("stays up when any handler throws", () => {
		const bench = new Bench({
			subscriptions,
			onOnline: () => {
				throw new Error("one");
			},
			onOffline: () => {
				throw new Error("two");
			},
			onReport: () => {
				throw new Error("three");
			},
		});
		bench.establish().fail();
		bench.establish();
		assert.equal(bench.session.online, true);
	});
	it("may be closed, and told of the network, from inside a handler", () => {
		const bench = new Bench({
			subscriptions,
			onMessage: (_, payload) => {
				if (text(payload) === "close") bench.session.close();
				else bench.session.networkDown();
			},
		});
		const client = bench.establish();
		client.deliver("t", "down", { QoS: 1, id: 1 });
		assert.deepEqual(client.take(), ["PUBACK 1"]);
		bench.clock.advance(0);
		assert.equal(client.closed, true);
		bench.session.networkUp();
		const second = bench.establish();
		second.deliver("t", "close", { QoS: 1, id: 2 });
		assert.match(second.take().join(), /^desk-1\/status 1r #\d+ offline,PUBACK 2$/);
	});
});

/** What comes: acknowledged only once the application has taken it, in order, duplicates counted, faults survived. */

import assert from "node:assert/strict";
import { generate } from "mqtt-packet";
import MQTTClient from "../../modules/mqtt/client.js";
import type { SessionOptions } from "../../modules/session/options.js";
import { Outcome, Reason, Report } from "../../modules/session/outcomes.js";
import { overhead, Queue } from "../../modules/session/queue.js";
import Session from "../../modules/session/session.js";
import { TestClock } from "../clock.js";
import { Wire } from "../wire.js";
import { Bench, text } from "./bench.js";
import type { ScriptedClient } from "./client.js";

const subscriptions = [{ topic: "t", QoS: 1 }] as const;

/** A session over the real client, online: CONNACK, and SUBACK with `granted`, have come. */
function online(wire: Wire, granted: number[], options: Partial<SessionOptions>) {
	const clock = new TestClock();
	const session = new Session({
		client: { io: MQTTClient, socket: wire.socket, dns: wire.dns, timer: clock, ticks: clock },
		brokers: [{ host: "a", port: 1883 }],
		id: "d",
		keepAlive: 30_000,
		status: { topic: "d/status", online: "online", offline: "offline" },
		outbox: new Queue(),
		timer: clock,
		ticks: clock,
		random: () => 0,
		...options,
	});
	clock.advance(0);
	wire.resolve();
	const { line } = wire;
	line.connect();
	line.send(generate({ cmd: "connack", sessionPresent: true, returnCode: 0 }));
	line.send(generate({ cmd: "suback", messageId: 1, granted }));
	assert.equal(session.online, true);
	return { clock, line, session };
}

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
	it("does not acknowledge what the application could not take, unless it came with DUP", () => {
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
	it("acknowledges and reports a message whose topic is too long, which the client has passed over", () => {
		const bench = new Bench({ subscriptions });
		const client = bench.establish();
		bench.take();
		client.control({ operation: 3, QoS: 0 });
		client.control({ operation: 3, QoS: 1, id: 7 });
		client.control({ operation: 3, QoS: 2, id: 8 });
		assert.deepEqual(bench.take(), new Array(3).fill(`report ${Report.long} the topic itself`));
		assert.deepEqual(client.take(), ["PUBACK 7", "PUBREC 8"]);
		assert.equal(bench.session.counters.received, 3);
		client.control({ operation: 6, id: 8 });
		assert.deepEqual(client.take(), ["PUBCOMP 8"]);
		// The identifier is free for another message.
		client.deliver("t", "y", { QoS: 2, id: 8 });
		assert.deepEqual(bench.take(), ["message t 2 y"]);
	});
	it("keeps the order of acknowledgements where there is no room for that of a message passed over [MQTT-4.6.0-2]", () => {
		const bench = new Bench({ subscriptions });
		const client = bench.establish();
		bench.take();
		client.room = 0;
		client.deliver("t", "1", { QoS: 1, id: 1 });
		client.control({ operation: 3, QoS: 1, id: 2 });
		client.deliver("t", "3", { QoS: 1, id: 3 });
		client.writable(1000);
		assert.deepEqual(client.take(), ["PUBACK 1", "PUBACK 2", "PUBACK 3"]);
	});
	for (const length of [3, 503, 504, 20_000])
		it(`takes messages on its own topics of ${length} bytes, and passes over one of 65535, in the real client`, () => {
			// Characters of three bytes.
			const own = "€".repeat(length / 3) + "x".repeat(length % 3);
			const told: string[] = [];
			const { line, session } = online(new Wire(), [1, 0], {
				subscriptions: [{ topic: own, QoS: 1 }],
				onMessage: (topic, payload) => void told.push(`${Buffer.byteLength(topic)} ${text(payload)}`),
				onReport: (event, detail) => void told.push(`report ${event} ${detail}`),
			});
			const written = line.writes.length;
			for (const [messageId, topic] of ["t".repeat(65_535), own].entries()) {
				const flags = { qos: 1, dup: false, retain: false } as const;
				line.send(generate({ cmd: "publish", topic, payload: "1", messageId: messageId + 1, ...flags }));
			}
			assert.deepEqual(told, [`report ${Report.long} the topic itself`, `${length} 1`]);
			const replies = line.writes.slice(written).map(({ bytes }) => Buffer.from(bytes).toString("hex"));
			assert.deepEqual(replies, ["40020001", "40020002"]);
			assert.equal(session.online, true);
			session.close();
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
	it("leaves QoS 2 messages to the broker that are more than the 64 whose PUBREL it waits for", () => {
		const bench = new Bench({ subscriptions: [{ topic: "t", QoS: 2 }] });
		const client = bench.establish();
		bench.take();
		for (let id = 1; id <= 64; id++) client.deliver("t", `${id}`, { QoS: 2, id });
		client.deliver("t", "1", { QoS: 2, id: 1, duplicate: true });
		assert.equal(client.closed, false, "one that is known takes no room");
		client.take();
		bench.take();
		client.deliver("t", "65", { QoS: 2, id: 65 });
		assert.deepEqual([client.closed, client.take(), bench.take()], [false, [], []]);
		client.control({ operation: 6, id: 1 });
		client.deliver("t", "66", { QoS: 2, id: 66 });
		assert.deepEqual(client.take(), ["PUBCOMP 1", "PUBREC 66"]);
		client.fail();
		const second = bench.resume(true);
		second.control({ operation: 6, id: 2 });
		second.deliver("t", "65", { QoS: 2, id: 65, duplicate: true });
		assert.equal(bench.take().at(-1), "message t 2d 65");
	});
	it("reads nothing while a reply waits for room, goes on where it stopped, and keeps the order", () => {
		const bench = new Bench({ subscriptions });
		const client = bench.establish();
		bench.take();
		client.room = 0;
		for (let id = 1; id <= 9; id++) client.deliver("t", `message ${id}`, { QoS: 1, id }, 4);
		assert.deepEqual(bench.take(), ["message t 1 message 1"]);
		assert.equal(client.unannounced, 8 * 3 - 1, "one fragment is announced and left unread");
		client.writable(4);
		assert.deepEqual(client.take(), ["PUBACK 1"]);
		assert.deepEqual(bench.take(), ["message t 1 message 2"]);
		client.writable(1000);
		assert.equal(bench.take().length, 7);
		assert.deepEqual(
			client.take(),
			[2, 3, 4, 5, 6, 7, 8, 9].map(id => `PUBACK ${id}`),
		);
	});
	it("gives up a link that has no room for a reply in 60 s, which the client does not do while it is not read", () => {
		const bench = new Bench({ subscriptions });
		const client = bench.establish();
		client.room = 0;
		client.deliver("t", "1", { QoS: 1, id: 1 });
		client.deliver("t", "2", { QoS: 1, id: 2 });
		bench.clock.advance(59_999);
		client.writable(3); // it lives, though a reply takes four bytes
		bench.clock.advance(59_999);
		assert.equal(client.closed, false);
		bench.take();
		bench.clock.advance(1);
		assert.deepEqual(bench.take(), [`offline ${Reason.unanswered}`]);
	});
	it("ends the connection when more than 128 replies wait that no reading could hold up", () => {
		const bench = new Bench({ subscriptions });
		const client = bench.establish();
		client.room = 0;
		for (let id = 1; id <= 128; id++) client.control({ operation: 6, id });
		assert.equal(client.closed, false);
		bench.take();
		client.control({ operation: 6, id: 129 });
		assert.deepEqual(bench.take(), [`offline ${Reason.overrun}`]);
	});
	describe("with an application that answers", () => {
		/** Answers each message with 20 bytes, for two of which there is room in RAM. */
		function answering(more: Partial<SessionOptions> = {}) {
			const bench: Bench = new Bench({
				subscriptions,
				queueBytes: 2 * (overhead + 22),
				replyBytes: 22,
				onMessage: (topic, payload) => {
					bench.told.push(`message ${topic} ${text(payload)}`);
					bench.session.publish("re", text(payload).padEnd(20, "."), { QoS: 1, unkept: true });
				},
				...more,
			});
			const client = bench.establish();
			bench.take();
			return { bench, client };
		}
		const sent = (client: ScriptedClient) => client.take().map(line => line.slice(0, 8).trim());

		it("reads no message before there is room for what it brings about, and then all in order", () => {
			const { bench, client } = answering();
			client.writable(0);
			for (let id = 1; id <= 5; id++) client.deliver("t", `${id}`, { QoS: 1, id });
			assert.deepEqual(bench.take(), ["message t 1"], "whose PUBACK has no room");
			client.writable(4);
			assert.deepEqual([bench.take(), sent(client)], [["message t 2"], ["PUBACK 1"]]);
			client.writable(4);
			assert.deepEqual(
				[bench.take(), sent(client)],
				[[], ["PUBACK 2"]],
				"two answers wait: there is no third",
			);
			assert.equal(client.unannounced, 2);
			client.writable(1000);
			assert.deepEqual(bench.take(), ["message t 3", "message t 4", "message t 5"]);
		});
		it("sends an answer that RAM has no room for at QoS 0, since PUBACK may be behind the messages", () => {
			const { bench, client } = answering();
			client.writable(1000);
			for (let id = 1; id <= 4; id++) client.deliver("t", `${id}`, { QoS: 1, id });
			const lines = client.take().filter(line => line.startsWith("re"));
			assert.deepEqual(
				lines.map(line => line.slice(0, 4)),
				["re 1", "re 1", "re 0", "re 0"],
			);
			assert.equal(bench.session.counters.dropped.full, 0);
		});
		it("says so of a message whose answer has room neither in RAM nor at once", () => {
			const { bench, client } = answering({ replyBytes: 0 });
			client.writable(0);
			for (let id = 1; id <= 3; id++) bench.session.publish("re", "x", { QoS: 1, unkept: true });
			assert.equal(bench.session.counters.dropped.full, 1);
			client.writable(1000);
			assert.equal(
				bench.session.publish("re", "x", { QoS: 1 }),
				Outcome.droppedFull,
				"it did not ask for it",
			);
		});
		it("waits until the application is ready for the next, and is told so", () => {
			let ready = true;
			const { bench, client } = answering({ ready: () => ready });
			client.deliver("t", "1", { QoS: 1, id: 1 });
			ready = false;
			client.deliver("t", "2", { QoS: 1, id: 2 });
			bench.clock.advance(1000);
			assert.deepEqual(bench.take(), ["message t 1"]);
			ready = true;
			bench.session.resume();
			assert.deepEqual(bench.take(), [], "not inside of the call");
			bench.clock.advance(0);
			assert.deepEqual(bench.take(), ["message t 2"]);
		});
		it("reads the rest of a message that it has begun to read", () => {
			const { bench, client } = answering();
			client.deliver("t", "12", { QoS: 1, id: 1 }, 1);
			client.writable(0);
			assert.deepEqual(bench.take(), ["message t 12"]);
		});
		it("answers on the way to being online too, where a broker hands over what it kept", () => {
			const { bench, client } = answering();
			client.fail();
			const second = bench.connect();
			second.accept(false);
			for (let id = 1; id <= 4; id++) second.deliver("t", `${id}`, { QoS: 1, id });
			assert.deepEqual(
				bench.take().slice(-4),
				[1, 2, 3, 4].map(id => `message t ${id}`),
			);
			assert.deepEqual(second.take().filter(line => line.startsWith("re")).length, 2);
			second.grant();
			assert.equal(bench.session.counters.dropped.full, 0);
		});
	});
	it("takes one of 100 000 messages while a socket has no room, and all of them once it has, in the real client", () => {
		let taken = 0;
		const { clock, line, session } = online(new Wire(4096), [0], {
			onMessage: () => {
				taken++;
			},
		});
		line.drain(-line.room);
		const written = line.writes.length;
		const count = 100_000;
		const packets: Buffer[] = [];
		for (let i = 0; i < count; i++)
			packets.push(
				generate({
					cmd: "publish",
					topic: "t",
					payload: "1",
					qos: 1,
					dup: false,
					retain: false,
					messageId: (i % 65_535) + 1,
				}),
			);
		line.send(Buffer.concat(packets));
		assert.deepEqual([taken, line.writes.length - written], [1, 0]);
		for (let i = 0; i < 200 && taken < count; i++) {
			line.drain(4096);
			clock.advance(0);
		}
		assert.deepEqual([taken, session.counters.received], [count, count]);
		line.drain(4096);
		const replies = line.written.subarray(-4 * count);
		for (let i = 0; i < count; i++)
			if (replies.readUInt16BE(4 * i + 2) !== (i % 65_535) + 1) assert.fail(`reply ${i} is not in order`);
		assert.equal(session.online, true);
		session.close();
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

/** How a session comes back: deadlines, back-off, brokers in order, refusals, the network, a late will, a second client. */

import assert from "node:assert/strict";
import { Reason, Report } from "../../modules/session/outcomes.js";
import { State } from "../../modules/session/supervisor.js";
import { Bench } from "./bench.js";
import type { ScriptedClient } from "./client.js";

const brokers = [
	{ host: "a", port: 1883 },
	{ host: "b", port: 8883 },
];
const subscriptions = [
	{ topic: "desk-1/lamp/set", QoS: 1 },
	{ topic: "desk-1/lamp/desired", QoS: 1 },
] as const;
const hosts = (bench: Bench) => bench.clients.map(client => client.options.host);

describe("session, coming back", () => {
	describe("back-off", () => {
		it("waits longer from loss to loss, and starts anew only after 60 s of stability", () => {
			const bench = new Bench({ random: () => 0.999_999_9 });
			const waits: number[] = [];
			for (const stay of [0, 59_999, 60_000, 0]) {
				const client = bench.connect();
				client.accept();
				client.grant();
				bench.clock.advance(stay);
				client.fail();
				const before = bench.clock.now;
				const count = bench.clients.length;
				for (let i = 0; i < 100_000 && bench.clients.length === count; i++) bench.clock.advance(1);
				waits.push(bench.clock.now - before);
				bench.client.fail(); // the next try in the loop is the one that counts
			}
			// 2 s, (failed try: 4 s,) 8 s, …; the third connection was stable, so its loss starts at 2 s again.
			assert.deepEqual(waits, [2000, 8000, 2000, 8000]);
		});
		it("does not try again before its time", () => {
			const bench = new Bench();
			bench.connect().fail();
			bench.clock.advance(1499);
			assert.equal(bench.clients.length, 1);
			bench.clock.advance(1);
			assert.equal(bench.clients.length, 2);
		});
		it("lets no callback of a former connection through", () => {
			const bench = new Bench({ subscriptions });
			const first = bench.connect();
			first.accept();
			bench.clock.advance(10_000);
			const second = bench.connect();
			const { options } = first;
			options.onControl(2, { operation: 2, sessionPresent: false, returnCode: 0 });
			options.onReadable(1, { topic: "t", QoS: 1, id: 1, byteLength: 1, more: false });
			options.onWritable(1000);
			options.onError({ code: 2 });
			assert.equal(bench.clients.length, 2);
			assert.equal(bench.session.state, State.Connecting);
			assert.deepEqual(second.take(), []);
		});
		it("survives a client that cannot even be made", () => {
			const made: number[] = [];
			const none = { io: class {} as never };
			const clock = new Bench().clock;
			class Impossible {
				constructor() {
					made.push(clock.now);
					throw new RangeError("port: expected another");
				}
			}
			const told: string[] = [];
			new Bench({
				client: { io: Impossible as never, socket: none, dns: none, timer: clock, ticks: clock },
				timer: clock,
				ticks: clock,
				onReport: (event, detail) => told.push(`${event} ${detail}`),
			});
			clock.advance(10_000);
			assert.ok(made.length >= 3);
			assert.equal(told[0], `${Report.internal} RangeError: port: expected another`);
		});
	});

	describe("brokers", () => {
		it("tries them in their order; after a loss the one that served first, the preferred one again after an hour", () => {
			const bench = new Bench({ brokers });
			bench.connect().fail();
			bench.connect().fail();
			bench.connect().fail();
			bench.establish();
			assert.deepEqual(hosts(bench), ["a", "b", "a", "b"]);
			assert.equal(bench.session.broker.host, "b");
			bench.client.fail();
			bench.connect();
			assert.deepEqual(hosts(bench), ["a", "b", "a", "b", "b"]);
			bench.client.accept(true);
			bench.client.grant();
			bench.client.acknowledge();
			bench.clock.advance(3_600_000);
			bench.client.fail();
			bench.connect();
			assert.deepEqual(hosts(bench), ["a", "b", "a", "b", "b", "a"]);
		});
		it("stays with one on which nothing was acknowledged, if the connection had become stable, and goes to the next if not", () => {
			for (const [age, next] of [
				[4999, "b"],
				[5000, "a"],
			] as const) {
				const bench = new Bench({ brokers, backoff: { stable: 5000 } });
				bench.resume(false);
				bench.clock.advance(age);
				bench.client.fail();
				bench.connect();
				assert.equal(bench.session.broker.host, next);
			}
		});
		it("gives a broker that does not answer 10 s while others are left, and 30 s as the last", () => {
			const bench = new Bench({ brokers, random: () => 0 });
			bench.connect();
			assert.equal(bench.client.options.timeout, 10_000);
			bench.clock.advance(10_500);
			assert.deepEqual([bench.session.broker.host, bench.client.options.timeout], ["b", 30_000]);
			bench.clock.advance(30_500);
			bench.connect();
			assert.deepEqual([bench.session.broker.host, bench.client.options.timeout], ["a", 10_000]);
		});
		it("gives SUBACK twice as long each time that it has not come, up to 30 s, until a connection is stable", () => {
			const bench = new Bench();
			for (const wait of [10_000, 20_000, 30_000, 30_000]) {
				const client = bench.connect();
				client.accept();
				bench.clock.advance(wait - 1);
				assert.equal(client.closed, false);
				bench.clock.advance(1);
				assert.equal(client.closed, true);
			}
			bench.establish();
			bench.clock.advance(60_000);
			bench.client.fail();
			const client = bench.connect();
			client.accept(true);
			bench.clock.advance(10_000);
			assert.equal(client.closed, true);
		});
		for (const [title, hangs] of [
			["hangs up after SUBACK", (client: ScriptedClient) => client.fail(Reason.disconnected)],
			["never acknowledges", () => {}],
			["falls silent after SUBACK", (client: ScriptedClient) => client.fail(Reason.unanswered)],
		] as const)
			it(`goes on to the next when the preferred one accepts and ${title}, which takes a minute at most`, () => {
				const bench = new Bench({ brokers });
				const { clock } = bench;
				const tries = { a: 0, b: 0 };
				let client: ScriptedClient | undefined;
				for (let second = 0; second < 86_400; second++) {
					clock.advance(1000);
					if (bench.clients.length && bench.client !== client) {
						({ client } = bench);
						tries[client.options.host as "a" | "b"]++;
						client.accept();
						client.grant();
						if (client.options.host === "a") hangs(client);
					}
					if (client?.options.host === "b") client.acknowledge();
					if (second === 70) assert.deepEqual([bench.session.online, bench.session.broker.host], [true, "b"]);
				}
				assert.deepEqual(tries, { a: 1, b: 1 });
				// Once that one is lost, the preferred one has its turn again.
				client?.fail();
				bench.connect();
				assert.equal(bench.session.broker.host, "a");
			});
		it("takes what a broker overrides, such as the TLS socket", () => {
			const socket = { io: class {} as never };
			const bench = new Bench({ brokers: [{ host: "a", port: 8883, client: { socket } }] });
			assert.equal(bench.connect().options.socket, socket);
		});
		it("sends as new, without DUP, to a broker that is not the one that may have it", () => {
			const bench = new Bench({ brokers });
			bench.establish();
			bench.session.publish("a", "1", { QoS: 1, durable: true });
			bench.client.fail();
			bench.connect().fail();
			const second = bench.connect();
			assert.equal(second.options.host, "b");
			second.accept(true);
			second.grant();
			assert.ok(second.take().some(line => /^a 1 #\d+ 1$/.test(line)));
		});
		it("takes a QoS 2 message from it that has the identifier of another broker's", () => {
			const bench = new Bench({ brokers });
			bench.establish().deliver("lamp/set", "1", { QoS: 2, id: 7 });
			bench.client.fail();
			bench.connect().fail();
			bench.establish(true).deliver("lamp/set", "2", { QoS: 2, id: 7 });
			const messages = bench.take().filter(line => line.startsWith("message"));
			assert.deepEqual(messages, ["message lamp/set 2 1", "message lamp/set 2 2"]);
		});
	});

	describe("refusals", () => {
		it("retries code 3 like any loss: VerneMQ says so while its cluster is split", () => {
			const bench = new Bench();
			bench.connect().accept(false, 3);
			assert.deepEqual(bench.take(), [`report ${Report.failed} a:1883 refused`]);
			bench.clock.advance(1500);
			assert.equal(bench.clients.length, 2);
		});
		it("reports codes that only a person can change, and goes on at the slow end", () => {
			for (const code of [1, 2, 4, 5, 7]) {
				const bench = new Bench({ random: () => 0 });
				bench.connect().accept(false, code);
				assert.deepEqual(bench.take(), [`report ${Report.refused} a:1883 ${code}`]);
				bench.clock.advance(29_999);
				assert.equal(bench.clients.length, 1);
				bench.clock.advance(1);
				assert.equal(bench.clients.length, 2);
				assert.equal(bench.session.counters.reconnects.refused, 1);
			}
		});
		it("asks the next broker at once when one refuses, and is slow only after the round", () => {
			const bench = new Bench({ brokers, random: () => 0 });
			bench.connect().accept(false, 5);
			bench.clock.advance(0);
			assert.deepEqual(hosts(bench), ["a", "b"]);
			bench.client.fail();
			bench.clock.advance(29_999);
			assert.deepEqual(hosts(bench), ["a", "b"]);
		});
	});

	describe("subscriptions", () => {
		it("are made at every connection, session present or not, before the board is online", () => {
			const bench = new Bench({ subscriptions });
			for (const present of [false, true, true, false, true]) {
				const client = bench.connect();
				client.accept(present);
				assert.match(
					client.lines.join(),
					/^SUBSCRIBE \d+ desk-1\/lamp\/set desk-1\/lamp\/desired desk-1\/status$/,
				);
				assert.equal(bench.session.online, false);
				client.grant();
				assert.equal(bench.session.online, true);
				bench.client.fail();
			}
		});
		it("are made anew where two brokers have a session each, and one of them has lost what it granted", () => {
			const bench = new Bench({ subscriptions, brokers });
			// The session is removed at both; b accepts, and its link dies before SUBACK; a says that it has a session.
			bench.connect().fail();
			const second = bench.connect();
			assert.equal(second.options.host, "b");
			second.accept(false);
			second.fail();
			const third = bench.connect();
			assert.equal(third.options.host, "a");
			third.accept(true);
			assert.match(third.take()[0] as string, /^SUBSCRIBE/);
		});
		it("go out eight at a time", () => {
			const many = Array.from({ length: 18 }, (_, i) => ({ topic: `t${i}`, QoS: 1 as const }));
			const bench = new Bench({ subscriptions: many });
			const client = bench.connect();
			client.accept();
			const sizes: number[] = [];
			for (let i = 0; i < 3; i++) {
				const [items = []] = client.written.map(({ items }) => items);
				sizes.push(items.length);
				assert.equal(bench.session.online, false);
				const id = client.written[0]?.id as number;
				client.take();
				client.control({ operation: 9, id, payload: items.map(() => 1) });
			}
			assert.deepEqual(sizes, [8, 8, 3]);
			assert.equal(bench.session.online, true);
		});
		it("that are refused or granted less are reported, and do not keep the board from being online", () => {
			const bench = new Bench({ subscriptions });
			const first = bench.connect();
			first.accept();
			first.grant(topic => (topic.endsWith("set") ? 0x80 : 0));
			assert.equal(bench.session.online, true);
			assert.deepEqual(bench.take(), [
				`report ${Report.filterRefused} desk-1/lamp/set`,
				`report ${Report.filterLowered} desk-1/lamp/desired`,
				"online false",
			]);
		});
		it("whose SUBACK has another number of codes end the connection [MQTT-3.8.4-5]", () => {
			const bench = new Bench({ subscriptions });
			const client = bench.connect();
			client.accept();
			client.control({ operation: 9, id: 1, payload: [1] });
			assert.equal(client.closed, true);
			assert.equal(bench.session.counters.reconnects.protocol, 1);
		});
		/** A broker that hangs up on some filters, until the session is online; what it was asked for at each connection. */
		const hangUpOn = (bench: Bench, minds: (topic: string) => boolean, present = true): string[] => {
			const asked: string[] = [];
			for (let tries = 0; tries < 60 && !bench.session.online; tries++) {
				const client = bench.connect();
				client.accept(present && bench.clients.length > 1);
				const line: string[] = [];
				while (!bench.session.online && !client.closed) {
					const { id = 0, items = [] } = client.written.find(({ operation }) => operation === 8) ?? {};
					client.take();
					line.push(items.map(topic => topic.replace("desk-1/", "")).join("+"));
					if (items.some(minds)) client.fail();
					else client.control({ operation: 9, id, payload: items.map(() => 1) });
				}
				asked.push(line.join(" "));
			}
			return asked;
		};
		it("one of which the broker hangs up on are asked for one by one, and the board goes online without that one", () => {
			const bench = new Bench({ subscriptions });
			const asked = hangUpOn(bench, topic => topic.endsWith("set"));
			const all = "lamp/set+lamp/desired+status";
			assert.deepEqual(asked, [all, all, "lamp/set", "lamp/desired status lamp/set", "lamp/desired status"]);
			assert.ok(bench.take().includes(`report ${Report.filterLeftOut} desk-1/lamp/set`));
			bench.session.publish("a", "1", { QoS: 1, durable: true });
			assert.match(bench.client.lines.at(-1) as string, /^a 1 #\d+ 1$/);
			// The same session: it stays out, which is said each time. A new one: it is asked for last, and goes out again without more ado.
			bench.client.fail();
			bench.take();
			assert.deepEqual(
				hangUpOn(bench, topic => topic.endsWith("set")),
				["lamp/desired+status"],
			);
			assert.deepEqual(bench.take(), [`report ${Report.filterLeftOut} desk-1/lamp/set`, "online true"]);
			bench.client.fail();
			assert.deepEqual(
				hangUpOn(bench, topic => topic.endsWith("set"), false),
				["lamp/desired+status lamp/set", "lamp/desired+status"],
			);
			bench.client.fail();
			assert.deepEqual(
				hangUpOn(bench, () => false, false),
				["lamp/desired+status lamp/set"],
			);
			bench.client.fail();
			assert.deepEqual(
				hangUpOn(bench, () => false),
				["lamp/desired+status+lamp/set"],
			);
		});
		it("one of which was left out are asked for together again once the broker has refused that one", () => {
			const bench = new Bench({ subscriptions });
			hangUpOn(bench, topic => topic.endsWith("set"));
			bench.client.fail();
			bench.take();
			const client = bench.connect();
			client.accept(false);
			client.grant(topic => (topic.endsWith("set") ? 0x80 : 1));
			assert.deepEqual(bench.take(), [`report ${Report.filterRefused} desk-1/lamp/set`, "online false"]);
			client.fail();
			assert.deepEqual(
				hangUpOn(bench, () => false),
				["lamp/desired+status+lamp/set"],
			);
		});
		it("one of which was granted in the end take two hang-ups on it alone again", () => {
			const bench = new Bench({ subscriptions });
			hangUpOn(bench, topic => topic.endsWith("set") && bench.clients.length < 4);
			bench.client.fail();
			const [all, each] = ["lamp/desired+status+lamp/set", "lamp/desired status lamp/set"];
			assert.deepEqual(
				hangUpOn(bench, topic => topic.endsWith("set")),
				[all, all, each, each, "lamp/desired status"],
			);
		});
		it("are made again where our status was left out: it cannot come back, and may be granted now", () => {
			const bench = new Bench({ subscriptions, deadlines: { hear: 5000 } });
			hangUpOn(bench, topic => topic.endsWith("status"));
			bench.client.take();
			bench.clock.advance(5000);
			bench.client.grant();
			const asked = bench.client.lines.filter(line => line.startsWith("SUBSCRIBE"));
			assert.deepEqual(
				asked.map(line => line.replace(/SUBSCRIBE \d+ /, "")),
				["desk-1/lamp/set desk-1/lamp/desired", "desk-1/status"],
			);
		});
		it("one of which was left out, and is hung up on once more, do not go one by one because of it", () => {
			const bench = new Bench({ subscriptions });
			hangUpOn(bench, topic => topic.endsWith("set"));
			bench.client.fail();
			const count = bench.clients.length;
			assert.deepEqual(
				hangUpOn(
					bench,
					topic => topic.endsWith("set") || (topic.endsWith("status") && bench.clients.length === count + 2),
					false,
				),
				["lamp/desired+status lamp/set", "lamp/desired+status", "lamp/desired+status"],
			);
		});
		it("several of which the broker hangs up on are all found, and where it is all of them the board goes online deaf", () => {
			for (const topics of [
				["set", "desired"],
				["set", "status"],
				["set", "desired", "status"],
			]) {
				const bench = new Bench({ subscriptions });
				hangUpOn(bench, topic => topics.some(end => topic.endsWith(end)));
				assert.equal(bench.session.online, true);
				const left = bench.take().filter(line => line.startsWith(`report ${Report.filterLeftOut}`));
				assert.equal(left.length, topics.length);
			}
		});
		it("are not left out on a network that resets connections mostly before the first SUBACK, which shows nothing", () => {
			const bench = new Bench({ subscriptions });
			for (let i = 0; i < 7; i++) {
				const client = bench.connect();
				client.accept(true);
				const { id = 0, items = [] } = client.written.find(({ operation }) => operation === 8) ?? {};
				client.take();
				if (i === 3) client.control({ operation: 9, id, payload: items.map(() => 1) });
				client.fail();
			}
			hangUpOn(bench, () => false);
			assert.ok(!bench.take().some(line => line.startsWith(`report ${Report.filterLeftOut}`)));
		});
		it("are not left out on a network that resets connections while they are made", () => {
			const bench = new Bench({ subscriptions });
			for (let i = 0; i < 50; i++) {
				const client = bench.connect();
				client.accept(true);
				// After none, one or two of three SUBACKs, in turn.
				for (let j = 0; j < i % 3; j++) client.grant();
				client.fail();
			}
			hangUpOn(bench, () => false);
			assert.ok(!bench.take().some(line => line.startsWith(`report ${Report.filterLeftOut}`)));
		});
		it("are all left out together where the broker takes none, and one of them is not asked for again before the board was online", () => {
			const bench = new Bench({ subscriptions });
			const all = "lamp/set+lamp/desired+status";
			assert.deepEqual(
				hangUpOn(bench, () => true),
				[all, all, "lamp/set", "lamp/desired", "status", "lamp/set", ""],
			);
			const other = new Bench({ subscriptions });
			hangUpOn(other, () => false);
			other.client.fail();
			assert.deepEqual(
				hangUpOn(other, topic => topic.endsWith("set"), false),
				[all, all, "lamp/set", "lamp/desired status lamp/set", "lamp/desired status"],
			);
		});
		it("are made again when our own online does not come back, then after twice as long each time, and no more once it does", () => {
			const bench = new Bench({ subscriptions, deadlines: { hear: 30_000 } });
			const client = bench.establish();
			bench.take();
			const waits = [30_000, 60_000, 120_000];
			for (const wait of waits) {
				bench.clock.advance(wait - 1);
				assert.deepEqual(client.take(), []);
				bench.clock.advance(1);
				const lines = client.take();
				assert.match(
					lines[0] as string,
					/^SUBSCRIBE \d+ desk-1\/lamp\/set desk-1\/lamp\/desired desk-1\/status$/,
				);
				assert.match(lines[1] as string, /^desk-1\/status 1r #\d+ online$/);
				// AWS may honour a subscription a moment after its SUBACK: once is not deaf.
				assert.deepEqual(bench.take(), wait === 30_000 ? [] : [`report ${Report.deaf} desk-1/status`]);
				const id = Number(lines[0]?.split(" ")[1]);
				client.control({ operation: 9, id, payload: [1, 1, 0] });
				client.control({ operation: 4, id: id + 1 });
			}
			client.deliver("desk-1/status", "online");
			bench.clock.advance(86_400_000);
			assert.deepEqual(client.take(), []);
			client.fail();
			const second = bench.establish(true);
			second.deliver("desk-1/status", "online", { retain: true });
			bench.clock.advance(86_400_000);
			assert.deepEqual(second.take(), []);
			assert.ok(!bench.take().some(line => line.startsWith(`report ${Report.deaf}`)));
		});
		it("are made again after the first wait once more, where our own online had come back before", () => {
			const bench = new Bench({ subscriptions, deadlines: { hear: 30_000 } });
			const client = bench.establish();
			bench.clock.advance(30_000);
			client.deliver("desk-1/status", "online");
			client.fail();
			const second = bench.establish(true);
			second.take();
			bench.clock.advance(30_000);
			assert.match(second.take()[0] as string, /^SUBSCRIBE/);
		});
		it("are granted by the SUBACK of their own SUBSCRIBE alone, once", () => {
			const bench = new Bench({ subscriptions });
			const client = bench.connect();
			client.accept();
			const { id = 0 } = client.written[0] ?? {};
			client.control({ operation: 9, id: id + 1, payload: [1, 1, 0] });
			assert.equal(bench.session.online, false);
			for (let i = 0; i < 2; i++) client.control({ operation: 9, id, payload: [1, 1, 0] });
			assert.deepEqual(bench.take(), ["online false"]);
			assert.equal(bench.session.online, true);
		});
		it("are made again once a day at the least while our own online does not come back", () => {
			const bench = new Bench({ subscriptions, deadlines: { hear: 86_400_000 } });
			const client = bench.establish();
			for (let i = 0; i < 3; i++) {
				bench.clock.advance(86_400_000);
				const lines = client.take();
				assert.match(lines[0] as string, /^SUBSCRIBE/);
				client.acknowledge(Number(lines[0]?.split(" ")[1]) + 1);
			}
		});
		it("that are made again wait for room", () => {
			const bench = new Bench({ subscriptions, deadlines: { hear: 30_000 } });
			const client = bench.establish();
			client.writable(0);
			bench.clock.advance(30_000);
			assert.deepEqual(client.take(), []);
			client.writable(1000);
			assert.match(client.take()[0] as string, /^SUBSCRIBE/);
		});
		it("do not keep a session from closing whose SUBACK comes in its last second", () => {
			const bench = new Bench({ subscriptions, deadlines: { hear: 30_000 } });
			const client = bench.establish();
			client.take();
			bench.clock.advance(30_000);
			const id = Number(client.take()[0]?.split(" ")[1]);
			bench.take();
			bench.session.close();
			client.control({ operation: 9, id, payload: [1, 1, 0] });
			bench.clock.advance(1000);
			assert.deepEqual(bench.take(), []);
		});
		it("are not made again in the last second of a session, though our own online has not come back", () => {
			const bench = new Bench({ subscriptions, deadlines: { hear: 30_000 } });
			const client = bench.establish();
			bench.clock.advance(29_500);
			let parted: boolean | undefined;
			bench.session.close(result => {
				parted = result;
			});
			client.take();
			bench.clock.advance(500);
			assert.deepEqual(client.take(), []);
			bench.clock.advance(500);
			assert.equal(parted, false);
			assert.equal(bench.clock.pending, 0);
		});
		it("are not made again for the status that the broker has refused to send", () => {
			const bench = new Bench({ subscriptions, deadlines: { hear: 30_000 } });
			const client = bench.connect();
			client.accept();
			client.grant(topic => (topic.endsWith("status") ? 0x80 : 1));
			client.acknowledge();
			client.take();
			bench.clock.advance(600_000);
			assert.deepEqual(client.take(), []);
		});
	});

	describe("network", () => {
		it("that comes up is tried at once, though the back-off is long", () => {
			const bench = new Bench({ random: () => 0.999_999_9 });
			for (let i = 0; i < 8; i++) bench.connect().fail();
			const count = bench.clients.length;
			bench.clock.advance(5000);
			assert.equal(bench.clients.length, count);
			bench.session.networkUp();
			bench.clock.advance(0);
			assert.equal(bench.clients.length, count + 1);
		});
		it("that comes up is tried after a share of the spread, so that a site's boards do not arrive as one", () => {
			const bench = new Bench({ backoff: { spread: 20_000 } });
			assert.equal(bench.clients.length, 0);
			bench.clock.advance(9999);
			assert.equal(bench.clients.length, 0, "nor is the first try at once");
			bench.clock.advance(1);
			assert.equal(bench.clients.length, 1);
			bench.client.fail();
			bench.session.networkDown();
			bench.clock.advance(60_000);
			bench.client.fail();
			bench.session.networkDown();
			bench.clock.advance(5000);
			const { length } = bench.clients;
			bench.session.networkUp();
			bench.clock.advance(9999);
			assert.equal(bench.clients.length, length);
			bench.clock.advance(1);
			assert.equal(bench.clients.length, length + 1);
		});
		it("that is not there at the start is not tried before its deadline, nor before it comes", () => {
			let tell: (up: boolean) => void = () => {};
			const watch = (changed: (up: boolean) => void) => {
				tell = changed;
				changed(false);
			};
			const bench = new Bench({ watch });
			bench.clock.advance(59_999);
			assert.deepEqual([bench.clients.length, bench.session.state], [0, State.Waiting]);
			tell(true);
			bench.clock.advance(0);
			assert.equal(bench.clients.length, 1);
			const patient = new Bench({ watch });
			patient.clock.advance(60_000);
			assert.equal(patient.clients.length, 1);
		});
		it("that is not there is tried against the host's word without end, and no other call ends such a try", () => {
			const bench = new Bench({ watch: changed => changed(false) });
			for (let i = 0; i < 5; i++) {
				const client = bench.connect();
				bench.session.resume();
				bench.clock.advance(100);
				assert.equal(client.closed, false);
				client.fail();
			}
			assert.equal(bench.establish().closed, false);
		});
		it("that is said to be gone again and again is tried at its deadline all the same", () => {
			const bench = new Bench();
			bench.connect().fail();
			for (let passed = 0; passed < 60_000; passed += 5000) {
				assert.equal(bench.clients.length, 1);
				bench.session.networkDown();
				bench.clock.advance(5000);
			}
			assert.equal(bench.clients.length, 2);
		});
		it("that goes while the session says farewell does not cut that short", () => {
			const bench = new Bench();
			const client = bench.establish();
			bench.session.close();
			bench.session.networkDown();
			bench.clock.advance(0);
			assert.equal(client.closed, false);
			bench.clock.advance(1000);
			assert.equal(client.closed, true);
		});
		it("that a try has found, is, against the host's word, not taken for gone later", () => {
			const watch = (changed: (up: boolean) => void) => changed(false);
			const bench = new Bench({ watch, queueBytes: 1 });
			bench.clock.advance(60_000);
			bench.client.accept();
			bench.client.grant();
			assert.equal(bench.session.online, true);
			// Something that is told in a later turn.
			bench.client.acknowledge();
			for (let i = 0; i < 30; i++) bench.session.publish("a", "x".repeat(100), { QoS: 1 });
			bench.clock.advance(0);
			assert.ok(bench.take().some(line => line.startsWith(`report ${Report.full}`)));
			assert.equal(bench.session.online, true);
		});
		it("that flaps causes no two tries within a second", () => {
			const bench = new Bench();
			bench.connect().fail();
			for (let i = 0; i < 9; i++) {
				bench.session.networkDown();
				bench.session.networkUp();
				bench.clock.advance(100);
			}
			assert.equal(bench.clients.length, 1);
			bench.clock.advance(100);
			assert.equal(bench.clients.length, 2);
		});
		it("that goes and comes in one turn ends no connection", () => {
			const bench = new Bench();
			const client = bench.establish();
			bench.session.networkDown();
			bench.session.networkUp();
			bench.clock.advance(0);
			assert.equal(client.closed, false);
		});
		it("that comes up does not end a try that has just begun", () => {
			const bench = new Bench();
			const client = bench.connect();
			bench.clock.advance(999);
			bench.session.networkUp();
			bench.clock.advance(0);
			assert.equal(client.closed, false);
		});
		it("that comes up is tried at the preferred broker first", () => {
			const bench = new Bench({ brokers: ["a", "b"].map(host => ({ host, port: 1883 })) });
			bench.connect().fail();
			bench.session.networkUp();
			assert.equal(bench.connect().options.host, "a");
		});
		it("that comes up supersedes a try from before", () => {
			const bench = new Bench();
			const first = bench.connect();
			bench.clock.advance(5000);
			bench.session.networkUp();
			bench.clock.advance(0);
			assert.equal(first.closed, true);
			assert.equal(bench.clients.length, 2);
		});
		it("that flaps is tried again within the back-off's minimum, however many days the last try is ago", () => {
			for (const start of [1000, 2 ** 31 - 1000, 2 ** 32 - 1000])
				for (const days of [1, 24, 25, 30, 40, 49, 50, 74, 120]) {
					const bench = new Bench();
					bench.clock.now = start;
					bench.establish();
					bench.clock.now += days * 86_400_000;
					bench.session.networkDown();
					bench.clock.advance(0);
					bench.session.networkUp();
					bench.clock.advance(1000);
					assert.equal(bench.clients.length, 2, `${days} days after the last try`);
				}
		});
		it("that goes ends the connection, outside of the call that says so, and is not tried before its deadline", () => {
			const bench = new Bench();
			const client = bench.establish();
			bench.take();
			bench.session.networkDown();
			assert.deepEqual(bench.take(), []);
			bench.clock.advance(0);
			assert.deepEqual(bench.take(), [`offline ${Reason.network}`]);
			assert.equal(client.closed, true);
			assert.equal(bench.session.state, State.Waiting);
			bench.clock.advance(59_999);
			assert.equal(bench.clients.length, 1);
			bench.clock.advance(1);
			assert.equal(bench.clients.length, 2, "the host may have missed that it came up");
		});
	});

	describe("status", () => {
		it("is published again when our own offline comes while connected: a late will", () => {
			const bench = new Bench();
			const client = bench.establish();
			bench.take();
			client.deliver("desk-1/status", "offline");
			assert.deepEqual(client.take(), ["desk-1/status 1r #3 online"]);
			assert.deepEqual(bench.take(), [`report ${Report.lateWill} desk-1/status`]);
			client.deliver("desk-1/status", "online");
			assert.deepEqual(client.take(), []);
			assert.equal(bench.session.counters.lateWills, 1);
		});
		it("is not contradicted by a retained copy, which answers the SUBSCRIBE before it: it ends online", () => {
			const bench = new Bench();
			const client = bench.connect();
			client.accept();
			client.grant();
			client.deliver("desk-1/status", "offline", { retain: true });
			assert.equal(client.lines.at(-1), "desk-1/status 1r #2 online");
			assert.deepEqual(bench.take(), ["online false"]);
			assert.equal(bench.session.counters.lateWills, 0);
			client.deliver("desk-1/status", "offline");
			assert.equal(client.lines.at(-1), "desk-1/status 1r #3 online");
			assert.equal(bench.session.counters.lateWills, 1);
		});
		it("is left to the application as well where it asked for it", () => {
			const bench = new Bench({ subscriptions: [{ topic: "desk-1/status", QoS: 1 }] });
			const client = bench.establish();
			bench.take();
			client.deliver("desk-1/status", "online");
			assert.deepEqual(bench.take(), ["message desk-1/status 0 online"]);
		});
		it("is not answered while closing", () => {
			const bench = new Bench();
			const client = bench.establish();
			bench.session.close();
			client.take();
			client.deliver("desk-1/status", "offline");
			assert.deepEqual(client.take(), []);
		});
	});

	it("suspects a second client of its id after three brief connections, without resetting the back-off", () => {
		const bench = new Bench({ random: () => 0.999_999_9 });
		for (let i = 0; i < 3; i++) {
			bench.establish().fail();
			const suspected = bench.take().filter(line => line.startsWith(`report ${Report.duplicateSuspected}`));
			assert.deepEqual(suspected, i === 2 ? [`report ${Report.duplicateSuspected} desk-1`] : []);
		}
		bench.clock.advance(7999);
		assert.equal(bench.clients.length, 3);
		bench.clock.advance(1);
		assert.equal(bench.clients.length, 4);
	});
	it("tells of a second client within seconds, and not when it is the broker that stops", () => {
		const bench = new Bench();
		const suspected = () =>
			bench.take().filter(line => line.startsWith(`report ${Report.duplicateSuspected}`)).length;
		bench.establish();
		bench.clock.advance(3_600_000);
		const began = bench.clock.now;
		for (let kicks = 0; kicks < 3; kicks++) {
			bench.client.fail();
			bench.establish(true);
		}
		assert.equal(suspected(), 1);
		assert.ok(bench.clock.now - began < 20_000);
		for (let restarts = 0; restarts < 9; restarts++) {
			bench.client.fail();
			bench.connect().fail(); // it is not back yet
			bench.establish(true);
		}
		assert.equal(suspected(), 0);
	});
	it("is not disturbed by a jump of the wall clock, nor by ticks that wrap", () => {
		const bench = new Bench();
		bench.clock.now = 2 ** 31 - 2000;
		bench.establish();
		bench.clock.time += 10 * 365 * 86_400_000;
		bench.clock.advance(30_000);
		bench.clock.time -= 20 * 365 * 86_400_000;
		bench.clock.advance(30_000);
		assert.equal(bench.session.online, true);
		bench.client.fail();
		bench.clock.advance(1500);
		assert.equal(bench.clients.length, 2);
	});
	it("makes no more timers, and keeps no more messages, over 1000 reconnects", () => {
		const bench = new Bench({ subscriptions });
		let pending = 0;
		for (let i = 0; i < 1000; i++) {
			bench.establish(i % 2 === 0);
			bench.session.publish("a", "1", { QoS: 1, durable: true });
			bench.client.acknowledge();
			bench.client.fail();
			bench.take();
			if (i === 10) pending = bench.clock.pending;
		}
		assert.equal(bench.clock.pending, pending);
		assert.equal(bench.outbox.length, 0);
		assert.equal(bench.session.counters.connects, 1000);
	});
});

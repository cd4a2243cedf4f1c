/** Sessions, retained messages and delivery at the local AWS IoT Core, and the whims of its strictness. Titles end with the page. */

import assert from "node:assert/strict";
import type { IPublishPacket } from "mqtt-packet";
import { matches } from "../../hosts/desk/aws/filter.js";
import { World } from "./world.js";

const differences = "[mqtt.html#mqtt-differences]";
const sessions = "[mqtt.html#mqtt-persistent-sessions]";
const retained = "[mqtt.html#mqtt-retain]";

describe("the local AWS: filters", () => {
	for (const [filter, topic, expected] of [
		["a/#", "a/b", true],
		["a/#", "a/b/c", true],
		["a/#", "a/", true],
		["a/#", "a", false],
		["#", "a", true],
		["a/+", "a/b", true],
		["a/+", "a", false],
		["a/+/c", "a/b/c", true],
		["+", "a/b", false],
		["#", "$aws/events", false],
		["+/events", "$aws/events", false],
		["$aws/+", "$aws/events", true],
		["A", "a", false],
	] as const)
		it(`${filter} ${expected ? "matches" : "does not match"} ${topic} [topics.html#topicfilters]`, () =>
			assert.equal(matches(filter, topic), expected));
});

describe("the local AWS: delivery", () => {
	const world = new World();
	afterEach(() => world.close());

	it(`hands a retained message to a filter that is its topic, with RETAIN, and to no wildcard ${retained}`, async () => {
		await world.open();
		world.aws.publish("a/b", "kept", { qos: 1, retain: true });
		const one = await world.client("one");
		await one.subscribe("a/+", "a/#", "#");
		assert.deepEqual(await one.topics(), []);
		await one.subscribe("a/b");
		assert.deepEqual(await one.message(), {
			topic: "a/b",
			payload: "kept",
			qos: 1,
			retain: true,
			dup: false,
		});
	});

	it("hands what is retained to the wildcards of the desk's page, which could list it [API_iotdata_ListRetainedMessages.html]", async () => {
		await world.open();
		world.aws.publish("a/b", "kept", { retain: true });
		const credentials = await world.aws.claim("page", ["everything"]);
		world.aws.oversee(credentials);
		const page = await world.client("page", {}, { credentials });
		await page.subscribe("#");
		assert.equal((await page.message()).payload, "kept");
	});

	it(`hands what is retained after the subscription on without RETAIN, and forgets it for an empty one ${retained}`, async () => {
		await world.open();
		const one = await world.client("one");
		await one.subscribe("a/b");
		await one.deliver("a/b", "x", { retain: true });
		assert.equal((await one.message()).retain, false);
		await one.deliver("a/b", "", { retain: true });
		assert.equal((await one.message()).payload, "");
		assert.equal(world.aws.retained("a/b"), undefined);
	});

	it(`resumes a session: subscriptions, what waits, and what was not acknowledged, with DUP ${sessions}`, async () => {
		await world.open();
		const first = await world.client("one", { clean: false });
		await first.subscribe("a/b");
		world.aws.publish("a/b", "in flight", { qos: 1 });
		const { messageId } = await first.next("publish");
		await first.disconnect();
		world.aws.publish("a/b", "waits", { qos: 1 });
		world.aws.publish("a/b", "is gone", { qos: 0 });
		world.clock.advance(1000);
		const line = await world.line("one");
		line.connect({ clientId: "one", clean: false });
		assert.equal(((await line.next("connack")) as { sessionPresent: boolean }).sessionPresent, true);
		const again = (await line.next("publish")) as IPublishPacket;
		assert.deepEqual([again.payload.toString(), again.dup, again.messageId], ["in flight", true, messageId]);
		line.acknowledge(again);
		const { payload, dup } = await line.message();
		assert.deepEqual([payload, dup], ["waits", false]);
		assert.deepEqual(await line.topics(), []);
	});

	it(`hands stored messages over at ten a second, what is new at once ${sessions}`, async () => {
		await world.open();
		const first = await world.client("one", { clean: false });
		await first.subscribe("a/+");
		await first.disconnect();
		for (let count = 1; count <= 25; ++count) world.aws.publish(`a/${count}`, "", { qos: 1 });
		world.clock.advance(1000);
		const one = await world.client("one", { clean: false });
		world.aws.publish("a/new", "", { qos: 1 });
		const topics = await one.topics();
		assert.equal(topics.length, 11);
		assert.equal(topics.at(-1), "a/new");
		await one.settled();
		world.clock.advance(1000);
		assert.equal((await one.topics()).length, 10);
		world.clock.advance(1000);
		assert.equal((await one.topics()).length, 5);
	});

	it(`keeps a session for an hour after its connection ${sessions}`, async () => {
		await world.open();
		const first = await world.client("one", { clean: false });
		await first.subscribe("a");
		await first.disconnect();
		world.clock.advance(3_599_999);
		assert.deepEqual(world.aws.session("one")?.filters, ["a"]);
		world.clock.advance(1);
		assert.equal(world.aws.session("one"), undefined);
	});

	it(`keeps an expired session for up to half an hour more ${sessions}`, async () => {
		await world.open({ strict: { late: 1 } });
		await (await world.client("one", { clean: false })).disconnect();
		world.clock.advance(3_600_000);
		assert.ok(world.aws.session("one"));
		world.clock.advance(1_800_000);
		assert.equal(world.aws.session("one"), undefined);
	});

	it(`ends the session for a CONNECT with cleanSession ${sessions}`, async () => {
		await world.open();
		const first = await world.client("one", { clean: false });
		await first.subscribe("a");
		await first.disconnect();
		world.clock.advance(1000);
		await world.client("one", { clean: true });
		assert.deepEqual(world.aws.session("one")?.filters, []);
	});

	it("keeps a session of MQTT 5 for as long as it asks, a week at most [mqtt.html#mqtt5]", async () => {
		await world.open();
		const properties = { sessionExpiryInterval: 60 };
		await (await world.client("one", { clean: false, properties }, { version: 5 })).disconnect();
		world.clock.advance(59_999);
		assert.ok(world.aws.session("one"));
		world.clock.advance(1);
		assert.equal(world.aws.session("one"), undefined);
	});

	it("publishes the will of a client that is ended or lost, and of none that says goodbye [MQTT-3.1.2-8]", async () => {
		await world.open();
		const watcher = await world.client("watcher");
		await watcher.subscribe("will/+");
		const will = (topic: string) => ({ will: { topic, payload: "x", qos: 1, retain: false } as const });
		const [ended, lost, polite] = [
			await world.client("ended", will("will/ended")),
			await world.client("lost", will("will/lost")),
			await world.client("polite", will("will/polite")),
		];
		world.aws.endConnection("ended");
		await ended.ended();
		assert.equal((await watcher.message()).topic, "will/ended");
		lost.kill();
		assert.equal((await watcher.message()).topic, "will/lost");
		await polite.disconnect();
		assert.deepEqual(await watcher.topics(), []);
	});

	it(`sends a message again on the same connection until it is acknowledged ${differences}`, async () => {
		await world.open();
		const one = await world.client("one", { keepalive: 1200 });
		await one.subscribe("a");
		world.aws.publish("a", "x", { qos: 1 });
		const first = await one.next("publish");
		world.clock.advance(20_000);
		const again = (await one.next("publish")) as IPublishPacket;
		assert.deepEqual([again.messageId, again.dup], [first.messageId, true]);
		one.acknowledge(again);
		await one.settled();
		world.clock.advance(20_000);
		assert.deepEqual(await one.topics(), []);
	});

	it("gives a message up after an hour [iot-core.html#message-broker-limits]", async () => {
		await world.open();
		const one = await world.client("one", { keepalive: 1200, clean: false });
		await one.subscribe("a");
		world.aws.publish("a", "x", { qos: 1 });
		await one.next("publish");
		for (let minute = 0; minute < 60; ++minute) {
			world.clock.advance(60_000);
			await one.settled();
		}
		assert.equal(world.aws.session("one")?.inFlight, 0);
	});

	it(`sends again under another identifier, with DUP or without, when it is strict ${differences}`, async () => {
		const seen = new Set<boolean>();
		await world.open({ strict: { renumber: 1, unmarked: 0.5 }, seed: 3 });
		const one = await world.client("one", { keepalive: 1200 });
		await one.subscribe("a");
		for (let count = 0; count < 10; ++count) {
			world.aws.publish("a", `${count}`, { qos: 1 });
			const first = await one.next("publish");
			world.clock.advance(20_000);
			const again = (await one.next("publish")) as IPublishPacket;
			assert.notEqual(again.messageId, first.messageId);
			assert.equal(again.payload.toString(), `${count}`);
			seen.add(again.dup);
			one.acknowledge(again);
			await one.settled();
		}
		assert.deepEqual([...seen].sort(), [false, true]);
	});

	it(`repeats messages of QoS 0 and 1 when it is strict, QoS 0 never with DUP ${differences}`, async () => {
		await world.open({ strict: { repeat: 1, delay: 10 } });
		const one = await world.client("one");
		await one.subscribe("a");
		for (const qos of [0, 1] as const) {
			world.aws.publish("a", `${qos}`, { qos });
			const first = (await one.next("publish")) as IPublishPacket;
			if (qos) one.acknowledge(first);
			world.clock.advance(10);
			const again = await one.message();
			assert.equal(again.payload, `${qos}`);
			assert.equal(again.dup && !qos, false);
		}
	});

	it(`lets messages overtake each other when it is strict, and loses none ${differences}`, async () => {
		await world.open({ strict: { reorder: 0.5, delay: 100 }, seed: 5 });
		const one = await world.client("one");
		await one.subscribe("a");
		const sent = Array.from({ length: 20 }, (_, index) => `${index}`);
		for (const payload of sent) world.aws.publish("a", payload, { qos: 1 });
		world.clock.advance(100);
		const came: string[] = [];
		while (came.length < sent.length) came.push((await one.message()).payload);
		assert.notDeepEqual(came, sent);
		assert.deepEqual([...came].sort(), [...sent].sort());
	});

	it(`may be late with PUBACK when it is strict, and forgets none ${differences}`, async () => {
		await world.open({ strict: { reorder: 0.5, delay: 100 }, seed: 5 });
		const one = await world.client("one");
		const ids = Array.from({ length: 20 }, () => one.publish("a", ""));
		await one.settled();
		world.clock.advance(100);
		const came: number[] = [];
		while (came.length < ids.length) came.push((await one.next("puback")).messageId as number);
		assert.notDeepEqual(came, ids);
		assert.deepEqual(
			came.sort((a, b) => a - b),
			ids,
		);
	});

	it(`may take a while from SUBACK to the first message when it is strict ${differences}`, async () => {
		await world.open({ strict: { subscribing: 1000 }, seed: 2 });
		const one = await world.client("one");
		await one.subscribe("a");
		world.aws.publish("a", "early", { qos: 1 });
		world.clock.advance(1000);
		world.aws.publish("a", "late", { qos: 1 });
		assert.equal((await one.message()).payload, "late");
	});

	it("does the same for the same seed", async () => {
		const runs: string[][] = [];
		for (let run = 0; run < 2; ++run) {
			await world.open({ strict: { reorder: 0.5, repeat: 0.5, delay: 100 }, seed: 11 });
			const one = await world.client("one");
			await one.subscribe("a");
			for (let count = 0; count < 10; ++count) world.aws.publish("a", `${count}`);
			world.clock.advance(100);
			await one.settled();
			runs.push(one.packets.flatMap(packet => (packet.cmd === "publish" ? [packet.payload.toString()] : [])));
			await world.close();
		}
		assert.deepEqual(runs[0], runs[1]);
	});

	it("hands a direct message to a client that has not subscribed to its topic [API_SendDirectMessage.html]", async () => {
		await world.open();
		const one = await world.client("one");
		assert.equal(world.aws.directMessage("one", "never/subscribed", "x"), true);
		assert.equal((await one.message()).topic, "never/subscribed");
		assert.equal(world.aws.directMessage("none", "a", "x"), false);
	});

	it("ends connections by itself: after days, or minutes when it is strict [iot-core.html#message-broker-limits]", async () => {
		await world.open({ strict: { life: [60_000, 60_000] } });
		const one = await world.client("one");
		world.clock.advance(59_999);
		assert.deepEqual(world.aws.connections, ["one"]);
		world.clock.advance(1);
		await one.ended();
		assert.equal(world.events.at(-1)?.reason, "SERVER_INITIATED_DISCONNECT");
	});

	it("takes topic aliases of MQTT 5, eight of them, and hands the topic on [mqtt.html#mqtt5]", async () => {
		await world.open();
		const one = await world.client("one", {}, { version: 5 });
		await one.subscribe("a/b");
		await one.deliver("a/b", "first", { properties: { topicAlias: 8 } });
		await one.deliver("", "second", { properties: { topicAlias: 8 } });
		assert.equal((await one.message()).topic, "a/b");
		assert.deepEqual((await one.message()).payload, "second");
		one.publish("", "", { properties: { topicAlias: 9 } });
		await one.ended();
	});

	it("says why to MQTT 5 before it ends the connection [mqtt.html#mqtt5-reason-codes]", async () => {
		await world.open();
		const one = await world.client("one", {}, { version: 5 });
		world.aws.takeOver("one");
		assert.equal(((await one.next("disconnect")) as { reasonCode: number }).reasonCode, 0x8e);
		await one.ended();
	});
});

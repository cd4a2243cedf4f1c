/** The quotas of one connection at the local AWS IoT Core. Each title ends with the page that the rule is from. */

import assert from "node:assert/strict";
import { keepAlive, topicProblem } from "../../hosts/desk/aws/limits.js";
import { type Client, World } from "./world.js";

const quotas = "[iot-core.html#message-broker-limits]";

describe("the local AWS: limits", () => {
	const world = new World();
	let one: Client;
	beforeEach(async () => {
		await world.open();
		one = await world.client("one");
	});
	afterEach(() => world.close());

	const reason = () => world.events.at(-1)?.reason;
	const detail = () => world.events.at(-1)?.detail ?? "";

	it(`takes a payload of 128 KiB and ends the connection for one byte more ${quotas}`, async () => {
		await one.deliver("a", Buffer.alloc(128 * 1024));
		one.publish("a", Buffer.alloc(128 * 1024 + 1));
		await one.ended();
		assert.match(detail(), /131073 bytes/);
	});

	it(`takes seven slashes in a topic and ends the connection for eight ${quotas}`, async () => {
		await one.deliver("a/b/c/d/e/f/g/h", "");
		one.publish("a/b/c/d/e/f/g/h/i", "");
		await one.ended();
		assert.match(detail(), /8 slashes/);
	});

	it(`takes 256 bytes of UTF-8 in a topic and ends the connection for more ${quotas}`, async () => {
		await one.deliver("é".repeat(128), "");
		one.publish(`${"é".repeat(128)}a`, "");
		await one.ended();
		assert.match(detail(), /257 bytes/);
	});

	it(`counts slashes and bytes of a filter as well ${quotas}`, async () => {
		one.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a/b/c/d/e/f/g/h/#", qos: 1 }] });
		await one.ended();
		assert.match(detail(), /8 slashes/);
	});

	it("does not count $aws/rules/NAME [iot-basic-ingest.html]", () => {
		assert.equal(topicProblem("$aws/rules/lake/a/b/c/d/e/f/g/h"), undefined);
		assert.match(topicProblem("$aws/rules/lake/a/b/c/d/e/f/g/h/i") ?? "", /8 slashes/);
		assert.equal(topicProblem(`$aws/rules/lake/${"x".repeat(256)}`), undefined);
	});

	it(`takes eight filters in a SUBSCRIBE and ends the connection for nine ${quotas}`, async () => {
		const filters = [..."abcdefgh"];
		assert.equal((await one.subscribe(...filters)).length, 8);
		one.send({
			cmd: "subscribe",
			messageId: 9,
			subscriptions: [...filters, "i"].map(topic => ({ topic, qos: 0 })),
		});
		await one.ended();
		assert.match(detail(), /9 filters/);
	});

	it(`refuses the 51st subscription of a connection in SUBACK ${quotas}`, async () => {
		for (let index = 0; index < 48; index += 8)
			await one.subscribe(...Array.from({ length: 8 }, (_, more) => `f/${index + more}`));
		assert.deepEqual(await one.subscribe("f/48", "f/49", "f/50"), [1, 1, 0x80]);
		assert.deepEqual(await one.subscribe("f/0"), [1]);
	});

	it("has no QoS 2: a publish ends the connection without PUBREC [mqtt.html#mqtt-differences]", async () => {
		one.publish("a", "", { qos: 2 });
		await one.ended();
		assert.deepEqual(one.packets, []);
		assert.equal(reason(), "CLIENT_ERROR");
	});

	it("has no QoS 2: a subscription ends the connection without SUBACK [mqtt.html#mqtt-differences]", async () => {
		one.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a", qos: 2 }] });
		await one.ended();
		assert.deepEqual(one.packets, []);
	});

	it(`discards the 101st publish of a second, without PUBACK ${quotas}`, async () => {
		for (let count = 1; count <= 101; ++count) one.publish("a", "", { messageId: count });
		await one.settled();
		assert.equal(one.packets.filter(({ cmd }) => cmd === "puback").length, 100);
		assert.equal(world.events.filter(({ type }) => type === "throttled").length, 1);
		one.packets.length = 0;
		world.clock.advance(1000);
		await one.deliver("a", "");
	});

	it(`discards what a throttled client publishes, and is as before when that is over ${quotas}`, async () => {
		world.aws.throttle("one", 3000);
		one.publish("a", "");
		await one.settled();
		assert.deepEqual(one.packets, []);
		world.clock.advance(3000);
		await one.deliver("a", "");
	});

	it("ends a silent connection after one and a half times its keep-alive [mqtt.html]", async () => {
		world.clock.advance(89_999);
		assert.deepEqual(world.aws.connections, ["one"]);
		world.clock.advance(1);
		await one.ended();
		assert.equal(reason(), "MQTT_KEEP_ALIVE_TIMEOUT");
	});

	for (const [asked, holds] of [
		[0, 1200],
		[1, 30],
		[30, 30],
		[60, 60],
		[1200, 1200],
		[1201, 1200],
	] as const)
		it(`holds a keep-alive of ${asked} s to be ${holds} s ${quotas}`, () =>
			assert.equal(keepAlive(asked), holds));

	it("ends the connection for a retained message on a reserved topic [mqtt.html#mqtt-retain]", async () => {
		one.publish("$aws/things/one/shadow/get", "", { retain: true });
		await one.ended();
		assert.match(detail(), /retained/);
	});

	for (const topic of [
		"$aws/anything",
		"$SYS/broker",
		"$aws/things/one/shadow/update/accepted",
		"$aws/things/one/jobs",
	])
		it(`ends the connection for a publish to ${topic} [reserved-topics.html]`, async () => {
			one.publish(topic, "{}");
			await one.ended();
			assert.match(detail(), /no publish/);
		});

	for (const filter of ["$aws/rules/lake/#", "$SYS/#", "$aws/anything"])
		it(`ends the connection for a subscription to ${filter} [reserved-topics.html]`, async () => {
			one.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos: 0 }] });
			await one.ended();
			assert.match(detail(), /no subscription/);
		});

	it("takes Basic Ingest with PUBACK for any rule, and hands it to no subscriber [iot-basic-ingest.html]", async () => {
		await one.subscribe("#", "+/+/+/+");
		await one.deliver("$aws/rules/lake/a/b", "drop");
		const [{ rule, topic, payload, client } = {}] = world.aws.ingested;
		assert.deepEqual([rule, topic, payload?.toString(), client], ["lake", "a/b", "drop", "one"]);
		assert.deepEqual(await one.topics(), []);
	});

	it("ends the connection for a second CONNECT, and for a packet that is none [MQTT-3.1.0-2]", async () => {
		one.connect({ clientId: "one" });
		await one.ended();
		const line = await world.line("two");
		line.sendBytes(Buffer.of(0, 0));
		await line.ended();
	});
});

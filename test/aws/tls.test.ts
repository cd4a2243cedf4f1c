/** TLS and CONNECT at the local AWS IoT Core: who gets in. Each title ends with the page that the rule is from. */

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificates, World } from "./world.js";

describe("the local AWS: TLS and CONNECT", () => {
	const world = new World();
	beforeEach(() => world.open());
	afterEach(() => world.close());

	it("gets a client with a registered certificate and SNI in [transport-security.html]", async () => {
		await world.client("one");
		assert.deepEqual(world.aws.connections, ["one"]);
	});

	it("ends a connection without SNI [transport-security.html]", async () => {
		const line = await world.line("one", { servername: "" });
		await line.ended();
		assert.match(world.events[0]?.detail ?? "", /SNI: no name/);
	});

	it("refuses a name in SNI that is not the endpoint's [transport-security.html]", async () => {
		await assert.rejects(world.line("one", { servername: "example.com" }));
		assert.match(world.events[0]?.detail ?? "", /SNI: no endpoint is called example.com/);
	});

	it("takes clients at the 443 with ALPN x-amzn-mqtt-ca [protocols.html]", async () => {
		await world.client("one", {}, { alpn: ["x-amzn-mqtt-ca"] });
		assert.deepEqual(world.aws.connections, ["one"]);
	});

	for (const alpn of [[], ["mqtt"], ["http/1.1"]])
		it(`takes none at the 443 with ALPN ${alpn.join() || "missing"} [protocols.html]`, async () => {
			await assert.rejects(async () => {
				const line = await world.line("one", { alpn });
				await line.ended();
				throw new Error("ended");
			});
			assert.deepEqual(world.aws.connections, []);
		});

	it("ends the connection of a certificate that is not active, at the next connect [device-certs-create.html]", async () => {
		const thing = await world.aws.thing("retired", { policies: ["everything"] });
		world.aws.setCertificate(thing.certificateId, "INACTIVE");
		const line = await world.line("retired", { credentials: thing });
		await line.ended();
		assert.match(world.events[0]?.detail ?? "", /not active/);
		world.aws.setCertificate(thing.certificateId, "ACTIVE");
		await world.client("retired", {}, { credentials: thing });
	});

	it("makes authority, things and certificates once, and finds them again", async () => {
		const before = await world.aws.thing("kept");
		const { pem } = world.aws.ca;
		await world.close();
		await world.open();
		const after = await world.aws.thing("kept");
		assert.deepEqual(after, before);
		assert.equal(world.aws.ca.pem, pem);
		assert.equal(readFileSync(after.files.certificate, "utf8"), after.certificatePem);
		assert.ok(existsSync(join(certificates(), "policies", "glowworm.json")));
	});

	it("keeps shadows, jobs and retained messages over a restart where it is told to", async () => {
		await world.close();
		const folder = mkdtempSync(join(tmpdir(), "aws-kept-"));
		try {
			for (const file of ["ca.pem", "ca.key", "endpoint.pem", "endpoint.key"])
				cpSync(join(certificates(), file), join(folder, file));
			const before = await world.open({ folder, keep: true });
			before.updateShadow("one", { state: { desired: { on: true } } });
			before.createJob({ jobId: "first", things: ["one"], document: {} });
			before.publish("a", "kept", { retain: true });
			await world.close();
			const after = await world.open({ folder, keep: true });
			assert.deepEqual(after.shadow("one")?.state, { desired: { on: true }, delta: { on: true } });
			assert.equal(after.job("first", "one")?.status, "QUEUED");
			assert.equal(after.retained("a")?.toString(), "kept");
		} finally {
			await world.close();
			rmSync(folder, { recursive: true, force: true });
		}
	});

	it("answers CONNACK 7 where the policy allows no connection under this id [mqtt.html#mqtt-differences]", async () => {
		const thing = await world.aws.thing("mine", { policies: ["glowworm"] });
		const line = await world.line("mine", { credentials: thing });
		line.connect({ clientId: "another" });
		assert.equal(((await line.next("connack")) as { returnCode: number }).returnCode, 7);
		await line.ended();
	});

	it("answers 135, not authorized, to MQTT 5 [mqtt.html#mqtt5-reason-codes]", async () => {
		const thing = await world.aws.thing("mine", { policies: ["glowworm"] });
		const line = await world.line("mine", { credentials: thing, version: 5 });
		line.connect({ clientId: "another" });
		assert.equal(((await line.next("connack")) as { reasonCode: number }).reasonCode, 0x87);
		await line.ended();
	});

	it("tells MQTT 5 its limits in CONNACK [mqtt.html#mqtt5]", async () => {
		const line = await world.line("five", { version: 5 });
		line.connect({ clientId: "five", keepalive: 5000 });
		const { properties } = (await line.next("connack")) as { properties?: { [name: string]: unknown } };
		assert.equal(properties?.maximumQoS, 1);
		assert.equal(properties?.receiveMaximum, 100);
		assert.equal(properties?.serverKeepAlive, 1200);
	});

	it("ends a connection that sends before CONNACK has come [mqtt.html#mqtt-differences]", async () => {
		const line = await world.line("one");
		line.send(
			{
				cmd: "connect",
				protocolId: "MQTT",
				protocolVersion: 4,
				clientId: "one",
				clean: true,
				keepalive: 60,
			},
			{ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a", qos: 0 }] },
		);
		await line.ended();
		assert.match(world.events.at(-1)?.detail ?? "", /subscribe before CONNACK/);
	});

	it("ends the older connection when another client has the same id [mqtt.html#mqtt-differences]", async () => {
		const first = await world.client("one");
		world.clock.advance(1000);
		await world.client("one");
		await first.ended();
		assert.equal(world.events.find(({ type }) => type === "disconnected")?.reason, "DUPLICATE_CLIENTID");
		assert.deepEqual(world.aws.connections, ["one"]);
	});

	it("takes one CONNECT a second with one client id, and answers no other [iot-core.html#message-broker-limits]", async () => {
		await world.client("one");
		const line = await world.line("one");
		line.connect({ clientId: "one" });
		await line.ended();
		assert.equal(line.packets.length, 0);
		assert.equal(world.events.at(-1)?.reason, "THROTTLED");
		world.clock.advance(1000);
		await world.client("one");
	});

	it("refuses an empty client id of MQTT 3.1.1, and one of more than 128 bytes [iot-core.html#message-broker-limits]", async () => {
		for (const clientId of ["", "x".repeat(129)]) {
			const line = await world.line("one");
			line.connect({ clientId });
			assert.equal(((await line.next("connack")) as { returnCode: number }).returnCode, 2);
			await line.ended();
		}
	});

	it("tells of connections on $aws/events/presence [life-cycle-events.html]", async () => {
		const watcher = await world.client("watcher");
		await watcher.subscribe("$aws/events/presence/connected/+", "$aws/events/presence/disconnected/+");
		const one = await world.client("one");
		const connected = await watcher.json("$aws/events/presence/connected/one");
		assert.equal(connected.eventType, "connected");
		await one.disconnect();
		const { clientInitiatedDisconnect, disconnectReason } = await watcher.json(
			"$aws/events/presence/disconnected/one",
		);
		assert.deepEqual([clientInitiatedDisconnect, disconnectReason], [true, "CLIENT_INITIATED_DISCONNECT"]);
	});
});

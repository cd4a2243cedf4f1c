/** The wire of the desk's broker, and the broker's faults: with MQTT.js on the other side. */

import assert from "node:assert/strict";
import { type EventEmitter, once as first } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { type Broker, startBroker } from "../../hosts/desk/broker.js";
import type { WireLine } from "../../hosts/desk/web/protocol.js";
import { Wire } from "../../hosts/desk/wire.js";

/** MQTT.js' types know Node's emitter by another name. */
const once = (client: mqtt.MqttClient, event: string) => first(client as unknown as EventEmitter, event);

describe("the desk's broker", () => {
	let broker: Broker;
	let wire: Wire;
	const clients: mqtt.MqttClient[] = [];
	beforeEach(async () => {
		wire = new Wire();
		broker = await startBroker({ host: "127.0.0.1", port: 0, tap: () => wire.connection() });
	});
	afterEach(async () => {
		for (const client of clients.splice(0)) await client.endAsync(true);
		await broker.close();
	});
	const connect = async (options: mqtt.IClientOptions = {}) => {
		const client = mqtt.connect(broker.url, { protocolVersion: 4, reconnectPeriod: 20, ...options });
		client.on("error", () => {});
		clients.push(client);
		await once(client, "connect");
		return client;
	};
	const short = ({ direction, packet, topic, answers }: WireLine) =>
		`${direction} ${packet}${topic ? ` ${topic}` : ""}${answers ? ` answers ${answers}` : ""}`;

	it("shows each packet, QoS 0, 1 and 2, with the acknowledgement joined to its publish", async () => {
		const client = await connect({ clientId: "board" });
		for (const qos of [0, 1, 2] as const) await client.publishAsync(`q/${qos}`, "x", { qos });
		assert.deepEqual(wire.lines.map(short), [
			"in CONNECT",
			"out CONNACK",
			"in PUBLISH q/0",
			"in PUBLISH q/1",
			"out PUBACK q/1 answers 4",
			"in PUBLISH q/2",
			"out PUBREC q/2 answers 6",
			"in PUBREL q/2 answers 6",
			"out PUBCOMP q/2 answers 6",
		]);
		assert.deepEqual(
			wire.lines.map(({ client }) => client),
			Array(9).fill("board"),
		);
	});

	it("names a client that brings no id by its number", async () => {
		for (const topic of ["a", "b"])
			await (await connect({ clientId: "" })).publishAsync(topic, "x", { qos: 1 });
		const publishes = wire.lines.filter(({ packet }) => packet === "PUBLISH");
		assert.deepEqual(
			publishes.map(({ client, topic }) => `${client} ${topic}`),
			["(no id) 1 a", "(no id) 2 b"],
		);
	});

	it("joins what a client acknowledges, too, and shows what is granted, flags and Session Present", async () => {
		const listener = await connect({ clientId: "listener" });
		await listener.subscribeAsync("a/#", { qos: 1 });
		const heard = once(listener, "message");
		const speaker = await connect({ clientId: "page-1" });
		await speaker.publishAsync("a/b", "hello", { qos: 1, retain: true });
		await heard;
		await listener.publishAsync("end", "", { qos: 1 });
		const lines = wire.lines
			.filter(({ topic }) => topic !== "end")
			.map(line => `${short(line)} ${line.text ?? ""}`.trim());
		assert.deepEqual(lines, [
			"in CONNECT clean session, keep-alive 60 s",
			"out CONNACK Session Present 0",
			"in SUBSCRIBE a/# (QoS 1)",
			"out SUBACK answers 3 granted 1",
			"out PUBLISH a/b hello",
			"in PUBACK a/b answers 5",
		]);
	});

	it("speaks MQTT 5 too, and shows it", async () => {
		const client = await connect({ clientId: "five", protocolVersion: 5 });
		await client.subscribeAsync("a/#", { qos: 1 });
		const heard = once(client, "message");
		await client.publishAsync("a/b", "x", { qos: 1, properties: { userProperties: { key: "value" } } });
		const [, , packet] = (await heard) as [string, Buffer, mqtt.IPublishPacket];
		assert.deepEqual({ ...packet.properties?.userProperties }, { key: "value" });
		await client.publishAsync("end", "", { qos: 1 });
		assert.deepEqual(wire.lines.filter(({ topic }) => topic !== "end").map(short), [
			"in CONNECT",
			"out CONNACK",
			"in SUBSCRIBE",
			"out SUBACK answers 3",
			"in PUBLISH a/b",
			"out PUBACK a/b answers 5",
			"out PUBLISH a/b",
			"in PUBACK a/b answers 7",
		]);
	});

	it("shows nothing of the page's own clients, and goes on where bytes are no MQTT", async () => {
		await (await connect({ clientId: "page-1" })).publishAsync("a", "x", { qos: 1 });
		assert.deepEqual(wire.lines, []);
		const hear = wire.connection();
		hear("in", Uint8Array.of(0, 0, 0));
		hear("in", Uint8Array.of(1, 2, 3));
		assert.deepEqual(wire.lines, []);
	});

	it("stopped, is away and keeps what it holds; started, it is back at the same port", async () => {
		const client = await connect({ clientId: "board", clean: false });
		await client.subscribeAsync("a", { qos: 1 });
		await client.publishAsync("shelf", "kept", { qos: 1, retain: true });
		const closed = once(client, "close");
		await broker.stop();
		await closed;
		assert.equal(broker.running, false);
		await broker.resume();
		const [connack] = (await once(client, "connect")) as [{ sessionPresent: boolean }];
		assert.equal(connack.sessionPresent, true);
		assert.deepEqual(
			(await broker.retained()).map(({ topic }) => topic),
			["shelf"],
		);
	});

	it("forgets its sessions and keeps what is retained", async () => {
		const client = await connect({ clientId: "board", clean: false });
		await client.publishAsync("shelf", "kept", { qos: 1, retain: true });
		await broker.forget();
		const [connack] = (await once(client, "connect")) as [{ sessionPresent: boolean }];
		assert.equal(connack.sessionPresent, false);
		const heard = once(client, "message");
		await client.subscribeAsync("shelf");
		assert.equal(String((await heard)[1]), "kept");
	});

	it("refuses boards with CONNACK 3 and takes who watches", async () => {
		const board = await connect({ clientId: "board" });
		broker.refuse(true);
		const [error] = (await once(board, "error")) as [{ code: number }];
		assert.equal(error.code, 3);
		await connect({ clientId: "page-1" });
		broker.refuse(false);
		await connect({ clientId: "board" });
	});

	it("tells each message that a client publishes, copies included", async () => {
		const topics: string[] = [];
		broker.onPublish = ({ topic }) => topics.push(topic);
		const client = await connect();
		await client.publishAsync("a", "x", { qos: 1 });
		await broker.forget();
		await once(client, "connect");
		await client.publishAsync("b", "x", { qos: 1 });
		assert.deepEqual(topics, ["a", "b"]);
	});

	it("with a file keeps what is retained, the subscriptions of a persistent session and what waits for it", async () => {
		const folder = mkdtempSync(join(tmpdir(), "glowworm-keep-"));
		const keep = join(folder, "broker.json");
		try {
			let kept = await startBroker({ host: "127.0.0.1", port: 0, keep });
			const options = { protocolVersion: 4, clientId: "board", clean: false } as const;
			const away = await mqtt.connectAsync(kept.url, options);
			await away.subscribeAsync("news/#", { qos: 1 });
			await away.endAsync();
			const speaker = await mqtt.connectAsync(kept.url, { protocolVersion: 4, clientId: "speaker" });
			await speaker.publishAsync("news/1", "while away", { qos: 1 });
			await speaker.publishAsync("shelf", Buffer.from([0, 255]), { qos: 1, retain: true });
			await speaker.endAsync();
			await kept.close();

			kept = await startBroker({ host: "127.0.0.1", port: 0, keep });
			const back = mqtt.connect(kept.url, options);
			const [[connack], [topic, payload]] = await Promise.all([once(back, "connect"), once(back, "message")]);
			assert.equal((connack as { sessionPresent: boolean }).sessionPresent, true);
			assert.deepEqual([topic, String(payload)], ["news/1", "while away"]);
			const heard = once(back, "message");
			await back.subscribeAsync("shelf");
			assert.deepEqual([...((await heard)[1] as Buffer)], [0, 255]);
			await back.endAsync();
			await kept.close();
			assert.equal(JSON.parse(readFileSync(keep, "utf8")).sessions[0].waiting.length, 0);
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	});

	it("says so when the file is none of its own, and starts nothing", async () => {
		const folder = mkdtempSync(join(tmpdir(), "glowworm-keep-"));
		const keep = join(folder, "broker.json");
		writeFileSync(keep, "nonsense");
		await assert.rejects(startBroker({ host: "127.0.0.1", port: 0, keep }), /JSON/);
		assert.equal(readFileSync(keep, "utf8"), "nonsense");
		rmSync(folder, { recursive: true, force: true });
	});
});

/** The way from the page to the broker: bytes pass, the broker's password does not reach the page, a reader only reads. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import WebSocket, { WebSocketServer } from "ws";
import { type BrokerAddress, bridge } from "../../hosts/desk/web/bridge.js";

/** A broker that only notes what it gets. */
class Deaf {
	readonly packets: Packet[] = [];
	readonly server: Server;
	socket: Socket | undefined;
	#wake: (() => void) | undefined;
	constructor() {
		this.server = createServer(socket => {
			this.socket = socket;
			const reader = parser({ protocolVersion: 4 });
			reader.on("packet", packet => {
				this.packets.push(packet);
				this.#wake?.();
			});
			socket.on("data", data => reader.parse(data));
		});
	}
	async packet(index: number): Promise<Packet> {
		while (this.packets.length <= index)
			await new Promise<void>(done => {
				this.#wake = done;
			});
		return this.packets[index] as Packet;
	}
}

describe("the bridge to the broker", () => {
	let broker: Deaf;
	let http: WebSocketServer;
	let port: number;
	const clients: WebSocket[] = [];
	beforeEach(async () => {
		broker = new Deaf();
		broker.server.listen(0, "127.0.0.1");
		await once(broker.server, "listening");
		port = (broker.server.address() as AddressInfo).port;
		http = new WebSocketServer({ port: 0, host: "127.0.0.1" });
		await once(http, "listening");
	});
	afterEach(async () => {
		for (const client of clients.splice(0)) client.terminate();
		for (const client of http.clients) client.terminate();
		http.close();
		broker.socket?.destroy();
		broker.server.close();
	});

	async function open(write: boolean, more: Partial<BrokerAddress> = {}): Promise<WebSocket> {
		http.once("connection", socket =>
			bridge(socket, { host: "127.0.0.1", port, secure: false, ...more }, write),
		);
		const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
		clients.push(client);
		await once(client, "open");
		return client;
	}
	const connect = (more: object = {}) =>
		generate({ cmd: "connect", clientId: "page-1", clean: true, keepalive: 60, ...more } as IConnectPacket);
	const publish = (payload: string | Buffer) =>
		generate({ cmd: "publish", topic: "a", payload, qos: 0, dup: false, retain: false });

	it("passes packets on, also where one comes in many messages, and many in one", async () => {
		const client = await open(true);
		const bytes = Buffer.concat([connect(), publish("one"), publish("two"), publish("three")]);
		for (const byte of bytes.subarray(0, 30)) client.send(Buffer.of(byte));
		client.send(bytes.subarray(30));
		const texts = [];
		for (const index of [1, 2, 3]) {
			const packet = await broker.packet(index);
			texts.push(packet.cmd === "publish" ? String(packet.payload) : packet.cmd);
		}
		assert.deepEqual(texts, ["one", "two", "three"]);
	});

	it("passes a payload of 10 MB on whole, both ways", async () => {
		const client = await open(true);
		client.send(connect());
		await broker.packet(0);
		const large = Buffer.alloc(10_000_000, "0123456789abcdef");
		const packet = publish(large);
		for (let at = 0; at < packet.byteLength; at += 60_000) client.send(packet.subarray(at, at + 60_000));
		const got = await broker.packet(1);
		assert.ok(got.cmd === "publish" && large.equals(got.payload as Buffer));

		let byteLength = 0;
		const whole = new Promise<void>(done => {
			client.on("message", (data: Buffer) => {
				byteLength += data.byteLength;
				if (byteLength === packet.byteLength) done();
			});
		});
		broker.socket?.write(packet);
		await whole;
	});

	it("puts the broker's user and password into CONNECT, unless the page brings its own", async () => {
		const client = await open(true, { user: "desk", password: "secret" });
		client.send(connect());
		const first = await broker.packet(0);
		assert.ok(first.cmd === "connect");
		assert.equal(first.username, "desk");
		assert.equal(String(first.password), "secret");
		client.send(connect({ username: "me", password: Buffer.from("mine") }));
		const second = await broker.packet(1);
		assert.ok(second.cmd === "connect");
		assert.equal(second.username, "me");
	});

	const refused: [title: string, bytes: Buffer][] = [
		["publishes", Buffer.concat([connect(), publish("x")])],
		["takes a board's place", connect({ clientId: "desk-1" })],
		["leaves a will", connect({ will: { topic: "a", payload: Buffer.from("x"), qos: 0, retain: true } })],
		["keeps a session", connect({ clean: false })],
	];
	for (const [title, bytes] of refused)
		it(`closes a reader's connection that ${title}, and hands none of that on`, async () => {
			const client = await open(false);
			client.send(bytes);
			const [code, reason] = (await once(client, "close")) as [number, Buffer];
			assert.equal(code, 4003);
			assert.match(reason.toString(), /^read only: /);
			assert.deepEqual(
				broker.packets.filter(({ cmd }) => cmd !== "connect"),
				[],
			);
		});

	it("lets a reader subscribe", async () => {
		const client = await open(false);
		client.send(connect());
		client.send(generate({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "#", qos: 0 }] }));
		assert.equal((await broker.packet(1)).cmd, "subscribe");
	});

	it("closes with the reason when what the page sends is no MQTT", async () => {
		const client = await open(true);
		client.send(Buffer.of(0, 0, 0, 0));
		const [code, reason] = (await once(client, "close")) as [number, Buffer];
		assert.equal(code, 4003);
		assert.match(reason.toString(), /^not MQTT: /);
	});

	it("closes when the broker does, and with the reason when there is none", async () => {
		const client = await open(true);
		client.send(connect());
		await broker.packet(0);
		broker.socket?.destroy();
		assert.equal((await once(client, "close"))[0], 4001);
		broker.server.close();
		const second = await open(true);
		const [code, reason] = (await once(second, "close")) as [number, Buffer];
		assert.equal(code, 4001);
		assert.match(reason.toString(), /ECONNREFUSED/);
	});
});

/**
 * A desk beside a broker that is not its own: Mosquitto behind TLS that wants a client's certificate. The page's client
 * gets there by the desk's, its account is counted by a persistent session, and that session ends with the desk.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { generate, parser } from "mqtt-packet";
import WebSocket from "ws";
import { type Broker, startBroker } from "../../hosts/desk/broker.js";
import { Desk } from "../../hosts/desk/desk.js";
import type { FromDesk, WireLine } from "../../hosts/desk/web/protocol.js";
import { brokers } from "../firmware/brokers.js";
import { Command } from "../firmware/command.js";
import { TLSBroker } from "../firmware/tlsbroker.js";
import { Authority } from "../hosts/certificates.js";

const root = "plant/7";

/** What the desk says on `/desk`, as it comes. */
async function listen(desk: Pick<Desk, "url">) {
	const origin = new URL(desk.url).origin;
	const socket = new WebSocket(`${origin.replace("http", "ws")}/desk`, { origin });
	const messages: FromDesk[] = [];
	let wake = () => {};
	socket.on("message", data => {
		messages.push(JSON.parse(String(data)));
		wake();
	});
	await once(socket, "open");
	return {
		async until(so: (message: FromDesk) => boolean): Promise<FromDesk> {
			for (;;) {
				const found = messages.find(so);
				if (found) return found;
				await new Promise<void>(done => {
					wake = done;
				});
			}
		},
		send: (value: object) => socket.send(JSON.stringify(value)),
		close: () => socket.terminate(),
	};
}

describe("the wire of a desk whose broker is elsewhere", function () {
	this.timeout(40_000);
	it("is what its boards say and hear, at a local AWS IoT Core too", async () => {
		const data = mkdtempSync(join(tmpdir(), "glowworm-elsewhere-"));
		const ports = ["--broker-port", "0", "--page-port", "0", "--engine", "node", "--quiet"];
		const command = Command.start("--data", data, "--aws", ...ports);
		try {
			const url = /page at (\S+)/.exec(await command.line(/page at/))?.[1] as string;
			const channel = await listen({ url });
			channel.send({ type: "watch", wire: true });
			const packet = async (name: string, so = (_line: WireLine) => true) => {
				const fits = (line: WireLine) => line.packet === name && line.client === "desk-1" && so(line);
				const message = await channel.until(message => message.type === "wire" && message.lines.some(fits));
				return message.type === "wire" && message.lines.find(fits);
			};
			assert.ok(await packet("CONNECT"));
			const status = await packet("PUBLISH", ({ topic = "" }) => topic.endsWith("/status"));
			assert.ok(status && status.direction === "in");
			const answer = await packet("PUBACK", ({ answers }) => answers === status.number);
			assert.ok(answer && answer.direction === "out");
			channel.close();
		} finally {
			await command.destroy();
			rmSync(data, { recursive: true, force: true });
		}
	});
});

describe("a desk beside a broker elsewhere", () => {
	let folder: string;
	let broker: Broker;
	let desk: Desk;
	beforeEach(async () => {
		folder = mkdtempSync(join(tmpdir(), "glowworm-elsewhere-"));
		broker = await startBroker({
			host: "127.0.0.1",
			port: 0,
			user: "desk",
			password: "secret",
			keep: join(folder, "broker.json"),
		});
		desk = new Desk({
			host: "127.0.0.1",
			port: 0,
			address: { host: "127.0.0.1", port: broker.port, secure: false, user: "desk", password: "secret" },
			name: broker.url,
			root,
		});
		await desk.open();
	});
	afterEach(async () => {
		await desk.close();
		await broker.close();
		rmSync(folder, { recursive: true, force: true });
	});

	/** A board whose alert the desk has counted. */
	async function counted(channel: Awaited<ReturnType<typeof listen>>) {
		const board = await mqtt.connectAsync(broker.url, {
			protocolVersion: 4,
			username: "desk",
			password: "secret",
		});
		// The desk subscribes on its own time: alerts are raised until one is counted.
		let seq = 0;
		const raising = setInterval(
			() => board.publish(`${root}/mill-1/alerts/hot`, `{"id":"1-${++seq}"}`, { qos: 1 }),
			20,
		);
		await channel.until(message => message.type === "account" && message.total.delivered > 0);
		clearInterval(raising);
		return board;
	}

	it("counts alerts of its root, tells nothing of the password, and refuses faults of that broker", async () => {
		const channel = await listen(desk);
		const hello = await channel.until(({ type }) => type === "hello");
		assert.equal(hello.type === "hello" && hello.own, false);
		assert.doesNotMatch(JSON.stringify(hello), /secret/);
		const board = await counted(channel);
		channel.send({ type: "broker", running: false });
		const failure = await channel.until(({ type }) => type === "failure");
		assert.equal(failure.type === "failure" && failure.reason, "the broker is not this desk's");
		channel.send({ type: "add", count: 1 });
		await channel.until(message => message.type === "failure" && /no virtual boards/.test(message.reason));
		channel.close();
		await board.endAsync();
	});

	it("leaves no session there when it ends", async () => {
		const channel = await listen(desk);
		const board = await counted(channel);
		channel.close();
		await board.endAsync();
		await desk.close();
		await broker.close();
		const { sessions } = JSON.parse(readFileSync(join(folder, "broker.json"), "utf8"));
		assert.deepEqual(sessions, []);
	});
});

const { missing } = brokers.find(({ name }) => name.startsWith("Mosquitto")) ?? {};

describe(`the page behind TLS${missing ? ` – pending: ${missing}` : ""}`, () => {
	it("reaches the broker by the desk's certificate, which it never sees", async function () {
		if (missing) this.skip();
		const folder = mkdtempSync(join(tmpdir(), "glowworm-elsewhere-"));
		const authority = new Authority("The broker's");
		const server = authority.issue({ name: "broker", names: ["localhost"] });
		const client = authority.issue({ name: "desk" });
		const broker = await TLSBroker.open(folder, authority, server);
		const tls = { ca: authority.certificate, clientCertificate: client.certificate, clientKey: client.key };
		const desk = new Desk({
			host: "127.0.0.1",
			port: 0,
			address: { host: "localhost", port: broker.port, secure: true, tls },
			name: `mqtts://localhost:${broker.port}`,
			root,
		});
		await desk.open();
		try {
			const { origin } = new URL(desk.url);
			const page = new WebSocket(`${origin.replace("http", "ws")}/mqtt`, "mqtt", { origin });
			await once(page, "open");
			const packets = parser({ protocolVersion: 4 });
			const connack = once(packets, "packet");
			page.on("message", (data: Buffer) => packets.parse(data));
			page.send(
				generate({
					cmd: "connect",
					clientId: "page-1",
					clean: true,
					keepalive: 60,
					protocolId: "MQTT",
					protocolVersion: 4,
				}),
			);
			const closed = once(page, "close").then(([, reason]) => assert.fail(String(reason)));
			const [packet] = await Promise.race([connack, closed]);
			assert.deepEqual([packet.cmd, packet.returnCode], ["connack", 0]);
			page.removeAllListeners("close").terminate();
		} finally {
			await desk.close();
			await broker.close();
			rmSync(folder, { recursive: true, force: true });
		}
	});
});

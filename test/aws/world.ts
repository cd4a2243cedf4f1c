/**
 * What the tests of the local AWS IoT Core share: one folder of certificates for the whole run, a clock that is moved by hand, and a
 * client that sends the packets it is told to, right or wrong, and keeps what comes.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { generate, type IConnectPacket, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import {
	type Aws,
	type AwsClock,
	type AwsEvent,
	type AwsOptions,
	type Credentials,
	openAws,
} from "../../hosts/desk/aws/aws.js";

/** Milliseconds for what is to happen at once. */
const patience = 5000;

/** Starts at a moment that is a whole second. */
export class TestClock implements AwsClock {
	#now = 1_750_000_000_000;
	#timers: { at: number; callback: () => void }[] = [];

	now(): number {
		return this.#now;
	}
	after(milliseconds: number, callback: () => void): () => void {
		const timer = { at: this.#now + milliseconds, callback };
		this.#timers.push(timer);
		return () => {
			this.#timers = this.#timers.filter(other => other !== timer);
		};
	}
	/** Calls what is due on the way, in its order. */
	advance(milliseconds: number): void {
		const end = this.#now + milliseconds;
		for (;;) {
			const due = this.#timers.filter(({ at }) => at <= end);
			const next = due.reduce<(typeof due)[0] | undefined>(
				(first, timer) => (first && first.at <= timer.at ? first : timer),
				undefined,
			);
			if (!next) break;
			this.#timers = this.#timers.filter(timer => timer !== next);
			this.#now = Math.max(this.#now, next.at);
			next.callback();
		}
		this.#now = end;
	}
}

let folder: string | undefined;

/** Certificates are slow to make: all tests of a run use the same. */
export function certificates(): string {
	if (folder === undefined) {
		const made = mkdtempSync(join(tmpdir(), "aws-"));
		folder = made;
		process.once("exit", () => rmSync(made, { recursive: true, force: true }));
	}
	return folder;
}

/** A local AWS, a clock for it, and clients that are closed with it. */
export class World {
	clock = new TestClock();
	readonly events: AwsEvent[] = [];
	readonly #clients: Client[] = [];
	#aws: Aws | undefined;

	get aws(): Aws {
		assert.ok(this.#aws);
		return this.#aws;
	}

	async open(options: Partial<AwsOptions> = {}): Promise<Aws> {
		this.clock = new TestClock();
		this.#aws = await openAws({
			folder: certificates(),
			clock: this.clock,
			onEvent: event => this.events.push(event),
			...options,
		});
		this.#aws.createPolicy("everything", {
			Version: "2012-10-17",
			Statement: [{ Effect: "Allow", Action: "iot:*", Resource: "*" }],
		});
		return this.#aws;
	}

	/** A connection without CONNECT. `id`: whose certificate; that thing may do everything. */
	async line(id = "one", options: LineOptions = {}): Promise<Client> {
		const credentials = options.credentials ?? (await this.aws.thing(id, { policies: ["everything"] }));
		const client = await Client.open(this.aws, credentials, options);
		this.#clients.push(client);
		return client;
	}

	/** A client that is online. */
	async client(
		id = "one",
		connect: Partial<IConnectPacket> = {},
		options: LineOptions = {},
	): Promise<Client> {
		const client = await this.line(id, options);
		client.connect({ clientId: id, ...connect });
		const { returnCode, reasonCode } = (await client.next("connack")) as {
			returnCode?: number;
			reasonCode?: number;
		};
		assert.equal(returnCode ?? reasonCode, 0);
		return client;
	}

	async close(): Promise<void> {
		for (const client of this.#clients.splice(0)) client.kill();
		await this.#aws?.close();
		this.#aws = undefined;
		this.events.length = 0;
	}
}

export interface LineOptions {
	readonly credentials?: Credentials;
	/** The 443. */
	readonly alpn?: readonly string[];
	readonly servername?: string;
	readonly version?: 4 | 5;
}

export class Client {
	/** What has come and was not asked for yet. */
	readonly packets: Packet[] = [];
	readonly #socket: TLSSocket;
	readonly #version: 4 | 5;
	#closed = false;
	#wake: (() => void)[] = [];
	#identifier = 0;

	private constructor(socket: TLSSocket, version: 4 | 5) {
		this.#socket = socket;
		this.#version = version;
		const packets = parser({ protocolVersion: version });
		packets.on("packet", packet => {
			this.packets.push(packet);
			this.#tell();
		});
		socket.on("data", bytes => packets.parse(bytes));
		socket.on("error", () => {});
		socket.on("close", () => {
			this.#closed = true;
			this.#tell();
		});
	}

	static async open(
		{ port, alpnPort, ca }: Aws,
		{ certificatePem, privateKeyPem }: Credentials,
		{ alpn, servername = "localhost", version = 4 }: LineOptions,
	): Promise<Client> {
		const socket = connect({
			host: "127.0.0.1",
			port: alpn ? alpnPort : port,
			servername,
			ca: ca.pem,
			cert: certificatePem,
			key: privateKeyPem,
			checkServerIdentity: () => undefined,
			...(alpn && { ALPNProtocols: [...alpn] }),
		});
		const client = new Client(socket, version);
		await once(socket, "secureConnect");
		return client;
	}

	connect(packet: Partial<IConnectPacket> & { readonly clientId: string }): void {
		this.send({
			cmd: "connect",
			protocolId: "MQTT",
			protocolVersion: this.#version,
			clean: true,
			keepalive: 60,
			...packet,
		});
	}

	/** At once, in one write where there are several. */
	send(...packets: Packet[]): void {
		const bytes = packets.map(packet => generate(packet, { protocolVersion: this.#version }));
		this.#socket.write(Buffer.concat(bytes));
	}
	sendBytes(bytes: Buffer): void {
		this.#socket.write(bytes);
	}

	/** Resolves with SUBACK's codes. */
	async subscribe(...filters: (string | readonly [filter: string, qos: 0 | 1 | 2])[]): Promise<number[]> {
		const subscriptions = filters.map(filter =>
			typeof filter === "string" ? { topic: filter, qos: 1 as const } : { topic: filter[0], qos: filter[1] },
		);
		this.send({ cmd: "subscribe", messageId: ++this.#identifier, subscriptions });
		return ((await this.next("suback")) as unknown as { granted: number[] }).granted;
	}

	publish(topic: string, payload: string | Buffer, more: Partial<IPublishPacket> = {}): number {
		const messageId = ++this.#identifier;
		this.send({
			cmd: "publish",
			topic,
			payload,
			qos: 1,
			dup: false,
			retain: false,
			messageId,
			...more,
		} as Packet);
		return messageId;
	}
	/** Resolves with its PUBACK. */
	async deliver(topic: string, payload: string | Buffer, more: Partial<IPublishPacket> = {}): Promise<void> {
		const messageId = this.publish(topic, payload, more);
		assert.equal((await this.next("puback")).messageId, messageId);
	}
	acknowledge({ messageId }: Packet): void {
		this.send({ cmd: "puback", messageId: messageId as number });
	}

	/** The next packet of that kind, acknowledged not. */
	async next(cmd: Packet["cmd"]): Promise<Packet> {
		return this.#await(() => {
			const index = this.packets.findIndex(packet => packet.cmd === cmd);
			return index < 0 ? undefined : this.packets.splice(index, 1)[0];
		}, cmd);
	}
	/** The next message, acknowledged: its topic, and its payload as text. */
	async message(): Promise<{ topic: string; payload: string; qos: number; retain: boolean; dup: boolean }> {
		const packet = (await this.next("publish")) as IPublishPacket;
		if (packet.qos) this.acknowledge(packet);
		const { topic, payload, qos, retain, dup } = packet;
		return { topic, payload: payload.toString(), qos, retain, dup };
	}
	/** The next message on this topic, as JSON. */
	async json(topic: string): Promise<{ [key: string]: unknown }> {
		const packet = await this.#await(() => {
			const index = this.packets.findIndex(packet => packet.cmd === "publish" && packet.topic === topic);
			return index < 0 ? undefined : (this.packets.splice(index, 1)[0] as IPublishPacket);
		}, topic);
		if (packet.qos) this.acknowledge(packet);
		return JSON.parse(packet.payload.toString());
	}
	/** The service has answered a PINGREQ: what came before that has come. */
	async settled(): Promise<void> {
		this.send({ cmd: "pingreq" });
		await this.next("pingresp");
	}
	/** The messages that are here now, acknowledged, as topics. */
	async topics(): Promise<string[]> {
		await this.settled();
		const topics: string[] = [];
		while (this.packets.some(({ cmd }) => cmd === "publish")) topics.push((await this.message()).topic);
		return topics;
	}
	/** The service has ended the connection. */
	async ended(): Promise<void> {
		await this.#await(() => this.#closed || undefined, "the end");
	}
	/** DISCONNECT, and its end. */
	async disconnect(): Promise<void> {
		this.send({ cmd: "disconnect" });
		await this.ended();
	}
	kill(): void {
		this.#socket.destroy();
	}

	async #await<T>(look: () => T | undefined, what: string): Promise<T> {
		const end = performance.now() + patience;
		for (;;) {
			const found = look();
			if (found !== undefined) return found;
			const left = end - performance.now();
			assert.ok(left > 0 && !this.#closed, `no ${what}${this.#closed ? ", the connection has ended" : ""}`);
			await new Promise<void>(resolve => {
				const late = setTimeout(resolve, left);
				this.#wake.push(() => {
					clearTimeout(late);
					resolve();
				});
			});
		}
	}
	#tell(): void {
		for (const wake of this.#wake.splice(0)) wake();
	}
}

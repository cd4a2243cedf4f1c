/**
 * The brokers the firmware is tested against: Aedes in this process; Mosquitto, RabbitMQ, NATS and VerneMQ as programs of
 * this machine (program.ts). Each on a free port of 127.0.0.1, each to be stopped and started again at the same port with its
 * sessions and retained messages, as after a restart with persistence. What a broker cannot do is stated here, and
 * brokers.test.ts checks that it is so.
 */

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import type { IClientOptions } from "mqtt";
import type { Credentials } from "../../hosts/node/tls.js";
import { closed, opened } from "./leftover.js";
import { mosquitto } from "./mosquitto.js";
import { nats } from "./nats.js";
import { rabbitmq } from "./rabbitmq.js";
import { vernemq } from "./vernemq.js";

export { mosquitto, program } from "./mosquitto.js";
export { freePort } from "./program.js";

export interface TestBroker {
	readonly port: number;
	readonly url: string;
	/** What a client needs to get in; nothing where it is missing. */
	readonly client?: IClientOptions;
	/** What a board of this id needs. */
	board?(id: string): Promise<{ readonly tls: Credentials; readonly description: object }>;
	/** Off the network: every connection ends, none is accepted. */
	stop(): Promise<void>;
	/** Back, at the same port. */
	start(): Promise<void>;
	close(): Promise<void>;
}

export interface BrokerKind {
	readonly name: string;
	/** Why it cannot run on this machine. */
	readonly missing?: string;
	/** A subscription with a wildcard is sent the retained messages that match [MQTT-3.3.1-6]. */
	readonly retainedToWildcards: boolean;
	/** The highest QoS it takes and delivers. */
	readonly QoS: 1 | 2;
	/** What it sends again after a reconnect has DUP [MQTT-3.3.1-1], and the identifier of the first time [MQTT-4.4.0-1]. */
	readonly redelivers: { readonly duplicate: boolean; readonly sameIdentifier: boolean };
	open(): Promise<TestBroker>;
}

class AedesBroker implements TestBroker {
	port = 0;
	#sockets = new Set<Socket>();
	#server: Server | undefined;
	#aedes: Aedes | undefined;

	get url() {
		return `mqtt://127.0.0.1:${this.port}`;
	}
	async start() {
		// Made once: it holds in memory what Mosquitto holds in its database.
		this.#aedes ??= await Aedes.createBroker();
		const { handle } = this.#aedes;
		this.#server = createServer(socket => {
			this.#sockets.add(socket);
			socket.once("close", () => this.#sockets.delete(socket));
			handle(socket);
		}).listen(this.port, "127.0.0.1");
		await once(this.#server, "listening");
		this.port = (this.#server.address() as AddressInfo).port;
	}
	async stop() {
		if (!this.#server) return;
		const closed = once(this.#server, "close");
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
		await closed;
		this.#server = undefined;
	}
	async close() {
		closed(this);
		await this.stop();
		await new Promise<void>(done => (this.#aedes ? this.#aedes.close(done) : done()));
	}
}

async function openAedes(): Promise<TestBroker> {
	const broker = new AedesBroker();
	opened(broker);
	await broker.start();
	return broker;
}

export const aedes: BrokerKind = {
	name: "Aedes",
	retainedToWildcards: true,
	QoS: 2,
	redelivers: { duplicate: false, sameIdentifier: true },
	open: openAedes,
};

export const brokers: readonly BrokerKind[] = [aedes, mosquitto, rabbitmq, nats, vernemq];

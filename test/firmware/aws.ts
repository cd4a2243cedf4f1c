/**
 * The local AWS IoT Core (hosts/desk/aws) as one more broker of the firmware's suite: mutual TLS, a thing and a certificate for each board,
 * the policy that is shipped. A relay of bytes in front of it is its network, so that it keeps its sessions when it is taken away.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IClientOptions } from "mqtt";
import { type Aws, openAws } from "../../hosts/desk/aws/aws.js";
import { loadCredentials } from "../../hosts/node/credentials.js";
import type { BrokerKind, TestBroker } from "./brokers.js";
import { closed, opened } from "./leftover.js";

class AwsBroker implements TestBroker {
	port = 0;
	readonly client: IClientOptions;
	readonly #aws: Aws;
	readonly #folder: string;
	readonly #sockets = new Set<Socket>();
	#server: Server | undefined;

	constructor(aws: Aws, folder: string, client: IClientOptions) {
		this.#aws = aws;
		this.#folder = folder;
		this.client = client;
	}
	get url() {
		return `mqtts://localhost:${this.port}`;
	}
	async board(id: string) {
		const { files } = await this.#aws.thing(id);
		return { tls: loadCredentials(files), description: { profile: "aws" } };
	}
	async start() {
		const server = createServer(socket => {
			const to = connect(this.#aws.port, "127.0.0.1");
			for (const [one, other] of [
				[socket, to],
				[to, socket],
			] as const) {
				this.#sockets.add(one);
				one.on("error", () => {});
				one.on("close", () => {
					this.#sockets.delete(one);
					other.destroy();
				});
				one.pipe(other);
			}
		});
		this.#server = server;
		await new Promise<void>(done => server.listen(this.port, "127.0.0.1", done));
		this.port = (server.address() as AddressInfo).port;
	}
	async stop() {
		const server = this.#server;
		this.#server = undefined;
		await new Promise<void>(done => {
			if (!server) return done();
			server.close(() => done());
			for (const socket of this.#sockets) socket.destroy();
		});
	}
	async close() {
		closed(this);
		await this.stop();
		await this.#aws.close();
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

/** `root`: of the boards' topics, for the policy. */
export const aws = (root: string): BrokerKind => ({
	name: "AWS IoT Core, a local one",
	retainedToWildcards: false,
	QoS: 1,
	redelivers: { duplicate: true, sameIdentifier: true },
	async open() {
		const folder = mkdtempSync(join(tmpdir(), "firmware-aws-"));
		const service = await openAws({ folder, root });
		service.createPolicy("everything", {
			Version: "2012-10-17",
			Statement: [{ Effect: "Allow", Action: "iot:*", Resource: "*" }],
		});
		const { files } = await service.claim("watcher", ["everything"]);
		const [ca, cert, key] = [files.ca, files.certificate, files.key].map(file => readFileSync(file));
		const broker = new AwsBroker(service, folder, { ca, cert, key } as IClientOptions);
		opened(broker);
		await broker.start();
		return broker;
	},
});

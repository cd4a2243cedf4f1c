/**
 * A strict local AWS IoT Core in the place of Mosquitto, for a campaign: it repeats, reorders, is late, ends connections and throttles. An
 * outage ends all connections and forgets nothing. It is reached without TLS, so that the tap can read what passes.
 */

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Aws, openAws, type Whims } from "../../hosts/desk/aws/aws.js";
import { strict } from "../../hosts/desk/aws/whims.js";

/** Minutes are short in a campaign: AWS ends a connection after seconds. */
const whims: Whims = { ...strict, life: [4000, 20_000] };

export class Cloud {
	readonly #options: { readonly seed: number; readonly root: string; readonly id: string };
	readonly #directory: string;
	#aws!: Aws;
	readonly #servers: Server[] = [];
	readonly #sockets = new Set<Socket>();
	#away = true;

	/** Keeps its files in `directory`. */
	constructor(
		directory: string,
		options: { readonly seed: number; readonly root: string; readonly id: string },
	) {
		this.#directory = directory;
		this.#options = options;
	}
	get running(): boolean {
		return !this.#away;
	}
	/** Where the board, and where the observer finds it. */
	port = 0;
	observerPort = 0;

	async start(): Promise<void> {
		this.#away = false;
		if (this.#servers.length) return;
		const { seed, root, id } = this.#options;
		this.#aws = await openAws({ folder: this.#directory, strict: whims, seed, root });
		this.#aws.createPolicy("observer", {
			Version: "2012-10-17",
			Statement: [{ Effect: "Allow", Action: "iot:*", Resource: "*" }],
		});
		const board = await this.#aws.thing(id);
		const observer = await this.#aws.claim("observer", ["observer"]);
		this.port = await this.#listen(board);
		this.observerPort = await this.#listen(observer);
	}
	/** Away, until it is started again. */
	async kill(): Promise<void> {
		this.#away = true;
		for (const socket of this.#sockets) socket.resetAndDestroy();
	}
	/** A service is not stopped in its tracks. */
	pause(): void {}
	resume(): void {}

	/** True where it was felt. */
	endConnection(): boolean {
		return this.#aws.endConnection(this.#options.id);
	}
	takeOver(): boolean {
		return this.#aws.takeOver(this.#options.id);
	}
	throttle(span: number): boolean {
		this.#aws.throttle(this.#options.id, span);
		return this.#aws.connections.includes(this.#options.id);
	}
	/** A message on a topic that the board has not subscribed to, and may receive. */
	directMessage(): boolean {
		const { root, id } = this.#options;
		return this.#aws.directMessage(id, `${root}/${id}/cmd`, '{"do":"nothing"}');
	}

	async close(): Promise<void> {
		await this.kill();
		for (const server of this.#servers.splice(0)) server.close();
		await this.#aws?.close();
	}

	async #listen(credentials: { readonly certificateId: string }): Promise<number> {
		const server = createServer({ noDelay: true }, socket => {
			socket.on("error", () => {});
			if (this.#away) {
				socket.resetAndDestroy();
				return;
			}
			this.#sockets.add(socket);
			socket.once("close", () => this.#sockets.delete(socket));
			this.#aws.accept(socket, credentials);
		});
		this.#servers.push(server);
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		return (server.address() as AddressInfo).port;
	}
}

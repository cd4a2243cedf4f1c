/**
 * The broker `npm start` brings along: Aedes on a TCP listener, so that a machine with nothing but Node has something to
 * talk to. It can be made to fail as brokers do: to be away, to forget its sessions, to refuse. Its retained messages and
 * sessions live in memory, and in a file if one is given (keep.ts). Not part of the firmware, and not for production: one user at most, no TLS.
 */

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Aedes, type AedesPublishPacket, type AuthenticateError, type Client } from "aedes";
import { persistenceOf, restore, save } from "./keep.js";
import { listen, reachable } from "./listen.js";

export interface BrokerOptions {
	/** The address to listen on. */
	readonly host: string;
	readonly port: number;
	/** How many ports to try, upwards from `port`. */
	readonly attempts?: number;
	/** Who may connect; anybody if not given. */
	readonly user?: string;
	readonly password?: string;
	/** A file for what it holds; in memory alone if not given. */
	readonly keep?: string;
	/** Called for each connection; what it returns is told the bytes that pass. */
	readonly tap?: () => (direction: "in" | "out", bytes: Uint8Array) => void;
}

/** Milliseconds between two saves. */
const SAVE = 5000;
/** Clients that no fault keeps away: the page and the desk watch what happens. */
const WATCHERS = /^page-/;

export class Broker {
	/** The port it got. */
	readonly port: number;
	/** Where a client on this machine finds it. */
	readonly url: string;
	readonly #options: BrokerOptions;
	readonly #sockets = new Set<Socket>();
	/** Told of each message that a client publishes: a subscriber at the broker itself, which no fault keeps away. */
	onPublish: ((packet: AedesPublishPacket) => void) | undefined;
	/** Told when a client has subscribed. */
	onSubscribe: (() => void) | undefined;
	#aedes: Aedes;
	#server: Server | undefined;
	#refusing = false;
	/** Clients with persistent sessions. */
	readonly #sessions: Set<string>;
	readonly #saving: NodeJS.Timeout | undefined;

	private constructor(options: BrokerOptions, aedes: Aedes, server: Server, sessions: readonly string[]) {
		this.#options = options;
		this.#sessions = new Set(sessions);
		if (options.keep !== undefined)
			this.#saving = setInterval(() => void this.#save().catch(() => {}), SAVE).unref();
		this.#aedes = aedes;
		this.#server = server;
		this.port = (server.address() as AddressInfo).port;
		this.url = `mqtt://${reachable(options.host)}:${this.port}`;
		server.on("connection", socket => this.#take(socket));
		this.#govern();
	}

	/** Starts on the first free port from `port` upwards. Rejects with the system's error when there is none. */
	static async start(options: BrokerOptions): Promise<Broker> {
		const aedes = await Aedes.createBroker();
		const server = createServer();
		let sessions: readonly string[] = [];
		try {
			if (options.keep !== undefined) sessions = await restore(aedes, options.keep);
			await listen(server, options.host, options.port, options.attempts ?? 100);
		} catch (error) {
			aedes.close();
			throw error;
		}
		return new Broker(options, aedes, server, sessions);
	}

	get running(): boolean {
		return this.#server !== undefined;
	}
	get refusing(): boolean {
		return this.#refusing;
	}

	/** Off the network: every connection ends, none is accepted. What it holds stays. */
	async stop(): Promise<void> {
		const server = this.#server;
		if (!server) return;
		this.#server = undefined;
		const closed = once(server, "close");
		server.close();
		for (const socket of this.#sockets) socket.destroy();
		await closed;
	}

	/** Back, at the same port. */
	async resume(): Promise<void> {
		if (this.#server) return;
		const server = createServer(socket => this.#take(socket));
		this.#server = server;
		await listen(server, this.#options.host, this.port, 1);
	}

	/** As after a crash between two saves: every connection ends, and no session is known any more. What is retained stays. */
	async forget(): Promise<void> {
		const old = this.#aedes;
		const next = await Aedes.createBroker();
		for (const packet of await this.retained()) await store(next, packet);
		this.#aedes = next;
		this.#sessions.clear();
		this.#govern();
		for (const socket of this.#sockets) socket.destroy();
		await new Promise<void>(done => old.close(done));
	}

	/** CONNACK 3, server unavailable, for all but those who watch. Ends the connections that stand. */
	refuse(refusing: boolean): void {
		this.#refusing = refusing;
		if (!refusing) return;
		for (const client of Object.values(insides(this.#aedes).clients))
			if (!WATCHERS.test(client.id)) client.conn.destroy();
	}

	/** What is retained under any topic but the broker's own. */
	async retained(): Promise<AedesPublishPacket[]> {
		const packets: AedesPublishPacket[] = [];
		for await (const packet of persistenceOf(this.#aedes).createRetainedStream("#"))
			packets.push(packet as AedesPublishPacket);
		return packets;
	}

	/** From the desk itself, as if a client had. */
	publish(packet: { topic: string; payload: Buffer; qos: 0 | 1 | 2; retain: boolean }): Promise<void> {
		return new Promise((resolve, reject) => {
			const whole = { cmd: "publish", dup: false, ...packet } as const;
			this.#aedes.publish(whole, error => (error ? reject(error) : resolve()));
		});
	}

	async close(): Promise<void> {
		clearInterval(this.#saving);
		await this.#save();
		const stopped = this.#server && once(this.#server, "close");
		this.#server?.close();
		await new Promise<void>(done => this.#aedes.close(done));
		// A client that does not read its end would keep the process alive.
		for (const socket of this.#sockets) socket.destroy();
		await stopped;
	}

	#take(socket: Socket): void {
		this.#sockets.add(socket);
		socket.once("close", () => this.#sockets.delete(socket));
		const { tap } = this.#options;
		if (tap) listenIn(socket, tap());
		this.#aedes.handle(socket);
	}

	async #save(): Promise<void> {
		const { keep } = this.#options;
		if (keep !== undefined) await save(this.#aedes, this.#sessions, keep);
	}

	#govern(): void {
		this.#aedes.on("client", client => {
			if (client.clean) this.#sessions.delete(client.id);
			else this.#sessions.add(client.id);
		});
		this.#aedes.on("publish", (packet, client) => {
			if (client) this.onPublish?.(packet);
		});
		this.#aedes.on("subscribe", () => this.onSubscribe?.());
		const { user, password = "" } = this.#options;
		this.#aedes.authenticate = (client, name, secret, done) => {
			const wrong = user !== undefined && (name !== user || `${secret ?? ""}` !== password);
			const refused = this.#refusing && !WATCHERS.test(client.id);
			if (!wrong && !refused) return done(null, true);
			const error = new Error(wrong ? "wrong user or password" : "server unavailable");
			done(Object.assign(error, { returnCode: wrong ? 4 : 3 }) as AuthenticateError, false);
		};
	}
}

/** Starts a broker on the first free port from `port` upwards. Rejects with the system's error when there is none. */
export function startBroker(options: BrokerOptions): Promise<Broker> {
	return Broker.start(options);
}

/** What its types leave out. */
function insides(aedes: Aedes) {
	return aedes as unknown as {
		readonly clients: { readonly [id: string]: Client };
	};
}

function store(aedes: Aedes, packet: AedesPublishPacket): Promise<void> {
	return new Promise((resolve, reject) => {
		aedes.publish({ ...packet, retain: true }, error => (error ? reject(error) : resolve()));
	});
}

/** Aedes reads by `read` and writes by `write`: a copy of each goes to the listener first. */
function listenIn(socket: Socket, hear: (direction: "in" | "out", bytes: Uint8Array) => void): void {
	const read = socket.read.bind(socket);
	socket.read = (size?: number) => {
		const bytes = read(size);
		if (bytes) hear("in", bytes);
		return bytes;
	};
	const write = socket.write.bind(socket) as (...rest: unknown[]) => boolean;
	socket.write = (chunk: unknown, ...rest: unknown[]) => {
		if (chunk instanceof Uint8Array) hear("out", chunk);
		else if (typeof chunk === "string")
			hear("out", Buffer.from(chunk, typeof rest[0] === "string" ? (rest[0] as BufferEncoding) : "utf8"));
		return write(chunk, ...rest);
	};
}

/**
 * The broker `npm start` brings along: Aedes on a TCP listener, so that a machine with nothing but Node
 * has something to talk to. Its retained messages and sessions live in memory and go with the command.
 * Not part of the firmware, and not for production: one user at most, no TLS.
 */

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Aedes, type AuthenticateError } from "aedes";

export interface BrokerOptions {
	/** The address to listen on. */
	readonly host: string;
	readonly port: number;
	/** How many ports to try, upwards from `port`. */
	readonly attempts?: number;
	/** Who may connect; anybody if not given. */
	readonly user?: string;
	readonly password?: string;
}

export interface Broker {
	/** The port it got. */
	readonly port: number;
	/** Where a client on this machine finds it. */
	readonly url: string;
	close(): Promise<void>;
}

/** Starts a broker on the first free port from `port` upwards. Rejects with the system's error when there is none. */
export async function startBroker({
	host,
	port,
	attempts = 100,
	user,
	password,
}: BrokerOptions): Promise<Broker> {
	const sockets = new Set<Socket>();
	const aedes = await Aedes.createBroker();
	if (user !== undefined)
		aedes.authenticate = (_client, name, secret, done) => {
			if (name === user && `${secret ?? ""}` === (password ?? "")) return done(null, true);
			done(Object.assign(new Error("wrong user or password"), { returnCode: 4 }) as AuthenticateError, false);
		};
	const server = createServer(socket => {
		sockets.add(socket);
		socket.once("close", () => sockets.delete(socket));
		aedes.handle(socket);
	});
	try {
		await listen(server, host, port, attempts);
	} catch (error) {
		aedes.close();
		throw error;
	}
	const bound = (server.address() as AddressInfo).port;
	return {
		port: bound,
		url: `mqtt://${reachable(host)}:${bound}`,
		async close() {
			const closed = once(server, "close");
			server.close();
			await new Promise<void>(done => aedes.close(done));
			// A client that does not read its end would keep the process alive.
			for (const socket of sockets) socket.destroy();
			await closed;
		},
	};
}

async function listen(server: Server, host: string, port: number, attempts: number): Promise<void> {
	for (let attempt = 0; ; ++attempt) {
		server.listen({ host, port: port + attempt });
		try {
			await once(server, "listening");
			return;
		} catch (error) {
			const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
			if (!taken || attempt + 1 >= attempts || port + attempt >= 65535) throw error;
		}
	}
}

/** "Every address" is one to listen on, not one to call. */
function reachable(host: string): string {
	if (host === "0.0.0.0") return "127.0.0.1";
	if (host === "::") return "[::1]";
	return host.includes(":") ? `[${host}]` : host;
}

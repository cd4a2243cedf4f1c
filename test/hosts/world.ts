/**
 * The loopback servers of the conformance suites (suite.ts, `World`), on free ports of 127.0.0.1. What they do is
 * asked for in band, so that a case needs nothing but addresses.
 */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTLSServer, type TLSSocket, type TlsOptions } from "node:tls";
import { Authority, type Issued, pem } from "./certificates.js";
import type { Endpoint, TLSWorld, World } from "./suite.js";

const floodLength = 1024 * 1024;

export async function openWorld(loop?: World["loop"]): Promise<World & { close(): Promise<void> }> {
	const servers: Server[] = [];
	const sockets = new Set<Socket>();
	const stalled = new Set<Socket>();

	async function serve(behaviour: (socket: Socket) => void, tls?: TlsOptions): Promise<Endpoint> {
		const accept = (socket: Socket) => {
			sockets.add(socket);
			socket.on("close", () => sockets.delete(socket)).on("error", () => {});
			behaviour(socket);
		};
		const server = tls
			? createTLSServer(tls, accept).on("tlsClientError", (_, socket) => socket.destroy())
			: createServer({ noDelay: true }, accept);
		servers.push(server);
		await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
		return { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
	}

	const refused = await serve(() => {});
	await new Promise(resolve => servers.pop()?.close(resolve));

	return {
		echo: await serve(socket => socket.pipe(socket)),
		segments: await serve(socket => socket.on("data", data => socket.write(`${data.length}\n`))),
		flood: await serve(socket => {
			socket.resume().end(Uint8Array.from({ length: floodLength }, (_, i) => (i * 7) & 255));
		}),
		floodLength,
		stall: await serve(socket => {
			stalled.add(socket.pause());
			socket.on("close", () => stalled.delete(socket));
		}),
		release: await serve(socket => {
			for (const other of stalled) count(other);
			stalled.clear();
			socket.end();
		}),
		ledger: await serve(pairs()),
		farewell: await serve(socket => socket.resume().end("bye")),
		reset: await serve(socket => socket.once("data", () => socket.resetAndDestroy())),
		mqtt: await serve(accepting),
		refused,
		tls: await openTLS(serve),
		name: "localhost",
		unknownName: "nobody.invalid",
		...(loop ? { loop } : undefined),
		async close() {
			for (const socket of sockets) socket.destroy();
			await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
		},
	};
}

/** The behaviour of `mqtt`. */
function accepting(socket: Socket): void {
	socket.once("data", () => {
		socket.write(Uint8Array.of(0x20, 2, 0, 0));
		socket.pipe(socket);
	});
}

/** Lets a stalled connection flow, telling the total whenever it grows. */
function count(socket: Socket): void {
	let total = 0;
	socket.on("data", data => {
		total += data.length;
		socket.write(`${total}\n`);
	});
	socket.resume();
}

/** The behaviour of `ledger`. */
function pairs(): (socket: Socket) => void {
	let said: Promise<string> | undefined;
	return socket => {
		if (said) {
			said.then(text => socket.end(`${text}\n`));
			said = undefined;
		} else
			said = new Promise(resolve => {
				let text = "";
				socket.on("data", data => {
					text += data;
				});
				socket.on("close", () => resolve(text));
			});
	};
}

async function openTLS(
	serve: (behaviour: (socket: Socket) => void, tls?: TlsOptions) => Promise<Endpoint>,
): Promise<TLSWorld> {
	const host = "broker.test";
	const year = 365 * 86_400_000;
	const authority = new Authority("Test authority");
	const other = new Authority("Other authority");
	const good = authority.issue({ name: "server", names: [host], addresses: ["127.0.0.1"] });
	const client = authority.issue({ name: "client" });
	const stranger = other.issue({ name: "stranger" });
	const own = ({ certificate, key }: Issued) => ({
		cert: pem("CERTIFICATE", certificate),
		key: pem("PRIVATE KEY", key),
	});
	const ask = {
		...own(good),
		requestCert: true,
		rejectUnauthorized: true,
		ca: pem("CERTIFICATE", authority.certificate),
	};
	const echo = (socket: Socket) => {
		socket.pipe(socket);
	};
	return {
		host,
		ca: [...authority.certificate],
		otherCA: [...other.certificate],
		clientCertificate: [...client.certificate],
		clientKey: [...client.key],
		strangerCertificate: [...stranger.certificate],
		strangerKey: [...stranger.key],
		echo: await serve(echo, own(good)),
		old: await serve(echo, { ...own(good), maxVersion: "TLSv1.2" }),
		otherName: await serve(echo, own(authority.issue({ name: "other", names: ["other.test"] }))),
		expired: await serve(
			echo,
			own(
				authority.issue({
					name: "expired",
					names: [host],
					from: new Date(Date.now() - 2 * year),
					until: new Date(Date.now() - year),
				}),
			),
		),
		early: await serve(
			echo,
			own(
				authority.issue({
					name: "early",
					names: [host],
					from: new Date(Date.now() + year),
					until: new Date(Date.now() + 2 * year),
				}),
			),
		),
		mutual: await serve(echo, ask),
		oldMutual: await serve(echo, { ...ask, maxVersion: "TLSv1.2" }),
		alpn: await serve(
			socket => {
				socket.write(`${(socket as TLSSocket).alpnProtocol}\n`);
				socket.pipe(socket);
			},
			{ ...own(good), ALPNProtocols: ["mqtt", "x-other"] },
		),
		ledger: await serve(pairs(), own(good)),
		mqtt: await serve(accepting, own(good)),
		hangup: await serve(socket => socket.end()),
	};
}

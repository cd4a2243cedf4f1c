/**
 * The loopback servers of the conformance suites (suite.ts, `World`), on free ports of 127.0.0.1. What they do is
 * asked for in band, so that a case needs nothing but addresses.
 */

import { createPrivateKey } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTLSServer, type TLSSocket, type TlsOptions } from "node:tls";
import {
	alert,
	ambiguous,
	answering,
	foisted,
	goodbye,
	outdated,
	trailed,
	unproven,
	unsigned,
} from "./betrayal.js";
import { Authority, type Issued, pem } from "./certificates.js";
import type { Endpoint, TLSWorld, World } from "./suite.js";
import { suites } from "./tls.conformance.js";

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
		if (tls?.sessionTimeout) remember(server);
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
			socket.write(Uint8Array.from({ length: floodLength }, (_, i) => (i * 7) & 255));
			socket.once("data", () => socket.end());
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
		unknownName: "unknown.invalid",
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
			const answer = said;
			socket.once("data", () => answer.then(text => socket.end(`${text}\n`)));
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

/** Keeps a server's sessions, which Node leaves to the program. */
function remember(server: Server): void {
	const sessions = new Map<string, Buffer>();
	server.on("newSession", (id: Buffer, session: Buffer, done: () => void) => {
		sessions.set(id.toString("hex"), session);
		done();
	});
	server.on("resumeSession", (id: Buffer, give: (error: null, session: Buffer | null) => void) =>
		give(null, sessions.get(id.toString("hex")) ?? null),
	);
}

/** handshake_failure, bad_certificate, unknown_ca, protocol_version, internal_error, certificate_required. */
const alerts = [40, 42, 48, 70, 80, 116];

async function openTLS(
	serve: (behaviour: (socket: Socket) => void, tls?: TlsOptions) => Promise<Endpoint>,
): Promise<TLSWorld> {
	const host = "broker.test";
	const year = 365 * 86_400_000;
	const authority = new Authority("Test authority");
	const other = new Authority("Other authority");
	const rsa = new Authority("RSA authority", "rsa");
	const good = authority.issue({ name: "server", names: [host], addresses: ["127.0.0.1"] });
	// Moddable's SDK signs as a client with RSA alone.
	const client = authority.issue({ name: "client", keys: "rsa" });
	const stranger = other.issue({ name: "stranger", keys: "rsa" });
	const own = ({ certificate, key }: Issued, ...chain: readonly Buffer[]) => ({
		cert: [certificate, ...chain].map(each => pem("CERTIFICATE", each)).join(""),
		key: pem("PRIVATE KEY", key),
	});
	const below = new Authority("Authority below", "elliptic", authority);
	const server = { name: "another", names: [host] };
	const [chained, forged] = [below.issue(server), new Authority("Test authority").issue(server)];
	const key = createPrivateKey({ key: good.key, format: "der", type: "pkcs8" });
	const presumptuous = new Authority("server", key).issue(server);
	const narrow = new Authority("Narrow authority", "elliptic", authority, 0);
	const beyond = new Authority("Authority beyond", "elliptic", narrow);
	const ask = {
		...own(good),
		requestCert: true,
		rejectUnauthorized: true,
		ca: pem("CERTIFICATE", authority.certificate),
	};
	const echo = (socket: Socket) => {
		socket.pipe(socket);
	};
	const old = await serve(echo, { ...own(good), maxVersion: "TLSv1.2" });
	return {
		host,
		ca: [...authority.certificate],
		otherCA: [...other.certificate],
		rsaCA: [...rsa.certificate],
		clientCertificate: [...client.certificate],
		clientKey: [...client.key],
		strangerCertificate: [...stranger.certificate],
		strangerKey: [...stranger.key],
		echo: await serve(echo, own(good)),
		old,
		foisted: await serve(foisted(old.port)),
		trailed: await serve(trailed(old.port)),
		whole: await serve(echo, own(good, authority.certificate)),
		below: await serve(echo, own(chained, below.certificate)),
		rsa: await serve(echo, own(rsa.issue({ ...server, keys: "rsa" }))),
		forged: await serve(echo, own(forged, authority.certificate)),
		presumptuous: await serve(echo, own(presumptuous, good.certificate, authority.certificate)),
		visitor: await serve(echo, own(authority.issue({ ...server, usage: "client" }))),
		limited: await serve(echo, own(authority.issue({ ...server, usage: "server" }))),
		narrow: await serve(echo, own(narrow.issue(server), narrow.certificate)),
		beyond: await serve(echo, own(beyond.issue(server), beyond.certificate, narrow.certificate)),
		unproven: await serve(answering(...unproven([good.certificate, authority.certificate], unsigned))),
		ambiguous: await serve(answering(...unproven([good.certificate, authority.certificate], ambiguous))),
		outdated: await serve(answering(...outdated)),
		goodbye: await serve(answering(...goodbye)),
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
				socket.once("data", () => socket.write(`${(socket as TLSSocket).alpnProtocol}\n`));
			},
			{ ...own(good), ALPNProtocols: ["mqtt", "x-other"] },
		),
		ledger: await serve(pairs(), own(good)),
		mqtt: await serve(accepting, own(good)),
		resuming: await serve(echo, { ...own(good), maxVersion: "TLSv1.2", sessionTimeout: 300 }),
		greeting: await serve(socket => socket.write("hello\n"), own(good)),
		wildcard: await serve(echo, own(authority.issue({ name: "any", names: [`*.${host}`] }))),
		large: await serve(
			echo,
			own(
				authority.issue({
					...server,
					names: [host, ...Array.from({ length: 300 }, (_, index) => `listener-${index}.${host}`)],
				}),
			),
		),
		records: await serve(
			socket =>
				socket.once("data", () =>
					socket.write(Uint8Array.from({ length: 48 * 1024 }, (_, index) => index * 7)),
				),
			own(good),
		),
		suites: Object.fromEntries(
			await Promise.all(
				suites.map(async ciphers => {
					const issued = ciphers.includes("ECDSA") ? good : rsa.issue({ ...server, keys: "rsa" });
					return [ciphers, await serve(echo, { ...own(issued), ciphers, maxVersion: "TLSv1.2" })] as const;
				}),
			),
		),
		hangup: await serve(socket => socket.once("data", () => socket.end())),
		plain: await serve(answering(Buffer.from("220 broker.test at your service\r\n"))),
		alerts: Object.fromEntries(
			await Promise.all(
				alerts.map(async description => [description, await serve(answering(alert(description)))] as const),
			),
		),
	};
}

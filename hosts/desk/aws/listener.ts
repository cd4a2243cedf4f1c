/**
 * TLS as AWS IoT Core has it: mutual, 1.2 or 1.3, a name in SNI that is the endpoint's, a certificate that is registered and active;
 * on the second port, the 443, ALPN `x-amzn-mqtt-ca` as well.
 * https://docs.aws.amazon.com/iot/latest/developerguide/transport-security.html and protocols.html
 */

import { constants } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { type Issued, idOf } from "./authority.js";

/** https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html#protocol-port-mapping */
export const alpn = "x-amzn-mqtt-ca";

/** Of TLS 1.2: https://docs.aws.amazon.com/iot/latest/developerguide/transport-security.html */
const ciphers = [
	"TLS_AES_128_GCM_SHA256",
	"TLS_AES_256_GCM_SHA384",
	"TLS_CHACHA20_POLY1305_SHA256",
	"ECDHE-RSA-AES128-GCM-SHA256",
	"ECDHE-RSA-AES128-SHA256",
	"ECDHE-RSA-AES128-SHA",
	"ECDHE-RSA-AES256-GCM-SHA384",
	"ECDHE-RSA-AES256-SHA384",
	"ECDHE-RSA-AES256-SHA",
	"AES128-GCM-SHA256",
	"AES128-SHA256",
	"AES128-SHA",
	"AES256-GCM-SHA384",
	"AES256-SHA256",
	"AES256-SHA",
].join(":");

export interface ListenerOptions {
	readonly host: string;
	/** 0: a free one. */
	readonly port: number;
	/** How many ports to try, upwards. */
	readonly attempts: number;
	readonly server: Issued;
	readonly names: readonly string[];
	/** The authority's certificate, PEM. */
	readonly ca: string;
	/** The 443. */
	readonly alpn: boolean;
	/** A certificate that is registered and active. */
	isActive(certificateId: string): boolean;
	onClient(socket: TLSSocket, certificateId: string): void;
	onUntrusted(detail: string): void;
}

export class Listener {
	readonly port: number;
	readonly #server: Server;
	readonly #sockets: Set<TLSSocket>;

	private constructor(server: Server, sockets: Set<TLSSocket>) {
		this.#server = server;
		this.#sockets = sockets;
		this.port = (server.address() as AddressInfo).port;
	}

	/** Rejects with the system's error where the port is taken. */
	static async open(options: ListenerOptions): Promise<Listener> {
		const { host, port, server: issued, names, ca, onUntrusted } = options;
		const sockets = new Set<TLSSocket>();
		const server = createServer({
			cert: issued.certificatePem,
			key: issued.privateKeyPem,
			ca,
			requestCert: true,
			rejectUnauthorized: true,
			minVersion: "TLSv1.2",
			ciphers,
			// No session tickets.
			secureOptions: constants.SSL_OP_NO_TICKET,
			...(options.alpn && { ALPNProtocols: [alpn] }),
			SNICallback: (name, done) =>
				names.includes(name) ? done(null) : done(new Error(`SNI: no endpoint is called ${name}`)),
		});
		server.on("secureConnection", socket => {
			sockets.add(socket);
			socket.once("close", () => sockets.delete(socket));
			const refused = reject(socket, options);
			if (refused === undefined) return options.onClient(socket, idOf(socket.getPeerCertificate().raw));
			onUntrusted(refused);
			socket.on("error", () => {});
			socket.destroy();
		});
		server.on("tlsClientError", error => onUntrusted(error.message));
		for (let attempt = 0; ; ++attempt) {
			server.listen({ host, port: port && port + attempt });
			try {
				await once(server, "listening");
				break;
			} catch (error) {
				const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
				if (!taken || attempt + 1 >= options.attempts) throw error;
			}
		}
		return new Listener(server, sockets);
	}

	async close(): Promise<void> {
		const closed = once(this.#server, "close");
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
		await closed;
	}
}

/** What is wrong with a client that has come through the handshake. */
function reject(socket: TLSSocket, options: ListenerOptions): string | undefined {
	if (!socket.servername) return "SNI: no name";
	if (options.alpn && socket.alpnProtocol !== alpn) return `ALPN: expected ${alpn}`;
	if (!options.isActive(idOf(socket.getPeerCertificate().raw)))
		return "the certificate is not registered, or not active";
	return undefined;
}

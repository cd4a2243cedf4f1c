/**
 * Servers that begin a TLS 1.2 handshake and betray it, byte by byte (RFC 5246 §7): what no library would send, and no
 * client may take for a secured connection. They need no key, which is the point.
 */

import { generateKeyPairSync } from "node:crypto";
import type { Socket } from "node:net";

/** Answers the client's hello with `records` and hangs up at whatever comes then. */
export function answering(...records: readonly Buffer[]): (socket: Socket) => void {
	return socket => {
		socket.once("data", () => {
			for (const bytes of records) socket.write(bytes);
			socket.once("data", () => socket.destroy());
		});
	};
}

/** The genuine chain, and parameters for the key exchange that nobody has signed (hash and signature "none", §7.4.1.4.1). */
export function unsigned(chain: readonly Buffer[]): Buffer[] {
	const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const point = publicKey.export({ type: "spki", format: "der" }).subarray(-65);
	const certificates = Buffer.concat(chain.map(certificate => sized(3, certificate)));
	return [
		hello(0x0303),
		handshake(11, sized(3, certificates)),
		handshake(12, Buffer.concat([Buffer.of(3, 0, 23), sized(1, point), Buffer.of(0, 0, 0, 0)])),
		handshake(14, Buffer.alloc(0)),
	];
}

/** A version from before the one that was offered last. */
export const outdated: readonly Buffer[] = [hello(0x0302)];

/** The alert close_notify, in clear: hanging up politely (§7.2.1). */
export const goodbye: readonly Buffer[] = [record(21, Buffer.of(1, 0))];

export function alert(description: number): Buffer {
	return record(21, Buffer.of(2, description));
}

function record(type: number, content: Buffer): Buffer {
	return Buffer.concat([Buffer.of(type, 3, 3), sized(2, content)]);
}
function handshake(type: number, body: Buffer): Buffer {
	return record(22, Buffer.concat([Buffer.of(type), sized(3, body)]));
}
/** ECDHE-ECDSA-AES128-GCM-SHA256, and secure renegotiation (RFC 5746), which OpenSSL insists on. */
function hello(version: number): Buffer {
	const head = Buffer.of(version >> 8, version & 255);
	const extensions = sized(2, Buffer.of(0xff, 1, 0, 1, 0));
	return handshake(2, Buffer.concat([head, Buffer.alloc(32, 7), Buffer.of(0, 0xc0, 0x2b, 0), extensions]));
}
/** With its length before it, in `octets` bytes. */
function sized(octets: number, content: Buffer): Buffer {
	const length = Buffer.alloc(octets);
	length.writeUIntBE(content.length, 0, octets);
	return Buffer.concat([length, content]);
}

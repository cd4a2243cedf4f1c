/**
 * Servers that begin a TLS 1.2 handshake and betray it, byte by byte (RFC 5246 §7): what no library would send, and no
 * client may take for a secured connection. They need no key, which is the point.
 */

import { generateKeyPairSync } from "node:crypto";
import { connect, type Socket } from "node:net";

/** Answers the client's hello with `records` and hangs up at the next bytes. */
export function answering(...records: readonly Buffer[]): (socket: Socket) => void {
	return socket => {
		socket.once("data", () => {
			for (const bytes of records) socket.write(bytes);
			socket.once("data", () => socket.destroy());
		});
	};
}

/** Proofs of a key exchange without the key (§7.4.1.4.1): hash and signature "none". */
export const unsigned = Buffer.of(0, 0, 0, 0);
/** ECDSA with SHA-256, of which a parser that stops at the stated length sees s = 0, and one that goes on another number. */
export const ambiguous = Buffer.concat([
	Buffer.of(4, 3, 0, 8, 0x30, 0x26, 2, 1, 1, 2, 0x21, 0),
	Buffer.alloc(32, 0x11),
]);

/** The genuine chain, and parameters for the key exchange with such a proof. */
export function unproven(chain: readonly Buffer[], proof: Buffer): Buffer[] {
	const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const point = publicKey.export({ type: "spki", format: "der" }).subarray(-65);
	const certificates = Buffer.concat(chain.map(certificate => sized(3, certificate)));
	return [
		hello(0x0303),
		handshake(11, sized(3, certificates)),
		handshake(12, Buffer.concat([Buffer.of(3, 0, 23), sized(1, point), proof])),
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

const CHANGE_CIPHER_SPEC = 20;
const APPLICATION_DATA = 23;
/** Milliseconds, so that the parts arrive one by one also where a socket is looked at every 20 ms. */
const APART = 60;

/** Data in clear, before the genuine server has proved itself. */
export const foisted = meddling(genuine =>
	genuine[0] === CHANGE_CIPHER_SPEC ? [record(APPLICATION_DATA, Buffer.from("foisted")), genuine] : [genuine],
);
/** Behind the first genuine data, in the same segment, plain bytes. */
export const trailed = meddling(genuine =>
	genuine[0] === APPLICATION_DATA
		? [Buffer.concat([genuine, record(APPLICATION_DATA, Buffer.alloc(32, 7))])]
		: [genuine],
);

/** Stands between the client and a genuine server, and sends in the place of each record of the server's the parts that `change` makes of it. */
function meddling(
	change: (genuine: Buffer) => readonly Buffer[],
): (port: number) => (socket: Socket) => void {
	return port => client => {
		const server = connect(port, "127.0.0.1");
		client.setNoDelay(true).pipe(server);
		let held = Buffer.alloc(0);
		let due = Promise.resolve();
		server.on("data", bytes => {
			held = Buffer.concat([held, bytes]);
			for (let length = whole(held); length; length = whole(held)) {
				for (const part of change(held.subarray(0, length))) {
					due = due.then(() => client.write(part)).then(() => new Promise(done => setTimeout(done, APART)));
				}
				held = held.subarray(length);
			}
		});
		server.on("error", () => client.destroy());
		server.on("close", () => due.then(() => client.end()));
		client.on("close", () => server.destroy());
	};
}
/** Bytes of the first record, once it is whole. */
function whole(bytes: Buffer): number {
	const length = bytes.length < 5 ? 0 : 5 + bytes.readUInt16BE(3);
	return length <= bytes.length ? length : 0;
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

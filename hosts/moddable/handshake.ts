/**
 * `ssl/handshake` in the place of the SDK's own (8.2.3), which is below, and which lets a server leave out its proofs:
 * a key exchange whose signature is of kind "none" is taken unchecked, and a server of an older version, or one that says
 * goodbye at once, ends the handshake as if it were done, in clear. Here both are refused, and `progress.secured` says that
 * the server's Finished was right. TLSSocket (tls.ts) believes nothing else.
 */

/// <reference path="./sdk.d.ts" />

import BER from "ber";
import { refusal } from "hosts/moddable/refusal";
import SDK, { type Session } from "sdk/handshake";
import SSLStream from "ssl/stream";

/** SHA-256 to SHA-512, and RSA or ECDSA (RFC 5246 §7.4.1.4.1). */
const acceptable = (hash: number, signature: number) =>
	hash >= 4 && hash <= 6 && (signature === 1 || signature === 3);

/** What a client says; the SDK would answer it as a server. */
const client = (message: object) =>
	Object.freeze({
		...message,
		unpacketize() {
			throw refusal("tls-failed", "the server speaks as a client");
		},
	});

export default Object.freeze({
	...SDK,
	clientHello: client(SDK.clientHello),
	certificateVerify: client(SDK.certificateVerify),
	clientKeyExchange: client(SDK.clientKeyExchange),
	serverHello: Object.freeze({
		...SDK.serverHello,
		unpacketize(session: Session, stream: SSLStream) {
			SDK.serverHello.unpacketize(session, stream);
			if (session.alert) throw refusal("tls-handshake", "the server knows no TLS 1.2");
		},
	}),
	serverKeyExchange: Object.freeze({
		...SDK.serverKeyExchange,
		unpacketize(session: Session, stream: SSLStream) {
			const body = stream.readChunk(stream.bytesAvailable, true) as Uint8Array;
			// A curve by name, 3 bytes; a point and its length; then the signature (RFC 8422 §5.4).
			const at = 4 + (body[3] ?? 0);
			if (body[0] !== 3 || !acceptable(body[at] ?? 0, body[at + 1] ?? 0))
				throw refusal("tls-failed", "the server does not prove that it has its certificate's key");
			// What is looked at here must be what the SDK looks at: nothing behind the signature.
			const length = ((body[at + 2] ?? 0) << 8) | (body[at + 3] ?? 0);
			if (at + 4 + length !== body.byteLength)
				throw refusal("tls-failed", "the server's proof of its key is void");
			if (body[at + 1] === 3) {
				const pair = new BER(new BER(body.subarray(at + 4)).getSequence());
				if (pair.getInteger() <= 0n || pair.getInteger() <= 0n)
					throw refusal("tls-failed", "the server's proof of its key is void");
			}
			SDK.serverKeyExchange.unpacketize(session, new SSLStream(body));
		},
	}),
	finished: Object.freeze({
		...SDK.finished,
		unpacketize(session: Session, stream: SSLStream) {
			if (!session.masterSecret) throw refusal("tls-failed", "the server ends a handshake without keys");
			SDK.finished.unpacketize(session, stream);
			if (session.options.progress) session.options.progress.secured = true;
		},
	}),
});

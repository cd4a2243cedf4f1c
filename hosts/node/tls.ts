/**
 * ECMA-419 §10, TLS Client socket: TCP's logical subclass over `node:tls`. Credentials are DER, as the standard has
 * it. A fault that makes a connection untrustworthy ends it before `onWritable`, with one coded reason in `onError`;
 * only TLS 1.3's refusal of *our* certificate can come just after.
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
	type ConnectionOptions,
	checkServerIdentity,
	connect,
	type SecureVersion,
	type TLSSocket,
} from "node:tls";
import type { ByteBuffer } from "../../modules/mqtt/io.js";
import { certificates } from "../shared/der.js";
import { isByteBuffer, view } from "./bytes.js";
import { type Connection, coded, type NodeTCPOptions, TCP } from "./tcp.js";

type Several<T> = T | readonly T[];

/** What a connection is trusted by and trusted for. All DER; a buffer may hold several certificates in a row. */
export interface Credentials {
	/** The machine's own store if not given. */
	readonly ca?: Several<ByteBuffer>;
	/** DER, the own certificate first and those that vouch for it behind it. */
	readonly clientCertificate?: Several<ByteBuffer>;
	/** DER, PKCS #8. */
	readonly clientKey?: Several<ByteBuffer>;
}

/** A TCP socket's, and what TLS trusts and shows. */
export interface TLSOptions extends NodeTCPOptions {
	/** Server name and credentials; the machine's own authorities are trusted if there are none. */
	readonly tls: Credentials & {
		/** The name the server must prove; sent as SNI unless it is an address. */
		readonly host: string;
		readonly minimumVersion?: string;
		readonly maximumVersion?: string;
		readonly applicationLayerProtocol?: Several<string | ByteBuffer>;
		/** Node cannot negotiate it: it bounds what we send. 512, 1024, 2048 or 4096 bytes. */
		readonly maximumFragmentLength?: number;
	};
}

/** What can be wrong, as `code` of the Error that `onError` gets. Errors of the network keep Node's codes. */
export const Reason = Object.freeze({
	/** The server's certificate comes from an authority we do not trust. */
	authority: "tls-authority",
	/** The certificate is for another name. */
	name: "tls-name",
	expired: "tls-expired",
	/** Not valid yet: more often our clock is wrong. */
	early: "tls-early",
	revoked: "tls-revoked",
	/** The server asks for a client certificate and got none. */
	clientCertificate: "tls-client-certificate",
	/** The server does not accept our client certificate. */
	clientRefused: "tls-client-refused",
	/** No protocol version, cipher or application protocol in common; TLS 1.2 servers also say so for a missing certificate. */
	handshake: "tls-handshake",
	/** What answers does not speak TLS. */
	plain: "tls-plain",
	/** The other side hung up in the middle of the handshake. */
	closed: "tls-closed",
	failed: "tls-failed",
});

const explanations: readonly (readonly [pattern: RegExp, code: string, message: string])[] = [
	[/ALTNAME_INVALID/, Reason.name, "the server's certificate is for another name"],
	[/^CERT_HAS_EXPIRED$/, Reason.expired, "the server's certificate has expired"],
	[/^CERT_NOT_YET_VALID$/, Reason.early, "the server's certificate is not valid yet: is the clock right?"],
	[/^CERT_REVOKED$/, Reason.revoked, "the server's certificate was revoked"],
	[
		/^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_SIGNATURE|CERT_UNTRUSTED|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|CERT_CHAIN)/,
		Reason.authority,
		"the server's certificate comes from an authority that is not trusted",
	],
	[/ALERT_CERTIFICATE_REQUIRED/, Reason.clientCertificate, "the server asks for a client certificate"],
	[
		/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_|DECRYPT_ERROR|ACCESS_DENIED)/,
		Reason.clientRefused,
		"the server does not accept the client certificate",
	],
	[
		/ALERT_(HANDSHAKE_FAILURE|PROTOCOL_VERSION|INSUFFICIENT_SECURITY|NO_APPLICATION_PROTOCOL)|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS/,
		Reason.handshake,
		"the server agrees to no common version, cipher or protocol, or wants a client certificate",
	],
	[/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/, Reason.plain, "the server does not speak TLS"],
	[/^ERR_(SSL|TLS|OSSL)_/, Reason.failed, "TLS failed"],
];

const versions: ReadonlySet<unknown> = new Set(["TLSv1.1", "TLSv1.2", "TLSv1.3"]);
const fragmentLengths: ReadonlySet<unknown> = new Set([512, 1024, 2048, 4096]);

/**
 * TLS Client socket (ECMA-419 §10) over `node:tls`: TLS 1.2 or newer, the certificate checked against `tls.host`.
 * `onError` gets an `Error` whose `code` is one of `Reason`, or of Node.
 */
export class TLS extends TCP {
	constructor(options: TLSOptions) {
		// Credentials are read before anything is allocated: a bad one is the caller's error, not the network's.
		const secure = convert(options);
		super(options, () => connectTLS(secure, options.tls.maximumFragmentLength));
	}
}

function connectTLS(options: ConnectionOptions, fragmentLength: number | undefined): Connection {
	const socket = connect(options);
	if (fragmentLength) socket.setMaxSendFragment(fragmentLength);
	let secured = false;
	let heard = false;
	socket.once("secureConnect", () => {
		secured = true;
		socket.once("data", () => {
			heard = true;
		});
	});
	const certified = options.cert !== undefined;
	return {
		socket,
		event: "secureConnect",
		explain: error => (secured && !heard ? dismissed(error, certified) : undefined) ?? explain(error, socket),
	};
}

/**
 * TLS 1.3 ends the handshake before the server has judged the client's certificate. Its alert is lost where our first bytes
 * meet a connection that is closed already; then only the moment tells.
 */
function dismissed(error: Error, certified: boolean): Error | undefined {
	if (!["ECONNRESET", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
	const message = "the server hung up right after the handshake: it may";
	return certified
		? coded(Reason.clientRefused, `${message} not accept the client certificate`, error)
		: coded(Reason.clientCertificate, `${message} ask for a client certificate`, error);
}

function explain(error: Error, socket: TLSSocket): Error {
	const code = (error as NodeJS.ErrnoException).code ?? "";
	const known = explanations.find(([pattern]) => pattern.test(code));
	if (known)
		return coded(known[1], known[2] === "TLS failed" ? `TLS failed: ${error.message}` : known[2], error);
	// A connection that was never made has no address; one that was, and has no protocol yet, died in the handshake.
	if (code === "ECONNRESET" && !socket.getProtocol())
		return coded(Reason.closed, "the server hung up during the handshake", error);
	return error;
}

function convert({ address, port, tls }: TLSOptions): ConnectionOptions {
	if (tls === null || typeof tls !== "object") throw new TypeError("TLS: tls is required");
	const { host, minimumVersion, maximumVersion, applicationLayerProtocol, maximumFragmentLength } = tls;
	if (typeof host !== "string" || host === "") throw new TypeError("TLS: tls.host is required");
	for (const version of [minimumVersion, maximumVersion])
		if (version !== undefined && !versions.has(version)) throw new RangeError(`TLS: no version "${version}"`);
	if (maximumFragmentLength !== undefined && !fragmentLengths.has(maximumFragmentLength))
		throw new RangeError("TLS: maximumFragmentLength must be 512, 1024, 2048 or 4096");
	const { ca, cert, key } = identity(tls);
	return {
		host: address,
		port,
		rejectUnauthorized: true,
		// SNI takes names only (RFC 6066 §3); an address is still what the certificate must prove.
		servername: isIP(host) ? "" : host,
		checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
		...(ca && { ca }),
		...(cert && { cert, key }),
		...(minimumVersion !== undefined && { minVersion: minimumVersion as SecureVersion }),
		...(maximumVersion !== undefined && { maxVersion: maximumVersion as SecureVersion }),
		...(applicationLayerProtocol !== undefined && {
			ALPNProtocols: list(applicationLayerProtocol).map(name =>
				typeof name === "string" ? name : Buffer.from(view(name)).toString("latin1"),
			),
		}),
	};
}

/**
 * Credentials as Node takes them, in PEM. Throws a `TypeError` of one line, which says which of them is wrong: a device does so
 * before it starts.
 */
export function identity({ ca, clientCertificate, clientKey }: Credentials) {
	const chains = list(clientCertificate).flatMap(chain => pem("clientCertificate", chain));
	const keys = list(clientKey).map(privateKey);
	if ((chains.length === 0) !== (keys.length === 0))
		throw new TypeError("TLS: clientCertificate and clientKey go together");
	const [own] = chains;
	if (
		own &&
		keys.length === 1 &&
		!new X509Certificate(own).checkPrivateKey(createPrivateKey(keys[0] as string))
	)
		throw new TypeError("TLS: clientKey: expected the key of clientCertificate, found another one");
	return {
		...(ca !== undefined && { ca: list(ca).flatMap(chain => pem("ca", chain)) }),
		...(keys.length && { cert: keys.length === 1 ? chains.join("") : chains, key: keys }),
	};
}

function list<T extends string | ByteBuffer>(value: Several<T> | undefined): readonly T[] {
	if (value === undefined) return [];
	return typeof value === "string" || isByteBuffer(value) ? [value as T] : (value as readonly T[]);
}

/** The certificates of a DER buffer as PEM, one each. */
function pem(name: string, data: ByteBuffer): string[] {
	if (!isByteBuffer(data))
		throw new TypeError(`TLS: ${name}: expected DER in a buffer, found ${typeof data}: see loadCredentials`);
	return certificates(name, view(data)).map((certificate, index) => {
		try {
			new X509Certificate(certificate);
		} catch {
			throw new TypeError(
				`TLS: ${name}: expected a certificate in DER, found none in certificate ${index + 1}`,
			);
		}
		// An empty last line would be an error to OpenSSL.
		const lines = Buffer.from(certificate)
			.toString("base64")
			.match(/.{1,64}/g) as string[];
		return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
	});
}

function privateKey(data: ByteBuffer): string {
	if (!isByteBuffer(data))
		throw new TypeError(
			`TLS: clientKey: expected DER in a buffer, found ${typeof data}: see loadCredentials`,
		);
	const key = Buffer.from(view(data));
	for (const type of ["pkcs8", "sec1", "pkcs1"] as const) {
		try {
			return createPrivateKey({ key, format: "der", type }).export({
				type: "pkcs8",
				format: "pem",
			}) as string;
		} catch {}
	}
	throw new TypeError(
		`TLS: clientKey: expected a private key in DER, found ${key[0] === 0x2d ? "PEM" : "something else"}`,
	);
}

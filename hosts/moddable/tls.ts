/**
 * ECMA-419 §10, TLS Client socket, over the SDK's TLSSocket, which speaks TLS 1.2. Who is believed is trust.ts's, what must be
 * proved handshake.ts's; what either throws ends the connection (session.ts, carrier.ts), with a coded reason in `onError`. There is no
 * switch to turn that off. The manifest turns DHE off: the SDK signs as a client with ECDHE alone, and with RSA keys
 * alone, and a server that asks for our certificate may choose either.
 */

/// <reference path="./sdk.d.ts" />

import SDKTLS from "embedded:io/socket/tcp/tls";
import Timer from "timer";
import type { ByteBuffer, TCP as TCPPattern } from "../../modules/mqtt/io.js";
import { certificates } from "../shared/der.js";
import { Carrier } from "./carrier.js";
import { type Refusal, refusal } from "./refusal.js";
import type { Progress } from "./trust.js";

type Several<T> = T | readonly T[];

/** DER; a buffer may hold several certificates in a row. */
export interface Credentials {
	/** What the image has of the SDK's collection if not given. */
	readonly ca?: Several<ByteBuffer>;
	readonly clientCertificate?: Several<ByteBuffer>;
	/** PKCS #8, of an RSA key. */
	readonly clientKey?: Several<ByteBuffer>;
}

export interface TLSOptions {
	readonly address: string;
	/** The name the server must prove, unless `tls.host` says another. */
	readonly host?: string;
	readonly port: number;
	readonly tls?: Credentials & {
		readonly host?: string;
		readonly minimumVersion?: string;
		readonly maximumVersion?: string;
		readonly applicationLayerProtocol?: Several<string | ByteBuffer>;
	};
	readonly onReadable?: (this: TLS, bytes: number) => void;
	readonly onWritable?: (this: TLS, bytes: number) => void;
	readonly onError?: (this: TLS, reason?: unknown) => void;
}

/** Room that the SDK does not take into account everywhere: what its largest cipher adds to a record, and 32 that it does. */
const OVERHEAD = 64;
const NOTHING = Object.freeze(new ArrayBuffer(0));

const Base = SDKTLS as unknown as new (options: object) => TCPPattern;

export class TLS extends Base {
	/** 0 handshake, when the SDK would send in clear → 1 secured → 2 failed → 3 closed; the last two may follow any. */
	declare private state: 0 | 1 | 2 | 3;
	/** Part of a sequence waits in the SDK for the rest. */
	declare private waiting: boolean;
	declare private turn: Timer | undefined;

	constructor(options: TLSOptions) {
		const { tls = {}, onReadable, onWritable, onError } = options;
		const { minimumVersion = "TLSv1.2", maximumVersion = "TLSv1.2", host = options.host } = tls;
		if (typeof host !== "string" || host === "") throw new TypeError("TLS: tls.host is required");
		[minimumVersion, maximumVersion].forEach(version => {
			if (!/^TLSv1\.[123]$/.test(version)) throw new RangeError(`TLS: no version "${version}"`);
		});
		const progress: Progress = { asked: false, secured: false };
		const credentials = converted(tls);
		const bare = !credentials.clientKey;
		let connected = false;
		// `this` is not there yet; all that is called back comes from later turns.
		const fail = (reason?: unknown) => {
			if (this.state > 1) return;
			this.state = 2;
			onError?.call(this, reason);
		};
		const thrown = (error: unknown) => fail(explained(error, progress.asked && bare));
		super({
			address: options.address,
			port: options.port,
			host,
			// No session is resumed: the SDK would not judge again, knows it by the host's name alone, and keeps one that was refused.
			secure: { serverName: host, ...credentials, progress, thrown, cache: false },
			TCP: { io: Carrier },
			connected: () => {
				connected = true;
				if (minimumVersion > "TLSv1.2" || maximumVersion < "TLSv1.2")
					throw refusal("tls-handshake", "here only TLS 1.2 is spoken");
			},
			thrown,
			onReadable: (bytes: number) => this.state < 2 && onReadable?.call(this, bytes),
			onWritable: (bytes: number) => {
				if (this.state > 1) return;
				if (!progress.secured) return fail(refusal("tls-closed", "the server broke off the handshake"));
				this.state = 1;
				onWritable?.call(this, bytes);
			},
			onError: () => {
				if (this.state === 1) fail(refusal("closed", "the connection has ended"));
				else if (progress.asked && bare) fail(refusal("tls-client-certificate", UNKNOWN_CLIENT));
				else if (connected) fail(refusal("tls-closed", "the server hung up during the handshake"));
				else fail();
			},
		});
		this.state = 0;
	}

	override read(buffer: ByteBuffer): number | undefined;
	override read(byteLength?: number): ArrayBuffer | number | undefined;
	override read(option?: ByteBuffer | number): ArrayBuffer | number | undefined {
		if (this.state === 3) throw new Error("TLS: closed");
		if (typeof option !== "number") return option === undefined ? super.read() : super.read(view(option));
		// The SDK throws where there is less than was asked for.
		const bytes = new Uint8Array(option);
		const count = super.read(bytes);
		return count === undefined ? undefined : bytes.buffer.slice(0, count);
	}
	override write(data: ByteBuffer | number, options?: { readonly more?: boolean }): number {
		if (this.state !== 1) throw new Error("TLS: no connection");
		const room = super.write(data, options);
		this.waiting = options?.more === true;
		// An end that does not come in this turn may wait for room, and room for what waits here.
		if (this.waiting)
			this.turn ??= Timer.set(() => {
				this.turn = undefined;
				if (this.waiting && this.state === 1) this.write(NOTHING);
			});
		return Math.max(room - OVERHEAD, 0);
	}
	override close(): void {
		if (this.state === 3) return;
		Timer.clear(this.turn);
		if (this.waiting && this.state === 1) this.write(NOTHING);
		this.state = 3;
		super.close();
	}
}

/** In the SDK's names, checked before anything is allocated. */
const converted = (tls: NonNullable<TLSOptions["tls"]>) => {
	const { ca, clientCertificate, clientKey, applicationLayerProtocol } = tls;
	const chain = list(clientCertificate).flatMap(each => certificates("clientCertificate", view(each)));
	const keys = list(clientKey).flatMap(each => certificates("clientKey", view(each)));
	if (chain.length === 0 ? keys.length > 0 : keys.length !== 1)
		throw new TypeError("TLS: clientCertificate and one clientKey go together");
	return {
		...(ca && { certificate: list(ca).flatMap(each => certificates("ca", view(each))) }),
		...(keys.length && { clientCertificates: chain, clientKey: keys[0] }),
		...(applicationLayerProtocol && {
			applicationLayerProtocolNegotiation: list(applicationLayerProtocol),
		}),
	};
};

const list = <T>(value: Several<T> | undefined): readonly T[] => {
	if (value === undefined) return [];
	return Array.isArray(value) ? value : [value as T];
};

/** A resource in flash is no ArrayBuffer and becomes no copy. */
const view = (buffer: ByteBuffer): Uint8Array =>
	ArrayBuffer.isView(buffer)
		? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
		: new Uint8Array(buffer);

const UNKNOWN_CLIENT = "the server asks for a client certificate";

/** What was thrown, with a code; alerts by their numbers (RFC 5246 §7.2). */
const explained = (cause: unknown, bare: boolean): Refusal | Error => {
	if (typeof (cause as { code?: unknown })?.code === "string") return cause as Refusal;
	const message = cause instanceof Error ? cause.message : String(cause);
	const alert = Number(/^alert: \d+, (\d+)$/.exec(message)?.[1] ?? -1);
	// handshake_failure is also what a server says that was shown no certificate and wanted one.
	if (alert === 116 || (bare && alert >= 40 && alert <= 51))
		return refusal("tls-client-certificate", UNKNOWN_CLIENT, cause);
	if ((alert >= 42 && alert <= 46) || (alert >= 48 && alert <= 51))
		return refusal("tls-client-refused", "the server does not accept the client certificate", cause);
	if (alert === 40 || alert === 70 || alert === 71 || alert === 120)
		return refusal("tls-handshake", "the server agrees to no common version, cipher or protocol", cause);
	return refusal("tls-failed", message, cause);
};

/**
 * ECMA-419 §10, TLS Client socket, over the SDK's TLSSocket (TLS 1.2). What the SDK throws about a certificate (carrier.ts)
 * ends the connection, with a coded reason in `onError`. The host's name must stand in the certificate; there is no switch to turn that off.
 * The manifest turns DHE off: the SDK signs as a client with ECDHE alone, and a server that asks for our certificate
 * may choose either.
 */

/// <reference path="./sdk.d.ts" />

import SDKTLS from "embedded:io/socket/tcp/tls";
import type { ByteBuffer, TCP as TCPPattern } from "../../modules/mqtt/io.js";
import { Carrier } from "./carrier.js";

/** DER. Of several authorities the SDK takes one; a server must send its whole chain, its authority included. */
export interface Credentials {
	readonly ca?: ByteBuffer;
	readonly clientCertificate?: ByteBuffer;
	/** PKCS #8. */
	readonly clientKey?: ByteBuffer;
}

export interface TLSOptions {
	readonly address: string;
	/** The name the server must prove, unless `tls.host` says another. */
	readonly host?: string;
	readonly port: number;
	readonly tls?: Credentials & { readonly host?: string; readonly applicationLayerProtocol?: string };
	readonly onReadable?: (this: TLS, bytes: number) => void;
	readonly onWritable?: (this: TLS, bytes: number) => void;
	readonly onError?: (this: TLS, reason?: unknown) => void;
}

const Base = SDKTLS as unknown as new (options: object) => TCPPattern;

export class TLS extends Base {
	#closed = false;
	#failed = false;

	constructor(options: TLSOptions) {
		const { tls = {}, onReadable, onWritable, onError } = options;
		const { ca, clientCertificate, clientKey, applicationLayerProtocol, host = options.host } = tls;
		// `this` is not there yet; all that is called back comes from later turns.
		const fail = (reason?: unknown) => {
			if (!this.#running) return;
			this.#failed = true;
			onError?.call(this, reason);
		};
		super({
			address: options.address,
			port: options.port,
			host,
			secure: {
				serverName: host,
				...(ca && { certificate: whole(ca) }),
				...(clientCertificate &&
					clientKey && { clientCertificates: [whole(clientCertificate)], clientKey: whole(clientKey) }),
				...(applicationLayerProtocol && { applicationLayerProtocolNegotiation: [applicationLayerProtocol] }),
			},
			TCP: { io: Carrier },
			thrown: (error: unknown) => fail(coded(error)),
			onReadable: (bytes: number) => this.#running && onReadable?.call(this, bytes),
			onWritable: (bytes: number) => this.#running && onWritable?.call(this, bytes),
			onError: () => fail(),
		});
	}

	get #running(): boolean {
		return !this.#closed && !this.#failed;
	}

	override read(buffer: ByteBuffer): number | undefined;
	override read(byteLength?: number): ArrayBuffer | number | undefined;
	override read(option?: ByteBuffer | number): ArrayBuffer | number | undefined {
		if (this.#closed) throw new Error("TLS: closed");
		if (typeof option !== "number") return option === undefined ? super.read() : super.read(view(option));
		// The SDK throws where there is less than was asked for.
		const bytes = new Uint8Array(option);
		const count = super.read(bytes);
		return count === undefined ? undefined : bytes.buffer.slice(0, count);
	}
	override write(data: ByteBuffer | number, options?: { readonly more?: boolean }): number {
		if (!this.#running) throw new Error("TLS: the connection is gone");
		return super.write(data, options);
	}
	override close(): void {
		if (this.#closed) return;
		this.#closed = true;
		super.close();
	}
}

function view(buffer: ByteBuffer): Uint8Array {
	return ArrayBuffer.isView(buffer)
		? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
		: new Uint8Array(buffer);
}

/** The SDK compares and decodes buffers, not views. */
function whole(buffer: ByteBuffer): ArrayBuffer | ByteBuffer {
	if (!ArrayBuffer.isView(buffer)) return buffer;
	return (buffer.buffer as ArrayBuffer).slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
}

/** Before this no clock has been set: every certificate is then of the future. */
const SET = Date.UTC(2025, 0, 1);

/** The SDK's words, under one code: they do not tell a wrong name from a wrong authority. But we know when there was no time. */
function coded(cause: unknown): Error {
	const error = new Error(`TLS: ${cause instanceof Error ? cause.message : cause}`);
	(error as Error & { code: string }).code = Date.now() < SET ? "tls-time" : "tls-handshake";
	return error;
}

/**
 * A private key and the request for its certificate, on a host that can make an RSA key: the request is put together here and signed by
 * the SDK's PKCS #1, with which TLS signs too. The key may be made beside all else: it is asked for until it is there.
 */

/// <reference path="./sdk.d.ts" />

import { Digest } from "crypt";
import PKCS1_5 from "pkcs1_5";
import PKCS8 from "pkcs8";
import Timer from "timer";
import type {
	CertificateRequestOptions,
	CertificateRequest as CertificateRequestPattern,
} from "../../modules/device/io.js";
import { information, privateKey, publicKey, request } from "../shared/pkcs10.js";

/** Milliseconds between two looks. */
const LOOK = 250;
const sha256: readonly number[] = Object.freeze([2, 16, 840, 1, 101, 3, 4, 2, 1]);

export abstract class CertificateRequest implements CertificateRequestPattern {
	private readonly options: CertificateRequestOptions;
	private made: ReturnType<CertificateRequestPattern["read"]>;
	private turn: Timer | undefined;

	constructor(options: CertificateRequestOptions) {
		this.options = options;
		this.turn = Timer.repeat(() => this.look(), LOOK);
	}

	/** A new RSA key of 2048 bits, PKCS #1 in DER; `undefined` while it is being made. */
	protected abstract make(): ArrayBuffer | undefined;

	read() {
		return this.made;
	}
	close(): void {
		Timer.clear(this.turn);
		this.turn = undefined;
	}

	private look(): void {
		const { subject, onReadable, onError } = this.options;
		try {
			const key = this.make();
			if (!key) return;
			this.made = signed(privateKey(new Uint8Array(key)), subject);
		} catch (error) {
			this.close();
			onError(error);
			return;
		}
		this.close();
		onReadable();
	}
}

/** `der`: PKCS #8. */
const signed = (der: Uint8Array, subject: string) => {
	const key = PKCS8.parse(der);
	const own = publicKey(bytes(key.modulus), bytes(key.exponent));
	const text = information(subject, own);
	const hash = new Digest("SHA256");
	hash.write(text.buffer as ArrayBuffer);
	const signature = new PKCS1_5(key, true, sha256).sign(hash.close());
	return { key: base64(der), request: request(text, new Uint8Array(signature), base64) };
};

const bytes = (number = 0n): Uint8Array => new Uint8Array(ArrayBuffer.fromBigInt(number));

const base64 = (bytes: Uint8Array): string => (bytes as unknown as { toBase64(): string }).toBase64();

/** A private key, RSA with 2048 bits, and the request for its certificate, by Node's crypto. Made beside all else, in some 100 ms. */

import { generateKeyPair, sign } from "node:crypto";
import type {
	CertificateRequestOptions,
	CertificateRequest as CertificateRequestPattern,
} from "../../modules/device/io.js";
import { information, request } from "../shared/pkcs10.js";

export class CertificateRequest implements CertificateRequestPattern {
	#made: ReturnType<CertificateRequestPattern["read"]>;
	#closed = false;

	constructor({ subject, onReadable, onError }: CertificateRequestOptions) {
		generateKeyPair("rsa", { modulusLength: 2048 }, (error, publicKey, key) => {
			if (this.#closed) return;
			if (error) return onError(error);
			const text = information(subject, publicKey.export({ type: "spki", format: "der" }));
			const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
			this.#made = {
				key: base64(key.export({ type: "pkcs8", format: "der" })),
				request: request(text, sign("sha256", text, key), base64),
			};
			onReadable();
		});
	}
	read() {
		return this.#made;
	}
	close(): void {
		this.#closed = true;
	}
}

/**
 * Certificates and the private key of TLS, as resources that the manifest's `data` brings along and its
 * `config.certificates` names: `{ "ca": "ca.der", "certificate": "device.der", "key": "device-key.der" }`, all DER,
 * the key PKCS #8. They stay in flash; nothing here prints them. A missing one is told, and not trusted. A certificate that the board
 * was given in the field, and its key, take the place of those of the image.
 */

import Resource from "Resource";
import config from "mc/config";
import type { Provision } from "../../modules/device/io.js";
import type { Credentials } from "./tls.js";

export const credentials = (trace: (line: string) => void, provision: Provision): Credentials => {
	const { ca, certificate, key } = (config.certificates ?? {}) as { [name: string]: string | undefined };
	const resource = (name: string | undefined): ArrayBuffer | undefined => {
		if (name === undefined) return undefined;
		if (Resource.exists(name)) return new Resource(name) as unknown as ArrayBuffer;
		trace(`TLS: expected ${name} in the image, found no such resource: see "data" in the manifest`);
		return undefined;
	};
	if (provision.get("certificate") !== undefined) {
		const authority = resource(ca);
		// At each connect anew: kept, they would take 2 KB of RAM.
		return {
			...(authority && { ca: authority }),
			get clientCertificate() {
				return bytes(provision.get("certificate"));
			},
			get clientKey() {
				return bytes(provision.get("key"));
			},
		};
	}
	const [authority, client, secret] = [resource(ca), resource(certificate), resource(key)];
	return {
		...(authority && { ca: authority }),
		...(client && secret && { clientCertificate: client, clientKey: secret }),
	};
};

const bytes = (text = ""): Uint8Array =>
	(Uint8Array as unknown as { fromBase64(text: string): Uint8Array }).fromBase64(text);

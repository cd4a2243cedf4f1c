/**
 * Certificates and the private key of TLS, as resources that the manifest's `data` brings along and its
 * `config.certificates` names: `{ "ca": "ca.der", "certificate": "device.der", "key": "device-key.der" }`, all DER,
 * the key PKCS #8. They stay in flash; nothing here prints them. A missing one is told, and not trusted.
 */

import Resource from "Resource";
import config from "mc/config";
import type { Credentials } from "./tls.js";

export const credentials = (trace: (line: string) => void): Credentials => {
	const { ca, certificate, key } = (config.certificates ?? {}) as { [name: string]: string | undefined };
	const resource = (name: string | undefined): ArrayBuffer | undefined => {
		if (name === undefined) return undefined;
		if (Resource.exists(name)) return new Resource(name) as unknown as ArrayBuffer;
		trace(`TLS: expected ${name} in the image, found no such resource: see "data" in the manifest`);
		return undefined;
	};
	const [authority, client, secret] = [resource(ca), resource(certificate), resource(key)];
	return {
		...(authority && { ca: authority }),
		...(client && secret && { clientCertificate: client, clientKey: secret }),
	};
};

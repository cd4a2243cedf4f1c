/**
 * Certificates and the private key of TLS, as resources that the manifest's `data` brings along (a file that is
 * missing there ends the build) and its `config.tls` names: `{ "ca": "ca.der", "certificate": "device.der", "key":
 * "device.key.der" }`, all DER, the key PKCS #8. They stay in flash; nothing here prints them.
 */

import Resource from "Resource";
import config from "mc/config";
import type { Credentials } from "../moddable/tls.js";

export function credentials(): Credentials {
	const { ca, certificate, key } = (config.tls ?? {}) as { [name: string]: string | undefined };
	return {
		...(ca && { ca: resource(ca) }),
		...(certificate && { clientCertificate: resource(certificate) }),
		...(key && { clientKey: resource(key) }),
	};
}

function resource(name: string): ArrayBuffer {
	return new Resource(name) as unknown as ArrayBuffer;
}

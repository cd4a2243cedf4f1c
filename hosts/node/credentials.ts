/**
 * What TLS is trusted by and trusted for, from the files people have: PEM or DER, told apart by looking. Gives DER, as
 * ECMA-419 wants it (§10). A file that is neither is refused with one line.
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Credentials } from "./tls.js";

/** Names of files in PEM or DER, relative to the working folder. */
export interface CredentialFiles {
	/** Authorities to trust, in the place of the machine's own; one file may hold several. */
	readonly ca?: string;
	/** The client's certificate, and after it those that vouch for it. */
	readonly certificate?: string;
	/** The private key of `certificate`. */
	readonly key?: string;
}

/** Reads them. Throws an `Error` whose message names the file, what was expected in it and what was found. */
export function loadCredentials({ ca, certificate, key }: CredentialFiles): Credentials {
	if ((certificate === undefined) !== (key === undefined))
		throw new Error(
			`${certificate ?? key}: expected a ${certificate ? "key" : "certificate"} to go with it, found none`,
		);
	return {
		...(ca !== undefined && { ca: certificates(ca) }),
		...(certificate !== undefined && key !== undefined && pair(certificate, key)),
	};
}

function pair(certificate: string, key: string) {
	const clientCertificate = certificates(certificate);
	const clientKey = privateKey(key);
	if (!new X509Certificate(clientCertificate[0] as Uint8Array).checkPrivateKey(readKey(clientKey)))
		throw new Error(`${key}: expected the key of ${certificate}, found another one`);
	return { clientCertificate, clientKey };
}

/** A key as `loadCredentials` gives it. */
export function readKey(clientKey: Uint8Array) {
	return createPrivateKey({ key: Buffer.from(clientKey), format: "der", type: "pkcs8" });
}

function certificates(file: string): Uint8Array[] {
	const content = read(file);
	const blocks = content
		.toString("latin1")
		.match(
			/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g,
		);
	try {
		return (blocks ?? [content]).map(block => Uint8Array.from(new X509Certificate(block).raw));
	} catch {
		throw new Error(`${file}: expected certificates in PEM or DER, found ${found(content, "CERTIFICATE")}`);
	}
}

function privateKey(file: string): Uint8Array {
	const content = read(file);
	if (content.includes("ENCRYPTED"))
		throw new Error(`${file}: expected a key without a passphrase, found an encrypted one`);
	for (const options of [
		{ key: content, format: "pem" },
		{ key: content, format: "der", type: "pkcs8" },
		{ key: content, format: "der", type: "sec1" },
		{ key: content, format: "der", type: "pkcs1" },
	] as const) {
		try {
			return Uint8Array.from(createPrivateKey(options).export({ type: "pkcs8", format: "der" }));
		} catch {
			// Not in this form; the next.
		}
	}
	throw new Error(`${file}: expected a private key in PEM or DER, found ${found(content, "KEY")}`);
}

/** What is in a file in which no `kind` could be read: by what PEM says of itself. */
function found(content: Buffer, kind: string): string {
	if (content.length === 0) return "an empty file";
	const [, label] = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(content.toString("latin1")) ?? [];
	return label === undefined ? "neither" : `a ${label.endsWith(kind) ? "damaged " : ""}${label}`;
}

function read(file: string): Buffer {
	try {
		return readFileSync(file);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw new Error(`${file}: expected a readable file, found ${code === "ENOENT" ? "no such file" : code}`);
	}
}

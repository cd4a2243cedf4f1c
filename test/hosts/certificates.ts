/**
 * Certificates for tests of TLS, made afresh in the process: an authority, and what it signs for servers and clients,
 * good, expired or for another name (X.509 v3, ECDSA P-256 or RSA). As much DER as that takes; not for anything else.
 */

import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export interface Issued {
	/** DER. */
	readonly certificate: Buffer;
	/** DER, PKCS #8. */
	readonly key: Buffer;
}

export interface Subject {
	/** The common name, and with `names` none of it is looked at. */
	readonly name: string;
	/** DNS names the certificate is for. */
	readonly names?: readonly string[];
	/** IPv4 addresses it is for. */
	readonly addresses?: readonly string[];
	readonly from?: Date;
	readonly until?: Date;
	/** Elliptic if not given. */
	readonly keys?: Keys;
	/** What it may be used for (extended key usage), if that is limited. */
	readonly usage?: "server" | "client";
}

export type Keys = "elliptic" | "rsa";

const day = 86_400_000;
const basicConstraints = [85, 29, 19];
const subjectAltName = [85, 29, 17];
const extendedKeyUsage = [85, 29, 37];
const usages = {
	server: [43, 6, 1, 5, 5, 7, 3, 1],
	client: [43, 6, 1, 5, 5, 7, 3, 2],
};

/** With SHA-256, by the type of the key. */
const algorithms = {
	ec: sequence(oid([42, 134, 72, 206, 61, 4, 3, 2])),
	rsa: sequence(oid([42, 134, 72, 134, 247, 13, 1, 1, 11]), tlv(5)),
};

export class Authority {
	readonly certificate: Buffer;
	readonly #name: string;
	readonly #key: KeyObject;
	#serial = 1;

	/** With a key of its own or one that there is; vouched for by itself or by another. `pathLength`: so many authorities below it. */
	constructor(name: string, keys: Keys | KeyObject = "elliptic", issuer?: Authority, pathLength?: number) {
		const { publicKey, privateKey } =
			typeof keys === "string" ? pair(keys) : { publicKey: createPublicKey(keys), privateKey: keys };
		this.#name = name;
		this.#key = privateKey;
		const constraints = extension(
			basicConstraints,
			true,
			sequence(tlv(1, Buffer.of(255)), ...(pathLength === undefined ? [] : [integer(pathLength)])),
		);
		this.certificate = (issuer ?? this).#certify({ name }, publicKey, constraints);
	}
	issue(subject: Subject): Issued {
		const { publicKey, privateKey } = pair(subject.keys);
		const alternatives = [
			...(subject.names ?? []).map(name => tlv(0x82, Buffer.from(name, "ascii"))),
			...(subject.addresses ?? []).map(address => tlv(0x87, Buffer.from(address.split(".").map(Number)))),
		];
		const extensions = alternatives.length
			? [extension(subjectAltName, false, sequence(...alternatives))]
			: [];
		if (subject.usage)
			extensions.push(extension(extendedKeyUsage, false, sequence(oid(usages[subject.usage]))));
		return {
			certificate: this.#certify(subject, publicKey, ...extensions),
			key: privateKey.export({ type: "pkcs8", format: "der" }),
		};
	}

	#certify(subject: Subject, publicKey: KeyObject, ...extensions: Buffer[]): Buffer {
		const { from = new Date(Date.now() - day), until = new Date(Date.now() + day) } = subject;
		const algorithm = algorithms[this.#key.asymmetricKeyType as keyof typeof algorithms];
		const body = sequence(
			tlv(0xa0, integer(2)),
			integer(this.#serial++),
			algorithm,
			commonName(this.#name),
			sequence(time(from), time(until)),
			commonName(subject.name),
			publicKey.export({ type: "spki", format: "der" }),
			tlv(0xa3, sequence(...extensions)),
		);
		const signature = sign("sha256", body, this.#key);
		return sequence(body, algorithm, tlv(3, Buffer.of(0), signature));
	}
}

function pair(keys: Keys = "elliptic") {
	return keys === "rsa"
		? generateKeyPairSync("rsa", { modulusLength: 2048 })
		: generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** PEM, as Node's servers want it. */
export function pem(label: "CERTIFICATE" | "PRIVATE KEY", der: Buffer): string {
	const lines = der.toString("base64").match(/.{1,64}/g) as string[];
	return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

function tlv(tag: number, ...contents: Buffer[]): Buffer {
	const content = Buffer.concat(contents);
	const { length } = content;
	const header =
		length < 0x80
			? [tag, length]
			: length < 0x100
				? [tag, 0x81, length]
				: [tag, 0x82, length >> 8, length & 255];
	return Buffer.concat([Buffer.from(header), content]);
}
function sequence(...contents: Buffer[]): Buffer {
	return tlv(0x30, ...contents);
}
function integer(value: number): Buffer {
	return tlv(2, Buffer.of(value));
}
function oid(encoded: number[]): Buffer {
	return tlv(6, Buffer.from(encoded));
}
function commonName(name: string): Buffer {
	return sequence(tlv(0x31, sequence(oid([85, 4, 3]), tlv(0x0c, Buffer.from(name)))));
}
function time(date: Date): Buffer {
	return tlv(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`));
}
function extension(id: number[], critical: boolean, value: Buffer): Buffer {
	return sequence(oid(id), ...(critical ? [tlv(1, Buffer.of(255))] : []), tlv(4, value));
}

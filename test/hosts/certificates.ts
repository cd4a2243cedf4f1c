/**
 * Certificates for tests of TLS, made afresh in the process: an authority, and what it signs for servers and clients,
 * good, expired or for another name (X.509 v3, ECDSA P-256). As much DER as that takes; not for anything else.
 */

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

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
}

const day = 86_400_000;
const ecdsaWithSHA256 = sequence(oid([42, 134, 72, 206, 61, 4, 3, 2]));

export class Authority {
	readonly certificate: Buffer;
	#name: string;
	#key: KeyObject;
	#serial = 1;

	constructor(name: string) {
		const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
		this.#name = name;
		this.#key = privateKey;
		this.certificate = this.#certify({ name }, publicKey, [
			extension([85, 29, 19], true, sequence(tlv(1, Buffer.of(255)))),
		]);
	}
	issue(subject: Subject): Issued {
		const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
		const alternatives = [
			...(subject.names ?? []).map(name => tlv(0x82, Buffer.from(name, "ascii"))),
			...(subject.addresses ?? []).map(address => tlv(0x87, Buffer.from(address.split(".").map(Number)))),
		];
		const extensions = alternatives.length ? [extension([85, 29, 17], false, sequence(...alternatives))] : [];
		return {
			certificate: this.#certify(subject, publicKey, extensions),
			key: privateKey.export({ type: "pkcs8", format: "der" }),
		};
	}

	#certify(subject: Subject, publicKey: KeyObject, extensions: Buffer[]): Buffer {
		const { from = new Date(Date.now() - day), until = new Date(Date.now() + day) } = subject;
		const body = sequence(
			tlv(0xa0, integer(2)),
			integer(this.#serial++),
			ecdsaWithSHA256,
			commonName(this.#name),
			sequence(time(from), time(until)),
			commonName(subject.name),
			publicKey.export({ type: "spki", format: "der" }),
			tlv(0xa3, sequence(...extensions)),
		);
		const signature = sign("sha256", body, this.#key);
		return sequence(body, ecdsaWithSHA256, tlv(3, Buffer.of(0), signature));
	}
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

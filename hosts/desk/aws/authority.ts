/**
 * The certificates of the local AWS IoT Core: an authority of its own, what it signs for the endpoint and for devices, and what a
 * device asks for with a request (CSR). RSA with 2048 bits, as AWS makes them; a request may be for an elliptic key.
 * https://docs.aws.amazon.com/iot/latest/developerguide/device-certs-create.html
 */

import "reflect-metadata";
import { createHash, webcrypto, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";

type Key = webcrypto.CryptoKey;

export interface Issued {
	/** As AWS numbers certificates: the SHA-256 of its bytes, in hex. */
	readonly certificateId: string;
	readonly certificatePem: string;
	/** PKCS #8; of a request, the device has it. */
	readonly privateKeyPem?: string;
	readonly publicKeyPem?: string;
}

const algorithm = {
	name: "RSASSA-PKCS1-v1_5",
	hash: "SHA-256",
	publicExponent: Uint8Array.of(1, 0, 1),
	modulusLength: 2048,
};
/** https://docs.aws.amazon.com/iot/latest/developerguide/device-certs-create.html: until the end of 2049. */
const end = new Date("2049-12-31T23:59:59Z");
const name = "O=Glowworm, CN=Local AWS IoT Core CA";

export class Authority {
	/** Where its certificate is, in PEM. */
	readonly file: string;
	readonly pem: string;
	readonly #folder: string;
	readonly #key: Key;

	private constructor(folder: string, pem: string, key: Key) {
		this.#folder = folder;
		this.file = join(folder, "ca.pem");
		this.pem = pem;
		this.#key = key;
	}

	/** The one in this folder, which is made on first use. */
	static async open(folder: string): Promise<Authority> {
		const file = join(folder, "ca.pem");
		const keyFile = join(folder, "ca.key");
		if (existsSync(file) && existsSync(keyFile)) {
			const [block] = x509.PemConverter.decode(readFileSync(keyFile, "utf8"));
			const key = await webcrypto.subtle.importKey("pkcs8", block as ArrayBuffer, algorithm, false, ["sign"]);
			return new Authority(folder, readFileSync(file, "utf8"), key);
		}
		const keys = await pair();
		const certificate = await x509.X509CertificateGenerator.createSelfSigned({
			serialNumber: serial(),
			name,
			notBefore: yesterday(),
			notAfter: end,
			signingAlgorithm: algorithm,
			keys,
			extensions: [
				new x509.BasicConstraintsExtension(true, undefined, true),
				new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
			],
		});
		mkdirSync(folder, { recursive: true });
		writeFileSync(keyFile, await exported(keys.privateKey), { mode: 0o600 });
		writeFileSync(file, text(certificate));
		return new Authority(folder, text(certificate), keys.privateKey);
	}

	/** For an endpoint with these names, and no addresses. Made on first use. */
	async server(names: readonly string[]): Promise<Issued> {
		const file = join(this.#folder, "endpoint.pem");
		const keyFile = join(this.#folder, "endpoint.key");
		if (existsSync(file) && existsSync(keyFile)) {
			const certificatePem = readFileSync(file, "utf8");
			return {
				certificateId: idOfPem(certificatePem),
				certificatePem,
				privateKeyPem: readFileSync(keyFile, "utf8"),
			};
		}
		const alternatives = names.map(value => ({ type: "dns" as const, value }));
		const keys = await pair();
		const certificate = await this.#certify(names[0] as string, keys.publicKey, [
			new x509.SubjectAlternativeNameExtension(alternatives),
			new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
		]);
		const privateKeyPem = await exported(keys.privateKey);
		writeFileSync(keyFile, privateKeyPem, { mode: 0o600 });
		writeFileSync(file, certificate.certificatePem);
		return { ...certificate, privateKeyPem };
	}

	/** https://docs.aws.amazon.com/iot/latest/apireference/API_CreateKeysAndCertificate.html */
	async device(): Promise<Issued> {
		const keys = await pair();
		const issued = await this.#certify("AWS IoT Certificate", keys.publicKey, clientUse);
		const spki = await webcrypto.subtle.exportKey("spki", keys.publicKey);
		const publicKeyPem = `${x509.PemConverter.encode(spki, "PUBLIC KEY")}\n`;
		return { ...issued, privateKeyPem: await exported(keys.privateKey), publicKeyPem };
	}

	/** Of a request in PEM. Throws where it is none, is not signed by its key, or is for a key that AWS takes not. */
	async fromRequest(pem: string): Promise<Issued> {
		const request = new x509.Pkcs10CertificateRequest(pem);
		if (!(await request.verify())) throw new Error("the request is not signed by its own key");
		const key = await request.publicKey.export();
		const {
			name,
			namedCurve,
			modulusLength = 0,
		} = key.algorithm as webcrypto.RsaHashedKeyAlgorithm & webcrypto.EcKeyAlgorithm;
		const elliptic = namedCurve === "P-256" || namedCurve === "P-384";
		if (!elliptic && !(name.startsWith("RSA") && modulusLength >= 2048))
			throw new Error("the key is neither RSA with 2048 bits or more, nor of P-256 or P-384");
		return this.#certify(request.subject, key, clientUse);
	}

	async #certify(subject: string, publicKey: Key, extensions: readonly x509.Extension[]): Promise<Issued> {
		const certificate = await x509.X509CertificateGenerator.create({
			serialNumber: serial(),
			issuer: name,
			subject: subject.includes("=") ? subject : `CN=${subject}`,
			notBefore: yesterday(),
			notAfter: end,
			signingAlgorithm: algorithm,
			publicKey,
			signingKey: this.#key,
			extensions: [new x509.BasicConstraintsExtension(false), ...extensions],
		});
		return { certificateId: idOf(certificate.rawData), certificatePem: text(certificate) };
	}
}

const clientUse = [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])];

export function idOf(der: ArrayBuffer | Uint8Array): string {
	return createHash("sha256")
		.update(new Uint8Array(der as ArrayBuffer))
		.digest("hex");
}

/** The id of a certificate in PEM. */
export function idOfPem(pem: string): string {
	return idOf(new X509Certificate(pem).raw);
}

function pair(): Promise<webcrypto.CryptoKeyPair> {
	return webcrypto.subtle.generateKey(algorithm, true, [
		"sign",
		"verify",
	]) as Promise<webcrypto.CryptoKeyPair>;
}

async function exported(key: Key): Promise<string> {
	const der = await webcrypto.subtle.exportKey("pkcs8", key);
	return `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`;
}

function text(certificate: x509.X509Certificate): string {
	return `${certificate.toString("pem")}\n`;
}

function serial(): string {
	// Positive, so that no parser takes offence.
	const bytes = webcrypto.getRandomValues(Buffer.alloc(16));
	bytes[0] = ((bytes[0] as number) & 0x7f) | 1;
	return bytes.toString("hex");
}

/** A board's clock may be late. */
function yesterday(): Date {
	return new Date(Date.now() - 86_400_000);
}

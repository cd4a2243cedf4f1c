/**
 * PKCS #10 (RFC 2986) in DER, of an RSA key: what is signed of a request for a certificate, and the request. Pure: Moddable's hosts have
 * it too. Signs nothing, and has no attributes: AWS looks at none.
 */

const Tag = Object.freeze({ Integer: 2, BitString: 3, OctetString: 4, Null: 5, Identifier: 6, Text: 12 });
const SEQUENCE = 0x30;
const SET = 0x31;
/** Attributes, none of them. */
const ATTRIBUTES = 0xa0;
const rsaEncryption: readonly number[] = Object.freeze([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
const sha256WithRSA: readonly number[] = Object.freeze([...rsaEncryption.slice(0, 8), 11]);
const commonName: readonly number[] = Object.freeze([0x55, 4, 3]);

/** A value of this tag that holds `parts` one after the other. */
export const value = (tag: number, ...parts: readonly ArrayLike<number>[]): Uint8Array => {
	const length = parts.reduce((sum, part) => sum + part.length, 0);
	const header =
		length < 0x80
			? [tag, length]
			: length < 0x100
				? [tag, 0x81, length]
				: [tag, 0x82, length >> 8, length & 0xff];
	const bytes = new Uint8Array(header.length + length);
	let at = 0;
	for (const part of [header, ...parts]) {
		bytes.set(part, at);
		at += part.length;
	}
	return bytes;
};

/** `bytes` of a positive number, big end first. */
const integer = (bytes: Uint8Array): Uint8Array =>
	value(Tag.Integer, (bytes[0] ?? 0) < 0x80 ? [] : [0], bytes);

const algorithm = (identifier: readonly number[]): Uint8Array =>
	value(SEQUENCE, value(Tag.Identifier, identifier), value(Tag.Null));

/** SubjectPublicKeyInfo of an RSA key. */
export const publicKey = (modulus: Uint8Array, exponent: Uint8Array): Uint8Array =>
	value(
		SEQUENCE,
		algorithm(rsaEncryption),
		value(Tag.BitString, [0], value(SEQUENCE, integer(modulus), integer(exponent))),
	);

/** PKCS #8 around an RSA key in PKCS #1. */
export const privateKey = (key: Uint8Array): Uint8Array =>
	value(SEQUENCE, value(Tag.Integer, [0]), algorithm(rsaEncryption), value(Tag.OctetString, key));

/** CertificationRequestInfo: what the key signs with SHA-256. `subject`: ASCII. */
export const information = (subject: string, key: Uint8Array): Uint8Array => {
	const text = Uint8Array.from(Array.from(subject), character => character.charCodeAt(0));
	const name = value(SEQUENCE, value(Tag.Identifier, commonName), value(Tag.Text, text));
	return value(SEQUENCE, value(Tag.Integer, [0]), value(SEQUENCE, value(SET, name)), key, value(ATTRIBUTES));
};

export const request = (information: Uint8Array, signature: Uint8Array): Uint8Array =>
	value(SEQUENCE, information, algorithm(sha256WithRSA), value(Tag.BitString, [0], signature));

/** Of a request in base64. */
export const pem = (base64: string): string =>
	`-----BEGIN CERTIFICATE REQUEST-----\n${base64.replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE REQUEST-----\n`;

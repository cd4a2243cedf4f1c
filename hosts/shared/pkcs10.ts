/**
 * PKCS #10 (RFC 2986) in DER, for an RSA key: what is signed of a request for a certificate, and the request. Pure: Moddable's hosts have
 * it too. Signs nothing, and has no attributes, for AWS looks at none. Tags are written as the numbers that they are: 2 INTEGER, 3 BIT STRING,
 * 4 OCTET STRING, 5 NULL, 6 OBJECT IDENTIFIER, 12 UTF8String, 0x30 SEQUENCE, 0x31 SET, 0xa0 the attributes.
 */

/** A value of this tag that holds `parts` one after the other; together less than 64 KB. */
export const value = (tag: number, ...parts: readonly ArrayLike<number>[]): Uint8Array => {
	const length = parts.reduce((sum, part) => sum + part.length, 0);
	// The shortest that there is (X.690 §10.1).
	const header = [tag, length];
	if (length > 0xff) header.splice(1, 1, 0x82, length >> 8, length & 0xff);
	else if (length > 0x7f) header.splice(1, 0, 0x81);
	const bytes = new Uint8Array(header.length + length);
	bytes.set(header);
	let at = header.length;
	parts.forEach(part => {
		bytes.set(part, at);
		at += part.length;
	});
	return bytes;
};

/** `bytes` of a positive number, big end first. */
export const integer = (bytes: Uint8Array): Uint8Array =>
	value(2, (bytes[0] as number) > 0x7f ? [0] : [], bytes);

/** Of PKCS #1 (RFC 8017 §C): 1 is an RSA key, 11 a signature with it and SHA-256. */
const algorithm = (kind: number): Uint8Array =>
	value(0x30, [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, kind, 5, 0]);

/** SubjectPublicKeyInfo of an RSA key. */
export const publicKey = (modulus: Uint8Array, exponent: Uint8Array): Uint8Array =>
	value(0x30, algorithm(1), value(3, [0], value(0x30, integer(modulus), integer(exponent))));

/** PKCS #8 around an RSA key in PKCS #1. */
export const privateKey = (key: Uint8Array): Uint8Array =>
	value(0x30, [2, 1, 0], algorithm(1), value(4, key));

/** CertificationRequestInfo: what the key signs with SHA-256. The subject is a common name, ASCII. */
export const information = (subject: string, key: Uint8Array): Uint8Array => {
	const text = Array.from(subject, character => character.charCodeAt(0));
	const name = value(0x30, [6, 3, 0x55, 4, 3], value(12, text));
	return value(0x30, [2, 1, 0], value(0x30, value(0x31, name)), key, [0xa0, 0]);
};

/** In PEM; `base64` makes that of bytes. */
export const request = (
	information: Uint8Array,
	signature: Uint8Array,
	base64: (bytes: Uint8Array) => string,
): string => {
	const text = base64(value(0x30, information, algorithm(11), value(3, [0], signature)));
	const label = "CERTIFICATE REQUEST-----\n";
	return `-----BEGIN ${label}${text.replace(/.{64}(?!$)/g, "$&\n")}\n-----END ${label}`;
};

/**
 * DER (X.690 §8.1) as far as it takes to see where one certificate ends and the next begins. Pure: Moddable's hosts
 * have it too.
 */

/** The certificates that lie in a row in `bytes`, not copied. Throws TypeError for all else, PEM by its name. */
export function certificates(name: string, bytes: Uint8Array): Uint8Array[] {
	const result: Uint8Array[] = [];
	for (let offset = 0; offset < bytes.byteLength; ) {
		const length = sequenceLength(bytes, offset);
		if (length === undefined || offset + length > bytes.byteLength)
			throw new TypeError(
				`TLS: ${name}: expected DER, found ${bytes[0] === 0x2d ? "PEM" : `byte ${bytes[offset]} at ${offset}`}`,
			);
		result.push(bytes.subarray(offset, offset + length));
		offset += length;
	}
	if (result.length === 0) throw new TypeError(`TLS: ${name}: expected DER, found nothing`);
	return result;
}

/** Bytes of the ASN.1 SEQUENCE at `offset`, header included; `undefined` where there is none. */
function sequenceLength(bytes: Uint8Array, offset: number): number | undefined {
	const first = bytes[offset + 1];
	if (bytes[offset] !== 0x30 || first === undefined) return undefined;
	if (first < 0x80) return 2 + first;
	const octets = first & 0x7f;
	if (octets < 1 || octets > 3) return undefined;
	let length = 0;
	for (let i = 0; i < octets; i++) length = (length << 8) | (bytes[offset + 2 + i] ?? 0);
	return 2 + octets + length;
}

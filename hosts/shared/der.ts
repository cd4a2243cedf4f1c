/**
 * DER (X.690 §8.1, §10.1) as far as it takes to see where one certificate ends and the next begins, and that nothing in one
 * reaches beyond it. Pure: Moddable's hosts have it too.
 */

/** The certificates that lie in a row in `bytes`, not copied. Throws TypeError for all else, PEM by its name. */
export const certificates = (name: string, bytes: Uint8Array): Uint8Array[] => {
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
};

const Tag = Object.freeze({ BitString: 3, OctetString: 4, Identifier: 6, Sequence: 0x30 });
/** Set in the tag of what holds further values. */
const CONSTRUCTED = 0x20;
/** A certificate nests eight deep. */
const DEEPEST = 16;
const LONGEST_IDENTIFIER = 16;

/**
 * One value that fills `bytes` and each value in it its own place, as deep as they go, and into the sequences that extensions
 * carry in an OCTET STRING: what a parser that believes every length may be given. Says nothing of what the values mean.
 */
export const wellFormed = (bytes: Uint8Array): boolean =>
	bytes[0] === Tag.Sequence && within(bytes, 0, bytes.byteLength, 0) === 1;

/** How many values stand in a row from `start` to `end`, or -1. */
const within = (bytes: Uint8Array, start: number, end: number, depth: number): number => {
	if (depth > DEEPEST) return -1;
	let count = 0;
	for (let offset = start; offset < end; count++) {
		const tag = bytes[offset] as number;
		const content = offset + header(bytes, offset);
		const next = content + contentLength(bytes, offset);
		// Of tags beyond 30 a certificate has none.
		if ((tag & 0x1f) === 0x1f || content <= offset || !(next >= content && next <= end)) return -1;
		if (!sound(bytes, tag, content, next, depth)) return -1;
		offset = next;
	}
	return count;
};

const sound = (bytes: Uint8Array, tag: number, start: number, end: number, depth: number): boolean => {
	if (tag & CONSTRUCTED) return within(bytes, start, end, depth + 1) >= 0;
	if (tag === Tag.Identifier) return end > start && end - start <= LONGEST_IDENTIFIER;
	if (tag === Tag.BitString) return end > start && (bytes[start] === 0 || end - start <= 3);
	if (tag === Tag.OctetString && bytes[start] === Tag.Sequence)
		return within(bytes, start, end, depth + 1) === 1;
	return true;
};

/** Bytes of tag and length, or 0 where the length is none that DER allows here: definite, minimal, of three octets at most. */
const header = (bytes: Uint8Array, offset: number): number => {
	const first = bytes[offset + 1];
	if (first === undefined) return 0;
	if (first < 0x80) return 2;
	const octets = first & 0x7f;
	if (octets < 1 || octets > 3 || !bytes[offset + 2]) return 0;
	return octets === 1 && (bytes[offset + 2] as number) < 0x80 ? 0 : 2 + octets;
};

const contentLength = (bytes: Uint8Array, offset: number): number => {
	const first = bytes[offset + 1] as number;
	if (first < 0x80) return first;
	let length = 0;
	for (let i = 0; i < (first & 0x7f); i++) length = (length << 8) | (bytes[offset + 2 + i] ?? 0);
	return length;
};

/** Bytes of the ASN.1 SEQUENCE at `offset`, header included; `undefined` where there is none. */
const sequenceLength = (bytes: Uint8Array, offset: number): number | undefined => {
	const length = bytes[offset] === Tag.Sequence ? header(bytes, offset) : 0;
	return length ? length + contentLength(bytes, offset) : undefined;
};

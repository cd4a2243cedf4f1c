/** UTF-8 (MQTT 3.1.1 §1.5.3), and what an engine whose decoder lets ill-formed bytes pass has to look for by itself. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { decode, encode } from "../../modules/mqtt/codec.js";
import Parser from "../../modules/mqtt/parser.js";
import { settings } from "./seed.js";

/** Byte sequences that XS on a device decodes, and others. */
const SEQUENCES: readonly (readonly [string, string, boolean])[] = [
	["ASCII", "6c616d70", true],
	["U+00E9", "c3a9", true],
	["U+FEFF", "efbbbf", true],
	["U+D7FF, the last before the surrogates", "ed9fbf", true],
	["U+10FFFF", "f48fbfbf", true],
	["an overlong slash in two bytes", "c0af", false],
	["an overlong slash in three bytes", "e080af", false],
	["an overlong slash in four bytes", "f08080af", false],
	["an overlong U+0000", "c080", false],
	["a high surrogate", "eda080", false],
	["a pair of surrogates", "eda0bdedb2a9", false],
	["what is beyond U+10FFFF", "f4908080", false],
	["a lead byte of five", "f888808080", false],
	["a byte that only follows", "61bf", false],
	["a sequence that is cut short", "61e282", false],
	["a sequence that is broken off", "e28261", false],
];

/** As the parser looks at bytes of its buffer. */
function isUTF8(text: string, bytes: Uint8Array, start: number, end: number): boolean {
	const parser = new Parser(0);
	parser.bytes = bytes;
	return parser.isUTF8(text, start, end);
}
/** As an engine would that counts code points and checks nothing. */
const loose = (bytes: Uint8Array) =>
	({ length: bytes.filter(byte => byte >> 6 !== 2).length }) as unknown as string;
const strict = (bytes: Uint8Array): boolean => {
	try {
		decode(bytes);
		return true;
	} catch {
		return false;
	}
};

describe("text", () => {
	for (const [title, hex, expected] of SEQUENCES)
		it(`${title} is ${expected ? "" : "not "}well-formed [MQTT-1.5.3-1]`, () => {
			const bytes = Buffer.from(`ff${hex}bf`, "hex");
			const part = bytes.subarray(1, -1);
			assert.equal(strict(part), expected, "as the host's decoder says");
			if (loose(part).length < part.byteLength)
				assert.equal(isUTF8(loose(part), bytes, 1, bytes.byteLength - 1), expected);
		});

	it("Any bytes are well-formed exactly where the host's decoder says so [MQTT-1.5.3-1]", () => {
		const piece = fc.oneof(
			fc.string({ unit: "grapheme", maxLength: 3 }).map(encode),
			fc.uint8Array({ maxLength: 3 }),
			fc.constantFrom(...SEQUENCES.map(([, hex]) => Uint8Array.from(Buffer.from(hex, "hex")))),
		);
		fc.assert(
			fc.property(fc.array(piece, { maxLength: 6 }), pieces => {
				const bytes = Uint8Array.from(pieces.flatMap(each => [...each]));
				// One byte more than characters, so that all of it is looked at.
				assert.equal(isUTF8({ length: -1 } as unknown as string, bytes, 0, bytes.byteLength), strict(bytes));
			}),
			settings(3000),
		);
	});
});

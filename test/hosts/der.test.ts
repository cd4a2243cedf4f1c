/** DER, before a parser that believes every length gets to see it (hosts/shared/der.ts). */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { certificates, wellFormed } from "../../hosts/shared/der.js";
import { Authority } from "./certificates.js";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));

describe("a certificate", () => {
	const authority = new Authority("Ours", "rsa");
	const issued = authority.issue({ name: "board", names: ["a.test", "*.b.test"], addresses: ["127.0.0.1"] });

	it("of ours, and each authority that Node knows, is well formed", () => {
		assert.ok(rootCertificates.length > 100);
		const known = rootCertificates.map(pem => new X509Certificate(pem).raw);
		for (const der of [authority.certificate, issued.certificate, ...known]) assert.ok(wellFormed(der));
	});
	it("is not when it is cut off anywhere, or something follows", () => {
		const { certificate } = issued;
		for (let end = 0; end < certificate.byteLength; end++)
			assert.equal(wellFormed(certificate.subarray(0, end)), false, `${end} bytes`);
		assert.equal(wellFormed(Buffer.concat([certificate, Buffer.of(0)])), false);
	});
	it("is never taken for one with a length changed that reaches beyond what it is in", () => {
		// Each byte in turn becomes the first of a length that is too long: no exception, no end beyond the end.
		for (let at = 1; at < issued.certificate.byteLength; at++) {
			const broken = Uint8Array.from(issued.certificate);
			broken.set([0x84, 0x7f, 0xff, 0xff].slice(0, broken.byteLength - at), at);
			assert.equal(typeof wellFormed(broken), "boolean");
		}
	});

	for (const [what, hex] of [
		["nothing", ""],
		["no sequence", "02 01 01"],
		["two values", "30 00 30 00"],
		["a length of four octets", "30 84 00 00 00 00"],
		["a length that is negative to a parser of 32 bits", "30 06 02 84 c0 00 00 00"],
		["a value longer than what holds it", "30 03 02 02 01"],
		["an indefinite length", "30 80 02 01 01 00 00"],
		["a length in more octets than it takes", "30 81 03 02 01 01"],
		["a length with zeros in front", `30 82 00 80 ${"05 00 ".repeat(64)}`],
		["a tag of several octets", "30 03 1f 81 00"],
		["an identifier of nothing", "30 02 06 00"],
		["an identifier of 17 octets", `30 13 06 11 ${"2a ".repeat(17)}`],
		["bits of no octet", "30 02 03 00"],
		["a key of bits with some left over", "30 06 03 04 01 00 00 00"],
		["a sequence in an extension that reaches beyond it", "30 06 04 04 30 06 81 01"],
		["two values in an extension", "30 06 04 04 30 00 30 00"],
		["a sequence in an extension with a length below zero", "30 0a 04 08 30 06 81 84 ff ff ff fa"],
		[
			"seventeen levels",
			`${Array.from({ length: 18 }, (_, n) => `30 ${(2 * (17 - n)).toString(16).padStart(2, "0")}`).join(" ")}`,
		],
	] as const)
		it(`is not ${what}`, () => {
			assert.equal(wellFormed(bytes(hex)), false);
		});
	for (const [what, hex] of [
		[
			"sixteen levels",
			Array.from({ length: 16 }, (_, n) => `30 ${(2 * (15 - n)).toString(16).padStart(2, "0")}`).join(" "),
		],
		["key usage, of few bits", "30 04 03 02 07 80"],
		[
			"a key identifier that happens to begin like a sequence but is under a tag of its own",
			"30 04 80 02 30 55",
		],
	] as const)
		it(`may have ${what}`, () => {
			assert.equal(wellFormed(bytes(hex)), true);
		});
	it("is found in a row of several", () => {
		const row = Buffer.concat([issued.certificate, authority.certificate]);
		assert.deepEqual(
			certificates("ca", row).map(part => Buffer.from(part)),
			[issued.certificate, authority.certificate],
		);
	});
});

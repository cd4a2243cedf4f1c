/** The request for a certificate (PKCS #10, RFC 2986) of hosts/node and hosts/shared, as a library that is not ours reads it. */

import "reflect-metadata";
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { readKey } from "../../hosts/node/credentials.js";
import { CertificateRequest } from "../../hosts/node/request.js";
import { value } from "../../hosts/shared/pkcs10.js";

async function made(subject: string) {
	const request = await new Promise<CertificateRequest>((resolve, reject) => {
		const request: CertificateRequest = new CertificateRequest({
			subject,
			onReadable: () => resolve(request),
			onError: reject,
		});
		assert.equal(request.read(), undefined);
	});
	const found = request.read();
	assert.ok(found);
	return found;
}

describe("a request for a certificate, made in Node", () => {
	it("is signed by its own key, names its subject, and is for RSA with 2048 bits", async () => {
		const { key, request } = await made("bed-3");
		const read = new Pkcs10CertificateRequest(request);
		assert.equal(await read.verify(), true);
		assert.equal(read.subject, "CN=bed-3");
		const own = readKey(Buffer.from(key, "base64"));
		assert.equal(own.asymmetricKeyDetails?.modulusLength, 2048);
		const spki = createPublicKey(own).export({ type: "spki", format: "der" });
		assert.deepEqual(Buffer.from(read.publicKey.rawData), spki);
	});
	it("has another key each time", async () => {
		const [one, other] = await Promise.all([made("a"), made("a")]);
		assert.notEqual(one.key, other.key);
	});
	it("is not told of any more once it is closed", async () => {
		const fail = () => assert.fail();
		new CertificateRequest({ subject: "a", onReadable: fail, onError: fail }).close();
		await made("b");
	});
	for (const [length, header] of [
		[0, [4, 0]],
		[127, [4, 127]],
		[128, [4, 0x81, 128]],
		[255, [4, 0x81, 255]],
		[256, [4, 0x82, 1, 0]],
	] as const)
		it(`has the shortest length of DER in front of ${length} bytes (X.690 §10.1)`, () => {
			const bytes = value(4, new Uint8Array(length));
			assert.deepEqual([...bytes.subarray(0, header.length)], header);
			assert.equal(bytes.byteLength, header.length + length);
		});
});

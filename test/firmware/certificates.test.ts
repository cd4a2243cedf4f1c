/** `npm run certificates`: from the files people have to the folder that a microcontroller's manifest includes. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "../../hosts/desk/certificates.js";
import { Authority, pem } from "../hosts/certificates.js";

const program = fileURLToPath(new URL("../../hosts/desk/certificates.ts", import.meta.url));
const day = 86_400_000;

describe("npm run certificates", () => {
	const authority = new Authority("Ours");
	const device = authority.issue({ name: "bed-3", keys: "rsa" });
	let folder: string;
	let target: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "glowworm-certificates-"));
		target = join(folder, "board/certificates");
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	const file = (name: string, content: string | Uint8Array) => {
		const path = join(folder, name);
		writeFileSync(path, content);
		return path;
	};
	const files = () => ({
		ca: file("ca.pem", pem("CERTIFICATE", authority.certificate)),
		certificate: file("device.pem", pem("CERTIFICATE", device.certificate)),
		key: file("device.key", pem("PRIVATE KEY", device.key)),
	});
	const written = (name: string) => readFileSync(join(target, name));

	it("writes DER, and a manifest that brings it along and names it", () => {
		const lines = prepare(target, files());
		assert.deepEqual(written("ca.der"), authority.certificate);
		assert.deepEqual(written("device.der"), device.certificate);
		assert.deepEqual(written("device-key.der"), device.key);
		assert.deepEqual(JSON.parse(written("manifest.json").toString()), {
			data: { "*": ["./ca", "./device", "./device-key"] },
			config: { certificates: { ca: "ca.der", certificate: "device.der", key: "device-key.der" } },
		});
		assert.match(lines[0] as string, /ca\.der: CN=Ours, until /);
		assert.match(lines[1] as string, /device\.der: CN=bed-3, until /);
		assert.equal(lines.length, 3);
	});
	it("keeps the key from other users of this machine", () => {
		prepare(target, files());
		assert.equal(statSync(join(target, "device-key.der")).mode & 0o077, 0);
	});
	it("keeps it from them also where a file of that name could be read by all", () => {
		prepare(target, files());
		chmodSync(join(target, "device-key.der"), 0o644);
		prepare(target, files());
		assert.equal(statSync(join(target, "device-key.der")).mode & 0o777, 0o600);
	});
	it("refuses a broker's own certificate as the authority", () => {
		const server = file("server.pem", pem("CERTIFICATE", authority.issue({ name: "broker" }).certificate));
		assert.throws(
			() => prepare(target, { ca: server }),
			/server\.pem: expected the authority's certificate, found .*CN=broker/,
		);
		assert.ok(!existsSync(target));
	});
	it("takes an authority alone, and a board's own certificate alone", () => {
		const { ca, certificate, key } = files();
		prepare(target, { ca });
		assert.deepEqual(JSON.parse(written("manifest.json").toString()).data, { "*": ["./ca"] });
		prepare(target, { certificate, key });
		const { data } = JSON.parse(written("manifest.json").toString());
		assert.deepEqual(data, { "*": ["./device", "./device-key"] });
		assert.ok(createPrivateKey({ key: written("device-key.der"), format: "der", type: "pkcs8" }));
		assert.ok(new X509Certificate(written("device.der")));
	});

	it("takes several authorities, and a certificate with those that vouch for it, one after the other", () => {
		const second = new Authority("Another");
		const two = (name: string, one: Buffer, other: Buffer) =>
			file(name, pem("CERTIFICATE", one) + pem("CERTIFICATE", other));
		const lines = prepare(target, {
			ca: two("authorities.pem", authority.certificate, second.certificate),
			certificate: two("chain.pem", device.certificate, authority.certificate),
			key: files().key,
		});
		assert.deepEqual(written("ca.der"), Buffer.concat([authority.certificate, second.certificate]));
		assert.deepEqual(written("device.der"), Buffer.concat([device.certificate, authority.certificate]));
		assert.match(lines[0] as string, /CN=Ours, until .*; CN=Another, until /);
	});

	const elliptic = authority.issue({ name: "elliptic" });
	const other = authority.issue({ name: "other", keys: "rsa" });
	const expired = authority.issue({
		name: "old",
		keys: "rsa",
		from: new Date(0),
		until: new Date(Date.now() - day),
	});
	const pair = ({ certificate, key }: typeof device) => ({
		certificate: file("x.pem", pem("CERTIFICATE", certificate)),
		key: file("x.key", pem("PRIVATE KEY", key)),
	});
	for (const [what, given, message] of [
		["nothing at all", () => ({}), /^Error: expected --ca, or --cert and --key, found none of them$/],
		[
			"a certificate without its key",
			() => ({ certificate: pair(device).certificate }),
			/expected a key .* found none$/,
		],
		["a key that is not RSA", () => pair(elliptic), /x\.key: expected an RSA key, found ec$/],
		[
			"the key of another certificate",
			() => pair({ certificate: device.certificate, key: other.key }),
			/x\.key: expected the key of .*x\.pem, found another one$/,
		],
		[
			"an expired certificate",
			() => pair(expired),
			/x\.pem: expected a certificate of today, found one until /,
		],
		[
			"a file that is none",
			() => ({ ca: file("ca.txt", "hello") }),
			/ca\.txt: expected certificates in PEM or DER/,
		],
		[
			"no file",
			() => ({ ca: join(folder, "no.pem") }),
			/no\.pem: expected a readable file, found no such file$/,
		],
	] as const)
		it(`refuses ${what} in one line, and writes nothing`, () => {
			assert.throws(() => prepare(target, given()), message);
			assert.equal(existsSync(target), false);
		});

	it("says as a command what it wrote, or with exit code 2 what is wrong, and never the key", () => {
		const { ca, certificate, key } = files();
		const run = ["--import", "tsx", program, target, "--cert", certificate, "--key"];
		const said = execFileSync(process.execPath, [...run, key, "--ca", ca], { encoding: "utf8" });
		assert.equal(said.trim().split("\n").length, 3);
		assert.ok(!said.includes(device.key.toString("base64").slice(100, 140)));
		const { status, stderr } = spawnSync(process.execPath, [...run, ca], { encoding: "utf8" });
		assert.equal(status, 2);
		assert.match(
			stderr,
			/^certificates: .*ca\.pem: expected a private key in PEM or DER, found a CERTIFICATE\n$/,
		);
	});
});

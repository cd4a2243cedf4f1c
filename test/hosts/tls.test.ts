/**
 * TLS of hosts/node from files to a broker: credentials in PEM and DER, and the firmware's own client against a
 * Mosquitto that has an authority of the test's and asks for client certificates.
 */

import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCredentials } from "../../hosts/node/credentials.js";
import { createDevice, type NodeDevice } from "../../hosts/node/device.js";
import { type Credentials, TLS } from "../../hosts/node/tls.js";
import MQTTClient from "../../modules/mqtt/client.js";
import { brokers } from "../firmware/brokers.js";
import { TLSBroker } from "../firmware/tlsbroker.js";
import { Authority, type Issued, pem } from "./certificates.js";

let folder: string;
before(() => {
	folder = mkdtempSync(join(tmpdir(), "glowworm-tls-"));
});
after(() => rmSync(folder, { recursive: true }));
function file(name: string, content: string | Uint8Array): string {
	const path = join(folder, name);
	writeFileSync(path, content);
	return path;
}

describe("hosts/node: TLS", () => {
	it("takes certificates of any length", () => {
		const authority = new Authority("Lengths");
		// 48 bytes are a line of PEM.
		for (let length = 1; length <= 48; length++) {
			const { certificate, key } = authority.issue({ name: "x".repeat(length) });
			const credentials = { ca: authority.certificate, clientCertificate: certificate, clientKey: key };
			new TLS({ address: "127.0.0.1", port: 1, tls: { host: "x", ...credentials } }).close();
		}
	});
});

describe("hosts/node: credential files", () => {
	const authority = new Authority("Files");
	const { certificate, key } = authority.issue({ name: "client" });
	const bytes = (buffer: Uint8Array) => Uint8Array.from(buffer);

	it("give DER, whether they hold DER or PEM", () => {
		const expected = {
			ca: [bytes(authority.certificate)],
			clientCertificate: [bytes(certificate)],
			clientKey: bytes(key),
		};
		const der = {
			ca: file("ca.der", authority.certificate),
			certificate: file("client.der", certificate),
			key: file("key.der", key),
		};
		const text = {
			ca: file("ca.pem", pem("CERTIFICATE", authority.certificate)),
			certificate: file("client.pem", `Subject: client\n${pem("CERTIFICATE", certificate)}`),
			key: file("key.pem", pem("PRIVATE KEY", key)),
		};
		assert.deepEqual(loadCredentials(der), expected);
		assert.deepEqual(loadCredentials(text), expected);
	});
	it("may hold a chain, and a key in an older form", () => {
		const chain = pem("CERTIFICATE", certificate) + pem("CERTIFICATE", authority.certificate);
		const old = createPrivateKey({ key, format: "der", type: "pkcs8" }).export({
			type: "sec1",
			format: "pem",
		});
		assert.deepEqual(loadCredentials({ certificate: file("chain.pem", chain), key: file("old.pem", old) }), {
			clientCertificate: [bytes(certificate), bytes(authority.certificate)],
			clientKey: bytes(key),
		});
	});
	it("are refused with one line that names the file, the expected and the found", () => {
		const junk = file("junk", "junk");
		const locked = file(
			"locked",
			"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
		);
		const good = file("good", certificate);
		const other = file("other", authority.issue({ name: "other" }).key);
		const cut = file("cut", pem("CERTIFICATE", certificate).slice(0, 200));
		const text = file("text", pem("PRIVATE KEY", key));
		const none = file("none", "");
		for (const [files, message] of [
			[{ certificate: good, key: other }, `${other}: expected the key of ${good}, found another one`],
			[{ ca: junk }, `${junk}: expected certificates in PEM or DER, found neither`],
			[{ ca: "/nowhere" }, "/nowhere: expected a readable file, found no such file"],
			[{ ca: other }, `${other}: expected certificates in PEM or DER, found neither`],
			[{ ca: cut }, `${cut}: expected certificates in PEM or DER, found a damaged CERTIFICATE`],
			[{ ca: text }, `${text}: expected certificates in PEM or DER, found a PRIVATE KEY`],
			[
				{ certificate: good, key: none },
				`${none}: expected a private key in PEM or DER, found an empty file`,
			],
			[{ certificate: good, key: junk }, `${junk}: expected a private key in PEM or DER, found neither`],
			[
				{ certificate: good, key: locked },
				`${locked}: expected a key without a passphrase, found an encrypted one`,
			],
			[{ certificate: good }, `${good}: expected a key to go with it, found none`],
			[{ key: junk }, `${junk}: expected a certificate to go with it, found none`],
		] as const)
			assert.throws(() => loadCredentials(files), { message });
	});
	it("are refused with one line where a program hands them to a device", () => {
		const none = Uint8Array.of(0x30, 3, 2, 1, 5);
		const other = authority.issue({ name: "other" }).key;
		const own = { clientCertificate: certificate, clientKey: other };
		for (const [tls, message] of [
			[{ ca: "ca.pem" }, "TLS: ca: expected DER in a buffer, found string: see loadCredentials"],
			[{ ca: Buffer.from(pem("CERTIFICATE", certificate)) }, "TLS: ca: expected DER, found PEM"],
			[{ ca: none }, "TLS: ca: expected a certificate in DER, found none in certificate 1"],
			[{ clientCertificate: certificate }, "TLS: clientCertificate and clientKey go together"],
			[{ ...own, clientKey: none }, "TLS: clientKey: expected a private key in DER, found something else"],
			[own, "TLS: clientKey: expected the key of clientCertificate, found another one"],
		] as const) {
			const given = tls as unknown as Credentials;
			assert.throws(() => createDevice({ description: {}, data: folder, tls: given }), { message });
		}
	});
});

const { missing } = brokers.find(({ name }) => name.startsWith("Mosquitto")) ?? {};
(missing ? describe.skip : describe)(
	`hosts/node: TLS with Mosquitto${missing ? ` (${missing})` : ""}`,
	() => {
		const host = "localhost";
		const authority = new Authority("Broker's authority");
		const stranger = new Authority("Stranger");
		const year = 365 * 86_400_000;
		const client = authority.issue({ name: "board" });
		const good = { ca: authority.certificate, clientCertificate: client.certificate, clientKey: client.key };
		const started: TLSBroker[] = [];
		const devices: NodeDevice[] = [];
		afterEach(async () => {
			for (const device of devices.splice(0)) device.close();
			for (const opened of started.splice(0)) await opened.close();
		});

		async function broker(server: Issued, lines: readonly string[] = []): Promise<number> {
			const opened = await TLSBroker.open(folder, authority, server, lines);
			started.push(opened);
			return opened.port;
		}
		/** "connected", or the code of the reason why not. */
		function connect(port: number, tls: Credentials): Promise<string> {
			const device = createDevice({ description: {}, data: folder, tls });
			devices.push(device);
			return new Promise(resolve => {
				new MQTTClient({
					...(device.network.mqtts as NonNullable<typeof device.network.mqtts>).client,
					host,
					port,
					id: "board",
					onControl(_opcode, { returnCode }) {
						resolve(returnCode === 0 ? "connected" : `return code ${returnCode}`);
					},
					onError(error) {
						resolve(String((error as { cause?: { code?: unknown } }).cause?.code));
					},
				});
			});
		}
		const issue = (more: object = {}) => authority.issue({ name: "broker", names: [host], ...more });

		it("connects the firmware's client with the right authority and client certificate", async () => {
			assert.equal(await connect(await broker(issue()), good), "connected");
		});
		it("connects with TLS 1.2 too", async () => {
			assert.equal(await connect(await broker(issue(), ["tls_version tlsv1.2"]), good), "connected");
		});

		const refusals: readonly (readonly [
			what: string,
			code: RegExp,
			server: object,
			credentials: Credentials,
		])[] = [
			["a broker of another authority", /^tls-authority$/, {}, { ...good, ca: stranger.certificate }],
			["a broker with another name", /^tls-name$/, { names: ["other.test"] }, good],
			[
				"a broker whose certificate has expired",
				/^tls-expired$/,
				{ from: new Date(Date.now() - 2 * year), until: new Date(Date.now() - year) },
				good,
			],
			// TLS 1.3's client is already talking when the alert comes; the kernel may throw it away with the reset.
			[
				"a missing client certificate",
				/^(tls-client-certificate|ECONNRESET|EPIPE)$/,
				{},
				{ ca: authority.certificate },
			],
		];
		for (const [what, code, server, credentials] of refusals)
			it(`refuses ${what}, with the reason`, async () => {
				assert.match(await connect(await broker(issue(server)), credentials), code);
			});
		it("says that the broker does not accept a client certificate of another authority", async () => {
			const { certificate, key } = stranger.issue({ name: "stranger" });
			const code = await connect(await broker(issue()), {
				...good,
				clientCertificate: certificate,
				clientKey: key,
			});
			assert.match(code, /^(tls-client-refused|ECONNRESET|EPIPE)$/);
		});
	},
);

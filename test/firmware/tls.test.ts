/**
 * `mqtts://` through the command itself, on each engine: the machine's own Mosquitto with an authority of the
 * test's, client certificates, and each way in which trust can be missing. What the classes do is test/hosts'.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority, pem } from "../hosts/certificates.js";
import { brokers } from "./brokers.js";
import { Command } from "./command.js";
import { engines } from "./scene.js";
import { TLSBroker } from "./tlsbroker.js";

const folder = mkdtempSync(join(tmpdir(), "glowworm-mqtts-"));
after(() => rmSync(folder, { recursive: true }));
function file(name: string, content: string): string {
	const path = join(folder, name);
	writeFileSync(path, content);
	return path;
}

const authority = new Authority("The broker's");
const stranger = new Authority("A stranger");
const board = authority.issue({ name: "board" });
const ca = file("ca.pem", pem("CERTIFICATE", authority.certificate));
const strange = file("stranger.pem", pem("CERTIFICATE", stranger.certificate));
const cert = file("board.pem", pem("CERTIFICATE", board.certificate));
const key = file("board.key", pem("PRIVATE KEY", board.key));
const day = 86_400_000;

const { missing: noMosquitto } = brokers.find(({ name }) => name.startsWith("Mosquitto")) ?? {};

for (const { name: engine, missing = noMosquitto } of engines)
	describe(`A board in ${engine} over TLS${missing ? ` (pending: ${missing})` : ""}`, function () {
		this.timeout(40_000);
		let broker: TLSBroker | undefined;
		let command: Command | undefined;
		let boards = 0;
		before(function () {
			if (missing) this.skip();
		});
		afterEach(async () => {
			command?.interrupt("SIGKILL");
			await command?.ended;
			await broker?.close();
			command = broker = undefined;
		});

		async function start(subject: object, credentials: readonly string[]): Promise<Command> {
			const issued = authority.issue({ name: "broker", ...subject });
			broker = await TLSBroker.open(folder, authority, issued);
			command = Command.start(
				...["--engine", engine, "--broker", `mqtts://localhost:${broker.port}`],
				...["--id", `tls-${engine}`, "--data", join(folder, `${engine}-${++boards}`), ...credentials],
			);
			return command;
		}

		it("is online with the right authority and certificate", async () => {
			const { lines } = await start({ names: ["localhost"] }, ["--ca", ca, "--cert", cert, "--key", key]);
			await command?.line(/status\s+online/);
			assert.ok(!lines.some(line => line.includes("BEGIN")), "no secret in the log");
		});

		type Mistrust = readonly [
			what: string,
			says: RegExp,
			subject: object,
			credentials: string[],
			line?: string,
		];
		const mistrusts: readonly Mistrust[] = [
			[
				"a broker of another authority",
				/\(tls-authority\)/,
				{},
				["--ca", strange, "--cert", cert, "--key", key],
			],
			[
				"a broker under another name",
				/\(tls-name\)/,
				{ names: ["elsewhere.test"] },
				["--ca", ca, "--cert", cert, "--key", key],
			],
			[
				"a broker whose certificate has expired",
				/\(tls-expired\)/,
				{ from: new Date(Date.now() - 2 * day), until: new Date(Date.now() - day) },
				["--ca", ca, "--cert", cert, "--key", key],
			],
			// In TLS 1.3 the client is talking already when it is turned away, and the reset may overtake the reason.
			["no certificate of its own", /\(tls-client-certificate\).*--cert/, {}, ["--ca", ca]],
		];
		for (const [what, says, subject, credentials] of mistrusts)
			it(`says so and does not connect with ${what}`, async () => {
				const { lines } = await start({ names: ["localhost"], ...subject }, credentials);
				await command?.line(says);
				assert.ok(!lines.some(line => /· (online|connected)/.test(line)), lines.join("\n"));
			});
	});

describe("npm start with credentials that are none", () => {
	it("names the file, starts nothing and exits 2", async () => {
		const { code, lines } = await Command.start("--broker", "mqtts://127.0.0.1:1", "--ca", key).ended;
		assert.equal(code, 2);
		assert.deepEqual(lines, [`${key}: expected certificates in PEM or DER, found a PRIVATE KEY`]);
	});
	it("asks for the key that belongs to a certificate", async () => {
		const { code, lines } = await Command.start("--broker", "mqtts://127.0.0.1:1", "--cert", cert).ended;
		assert.equal(code, 2);
		assert.deepEqual(lines, [`${cert}: expected a key to go with it, found none`]);
	});
});

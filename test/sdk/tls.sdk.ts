/**
 * The firmware over TLS, in Moddable's simulator, with the certificates of its image: a Mosquitto that wants one of the
 * board's, and another of an unknown authority. A board of one's own, in a folder of its own, as FLASHING.md has it.
 */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TLSBroker } from "../firmware/tlsbroker.js";
import { Authority } from "../hosts/certificates.js";
import { skipWithoutScene } from "./scene.js";
import { buildSimulator, display, output, root, Simulator } from "./sdk.js";

const folder = join(output, "projects", "tls");

describe("the firmware in Moddable's simulator, over TLS", function () {
	this.timeout(600_000);
	const authority = new Authority("Test authority");
	const server = { name: "server", names: ["localhost"] };
	let screen: { readonly name: string; close(): void };

	before(async function () {
		skipWithoutScene(this);
		screen = await display();
		mkdirSync(folder, { recursive: true });
		const device = authority.issue({ name: "board", keys: "rsa" });
		const files = { ca: authority.certificate, device: device.certificate, "device-key": device.key };
		for (const [file, bytes] of Object.entries(files)) writeFileSync(join(folder, `${file}.der`), bytes);
		const manifest = {
			include: [join(root, "manifest.json")],
			config: { certificates: { ca: "ca.der", certificate: "device.der", key: "device-key.der" } },
			data: { "*": Object.keys(files).map(file => `./${file}`) },
		};
		writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
	});
	after(() => screen?.close());

	/** The first line of the board's log that matches, with `issuer` vouching for the broker. */
	async function line(issuer: Authority, pattern: RegExp): Promise<string> {
		const data = join(output, `tls-${issuer === authority ? "known" : "unknown"}`);
		mkdirSync(data);
		const broker = await TLSBroker.open(data, authority, issuer.issue(server));
		const settings = { data, broker: `mqtts://localhost:${broker.port}`, id: "tls", root: "test" };
		const { so } = await buildSimulator(settings, folder);
		const simulator = new Simulator(so, screen.name, join(root, "test/sdk/mockup"));
		try {
			return await simulator.line(pattern, 30_000);
		} finally {
			await simulator.kill();
			await broker.close();
		}
	}

	it("comes online with the authority, certificate and key of its image", async () => {
		assert.match(await line(authority, /online|failed/), /online/);
	});
	it("does not with a broker of an unknown authority, and says why", async () => {
		assert.match(await line(new Authority("Unknown"), /online|failed/), /failed.*\(tls-authority\)/);
	});
});

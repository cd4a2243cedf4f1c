/**
 * The firmware in Moddable's simulator at the local AWS IoT Core: mutual TLS with the certificate of its image, at 8883's place and
 * at 443's with ALPN, and the lamp by the device shadow.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Aws, openAws } from "../../hosts/desk/aws/aws.js";
import { loadCredentials } from "../../hosts/node/credentials.js";
import { skipWithoutScene } from "./scene.js";
import { buildSimulator, display, output, root, Simulator } from "./sdk.js";

const folder = join(output, "projects", "aws");
const id = "bed-3";
const board = {
	root: "greenhouse/1",
	id,
	profile: "aws",
	shadow: true,
	jobs: true,
	sensors: [{ name: "chip", driver: "temperature", every: 1000 }],
	lamp: { pin: "led" },
	commands: ["info", "config"],
};

describe("the firmware in Moddable's simulator, at a local AWS IoT Core", function () {
	this.timeout(600_000);
	let screen: Awaited<ReturnType<typeof display>> | undefined;
	let simulator: Simulator | undefined;
	let aws: Aws;

	before(async function () {
		skipWithoutScene(this);
		screen = await display();
		mkdirSync(folder, { recursive: true });
		aws = await openAws({ folder: join(output, "aws") });
		const { files } = await aws.thing(id);
		const { ca, clientCertificate, clientKey } = loadCredentials(files);
		const names = { ca, device: clientCertificate, "device-key": clientKey };
		for (const [name, bytes] of Object.entries(names)) {
			const [first] = [bytes].flat();
			writeFileSync(join(folder, `${name}.der`), new Uint8Array(first as ArrayBuffer));
		}
		const manifest = {
			include: [join(root, "manifest.json")],
			config: { certificates: { ca: "ca.der", certificate: "device.der", key: "device-key.der" } },
			data: { "*": Object.keys(names).map(name => `./${name}.der`) },
		};
		writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
	});
	after(async () => {
		screen?.close();
		await aws?.close();
	});
	afterEach(() => simulator?.kill());

	async function start(broker: string): Promise<Simulator> {
		const data = mkdtempSync(join(output, "aws-"));
		const { so } = await buildSimulator({ data, broker, board: JSON.stringify(board) }, folder);
		simulator = new Simulator(so, screen?.name as string, join(root, "test/sdk/mockup"));
		return simulator;
	}
	const online = /^online|failed/;

	it("comes online with its certificate, turns the lamp on by its shadow, reports it, and does a job", async () => {
		const { line } = await start(aws.url).then(started => ({ line: started.line.bind(started) }));
		assert.match(await line(online, 30_000), /online/);
		aws.updateShadow(id, { state: { desired: { lamp: { state: "ON" } } } });
		assert.match(await line(/^lamp on/, 30_000), /desired/);
		aws.createJob({
			jobId: "one",
			things: [id],
			document: { cmd: "config", set: { sensors: { chip: { every: 500 } } } },
		});
		await line(/jobs\/one\/update/, 30_000);
		assert.match(JSON.stringify(aws.shadow(id)), /"reported":\{"lamp":\{"state":"ON"/);
	});
	it("comes online where only port 443 is open, by ALPN", async () => {
		const started = await start(aws.alpnUrl);
		assert.match(await started.line(online, 30_000), /online/);
	});
});

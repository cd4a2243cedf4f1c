/**
 * The firmware in Moddable's simulator at the local AWS IoT Core: mutual TLS with the certificate of its image, at 8883's place and
 * at 443's with ALPN, the lamp by the device shadow, and, with the memory of an ESP32, the first certificate for a key that is made there.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { claimPolicy, shippedTemplate } from "../../hosts/desk/aws/account.js";
import { type Aws, type Credentials, openAws } from "../../hosts/desk/aws/aws.js";
import { loadCredentials } from "../../hosts/node/credentials.js";
import { skipWithoutScene } from "./scene.js";
import { buildSimulator, display, limited, output, root, Simulator } from "./sdk.js";

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

/** A project whose image has this certificate: its folder. */
function project(name: string, { files }: Credentials, more: object = {}): string {
	const folder = join(output, "projects", name);
	mkdirSync(folder, { recursive: true });
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
		...more,
	};
	writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
	return folder;
}

describe("the firmware in Moddable's simulator, at a local AWS IoT Core", function () {
	this.timeout(600_000);
	let screen: Awaited<ReturnType<typeof display>> | undefined;
	let simulator: Simulator | undefined;
	let aws: Aws;
	let folder: string;

	before(async function () {
		skipWithoutScene(this);
		screen = await display();
		aws = await openAws({ folder: join(output, "aws") });
		folder = project("aws", await aws.thing(id));
	});
	after(async () => {
		screen?.close();
		await aws?.close();
	});
	afterEach(() => simulator?.kill());

	async function start(broker: string): Promise<Simulator> {
		const data = mkdtempSync(join(output, "aws-"));
		const { so } = await buildSimulator({ data, broker, board: JSON.stringify(board) }, folder);
		return on(so);
	}
	function on(so: string, settings: NodeJS.ProcessEnv = {}): Simulator {
		simulator = new Simulator(so, screen?.name as string, join(root, "test/sdk/mockup"), settings);
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
	it("makes a key, gets a certificate for it with the claim of its image, proves it, and needs the claim no more", async () => {
		aws.createPolicy("claim", claimPolicy("fleet"));
		aws.createTemplate("fleet", shippedTemplate());
		const claim = await aws.claim("claim", ["claim"]);
		const chip = JSON.parse(readFileSync(join(root, "hosts/esp32/manifest.json"), "utf8"));
		const own = join(root, "test/sdk/memory");
		const image = project("claim", claim, {
			build: { NAME: "claim" },
			include: [join(root, "hosts/moddable/board/manifest.json")],
			creation: chip.creation,
			modules: { main: join(own, "main"), memory: join(own, "memory") },
			preload: ["main", "memory"],
		});
		const settings = {
			data: mkdtempSync(join(output, "claim-")),
			broker: aws.url,
			heap: `${chip.config.heap}`,
			board: JSON.stringify({ ...board, id: "bed-4", provisioning: "fleet" }),
		};
		const { so } = await buildSimulator(settings, image, "claim", limited);
		/** One life, until this line; what it has left of the memory at the worst. */
		const live = async (pattern: RegExp, patience: number) => {
			const started = on(so, { MEMORY: `${chip.creation.static}` });
			const { length } = (await started.line(pattern, patience)) && started.lines;
			const said = () => started.lines.slice(length).find(line => line.startsWith("memory: "));
			for (let i = 0; i < 100 && !said(); i++) await new Promise(done => setTimeout(done, 100));
			await started.kill();
			const left = Number(said()?.split(" ")[1]);
			console.log(`      ${left} bytes left`);
			assert.ok(left >= 8192, started.lines.slice(-20).join("\n"));
		};
		await live(/^claim: thing bed-4; on trial/, 60_000);
		aws.setCertificate(claim.certificateId, "INACTIVE");
		await live(/^provision: kept/, 90_000);
		await live(/^online/, 30_000);
	});
});

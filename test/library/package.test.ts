/**
 * The npm package as a user gets it: packed, installed into an empty project, and used there in Node, under a strict type check, and
 * bundled for a browser.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { startBroker } from "../../hosts/desk/broker.js";
import { root } from "../firmware/command.js";

const run = promisify(execFile);

const program = `
import { createDevice } from "glowworm/node";
import { board, type Board } from "glowworm";
import Session, { Outcome, type SessionOptions } from "glowworm/session";
import Store from "glowworm/store";
import MQTTClient, { type MQTTClientOptions } from "glowworm/mqtt";

const [url, data] = process.argv.slice(2) as [string, string];
const { hostname: host, port } = new URL(url);
const device = createDevice({ data, description: { root: "packed", id: "board", broker: url, sensors: [], lamp: { pin: 2 } } });
const { outbox, description } = new Store({ partition: device.flash.open({ path: "journal" }) });
if (!outbox) throw new Error(description);
const options: SessionOptions = {
	client: device.network.mqtt.client,
	brokers: [{ host, port: Number(port) }],
	id: "session",
	keepAlive: 30_000,
	status: { topic: "packed/session/status", online: "online", offline: "offline" },
	outbox,
	timer: device.timer,
	ticks: device.clock,
	onOnline() {
		const outcome = session.publish("packed/session/out", "kept", { QoS: 1, durable: true });
		if (outcome > Outcome.queued) throw new Error("not accepted: " + outcome);
	},
};
const received: string[] = [];
const client: MQTTClientOptions<MQTTClient> = {
	...device.network.mqtt.client,
	host,
	port: Number(port),
	id: "client",
	onControl(operation) {
		if (operation === MQTTClient.CONNACK) this.write(undefined, { operation: MQTTClient.SUBSCRIBE, items: [{ topic: "packed/#", QoS: 1 }] });
		if (operation === MQTTClient.SUBACK && !made) {
			made = board(createDevice({ data: data + "/board", description: device.description }));
			session = new Session(options);
		}
	},
	onReadable(count, { topic }) {
		if (topic === undefined || !count) return;
		received.push(topic + " " + Buffer.from(this.read(count) as ArrayBuffer).toString());
		const wanted = ["packed/session/out kept", "packed/session/status online", "packed/board/status online"];
		if (!wanted.every(line => received.includes(line))) return;
		for (const line of wanted) console.log(line);
		process.exit(0);
	},
	onError: error => { throw error; },
};
let made: Board | undefined;
let session: Session;
new MQTTClient(client);
`;

describe("the npm package", function () {
	this.timeout(120_000);
	let folder: string;

	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "glowworm-package-"));
		await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
		const [tarball = ""] = readdirSync(folder).filter(name => name.endsWith(".tgz"));
		writeFileSync(
			join(folder, "package.json"),
			JSON.stringify({ name: "empty", private: true, type: "module" }),
		);
		await run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${tarball}`], { cwd: folder });
		writeFileSync(join(folder, "program.mts"), program);
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	it("installs nothing but itself", () => {
		const names = readdirSync(join(folder, "node_modules")).filter(name => !name.startsWith("."));
		assert.deepEqual(names, ["glowworm"]);
	});
	it("has types for a strict program, under Node's own rules of modules", async () => {
		mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
		for (const name of ["@types/node", "undici-types"])
			symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
		const compilerOptions = {
			strict: true,
			module: "nodenext",
			target: "es2022",
			types: ["node"],
			exactOptionalPropertyTypes: true,
			noUncheckedIndexedAccess: true,
		};
		writeFileSync(
			join(folder, "tsconfig.json"),
			JSON.stringify({ compilerOptions, include: ["program.mts"] }),
		);
		await run(join(root, "node_modules/.bin/tsc"), ["-p", folder]).catch(({ stdout }) => assert.fail(stdout));
	});
	it("connects, publishes and receives in Node: client, session and a whole board", async () => {
		const broker = await startBroker({ host: "127.0.0.1", port: 0 });
		try {
			const { stdout } = await run(process.execPath, ["program.mjs", broker.url, join(folder, "data")], {
				cwd: folder,
				timeout: 30_000,
			});
			assert.equal(stdout.trim().split("\n").length, 3, stdout);
		} finally {
			await broker.close();
		}
	});
	it("is bundled for a browser without a module of Node's: board, client, session and store", async () => {
		const names = ["glowworm", "glowworm/mqtt", "glowworm/session", "glowworm/store"];
		const contents = names.map((name, index) => `export * as part${index} from "${name}";`).join("\n");
		const { outputFiles, metafile } = await build({
			stdin: { contents, resolveDir: folder },
			bundle: true,
			platform: "browser",
			format: "esm",
			write: false,
			metafile: true,
			logLevel: "silent",
		});
		assert.deepEqual(
			Object.keys(metafile.inputs).filter(
				name => !name.includes("node_modules/glowworm/build/library/") && name !== "<stdin>",
			),
			[],
		);
		assert.doesNotMatch(outputFiles[0]?.text ?? "", /\bnode:|\bprocess\.|\bBuffer\./);
	});
	it("brings along what a manifest of Moddable's SDK includes", () => {
		const files = readdirSync(join(folder, "node_modules/glowworm"), { recursive: true, encoding: "utf8" });
		for (const part of ["board", "session", "mqtt"])
			assert.ok(files.includes(`hosts/moddable/${part}/manifest.json`));
		for (const file of ["main.ts", "modules/mqtt/client.ts", "hosts/esp32/FLASHING.md", "LICENSE"])
			assert.ok(files.includes(file), file);
	});
});

/**
 * The soil-moisture alarm of the documentation, compiled strictly and run as it stands; only the broker's address is
 * another.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { connectAsync } from "mqtt";
import { startBroker } from "../../hosts/desk/broker.js";
import { createDevice } from "../../hosts/node/device.js";
import type Board from "../../modules/device/board.js";
import type { AnalogClass, Device } from "../../modules/device/io.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const example = /```ts\n(\/\/ soil\.ts\n[\s\S]*?)```/;

function text(): string {
	const found = example.exec(readFileSync(join(root, "README.md"), "utf8"));
	if (!found) throw new Error("README.md: expected an example that begins with // soil.ts, found none");
	return found[1] as string;
}

describe("soil-moisture alarm with a pump, from the documentation", function () {
	this.timeout(60_000);
	// Inside the checkout, beside main.ts as the text says, but where git does not look.
	const folder = join(root, "build/soil");
	const file = join(folder, "soil.ts");
	const source = text();

	before(() => {
		mkdirSync(folder, { recursive: true });
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	function write(broker: string): void {
		const here = source.replaceAll('"./', '"../../').replace("mqtt://192.168.1.2", broker);
		writeFileSync(file, here);
	}

	it("has at most 30 lines", () => {
		assert.ok(source.trimEnd().split("\n").length <= 30, `${source.trimEnd().split("\n").length} lines`);
	});

	it("compiles under the strict options of this repository", () => {
		write("mqtt://192.168.1.2");
		const configuration = join(folder, "tsconfig.json");
		writeFileSync(
			configuration,
			JSON.stringify({ extends: "../../modules/tsconfig.json", include: ["soil.ts"], exclude: [] }),
		);
		const compiler = join(
			dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
			"bin/tsc",
		);
		execFileSync(process.execPath, [compiler, "-p", configuration], { stdio: "pipe" });
	});

	it("raises its alarm when the soil is dry, and pumps on command", async () => {
		const broker = await startBroker({ port: 0, host: "127.0.0.1" });
		const data = mkdtempSync(join(tmpdir(), "glowworm-soil-"));
		const device = createDevice({ data, description: undefined });
		let moisture = 1000;
		class Analog {
			readonly resolution = 12;
			read() {
				return moisture;
			}
			close() {}
		}
		const watcher = await connectAsync(broker.url);
		try {
			write(broker.url);
			const seen = new Map<string, string>();
			const waiting: { topic: string; done: (payload: string) => void }[] = [];
			watcher.on("message", (topic, payload) => {
				seen.set(topic, payload.toString());
				for (const { done } of waiting.filter(one => one.topic === topic)) done(payload.toString());
			});
			const next = (topic: string) => new Promise<string>(done => waiting.push({ topic, done }));
			await watcher.subscribeAsync("garden/#", { qos: 1 });
			const { default: start } = (await import(pathToFileURL(file).href)) as {
				default: (device: Device) => Board;
			};
			moisture = 400;
			const alert = next("garden/bed-1/alerts/dry");
			const idle = next("garden/bed-1/pump/state");
			const board = start({ ...device, io: { ...device.io, Analog: Analog as AnalogClass } });
			const { state, v } = JSON.parse(await alert);
			assert.equal(state, "ON");
			assert.ok(Math.abs(v - 9.77) < 0.01);
			assert.deepEqual(JSON.parse(await idle), { state: "OFF", src: "power-on" });
			const pumping = next("garden/bed-1/pump/state");
			await watcher.publishAsync("garden/bed-1/pump/set", "ON", { qos: 1 });
			assert.deepEqual(JSON.parse(await pumping), { state: "ON", src: "set" });
			assert.equal(device.pins.read(5).level, 1);
			await new Promise<void>(done => board.close(done));
		} finally {
			await watcher.endAsync();
			device.close();
			await broker.close();
			rmSync(data, { recursive: true, force: true });
		}
	});
});

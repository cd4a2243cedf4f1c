/**
 * `npm run image`: the firmware linked as one module (hosts/desk/image.ts), for the ESP32-C3 as far as mc.xs.c, and for the simulator,
 * where it runs.
 */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ImageOptions, writeImage } from "../../hosts/desk/image.js";
import type { TestBroker } from "../firmware/brokers.js";
import type { Observer } from "../firmware/observer.js";
import { Scene } from "./scene.js";
import { buildSimulator, linkChip, measure, output, replaced, root, Simulator, warnings } from "./sdk.js";

/** A project of the first program and the linked library. */
async function project(name: string, options: ImageOptions): Promise<string> {
	const folder = join(output, "projects", name);
	await writeImage(join(folder, "image"), options);
	const manifest = {
		build: { NAME: name },
		include: ["./image/manifest.json"],
		modules: { main: join(root, "hosts/moddable/board/main") },
		preload: ["main"],
	};
	writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
	return folder;
}

describe("the firmware linked as one module", function () {
	this.timeout(600_000);
	const scene = new Scene();
	let broker: TestBroker;
	let observer: Observer;
	let screen: Scene["screen"];
	let simulator: Simulator;
	/** Bytes, by lean or not. */
	const sizes = new Map<boolean, number>();

	before(async function () {
		await scene.open(this);
		({ broker, observer, screen } = scene);
	});
	after(async () => {
		await simulator?.kill();
		await scene.close();
	});

	for (const lean of [false, true])
		it(`takes less of the ESP32-C3's flash${lean ? " without features" : ""}, with few RAM aliases and no warning`, async () => {
			const name = lean ? "linked-lean" : "linked";
			const { log, folder } = await linkChip("esp32c3", await project(name, { lean }), name);
			assert.deepEqual(warnings(log, [...replaced, "linked", "glowworm"]), []);
			const linked = measure(folder);
			sizes.set(lean, linked.bytes);
			const usual = measure((await linkChip("esp32c3")).folder);
			console.log(
				`      ${usual.bytes - linked.bytes} bytes and ${usual.aliases - linked.aliases} aliases less`,
			);
			// The SDK's own are 94.
			assert.ok(linked.aliases < 120, `${linked.aliases} aliases`);
			assert.ok(linked.bytes < usual.bytes - 28_000, `${linked.bytes} bytes, ${usual.bytes} in modules`);
			if (lean) assert.ok(linked.bytes < (sizes.get(false) ?? Infinity) - 32_000, `${linked.bytes} bytes`);
		});
	for (const lean of [false, true])
		it(`comes online in the simulator${lean ? " without features" : ""}, measures, and answers a command`, async () => {
			const id = lean ? "linked-lean" : "linked";
			const board = { root: "t", id, sensors: [{ name: "temp", driver: "temperature", every: 200 }] };
			const data = join(output, `data-${id}`);
			mkdirSync(data);
			const name = `${id}-board`;
			const folder = await project(name, { host: "simulator", lean });
			const settings = { broker: broker.url, data, board: JSON.stringify(board) };
			const { so } = await buildSimulator(settings, folder, name);
			simulator = new Simulator(so, screen.name, join(root, "test/sdk/mockup"));
			await simulator.line(/online|failed/, 30_000);
			await observer.next(`t/${id}/measurements/temp`, /"v":/);
			await observer.publish(`t/${id}/cmd`, '{"cmd":"info","cid":"1"}');
			await observer.next(`t/${id}/cmd/result`, /"cid":"1"/);
			await simulator.kill();
		});
});

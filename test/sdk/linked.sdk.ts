/**
 * `npm run image`: the firmware linked as one module (hosts/desk/image.ts), for the ESP32-C3 as far as mc.xs.c, and for the simulator,
 * where it runs.
 */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ImageOptions, writeImage } from "../../hosts/desk/image.js";
import type { TestBroker } from "../firmware/brokers.js";
import type { Observer } from "../firmware/observer.js";
import { Scene } from "./scene.js";
import {
	buildSimulator,
	linkChip,
	measure,
	natives,
	output,
	replaced,
	root,
	Simulator,
	warnings,
} from "./sdk.js";

/** A project of the first program and the linked library. */
async function project(name: string, options: ImageOptions): Promise<string> {
	const folder = join(output, "projects", name);
	await writeImage(join(folder, "image"), options);
	return written(folder, {
		build: { NAME: name },
		include: ["./image/manifest.json"],
		modules: { main: join(root, "hosts/moddable/board/main") },
		preload: ["main"],
	});
}

/** A project of what the firmware includes of the SDK, without anything of ours: what an image takes more is ours. */
function bare(): string {
	const folder = join(output, "projects/bare");
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "main.js"), "export default function () {}\n");
	const ours = [
		"moddable/board/core.json",
		"esp32/manifest.json",
		"esp32/journal.json",
		"moddable/manifest.json",
	].map(file => JSON.parse(readFileSync(join(root, "hosts", file), "utf8")));
	const sdk = ours.flatMap(({ include = [] }) => include).filter((path: string) => path.startsWith("$"));
	return written(folder, {
		build: { NAME: "bare" },
		include: [join(root, "hosts/moddable/sdk.json"), ...sdk],
		modules: { main: "./main", "~": ours.flatMap(({ modules }) => modules?.["~"] ?? []) },
	});
}

function written(folder: string, manifest: object): string {
	writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
	return folder;
}

/** Bytes of the ESP32-C3's flash that are ours, SDK 8.2.3. Lowered with what saves some. */
const budget = { whole: 285_000, lean: 242_000 };
/** Words of RAM for objects that the program might change: one for each module, and few more. */
const ALIASES = 12;

describe("the firmware linked as one module", function () {
	this.timeout(600_000);
	const scene = new Scene();
	let broker: TestBroker;
	let observer: Observer;
	let screen: Scene["screen"];
	let simulator: Simulator;

	before(async function () {
		await scene.open(this);
		({ broker, observer, screen } = scene);
	});
	after(async () => {
		await simulator?.kill();
		await scene.close();
	});

	for (const kind of ["whole", "lean"] as const)
		it(`takes at most ${budget[kind]} bytes of the ESP32-C3's flash, ${kind}, with few RAM aliases, no warning, and no function of the engine more`, async () => {
			const name = `linked-${kind}`;
			const { log, folder } = await linkChip("esp32c3", await project(name, { lean: kind === "lean" }), name);
			assert.deepEqual(warnings(log, [...replaced, "linked", "glowworm"]), []);
			const linked = measure(folder);
			const sdk = measure((await linkChip("esp32c3", bare(), "bare")).folder);
			const [bytes, aliases] = [linked.bytes - sdk.bytes, linked.aliases - sdk.aliases];
			const modules = (await linkChip("esp32c3")).folder;
			const usual = measure(modules);
			console.log(
				`      ${bytes} bytes and ${aliases} aliases; in modules ${usual.bytes - sdk.bytes} and ${usual.aliases - sdk.aliases}`,
			);
			assert.ok(bytes <= budget[kind], `${bytes} bytes`);
			assert.ok(aliases <= ALIASES, `${aliases} aliases`);
			const before = natives(modules);
			assert.deepEqual(
				[...natives(folder)].filter(name => !before.has(name)),
				[],
			);
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

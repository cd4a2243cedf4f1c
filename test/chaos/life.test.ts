/** The harness itself: each wait has an end, and no process or folder is left behind. */

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../firmware/brokers.js";
import { campaign } from "./campaign.js";
import { Lives } from "./life.js";
import { Mosquitto } from "./mosquitto.js";
import { within } from "./within.js";

describe("the harness of a campaign", function () {
	this.timeout(60_000);
	let directory = "";
	const deaths: (string | undefined)[] = [];
	const entry = fileURLToPath(new URL("firmware.ts", import.meta.url));
	let board: Lives | undefined;
	const lives = (patience: number, file = entry) => {
		board = new Lives({
			engine: "node",
			entry: file,
			// There is no broker.
			description: { root: "chaos", id: "board", broker: "mqtt://127.0.0.1:1", lamp: { pin: 2 } },
			data: join(directory, "data"),
			trace: false,
			patience,
			onFact() {},
			onPin() {},
			onRefused() {},
			onTrace() {},
			onDeath: reason => deaths.push(reason),
		});
		return board;
	};
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "glowworm-harness-"));
		deaths.length = 0;
	});
	afterEach(async () => {
		await board?.end();
		rmSync(directory, { recursive: true, force: true });
	});

	it("ends a board that is told to while it starts", async () => {
		const board = lives(20_000);
		const started = board.start().catch(() => {});
		await board.close();
		await started;
		assert.deepEqual(deaths, [undefined], "it was asked to, and was not killed");
	});
	it("ends a board that does not end by itself, and says so", async () => {
		const file = join(directory, "stubborn.ts");
		writeFileSync(file, "export default () => ({ close() {} });\n");
		const board = lives(3000, file);
		await board.start();
		await assert.rejects(board.close(), /^Error: the board's end: not after 3000 ms$/);
		assert.equal(deaths.length, 1);
	});
	it("ends a board that does not start, and says so", async () => {
		const file = join(directory, "slow.mts");
		writeFileSync(file, "await new Promise(() => setInterval(() => {}, 1000));\n");
		const board = lives(3000, file);
		await assert.rejects(board.start(), /the board's start: not after 3000 ms/);
		assert.equal(deaths.length, 1);
	});
	it("leaves no process of a broker that does not run", async () => {
		const program = join(directory, "silent-broker");
		writeFileSync(program, "#!/bin/sh\nexec sleep 60\n");
		chmodSync(program, 0o755);
		const broker = new Mosquitto(program, await freePort(), directory);
		await assert.rejects(broker.start(300), /mosquitto: not after 300 ms/);
		assert.equal(broker.running, false);
		await assert.rejects(new Mosquitto("/bin/false", 1, directory).start(), /mosquitto ended/);
		await assert.rejects(new Mosquitto(join(directory, "none"), 1, directory).start(), /ENOENT/);
	});
	it("leaves no folder of a campaign that cannot begin", async () => {
		const folders = () => readdirSync(tmpdir()).filter(name => name.startsWith("glowworm-chaos-"));
		const before = folders();
		await assert.rejects(
			campaign({ program: "/bin/false", engine: "node", seed: 1, seconds: 1 }),
			/mosquitto ended/,
		);
		assert.deepEqual(
			folders().filter(name => !before.includes(name)),
			[],
		);
	});
	it("says which wait was too long, and leaves no timer of one that was not", async () => {
		await assert.rejects(within(5, "a wait", new Promise(() => {})), /^Error: a wait: not after 5 ms$/);
		assert.equal(
			await within(
				60_000,
				"a wait",
				sleep(1).then(() => 7),
			),
			7,
		);
	});
});

/**
 * The memory of a board in the XS engine while a broker hands over commands and acknowledges nothing: the engine cannot be limited
 * here, so slots and bytes of chunks are counted at the worst moment. With a limit: test/sdk/memory.sdk.ts.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Harness, unavailable } from "../../hosts/xs/harness.js";
import { check, type Description } from "../../modules/device/description/description.js";
import type { SensorDriver } from "../../modules/device/io.js";
import { budgetOf } from "../../modules/device/start.js";
import { alive } from "../bench/ram.js";
import { description as raw } from "./flood.js";

const reason = unavailable();
/** What an ESP32 has (hosts/esp32/manifest.json). */
const HEAP = 81_920;
const command = JSON.stringify({ cmd: "info", cid: "1234567" });

describe(`A board's memory in XS, while a broker hands over what it kept${reason ? ` (pending: ${reason})` : ""}`, function () {
	this.timeout(120_000);
	let harness: Harness;

	beforeEach(async function () {
		if (reason) this.skip();
		harness = await Harness.open(fileURLToPath(new URL("flood.ts", import.meta.url)));
		await harness.call("start", HEAP);
		await harness.call("connect");
		// All that is made once for the first commands.
		await harness.call("flood", 20, command, true);
	});
	afterEach(() => harness?.close());

	/** Bytes that more is alive than was before, as a 32-bit chip has them. */
	async function grown(action: () => Promise<void>): Promise<number> {
		const before = await alive(harness);
		await action();
		const after = await alive(harness);
		return (after.slots - before.slots) * 16 + Math.ceil(((before.room - after.room) * 7) / 8);
	}

	it("of 1000 commands grows by no more than the queue's budget, and each is answered", async () => {
		const { description } = check(raw, { sensor: { steady: {} as SensorDriver } });
		const { queueBytes } = budgetOf(HEAP, description as Description);
		const bytes = await grown(async () => {
			assert.equal((await harness.call("flood", 1000, command, false)).result, 1000);
		});
		console.log(`      ${bytes} bytes more with answers in flight, of ${queueBytes}`);
		assert.ok(bytes > 500 && bytes <= queueBytes, `${bytes} bytes`);
	});
	it("does not grow with commands that are too long to be read", async () => {
		const bytes = await grown(async () => {
			assert.equal((await harness.call("flood", 40, "x".repeat(16_000), true)).result, 0);
			// The network in memory holds on to its last segment.
			assert.equal((await harness.call("flood", 1, command, true)).result, 1);
		});
		assert.ok(bytes <= 256, `${bytes} bytes`);
	});
});

/** The conformance suites inside the XS engine, each case on a board and a device of its own. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDevice } from "../../hosts/node/device.js";
import { unavailable } from "../../hosts/xs/harness.js";
import { start } from "../../hosts/xs/run.js";
import { apply } from "./mocha.js";
import type { Outcome, World } from "./suite.js";
import type { Order } from "./xscase.js";

const loop = { output: 12, input: 13 };
const entry = fileURLToPath(new URL("xscase.ts", import.meta.url));

async function runner(suite: number, index: number, world: World): Promise<Outcome> {
	const data = mkdtempSync(join(tmpdir(), "glowworm-"));
	const description: Order = { suite, index, world };
	let told: (outcome: Outcome) => void;
	const outcome = new Promise<Outcome>(resolve => {
		told = resolve;
	});
	const device = createDevice({ description, data, trace: line => told(JSON.parse(line) as Outcome) });
	device.pins.wire(loop.output, loop.input);
	try {
		const board = await start({ device, entry });
		board.exited.then(reason => told({ status: "failed", reason: `the board ended: ${reason}` }));
		const result = await outcome;
		await board.close();
		return result;
	} catch (error) {
		return { status: "failed", reason: (error as Error).message };
	} finally {
		device.close();
		rmSync(data, { recursive: true });
	}
}

const reason = unavailable();
if (reason) describe.skip(`host xs: ECMA-419 conformance (${reason})`, () => {});
else apply("xs", runner, loop);

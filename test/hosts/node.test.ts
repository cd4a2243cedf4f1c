/**
 * Applies the conformance suites to hosts/node: each case gets a board of its own with an empty folder.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDevice } from "../../hosts/node/device.js";
import { suites } from "./all.js";
import { apply, type Runner } from "./mocha.js";
import { run } from "./suite.js";

const loop = { output: 12, input: 13 };

const runner: Runner = (suite, index, world) =>
	new Promise(resolve => {
		const data = mkdtempSync(join(tmpdir(), "glowworm-node-"));
		const device = createDevice({ description: {}, data });
		device.pins.wire(loop.output, loop.input);
		const item = suites[suite]?.cases[index];
		if (!item) throw new Error(`no case ${index} in suite ${suite}`);
		run(item, device, world, outcome => {
			device.close();
			rmSync(data, { recursive: true });
			resolve(outcome);
		});
	});

apply("node", runner, loop);

/**
 * The conformance suites inside the simulator: one case after the other on the board's device, each outcome a line
 * of the log. Bundled into one module; knows nothing of Node.
 */

import type { Device } from "../../modules/device/io.js";
import { suites } from "../hosts/all.js";
import { type Outcome, Trial, type World } from "../hosts/suite.js";

/** Milliseconds: a case that waits for what never comes must not stop the rest. */
const PATIENCE = 30_000;

export default function run(device: Device, world: World, say: (line: string) => void): void {
	const { timer } = device;
	const cases = suites.flatMap((suite, s) => suite.cases.map((item, c) => ({ item, name: `${s}.${c}` })));
	// Which case comes next survives one that ends the virtual machine.
	const progress = device.keyValue.open({ path: "progress", mode: "r+", format: "string" });
	const next = () => {
		const at = Number(progress.read("next") ?? 0);
		const found = cases[at];
		if (!found) return say("conformance: end");
		progress.write("next", `${at + 1}`);
		say(`conformance: start ${found.name}`);
		let over = false;
		const finish = (outcome: Outcome) => {
			if (over) return;
			over = true;
			timer.clear(patience);
			say(`conformance: ${found.name} ${JSON.stringify({ ...outcome })}`);
			timer.set(next, 0);
		};
		const patience = timer.set(() => {
			if (!over) trial.fail(new Error(`no outcome within ${PATIENCE} ms`));
		}, PATIENCE);
		const trial = new Trial(device, world, finish);
		trial.on(() => found.item.run(trial))();
	};
	timer.set(next, 0);
}

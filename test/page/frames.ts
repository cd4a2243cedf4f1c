/**
 * `npm run frames`: how smoothly the page shows a hundred boards at ten messages a second each, on this machine as it is: exits 1
 * where two frames were over 100 ms apart. On a machine that is busy with other things they are, without any fault of the page.
 */

import { cpus, loadavg } from "node:os";
import { closeBrowser, missing } from "./browser.js";
import { load } from "./load.js";

/** Milliseconds. */
const LONGEST = 100;

if (missing) {
	console.error(missing);
	process.exit(2);
}
const busy = () => loadavg()[0]?.toFixed(1);
const processors = cpus();
console.log(`${processors.length} × ${processors[0]?.model ?? "unknown processor"}, load ${busy()}`);
const { frames, longest, task, tasks, drawn, seen } = await load();
await closeBrowser();
const fine = longest <= LONGEST;
console.log(
	`${frames} frames in 10 s, at most ${longest.toFixed(0)} ms apart (${fine ? "fine" : `expected ${LONGEST}`}); load now ${busy()}`,
);
console.log(
	`the page's own work: longest task ${task.toFixed(1)} ms, ${(tasks / 100).toFixed(0)} % of one processor; at most ${drawn} of ${seen} curves drawn in one frame`,
);
process.exit(fine ? 0 : 1);

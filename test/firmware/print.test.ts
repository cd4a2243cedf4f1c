/** What prints and ends, when its reader has gone (`npm run size | head`): the program's own end, and nothing on stderr. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("a program whose reader has gone", function () {
	this.timeout(60_000);
	for (const [script, code] of [
		["hosts/desk/web/size.ts", 0],
		["test/homeassistant/run.ts", 0],
		["test/mqtt/coverage.ts", 0],
	] as const)
		it(`${script} ends as it would have`, async () => {
			const child = spawn(process.execPath, ["--import", "tsx", script], {
				cwd: root,
				stdio: ["ignore", "pipe", "pipe"],
				timeout: 50_000,
			});
			child.stdout.destroy();
			let said = "";
			child.stderr.on("data", data => {
				said += data;
			});
			const [ended] = await once(child, "close");
			assert.deepEqual([ended, said], [code, ""]);
		});
});

/**
 * AWS's own device SDK, unmodified, at the local AWS IoT Core: what AWS's client takes for AWS is AWS enough for a board. The cases are
 * sdk.ts's; they run in a process of their own. Pending where the SDK's native part cannot be loaded.
 */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cases, type Result, unavailable } from "./sdk.js";

/** Milliseconds for all of them. */
const patience = 120_000;
const program = fileURLToPath(new URL("sdk.ts", import.meta.url));

describe("AWS's device SDK at the local AWS", function () {
	this.timeout(patience);
	const results = new Map<string, Result>();
	let child: ChildProcess | undefined;
	let ended = false;
	let said = "";
	let wake: (() => void) | undefined;

	before(() => {
		child = spawn(process.execPath, ["--import", "tsx", program], {
			stdio: ["ignore", "pipe", "pipe"],
			timeout: patience,
		});
		child.stderr?.on("data", text => {
			said += text;
		});
		createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", line => {
			const result = JSON.parse(line) as Result;
			results.set(result.title, result);
			wake?.();
		});
		child.once("close", () => {
			ended = true;
			wake?.();
		});
	});
	after(() => {
		child?.kill("SIGKILL");
	});

	for (const { title } of cases)
		it(title, async function () {
			while (!results.has(title) && !results.has(unavailable) && !ended)
				await new Promise<void>(resolve => {
					wake = resolve;
				});
			if (results.has(unavailable)) this.skip();
			const { error } = results.get(title) ?? { error: `the program ended before: ${said}` };
			assert.equal(error, undefined);
		});
});

/** One conformance suite for every host (test/hosts): here inside Moddable's simulator, over the SDK's classes. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { suites } from "../hosts/all.js";
import type { Outcome } from "../hosts/suite.js";
import { openWorld } from "../hosts/world.js";
import { buildSimulator, display, missing, output, root, Simulator } from "./sdk.js";

const reason = missing("Xvfb", "stdbuf");
const name = "glowworm-conformance";

/** Where the SDK 8.2.3 differs on the simulator, and no adapter can help; each with the reason. */
const known: readonly (readonly [suite: RegExp, title: RegExp, reason: string])[] = [
	[
		/^timer/,
		/moved by its own callback to later than it would repeat/,
		"the simulator's timer fires at its old repeat too",
	],
	[
		/^timer/,
		/put itself to sleep in its callback/,
		"the simulator's timer forgets a one-shot after its callback",
	],
	[/^TCP/, /peer that reads nothing/, "1536 bytes in 20 ms: 8 MiB take two minutes"],
	[
		/^TCP/,
		/what the peer said before it closed/,
		"an end that comes while bytes wait to be read is never told",
	],
	[/^TCP/, /inside a public method/, "the simulator's socket takes 1536 bytes at once"],
	[
		/^TLS/,
		/as soon as it may/,
		"the SDK's TLS throws away what comes in one segment with the end of the handshake",
	],
	[/^TLS/, /AES256-GCM/, "the SDK's TLS has no AES-256-GCM"],
	[/^resolver/, /the address .*:/, "the SDK's sockets know IPv4 only"],
	[/^sensors/, /wave and replay/, "no replay: there is no command line to name a file"],
];

/** A project whose main runs the cases instead of the firmware. */
async function project(): Promise<string> {
	const folder = join(output, "projects", name);
	mkdirSync(folder, { recursive: true });
	const bundle = join(folder, "cases.js");
	const entry = join(root, "test/sdk/cases.ts");
	await build({
		entryPoints: [entry],
		bundle: true,
		format: "esm",
		target: "es2022",
		outfile: bundle,
		logLevel: "error",
	});
	writeFileSync(
		join(folder, "main.js"),
		`import run from "cases";
import config from "mc/config";
export default device => run(device, JSON.parse(config.world), line => trace(line + "\\n"));
`,
	);
	const manifest = {
		build: { NAME: name },
		include: [join(root, "hosts/moddable/board/manifest.json")],
		// A bundle of tests is no firmware: it takes what it takes.
		creation: { stack: 2048, heap: { initial: 32768 }, chunk: { initial: 1 << 20 } },
		modules: { main: "./main", cases: "./cases" },
	};
	writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
	return folder;
}

describe("host simulator: ECMA-419 conformance", function () {
	this.timeout(600_000);
	const outcomes = new Map<string, Outcome>();
	let world: Awaited<ReturnType<typeof openWorld>>;
	let screen: Awaited<ReturnType<typeof display>>;
	let simulator: Simulator;

	/** A case that started and told no outcome has ended the virtual machine. The SDK traces some lines without an end. */
	const gather = (lines: readonly string[]) => {
		const abort = lines.find(line => line.startsWith("XS abort"));
		for (const line of lines) {
			const [, word, key = "", outcome] = /conformance: (start )?(\d+\.\d+)(.*)$/.exec(line) ?? [];
			if (word) outcomes.set(key, { status: "failed", reason: abort ?? "mcsim ended" });
			else if (key && outcome) outcomes.set(key, JSON.parse(outcome));
		}
	};

	before(async function () {
		if (reason) {
			console.log(`      ${reason}`);
			this.skip();
		}
		world = await openWorld();
		screen = await display();
		const { close: _close, ...plain } = world;
		const data = join(output, "conformance");
		mkdirSync(data);
		const { so } = await buildSimulator({ data, world: JSON.stringify(plain) }, await project(), name);
		for (let over = false; !over; ) {
			simulator = new Simulator(so, screen.name, join(root, "test/sdk/mockup"));
			try {
				over = /end/.test(await simulator.line(/^conformance: end|^XS abort/, 400_000));
			} catch (error) {
				// It may also end without a word, in the middle of a case.
				if (!simulator.lines.some(line => line.startsWith("conformance: start"))) throw error;
			}
			await simulator.kill();
			gather(simulator.lines);
		}
	});
	after(async () => {
		await simulator?.kill();
		screen?.close();
		await world?.close();
	});

	suites.forEach((suite, s) => {
		describe(suite.title, () => {
			suite.cases.forEach((item, c) => {
				it(item.title, function () {
					const outcome = outcomes.get(`${s}.${c}`);
					assert.ok(outcome, `no outcome; the log ends with\n${simulator?.lines.slice(-5).join("\n")}`);
					if (outcome.status === "skipped") {
						this.runnable().title += ` (skipped: ${outcome.reason})`;
						this.skip();
					}
					const why = known.find(
						([inSuite, title]) => inSuite.test(suite.title) && title.test(item.title),
					)?.[2];
					if (outcome.status === "failed" && why) {
						this.runnable().title += ` (not here: ${why})`;
						this.skip();
					}
					assert.equal(outcome.status, "passed", outcome.reason);
				});
			});
		});
	});
});

/** The XS engine as a process: framing, questions and answers, ends of all kinds, and the figures of the harness. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Harness, unavailable } from "../../hosts/xs/harness.js";
import { Netstrings, pack } from "../../hosts/xs/netstring.js";
import { available, Worker, type WorkerOptions } from "../../hosts/xs/worker.js";

const reason = unavailable();

/** A suite that needs the engine: pending, with the reason in its title, where there is none. */
function engine(title: string, body: (this: Mocha.Suite) => void): void {
	if (reason) describe.skip(`${title} (${reason})`, body);
	else describe(title, body);
}

describe("hosts/xs: netstrings", () => {
	const messages = ["", "a", "x".repeat(10), "\u0001,:9:", "y".repeat(70_000)];
	const wire = Buffer.concat(messages.map(text => pack("?", Buffer.from(text))));

	for (const size of [1, 2, 3, 7, 65_536, 1_000_000])
		it(`hands out each message whole when they arrive ${size} bytes at a time`, () => {
			const got: string[] = [];
			const frames = new Netstrings(message => got.push(message.toString()));
			for (let i = 0; i < wire.byteLength; i += size) frames.push(wire.subarray(i, i + size));
			assert.deepEqual(
				got,
				messages.map(text => `?${text}`),
			);
		});

	for (const [text, message] of [
		["x", "length is not a number"],
		[":", "no length"],
		["1x:", "length is not a number"],
		["1234567890", "no length"],
		["1:ab", "no comma at the end"],
	] as const)
		it(`refuses ${JSON.stringify(text)}: ${message}`, () => {
			const frames = new Netstrings(() => assert.fail("nothing here is a message"));
			assert.throws(() => frames.push(Buffer.from(text)), new RegExp(message));
		});
});

describe("hosts/xs: a machine without the engine", () => {
	it("says that the package does not build on a platform it does not know", () => {
		assert.deepEqual(available(import.meta.url, "win32"), {
			reason: "no XS engine: @agoric/xsnap does not build on win32",
		});
	});
	it("says that the optional package is not installed", () => {
		const folder = mkdtempSync(join(tmpdir(), "glowworm-"));
		try {
			assert.deepEqual(available(pathToFileURL(join(folder, "x.js")).href, "linux"), {
				reason: "no XS engine: the optional package @agoric/xsnap is not installed",
			});
		} finally {
			rmSync(folder, { recursive: true });
		}
	});
	it("reports a worker that cannot be started as one line, and rejects what was asked of it", async () => {
		const worker = new Worker({ path: "/nowhere/xsnap-worker" });
		await assert.rejects(worker.evaluate("0"), /XS worker: cannot start: .*ENOENT/);
		assert.match((await worker.exited) ?? "", /^cannot start: .*ENOENT/);
	});
});

engine("hosts/xs: the worker", () => {
	const workers: Worker[] = [];
	function start(options?: WorkerOptions): Worker {
		const worker = new Worker(options);
		workers.push(worker);
		return worker;
	}
	afterEach(async () => {
		for (const worker of workers.splice(0)) await worker.kill();
	});

	const echo = `
		globalThis.handleCommand = buffer => buffer;
		const text = buffer => new TextDecoder().decode(new Uint8Array(buffer));
		const bytes = text => new TextEncoder().encode(text).slice().buffer;`;

	it("gives back the bytes of a command, of any length, in the order of asking", async () => {
		const worker = start();
		await worker.evaluate(echo);
		const sizes = [0, 1, 100, 65_535, 65_536, 300_000];
		const replies = await Promise.all(sizes.map(size => worker.command(Buffer.alloc(size, size & 0xff))));
		sizes.forEach((size, i) => {
			assert.ok(replies[i]?.bytes.equals(Buffer.alloc(size, size & 0xff)), `${size} bytes`);
		});
	});

	it("answers what the engine asks in the middle of a command, while other commands wait", async () => {
		const asked: string[] = [];
		const worker = start({
			onRequest: bytes => {
				asked.push(bytes.toString());
				return Buffer.from(`<${bytes}>`);
			},
		});
		await worker.evaluate(`${echo}
			globalThis.handleCommand = buffer => {
				const name = text(buffer);
				return bytes(text(issueCommand(bytes(name + "1"))) + text(issueCommand(bytes(name + "2"))));
			}`);
		const replies = await Promise.all(["a", "b", "c"].map(name => worker.command(Buffer.from(name))));
		assert.deepEqual(
			replies.map(({ bytes }) => bytes.toString()),
			["<a1><a2>", "<b1><b2>", "<c1><c2>"],
		);
		assert.deepEqual(asked, ["a1", "a2", "b1", "b2", "c1", "c2"]);
	});

	it("runs promise jobs to the end before it replies", async () => {
		const lines: string[] = [];
		const worker = start({ onLine: line => lines.push(line) });
		await worker.evaluate("Promise.resolve().then(() => {}).then(() => print('job')); print('program')");
		await worker.close();
		assert.deepEqual(lines, ["program", "job"]);
	});

	it("rejects with what a program threw, and goes on", async () => {
		const worker = start();
		await assert.rejects(worker.evaluate("throw new RangeError('too far')"), {
			message: "RangeError: too far",
		});
		await assert.rejects(worker.command(Buffer.alloc(1)), /no function/);
		await worker.evaluate("1");
		assert.equal(await worker.close(), undefined);
	});

	it("does what it was given before it closes, and refuses more", async () => {
		const worker = start();
		await worker.evaluate(echo);
		const last = worker.command(Buffer.from("last"));
		const closed = worker.close();
		await assert.rejects(worker.evaluate("0"), { message: "XS worker: closed" });
		assert.equal((await last).bytes.toString(), "last");
		assert.equal(await closed, undefined);
	});

	for (const [what, source, expected] of [
		["overflows its stack", "(function f() { f(); })()", "stack overflow"],
		["fills its memory", "new ArrayBuffer(0x3fffffff)", "memory full"],
		[
			"leaves a rejection",
			"Promise.reject(new Error('lost')); 0",
			"unhandled exception (Unhandled exception Error: lost)",
		],
	] as const)
		it(`reports a program that ${what} as "${expected}"`, async () => {
			const worker = start();
			// A rejection lets the engine go on and shows when it ends; the others end it.
			const outcome = worker.evaluate(source).catch((error: Error) => error.message);
			assert.equal(await worker.close(), expected);
			if (!source.startsWith("Promise")) assert.equal(await outcome, `XS worker: ${expected}`);
		});

	it("can be killed in an endless loop, and rejects every command that waits", async () => {
		const worker = start();
		const commands = [worker.evaluate("for (;;);"), worker.evaluate("1"), worker.evaluate("2")];
		const outcomes = Promise.allSettled(commands);
		assert.equal(await worker.kill(), "killed");
		for (const outcome of await outcomes) assert.equal(outcome.status, "rejected");
	});

	it("ends when Node cannot answer it", async () => {
		const worker = start({
			onRequest: () => {
				throw new Error("no such thing");
			},
		});
		await assert.rejects(worker.evaluate("issueCommand(new ArrayBuffer(1))"));
		assert.equal(await worker.exited, "its request failed: no such thing");
	});
});

engine("hosts/xs: the worker's process", () => {
	const script = fileURLToPath(new URL("xsgroup.ts", import.meta.url));
	function run() {
		const child = spawn(process.execPath, ["--import", "tsx", script], {
			stdio: ["ignore", "pipe", "inherit"],
			detached: true,
		});
		return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
	}

	it("outlives a Ctrl-C, which a terminal sends to every process in the group, until it was closed", async () => {
		const { child, lines } = run();
		const exit = once(child, "exit");
		assert.equal((await lines.next()).value, "ready");
		process.kill(-(child.pid as number), "SIGINT");
		assert.equal((await lines.next()).value, "alive");
		assert.deepEqual(await exit, [0, null]);
	});
});

engine("hosts/xs: the harness", () => {
	let harness: Harness;
	before(async () => {
		harness = await Harness.open(fileURLToPath(new URL("costs.ts", import.meta.url)));
	});
	after(() => harness.close());

	it("calls an export and gives its result with the engine's figures", async () => {
		const { result, heapCount, compute, allocate } = await harness.call("add", 1, 2);
		assert.equal(result, 3);
		for (const figure of [heapCount, compute, allocate]) assert.ok(Number.isInteger(figure) && figure > 0);
	});

	it("names file and line where an export threw", async () => {
		await assert.rejects(
			harness.call("fail"),
			/RangeError: as it was told to\n.*at fail \(test\/hosts\/costs\.ts:8\)/,
		);
	});

	it("says which export there is none of, and which returns nothing to measure", async () => {
		await assert.rejects(harness.call("absent"), /no function absent is exported/);
		await assert.rejects(harness.measure("add"), /add must return the function to measure/);
	});

	it("measures the same units, slots and bytes each time, and in another worker", async () => {
		const again = await Harness.open(fileURLToPath(new URL("costs.ts", import.meta.url)));
		try {
			for (const [name, args] of [
				["nothing", []],
				["properties", [2]],
				["buffers", [100]],
			] as const) {
				const first = await harness.measure(name, { args });
				assert.deepEqual(await harness.measure(name, { args }), first);
				assert.deepEqual(await again.measure(name, { args, rounds: 500 }), first);
			}
		} finally {
			await again.close();
		}
	});

	it("counts 26 units for an empty function, a slot for an object and one for each property", async () => {
		assert.deepEqual(await harness.measure("nothing", { bytes: true }), { units: 26, slots: 0, bytes: 0 });
		assert.equal((await harness.measure("properties", { args: [1] })).slots, 2);
		assert.equal((await harness.measure("properties", { args: [2] })).slots, 3);
	});

	it("counts a buffer's bytes with the chunk's header of 16, rounded up to 8", async () => {
		assert.equal(
			(await harness.measure("buffers", { args: [100], bytes: true, rounds: 1000 })).bytes?.toFixed(0),
			"120",
		);
	});

	it("refuses to count slots across a collection", async () => {
		await assert.rejects(
			harness.measure("buffers", { args: [1_000_000] }),
			/buffers: 100 rounds need a collection; measure fewer/,
		);
		await assert.rejects(
			harness.measure("properties", { args: [2], rounds: 200_000 }),
			/properties: 200000 rounds need a collection; measure fewer/,
		);
	});

	it("counts alive after a collection what is held, and no garbage", async () => {
		const { heapCount } = await harness.collect();
		await harness.measure("properties", { args: [2], rounds: 1000 });
		assert.ok((await harness.collect()).heapCount - heapCount < 20);
	});
});

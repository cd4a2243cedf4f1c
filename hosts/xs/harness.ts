/**
 * Runs a TypeScript module in the real XS engine and measures its functions: for `npm run bench`, budgets and heap tests.
 * Figures are the engine's own and deterministic: same code, same figures. Needs no device and serves none (that is run.ts).
 *
 *     // costs.ts: exports take and return JSON; what is to be measured is returned as a function
 *     export function add(a: number, b: number) { return a + b; }
 *     export function publish(bytes: number) { const client = …; return () => { client.write(…); }; }
 *
 *     const reason = unavailable();                            // a line to skip with, or undefined
 *     const harness = await Harness.open(fileURLToPath(new URL("costs.ts", import.meta.url)));
 *     (await harness.call("add", 1, 2)).result                 // 3, beside {heapCount, compute, allocate}
 *     await harness.measure("publish", { args: [64] })         // {units, slots, bytes} for one round
 *     (await harness.collect()).heapCount                      // slots alive, right after a collection
 *     await harness.close();
 */

import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bundle, type BundleOptions, bundle } from "./bundle.js";
import type { Order, Outcome } from "./stage.js";
import { available, type Meter, Worker } from "./worker.js";

export interface HarnessOptions extends BundleOptions {
	/** A line of the engine's `print`. */
	readonly onLine?: (line: string) => void;
}

export interface MeasureOptions {
	/** JSON arguments of the exported function, which returns the function to measure. */
	readonly args?: readonly unknown[];
	/** How often the measured function runs; the figures are for one of them. */
	readonly rounds?: number;
	/** Rounds beforehand, for what only happens at first. */
	readonly warm?: number;
	/** Also measure garbage in chunks, which takes some tenths of a second. */
	readonly bytes?: boolean;
}

/** What one round costs. */
export interface Cost {
	/** Byte codes executed, the loop around it included: 26 for an empty arrow function. */
	readonly units: number;
	/** Slots made, whether they are garbage afterwards or not. */
	readonly slots: number;
	/** Bytes of chunks made (contents of strings, buffers and arrays; 64-bit layout), if asked for. */
	readonly bytes?: number;
}

export interface Called extends Meter {
	readonly result: unknown;
}

// The worker starts with 32 MiB of chunks, and takes more only if a collection frees too little: 28 always find room.
const MOST = 28 << 20;
const SPARE = 4 << 20;
// And with 256 Ki slots.
const LITTER = 100_000;

/** Why there is no engine on this machine, in one line. */
export function unavailable(): string | undefined {
	const found = available();
	return "reason" in found ? found.reason : undefined;
}

export class Harness {
	readonly #worker: Worker;
	readonly #bundle: Bundle;

	/** Resolves when the module at `path` has been evaluated; rejects with what it threw. */
	static async open(path: string, options: HarnessOptions = {}): Promise<Harness> {
		const entry = JSON.stringify(`./${basename(path)}`);
		const half = JSON.stringify(resolve(fileURLToPath(new URL("stage.ts", import.meta.url))));
		const source = `import * as entry from ${entry}; import { stage } from ${half}; stage(entry);`;
		const { onLine, ...bundling } = options;
		const program = await bundle(source, resolve(dirname(path)), bundling);
		const worker = new Worker(onLine ? { onLine } : {});
		try {
			await worker.evaluate(program.source);
		} catch (error) {
			worker.kill();
			throw new Error(program.locate((error as Error).message));
		}
		return new Harness(worker, program);
	}

	private constructor(worker: Worker, program: Bundle) {
		this.#worker = worker;
		this.#bundle = program;
	}

	/** Calls an export. `compute` has the way in and out in it (JSON); use `measure` for figures that are compared. */
	async call(name: string, ...args: unknown[]): Promise<Called> {
		const { outcome, meter } = await this.#send({ call: name, args });
		return { result: outcome.result, ...meter };
	}

	/** Collects garbage. `heapCount` is then the number of slots alive. */
	async collect(): Promise<Meter> {
		const { meter } = await this.#send({ collect: true });
		return meter;
	}

	/** Has the exported function make its measured function once, and runs that. */
	async measure(name: string, options: MeasureOptions = {}): Promise<Cost> {
		const { args = [], rounds = 100, warm = 10 } = options;
		await this.#send({ prepare: name, args });
		await this.#send({ rounds: warm });
		await this.collect();
		const overhead = (await this.#made(0)).slots;
		// A collection within the rounds would spoil the count. It shows as a fall, as long as they make less than lay about before.
		const first = await this.#made(warm);
		const few = ((first.slots - overhead) / warm) * rounds <= LITTER;
		await this.#send({ litter: LITTER });
		const { units, slots } = await this.#made(rounds);
		if (!few || slots < 0) throw new Error(`${name}: ${rounds} rounds need a collection; measure fewer`);
		return {
			units: units / rounds,
			slots: (slots - overhead) / rounds,
			...(options.bytes && { bytes: ((await this.#room(0)) - (await this.#room(rounds))) / rounds }),
		};
	}

	// What so many rounds make, with a command's own slots.
	async #made(rounds: number): Promise<{ units: number; slots: number }> {
		const before = await this.#send({ rounds: 0 });
		const after = await this.#send({ rounds });
		return {
			units: (after.outcome.units ?? 0) - (before.outcome.units ?? 0),
			slots: after.meter.heapCount - before.meter.heapCount,
		};
	}

	async close(): Promise<void> {
		await this.#worker.close();
	}

	/*
	 * Bytes of chunks left after some rounds. The worker does not tell how full its chunk heap is; but it hands chunks out in a
	 * row, and collects when the next one does not fit. So: the largest buffer that fits, by bisection, each try after a collection.
	 * (A WeakRef cannot tell: this engine clears them only when gc() is called.)
	 */
	async #room(rounds: number): Promise<number> {
		let fits = 0;
		let full = SPARE;
		while (full - fits > 8) {
			const size = (fits + full) >> 1;
			await this.collect();
			await this.#send({ litter: 1000 });
			const before = await this.#send({ rounds });
			const after = await this.#send({ fill: [MOST, size] });
			if (after.meter.heapCount < before.meter.heapCount) full = size;
			else fits = size;
		}
		return fits;
	}

	async #send(order: Order): Promise<{ outcome: Outcome; meter: Meter }> {
		try {
			const { bytes, meter } = await this.#worker.command(Buffer.from(JSON.stringify(order)));
			return { outcome: JSON.parse(bytes.toString()) as Outcome, meter };
		} catch (error) {
			throw new Error(this.#bundle.locate((error as Error).message));
		}
	}
}

/**
 * Starts a board in the real XS engine: bundles `main.ts`, runs it in a worker, and serves it a device of this process.
 * The device stays the caller's: a board that ends gives back what it took of it, and a new one may be started on the same.
 */

import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Device } from "../../modules/device/io.js";
import { bundle } from "./bundle.js";
import { Server } from "./server.js";
import { type Meter, Worker } from "./worker.js";

export interface BoardOptions {
	/** Which the board gets with the name "xs"; give another `name` to change that. */
	readonly device: Device;
	readonly name?: string;
	/** A module whose default export is the firmware's `main(device)`; the repository's main.ts if not given. */
	readonly entry?: string;
	/** Files in the place of bare specifiers in it. */
	readonly alias?: { readonly [specifier: string]: string };
	/** Milliseconds that the board has for its graceful end; 2000 if not given. */
	readonly patience?: number;
	/** What the engine prints, line by line. */
	readonly onLine?: (line: string) => void;
}

export interface RunningBoard {
	/** Asks the board for its graceful end, waits for that, for `patience` at most, and ends the engine. */
	close(): Promise<void>;
	/** As if the power was cut: no goodbye, at no point in particular. */
	kill(): Promise<void>;
	/** Resolves when the board is gone: `undefined` after `close`, else what happened in one line ("killed", "crashed: …"). */
	readonly exited: Promise<string | undefined>;
	/** Resolves when the board has handled all that has happened to it until now. */
	settled(): Promise<void>;
	/** The engine's figures now; `compute` is the sum since the start. Collects garbage first if asked to. */
	meter(options?: { readonly collect?: boolean }): Promise<Meter>;
}

const PATIENCE = 2000;

/** Resolves when `main` has returned; rejects with one line when it cannot be bundled or throws. */
export async function start(options: BoardOptions): Promise<RunningBoard> {
	const { patience = PATIENCE } = options;
	const entry = resolve(options.entry ?? fileURLToPath(new URL("../../main.ts", import.meta.url)));
	const half = JSON.stringify(fileURLToPath(new URL("device.ts", import.meta.url)));
	const source = `import main from ${JSON.stringify(`./${basename(entry)}`)}; import { serve } from ${half}; serve(main);`;
	const program = await bundle(source, dirname(entry), options.alias && { alias: options.alias });

	let meter: Meter = { heapCount: 0, compute: 0, allocate: 0 };
	let ended: () => void = () => {};
	const goodbye = new Promise<void>(done => {
		ended = done;
	});
	const crash = (line: string) => void worker.kill(`crashed: ${oneLine(program.locate(line))}`);
	const worker = new Worker({
		onRequest: bytes => server.request(bytes),
		onExit: () => {
			server.close();
			ended();
		},
		...(options.onLine && { onLine: options.onLine }),
		onComplaint: crash,
	});
	const server = new Server(options.device, {
		name: options.name ?? "xs",
		send: async bytes => {
			const reply = await worker.command(bytes);
			meter = { ...reply.meter, compute: meter.compute + reply.meter.compute };
			return reply.bytes;
		},
		onCrash: crash,
		onClosed: () => ended(),
	});

	try {
		await worker.evaluate(program.source);
		await server.boot();
	} catch (error) {
		const reason = await worker.kill(`crashed: ${oneLine(program.locate((error as Error).message))}`);
		throw new Error(reason);
	}

	let closing: Promise<void> | undefined;
	return {
		exited: worker.exited,
		close() {
			closing ??= finish();
			return closing;
		},
		async kill() {
			// First, so that sockets go at once as they do with a process.
			server.close();
			await worker.kill();
		},
		settled: () => server.settled(),
		async meter({ collect } = {}) {
			if (collect) await server.collect();
			return meter;
		},
	};

	async function finish(): Promise<void> {
		server.stop();
		const late = setTimeout(() => void worker.kill(`did not end within ${patience} ms`), patience);
		await goodbye;
		server.close();
		await worker.close();
		clearTimeout(late);
	}
}

function oneLine(text: string): string {
	return text.replace(/\s*\n\s*/g, " ");
}

/**
 * The engine's half of harness.ts: calls a module's exports by name, and counts what a call costs from inside,
 * where no command and no JSON gets into the figure. Runs in the XS worker; knows nothing of devices.
 */

declare const gc: () => void;
/** Sets limit (0: none) and count of the meter, and returns the count until now. */
declare const resetMeter: (limit: number, count: number) => number;

/** What harness.ts sends, as JSON. */
export type Order =
	| { readonly call: string; readonly args: readonly unknown[] }
	/** Calls the export and keeps the function it returns. */
	| { readonly prepare: string; readonly args: readonly unknown[] }
	/** Calls the kept function so many times. */
	| { readonly rounds: number }
	/** Makes buffers of these sizes, at once garbage. */
	| { readonly fill: readonly number[] }
	/** Makes so many slots, at once garbage. */
	| { readonly litter: number }
	| { readonly collect: true };

/** What it gets. */
export interface Outcome {
	readonly result?: unknown;
	/** Byte codes of the rounds alone. */
	readonly units?: number;
}

type Exports = { readonly [name: string]: unknown };

let step: () => void = () => {};

export function stage(exports: Exports): void {
	(globalThis as { handleCommand?: unknown }).handleCommand = (buffer: ArrayBuffer) => {
		const order = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer))) as Order;
		try {
			return new TextEncoder().encode(JSON.stringify(obey(order, exports))).slice().buffer;
		} catch (error) {
			// As text: the worker would drop the stack.
			throw (error as Error | undefined)?.stack ?? error;
		}
	};
}

function obey(order: Order, exports: Exports): Outcome {
	if ("call" in order) return { result: find(exports, order.call)(...order.args) };
	if ("rounds" in order) return { units: count(order.rounds) };
	if ("prepare" in order) {
		const made = find(exports, order.prepare)(...order.args);
		if (typeof made !== "function") throw new Error(`${order.prepare} must return the function to measure`);
		step = made as () => void;
	}
	if ("fill" in order) for (const size of order.fill) new ArrayBuffer(size);
	if ("litter" in order) for (let left = order.litter; left > 0; left--) ({});
	if ("collect" in order) gc();
	return {};
}

function find(exports: Exports, name: string): (...args: unknown[]) => unknown {
	const found = exports[name];
	if (typeof found !== "function") throw new Error(`no function ${name} is exported`);
	return found as (...args: unknown[]) => unknown;
}

// An empty arrow function costs 26 in this loop. Its form stays as it is: every published figure and budget includes it.
function count(rounds: number): number {
	const measured = step;
	resetMeter(0, 0);
	let left = rounds;
	while (left--) measured();
	return resetMeter(0, 0);
}

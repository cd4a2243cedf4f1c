/**
 * One life of the board, as a process of its own that can be killed: the firmware on either engine, over the classes of
 * hosts/node. Reports each record that reaches flash to its parent process, right behind the write, on descriptor 3; and
 * can cut its own power at any write to flash: before it, in the middle of it, or behind it.
 * It is started ahead of its time, and waits for the word, so that a killed board is back at once.
 */

import { writeSync } from "node:fs";
import { createDevice, type NodeDevice } from "../../hosts/node/device.js";
import { HostSensor } from "../../hosts/shared/sensor.js";
import { start as startXS } from "../../hosts/xs/run.js";
import type { Device } from "../../modules/device/io.js";
import type { ByteBuffer } from "../../modules/mqtt/io.js";
import type { FlashPartition } from "../../modules/store/flash.js";
import { Witness } from "./witness.js";

/** What the parent says. */
export type Order =
	| { readonly start: Start }
	/** The power goes at the `writes`-th write or erase from now: with `kept` bytes of it done, all of them if there are no more. */
	| { readonly cut: { readonly writes: number; readonly kept: number } }
	/** Flash takes no writes and erases for so many milliseconds. */
	| { readonly refuse: number }
	/** The sensors cross nothing any more. */
	| { readonly quiet: true }
	| { readonly close: true };

export interface Start {
	readonly engine: "node" | "xs";
	/** The file whose default export is the firmware's `main(device)`. */
	readonly entry: string;
	readonly description: object;
	readonly data: string;
	readonly trace: boolean;
}

/** What `main` returns. */
interface Board {
	close(callback: () => void): void;
}

const LAMP = 2;
const witness = new Witness();
let quiet = false;
/** Until when flash refuses, by `performance.now()`. */
let refusing = 0;
let cut: { writes: number; kept: number } | undefined;
/** The start, which gives the way to end it. */
let board: Promise<() => Promise<void>> | undefined;

/** One write, so whole or not at all; and there when this process is not any more. */
function tell(word: object): void {
	writeSync(3, `${JSON.stringify(word)}\n`);
}

/** Together with its engine, at once. */
function powerOff(): never {
	process.kill(-process.pid, "SIGKILL");
	for (;;);
}

/** If this is the change at which the power goes: does what is kept of it, and that was all. */
function lose(change: (kept: number) => void): void {
	if (!cut || --cut.writes > 0) return;
	if (cut.kept) change(cut.kept);
	powerOff();
}

/** Flash is out of order: throws, and says so. */
function refuse(): void {
	if (performance.now() >= refusing) return;
	tell({ refused: true });
	throw new Error("flash is out of order");
}

/** Flash that is watched, that may refuse, and whose power may go. */
function watched(partition: FlashPartition): FlashPartition {
	return {
		status: () => partition.status(),
		read: ((target: never, offset: number) => partition.read(target, offset)) as FlashPartition["read"],
		write(data: ByteBuffer, offset: number) {
			const bytes = ArrayBuffer.isView(data)
				? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
				: new Uint8Array(data);
			refuse();
			// What is not kept clears no bits.
			lose(kept => partition.write(bytes.slice().fill(0xff, kept), offset));
			partition.write(bytes, offset);
			const fact = witness.read(bytes);
			if (fact) tell({ fact });
		},
		eraseBlock(first, last) {
			refuse();
			lose(() => partition.eraseBlock(first, last));
			partition.eraseBlock(first, last);
		},
		close: () => partition.close(),
	};
}

/** Far above and far below by turns, so that each sample is an edge; or between the thresholds. */
class Swing extends HostSensor {
	#high = false;
	constructor(options: object) {
		super("swing", options);
	}
	sample() {
		this.#high = !this.#high;
		return { value: quiet ? 50 : this.#high ? 100 : 0 };
	}
}

function wired(device: NodeDevice): Device {
	device.pins.watch(({ level }) => tell({ pin: level }), LAMP);
	const { flash } = device;
	return {
		...device,
		sensor: { ...device.sensor, swing: { io: Swing, quantity: "value" } },
		flash: {
			open: options => watched(flash.open(options)),
			[Symbol.iterator]: () => flash[Symbol.iterator](),
		},
	};
}

/** Resolves with the graceful end. */
async function start({ engine, entry, description, data, trace }: Start): Promise<() => Promise<void>> {
	const say = (line: string) => tell({ trace: line });
	const device = wired(createDevice({ name: engine, description, data, ...(trace && { trace: say }) }));
	let close: () => Promise<void>;
	if (engine === "xs") {
		const board = await startXS({ device, entry, onLine: say });
		board.exited.then(reason => {
			if (reason !== undefined) tell({ ended: reason });
		});
		close = () => board.close();
	} else {
		const { default: firmware } = await import(entry);
		const board = (firmware as (device: Device) => Board | undefined)(device);
		if (!board) throw new Error("the description is wrong");
		close = () => new Promise(done => board.close(done));
	}
	tell({ running: true });
	return close;
}

process.on("message", (order: Order) => {
	if ("start" in order) {
		board = start(order.start);
		board.catch(error => {
			tell({ ended: (error as Error).message });
			process.exit(1);
		});
	} else if ("cut" in order) cut = { ...order.cut };
	else if ("refuse" in order) refusing = performance.now() + order.refuse;
	else if ("quiet" in order) quiet = true;
	// It may still be starting, or not have begun.
	else Promise.resolve(board).then(close => close?.().then(() => process.exit(0)) ?? process.exit(0));
});
// Without its parent it has no meaning.
process.on("disconnect", powerOff);
process.on("uncaughtException", error => {
	tell({ ended: error.stack });
	process.exit(1);
});

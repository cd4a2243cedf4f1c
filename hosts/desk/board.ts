/**
 * One board on this machine, on either engine, over the classes of hosts/node: switched on, ended as a board
 * ends, or cut off. Starts it anew when the firmware asks for that. Knows nothing of command lines.
 */

import main from "../../main.js";
import type { Device } from "../../modules/device/io.js";
import { createDevice, type DeviceOptions, type NodeDevice } from "../node/device.js";
import { start as startXS } from "../xs/run.js";
import { load, type Main, type Program } from "./firmware.js";
import type { Print } from "./log.js";
import type { Engine } from "./options.js";

export interface BoardOptions extends Omit<DeviceOptions, "restart" | "reset"> {
	readonly engine: Engine;
	/** In the place of main.ts. */
	readonly program?: Program;
	/** Gets the device of each life before the firmware does: to watch its pins, tap its wires, add a driver. */
	readonly wire?: (device: NodeDevice) => Device;
	/** The engine ended by itself, with the reason. */
	readonly onEnd?: (reason: string) => void;
}

/** The firmware at work on one engine. */
interface Firmware {
	close(): Promise<void>;
	kill(): void;
}

async function inNode(device: Device, program?: Program): Promise<Firmware> {
	const start: Main = program ? await load(program) : main;
	// As on Moddable, for what is no argument's business.
	if (program) (globalThis as { device?: Device }).device = device;
	const board = start(device);
	if (!board && !program) throw new Error("the board has no right description");
	return { close: () => new Promise(done => (board?.close ? board.close(done) : done())), kill() {} };
}

interface Context {
	readonly onEnd: (reason: string) => void;
	readonly trace: Print | undefined;
	readonly program: Program | undefined;
}

async function inXS(device: Device, { onEnd, trace, program }: Context): Promise<Firmware> {
	const board = await startXS({
		device,
		...(program && { entry: program.entry, alias: program.alias }),
		...(trace && { onLine: trace }),
	});
	board.exited.then(reason => onEnd(`the XS engine ended: ${reason ?? "closed"}`));
	return { close: () => board.close(), kill: () => void board.kill() };
}

export class DeskBoard {
	readonly #options: BoardOptions;
	#device: NodeDevice | undefined;
	#firmware: Firmware | undefined;
	/** Counts lives, so that a late end of an earlier one says nothing. */
	#life = 0;

	private constructor(options: BoardOptions) {
		this.#options = options;
	}
	/** Resolves once the firmware runs. Rejects with what keeps it from starting. */
	static async start(options: BoardOptions): Promise<DeskBoard> {
		const board = new DeskBoard(options);
		await board.#power("power-on");
		return board;
	}
	/** Offline, DISCONNECT, and the power off. */
	async close(): Promise<void> {
		// An engine that ends now was asked to.
		this.#life++;
		await this.#firmware?.close();
		this.kill();
	}
	/** Switches the power on again after `kill`. Rejects with what keeps it from starting. */
	on(): Promise<void> {
		return this.#power("power-on");
	}
	/** Cuts the power. */
	kill(): void {
		this.#life++;
		this.#firmware?.kill();
		this.#device?.close();
		this.#firmware = undefined;
		this.#device = undefined;
	}

	async #power(reset: string): Promise<void> {
		const { engine, wire, onEnd, program, ...rest } = this.#options;
		const life = ++this.#life;
		const device = createDevice({ name: engine, ...rest, reset, restart: () => this.#restart(life) });
		this.#device = device;
		const wired = wire ? wire(device) : device;
		try {
			const ended = (reason: string) => {
				if (life === this.#life) onEnd?.(reason);
			};
			const context = { onEnd: ended, trace: rest.trace, program };
			const firmware = engine === "xs" ? await inXS(wired, context) : await inNode(wired, program);
			// Switched off while it started.
			if (life === this.#life) this.#firmware = firmware;
			else firmware.kill();
		} catch (error) {
			this.kill();
			throw error;
		}
	}
	/** Out of the callback it was asked for in: the board that asks is still at work. */
	#restart(life: number): void {
		setImmediate(() => {
			if (life !== this.#life) return;
			this.kill();
			this.#power("software").catch(error => this.#options.onEnd?.((error as Error).message));
		});
	}
}

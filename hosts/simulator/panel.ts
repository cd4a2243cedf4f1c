/**
 * The board's wires to the simulator's window (mockup/glowworm.js): pins and readings, as JSON over the screen's
 * message channel. Where nothing is shown, as when the window has not answered yet, readings keep their start values.
 */

import Timer from "timer";
import type { PinSpecifier } from "../../modules/device/io.js";
import { keyOf, type Wires } from "../shared/wires.js";

/** How often the window is told what has no line in the log. */
const INTERVAL = 1000;

/** What is shown of a board; a program that has none shows its lines. */
interface Shown {
	readonly held: number;
	readonly description: {
		readonly id: string;
		readonly root: string;
		readonly broker?: string | readonly string[];
		readonly sensors: readonly { readonly name: string; readonly unit?: string }[];
	};
}

/** What the window sends. */
interface Report {
	readonly pin?: string | number;
	readonly level?: 0 | 1;
	readonly sensor?: string;
	readonly value?: number;
}

/** The simulator's own global. */
declare const screen: {
	postMessage(message: string): void;
	onMessage: (message: string) => void;
};

export class Panel implements Wires {
	readonly #readings = new Map<string, number>();
	/** As the window drives them. */
	readonly #levels = new Map<string | number, 0 | 1>();
	readonly #owners = new Map<string | number, { readonly owner: object; readonly rest: 0 | 1 }>();
	readonly #watchers = new Map<string | number, (state: { readonly level: 0 | 1 }) => void>();

	constructor() {
		screen.onMessage = message => {
			try {
				this.#received(JSON.parse(message));
			} catch {
				// Not from the window this board expects: another mock-up was chosen.
			}
		};
	}
	/** A line of the log. */
	say(line: string): void {
		screen.postMessage(JSON.stringify({ line }));
	}
	/** The window's button, or `cmd restart`: it starts the application anew. */
	restart(): void {
		screen.postMessage(JSON.stringify({ restart: true }));
	}
	/** From now on the window shows what this is, and how many alerts it holds; nothing, for a description with mistakes. */
	follow(made: unknown): void {
		const board = made as Partial<Shown> | undefined;
		if (!board?.description) return;
		const { id, root, broker = [], sensors } = board.description;
		const [address = ""] = typeof broker === "string" ? [broker] : broker;
		const units: { [name: string]: string } = {};
		for (const { name, unit = "" } of sensors) units[name] = unit;
		// Without user and password.
		const shown = { id, root, broker: address.replace(/\/\/.*@/, "//"), units };
		screen.postMessage(JSON.stringify({ board: shown }));
		Timer.repeat(() => screen.postMessage(JSON.stringify({ held: board.held })), INTERVAL);
	}
	reading(sensor: string): number | undefined {
		return this.#readings.get(sensor);
	}
	level(pin: PinSpecifier): 0 | 1 {
		const key = keyOf(pin);
		return this.#levels.get(key) ?? this.#owners.get(key)?.rest ?? 0;
	}
	claim(pin: PinSpecifier, owner: object, rest: 0 | 1): void {
		const key = keyOf(pin);
		if (this.#owners.has(key)) throw new Error(`pin ${key} is in use`);
		this.#owners.set(key, { owner, rest });
	}
	release(pin: PinSpecifier, owner: object): void {
		const key = keyOf(pin);
		if (this.#owners.get(key)?.owner === owner) this.#owners.delete(key);
	}
	/** The window is told each time: it may have come after the pin was set. */
	set(pin: PinSpecifier, level: 0 | 1, duty: number = level): void {
		screen.postMessage(JSON.stringify({ pin, duty }));
	}
	/** Of one pin: who holds it. */
	watch(callback: (state: { readonly level: 0 | 1 }) => void, pin: PinSpecifier): () => void {
		const key = keyOf(pin);
		this.#watchers.set(key, callback);
		return () => this.#watchers.delete(key);
	}

	#received({ pin, level, sensor, value }: Report): void {
		if (sensor !== undefined && value !== undefined) this.#readings.set(sensor, value);
		if (pin === undefined || level === undefined) return;
		this.#levels.set(pin, level);
		this.#watchers.get(pin)?.({ level });
	}
}

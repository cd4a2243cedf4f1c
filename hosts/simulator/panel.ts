/**
 * The board's wires to the simulator's window (mockup/glowworm.js): pins and readings, as JSON over the screen's
 * message channel. Where nothing is shown, as when the window has not answered yet, readings keep their start values.
 */

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

export class Panel {
	readonly #readings = new Map<string, number>();
	readonly #levels = new Map<string | number, 0 | 1>();
	readonly #watchers = new Map<string | number, () => void>();

	constructor() {
		screen.onMessage = message => {
			try {
				this.#received(JSON.parse(message));
			} catch {
				// Not from the window this board expects: another mock-up was chosen.
			}
		};
	}
	reading(sensor: string): number | undefined {
		return this.#readings.get(sensor);
	}
	/** As somebody outside drives the pin; undefined where nobody does. */
	level(pin: string | number): 0 | 1 | undefined {
		return this.#levels.get(pin);
	}
	/** One instance at a time holds a pin; without `changed` it does not watch. */
	claim(pin: string | number, changed: () => void = () => {}): void {
		if (this.#watchers.has(pin)) throw new Error(`pin ${pin} is in use`);
		this.#watchers.set(pin, changed);
	}
	release(pin: string | number): void {
		this.#watchers.delete(pin);
	}
	/** `duty` is 0 … 1. */
	drive(pin: string | number, duty: number): void {
		screen.postMessage(JSON.stringify({ pin, duty }));
	}

	#received({ pin, level, sensor, value }: Report): void {
		if (sensor !== undefined && value !== undefined) this.#readings.set(sensor, value);
		if (pin === undefined || level === undefined) return;
		this.#levels.set(pin, level);
		this.#watchers.get(pin)?.();
	}
}

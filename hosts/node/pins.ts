/**
 * The virtual pins of one board: what its Digital and PWM instances are wired to, and what a test or the desk sees
 * and drives from outside. Levels here are electrical; `activeLow` is the affair of Digital.
 */

import type { PinSpecifier } from "../../modules/device/io.js";
import { keyOf, type Wires } from "../shared/wires.js";

/** What a pin carries: `level` 0 or 1, and for PWM the duty cycle, 0 … 1. */
export interface PinState {
	/** As Digital or PWM was given it. */
	readonly pin: PinSpecifier;
	/** Electrical; of a PWM it is 1 above half of the duty. */
	readonly level: 0 | 1;
	/** 0 to 1; of a digital pin its level. */
	readonly duty: number;
}

interface Pin {
	level: 0 | 1;
	duty: number;
	/** Set from outside; wins over a pull resistor. */
	driven: boolean;
	owner: object | undefined;
	listeners: Set<(state: PinState) => void>;
}

/** The pins of one board, as a test or a desk sees and drives them. */
export class Pins implements Wires {
	#pins = new Map<unknown, Pin>();
	#shares = new Map<string | number, number>();
	#watchers = new Set<(state: PinState) => void>();
	#onChange: (() => void) | undefined;

	/** `onChange` is called before a pin changes; if it throws, none does. */
	constructor(onChange?: () => void) {
		this.#onChange = onChange;
	}
	read(pin: PinSpecifier): PinState {
		const { level, duty } = this.#pin(pin);
		return { pin, level, duty };
	}
	level(pin: PinSpecifier): 0 | 1 {
		return this.#pin(pin).level;
	}
	/** The world outside puts a level on a pin: presses a button. */
	drive(pin: PinSpecifier, level: 0 | 1): void {
		this.#pin(pin).driven = true;
		this.set(pin, level);
	}
	/** The world outside puts a voltage on a pin: its share of full scale, 0 … 1. */
	feed(pin: PinSpecifier, share: number): void {
		this.#shares.set(keyOf(pin), share);
	}
	/** As it was fed; undefined where nothing outside does. */
	share(pin: PinSpecifier): number | undefined {
		return this.#shares.get(keyOf(pin));
	}
	/** Calls back at each change of any pin, or of one. Returns how to stop. */
	watch(callback: (state: PinState) => void, pin?: PinSpecifier): () => void {
		const watchers = pin === undefined ? this.#watchers : this.#pin(pin).listeners;
		watchers.add(callback);
		return () => watchers.delete(callback);
	}
	/** Connects two pins: what goes out on one is driven on the other. */
	wire(output: PinSpecifier, input: PinSpecifier): void {
		this.drive(input, this.read(output).level);
		this.watch(({ level }) => this.drive(input, level), output);
	}

	/** For Digital and PWM: takes a pin, or throws when another instance has it. */
	claim(pin: PinSpecifier, owner: object, rest: 0 | 1): void {
		const entry = this.#pin(pin);
		if (entry.owner) throw new Error(`pin ${JSON.stringify(pin)} is in use`);
		entry.owner = owner;
		if (!entry.driven) this.set(pin, rest);
	}
	release(pin: PinSpecifier, owner: object): void {
		const entry = this.#pin(pin);
		if (entry.owner === owner) entry.owner = undefined;
	}
	set(pin: PinSpecifier, level: 0 | 1, duty: number = level): void {
		const entry = this.#pin(pin);
		if (entry.level === level && entry.duty === duty) return;
		this.#onChange?.();
		entry.level = level;
		entry.duty = duty;
		const state = { pin, level, duty };
		for (const listener of [...entry.listeners, ...this.#watchers]) listener(state);
	}

	#pin(pin: PinSpecifier): Pin {
		const key = keyOf(pin);
		let entry = this.#pins.get(key);
		if (!entry) {
			entry = { level: 0, duty: 0, driven: false, owner: undefined, listeners: new Set() };
			this.#pins.set(key, entry);
		}
		return entry;
	}
}

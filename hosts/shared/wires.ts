/**
 * The pins of a board that has none of copper: what Digital and PWM (ECMA-419 §10) are wired to in a process of Node
 * (hosts/node/pins.ts) and in the simulator's window (hosts/simulator/panel.ts). Levels are electrical; `activeLow` is
 * the affair of Digital.
 */

import type { PinSpecifier } from "../../modules/device/io.js";

export interface Wires {
	/** One instance at a time holds a pin, or it throws. An input rests at `rest` while nothing outside drives it. */
	claim(pin: PinSpecifier, owner: object, rest: 0 | 1): void;
	release(pin: PinSpecifier, owner: object): void;
	level(pin: PinSpecifier): 0 | 1;
	/** `duty` is the share of the time at 1, 0 … 1; the level where it is not given. */
	set(pin: PinSpecifier, level: 0 | 1, duty?: number): void;
	/** Calls back at changes of the pin. Returns how to stop. */
	watch(callback: (state: { readonly level: 0 | 1 }) => void, pin: PinSpecifier): () => void;
}

export const isPin = (value: unknown): value is PinSpecifier => {
	return (
		typeof value === "number" || typeof value === "string" || (typeof value === "object" && value !== null)
	);
};

/** What tells one pin from another: an object names a pin by its content, not by its identity. */
export const keyOf = (pin: PinSpecifier): string | number =>
	typeof pin === "object" ? JSON.stringify(pin) : pin;

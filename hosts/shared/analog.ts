/**
 * ECMA-419 §10, analog input, of a board that has no converter: twelve bits, as on the ESP32, of any share of full
 * scale the host says a pin has.
 */

import type { AnalogClass, Analog as AnalogPattern, PinSpecifier } from "../../modules/device/io.js";
import { isPin, type Wires } from "./wires.js";

const RESOLUTION = 12;

interface Options {
	readonly pin: PinSpecifier;
	readonly target?: unknown;
}

type Share = (pin: PinSpecifier) => number;

class VirtualAnalog implements AnalogPattern {
	target: unknown;
	readonly format = "number";
	readonly resolution = RESOLUTION;
	private readonly pins: Wires;
	private readonly share: Share;
	private readonly pin: PinSpecifier;
	private closed = false;

	constructor({ pin, target }: Options, pins: Wires, share: Share) {
		if (!isPin(pin)) throw new TypeError("Analog: pin is required");
		pins.claim(pin, this, 0);
		this.pins = pins;
		this.share = share;
		this.pin = pin;
		this.target = target;
	}
	read(): number {
		if (this.closed) throw new Error("Analog: closed");
		const level = Math.min(Math.max(this.share(this.pin), 0), 1);
		return Math.round(level * (2 ** RESOLUTION - 1));
	}
	close(): void {
		if (this.closed) return;
		this.closed = true;
		this.pins.release(this.pin, this);
	}
}

/** The Analog class of the board whose pins these are. `share` tells the level of a pin, 0 … 1. */
export const analog = (pins: Wires, share: Share): AnalogClass =>
	class Analog extends VirtualAnalog {
		constructor(options: Options) {
			super(options, pins, share);
		}
	};

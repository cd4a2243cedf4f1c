/**
 * ECMA-419 §10, pulse-width modulation, over the virtual pins of one board (wires.ts): the duty cycle is what a watcher
 * sees. Ten bits, as on the ESP32; 0 % until something is written.
 */

import type { PinSpecifier, PWMClass, PWM as PWMPattern } from "../../modules/device/io.js";
import { isPin, type Wires } from "./wires.js";

const resolution = 10;
const defaultHz = 1000;

interface Options {
	readonly pin: PinSpecifier;
	readonly hz?: number;
	readonly target?: unknown;
}

class VirtualPWM implements PWMPattern {
	target: unknown;
	readonly format = "number";
	readonly resolution = resolution;
	readonly hz: number;
	private readonly pins: Wires;
	private readonly pin: PinSpecifier;
	private closed = false;

	constructor({ pin, hz = defaultHz, target }: Options, pins: Wires) {
		if (!isPin(pin)) throw new TypeError("PWM: pin is required");
		if (!(Number.isFinite(hz) && hz > 0)) throw new RangeError("PWM: hz must be a positive number");
		pins.claim(pin, this, 0);
		pins.set(pin, 0);
		this.pins = pins;
		this.pin = pin;
		this.hz = hz;
		this.target = target;
	}
	write(value: number): void {
		if (this.closed) throw new Error("PWM: closed");
		const maximum = 2 ** resolution - 1;
		if (!(Number.isInteger(value) && value >= 0 && value <= maximum))
			throw new RangeError(`PWM: write takes 0 … ${maximum}, found ${value}`);
		this.pins.set(this.pin, value > maximum / 2 ? 1 : 0, value / maximum);
	}
	close(): void {
		if (this.closed) return;
		this.closed = true;
		// The output stops with its instance.
		this.pins.set(this.pin, 0);
		this.pins.release(this.pin, this);
	}
}

/** The PWM class of the board whose pins these are. */
export const pwm = (pins: Wires): PWMClass =>
	class PWM extends VirtualPWM {
		constructor(options: Options) {
			super(options, pins);
		}
	};

/** ECMA-419 §10, pulse-width modulation, on the simulator's window, which shows the duty cycle as brightness. */

import type { PinSpecifier, PWMClass, PWM as PWMPattern } from "../../modules/device/io.js";
import type { Panel } from "./panel.js";

/** Bits, as on the ESP32. */
const RESOLUTION = 10;

export function pwm(panel: Panel): PWMClass {
	return class PWM implements PWMPattern {
		readonly resolution = RESOLUTION;
		readonly #pin: string | number;
		#closed = false;

		constructor({ pin }: { readonly pin: PinSpecifier }) {
			if (typeof pin !== "string" && typeof pin !== "number")
				throw new RangeError(`PWM: expected a pin, found ${typeof pin}`);
			panel.claim(pin);
			this.#pin = pin;
			panel.drive(pin, 0);
		}
		write(value: number): void {
			if (this.#closed) throw new Error("PWM: closed");
			const maximum = 2 ** RESOLUTION - 1;
			if (!(Number.isInteger(value) && value >= 0 && value <= maximum))
				throw new RangeError(`PWM: write takes 0 … ${maximum}, found ${value}`);
			panel.drive(this.#pin, value / maximum);
		}
		close(): void {
			if (this.#closed) return;
			this.#closed = true;
			panel.drive(this.#pin, 0);
			panel.release(this.#pin);
		}
	};
}

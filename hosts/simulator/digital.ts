/**
 * ECMA-419 §10, Digital, on the simulator's window (panel.ts). Input pins rest at the level their pull gives them
 * until the window drives them. `onReadable` comes in a turn of its own.
 */

import Timer from "timer";
import type { DigitalClass, DigitalOptions, Digital as DigitalPattern } from "../../modules/device/io.js";
import type { Panel } from "./panel.js";

const Mode = Object.freeze({
	Input: 0,
	InputPullUp: 1,
	InputPullDown: 2,
	InputPullUpDown: 3,
	Output: 8,
	OutputOpenDrain: 9,
});

/** The Digital class of the board with this window. */
export function digital(panel: Panel): DigitalClass {
	return class Digital implements DigitalPattern {
		static readonly Input = Mode.Input;
		static readonly InputPullUp = Mode.InputPullUp;
		static readonly InputPullDown = Mode.InputPullDown;
		static readonly InputPullUpDown = Mode.InputPullUpDown;
		static readonly Output = Mode.Output;
		static readonly OutputOpenDrain = Mode.OutputOpenDrain;
		static readonly Rising = 1;
		static readonly Falling = 2;

		readonly #pin: string | number;
		readonly #output: boolean;
		readonly #low: 0 | 1;
		readonly #rest: 0 | 1;
		#last: 0 | 1;
		#closed = false;

		constructor({ pin, mode, edge = 0, activeLow, initialValue, onReadable }: DigitalOptions) {
			if (typeof pin !== "string" && typeof pin !== "number")
				throw new RangeError(`Digital: expected a pin, found ${typeof pin}`);
			if (!Object.values(Mode).includes(mode as 0)) throw new RangeError("Digital: mode is required");
			if (onReadable !== undefined) {
				if (typeof onReadable !== "function") throw new TypeError("Digital: onReadable must be a function");
				if (!(edge >= 1 && edge <= 3)) throw new RangeError("Digital: onReadable needs an edge");
			}
			this.#pin = pin;
			this.#output = (mode as number) >= Mode.Output;
			this.#low = activeLow ? 1 : 0;
			this.#rest = mode === Mode.InputPullUp ? 1 : 0;
			panel.claim(
				pin,
				onReadable && (() => Timer.set(() => this.#changed(edge, () => onReadable.call(this)))),
			);
			this.#last = this.#output ? 0 : this.#logical();
			if (this.#output) this.write(initialValue ?? 0);
		}
		read(): 0 | 1 {
			if (this.#closed) throw new Error("Digital: closed");
			if (this.#output) throw new Error("Digital: an output does not read");
			return this.#logical();
		}
		write(value: 0 | 1): void {
			if (this.#closed) throw new Error("Digital: closed");
			if (!this.#output) throw new Error("Digital: an input does not write");
			if (value !== 0 && value !== 1) throw new TypeError(`Digital: write takes 0 or 1, found ${value}`);
			panel.drive(this.#pin, value ^ this.#low);
		}
		close(): void {
			if (this.#closed) return;
			this.#closed = true;
			panel.release(this.#pin);
		}

		#logical(): 0 | 1 {
			return ((panel.level(this.#pin) ?? this.#rest) ^ this.#low) as 0 | 1;
		}
		#changed(edge: number, report: () => void): void {
			if (this.#closed) return;
			const value = this.#logical();
			if (value === this.#last) return;
			this.#last = value;
			if (edge & (value ? Digital.Rising : Digital.Falling)) report();
		}
	};
}

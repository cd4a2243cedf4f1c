/**
 * ECMA-419 §10, Digital, over the virtual pins of one board (wires.ts). `read`, `write`, and `edge` speak of the
 * logical value: with `activeLow`, 1 is the low level. `onReadable` comes in a turn of its own, once for all the
 * edges that fell into the turn before.
 */

import type { DigitalClass, DigitalOptions, Digital as DigitalPattern } from "../../modules/device/io.js";
import { isPin, type Wires } from "./wires.js";

const Mode = Object.freeze({
	Input: 0,
	InputPullUp: 1,
	InputPullDown: 2,
	InputPullUpDown: 3,
	Output: 8,
	OutputOpenDrain: 9,
});
const modes: readonly unknown[] = Object.freeze(Object.values(Mode));
const Rising = 1;
const Falling = 2;

type Options = DigitalOptions & { readonly target?: unknown };
type Later = (callback: () => void) => void;

/** Its methods are here, in flash where modules are preloaded: a class made for each board would copy them into RAM. */
class VirtualDigital implements DigitalPattern {
	static readonly Input = Mode.Input;
	static readonly InputPullUp = Mode.InputPullUp;
	static readonly InputPullDown = Mode.InputPullDown;
	static readonly InputPullUpDown = Mode.InputPullUpDown;
	static readonly Output = Mode.Output;
	static readonly OutputOpenDrain = Mode.OutputOpenDrain;
	static readonly Rising = Rising;
	static readonly Falling = Falling;

	target: unknown;
	readonly format = "number";
	private readonly pins: Wires;
	private readonly later: Later;
	private pin;
	private output: boolean;
	private low: 0 | 1;
	private edge: number;
	private value: 0 | 1 = 0;
	private onReadable;
	private due = false;
	private closed = false;
	private unwatch: (() => void) | undefined;

	constructor(options: Options, pins: Wires, later: Later) {
		check(options);
		this.pins = pins;
		this.later = later;
		const { pin, mode, activeLow, initialValue, onReadable } = options;
		this.pin = pin;
		this.output = (mode as number) >= Mode.Output;
		this.low = activeLow ? 1 : 0;
		this.edge = onReadable ? (options.edge as number) : 0;
		this.onReadable = onReadable;
		this.target = options.target;
		if (this.output) {
			// Without an initial value the pin is inactive, not merely low.
			pins.claim(pin, this, this.electrical(initialValue ?? 0));
			pins.set(pin, this.electrical(initialValue ?? 0));
		} else {
			pins.claim(pin, this, mode === Mode.InputPullUp ? 1 : 0);
			this.value = this.electrical(pins.level(pin));
			if (this.edge) this.unwatch = pins.watch(({ level }) => this.changed(level), pin);
		}
	}
	read(): 0 | 1 {
		this.check();
		if (this.output) throw new Error("Digital: an output does not read");
		return this.electrical(this.pins.level(this.pin));
	}
	write(value: 0 | 1): void {
		this.check();
		if (!this.output) throw new Error("Digital: an input does not write");
		if (value !== 0 && value !== 1) throw new TypeError(`Digital: write takes 0 or 1, found ${value}`);
		this.pins.set(this.pin, this.electrical(value));
	}
	close(): void {
		if (this.closed) return;
		this.closed = true;
		this.unwatch?.();
		this.pins.release(this.pin, this);
	}

	private check(): void {
		if (this.closed) throw new Error("Digital: closed");
	}
	/** Logical to electrical and back: the same exchange. */
	private electrical(value: 0 | 1): 0 | 1 {
		return (value ^ this.low) as 0 | 1;
	}
	private changed(level: 0 | 1): void {
		const value = this.electrical(level);
		if (value === this.value) return;
		this.value = value;
		if (this.due || !(this.edge & (value ? Rising : Falling))) return;
		this.due = true;
		this.later(() => {
			this.due = false;
			if (!this.closed) this.onReadable?.call(this);
		});
	}
}

/** The Digital class of the board whose pins these are. `later` calls back in a turn of its own. */
export const digital = (
	pins: Wires,
	later: Later,
): DigitalClass & (new (options: Options) => DigitalPattern) =>
	class Digital extends VirtualDigital {
		constructor(options: Options) {
			super(options, pins, later);
		}
	};

const check = ({ pin, mode, edge, initialValue, onReadable }: DigitalOptions): void => {
	if (!isPin(pin)) throw new TypeError("Digital: pin is required");
	if (!modes.includes(mode)) throw new RangeError("Digital: mode is required");
	if (initialValue !== undefined && initialValue !== 0 && initialValue !== 1)
		throw new RangeError("Digital: initialValue must be 0 or 1");
	if (onReadable === undefined || onReadable === null) return;
	if (typeof onReadable !== "function") throw new TypeError("Digital: onReadable must be a function");
	if (edge !== Rising && edge !== Falling && edge !== Rising + Falling)
		throw new RangeError("Digital: onReadable needs an edge");
};

/**
 * The NeoPixel that a development board has for an LED, as a pin: `{ neopixel: 8 }`. Digital and PWM (ECMA-419 §10) take it where
 * they take a number, by the SDK's driver: white, of the level's brightness. On any other pin they are the SDK's own.
 */

import SDKDigital from "embedded:io/digital";
import SDKPWM from "embedded:io/pwm";
import NeoPixel from "neopixel";
import type {
	DigitalClass,
	DigitalOptions,
	Digital as DigitalPattern,
	PinSpecifier,
	PWMClass,
	PWM as PWMPattern,
} from "../../modules/device/io.js";

/** Bits of a colour's part. */
const RESOLUTION = 8;

class Pixel {
	readonly resolution = RESOLUTION;
	private readonly strip: NeoPixel;

	constructor(pin: number) {
		this.strip = new NeoPixel({ pin, length: 1, order: "GRB" });
		this.write(0);
	}
	write(level: number): void {
		this.strip.setPixel(0, this.strip.makeRGB(level, level, level));
		this.strip.update();
	}
	close(): void {
		this.write(0);
		this.strip.close();
	}
}

class Switch extends Pixel {
	private readonly low: boolean;

	constructor(pin: number, { activeLow = false, initialValue = 0 }: DigitalOptions) {
		super(pin);
		this.low = activeLow;
		this.write(initialValue);
	}
	override write(value: number): void {
		super.write((value !== 0) === !this.low ? 2 ** RESOLUTION - 1 : 0);
	}
}

const pixelOf = (pin: PinSpecifier): number | undefined => {
	// The name of a pin that the host does not know.
	if (typeof pin === "string")
		throw new RangeError(`this board has no pin "${pin}" that the SDK knows: write "pin": and its number`);
	return (pin as { readonly neopixel?: number }).neopixel;
};

/**
 * The LED of the board: `built` in the SDK's provider, or the NeoPixel that its configuration has as `pixel`; where that is the same
 * pin, it is none. `fallback` where the SDK knows of neither.
 */
export const ledOf = (
	built: PinSpecifier | undefined,
	pixel: number | undefined,
	fallback: number | undefined,
): PinSpecifier | undefined =>
	pixel !== undefined && pixel !== built ? { neopixel: pixel } : (built ?? fallback);

const Digital = SDKDigital as unknown as DigitalClass;
const PWM = SDKPWM as unknown as PWMClass;

export class DigitalPin implements DigitalPattern {
	static readonly Input = Digital.Input;
	static readonly InputPullUp = Digital.InputPullUp;
	static readonly InputPullDown = Digital.InputPullDown;
	static readonly InputPullUpDown = Digital.InputPullUpDown;
	static readonly Output = Digital.Output;
	static readonly OutputOpenDrain = Digital.OutputOpenDrain;
	static readonly Rising = Digital.Rising;
	static readonly Falling = Digital.Falling;
	private readonly pin: Omit<DigitalPattern, "read"> & Partial<DigitalPattern>;

	constructor(options: DigitalOptions) {
		const { pin, onReadable } = options;
		const pixel = pixelOf(pin);
		this.pin =
			pixel === undefined
				? new Digital({ ...options, ...(onReadable && { onReadable: () => onReadable.call(this) }) })
				: new Switch(pixel, options);
	}
	read(): 0 | 1 {
		if (!this.pin.read) throw new Error("Digital: an output does not read");
		return this.pin.read();
	}
	write(value: 0 | 1): void {
		this.pin.write(value);
	}
	close(): void {
		this.pin.close();
	}
}

export class PWMPin implements PWMPattern {
	private readonly pin: PWMPattern;

	constructor(options: { readonly pin: PinSpecifier; readonly hz?: number }) {
		const pixel = pixelOf(options.pin);
		this.pin = pixel === undefined ? new PWM(options) : new Pixel(pixel);
	}
	get resolution(): number {
		return this.pin.resolution;
	}
	write(value: number): void {
		this.pin.write(value);
	}
	close(): void {
		this.pin.close();
	}
}

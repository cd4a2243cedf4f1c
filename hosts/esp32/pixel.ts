/**
 * The NeoPixel that a development board has for an LED, as a pin: `{ neopixel: 8 }`. Digital and PWM (ECMA-419 §10) take it where
 * they take a number, by the SDK's driver: white, of the level's brightness. On any other pin they are the SDK's own.
 */

import SDKDigital from "embedded:io/digital";
import SDKPWM from "embedded:io/pwm";
import NeoPixel from "neopixel";
import type { DigitalClass, DigitalOptions, PinSpecifier, PWMClass } from "../../modules/device/io.js";

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
	read(): never {
		throw new Error("Digital: an output does not read");
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

/** On any other pin this is the SDK's own. */
export class DigitalPin extends (SDKDigital as unknown as DigitalClass) {
	// biome-ignore lint/correctness/noUnreachableSuper: a NeoPixel is no pin of the SDK's
	constructor(options: DigitalOptions) {
		const pixel = pixelOf(options.pin);
		// biome-ignore lint/correctness/noConstructorReturn: the pin decides which of the two it is
		if (pixel !== undefined) return new Switch(pixel, options);
		super(options);
	}
}

/** On any other pin this is the SDK's own. */
export class PWMPin extends (SDKPWM as unknown as PWMClass) {
	// biome-ignore lint/correctness/noUnreachableSuper: as above
	constructor(options: { readonly pin: PinSpecifier; readonly hz?: number }) {
		const pixel = pixelOf(options.pin);
		// biome-ignore lint/correctness/noConstructorReturn: as above
		if (pixel !== undefined) return new Pixel(pixel);
		super(options);
	}
}

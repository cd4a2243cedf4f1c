/** The LED of an ESP32's board (hosts/esp32/pixel.ts), over stand-ins for the SDK's classes that note what is done to them. */

import assert from "node:assert/strict";
import type { DigitalClass, PinSpecifier, PWMClass } from "../../modules/device/io.js";
import { load } from "./standins.js";

interface Pixels {
	readonly DigitalPin: DigitalClass;
	readonly PWMPin: PWMClass;
	ledOf(
		built: PinSpecifier | undefined,
		pixel: number | undefined,
		fallback: number | undefined,
	): PinSpecifier | undefined;
}

/** The SDK's modules that it imports, each as the text of a module. */
const sdk = {
	neopixel: `export default class {
		constructor({ pin, length, order }) { this.pin = pin; note("new", pin, length, order); }
		makeRGB(red, green, blue) { return [red, green, blue].join(); }
		setPixel(index, colour) { this.colour = colour; }
		update() { note("shows", this.pin, this.colour); }
		close() { note("closed", this.pin); }
	}`,
	"embedded:io/digital": `export default class {
		static Input = 1; static InputPullUp = 2; static InputPullDown = 3; static InputPullUpDown = 4;
		static Output = 8; static OutputOpenDrain = 9; static Rising = 1; static Falling = 2;
		constructor(options) { this.options = options; note("digital", options.pin); }
		read() { this.options.onReadable?.call(this); return 1; }
		write(value) { note("writes", value); }
		close() { note("closed", this.options.pin); }
	}`,
	"embedded:io/pwm": `export default class {
		constructor({ pin }) { note("pwm", pin); }
		get resolution() { return 10; }
		write(value) { note("writes", value); }
		close() {}
	}`,
};

describe("the LED of an ESP32's board", () => {
	let pixels: Pixels;
	const notes: string[] = [];
	const done = () => notes.splice(0);
	before(async () => {
		Object.assign(globalThis, { notes });
		pixels = await load<Pixels>("hosts/esp32/pixel.ts", sdk);
	});
	after(() => Reflect.deleteProperty(globalThis, "notes"));
	beforeEach(() => void done());

	const cases: [title: string, args: Parameters<Pixels["ledOf"]>, led: PinSpecifier | undefined][] = [
		["the SDK's pin, where its configuration has no NeoPixel", [2, undefined, 5], 2],
		["the SDK's pin, where its configuration names the same as NeoPixel", [2, 2, 5], 2],
		["the NeoPixel, where the SDK has another pin or none", [2, 8, 5], { neopixel: 8 }],
		["the NeoPixel, where the SDK knows of no LED", [undefined, 8, 5], { neopixel: 8 }],
		["the NeoPixel on pin 0", [2, 0, 5], { neopixel: 0 }],
		["the pin that is built in otherwise", [undefined, undefined, 5], 5],
		["none, where nothing is known", [undefined, undefined, undefined], undefined],
	];
	for (const [title, args, led] of cases)
		it(`is ${title}`, () => assert.deepEqual(pixels.ledOf(...args), led));

	it("as a NeoPixel is dark at first, white of the level's brightness then, and dark when it is closed", () => {
		const pwm = new pixels.PWMPin({ pin: { neopixel: 8 } });
		assert.deepEqual(done(), ["new 8 1 GRB", "shows 8 0,0,0"]);
		assert.equal(pwm.resolution, 8);
		pwm.write(128);
		pwm.write(255);
		pwm.close();
		assert.deepEqual(done(), ["shows 8 128,128,128", "shows 8 255,255,255", "shows 8 0,0,0", "closed 8"]);
	});

	it("as a NeoPixel is switched, from its initial value on, and the other way round with activeLow", () => {
		const { DigitalPin } = pixels;
		const pin = { neopixel: 8 };
		const plain = new DigitalPin({ pin, mode: DigitalPin.Output, initialValue: 1 });
		assert.equal(done().at(-1), "shows 8 255,255,255");
		plain.write(0);
		assert.deepEqual(done(), ["shows 8 0,0,0"]);
		assert.throws(() => plain.read(), /an output does not read/);
		const low = new DigitalPin({ pin, mode: DigitalPin.Output, activeLow: true, initialValue: 1 });
		assert.equal(done().at(-1), "shows 8 0,0,0");
		low.write(0);
		assert.deepEqual(done(), ["shows 8 255,255,255"]);
	});

	it("as any other pin is the SDK's own, with `this` and constants of ours", () => {
		const { DigitalPin, PWMPin } = pixels;
		assert.deepEqual([DigitalPin.Input, DigitalPin.Output, DigitalPin.Falling], [1, 8, 2]);
		let self: unknown;
		const button = new DigitalPin({
			pin: 0,
			mode: DigitalPin.Input,
			onReadable() {
				self = this;
			},
		});
		assert.equal(button.read(), 1);
		assert.equal(self, button);
		button.close();
		const pwm = new PWMPin({ pin: 5 });
		pwm.write(1023);
		assert.equal(pwm.resolution, 10);
		assert.deepEqual(done(), ["digital 0", "closed 0", "pwm 5", "writes 1023"]);
	});

	it("by a name that the SDK does not know is refused with what to write", () => {
		for (const make of [
			() => new pixels.PWMPin({ pin: "led" }),
			() => new pixels.DigitalPin({ pin: "led", mode: 8 }),
		])
			assert.throws(make, /this board has no pin "led" that the SDK knows: write "pin": and its number/);
	});
});

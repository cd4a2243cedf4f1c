// A lamp that is a NeoPixel (WS2812), as on the C3, S3 and C6 development boards: its brightness follows lamp/set and lamp/desired.
import { board, type Device } from "glowworm";
import NeoPixel from "neopixel";

class Pixel {
	private strip: NeoPixel;
	constructor({ pin, initialValue }: { pin: number; initialValue: number }) {
		this.strip = new NeoPixel({ pin, length: 1, order: "GRB" });
		this.write(initialValue);
	}
	write(level: number) {
		// Warm white; the full 255 is hard to look at.
		this.strip.setPixel(0, this.strip.makeRGB(level >> 1, level >> 2, level >> 4));
		this.strip.update();
	}
	close = () => this.strip.close();
}

export default (device: Device) =>
	board(device, {
		actuator: {
			pixel: { io: Pixel, dimmable: true, options: { pin: { type: "number", required: true } } },
		},
		description: {
			root: "factory/1/machine",
			id: "pixel-1",
			broker: "mqtt://192.168.1.2",
			// 8 on C3-DevKitM and C6-DevKitC, 48 on S3-DevKitC (38 on its version 1.1), see your board's diagram.
			actuators: [{ name: "lamp", driver: "pixel", pin: 8 }],
		},
	});

/** In place of the SDK's `neopixel` where there is no such LED: prints the colour it would have. */

const say = (line: string) =>
	(globalThis as unknown as { device?: { trace?: (line: string) => void } }).device?.trace?.(line);

export default class NeoPixel {
	private color = 0;

	constructor({ pin }: { readonly pin?: number; readonly length?: number; readonly order?: string }) {
		say(`pixel on pin ${pin}`);
	}
	makeRGB(red: number, green: number, blue: number): number {
		return (red << 16) | (green << 8) | blue;
	}
	setPixel(_index: number, color: number): void {
		this.color = color;
	}
	update(): void {
		say(`pixel #${this.color.toString(16).padStart(6, "0")}`);
	}
	close(): void {}
}

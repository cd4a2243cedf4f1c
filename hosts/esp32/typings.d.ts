/**
 * What the SDK's own typings have and those on npm do not yet. For `npm run check` alone: mcconfig, which brings the
 * SDK's, never sees this file.
 */

declare module "embedded:network/ntp/client" {
	const NTP: unknown;
	export default NTP;
}
declare module "embedded:storage/key-value" {
	const keyValue: unknown;
	export default keyValue;
}
declare module "embedded:storage/flash" {
	const flash: unknown;
	export default flash;
}
declare module "embedded:network/interface/wifi" {
	export default class WiFi {
		constructor(options: { readonly onChanged?: (property: string) => void });
		connect(options: { readonly SSID: string; readonly password?: string }): void;
		disconnect(): void;
		close(): void;
		/** 500 with an address, 400 associated, 300 on its way, 200 and less not at all. */
		readonly connection: number;
		readonly address: string | undefined;
		readonly SSID: string | undefined;
		readonly RSSI: number | undefined;
	}
}
declare module "neopixel" {
	export default class NeoPixel {
		constructor(options: { readonly pin: number; readonly length: number; readonly order: string });
		setPixel(index: number, color: number): void;
		makeRGB(red: number, green: number, blue: number): number;
		update(): void;
		close(): void;
	}
}
declare module "crypt" {
	export class Digest {
		constructor(type: "SHA256" | "SHA384" | "SHA512");
		write(message: ArrayBuffer | string): void;
		close(): ArrayBuffer;
	}
}

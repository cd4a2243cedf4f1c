/** Modules of the SDK that its typings leave out, or describe too loosely to build upon. */

declare module "embedded:io/socket/tcp/tls" {
	const TLSSocket: unknown;
	export default TLSSocket;
}

declare module "system" {}

declare module "resetReason" {
	/** `reason` is ESP-IDF's number. */
	export default function getResetReason(): { readonly reason: number; readonly string: string };
}

declare module "embedded:sensor/Barometer-Temperature/BMP280" {
	const BMP280: unknown;
	export default BMP280;
}
declare module "embedded:sensor/Humidity-Temperature/SI7020" {
	const SI7020: unknown;
	export default SI7020;
}
declare module "embedded:sensor/Humidity-Temperature/SHT3x" {
	const SHT3x: unknown;
	export default SHT3x;
}
declare module "embedded:sensor/Temperature/TMP117" {
	const TMP117: unknown;
	export default TMP117;
}
declare module "embedded:sensor/Temperature/LM75" {
	const LM75: unknown;
	export default LM75;
}

/**
 * What the chip knows of itself: its number, its temperature, as a sensor (ECMA-419 §13) that needs no wiring, and why it started.
 */

/// <reference path="../moddable/sdk.d.ts" />

import getResetReason from "resetReason";
import type { Sample, Sensor, SensorClass, SensorDriver } from "../../modules/device/io.js";

/** The SDK's way to a C function (chip.c). */
declare const native: (name: string) => (this: unknown) => unknown;

function temperature(this: unknown): number | undefined {
	return native("xs_glowworm_temperature").call(this) as number | undefined;
}

function address(this: unknown): string | undefined {
	return native("xs_glowworm_serial").call(this) as string | undefined;
}

/** The MAC address that was burnt into the chip, in hex. */
export const serial = (): { readonly serial?: string } => {
	const serial = address.call(undefined);
	return serial ? { serial } : {};
};

class Thermometer implements Sensor {
	private closed = false;
	sample(): Sample | undefined {
		if (this.closed) throw new Error("chip-temperature: closed");
		const celsius = temperature.call(this);
		return celsius === undefined ? undefined : { temperature: celsius };
	}
	close(): void {
		this.closed = true;
	}
}

export const chipTemperature: SensorDriver = Object.freeze({
	io: Thermometer as unknown as SensorClass,
	quantity: "temperature",
	unit: "°C",
});

/** By ESP-IDF's `esp_reset_reason_t`. */
const reasons = Object.freeze([
	"unknown",
	"power-on",
	"external",
	"software",
	"panic",
	"watchdog",
	"watchdog",
	"watchdog",
	"deep-sleep",
	"brownout",
	"sdio",
]);

export const resetReason = (): string => reasons[getResetReason().reason] ?? "unknown";

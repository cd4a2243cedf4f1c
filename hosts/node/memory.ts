/**
 * Sensor `free-memory`: memory a new program could have, in MiB (what Linux calls available, not merely unused).
 */

import { freemem } from "node:os";
import type { SensorDriver } from "../../modules/device/io.js";
import { HostSensor, type SensorOptions } from "../shared/sensor.js";

const mebibyte = 1024 * 1024;

export class FreeMemory extends HostSensor {
	constructor(options: SensorOptions) {
		super("free-memory", options);
	}
	sample(): { memory: number } {
		this.check();
		return { memory: freemem() / mebibyte };
	}
}

export const driver: SensorDriver = { io: FreeMemory, quantity: "memory", unit: "MiB" };

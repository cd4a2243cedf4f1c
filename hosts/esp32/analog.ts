/**
 * An analog pin as a sensor (ECMA-419 §13 over §10's Analog): the share of full scale, for a probe, a potentiometer, a
 * light-dependent resistor. Not calibrated, and not in volts: how many those are depends on chip and attenuation.
 */

import Analog from "embedded:io/analog";
import type { AnalogClass, Sample, Sensor, SensorClass, SensorDriver } from "../../modules/device/io.js";

export const AnalogPin = Analog as unknown as AnalogClass;

class Level implements Sensor {
	private readonly input: InstanceType<AnalogClass>;

	constructor({ pin }: { readonly pin: number }) {
		this.input = new AnalogPin({ pin });
	}
	sample(): Sample {
		return { level: (100 * this.input.read()) / (2 ** this.input.resolution - 1) };
	}
	close(): void {
		this.input.close();
	}
}

export const analog: SensorDriver = Object.freeze({
	io: Level as unknown as SensorClass,
	quantity: "level",
	unit: "%",
	options: Object.freeze({
		pin: Object.freeze({ type: "number", required: true, minimum: 0, maximum: 48 } as const),
	}),
});

/**
 * The SDK's sensor drivers by name, for a description's `driver`: on the board's default I2C bus, or on the pins that
 * the description gives as `data` and `clock`. What the SDK's combined sensors nest (§14) is laid flat, so that each
 * quantity is a measurement: BMP280 and BMP280-pressure are one chip.
 */

/// <reference path="../moddable/sdk.d.ts" />

import SMBus from "embedded:io/smbus";
import provider from "embedded:provider/builtin";
import BMP280 from "embedded:sensor/Barometer-Temperature/BMP280";
import HumiditySHT3x from "embedded:sensor/Humidity-Temperature/SHT3x";
import Humidity7020 from "embedded:sensor/Humidity-Temperature/SI7020";
import LM75 from "embedded:sensor/Temperature/LM75";
import TMP117 from "embedded:sensor/Temperature/TMP117";
import type { DriverOption, Sample, Sensor, SensorClass, SensorDriver } from "../../modules/device/io.js";

interface Bus {
	readonly data?: number;
	readonly clock?: number;
	readonly address?: number;
	readonly hz?: number;
}
/** Of the driver itself. */
interface Wiring {
	readonly SDKSensor: new (options: object) => Sensor;
}

const pin: DriverOption = Object.freeze({ type: "number", minimum: 0, maximum: 48 });
const options: { readonly [name: string]: DriverOption } = Object.freeze({
	data: pin,
	clock: pin,
	address: Object.freeze({ type: "number", minimum: 8, maximum: 119 } as const),
	hz: Object.freeze({ type: "number", minimum: 1000, maximum: 1_000_000 } as const),
});

const bus: Bus =
	(provider as { readonly I2C?: { readonly default?: Bus } }).I2C?.default ?? Object.freeze({});

/** The SDK's classes take their bus as `sensor`. */
class Wired implements Sensor {
	private readonly sensor: Sensor;

	constructor({ SDKSensor, data = bus.data, clock = bus.clock, address, hz }: Bus & Wiring) {
		if (data === undefined || clock === undefined)
			throw new RangeError("sensor: expected data and clock, the pins of the I2C bus");
		this.sensor = new SDKSensor({
			sensor: { io: SMBus, data, clock, ...(address && { address }), ...(hz && { hz }) },
		});
	}
	sample(): Sample | undefined {
		const sample = this.sensor.sample() as { readonly [part: string]: object } | undefined;
		return sample && { ...sample, ...sample.thermometer, ...sample.hygrometer, ...sample.barometer };
	}
	close(): void {
		this.sensor.close();
	}
}

const driver = (SDKSensor: unknown, quantity: string, unit: string): SensorDriver =>
	Object.freeze({
		io: Wired as unknown as SensorClass,
		quantity,
		unit,
		options,
		defaults: Object.freeze({ SDKSensor }),
	});

/** In flash: a class or an object made for each board would be in RAM. */
export const drivers: { readonly [name: string]: SensorDriver } = Object.freeze({
	BMP280: driver(BMP280, "temperature", "°C"),
	"BMP280-pressure": driver(BMP280, "pressure", "Pa"),
	LM75: driver(LM75, "temperature", "°C"),
	SHT3x: driver(HumiditySHT3x, "temperature", "°C"),
	"SHT3x-humidity": driver(HumiditySHT3x, "humidity", "%"),
	SI7020: driver(Humidity7020, "temperature", "°C"),
	"SI7020-humidity": driver(Humidity7020, "humidity", "%"),
	TMP117: driver(TMP117, "temperature", "°C"),
});

/** The SDK's sensor drivers on the bus of an ESP32's board (hosts/esp32/sensor.ts), over stand-ins for the SDK's classes. */

import assert from "node:assert/strict";
import { optionsFor } from "../../modules/device/description/description.js";
import type { Sensor, SensorDriver } from "../../modules/device/io.js";
import { load } from "./standins.js";

interface Drivers {
	readonly drivers: { readonly [name: string]: SensorDriver };
}

const combined = `export default class {
	constructor({ sensor }) { this.sensor = sensor; }
	sample() { return { thermometer: { temperature: 21 }, hygrometer: { humidity: 40 }, given: this.sensor }; }
	close() { note("closed"); }
}`;
const silent = "export default class { sample() {} close() {} }";
const sdk = (provider: object) => ({
	"embedded:io/smbus": `export default "smbus"`,
	"embedded:provider/builtin": `export default ${JSON.stringify(provider)}`,
	"embedded:sensor/Barometer-Temperature/BMP280": silent,
	"embedded:sensor/Humidity-Temperature/SHT3x": combined,
	"embedded:sensor/Humidity-Temperature/SI7020": silent,
	"embedded:sensor/Temperature/LM75": silent,
	"embedded:sensor/Temperature/TMP117": silent,
});

describe("the sensors of an ESP32's board", () => {
	const notes: string[] = [];
	before(() => void Object.assign(globalThis, { notes }));
	after(() => Reflect.deleteProperty(globalThis, "notes"));
	const open = async (provider: object, description: object): Promise<Sensor> => {
		const { drivers } = await load<Drivers>("hosts/esp32/sensor.ts", sdk(provider));
		const driver = drivers.SHT3x as SensorDriver;
		return new driver.io(optionsFor(driver, description));
	};
	const given = (sensor: Sensor) => (sensor.sample() as { readonly given?: object }).given;
	const bus = { I2C: { default: { data: 5, clock: 6, port: 1 } } };

	it("are on the board's default bus, or on the pins of the description", async () => {
		assert.deepEqual(given(await open(bus, {})), { io: "smbus", data: 5, clock: 6 });
		const own = { data: 1, clock: 2, address: 68, hz: 100_000, every: 1000 };
		const { every: _every, ...rest } = own;
		assert.deepEqual(given(await open(bus, own)), { io: "smbus", ...rest });
	});
	it("tell each quantity of the SDK's nested samples, and close the SDK's", async () => {
		const sensor = await open(bus, {});
		const { temperature, humidity } = sensor.sample() as { [name: string]: number };
		assert.deepEqual([temperature, humidity], [21, 40]);
		sensor.close();
		assert.deepEqual(notes.splice(0), ["closed"]);
	});
	it("want the pins where the board has no bus", async () => {
		await assert.rejects(open({}, {}), /expected data and clock, the pins of the I2C bus/);
		assert.deepEqual(given(await open({}, { data: 1, clock: 2 })), { io: "smbus", data: 1, clock: 2 });
	});
	it("are the same objects for all boards: nothing of them is made at a start", async () => {
		const { drivers } = await load<Drivers>("hosts/esp32/sensor.ts", sdk(bus));
		for (const driver of [drivers, ...Object.values(drivers)]) assert.ok(Object.isFrozen(driver));
		assert.equal(new Set(Object.values(drivers).map(({ io }) => io)).size, 1);
	});
});

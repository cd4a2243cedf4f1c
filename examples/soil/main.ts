// A soil-moisture alarm with a pump: a sensor class, an actuator class and a description make another device.
import { type AnalogClass, board, type Device, type DigitalClass } from "glowworm";

/** A sensor is any class of ECMA-419 §13. */
class Soil {
	private input;
	constructor(options: { io: AnalogClass; pin: number }) {
		this.input = new options.io({ pin: options.pin });
	}
	sample = () => ({ moisture: (100 * this.input.read()) / (2 ** this.input.resolution - 1) });
	close = () => this.input.close();
}
/** An actuator starts at `initialValue` and takes levels from 0 to 255. */
class Pump {
	private output;
	constructor({ io, pin, initialValue }: { io: DigitalClass; pin: number; initialValue: number }) {
		this.output = new io({ pin, mode: io.Output, initialValue: initialValue ? 1 : 0 });
	}
	write = (level: number) => this.output.write(level ? 1 : 0);
	close = () => this.output.close();
}
export default (device: Device) =>
	board(device, {
		sensor: {
			soil: { io: Soil, quantity: "moisture", unit: "%", defaults: { io: device.io.Analog, pin: 4 } },
		},
		actuator: { pump: { io: Pump, defaults: { io: device.io.Digital, pin: 5 } } },
		description: {
			root: "garden",
			id: "bed-1",
			broker: "mqtt://192.168.1.2",
			sensors: [{ name: "soil", driver: "soil", every: 5000, decimals: 0 }],
			alerts: [{ name: "dry", sensor: "soil", below: 20, clear: 30 }],
			actuators: [{ name: "pump", driver: "pump", powerOn: "off", failSafe: 600_000, liveOnly: true }],
		},
	});

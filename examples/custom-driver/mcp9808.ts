/**
 * Microchip's MCP9808 thermometer as a sensor class of ECMA-419 §13, from its data sheet (DS25095A): 16-bit registers, the most
 * significant byte first. Takes its bus as the SDK's sensors do: `sensor: { io: SMBus, data, clock }`.
 */

/** What it needs of ECMA-419's SMBus (§10). */
export interface Bus {
	readUint16(register: number, bigEndian?: boolean): number;
	writeUint16(register: number, value: number, bigEndian?: boolean): void;
	close(): void;
}
export type BusClass = new (options: object) => Bus;

const Register = Object.freeze({ Configuration: 1, Ambient: 5, Manufacturer: 6, Device: 7 });
const MICROCHIP = 0x0054;
const MCP9808 = 0x04;
const SHUTDOWN = 0x0100;

export default class Thermometer {
	private bus: Bus;

	/** Throws when another chip, or none, answers: the board then reports a fault and tries again. */
	constructor({ sensor }: { readonly sensor: { readonly io: BusClass } }) {
		this.bus = new sensor.io({ address: 0x18, hz: 100_000, ...sensor });
		const manufacturer = this.bus.readUint16(Register.Manufacturer, true);
		const device = this.bus.readUint16(Register.Device, true) >> 8;
		if (manufacturer !== MICROCHIP || device !== MCP9808) {
			this.bus.close();
			throw new Error(`MCP9808: expected 0x54 and 0x4, found ${manufacturer} and ${device}`);
		}
		this.bus.writeUint16(Register.Configuration, 0, true);
	}
	/** °C, in sixteenths. Bits 13 to 15 are alarms, bit 12 the sign. */
	sample() {
		const raw = this.bus.readUint16(Register.Ambient, true) & 0x1fff;
		return { temperature: (raw & 0x1000 ? raw - 0x2000 : raw) / 16 };
	}
	close() {
		this.bus.writeUint16(Register.Configuration, SHUTDOWN, true);
		this.bus.close();
	}
}

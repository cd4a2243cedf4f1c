// A sensor driver of one's own, from a data sheet's registers (mcp9808.ts), in a board with one alert.
import { board, type Device } from "glowworm";
import Thermometer, { type BusClass } from "./mcp9808.js";
import Pretend from "./pretend.js";

export default (device: Device) =>
	board(device, {
		sensor: {
			MCP9808: {
				io: Thermometer,
				quantity: "temperature",
				unit: "°C",
				// The pins of your bus: hosts/esp32/FLASHING.md lists those of common boards.
				defaults: {
					sensor: { io: (device.io.SMBus as BusClass | undefined) ?? Pretend, data: 21, clock: 22 },
				},
			},
		},
		description: {
			root: "factory/1/machine",
			id: "cellar-1",
			broker: "mqtt://192.168.1.2",
			sensors: [{ name: "cellar", driver: "MCP9808", every: 1000, decimals: 2 }],
			alerts: [{ name: "warm", sensor: "cellar", above: 30, clear: 28 }],
		},
	});

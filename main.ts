/**
 * The firmware as a library, and its first program: `board` makes a board of a host's `device` (ECMA-419 §30), a description and
 * drivers of one's own; the default export is `board` itself, which each host calls with its device. It is known as
 * `glowworm` to programs for Moddable (hosts/moddable/board) and for Node (package.json). A description with mistakes makes no board.
 */

import Board from "./modules/device/board.js";
import budgetOf, { lack } from "./modules/device/budget.js";
import { addresses, check, line } from "./modules/device/description/description.js";
import type { ActuatorDriver, Device, SensorDriver } from "./modules/device/io.js";
import { overlaid } from "./modules/device/provisioning/check.js";
import { abandon } from "./modules/device/provisioning/trial.js";
import { openStorage } from "./modules/device/storage.js";
import type { SessionOptions } from "./modules/session/options.js";
import Session from "./modules/session/session.js";

export type {
	ActuatorClass,
	ActuatorDriver,
	Analog,
	AnalogClass,
	Device,
	Digital,
	DigitalClass,
	DriverOption,
	PWMClass,
	Sample,
	Sensor,
	SensorClass,
	SensorDriver,
} from "./modules/device/io.js";
export type { Board };

export interface BoardOptions {
	/**
	 * The board description as JSON values (README, "The board description"), where the host's own is not wanted. A broker, id and root
	 * that the host was told (`device.overrides`) take the place of those in it.
	 */
	readonly description?: object;
	/** Sensor drivers beside the host's, by the name that a description gives as `driver`. */
	readonly sensor?: { readonly [driver: string]: SensorDriver };
	/** Actuator drivers beside the host's, by the name that a description gives as `driver`. */
	readonly actuator?: { readonly [driver: string]: ActuatorDriver };
	/** Options of the session in place of the usual ones. */
	readonly session?: Partial<SessionOptions>;
}

/**
 * Starts the board: it samples, switches and connects from then on. A description with mistakes is traced, line by line with key,
 * expected and found, and makes no board: then the result is `undefined`. Throws nothing.
 */
export function board(device: Device, options: BoardOptions = {}): Board | undefined {
	const { description: own, sensor, actuator, session } = options;
	const text = own ? overlaid(own, key => device.overrides?.[key]) : device.description;
	// Without the description as it was written: it is garbage once the checked one is there.
	const host: Device = {
		...device,
		description: undefined,
		sensor: { ...device.sensor, ...sensor },
		...((device.actuator || actuator) && { actuator: { ...device.actuator, ...actuator } }),
	};
	const { mqtt, mqtts } = host.network;
	const { description, problems } = check(text, host.sensor, host.actuator);
	const found = description && addresses(description, mqtts !== undefined);
	const wrong = found?.problems ?? problems;
	for (const problem of wrong) host.trace?.(line(problem));
	if (!description || !found || wrong.length) {
		abandon(host);
		return undefined;
	}
	const { lacking, ...budget } = budgetOf(host.heap, description);
	if (lacking) {
		host.trace?.(lack(lacking, description));
		abandon(host);
		return undefined;
	}
	// Without flash alerts are in RAM too.
	const storage = openStorage(host, description, budget.queueBytes / 2);
	const queueBytes = budget.queueBytes - storage.ram;
	const brokers = found.addresses.map(address => ({
		...address,
		...(address.secure && mqtts && { client: mqtts.client }),
	}));
	const { longestAnswer } = budget;
	// Topics that are published to in turn: of measurements, and two of what happens between.
	const kept = Math.min(description.sensors.length + 2, 32);
	return new Board({
		device: host,
		description,
		storage,
		longestAnswer,
		connect: defaults =>
			new Session({
				...defaults,
				...budget,
				queueBytes,
				client: { ...mqtt.client, kept },
				brokers,
				...session,
			}),
	});
}

export default board;

/**
 * The firmware, the same on every host: takes the host's `device` (ECMA-419 §30) and makes a board of it.
 * A description with mistakes makes none: hosts check before, and say so in their own way.
 */

import Board from "./modules/device/board.js";
import { addresses, check, line } from "./modules/device/description/description.js";
import type { Device } from "./modules/device/io.js";
import { abandon } from "./modules/device/provisioning/trial.js";
import { openStorage } from "./modules/device/storage.js";
import type { SessionOptions } from "./modules/session/options.js";
import Session from "./modules/session/session.js";

/** `tuning`: the session's own options where the usual ones are too slow, as in a test of minutes. */
export default function main(
	device: Device = (globalThis as unknown as { device: Device }).device,
	tuning: Partial<SessionOptions> = {},
) {
	const { mqtt, mqtts } = device.network;
	const { description, problems } = check(device.description, device.sensor, device.actuator);
	const found = description && addresses(description, mqtts !== undefined);
	const wrong = found?.problems ?? problems;
	for (const problem of wrong) device.trace?.(line(problem));
	if (!description || !found || wrong.length) return abandon(device);

	const brokers = found.addresses.map(address => ({
		...address,
		...(address.secure && mqtts && { client: mqtts.client }),
	}));
	return new Board({
		device,
		description,
		storage: openStorage(device, description),
		connect: options => new Session({ ...options, client: mqtt.client, brokers, ...tuning }),
	});
}

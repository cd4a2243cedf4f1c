/** The firmware as it is, with a session in a hurry: a campaign of minutes has to see what takes a board days. */

import main from "../../main.js";
import type { Device } from "../../modules/device/io.js";
import type { SessionOptions } from "../../modules/session/options.js";

export const tuning: Partial<SessionOptions> = {
	backoff: { minimum: 10, maximum: 150, stable: 500 },
	deadlines: { connect: 1500, subscribe: 1500, acknowledge: 3000, close: 500 },
	rate: 100,
};

export default (device: Device) => main(device, { session: tuning });

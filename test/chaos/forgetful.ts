/** The firmware with its outbox in RAM, as comparable systems have it: what a campaign must notice. */

import main from "../../main.js";
import type { Device } from "../../modules/device/io.js";
import { Queue } from "../../modules/session/queue.js";
import { tuning } from "./firmware.js";

export default (device: Device) => main(device, { session: { ...tuning, outbox: new Queue() } });

/**
 * What a session needs of the global `device` beside the MQTT client's defaults (mqtt/device.ts): flash with the partition `journal`,
 * the timer and the clock. Runs when it is loaded, in the linker where it is preloaded.
 */

import "hosts/moddable/mqtt/device";
import { clock } from "hosts/moddable/clock";
import { flash } from "hosts/moddable/session/flash";
import { timer } from "hosts/moddable/timer";

const place = globalThis as { device?: object };
place.device = Object.freeze({ ...place.device, flash, timer, clock: clock(false) });

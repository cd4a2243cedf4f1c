/**
 * One conformance case as the firmware of a board in the XS worker. Which one, and the world around it, come in the
 * description; the outcome goes out as a line of trace.
 */

import type { Device } from "../../modules/device/io.js";
import { suites } from "./all.js";
import { run, type World } from "./suite.js";

export interface Order {
	readonly suite: number;
	readonly index: number;
	readonly world: World;
}

export default function main(device: Device) {
	const { suite, index, world } = device.description as Order;
	const item = suites[suite]?.cases[index];
	if (!item) throw new Error(`no case ${suite}.${index}`);
	run(item, device, world, outcome => device.trace?.(JSON.stringify(outcome)));
	return { close: (callback?: () => void) => callback?.() };
}

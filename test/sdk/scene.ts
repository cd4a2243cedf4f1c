/** What tests in Moddable's simulator need beside the SDK: a virtual display, and Mosquitto as their broker. */

import { brokers, type TestBroker } from "../firmware/brokers.js";
import { missing } from "./sdk.js";

const mosquitto = brokers.find(({ name }) => /mosquitto/i.test(name));
const reason = missing("Xvfb", "stdbuf") ?? mosquitto?.missing;

/** Skips what cannot run here, and says why. */
export function skipWithoutScene(context: Mocha.Context): void {
	if (!reason) return;
	console.log(`      ${reason}`);
	context.skip();
}

export function openBroker(): Promise<TestBroker> {
	return (mosquitto as NonNullable<typeof mosquitto>).open();
}

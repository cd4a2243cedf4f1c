/** What tests in Moddable's simulator need beside the SDK: a virtual display, and Mosquitto as their broker. */

import { brokers, type TestBroker } from "../firmware/brokers.js";
import { Observer } from "../firmware/observer.js";
import { display, missing } from "./sdk.js";

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

/** Mosquitto, an observer of it, and a display. */
export class Scene {
	declare broker: TestBroker;
	declare observer: Observer;
	declare screen: Awaited<ReturnType<typeof display>>;

	/** In `before`. Skips what cannot run here. */
	async open(context: Mocha.Context): Promise<void> {
		skipWithoutScene(context);
		this.broker = await openBroker();
		this.observer = await Observer.connect(this.broker.url);
		this.screen = await display();
	}
	/** In `after`: closes all that has been opened. */
	async close(): Promise<void> {
		this.screen?.close();
		await this.observer?.close();
		await this.broker?.close();
	}
}

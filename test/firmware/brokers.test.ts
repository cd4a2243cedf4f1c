/**
 * The test's own brokers do what the firmware tests rely on. Not a test of the firmware.
 */

import assert from "node:assert/strict";
import { brokers, type TestBroker } from "./brokers.js";
import { Observer } from "./observer.js";

for (const kind of brokers) {
	describe(`test broker ${kind.name}${kind.missing ? ` – pending: ${kind.missing}` : ""}`, () => {
		let broker: TestBroker;

		before(async function () {
			if (kind.missing) this.skip();
			broker = await kind.open();
		});
		after(() => broker?.close());

		it("keeps retained messages and a persistent session's queue when it is stopped and started again", async () => {
			const session = { clientId: "watcher", clean: false };
			const first = await Observer.connect(broker.url, "a/#", session);
			const publisher = await Observer.connect(broker.url, "none");
			await publisher.publish("a/state", "on", true);
			await first.next("a/state", "on", 0);
			await first.close();
			await publisher.publish("a/event", "missed");
			await broker.stop();
			await broker.start();

			const again = await Observer.connect(broker.url, "a/#", session);
			await again.next("a/event", "missed", 0);
			const state = await again.next("a/state", "on", 0);
			assert.equal(state.retain, true);
			await again.close();
			await publisher.close();
		});
	});
}

/** A small fleet, to the end of its account. The large ones are `npm run fleet`. */

import assert from "node:assert/strict";
import { aedes } from "../firmware/brokers.js";
import { fleet } from "./fleet.js";

describe("a fleet of 20 boards in two processes", function () {
	this.timeout(90_000);

	it("comes online, loses no alert over a stop of the broker, and comes back", async () => {
		const broker = await aedes.open();
		try {
			const account = await fleet({
				boards: 20,
				processes: 2,
				seconds: 6,
				spread: 1,
				broker: broker.url,
				stop: { broker, seconds: 2 },
			});
			const { boards, online, lost, accepted, delivered, recovery } = account;
			assert.deepEqual({ boards, online, lost }, { boards: 20, online: 20, lost: 0 });
			assert.ok(accepted >= 20, `${accepted} alerts were accepted`);
			assert.equal(delivered, accepted);
			assert.ok(account.secondsToOnline >= 0 && (recovery?.seconds ?? -1) >= 0, JSON.stringify(account));
			assert.ok(account.connectsPerSecond >= 1 && account.cpuPerBoard > 0 && account.rssPerBoard > 0);
		} finally {
			await broker.close();
		}
	});

	it("counts an alert that was accepted and not delivered as lost", async () => {
		const broker = await aedes.open();
		try {
			// The recorder subscribes to no alerts.
			const account = await fleet({
				boards: 2,
				processes: 1,
				seconds: 12,
				spread: 0,
				broker: broker.url,
				patience: 2,
				alerts: false,
			});
			assert.equal(account.delivered, 0);
			assert.ok(account.accepted > 0 && account.lost === account.accepted, JSON.stringify(account));
		} finally {
			await broker.close();
		}
	});
});

/** A desk's page for tests: a broker of its own, in this process, and the server beside it. */

import { type Broker, startBroker } from "../../hosts/desk/broker.js";
import { openPage } from "../../hosts/desk/web/desk.js";
import type { Page } from "../../hosts/desk/web/server.js";

export interface TestDesk {
	readonly broker: Broker;
	readonly page: Page;
	close(): Promise<void>;
}

export async function openDesk(host = "127.0.0.1"): Promise<TestDesk> {
	const broker = await startBroker({ host: "127.0.0.1", port: 0 });
	const page = await openPage({
		host,
		port: 0,
		broker: { host: "127.0.0.1", port: broker.port, secure: false },
		brokerName: broker.url,
		own: true,
	});
	return {
		broker,
		page,
		async close() {
			await page.close();
			await broker.close();
		},
	};
}

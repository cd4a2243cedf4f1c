/** A desk's page for tests: a broker of its own, in this process, and the server beside it. */

import { type Broker, startBroker } from "../../hosts/desk/broker.js";
import { Desk } from "../../hosts/desk/desk.js";
import { Wire } from "../../hosts/desk/wire.js";

export interface TestDesk {
	readonly broker: Broker;
	readonly page: Desk;
	close(): Promise<void>;
}

export async function openDesk(host = "127.0.0.1"): Promise<TestDesk> {
	const wire = new Wire();
	const broker = await startBroker({ host: "127.0.0.1", port: 0, tap: () => wire.connection() });
	const page = new Desk(
		{
			host,
			port: 0,
			address: { host: "127.0.0.1", port: broker.port, secure: false },
			name: broker.url,
			own: broker,
			root: "factory/1/machine",
		},
		wire,
	);
	await page.open();
	return {
		broker,
		page,
		async close() {
			await page.close();
			await broker.close();
		},
	};
}

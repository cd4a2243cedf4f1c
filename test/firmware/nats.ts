/**
 * Debian's nats-server as an MQTT broker: JetStream keeps sessions and retained messages in the folder. Version 2.9 takes
 * QoS 0 and 1; a publish at QoS 2 ends the connection (2.10 has QoS 2). What was in flight when it was stopped it sends
 * again after `ack_wait`, not at the reconnection (nats-server #8360): 30 s by default; alone it is less than a test waits.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerKind } from "./brokers.js";
import { findProgram, freePort, open, output, ProgramBroker, type Recipe } from "./program.js";

/** What one server needs to know; `peers` are the ports at which those of its cluster talk to each other. */
export interface NatsNode {
	readonly folder: string;
	readonly name: string;
	readonly port: number;
	readonly client: number;
	readonly route?: number;
	readonly peers?: readonly number[];
}

export function natsRecipe({ folder, name, port, client, route, peers = [] }: NatsNode): Recipe {
	const file = join(folder, "nats.conf");
	const routes = peers.map(peer => `"nats://127.0.0.1:${peer}"`).join(", ");
	const cluster = `cluster { name: glowworm, listen: "127.0.0.1:${route}", routes: [${routes}] }\n`;
	writeFileSync(
		file,
		`server_name: ${name}
listen: "127.0.0.1:${client}"
jetstream { store_dir: "${folder}", max_memory_store: 64MB, max_file_store: 1GB }
mqtt { listen: "127.0.0.1:${port}", ${peers.length ? `stream_replicas: ${peers.length}` : 'ack_wait: "5s"'} }
${peers.length ? cluster : ""}`,
	);
	return { command: program as string, arguments: ["-c", file], ready: /Server is ready/ };
}

class Nats extends ProgramBroker {
	constructor(port: number) {
		super("nats", port);
	}
	protected override async recipe() {
		const { folder, port } = this;
		return natsRecipe({ folder, name: "glowworm", port, client: await freePort() });
	}
}

const program = findProgram("nats-server");
const version = program && /v(\d+\.\d+)\.\d+/.exec(output(program, "--version"));

export const nats: BrokerKind = {
	name: version ? `NATS ${version[0].slice(1)}` : "NATS",
	...(!program && { missing: "nats-server is not installed (apt install nats-server)" }),
	retainedToWildcards: true,
	QoS: version && Number(version[1]?.split(".")[1]) >= 10 ? 2 : 1,
	redelivers: { duplicate: true, sameIdentifier: true },
	open: () => open(port => new Nats(port)),
};

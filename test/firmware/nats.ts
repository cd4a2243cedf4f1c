/**
 * Debian's nats-server as an MQTT broker: JetStream keeps sessions and retained messages in the folder. Version 2.9 takes
 * QoS 0 and 1; a publish at QoS 2 ends the connection (2.10 has QoS 2).
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerKind } from "./brokers.js";
import { findProgram, freePort, open, output, ProgramBroker } from "./program.js";

class Nats extends ProgramBroker {
	readonly #program: string;

	constructor(program: string, port: number) {
		super("nats", port);
		this.#program = program;
	}
	protected override async recipe() {
		const file = join(this.folder, "nats.conf");
		writeFileSync(
			file,
			`server_name: glowworm
listen: "127.0.0.1:${await freePort()}"
jetstream { store_dir: "${this.folder}", max_memory_store: 64MB, max_file_store: 256MB }
mqtt { listen: "127.0.0.1:${this.port}" }
`,
		);
		return { command: this.#program, arguments: ["-c", file], ready: /Server is ready/ };
	}
}

const program = findProgram("nats-server");
const version = program && /v(\d+\.\d+)\.\d+/.exec(output(program, "--version"));

export const nats: BrokerKind = {
	name: version ? `NATS ${version[0].slice(1)}` : "NATS",
	...(!program && { missing: "nats-server is not installed (apt install nats-server)" }),
	retainedToWildcards: true,
	QoS: version && Number(version[1]?.split(".")[1]) >= 10 ? 2 : 1,
	open: () => open(port => new Nats(program as string, port)),
};

/**
 * Debian's rabbitmq-server with its MQTT plug-in, one node: sessions are queues, retained messages a file. Version 3.10
 * grants QoS 1 where QoS 2 is asked for, and gives no retained message to a subscription with a wildcard.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerKind } from "./brokers.js";
import { findProgram, freePort, open, ProgramBroker, Run } from "./program.js";

// Debian's wrapper in /usr/sbin changes the user; the script behind it does not.
const program =
	findProgram("rabbitmq-server", "/usr/lib/rabbitmq/bin") && "/usr/lib/rabbitmq/bin/rabbitmq-server";

class RabbitMQ extends ProgramBroker {
	/** Erlang's name service, which would otherwise stay when the node has gone. */
	#epmd: Run | undefined;
	#ports: readonly number[] = [];

	constructor(port: number) {
		super("rabbitmq", port);
	}
	protected override async recipe() {
		const { folder } = this;
		if (!this.#epmd) {
			this.#ports = [await freePort(), await freePort()];
			for (const name of ["db", "log"]) mkdirSync(join(folder, name));
			writeFileSync(join(folder, "enabled_plugins"), "[rabbitmq_mqtt].\n");
			writeFileSync(
				join(folder, "rabbitmq.conf"),
				`listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:${this.port}
mqtt.allow_anonymous = true
mqtt.subscription_ttl = 86400000
log.console = true
log.console.level = info
log.file = false
`,
			);
			const words = ["-port", `${this.#ports[0]}`, "-address", "127.0.0.1", "-d"];
			this.#epmd = await Run.start({
				command: "epmd",
				arguments: words,
				ready: /epmd running/,
			});
		}
		return {
			command: program as string,
			arguments: [],
			environment: {
				HOME: folder,
				ERL_EPMD_PORT: `${this.#ports[0]}`,
				ERL_EPMD_ADDRESS: "127.0.0.1",
				RABBITMQ_DIST_PORT: `${this.#ports[1]}`,
				RABBITMQ_NODENAME: `glowworm-${this.port}@localhost`,
				RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq"),
				RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
				RABBITMQ_MNESIA_BASE: join(folder, "db"),
				RABBITMQ_LOG_BASE: join(folder, "log"),
				RABBITMQ_PID_FILE: join(folder, "pid"),
			},
			ready: /Server startup complete/,
		};
	}
	protected override terminate(run: Run) {
		// The script that was started waits for the engine, and hands no signal on.
		const engine = Number(readFileSync(join(this.folder, "pid"), "utf8"));
		return run.stop(() => process.kill(engine, "SIGTERM"));
	}
	override async close() {
		await this.stop();
		await this.#epmd?.stop();
		await super.close();
	}
}

export const rabbitmq: BrokerKind = {
	name: "RabbitMQ",
	...(!program && { missing: "rabbitmq-server is not installed (apt install rabbitmq-server)" }),
	retainedToWildcards: false,
	QoS: 1,
	open: () => open(port => new RabbitMQ(port)),
};

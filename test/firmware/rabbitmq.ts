/**
 * Debian's rabbitmq-server with its MQTT plug-in, one node: sessions are queues, retained messages a file. Version 3.10
 * grants QoS 1 where QoS 2 is asked for, and gives no retained message to a subscription with a wildcard.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerKind } from "./brokers.js";
import { findProgram, freePort, open, ProgramBroker, type Recipe, Run } from "./program.js";

// Debian's wrapper in /usr/sbin changes the user; the script behind it does not.
const program =
	findProgram("rabbitmq-server", "/usr/lib/rabbitmq/bin") && "/usr/lib/rabbitmq/bin/rabbitmq-server";

/** What one node needs to know; those of a cluster share `home`, where Erlang's cookie is, and `epmd`. */
export interface RabbitNode {
	readonly folder: string;
	readonly home: string;
	readonly name: string;
	/** Ports: of MQTT, of Erlang's name service, of the nodes among themselves. */
	readonly port: number;
	readonly epmd: number;
	readonly distribution: number;
	/** Names of all nodes of its cluster; none where it is alone. */
	readonly peers?: readonly string[];
}

/** Writes a node's configuration, once; what it keeps is in the folder too. */
export function rabbitRecipe({
	folder,
	home,
	name,
	port,
	epmd,
	distribution,
	peers = [],
}: RabbitNode): Recipe {
	for (const part of ["db", "log"]) mkdirSync(join(folder, part), { recursive: true });
	writeFileSync(join(folder, "enabled_plugins"), "[rabbitmq_mqtt].\n");
	writeFileSync(
		join(folder, "rabbitmq.conf"),
		[
			"listeners.tcp = none",
			`mqtt.listeners.tcp.1 = 127.0.0.1:${port}`,
			"mqtt.allow_anonymous = true",
			"mqtt.subscription_ttl = 86400000",
			"log.console = true",
			"log.console.level = info",
			"log.file = false",
			...(peers.length ? ["cluster_formation.peer_discovery_backend = classic_config"] : []),
			...peers.map((peer, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${peer}`),
			"",
		].join("\n"),
	);
	return {
		command: program as string,
		arguments: [],
		environment: {
			HOME: home,
			ERL_EPMD_PORT: `${epmd}`,
			ERL_EPMD_ADDRESS: "127.0.0.1",
			RABBITMQ_DIST_PORT: `${distribution}`,
			RABBITMQ_NODENAME: name,
			RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq"),
			RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "enabled_plugins"),
			RABBITMQ_MNESIA_BASE: join(folder, "db"),
			RABBITMQ_LOG_BASE: join(folder, "log"),
			RABBITMQ_PID_FILE: join(folder, "pid"),
		},
		ready: /Server startup complete/,
		engine: () => rabbitEngine(folder),
	};
}

/** The engine's own process: the script that was started waits for it, and hands no signal on. */
export function rabbitEngine(folder: string): number {
	return Number(readFileSync(join(folder, "pid"), "utf8"));
}

/** Erlang's name service, which would otherwise stay when the nodes have gone. */
export function startEpmd(port: number): Promise<Run> {
	const words = ["-port", `${port}`, "-address", "127.0.0.1", "-d"];
	return Run.start({ command: "epmd", arguments: words, ready: /epmd running/ });
}

class RabbitMQ extends ProgramBroker {
	#epmd: Run | undefined;
	#ports: readonly [epmd: number, distribution: number] = [0, 0];

	constructor(port: number) {
		super("rabbitmq", port);
	}
	protected override async recipe() {
		if (!this.#epmd) {
			this.#ports = [await freePort(), await freePort()];
			this.#epmd = await startEpmd(this.#ports[0]);
		}
		const [epmd, distribution] = this.#ports;
		const { folder, port } = this;
		return rabbitRecipe({
			folder,
			home: folder,
			name: `glowworm-${port}@localhost`,
			port,
			epmd,
			distribution,
		});
	}
	protected override terminate(run: Run) {
		const engine = rabbitEngine(this.folder);
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
	redelivers: { duplicate: true, sameIdentifier: false },
	open: () => open(port => new RabbitMQ(port)),
};

/**
 * VerneMQ where $VERNEMQ names its release folder (what `make rel` of its sources leaves in _build/default/rel/vernemq).
 * A node of ours is a folder beside it: the release by links, its own configuration, data and logs. Everybody may connect,
 * publish and subscribe: VerneMQ refuses every subscription where no plug-in grants it, so vmq_acl does.
 */

import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BrokerKind } from "./brokers.js";
import { freePort, open, ProgramBroker, type Recipe, Run } from "./program.js";

const release = process.env.VERNEMQ;

/** What one node needs to know; those of a cluster share `epmd`. Ports as with RabbitMQ; `cluster` is for messages. */
export interface VerneNode {
	readonly release: string;
	readonly folder: string;
	readonly port: number;
	readonly epmd: number;
	readonly distribution: number;
	readonly cluster: number;
}

export const nodeName = (port: number) => `glowworm-${port}@127.0.0.1`;

/** Lays the folder out, once; what the node keeps is in it too. */
export function verneRecipe({ release, folder, port, epmd, distribution, cluster }: VerneNode): Recipe {
	const bin = join(folder, "bin");
	// The scripts find everything from where they lie, so they are copied; the rest is linked.
	if (!existsSync(bin)) {
		for (const own of ["bin", "etc", "data", "log"]) mkdirSync(join(folder, own));
		for (const script of ["vernemq", "vmq-admin"])
			copyFileSync(join(release, "bin", script), join(bin, script));
		for (const part of readdirSync(release))
			if (!existsSync(join(folder, part))) symlinkSync(join(release, part), join(folder, part));
	}
	writeFileSync(join(folder, "etc", "vmq.acl"), "topic #\n");
	writeFileSync(
		join(folder, "etc", "vernemq.conf"),
		[
			`nodename = ${nodeName(port)}`,
			"distributed_cookie = glowworm",
			`listener.tcp.default = 127.0.0.1:${port}`,
			`listener.vmq.clustering = 127.0.0.1:${cluster}`,
			`erlang.distribution.port_range.minimum = ${distribution}`,
			`erlang.distribution.port_range.maximum = ${distribution}`,
			"allow_anonymous = on",
			"plugins.vmq_passwd = off",
			"plugins.vmq_acl = on",
			"vmq_acl.acl_file = ./etc/vmq.acl",
			...["register", "publish", "subscribe", "unsubscribe"].map(
				what => `allow_${what}_during_netsplit = on`,
			),
			// An observer may be behind, or away: nothing that it is owed may be dropped.
			"max_online_messages = -1",
			"max_offline_messages = -1",
			"log.console = console",
			"",
		].join("\n"),
	);
	return {
		command: join(bin, "vernemq"),
		arguments: ["console", "-noshell", "-noinput"],
		environment: environment(epmd),
		ready: port,
	};
}

const environment = (epmd: number) => ({
	ERL_EPMD_PORT: `${epmd}`,
	ERL_EPMD_ADDRESS: "127.0.0.1",
	ERL_AFLAGS: "-kernel inet_dist_use_interface {127,0,0,1}",
});

/** Makes the node in `folder` one of the cluster of another. */
export async function joinCluster(folder: string, epmd: number, other: string): Promise<void> {
	const words = ["cluster", "join", `discovery-node=${other}`];
	const env = { ...process.env, ...environment(epmd) };
	await promisify(execFile)(join(folder, "bin", "vmq-admin"), words, { env, timeout: 60_000 });
}

/** Erlang's name service, which would otherwise stay when the nodes have gone: the release's own. */
export function startEpmd(release: string, port: number): Promise<Run> {
	const erts = readdirSync(release).find(name => name.startsWith("erts-"));
	const words = ["-port", `${port}`, "-address", "127.0.0.1", "-d"];
	return Run.start({
		command: join(release, erts ?? "", "bin", "epmd"),
		arguments: words,
		ready: /epmd running/,
	});
}

class VerneMQ extends ProgramBroker {
	readonly #release: string;
	#epmd: Run | undefined;
	#ports: readonly [epmd: number, distribution: number, cluster: number] = [0, 0, 0];

	constructor(release: string, port: number) {
		super("vernemq", port);
		this.#release = release;
	}
	protected override async recipe() {
		if (!this.#epmd) {
			this.#ports = [await freePort(), await freePort(), await freePort()];
			this.#epmd = await startEpmd(this.#release, this.#ports[0]);
		}
		const [epmd, distribution, cluster] = this.#ports;
		const { folder, port } = this;
		return verneRecipe({ release: this.#release, folder, port, epmd, distribution, cluster });
	}
	override async close() {
		await this.stop();
		await this.#epmd?.stop();
		await super.close();
	}
}

function missing(): string | undefined {
	if (!release) return "$VERNEMQ does not name the release folder of a VerneMQ";
	const script = join(release, "bin", "vernemq");
	return existsSync(script) ? undefined : `$VERNEMQ: there is no ${script}`;
}
const why = missing();

/** One node of a release, whether or not $VERNEMQ names it. */
export const openVerneMQ = (release: string) => open(port => new VerneMQ(release, port));

export const vernemq: BrokerKind = {
	name: "VerneMQ",
	...(why && { missing: why }),
	retainedToWildcards: true,
	QoS: 2,
	redelivers: { duplicate: true, sameIdentifier: true },
	open: () => openVerneMQ(release as string),
};

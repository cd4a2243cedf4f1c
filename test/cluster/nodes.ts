/**
 * Three broker nodes on this machine that make a cluster: RabbitMQ, NATS or VerneMQ. Each can be
 * killed, frozen and started again with what it has on disk. Knows nothing of boards.
 */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nats, natsRecipe } from "../firmware/nats.js";
import { freePort, type Recipe, Run } from "../firmware/program.js";
import { rabbitEngine, rabbitmq, rabbitRecipe, startEpmd } from "../firmware/rabbitmq.js";
import * as verne from "../firmware/vernemq.js";

export const kinds = ["rabbitmq", "nats", "vernemq"] as const;
export type Kind = (typeof kinds)[number];

/** Why a kind cannot run here. */
export function missing(kind: Kind): string | undefined {
	return { nats, rabbitmq, vernemq: verne.vernemq }[kind].missing;
}

const COUNT = 3;

export class Node {
	readonly port: number;
	readonly #recipe: Recipe;
	/** The process that is the node. */
	readonly #engine: (run: Run) => number;
	#run: Run | undefined;
	frozen = false;

	constructor(port: number, recipe: Recipe, engine: (run: Run) => number) {
		this.port = port;
		this.#recipe = recipe;
		this.#engine = engine;
	}
	get url(): string {
		return `mqtt://127.0.0.1:${this.port}`;
	}
	/** Runs, and is not frozen. */
	get serving(): boolean {
		return this.#run?.running === true && !this.frozen;
	}
	/** Resolves when it says that it serves. */
	async start(): Promise<void> {
		this.#run = await Run.start(this.#recipe);
	}
	/** kill -9. */
	async kill(): Promise<void> {
		const run = this.#run;
		this.#run = undefined;
		this.frozen = false;
		if (run) await run.stop(() => process.kill(this.#engine(run), "SIGKILL"));
	}
	/** It holds its connections and does nothing. */
	freeze(): void {
		if (this.#run) process.kill(this.#engine(this.#run), "SIGSTOP");
		this.frozen = true;
	}
	thaw(): void {
		if (this.#run) process.kill(this.#engine(this.#run), "SIGCONT");
		this.frozen = false;
	}
}

export class Cluster {
	readonly nodes: readonly Node[];
	readonly #folder: string;
	readonly #epmd: Run | undefined;
	/** Makes one cluster of nodes that do not do so by themselves. */
	readonly #join: (() => Promise<void>) | undefined;

	private constructor(folder: string, nodes: readonly Node[], epmd?: Run, join?: () => Promise<void>) {
		this.#folder = folder;
		this.nodes = nodes;
		this.#epmd = epmd;
		this.#join = join;
	}
	/** All nodes serve, each knowing the others, when it resolves. */
	static async start(kind: Kind): Promise<Cluster> {
		const folder = mkdtempSync(join(tmpdir(), `glowworm-${kind}-`));
		const make = { nats: Cluster.#nats, rabbitmq: Cluster.#rabbitmq, vernemq: Cluster.#vernemq }[kind];
		const cluster = await make(folder);
		try {
			// NATS is ready once a majority is there; RabbitMQ's first node makes the cluster that the others join.
			if (kind === "nats") await Promise.all(cluster.nodes.map(node => node.start()));
			else for (const node of cluster.nodes) await node.start();
			await cluster.#join?.();
			return cluster;
		} catch (error) {
			await cluster.close();
			throw error;
		}
	}
	async close(): Promise<void> {
		await Promise.allSettled(this.nodes.map(node => node.kill()));
		await this.#epmd?.stop();
		rmSync(this.#folder, { recursive: true, force: true });
	}

	static async #rabbitmq(folder: string): Promise<Cluster> {
		const epmd = await freePort();
		const ports = await Promise.all(Array.from({ length: COUNT }, freePort));
		const peers = ports.map(port => `glowworm-${port}@localhost`);
		const nodes = await Promise.all(
			ports.map(async (port, index) => {
				const own = join(folder, `${index}`);
				mkdirSync(own);
				const name = peers[index] as string;
				const distribution = await freePort();
				const recipe = rabbitRecipe({ folder: own, home: folder, name, port, epmd, distribution, peers });
				return new Node(port, recipe, () => rabbitEngine(own));
			}),
		);
		return new Cluster(folder, nodes, await startEpmd(epmd));
	}
	static async #nats(folder: string): Promise<Cluster> {
		const peers = await Promise.all(Array.from({ length: COUNT }, freePort));
		const nodes = await Promise.all(
			peers.map(async (route, index) => {
				const own = join(folder, `${index}`);
				mkdirSync(own);
				const [port, client] = [await freePort(), await freePort()];
				const recipe = natsRecipe({ folder: own, name: `node-${index}`, port, client, route, peers });
				return new Node(port, recipe, run => run.pid);
			}),
		);
		return new Cluster(folder, nodes);
	}
	static async #vernemq(folder: string): Promise<Cluster> {
		// `missing` has seen that it is there.
		const release = process.env.VERNEMQ as string;
		const epmd = await freePort();
		const ports = await Promise.all(Array.from({ length: COUNT }, freePort));
		const folders = ports.map((_, index) => join(folder, `${index}`));
		const nodes = await Promise.all(
			ports.map(async (port, index) => {
				const own = folders[index] as string;
				mkdirSync(own);
				const [distribution, cluster] = [await freePort(), await freePort()];
				const recipe = verne.verneRecipe({ release, folder: own, port, epmd, distribution, cluster });
				return new Node(port, recipe, run => run.pid);
			}),
		);
		const [first = 0] = ports;
		const meet = async () => {
			for (const own of folders.slice(1)) await verne.joinCluster(own, epmd, verne.nodeName(first));
		};
		return new Cluster(folder, nodes, await verne.startEpmd(release, epmd), meet);
	}
}

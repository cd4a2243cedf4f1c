/**
 * A campaign on a cluster: boards on all nodes, alerts, wishes and commands going on, and one node after the other killed or
 * frozen, from a seed. Then all nodes are there again, all that was accepted has to arrive, the newest wish has to hold,
 * and the account is closed. run.ts is its command line.
 *
 * A recorder stands at each node with a persistent session, and an alert counts as delivered when one of them has it: what
 * a node keeps for its own clients may die with it (BROKERS.md), what it has acknowledged must not.
 */

import { setTimeout as sleep } from "node:timers/promises";
import mqtt, { type MqttClient } from "mqtt";
import { Chance } from "../chaos/random.js";
import { Recorder } from "../fleet/recorder.js";
import { ClusterBoard, codeOf } from "./boards.js";
import { Cluster, type Kind, type Node } from "./nodes.js";

export interface CampaignOptions {
	readonly kind: Kind;
	readonly seed: number;
	readonly seconds: number;
	readonly boards: number;
	readonly onProgress?: (progress: Progress) => void;
	readonly log?: (line: string) => void;
}

export interface Progress {
	readonly phase: string;
	readonly elapsed: number;
	readonly faults: number;
	readonly accepted: number;
	readonly delivered: number;
}

export interface Account {
	readonly kills: number;
	readonly freezes: number;
	readonly accepted: number;
	readonly delivered: number;
	readonly lost: number;
	readonly duplicates: number;
	/** Sent and acknowledged by a node; and shown by the boards. */
	readonly commands: number;
	readonly commandsDone: number;
	readonly wishes: number;
	readonly wishesDone: number;
	/** Commands that a node sent again, or behind newer ones, without DUP: to the boards they are new. */
	readonly unmarked: number;
	/** A command twice, or anything over something newer; boards that do not show the newest wish. */
	readonly complaints: readonly string[];
}

const ROOT = "cluster";
/** Milliseconds between two messages to a board. */
const PACE = 600;
/** So long (s) without any progress while it drains, and it has failed. */
const PATIENCE = 90;

export async function campaign(options: CampaignOptions): Promise<Account> {
	const cluster = await Cluster.start(options.kind);
	const scene = new Scene(options, cluster);
	try {
		await scene.open();
		await scene.storm();
		return await scene.drain();
	} finally {
		await scene.close().finally(() => cluster.close());
	}
}

class Scene {
	readonly #options: CampaignOptions;
	readonly #cluster: Cluster;
	readonly #chance: Chance;
	readonly #recorders: Recorder[] = [];
	readonly #clients: MqttClient[] = [];
	readonly #boards: ClusterBoard[] = [];
	readonly #accepted = new Set<string>();
	#commands = 0;
	#wishes = 0;
	#kills = 0;
	#freezes = 0;
	#storming = true;

	constructor(options: CampaignOptions, cluster: Cluster) {
		this.#options = options;
		this.#cluster = cluster;
		this.#chance = new Chance(options.seed);
	}

	async open(): Promise<void> {
		const { boards, log } = this.#options;
		const urls = this.#cluster.nodes.map(({ url }) => url);
		for (const url of urls) {
			this.#recorders.push(await Recorder.connect(url, ROOT));
			this.#clients.push(
				await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 200, queueQoSZero: false }),
			);
		}
		for (const client of this.#clients) client.on("error", () => {});
		for (let index = 0; index < boards; index++) {
			// Each begins with another node.
			const order = urls.map((_, place) => urls[(index + place) % urls.length] as string);
			const id = `board-${index}`;
			const accepted = (alert: string) => this.#accepted.add(alert);
			const trace = log && ((line: string) => log(`${id} ${line}`));
			this.#boards.push(new ClusterBoard(id, ROOT, order, accepted, trace));
		}
	}

	async storm(): Promise<void> {
		const from = performance.now();
		const { seconds } = this.#options;
		const told = this.#boards.map(board => this.#tell(board));
		const showing = setInterval(() => this.#show("faults", (performance.now() - from) / 1000), 500);
		while (performance.now() - from < seconds * 1000) {
			await sleep(this.#chance.whole(2000, 8000));
			const node = this.#cluster.nodes[this.#chance.whole(0, this.#cluster.nodes.length - 1)] as Node;
			const span = this.#chance.whole(3000, 9000);
			if (this.#chance.next() < 0.6) await this.#kill(node, span);
			else await this.#freeze(node, span);
		}
		clearInterval(showing);
		this.#storming = false;
		await Promise.all(told);
	}

	/** No more faults: all has to arrive, and the newest wish has to hold. */
	async drain(): Promise<Account> {
		const { log } = this.#options;
		log?.("no more faults");
		for (const board of this.#boards) board.quiet = true;
		let last = "";
		for (let still = 0; still < PATIENCE; still++) {
			if (this.#lost.length === 0 && this.#behind.length === 0) break;
			// What a node forgot is said once more, as a person would.
			if (still % 10 === 5) await Promise.all(this.#boards.map(board => this.#wish(board)));
			await sleep(1000);
			this.#show("draining", this.#options.seconds);
			const now = `${this.#lost.length} ${this.#behind.length}`;
			if (now !== last) still = 0;
			last = now;
		}
		return this.#account();
	}
	async close(): Promise<void> {
		const closing = [
			...this.#boards.map(board => board.close()),
			...this.#recorders.map(recorder => recorder.close()),
			...this.#clients.map(client => client.endAsync(true)),
		];
		await Promise.allSettled(closing);
	}

	#account(): Account {
		const { kind } = this.#options;
		const sum = (of: (board: ClusterBoard) => number) =>
			this.#boards.reduce((total, board) => total + of(board), 0);
		const unmarked = sum(({ lamp }) => lamp.unmarked);
		return {
			kills: this.#kills,
			freezes: this.#freezes,
			accepted: this.#accepted.size,
			delivered: this.#accepted.size - this.#lost.length,
			lost: this.#lost.length,
			duplicates: Math.max(...this.#recorders.map(({ duplicates }) => duplicates)),
			commands: this.#commands,
			commandsDone: sum(({ lamp }) => lamp.count),
			unmarked,
			wishes: this.#wishes,
			wishesDone: sum(({ valve }) => valve.count),
			complaints: [
				...this.#lost.map(alert => `lost: ${alert}`),
				...this.#boards.flatMap(({ lamp, valve }) => [...lamp.wrong, ...valve.wrong]),
				// NATS alone is known for it; the others mark with DUP what they send again.
				...(unmarked && kind !== "nats" ? [`unmarked: ${unmarked}, from ${kind}`] : []),
				...this.#behind.map(board => `${board.id}: wish ${board.valve.last}, not the newest`),
			],
		};
	}
	get #lost(): string[] {
		return [...this.#accepted].filter(
			alert => !this.#recorders.some(({ delivered }) => delivered.has(alert)),
		);
	}
	get #behind(): ClusterBoard[] {
		return this.#boards.filter(({ valve }) => valve.last < valve.told);
	}

	/** Commands and wishes by turns, one after the other, through any node that serves. */
	async #tell(board: ClusterBoard): Promise<void> {
		const { lamp, valve } = board;
		while (this.#storming) {
			await sleep(PACE);
			const number = ++lamp.told;
			const command = JSON.stringify({ state: "ON", brightness: codeOf(number) });
			if (await this.#publish(`${ROOT}/${board.id}/lamp/set`, command, false)) this.#commands++;
			else lamp.unsure.add(number);
			await sleep(PACE);
			valve.told++;
			if (await this.#wish(board)) this.#wishes++;
		}
	}
	/** The newest. */
	#wish(board: ClusterBoard): Promise<boolean> {
		const ver = board.valve.told;
		const wish = JSON.stringify({ state: "ON", brightness: codeOf(ver), ver });
		return this.#publish(`${ROOT}/${board.id}/valve/desired`, wish, true);
	}
	/** True when a node has acknowledged it. */
	async #publish(topic: string, payload: string, retain: boolean): Promise<boolean> {
		const { nodes } = this.#cluster;
		const serving = nodes.map((_, index) => index).filter(index => nodes[index]?.serving);
		const client = this.#clients[serving[this.#chance.whole(0, serving.length - 1)] ?? 0] as MqttClient;
		if (!client.connected) return false;
		const late = sleep(5000).then(() => false);
		const done = client.publishAsync(topic, payload, { qos: 1, retain }).then(
			() => true,
			() => false,
		);
		return Promise.race([done, late]);
	}

	async #kill(node: Node, span: number): Promise<void> {
		this.#options.log?.(`kill ${node.port} for ${span} ms`);
		this.#kills++;
		await node.kill();
		await sleep(span);
		await node.start();
		this.#options.log?.(`${node.port} serves again`);
	}
	async #freeze(node: Node, span: number): Promise<void> {
		this.#options.log?.(`freeze ${node.port} for ${span} ms`);
		this.#freezes++;
		node.freeze();
		await sleep(span);
		node.thaw();
	}
	#show(phase: string, elapsed: number): void {
		this.#options.onProgress?.({
			phase,
			elapsed,
			faults: this.#kills + this.#freezes,
			accepted: this.#accepted.size,
			delivered: this.#accepted.size - this.#lost.length,
		});
	}
}

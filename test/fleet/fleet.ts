/**
 * A fleet: boards in processes, a broker (Mosquitto, or one by its address), a recorder, and the account: who is online
 * when, how many connections are begun in a second, what a board costs, and whether each accepted alert was delivered.
 * run.ts is its command line.
 */

import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { TestBroker } from "../firmware/brokers.js";
import type { Order, Second, Word } from "./boards.js";
import { Recorder } from "./recorder.js";

export interface FleetOptions {
	readonly boards: number;
	readonly processes: number;
	/** Of alerts; waiting for all to be online, and for the last alert, comes on top. */
	readonly seconds: number;
	/** `backoff.spread` of each board's description, here in seconds: all are switched on at once. */
	readonly spread: number;
	/** Milliseconds between two samples of each of a board's two sensors; 1000 if not given. */
	readonly every?: number;
	readonly broker: string;
	/** The broker, where it is ours to stop; and for how many seconds it is away. */
	readonly stop?: { readonly broker: TestBroker; readonly seconds: number };
	readonly data?: string;
	/** The recorder hears alerts; true if not given. */
	readonly alerts?: boolean;
	/** So long (s) without any progress, and it is given up; 60 if not given. */
	readonly patience?: number;
	readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
	readonly phase: string;
	readonly online: number;
	readonly accepted: number;
	readonly delivered: number;
	/** Begun in a second, two seconds ago. */
	readonly connects: number;
}

export interface Account {
	readonly boards: number;
	readonly online: number;
	readonly accepted: number;
	readonly delivered: number;
	readonly lost: number;
	readonly duplicates: number;
	/** The most that were begun in one second. */
	readonly connectsPerSecond: number;
	/** Milliseconds of processor time a second, and bytes, for each board while all are online. */
	readonly cpuPerBoard: number;
	readonly rssPerBoard: number;
	/** Share of the samples that were due. */
	readonly sampled: number;
	/** Milliseconds that an event loop was late at the worst while all were online. */
	readonly late: number;
	/** Seconds from the first board's start until all were online; -1: they never were. */
	readonly secondsToOnline: number;
	/** After the broker's return: until all are online again, and the most connections begun in one second. */
	readonly recovery?: { readonly seconds: number; readonly connectsPerSecond: number };
}

const ROOT = "fleet";
/** An edge at each fifth sample. */
const SAMPLES = 5;
const PATIENCE = 60;

export async function fleet(options: FleetOptions): Promise<Account> {
	const scene = new Fleet(options, await Recorder.connect(options.broker, ROOT, options.alerts));
	try {
		return await scene.run();
	} finally {
		await scene.close();
	}
}

class Fleet {
	readonly #options: FleetOptions;
	readonly #recorder: Recorder;
	readonly #children: ChildProcess[] = [];
	readonly #accepted = new Set<string>();
	/** What the processes said since the phase began; and the connections begun, by the second of the wall clock. */
	#seconds: Second[] = [];
	#connects = new Map<number, number>();
	#phase = "starting";

	constructor(options: FleetOptions, recorder: Recorder) {
		this.#options = options;
		this.#recorder = recorder;
	}

	async run(): Promise<Account> {
		const { boards, processes, spread, seconds, stop } = this.#options;
		const from = performance.now();
		for (let index = 0; index < processes; index++) {
			const first = Math.floor((boards * index) / processes);
			const count = Math.floor((boards * (index + 1)) / processes) - first;
			this.#launch(first, count, spread * 1000);
		}
		const secondsToOnline = await this.#until(() => this.#recorder.online.size >= boards, from);
		this.#phase = "running";
		this.#seconds = [];
		for (let second = 0; second < seconds; second++) await this.#second();
		const starting = this.#peak;
		const running = this.#seconds;
		const recovery = stop && (await this.#outage(stop));
		this.#phase = "draining";
		this.#order({ quiet: true });
		// Until the processes have told of the last alert.
		for (let second = 0; second < 3; second++) await this.#second();
		await this.#until(() => this.#lost === 0);
		return {
			boards,
			online: this.#recorder.online.size,
			accepted: this.#accepted.size,
			delivered: this.#recorder.delivered.size,
			lost: this.#lost,
			duplicates: this.#recorder.duplicates,
			connectsPerSecond: starting,
			...this.#costs(running),
			secondsToOnline,
			...(recovery && { recovery }),
		};
	}
	async close(): Promise<void> {
		await Promise.all(
			this.#children.map(child => {
				if (child.exitCode !== null || !child.connected) return undefined;
				const gone = new Promise(done => child.once("exit", done));
				child.send({ close: true } satisfies Order);
				setTimeout(() => child.kill("SIGKILL"), 10_000).unref();
				return gone;
			}),
		);
		await this.#recorder.close();
	}

	async #outage({ broker, seconds }: NonNullable<FleetOptions["stop"]>) {
		this.#phase = "broker away";
		await broker.stop();
		this.#recorder.online.clear();
		for (let second = 0; second < seconds; second++) await this.#second();
		this.#phase = "coming back";
		this.#connects.clear();
		await broker.start();
		const took = await this.#until(
			() => this.#recorder.online.size >= this.#options.boards,
			performance.now(),
		);
		return { seconds: took, connectsPerSecond: this.#peak };
	}

	get #peak(): number {
		return Math.max(0, ...this.#connects.values());
	}
	get #lost(): number {
		let lost = 0;
		for (const alert of this.#accepted) if (!this.#recorder.delivered.has(alert)) lost++;
		return lost;
	}
	/** Seconds from `from` until `done`; -1 when nothing has moved for too long before. */
	async #until(done: () => boolean, from = performance.now()): Promise<number> {
		let last = "";
		for (let still = 0; still < (this.#options.patience ?? PATIENCE); still++) {
			if (done()) return Math.round((performance.now() - from) / 100) / 10;
			await this.#second();
			const { online, delivered } = this.#recorder;
			const now = `${online.size} ${delivered.size}`;
			if (now !== last) still = 0;
			last = now;
		}
		return -1;
	}
	async #second(): Promise<void> {
		await sleep(1000);
		const { online, delivered } = this.#recorder;
		this.#options.onProgress?.({
			phase: this.#phase,
			online: online.size,
			accepted: this.#accepted.size,
			delivered: delivered.size,
			// The last second of which all processes have told.
			connects: this.#connects.get(Math.floor(Date.now() / 1000) - 2) ?? 0,
		});
	}
	#costs(seconds: readonly Second[]) {
		const { boards, processes } = this.#options;
		const sum = (of: (second: Second) => number) => seconds.reduce((total, second) => total + of(second), 0);
		// Each process tells of itself once a second.
		const length = seconds.length / processes || 1;
		const round = (value: number) => Math.round(value * 1000) / 1000;
		return {
			cpuPerBoard: round(sum(({ cpu }) => cpu) / length / boards),
			rssPerBoard: Math.round(sum(({ rss }) => rss) / length / boards),
			sampled: round(sum(({ samples }) => samples) / sum(({ due }) => due)),
			late: Math.round(Math.max(0, ...seconds.map(({ late }) => late))),
		};
	}
	#order(order: Order): void {
		for (const child of this.#children) if (child.connected) child.send(order);
	}
	#launch(first: number, count: number, spread: number): void {
		const { broker, data, every = 1000 } = this.#options;
		const child = fork(fileURLToPath(new URL("boards.ts", import.meta.url)), {
			execArgv: ["--import", "tsx"],
		});
		this.#children.push(child);
		child.on("message", (word: Word) => {
			if ("second" in word) {
				for (const alert of word.second.accepted) this.#accepted.add(alert);
				this.#seconds.push(word.second);
				for (const [second, count] of word.second.connects)
					this.#connects.set(second, (this.#connects.get(second) ?? 0) + count);
			}
		});
		const start = { first, count, broker, root: ROOT, spread, every, samples: SAMPLES };
		child.send({ start: { ...start, ...(data !== undefined && { data }) } } satisfies Order);
	}
}

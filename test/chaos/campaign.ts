/**
 * A campaign: faults from a seed for so many seconds strike a board and its broker (scene.ts); then they stop, all that
 * was accepted has to arrive, and the account is closed. run.ts is its command line.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { awsWeights, Faults, type Weights, weights } from "./faults.js";
import { Ledger } from "./ledger.js";
import { Chance } from "./random.js";
import { Scene, type SceneOptions } from "./scene.js";

export interface CampaignOptions extends SceneOptions {
	/** Of faults; the draining comes on top. */
	readonly seconds: number;
	/** How often each fault is drawn; the usual ones if not given. */
	readonly weights?: Weights;
	/** Draining has failed after so long (ms) without a delivery; 120 000 if not given. */
	readonly patience?: number;
	/** About once a second, and with each phase. */
	readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
	readonly phase: "faults" | "draining";
	readonly elapsed: number;
	readonly faults: number;
	readonly accepted: number;
	readonly delivered: number;
}

export interface Outcome {
	readonly faults: Faults;
	readonly ledger: Ledger;
	readonly lives: number;
	/** Milliseconds from the last fault until all had arrived and a second more. */
	readonly drained: number;
	/** What went wrong, a line each; nothing is what is hoped for. */
	readonly complaints: readonly string[];
}

// Longer than the longest back-off (60 s) and a try after it: until then nothing need move.
const PATIENCE = 120_000;
/** Tenths of a second: twice the slowest sensor's period, and more. */
const CALM = 10;
/** AWS takes a client id once a second: faults come slower there. */
const SLOWER = 10;

export async function campaign(options: CampaignOptions): Promise<Outcome> {
	const directory = mkdtempSync(join(tmpdir(), "glowworm-chaos-"));
	const run = new Campaign(options, directory);
	const clear = () => rmSync(directory, { recursive: true, force: true });
	process.once("exit", clear);
	try {
		await run.scene.open();
		await run.storm();
		return await run.drain();
	} finally {
		await run.scene.close();
		process.off("exit", clear);
		clear();
	}
}

class Campaign {
	readonly scene: Scene;
	readonly #options: CampaignOptions;
	readonly #ledger = new Ledger();
	readonly #chance: Chance;
	readonly #faults: Faults;
	/** When the faults began. */
	#start = performance.now();

	constructor(options: CampaignOptions, directory: string) {
		this.#options = options;
		this.#chance = new Chance(options.seed);
		this.scene = new Scene(options, directory, this.#ledger, this.#chance);
		// Faults have a row of numbers of their own, so that other draws do not change those of a seed.
		const chance = new Chance(options.seed ^ 0x5eed);
		const usual = options.program === undefined ? awsWeights : weights;
		this.#faults = new Faults(chance, options.weights ?? usual, this.scene, (kind, detail) =>
			this.scene.log(`fault ${this.#faults.total}: ${kind} ${detail}`),
		);
	}

	/** Faults, and wishes for the lamp, until the time is over. */
	async storm(): Promise<void> {
		const wishing = setInterval(() => this.scene.observer.wish(), 300);
		const showing = setInterval(() => this.#show("faults"), 500);
		this.#start = performance.now();
		try {
			await this.#strike(this.#start + this.#options.seconds * 1000);
		} finally {
			clearInterval(wishing);
			clearInterval(showing);
		}
	}
	async #strike(end: number): Promise<void> {
		const { scene } = this;
		while (performance.now() < end && !scene.hopeless) {
			await sleep(this.#faults.pause() * (scene.cloud ? SLOWER : 1));
			// Without a connection most faults would have no effect; but some have to come while there is none.
			const patience = this.#chance.next() < 0.2 ? 0 : 2000;
			for (let waited = 0; waited < patience && scene.proxy.connections === 0; waited += 5) await sleep(5);
			this.#faults.strike();
		}
	}

	/** No more faults: all has to arrive. */
	async drain(): Promise<Outcome> {
		const { scene } = this;
		const from = performance.now();
		const { patience = PATIENCE } = this.#options;
		scene.log("no more faults");
		scene.calm();
		let progress = from;
		let last = "";
		// Settled for so long that every sensor has heard that it is to be quiet, and has nothing more to say.
		for (let rounds = 0, calm = 0; calm < CALM; rounds++) {
			scene.quiet();
			if (rounds % 10 === 0) scene.observer.insist();
			this.#show("draining");
			await sleep(100);
			const { accepted, delivered } = this.#ledger;
			const now = `${accepted} ${delivered}`;
			calm = scene.settled && now === last ? calm + 1 : 0;
			if (now !== last) progress = performance.now();
			last = now;
			if (performance.now() - progress < patience && !scene.hopeless) continue;
			scene.complaints.push(scene.unsettled());
			break;
		}
		const drained = performance.now() - from;
		await scene.end();
		return this.#outcome(drained);
	}
	#outcome(drained: number): Outcome {
		const { scene } = this;
		const ledger = this.#ledger;
		const held = scene.held();
		const complaints = [
			...scene.complaints,
			...(ledger.accepted ? [] : ["nothing was accepted"]),
			...(held === 0 ? [] : [`the journal still holds ${held} messages`]),
			...ledger.missing.map(line => `lost: ${line}`),
			...ledger.invented.map(line => `never accepted, yet delivered: ${line}`),
			...ledger.broken.map(line => `not by turns: ${line}`),
			// AWS promises no order.
			...(scene.cloud ? [] : ledger.reordered.map(line => `out of order: ${line}`)),
			...ledger.misled.map(line => `lamp: ${line}`),
		];
		for (const line of complaints) scene.log(line);
		return { faults: this.#faults, ledger, lives: scene.lives, drained, complaints };
	}
	#show(phase: Progress["phase"]): void {
		const { accepted, delivered } = this.#ledger;
		const elapsed = (performance.now() - this.#start) / 1000;
		this.#options.onProgress?.({ phase, elapsed, faults: this.#faults.total, accepted, delivered });
	}
}

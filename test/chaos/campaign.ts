/**
 * A campaign: a board, a broker, an observer and a proxy between them, faults from a seed for so many seconds; then
 * they stop, all that was accepted has to arrive, and the account is closed. run.ts is its command line.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Store from "../../modules/store/store.js";
import { freePort } from "../firmware/brokers.js";
import { TestFlash } from "../flash.js";
import { Cloud } from "./cloud.js";
import { awsWeights, Faults, type Target, type Weights, weights } from "./faults.js";
import { Ledger } from "./ledger.js";
import { Lives } from "./life.js";
import { Mosquitto } from "./mosquitto.js";
import { Observer } from "./observer.js";
import { FaultProxy } from "./proxy.js";
import { Chance } from "./random.js";
import { AlertTap } from "./tap.js";
import { within } from "./within.js";

export interface CampaignOptions {
	/** Where Mosquitto is; a local AWS IoT Core in its place if not given. */
	readonly program?: string;
	readonly engine: "node" | "xs";
	readonly seed: number;
	/** Of faults; the draining comes on top. */
	readonly seconds: number;
	/** How often each fault is drawn; the usual ones if not given. */
	readonly weights?: Weights;
	/** The firmware: firmware.ts beside this file if not given. */
	readonly entry?: string;
	/** Draining has failed after so long (ms) without a delivery; 120 000 if not given. */
	readonly patience?: number;
	/** About once a second, and with each phase. */
	readonly onProgress?: (progress: Progress) => void;
	/** Everything that happens, line by line. */
	readonly log?: (line: string) => void;
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

const ROOT = "chaos";
const ID = "board";
const BLOCK = 4096;
// Longer than the longest back-off (60 s) and a try after it: until then nothing need move.
const PATIENCE = 120_000;
/** Tenths of a second: twice the slowest sensor's period, and more. */
const CALM = 10;
/** Deaths in a row that the campaign did not ask for. */
const TOO_MANY = 5;
/** AWS takes a client id once a second, and may be slow to begin with a subscription: milliseconds. So faults come slower. */
const aws = { reconnect: 1100, subscribing: 1000, slower: 10 };

/** Three sensors out of step, each sample an edge: some 14 alerts a second. At AWS with its limits, but for a shorter keep-alive. */
function description(port: number, cloud: boolean) {
	const rules = { a: 150, b: 220, c: 350 };
	return {
		root: ROOT,
		id: ID,
		broker: `mqtt://127.0.0.1:${port}`,
		keepAlive: 1000,
		...(cloud && { profile: "aws", shadow: true, limits: { keepAlive: [1000, 1_200_000] } }),
		sensors: Object.entries(rules).map(([name, every]) => ({ name, driver: "swing", every })),
		alerts: Object.keys(rules).map(name => ({ name, sensor: name, above: 60, clear: 40 })),
		lamp: { pin: 2 },
	};
}

export async function campaign(options: CampaignOptions): Promise<Outcome> {
	const directory = mkdtempSync(join(tmpdir(), "glowworm-chaos-"));
	const scene = new Scene(options, directory);
	const clear = () => rmSync(directory, { recursive: true, force: true });
	process.once("exit", clear);
	try {
		await scene.open();
		await scene.storm();
		return await scene.drain();
	} finally {
		await scene.close();
		process.off("exit", clear);
		clear();
	}
}

class Scene implements Target {
	proxy!: FaultProxy;
	readonly #options: CampaignOptions;
	readonly #directory: string;
	readonly #ledger = new Ledger();
	readonly #faults: Faults;
	readonly #chance: Chance;
	readonly #complaints: string[] = [];
	/** When the faults began. */
	#start = performance.now();
	#broker!: Mosquitto | Cloud;
	#observer!: Observer;
	#lives!: Lives;
	/** Deaths in a row that the campaign did not ask for. */
	#crashes = 0;
	#ending = false;
	/** What goes on by itself: the scene ends when all of it has. */
	readonly #running = new Set<Promise<void>>();

	constructor(options: CampaignOptions, directory: string) {
		this.#options = options;
		this.#directory = directory;
		this.#chance = new Chance(options.seed);
		// Faults have a row of numbers of their own, so that other draws do not change those of a seed.
		const chance = new Chance(options.seed ^ 0x5eed);
		const usual = options.program === undefined ? awsWeights : weights;
		this.#faults = new Faults(chance, options.weights ?? usual, this, (kind, detail) =>
			this.#log(`fault ${this.#faults.total}: ${kind} ${detail}`),
		);
	}

	async open(): Promise<void> {
		const {
			program,
			engine,
			log,
			entry = fileURLToPath(new URL("firmware.ts", import.meta.url)),
		} = this.#options;
		const ledger = this.#ledger;
		const { seed } = this.#options;
		this.#broker =
			program === undefined
				? new Cloud(join(this.#directory, "aws"), { seed, root: ROOT, id: ID })
				: new Mosquitto(program, await freePort(), this.#directory);
		await this.#broker.start();
		const { cloud } = this;
		const { port } = this.#broker;
		this.#observer = new Observer({
			port: cloud?.observerPort ?? port,
			...(cloud && { patience: aws.reconnect, shadow: `$aws/things/${ID}/shadow/update` }),
			base: `${ROOT}/${ID}/`,
			chance: this.#chance,
			onAlert: alert => {
				ledger.deliver(alert);
				this.#log(`observer: ${alert.rule} ${alert.id}`);
			},
			onWish: (ver, on) => ledger.wish(ver, on),
		});
		await this.#observer.subscribed();
		if (cloud) await sleep(aws.subscribing);
		this.proxy = await FaultProxy.listen({ port, tap: () => new AlertTap(ledger) });
		this.#lives = new Lives({
			engine,
			entry,
			description: description(this.proxy.port, cloud !== undefined),
			data: join(this.#directory, "data"),
			trace: log !== undefined,
			onFact: (fact, found) => ledger.note(fact, found),
			onPin: level => ledger.shine(level),
			onRefused: () => ledger.refused(),
			onTrace: line => this.#log(`board: ${line}`),
			onDeath: reason => this.#died(reason),
		});
		await this.#lives.start();
	}

	/** Faults, and wishes for the lamp, until the time is over. */
	async storm(): Promise<void> {
		const wishing = setInterval(() => this.#observer.wish(), 300);
		const showing = setInterval(() => this.#show("faults"), 500);
		this.#start = performance.now();
		const end = this.#start + this.#options.seconds * 1000;
		try {
			await this.#strike(end);
		} finally {
			clearInterval(wishing);
			clearInterval(showing);
		}
	}
	async #strike(end: number): Promise<void> {
		while (performance.now() < end && this.#crashes < TOO_MANY) {
			await sleep(this.#faults.pause() * (this.cloud ? aws.slower : 1));
			// Without a connection most faults would have no effect; but some have to come while there is none.
			const patience = this.#chance.next() < 0.2 ? 0 : 2000;
			for (let waited = 0; waited < patience && this.proxy.connections === 0; waited += 5) await sleep(5);
			this.#faults.strike();
		}
	}

	/** No more faults: all has to arrive. */
	async drain(): Promise<Outcome> {
		const from = performance.now();
		const { patience = PATIENCE } = this.#options;
		this.#log("no more faults");
		this.proxy.calm();
		this.#broker.resume();
		let progress = from;
		let last = "";
		// Settled for so long that every sensor has heard that it is to be quiet, and has nothing more to say.
		for (let rounds = 0, calm = 0; calm < CALM; rounds++) {
			this.#lives.quiet();
			if (rounds % 10 === 0) this.#observer.insist();
			this.#show("draining");
			await sleep(100);
			const { accepted, delivered } = this.#ledger;
			const now = `${accepted} ${delivered}`;
			calm = this.#settled && now === last ? calm + 1 : 0;
			if (now !== last) progress = performance.now();
			last = now;
			if (performance.now() - progress < patience && this.#crashes < TOO_MANY) continue;
			this.#complaints.push(this.#unsettled());
			break;
		}
		const drained = performance.now() - from;
		this.#ending = true;
		await this.#lives.close().catch(error => this.#complaints.push((error as Error).message));
		return this.#outcome(drained);
	}
	/** Ends all of it, also where a part of it does not. */
	async close(): Promise<void> {
		this.#ending = true;
		const ends = [
			() => this.#lives?.end(),
			() => Promise.all(this.#running),
			() => this.#lives?.end(),
			() => this.proxy?.close(),
			() => this.#observer?.close(),
			() => (this.cloud ? this.cloud.close() : this.#broker?.kill()),
		];
		for (const end of ends)
			await within(30_000, "the campaign's end", Promise.resolve(end())).catch(() => {});
	}

	// Target

	get cloud(): Cloud | undefined {
		return this.#broker instanceof Cloud ? this.#broker : undefined;
	}
	killBroker(away: number, felt: () => void): void {
		const broker = this.#broker;
		if (!broker.running) return;
		this.proxy.open = false;
		felt();
		this.#guard(async () => {
			await broker.kill();
			await sleep(away);
			if (this.#ending) return;
			await broker.start();
			// What the broker takes before the observer is back, the observer would never get.
			await this.#observer.subscribed();
			this.proxy.open = true;
			this.#log("broker back");
		});
	}
	pauseBroker(span: number, felt: () => void): void {
		if (!this.#broker.running) return;
		this.#broker.pause();
		felt();
		setTimeout(() => this.#broker.resume(), span);
	}
	killBoard(felt: () => void): void {
		if (this.#lives.running) this.#guard(() => this.#lives.kill(felt));
	}
	cutPower(writes: number, kept: number, felt: () => void): void {
		if (this.#lives.running) this.#lives.cut(writes, kept, felt);
	}

	refuseFlash(span: number, felt: () => void): void {
		if (this.#lives.running) this.#lives.refuse(span, felt);
	}

	/** The board's process is gone: the next life follows, unless this was the last. */
	#died(reason: string | undefined): void {
		if (reason === undefined) this.#crashes = 0;
		else {
			this.#crashes++;
			this.#complaints.push(`the board ended by itself: ${reason}`);
			this.#log(`board ended: ${reason}`);
		}
		this.#ledger.died();
		if (this.#ending || this.#crashes >= TOO_MANY) return;
		this.#guard(async () => {
			await sleep(this.#chance.small(400));
			if (this.#ending) return;
			this.#log(`board, life ${this.#ledger.life + 1}`);
			// Its end is told here again.
			await this.#lives.start().catch(() => {});
		});
	}

	/** Nothing is under way, in flash or in the lamp's wires. */
	get #settled(): boolean {
		if (this.#ledger.pending || !this.#lives.running || !this.#broker.running) return false;
		const { ver, on } = this.#observer.newest;
		const { lamp } = this.#observer;
		if (ver && !(lamp.ver === ver && (lamp.state === "ON") === on && this.#ledger.lamp.ver === ver))
			return false;
		return this.#held() === 0;
	}
	#unsettled(): string {
		const { ver, on } = this.#observer.newest;
		const lamp = `lamp/desired ${ver} ${on ? "ON" : "OFF"}, lamp/state ${JSON.stringify(this.#observer.lamp)}`;
		return `not drained: ${this.#ledger.pending} not delivered, ${this.#held()} in the journal, ${lamp}`;
	}
	/** Messages that the board's flash still holds. */
	#held(): number {
		const image = new Uint8Array(readFileSync(join(this.#directory, "data", "journal.flash")));
		const blocks = image.byteLength / BLOCK;
		const store = new Store({ partition: new TestFlash({ blocks, blockLength: BLOCK, image }) });
		return store.outbox?.length ?? Number.NaN;
	}
	#outcome(drained: number): Outcome {
		const ledger = this.#ledger;
		const complaints = [
			...this.#complaints,
			...(ledger.accepted ? [] : ["nothing was accepted"]),
			...(this.#held() === 0 ? [] : [`the journal still holds ${this.#held()} messages`]),
			...ledger.missing.map(line => `lost: ${line}`),
			...ledger.invented.map(line => `never accepted, yet delivered: ${line}`),
			...ledger.broken.map(line => `not by turns: ${line}`),
			// AWS promises no order.
			...(this.cloud ? [] : ledger.reordered.map(line => `out of order: ${line}`)),
			...ledger.misled.map(line => `lamp: ${line}`),
		];
		for (const line of complaints) this.#log(line);
		return { faults: this.#faults, ledger, lives: this.#lives.count, drained, complaints };
	}
	#show(phase: Progress["phase"]): void {
		const { accepted, delivered } = this.#ledger;
		const elapsed = (performance.now() - this.#start) / 1000;
		this.#options.onProgress?.({ phase, elapsed, faults: this.#faults.total, accepted, delivered });
	}
	#log(line: string): void {
		this.#options.log?.(`${((performance.now() - this.#start) / 1000).toFixed(3)} ${line}`);
	}
	/** What fails here is the harness's own fault, and is said. */
	#guard(act: () => Promise<void>): void {
		const running = act()
			.catch(error => void this.#complaints.push(`harness: ${(error as Error).stack}`))
			.finally(() => this.#running.delete(running));
		this.#running.add(running);
	}
}

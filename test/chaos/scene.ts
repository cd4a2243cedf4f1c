/**
 * The scene of a campaign: a board and its lives, a broker, an observer and the proxy between them, set up, struck by
 * faults (it is their target) and ended. It draws no fault and judges nothing: campaign.ts does.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Store from "../../modules/store/store.js";
import { freePort } from "../firmware/brokers.js";
import { TestFlash } from "../flash.js";
import { Cloud } from "./cloud.js";
import type { Target } from "./faults.js";
import type { Ledger } from "./ledger.js";
import { Lives } from "./life.js";
import { Mosquitto } from "./mosquitto.js";
import { Observer } from "./observer.js";
import { FaultProxy } from "./proxy.js";
import type { Chance } from "./random.js";
import { AlertTap } from "./tap.js";
import { within } from "./within.js";

export interface SceneOptions {
	/** Where Mosquitto is; a local AWS IoT Core in its place if not given. */
	readonly program?: string;
	readonly engine: "node" | "xs";
	readonly seed: number;
	/** The firmware: firmware.ts beside this file if not given. */
	readonly entry?: string;
	/** Everything that happens, line by line. */
	readonly log?: (line: string) => void;
}

const ROOT = "chaos";
const ID = "board";
const BLOCK = 4096;
/** Deaths in a row that the campaign did not ask for. */
const TOO_MANY = 5;
/** AWS takes a client id once a second, and may be slow to begin with a subscription: milliseconds. */
const aws = { reconnect: 1100, subscribing: 1000 };

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

export class Scene implements Target {
	proxy!: FaultProxy;
	observer!: Observer;
	/** What went wrong, a line each. */
	readonly complaints: string[] = [];
	readonly #options: SceneOptions;
	readonly #directory: string;
	readonly #ledger: Ledger;
	readonly #chance: Chance;
	readonly #begun = performance.now();
	#broker!: Mosquitto | Cloud;
	#lives!: Lives;
	/** Deaths in a row that the campaign did not ask for. */
	#crashes = 0;
	#ending = false;
	/** What goes on by itself: the scene ends when all of it has. */
	readonly #running = new Set<Promise<void>>();

	constructor(options: SceneOptions, directory: string, ledger: Ledger, chance: Chance) {
		this.#options = options;
		this.#directory = directory;
		this.#ledger = ledger;
		this.#chance = chance;
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
		this.observer = new Observer({
			port: cloud?.observerPort ?? port,
			...(cloud && { patience: aws.reconnect, shadow: `$aws/things/${ID}/shadow/update` }),
			base: `${ROOT}/${ID}/`,
			chance: this.#chance,
			onAlert: alert => {
				ledger.deliver(alert);
				this.log(`observer: ${alert.rule} ${alert.id}`);
			},
			onWish: (ver, on) => ledger.wish(ver, on),
		});
		await this.observer.subscribed();
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
			onTrace: line => this.log(`board: ${line}`),
			onDeath: reason => this.#died(reason),
		});
		await this.#lives.start();
	}
	/** The board has ended by itself too often. */
	get hopeless(): boolean {
		return this.#crashes >= TOO_MANY;
	}
	get lives(): number {
		return this.#lives.count;
	}
	/** No more faults come: the network and the broker are well again. */
	calm(): void {
		this.proxy.calm();
		this.#broker.resume();
	}
	/** The sensors have nothing more to say. */
	quiet(): void {
		this.#lives.quiet();
	}
	/** The board ends, and no other life follows. */
	async end(): Promise<void> {
		this.#ending = true;
		await this.#lives.close().catch(error => this.complaints.push((error as Error).message));
	}
	/** Ends all of it, also where a part of it does not. */
	async close(): Promise<void> {
		this.#ending = true;
		const ends = [
			() => this.#lives?.end(),
			() => Promise.all(this.#running),
			() => this.#lives?.end(),
			() => this.proxy?.close(),
			() => this.observer?.close(),
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
			await this.observer.subscribed();
			this.proxy.open = true;
			this.log("broker back");
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
			this.complaints.push(`the board ended by itself: ${reason}`);
			this.log(`board ended: ${reason}`);
		}
		this.#ledger.died();
		if (this.#ending || this.hopeless) return;
		this.#guard(async () => {
			await sleep(this.#chance.small(400));
			if (this.#ending) return;
			this.log(`board, life ${this.#ledger.life + 1}`);
			// Its end is told here again.
			await this.#lives.start().catch(() => {});
		});
	}

	/** Nothing is under way, in flash or in the lamp's wires. */
	get settled(): boolean {
		if (this.#ledger.pending || !this.#lives.running || !this.#broker.running) return false;
		const { ver, on } = this.observer.newest;
		const { lamp } = this.observer;
		if (ver && !(lamp.ver === ver && (lamp.state === "ON") === on && this.#ledger.lamp.ver === ver))
			return false;
		return this.held() === 0;
	}
	unsettled(): string {
		const { ver, on } = this.observer.newest;
		const lamp = `lamp/desired ${ver} ${on ? "ON" : "OFF"}, lamp/state ${JSON.stringify(this.observer.lamp)}`;
		return `not drained: ${this.#ledger.pending} not delivered, ${this.held()} in the journal, ${lamp}`;
	}
	/** Messages that the board's flash still holds. */
	held(): number {
		const image = new Uint8Array(readFileSync(join(this.#directory, "data", "journal.flash")));
		const blocks = image.byteLength / BLOCK;
		const store = new Store({ partition: new TestFlash({ blocks, blockLength: BLOCK, image }) });
		return store.outbox?.length ?? Number.NaN;
	}
	log(line: string): void {
		this.#options.log?.(`${((performance.now() - this.#begun) / 1000).toFixed(3)} ${line}`);
	}
	/** What fails here is the harness's own fault, and is said. */
	#guard(act: () => Promise<void>): void {
		const running = act()
			.catch(error => void this.complaints.push(`harness: ${(error as Error).stack}`))
			.finally(() => this.#running.delete(running));
		this.#running.add(running);
	}
}

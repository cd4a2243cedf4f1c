/**
 * One test's stage: a broker, MQTT.js listening to all that a board says, and a board of its own name with a
 * directory of its own. `restart` is a board that was switched off and on; everything is gone after `end`.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeskBoard } from "../../hosts/desk/board.js";
import type { Program } from "../../hosts/desk/firmware.js";
import { link } from "../../hosts/desk/image.js";
import type { Engine } from "../../hosts/desk/options.js";
import type { NodeDevice } from "../../hosts/node/device.js";
import { HostSensor } from "../../hosts/shared/sensor.js";
import { available } from "../../hosts/xs/worker.js";
import type { Device } from "../../modules/device/io.js";
import type { BrokerKind, TestBroker } from "./brokers.js";
import { type Message, Observer } from "./observer.js";

export interface EngineKind {
	readonly name: Engine;
	/** Why it cannot run on this machine. */
	readonly missing?: string;
	/** The firmware's text, where it is not main.ts: written for each run of the tests. */
	program?(): Promise<Program>;
}

const xs = available();
export const engines: readonly EngineKind[] = [
	{ name: "node" },
	"reason" in xs ? { name: "xs", missing: xs.reason } : { name: "xs" },
];

/** The firmware as `npm run image` makes it: as one module, its names changed. */
export const linked: EngineKind = {
	...(engines[1] as EngineKind),
	async program() {
		const folder = mkdtempSync(join(tmpdir(), "glowworm-linked-"));
		process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
		const entry = join(folder, "main.js");
		writeFileSync(entry, (await link('export { default } from "./main.js";')).code);
		return { entry, name: "linked", alias: {} };
	},
};

export const ROOT = "factory/1/machine";
/** Names below the board's that may be retained in a test, and one for the test's own mark. */
const RETAINED = ["status", "info", "lamp/state", "lamp/desired", "alerts/overheat/state", "mark"];
const LAMP = 2;
let boards = 0;

export class Scene {
	readonly engine: Engine;
	readonly broker: TestBroker;
	readonly kind: BrokerKind;
	readonly observer: Observer;
	readonly id: string;
	readonly directory = mkdtempSync(join(tmpdir(), "glowworm-board-"));
	/** Duty of the lamp's pin after each change, over all lives of the board. */
	readonly lamp: number[] = [];
	/** What the board's log said. */
	readonly trace: string[] = [];
	/** What the driver "script" reads. */
	value = 0;
	#sampled = new Set<() => void>();
	#board: DeskBoard | undefined;
	#observers: Observer[] = [];
	#description: object = {};
	#program: Program | undefined;

	private constructor(engine: Engine, kind: BrokerKind, broker: TestBroker, id: string, observer: Observer) {
		this.engine = engine;
		this.kind = kind;
		this.broker = broker;
		this.id = id;
		this.observer = observer;
		this.#observers.push(observer);
	}
	/** `program` in the place of main.ts. */
	static async open(engine: Engine, kind: BrokerKind, broker: TestBroker, program?: Program): Promise<Scene> {
		const id = `board-${++boards}`;
		// A session that stays, so that it misses nothing while a broker is away.
		const observer = await Observer.connect(broker.url, `${ROOT}/${id}/#`, {
			...broker.client,
			clientId: `watch-${boards}`,
			clean: false,
		});
		const scene = new Scene(engine, kind, broker, id, observer);
		scene.#program = program;
		return scene;
	}
	topic(rest: string): string {
		return `${ROOT}/${this.id}/${rest}`;
	}
	/** Writes a file beside the description. */
	file(name: string, content: string): string {
		const path = join(this.directory, name);
		writeFileSync(path, content);
		return path;
	}
	describe(description: object): object {
		this.#description = {
			root: ROOT,
			id: this.id,
			broker: this.broker.url,
			lamp: { pin: LAMP, dimmable: true },
			commands: ["info", "restart", "forget"],
			...description,
		};
		return this.#description;
	}
	/** Switches the board on and waits until it is online. */
	async start(description: object = {}): Promise<void> {
		this.describe(description);
		await this.restart();
	}
	/** Switches the board on, again with what it was last told and what it has kept. */
	async restart(): Promise<void> {
		const { mark } = this.observer;
		const own = await this.broker.board?.(this.id);
		this.#board = await DeskBoard.start({
			engine: this.engine,
			...(this.#program && { program: this.#program }),
			description: { ...this.#description, ...own?.description },
			...(own && { tls: own.tls }),
			directory: this.directory,
			data: join(this.directory, "data"),
			trace: line => this.trace.push(line),
			wire: device => this.#wire(device),
			onEnd: reason => this.trace.push(`ended: ${reason}`),
		});
		await this.observer.next(this.topic("status"), "online", mark);
	}
	#wire(device: NodeDevice): Device {
		device.pins.watch(({ duty }) => this.lamp.push(duty), LAMP);
		const scene = this;
		class Script extends HostSensor {
			constructor(options: object) {
				super("script", options);
			}
			sample() {
				for (const sampled of scene.#sampled) sampled();
				return { value: scene.value };
			}
		}
		return { ...device, sensor: { ...device.sensor, script: { io: Script, quantity: "value" } } };
	}
	/** Lets the driver "script" read `value` until the board has done with it. */
	async reads(value: number): Promise<void> {
		this.value = value;
		// When it asks for the next one it has dealt with this one.
		let left = 2;
		await new Promise<void>(done => {
			const sampled = () => {
				if (--left > 0) return;
				this.#sampled.delete(sampled);
				done();
			};
			this.#sampled.add(sampled);
		});
	}
	/** The graceful end. */
	async stop(): Promise<void> {
		await this.#board?.close();
		this.#board = undefined;
	}
	/** The power goes. */
	cut(): void {
		this.#board?.kill();
		this.#board = undefined;
	}
	/** Makes the broker forget the board's session, so that it subscribes anew and is sent what is retained. */
	async forget(): Promise<void> {
		const impostor = await Observer.connect(this.broker.url, "nothing", {
			...this.broker.client,
			clientId: this.id,
			clean: true,
		});
		await impostor.close();
	}
	/** A subscriber that comes late, and so gets what is retained: by exact names where the broker wants that. */
	async late(): Promise<Observer> {
		const filter = this.kind.retainedToWildcards ? this.topic("#") : RETAINED.map(name => this.topic(name));
		const clientId = `late-${boards}-${this.#observers.length}`;
		const observer = await Observer.connect(this.broker.url, filter, { ...this.broker.client, clientId });
		this.#observers.push(observer);
		return observer;
	}
	/** Sends to one of the board's topics at QoS 1. */
	send(rest: string, payload: string | object, retain = false): Promise<void> {
		return this.observer.publish(this.topic(rest), payload, retain);
	}
	next(
		rest: string,
		matches?: string | RegExp | ((message: Message) => boolean),
		mark?: number,
	): Promise<Message> {
		return this.observer.next(this.topic(rest), matches, mark);
	}
	/** What comes of an act, be it before the act's own acknowledgement. */
	async answers(
		act: () => Promise<unknown>,
		rest: string,
		matches: Parameters<Observer["next"]>[1],
	): Promise<Message> {
		const { mark } = this.observer;
		await act();
		return this.next(rest, matches, mark);
	}
	since(mark: number, rest: string): Message[] {
		return this.observer.since(mark, this.topic(rest));
	}
	/** Everything sent to the board so far has had its effect, since a later command has been refused. */
	async settled(): Promise<void> {
		const cid = `settled-${this.observer.mark}`;
		const answer = this.next("cmd/result", new RegExp(cid));
		await this.send("lamp/set", { state: "?", cid });
		await answer;
	}
	async end(): Promise<void> {
		this.cut();
		for (const observer of this.#observers) await observer.close();
		rmSync(this.directory, { recursive: true, force: true });
	}
}

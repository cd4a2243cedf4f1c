/**
 * The boards of a cluster's campaign, in this process: each knows all nodes, raises alerts, has a lamp that takes commands
 * (`set`) and a valve that takes wishes (`desired`). What either shows says by its brightness which command or wish it was;
 * the account holds it against promise 2: no command twice, none and no wish over a newer one.
 */

import { createDevice } from "../../hosts/node/device.js";
import { HostSensor } from "../../hosts/shared/sensor.js";
import main from "../../main.js";
import type { Device } from "../../modules/device/io.js";
import { inMemory } from "../fleet/flash.js";

/** So many numbers, and brightness comes round. */
const SPAN = 250;

export const codeOf = (number: number) => 1 + (number % SPAN);

/**
 * What one actuator has shown, as the numbers of what it was told. A brightness stands for the next such number after the
 * newest shown, if it was told one that high; or else for an older one.
 */
export class Shown {
	/** The newest that it was told, and the newest that it has shown. */
	told = 0;
	last = 0;
	/** How often something was shown. */
	count = 0;
	readonly wrong: string[] = [];
	readonly #name: string;
	/** Numbers that may come late: nobody knows whether the broker took them. */
	readonly unsure = new Set<number>();

	constructor(name: string) {
		this.#name = name;
	}
	show(level: number): void {
		if (level === 0) return;
		const ahead = (((level - 1 - this.last) % SPAN) + SPAN) % SPAN;
		const number = this.last + (this.last + ahead <= this.told ? ahead : ahead - SPAN);
		this.count++;
		if (number > this.last) this.last = number;
		else if (!this.unsure.has(number)) this.wrong.push(`${this.#name}: ${number} after ${this.last}`);
	}
}

export class ClusterBoard {
	readonly id: string;
	readonly lamp: Shown;
	readonly valve: Shown;
	quiet = false;
	readonly #host;
	readonly #board;

	/** `trace` is told what the board receives, and publishes. */
	constructor(
		id: string,
		root: string,
		brokers: readonly string[],
		onAccepted: (alert: string) => void,
		trace?: (line: string) => void,
	) {
		this.id = id;
		this.lamp = new Shown(`${id} lamp`);
		this.valve = new Shown(`${id} valve`);
		const board = this;
		class Swing extends HostSensor {
			#high = false;
			constructor(options: object) {
				super("swing", options);
			}
			sample() {
				if (!board.quiet) this.#high = !this.#high;
				return { value: this.#high ? 100 : 0 };
			}
		}
		const description = {
			root,
			id,
			broker: brokers,
			// Nodes of one cluster share sessions: they count as one broker.
			brokerOrder: "random",
			keepAlive: 5000,
			sensors: [{ name: "a", driver: "swing", every: 700 }],
			alerts: [{ name: "high", sensor: "a", above: 60, clear: 40 }],
			actuators: [
				{ name: "lamp", driver: "lamp" },
				{ name: "valve", driver: "valve" },
			],
		};
		this.#host = createDevice({ description, data: "", ...(trace && { trace }) });
		const device = {
			...this.#host,
			sensor: { swing: { io: Swing, quantity: "value" } },
			actuator: {
				lamp: { io: actuator(this.lamp), dimmable: true },
				valve: { io: actuator(this.valve), dimmable: true },
			},
			flash: inMemory(alert => onAccepted(`${id} ${alert}`)),
		};
		const started = main(device as Device);
		if (!started) throw new Error("cluster: the description is wrong");
		this.#board = started;
	}
	async close(): Promise<void> {
		await new Promise<void>(done => this.#board.close(done));
		this.#host.close();
	}
}

function actuator(shown: Shown) {
	return class {
		write(level: number): void {
			shown.show(level);
		}
		close(): void {}
	};
}

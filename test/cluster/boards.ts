/**
 * The boards of a cluster's campaign, in this process: each knows all nodes, raises alerts, has a lamp that takes commands
 * (`set`) and a valve that takes wishes (`desired`). What either shows says by its brightness which command or wish it was;
 * the account holds it against promise 2: no command twice, none and no wish over a newer one.
 */

import { parser } from "mqtt-packet";
import { createDevice } from "../../hosts/node/device.js";
import { HostSensor } from "../../hosts/shared/sensor.js";
import main from "../../main.js";
import type { Device } from "../../modules/device/io.js";
import type { ByteBuffer, TCPClass } from "../../modules/mqtt/io.js";
import { bytesOf } from "../flash.js";
import { inMemory, scratch } from "../fleet/flash.js";

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
	/** Of them those that a broker sent without DUP though they, or newer ones, had come before: new ones, by MQTT's rules. */
	unmarked = 0;
	#arrived = 0;
	readonly #again = new Set<number>();
	readonly #name: string;
	/** Numbers that may come late: it is not known whether the broker took them. */
	readonly unsure = new Set<number>();

	constructor(name: string) {
		this.#name = name;
	}
	/** It is on the board's socket. */
	arrive(level: number, duplicate: boolean): void {
		const number = this.#number(level, this.#arrived);
		if (number > this.#arrived) this.#arrived = number;
		else if (duplicate) this.#again.delete(number);
		else this.#again.add(number);
	}
	show(level: number): void {
		if (level === 0) return;
		const number = this.#number(level, this.last);
		this.count++;
		if (number > this.last) this.last = number;
		else if (this.#again.delete(number)) this.unmarked++;
		else if (!this.unsure.has(number)) this.wrong.push(`${this.#name}: ${number} after ${this.last}`);
	}
	#number(level: number, last: number): number {
		const ahead = (((level - 1 - last) % SPAN) + SPAN) % SPAN;
		return last + (last + ahead <= this.told ? ahead : ahead - SPAN);
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
		this.#host = createDevice({ description, data: scratch(), ...(trace && { trace }) });
		const { client } = this.#host.network.mqtt;
		const socket = { ...client.socket, io: heard(client.socket.io, `${root}/${id}/lamp/set`, this.lamp) };
		const device = {
			...this.#host,
			network: { mqtt: { client: { ...client, socket } } },
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

/** `io`, whose commands on `topic` are told to `shown` as they are read. */
function heard(io: TCPClass, topic: string, shown: Shown): TCPClass {
	return class extends (io as new (options: object) => InstanceType<TCPClass>) {
		#parser = parser({ protocolVersion: 4 });
		constructor(options: object) {
			super(options);
			this.#parser.on("packet", packet => {
				if (packet.cmd !== "publish" || packet.topic !== topic) return;
				shown.arrive(
					(JSON.parse(packet.payload.toString()) as { brightness: number }).brightness,
					packet.dup,
				);
			});
		}
		override read(option?: ByteBuffer | number): never {
			const result = super.read(option as number);
			if (result instanceof ArrayBuffer) this.#parser.parse(Buffer.from(result));
			else if (result !== undefined && typeof option === "object")
				this.#parser.parse(Buffer.from(bytesOf(option).slice(0, result)));
			return result as never;
		}
	} as unknown as TCPClass;
}

function actuator(shown: Shown) {
	return class {
		write(level: number): void {
			shown.show(level);
		}
		close(): void {}
	};
}

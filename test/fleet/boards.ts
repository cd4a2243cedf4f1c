/**
 * One process of a fleet: so many boards of the real firmware in one Node, with flash in RAM or in folders of their own.
 * Tells its parent once a second each alert that a board has accepted (read from the records that reach flash), and what the
 * boards did and cost. Knows no broker but the one address that it is given.
 */

import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createDevice } from "../../hosts/node/device.js";
import { HostSensor } from "../../hosts/shared/sensor.js";
import main from "../../main.js";
import type { Device } from "../../modules/device/io.js";
import type { TCPClass } from "../../modules/mqtt/io.js";
import { bytesOf } from "../flash.js";
import { inMemory, listener, scratch } from "./flash.js";

/** What the parent says. */
export type Order =
	| {
			readonly start: {
				/** Numbers of the boards, from `first`. */
				readonly first: number;
				readonly count: number;
				readonly broker: string;
				readonly root: string;
				/** Milliseconds: `backoff.spread` of their description. */
				readonly spread: number;
				/** Milliseconds between two samples of a sensor; and samples between two edges of the alert. */
				readonly every: number;
				readonly samples: number;
				/** The folder of the boards' folders; flash in RAM if not given. */
				readonly data?: string;
			};
	  }
	| { readonly quiet: true }
	| { readonly close: true };

/** What it tells. */
export type Word = { readonly second: Second } | { readonly closed: true };

/** Of all boards of the process, since the last one. */
export interface Second {
	/** Alerts that were accepted, as the recorder knows them. */
	readonly accepted: readonly string[];
	readonly samples: number;
	readonly due: number;
	/** Connections begun, by the second of the wall clock in which they were. */
	readonly connects: readonly (readonly [second: number, count: number])[];
	/** Milliseconds of processor time. */
	readonly cpu: number;
	/** Bytes. */
	readonly rss: number;
	/** Milliseconds that the event loop was late at the worst. */
	readonly late: number;
}

const SENSORS = 2;
/** Milliseconds of a turn of the event loop that are spent on switching boards on. */
const SLICE = 20;
const tell = (word: Word) => process.send?.(word);
const boards: { close(callback: () => void): void }[] = [];
let accepted: string[] = [];
const counted = { samples: 0, connects: new Map<number, number>() };
let quiet = false;
let period = 1000;

/** Crosses its threshold at each `samples`th sample, out of step with the others. */
function swing(samples: number, phase: number) {
	return class extends HostSensor {
		#taken = phase;
		constructor(options: object) {
			super("swing", options);
		}
		sample() {
			counted.samples++;
			if (!quiet) this.#taken++;
			return { value: Math.floor(this.#taken / samples) % 2 ? 100 : 0 };
		}
	};
}

/** `io`, each instance of it a connection that was begun. */
function counting(io: TCPClass): TCPClass {
	return class extends (io as new (options: object) => InstanceType<TCPClass>) {
		constructor(options: object) {
			super(options);
			const second = Math.floor(Date.now() / 1000);
			counted.connects.set(second, (counted.connects.get(second) ?? 0) + 1);
		}
	} as unknown as TCPClass;
}

/** Switches the boards on as fast as it can, and lets those that are on do their work meanwhile. */
function start(order: Extract<Order, { start: object }>["start"], number = order.first): void {
	const end = order.first + order.count;
	for (const slice = performance.now() + SLICE; number < end && performance.now() < slice; number++)
		switchOn(order, number);
	if (number < end) setImmediate(() => start(order, number));
}

function switchOn(
	{ broker, root, spread, every, samples, data }: Extract<Order, { start: object }>["start"],
	number: number,
): void {
	const id = `board-${number}`;
	const description = describe(broker, root, id, spread, every);
	const host = createDevice({
		description,
		data: data ? join(data, id) : scratch(),
		flash: { together: true },
	});
	const { client } = host.network.mqtt;
	const socket = { ...client.socket, io: counting(client.socket.io) };
	const sensor = { swing: { io: swing(samples, number % samples), quantity: "value" } };
	const device = { ...host, sensor, network: { mqtt: { client: { ...client, socket } } } };
	const onAccepted = (alert: string) => void accepted.push(`${id} ${alert}`);
	const flash = data ? watched(host.flash, onAccepted) : inMemory(onAccepted);
	const board = main({ ...device, flash } as Device);
	if (!board) throw new Error("fleet: the description is wrong");
	boards.push(board);
}

const describe = (broker: string, root: string, id: string, spread: number, every: number) => ({
	root,
	id,
	broker,
	backoff: { spread },
	sensors: ["a", "b"].map(name => ({ name, driver: "swing", every })),
	alerts: [{ name: "high", sensor: "a", above: 60, clear: 40 }],
});

function watched(flash: NonNullable<Device["flash"]>, onAccepted: (alert: string) => void): Device["flash"] {
	const hear = listener(onAccepted);
	return {
		open(options) {
			const partition = flash.open(options);
			const write = partition.write.bind(partition);
			partition.write = (data, offset) => {
				write(data, offset);
				hear(bytesOf(data));
			};
			return partition;
		},
		[Symbol.iterator]: () => flash[Symbol.iterator](),
	} as Device["flash"];
}

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
let usage = process.cpuUsage();
let at = performance.now();

function second(): void {
	const now = performance.now();
	const { user, system } = process.cpuUsage(usage);
	usage = process.cpuUsage();
	const { samples } = counted;
	const connects = [...counted.connects];
	counted.samples = 0;
	counted.connects.clear();
	const due = (boards.length * SENSORS * (now - at)) / period;
	at = now;
	const late = Math.max(0, delay.max / 1e6 - 10);
	delay.reset();
	const cpu = (user + system) / 1000;
	tell({ second: { accepted, samples, due, connects, cpu, rss: process.memoryUsage.rss(), late } });
	accepted = [];
}
setInterval(second, 1000);

process.on("message", (order: Order) => {
	if ("start" in order) {
		period = order.start.every;
		start(order.start);
	} else if ("quiet" in order) quiet = true;
	else
		Promise.all(boards.map(board => new Promise<void>(done => board.close(done)))).then(() => {
			tell({ closed: true });
			process.disconnect();
			process.exit(0);
		});
});
// Without its parent it has no meaning.
process.on("disconnect", () => process.exit(1));

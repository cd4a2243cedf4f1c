/**
 * The whole firmware, main.ts, over the TCP adapter of a board (hosts/moddable/tcp.ts): a sample on its way from the timer
 * to the socket, an alert's edge with journal and PUBACK, a start from power-on to online.
 */

// @ts-expect-error: hosts/moddable/tcp.ts, which is compiled against the SDK
import { TCP } from "board-tcp";
import main from "../../../main.js";
import type { Device } from "../../../modules/device/io.js";
import MQTTClient from "../../../modules/mqtt/client.js";
import * as scene from "../scene.js";
import { advance, clock, flash, net, off, pause, resume, timer, WorldResolver } from "../world.js";

const PERIOD = 1_000;

/** What the sensor reads next. */
let reading = () => 20;

class Thermometer {
	sample(): object {
		return { temperature: reading() };
	}
	close(): void {}
}

class Pin {
	static readonly Output = "output";
	static readonly Input = "input";
	write(): void {}
	read(): number {
		return 0;
	}
	close(): void {}
}

const device = {
	name: "bench",
	io: { Digital: Pin },
	pin: {},
	sensor: { thermometer: { io: Thermometer, quantity: "temperature", unit: "°C" } },
	network: {
		mqtt: {
			client: { io: MQTTClient, socket: { io: TCP }, dns: { io: WorldResolver }, timer, ticks: clock },
		},
	},
	keyValue: {
		open() {
			throw new Error("there is flash");
		},
	},
	flash: { open: () => flash },
	timer,
	clock: {
		synchronized: true,
		get ticks() {
			return clock.ticks;
		},
		get time() {
			return scene.TIME + clock.ticks;
		},
	},
	description: {
		root: "factory/1/machine",
		id: "bench-1",
		broker: "mqtt://127.0.0.1",
		sensors: [{ name: "temp", driver: "thermometer", every: PERIOD, unit: "°C", decimals: 1 }],
		alerts: [{ name: "overheat", sensor: "temp", above: 30, clear: 28 }],
		lamp: { pin: 2 },
	},
	reset: "power-on",
} as unknown as Device;

/** As many sensors as the client keeps topics for. */
const eight = {
	...device,
	description: {
		...(device.description as object),
		alerts: [],
		sensors: Array.from({ length: 8 }, (_, i) => ({
			name: `temp-${i}`,
			driver: "thermometer",
			every: PERIOD,
			decimals: 1,
		})),
	},
} as unknown as Device;

/** The power goes, and comes again. */
function power(made = device): void {
	off();
	main(made);
}

function online(made = device): void {
	power(made);
	// Past all that follows a connect.
	advance(90_000);
}

function erase(): void {
	flash.image.fill(0xff);
	net.up = true;
}

/** Edges up and down in turn. */
function swing(): void {
	let round = 0;
	reading = () => (round++ & 1 ? 35 : 20);
}

/** A journal in use all over, with 60 alerts held. */
function used(): void {
	erase();
	swing();
	online();
	for (let i = 0; i < 500; i++) advance(PERIOD);
	net.up = false;
	power();
	for (let i = 0; i < 60; i++) advance(PERIOD);
	net.up = true;
}

function starting(): () => void {
	const image = flash.image.slice();
	reading = () => 20;
	const accepted = () => net.taken > 0;
	return () => {
		pause();
		flash.image.set(image);
		resume();
		power();
		// Until the broker has the status.
		advance(60_000, accepted);
	};
}

const scenarios: { readonly [name: string]: () => () => void } = {
	sample() {
		erase();
		reading = scene.readings();
		online();
		return () => advance(PERIOD);
	},
	sample8() {
		erase();
		reading = scene.readings();
		online(eight);
		return () => advance(PERIOD);
	},
	edge() {
		erase();
		swing();
		online();
		return () => advance(PERIOD);
	},
	start() {
		erase();
		return starting();
	},
	"start-used"() {
		used();
		return starting();
	},
};

export const { list, scenario, writes } = scene.plain(scenarios, net, off);

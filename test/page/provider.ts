/**
 * The host provider instance (ECMA-419 §30) of a browser, as far as the page has one, for the conformance suites: timer,
 * resolver and sockets that are WebSockets, each to the port that a case asks for. Bundled, and run in the page.
 */

import { through } from "../../hosts/desk/page/mqtt/tcp.js";
import { timer } from "../../hosts/desk/page/mqtt/timer.js";
import type { Device } from "../../modules/device/io.js";
import MQTTClient from "../../modules/mqtt/client.js";
import type { TCPClass, TCPOptions } from "../../modules/mqtt/io.js";
import { suites } from "../hosts/all.js";
import { type Outcome, run, type World } from "../hosts/suite.js";

const { socket, dns } = through("");

/** The page's class knows one address, by its `url`. Here there are several, on this machine. */
class TCP extends (socket.io as TCPClass) {
	constructor(options: TCPOptions) {
		super(options && ({ ...options, url: `ws://${location.host}/tcp/${options.port}` } as TCPOptions));
	}
}

const clock = {
	get ticks() {
		return performance.now() | 0;
	},
	get time() {
		return Date.now();
	},
	synchronized: true,
};

const device = {
	name: "browser",
	network: { mqtt: { client: { io: MQTTClient, socket: { io: TCP }, dns, timer, ticks: clock } } },
	timer,
	clock,
} as unknown as Device;

Object.assign(globalThis, {
	conform: (suite: number, index: number, world: World) =>
		new Promise<Outcome>(resolve => {
			const item = suites[suite]?.cases[index];
			if (!item) throw new Error(`no case ${index} in suite ${suite}`);
			run(item, device, world, resolve);
		}),
});

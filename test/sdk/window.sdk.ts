/**
 * The window of a simulated board (hosts/simulator/mockup), in the SDK's mcsim: what its Press, Cut, On and Restart buttons do.
 * No user clicks here: a script behind it calls what each button calls, and prints what the window shows.
 */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brokers, type TestBroker } from "../firmware/brokers.js";
import { Observer } from "../firmware/observer.js";
import { buildSimulator, display, missing, output, root, Simulator } from "./sdk.js";

const mosquitto = brokers.find(({ name }) => /mosquitto/i.test(name));
const reason = missing("Xvfb", "stdbuf") ?? mosquitto?.missing;
const base = "factory/1/machine/window";

const board = {
	root: "factory/1/machine",
	id: "window",
	keepAlive: 5000,
	sensors: [{ name: "temp", driver: "temperature", every: 1000, unit: "°C" }],
	lamp: { pin: "led" },
	button: { pin: "button", activeLow: false },
	commands: ["info", "restart"],
};

/** By time since the window was opened: the events of its buttons, as ButtonsRow sends them. */
const script = `
const events = [[4000, "onButtonDown"], [4300, "onButtonUp"], [6000, "onPowerCut"], [9000, "onPowerOn"], [13000, "onRestart"]];
class Hands extends BoardBehavior {
	onCreate(container, device) {
		super.onCreate(container, device);
		this.next = 0;
		container.interval = 100;
		container.start();
	}
	onTimeChanged(container) {
		while (this.next < events.length && events[this.next][0] <= container.time) {
			const [, event] = events[this.next++];
			trace("window: " + event + "\\n");
			this[event](container);
			this.tell(container);
		}
	}
	show(container) {
		super.show(container);
		this.tell(container);
	}
	tell(container) {
		const text = name => container.content(name).string;
		const shown = [text("title"), text("state"), text("level"), text("sensors")].join(" | ");
		if (shown !== this.shown) trace("window: " + shown + "\\n");
		this.shown = shown;
	}
}
`;

describe("the window of a simulated board", function () {
	this.timeout(600_000);
	let broker: TestBroker;
	let observer: Observer;
	let screen: { readonly name: string; close(): void };
	let simulator: Simulator;
	const shown = (pattern: RegExp) => simulator.line(pattern, 30_000);
	before(async function () {
		if (reason) {
			console.log(`      ${reason}`);
			this.skip();
		}
		broker = await (mosquitto as NonNullable<typeof mosquitto>).open();
		observer = await Observer.connect(broker.url);
		const data = join(output, "window-data");
		const mockups = join(output, "window");
		for (const folder of [data, mockups]) mkdirSync(folder);
		const own = readFileSync(join(root, "hosts/simulator/mockup/glowworm.js"), "utf8");
		const driven = own.replace("Behavior: BoardBehavior", "Behavior: Hands");
		assert.notEqual(driven, own);
		writeFileSync(
			join(mockups, "glowworm.js"),
			driven.replace("export default {", `${script}\nexport default {`),
		);
		const { so } = await buildSimulator({ data, broker: broker.url, board: JSON.stringify(board) });
		screen = await display();
		simulator = new Simulator(so, screen.name, mockups);
	});
	after(async () => {
		await simulator?.kill();
		screen?.close();
		await observer?.close();
		await broker?.close();
	});

	it("shows its board, and that it is online and where", async () => {
		await shown(new RegExp(`^window: ${base} \\| online at ${broker.url} \\| lamp off \\| temp: 21 °C`));
		assert.equal(JSON.parse((await observer.next(`${base}/info`, undefined, 0)).text).boot, 1);
	});
	it("Press switches the lamp, which it shows", async () => {
		await shown(/\| lamp 100 % \|/);
		await observer.next(`${base}/lamp/state`, /"ON".*local/, 0);
	});
	it("Cut takes the power: no goodbye is said, the will says offline, and the window that it is off", async () => {
		await shown(/^window: onPowerCut$/);
		await shown(/^window: Glowworm \| off \| lamp off \| no measurement yet$/);
		await observer.next(`${base}/status`, "offline", 0);
	});
	it("On starts the board again, with what it has stored: another boot, and the lamp as it was", async () => {
		await shown(/^window: onPowerOn$/);
		const { text } = await observer.next(`${base}/info`, /"boot":2/, 0);
		assert.equal(JSON.parse(text).reset, "power-on");
		await observer.next(`${base}/measurements/temp`, undefined, observer.mark);
		const lamp = observer.since(0, `${base}/lamp/state`).map(message => JSON.parse(message.text).state);
		assert.deepEqual(lamp.slice(0, 3), ["OFF", "ON", "ON"]);
	});
	it("Restart starts it anew", async () => {
		await shown(/^window: onRestart$/);
		await observer.next(`${base}/info`, /"boot":3/, 0);
	});
	it("cmd restart does, too", async () => {
		await observer.next(`${base}/status`, "online", 0);
		await observer.publish(`${base}/cmd`, "restart");
		await observer.next(`${base}/info`, /"boot":4/, 0);
	});
});

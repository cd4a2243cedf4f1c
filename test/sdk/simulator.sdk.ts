/**
 * First light, in Moddable's simulator: the very main.ts and modules/, linked and preloaded by the SDK, against real
 * Mosquitto with MQTT.js as the other side. The tests are one story and run in order.
 */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { TestBroker } from "../firmware/brokers.js";
import { Observer } from "../firmware/observer.js";
import { openBroker, Scene } from "./scene.js";
import { buildSimulator, measure, output, replaced, root, Simulator, warnings } from "./sdk.js";

const base = "factory/1/machine/simulated";
const mockups = join(root, "test/sdk/mockup");
const data = join(output, "data");

const board = {
	root: "factory/1/machine",
	id: "simulated",
	keepAlive: 5000,
	sensors: [{ name: "temp", driver: "temperature", every: 200 }],
	alerts: [{ name: "overheat", sensor: "temp", above: 30, clear: 28 }],
	lamp: { pin: "led", dimmable: true },
	button: { pin: "button", activeLow: false },
	commands: ["info", "config", "provision"],
};

describe("the firmware in Moddable's simulator", function () {
	this.timeout(600_000);
	const scene = new Scene();
	let broker: TestBroker;
	let observer: Observer;
	let screen: Scene["screen"];
	let simulator: Simulator;
	let so: string;

	before(async function () {
		await scene.open(this);
		mkdirSync(data);
		({ broker, observer, screen } = scene);
	});
	after(async () => {
		await simulator?.kill();
		await scene.close();
	});
	const boot = () => {
		simulator = new Simulator(so, screen.name, mockups);
	};
	/** Duties of the lamp's pin, as the window saw them since `mark`. */
	const lamp = (mark = 0) =>
		simulator.lines
			.slice(mark)
			.map(line => /^window: led (.*)$/.exec(line)?.[1])
			.filter(duty => duty !== undefined)
			.map(Number);

	it("builds from the root manifest as it is, the linker warning of none of our modules", async () => {
		const built = await buildSimulator({ data, broker: broker.url, board: JSON.stringify(board) });
		so = built.so;
		assert.deepEqual(warnings(built.log, replaced), []);
		const { aliases, bytes } = measure(built.folder);
		console.log(`      ${aliases} aliases; ${bytes} bytes linked, the SDK's share included`);
	});
	it("comes online: status retained, info, measurements; a retained command is ignored", async () => {
		await observer.publish(`${base}/lamp/set`, "ON", true);
		const mark = observer.mark;
		boot();
		await observer.next(`${base}/status`, "online", mark);
		const info = JSON.parse((await observer.next(`${base}/info`, undefined, mark)).text);
		assert.equal(info.host, "simulator");
		assert.equal(info.outbox, "flash");
		const { text } = await observer.next(`${base}/measurements/temp`, undefined, mark);
		assert.equal(JSON.parse(text).v, 21);
		const late = await Observer.connect(broker.url, `${base}/status`);
		assert.equal((await late.next(`${base}/status`, "online", 0)).retain, true);
		await late.close();
		assert.deepEqual(
			lamp().filter(duty => duty > 0),
			[],
		);
		assert.ok(simulator.lines.some(line => /lamp\/set/.test(line) && /retained/.test(line)));
		await observer.publish(`${base}/lamp/set`, "", true);
	});
	it("a crossing of the limit and back gives one ON and one OFF", async () => {
		const first = JSON.parse((await observer.next(`${base}/alerts/overheat`, /ON/, 0)).text);
		const second = JSON.parse((await observer.next(`${base}/alerts/overheat`, /OFF/, 0)).text);
		assert.notEqual(first.id, second.id);
		assert.equal(observer.since(0, `${base}/alerts/overheat`).length, 2);
	});
	it("the button switches the lamp", async () => {
		await observer.next(`${base}/lamp/state`, /"ON"/, 0);
		assert.equal(lamp().at(-1), 1);
		await observer.publish(`${base}/lamp/set`, "OFF");
		await observer.next(`${base}/lamp/state`, /"OFF".*set/);
		assert.equal(lamp().at(-1), 0);
	});
	it("a retained wish switches the lamp once, and is reported with its version", async () => {
		const mark = observer.mark;
		const before = lamp().length;
		await observer.publish(`${base}/lamp/desired`, { state: "ON", brightness: 128, ver: 1 }, true);
		const state = JSON.parse((await observer.next(`${base}/lamp/state`, /"ver":1/, mark)).text);
		assert.equal(state.state, "ON");
		await observer.publish(`${base}/lamp/desired`, { state: "ON", brightness: 128, ver: 1 }, true);
		await observer.next(`${base}/measurements/temp`);
		await observer.next(`${base}/measurements/temp`);
		const duties = lamp().slice(before);
		assert.equal(duties.length, 1);
		assert.ok(Math.abs((duties[0] as number) - 128 / 255) < 0.01);
	});
	it("dies by kill -9: the will says offline; at the next start the wish does not switch again", async () => {
		await simulator.kill();
		await observer.next(`${base}/status`, "offline", 0);
		const mark = observer.mark;
		boot();
		const info = JSON.parse((await observer.next(`${base}/info`, undefined, mark)).text);
		assert.equal(info.boot, 2);
		await observer.next(`${base}/measurements/temp`, undefined, mark);
		await observer.next(`${base}/measurements/temp`);
		assert.ok(!simulator.lines.some(line => /desired/.test(line) && /lamp on/.test(line)));
		assert.ok(
			lamp().length <= 2,
			`the pin changed ${lamp().length} times: 0 % of a new PWM, and what was last`,
		);
		assert.ok(Math.abs((lamp().at(-1) as number) - 128 / 255) < 0.01);
	});
	it("an emptied wish is no wish: the lamp stays", async () => {
		const before = lamp().length;
		await observer.publish(`${base}/lamp/desired`, "", true);
		await observer.next(`${base}/measurements/temp`);
		await observer.next(`${base}/measurements/temp`);
		assert.equal(lamp().length, before);
	});
	it("a broker that goes for a while is found again without help, and alerts raised meanwhile arrive", async () => {
		const mark = observer.mark;
		await simulator.kill();
		boot();
		await observer.next(`${base}/status`, "online", mark);
		await broker.stop();
		// The window heats the board four seconds after its start.
		await new Promise(resolve => setTimeout(resolve, 5000));
		const back = observer.mark;
		await broker.start();
		await observer.next(`${base}/alerts/overheat`, /ON/, back);
		await observer.next(`${base}/status`, "online", back);
	});
	it("moves to the broker and the name that it is told by cmd config, and stays there", async () => {
		const other = await openBroker();
		const there = await Observer.connect(other.url);
		try {
			const set = { provision: { broker: other.url, id: "moved" } };
			await observer.publish(`${base}/cmd`, { cmd: "config", cid: "move", set });
			const { text } = await observer.next(`${base}/cmd/result`, /"cid":"move"/, 0);
			assert.deepEqual(JSON.parse(text).config.provision, { next: set.provision });
			const arrive = async () => {
				await simulator.kill();
				const mark = there.mark;
				boot();
				await there.next("factory/1/machine/moved/status", "online", mark);
				await there.next("factory/1/machine/moved/measurements/temp", undefined, mark);
			};
			await arrive();
			// A minute online is its proof.
			await simulator.line(/^provision: kept$/, 90_000);
			await arrive();
		} finally {
			await there.close();
			await other.close();
		}
	});
});

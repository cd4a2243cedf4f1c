/**
 * The whole firmware on each engine against each broker, watched and commanded by MQTT.js: what issue after issue
 * promised to a client of the broker. Topics and payloads are those of the README.
 */

import assert from "node:assert/strict";
import type { Program } from "../../hosts/desk/firmware.js";
import { aws } from "./aws.js";
import { type BrokerKind, brokers, type TestBroker } from "./brokers.js";
import type { Message } from "./observer.js";
import { engines, linked, ROOT, Scene } from "./scene.js";

interface Measurement {
	readonly v: number;
	readonly ts: number;
	readonly tsq: string;
	readonly seq: number;
}

const json = <T = Record<string, unknown>>({ text }: Message) => JSON.parse(text) as T;
const on = (ver?: number) => (message: Message) => {
	const { state, ver: found } = json(message);
	return state === "ON" && (ver === undefined || found === ver);
};
const off = (message: Message) => json(message).state === "OFF";
const states = (messages: readonly Message[]) => messages.map(message => json(message).state);
/** At least once is what QoS 1 promises; the `id` in the payload tells a second copy. */
const once = (messages: readonly Message[]) => {
	const ids = messages.map(message => json(message).id);
	return messages.filter((_, index) => ids.indexOf(ids[index]) === index);
};

for (const engine of [...engines, linked])
	for (const kind of engine === linked ? [brokers[0] as BrokerKind, aws(ROOT)] : [...brokers, aws(ROOT)]) {
		const reason = engine.missing ?? kind.missing;
		const how = engine === linked ? "as an image, on" : "on";
		describe(`firmware ${how} ${engine.name} against ${kind.name}${reason ? ` – pending: ${reason}` : ""}`, function () {
			this.timeout(40_000);
			let broker: TestBroker;
			let scene: Scene;
			let program: Program | undefined;

			before(async function () {
				if (reason) this.skip();
				program = await engine.program?.();
				broker = await kind.open();
			});
			after(() => broker?.close());
			beforeEach(async () => {
				scene = await Scene.open(engine.name, kind, broker, program);
			});
			afterEach(async function () {
				if (this.currentTest?.state === "failed")
					for (const line of scene.trace) console.log(`      ${line}`);
				await scene.end();
			});

			suite(
				() => scene,
				() => broker,
			);
		});
	}

function suite(stage: () => Scene, broker: () => TestBroker): void {
	it("publishes status online and info, both retained", async () => {
		const scene = stage();
		await scene.start();
		await scene.next("info", undefined, 0);
		const late = await scene.late();
		const status = await late.next(scene.topic("status"), "online", 0);
		assert.equal(status.retain, true);
		const info = await late.next(scene.topic("info"), undefined, 0);
		assert.equal(info.retain, true);
		const { host, boot, reset } = json(info);
		assert.deepEqual({ host, boot, reset }, { host: scene.engine, boot: 1, reset: "power-on" });
	});

	it("publishes measurements at the described rates, none twice and none left out", async () => {
		const scene = stage();
		await scene.start({
			sensors: [
				{ name: "fast", driver: "wave", every: 50 },
				{ name: "slow", driver: "free-memory", every: 250, decimals: 0 },
			],
		});
		const last = (count: number) => (message: Message) => json<Measurement>(message).seq >= count;
		await Promise.all([
			scene.next("measurements/fast", last(20), 0),
			scene.next("measurements/slow", last(4), 0),
		]);
		for (const [name, every] of [
			["fast", 50],
			["slow", 250],
		] as const) {
			const messages = scene.since(0, `measurements/${name}`);
			const found = messages.map(message => json<Measurement>(message));
			assert.ok(found.every(({ v, tsq }) => Number.isFinite(v) && tsq === "ntp"));
			assert.ok(messages.every(({ qos, retain }) => qos === 0 && !retain));
			const first = found[0]?.seq as number;
			assert.deepEqual(
				found.map(({ seq }) => seq),
				found.map((_, index) => first + index),
			);
			// By the board's own clock. A busy machine may hold up some samples, not most, and makes none come too early.
			const gaps = found.slice(1).map(({ ts }, index) => (ts as number) - (found[index]?.ts as number));
			const median = gaps.toSorted((one, other) => one - other)[gaps.length >> 1] as number;
			const gone = gaps.reduce((sum, gap) => sum + gap, 0);
			const said = `${name}: ${gaps.join(", ")} ms`;
			assert.ok(median > every / 2 && median < every * 1.5 && gone > (gaps.length - 1) * every, said);
		}
	});

	it("switches the lamp on for a retained wish on lamp/desired and reports it retained with its version", async () => {
		const scene = stage();
		await scene.start();
		await scene.send("lamp/desired", { state: "ON", ver: 1 }, true);
		await scene.next("lamp/state", on(1), 0);
		assert.deepEqual(scene.lamp.filter(Boolean), [1]);
		const late = await scene.late();
		const state = await late.next(scene.topic("lamp/state"), on(1), 0);
		assert.equal(state.retain, true);
		assert.equal(json(state).src, "desired");
	});

	it("takes a wish that was there before the board was", async () => {
		const scene = stage();
		await scene.send("lamp/desired", { state: "ON", ver: 1 }, true);
		await scene.start();
		await scene.next("lamp/state", on(1), 0);
		assert.deepEqual(scene.lamp.filter(Boolean), [1]);
	});

	it("changes nothing for the same version again, nor for an older one", async () => {
		const scene = stage();
		await scene.start();
		await scene.send("lamp/desired", { state: "ON", ver: 2 }, true);
		await scene.next("lamp/state", on(2), 0);
		await scene.send("lamp/desired", { state: "OFF", ver: 2 }, true);
		await scene.send("lamp/desired", { state: "OFF", ver: 1 }, true);
		await scene.send("lamp/desired", { state: "ON", ver: 2 }, true);
		await scene.settled();
		assert.deepEqual(scene.lamp.filter(Boolean), [1]);
		assert.equal(scene.lamp.at(-1), 1);
		assert.equal(states(scene.since(0, "lamp/state")).at(-1), "ON");
	});

	it("does not switch again when it is restarted and the broker sends the retained wish once more", async () => {
		const scene = stage();
		await scene.start();
		await scene.send("lamp/desired", { state: "ON", ver: 1 }, true);
		await scene.next("lamp/state", on(1), 0);
		await scene.answers(() => scene.send("lamp/set", "OFF"), "lamp/state", off);
		await scene.stop();
		await scene.forget();
		const { mark } = scene.observer;
		const switched = scene.lamp.length;
		await scene.restart();
		await scene.next("lamp/state", undefined, mark);
		await scene.settled();
		assert.deepEqual(scene.lamp.slice(switched).filter(Boolean), []);
		assert.deepEqual([...new Set(states(scene.since(mark, "lamp/state")))], ["OFF"]);
	});

	it("comes back with the lamp as it was, switched once, after a power cut", async () => {
		const scene = stage();
		await scene.start();
		await scene.send("lamp/desired", { state: "ON", ver: 1 }, true);
		await scene.next("lamp/state", on(1), 0);
		scene.cut();
		await scene.next("status", "offline");
		const { mark } = scene.observer;
		const switched = scene.lamp.length;
		await scene.restart();
		await scene.next("lamp/state", undefined, mark);
		await scene.settled();
		assert.deepEqual(scene.lamp.slice(switched).filter(Boolean), [1]);
		assert.deepEqual([...new Set(states(scene.since(mark, "lamp/state")))], ["ON"]);
	});

	it("takes a cleared wish for no wish, and OFF on lamp/set for off", async () => {
		const scene = stage();
		await scene.start();
		await scene.send("lamp/desired", { state: "ON", ver: 1 }, true);
		await scene.next("lamp/state", on(1), 0);
		await scene.send("lamp/desired", "", true);
		await scene.settled();
		assert.equal(scene.lamp.at(-1), 1);
		const { mark } = scene.observer;
		await scene.send("lamp/set", "OFF");
		const state = await scene.next("lamp/state", off, mark);
		assert.equal(json(state).src, "set");
		assert.equal(scene.lamp.at(-1), 0);
	});

	it("ignores a retained OFF on lamp/set and reports it", async () => {
		const scene = stage();
		await scene.send("lamp/desired", { state: "ON", ver: 1 }, true);
		await scene.start();
		await scene.next("lamp/state", on(1), 0);
		await scene.stop();
		await scene.send("lamp/set", "OFF", true);
		await scene.forget();
		const { mark } = scene.observer;
		await scene.restart();
		await scene.next("cmd/result", /retained/, mark);
		await scene.next("lamp/state", undefined, mark);
		await scene.settled();
		assert.equal(scene.lamp.at(-1), 1);
		assert.deepEqual([...new Set(states(scene.since(mark, "lamp/state")))], ["ON"]);
	});

	it("changes nothing for a payload that makes no sense and says what was wrong with it", async () => {
		const scene = stage();
		await scene.start();
		await scene.send("lamp/set", "TOGGLE");
		await scene.next("cmd/result", /TOGGLE/, 0);
		assert.deepEqual(scene.lamp.filter(Boolean), []);
	});

	it("publishes offline when it is closed, and nothing after that", async () => {
		const scene = stage();
		await scene.start({ sensors: [{ name: "fast", driver: "wave", every: 20 }] });
		await scene.next("measurements/fast");
		const offline = scene.next("status", "offline");
		await scene.stop();
		await offline;
		assert.equal(scene.observer.messages.at(-1)?.text, "offline");
	});

	it("raises exactly one ON and one OFF at QoS 1 for a replay that crosses 30 and falls to 27", async () => {
		const scene = stage();
		scene.file(
			"ramp.csv",
			"seconds,value\n0,25\n0.2,29\n0.4,30.5\n0.6,29.5\n0.8,31\n1.0,28.5\n1.2,27\n1.4,26\n",
		);
		await scene.start({
			sensors: [{ name: "temp", driver: "replay", file: "ramp.csv", every: 50, unit: "°C" }],
			alerts: [{ name: "overheat", sensor: "temp", above: 30, clear: 28 }],
		});
		await scene.next("measurements/temp", message => json<Measurement>(message).v === 26, 0);
		await scene.stop();
		const alerts = scene.since(0, "alerts/overheat");
		assert.deepEqual(states(alerts), ["ON", "OFF"]);
		assert.ok(alerts.every(({ qos, retain, duplicate }) => qos === 1 && !retain && !duplicate));
		const [raised, cleared] = alerts.map(message => json(message));
		assert.deepEqual([raised?.v, cleared?.v], [30.5, 27]);
		assert.notEqual(raised?.id, cleared?.id);
		const late = await scene.late();
		const state = await late.next(scene.topic("alerts/overheat/state"), undefined, 0);
		assert.deepEqual([json(state).state, state.retain], ["OFF", true]);
	});

	it("is back without help when the broker is, and delivers the alerts raised in between, in order", () =>
		outage(stage(), broker(), 0));

	it("delivers after a power cut what was raised before it, while the broker was away", async () => {
		const scene = stage();
		await scene.start({
			sensors: [{ name: "temp", driver: "script", every: 20 }],
			alerts: [{ name: "overheat", sensor: "temp", above: 30, clear: 28 }],
		});
		const { mark } = scene.observer;
		await broker().stop();
		for (const value of [31, 27, 32]) await scene.reads(value);
		scene.cut();
		await broker().start();
		await scene.restart();
		// It knows that it has said ON, so that nothing is said again while it stays hot.
		await scene.reads(33);
		await scene.reads(26);
		await scene.next("alerts/overheat", message => json(message).v === 26, mark);
		const alerts = once(scene.since(mark, "alerts/overheat"));
		assert.deepEqual(
			alerts.map(message => json(message).v),
			[31, 27, 32, 26],
		);
	});

	it("starts anew when it is told to on cmd, and says why it started", async () => {
		const scene = stage();
		await scene.start();
		const { mark } = scene.observer;
		await scene.send("cmd", { cmd: "restart", cid: "again" });
		await scene.next("cmd/result", /again/, mark);
		await scene.next("status", "offline", mark);
		const info = await scene.next("info", message => json(message).boot === 2, mark);
		assert.equal(json(info).reset, "software");
		await scene.settled();
	});

	it("takes back all that it retained when it is told to forget, its status last", async () => {
		const scene = stage();
		await scene.start();
		await scene.send("lamp/set", "ON");
		const { mark } = scene.observer;
		await scene.send("cmd", "forget");
		// Cleared with all the others, and once more as its goodbye.
		const goodbye = ({ text }: Message) => text === "" && scene.since(mark, "status").length > 1;
		await scene.next("status", goodbye, mark);
		const late = await scene.late();
		await late.publish(scene.topic("mark"), "end");
		await late.next(scene.topic("mark"), "end", 0);
		const kept = late.since(0).filter(({ retain }) => retain);
		assert.deepEqual(kept, []);
		// The broker has closed after DISCONNECT, so it publishes no will, and the board need not connect again.
		const told = () => scene.trace.find(line => /^(forgotten|forget: the connection)/.test(line));
		for (let i = 0; i < 100 && told() === undefined; i++) await new Promise(done => setTimeout(done, 20));
		assert.equal(told(), "forgotten: stays away until it is restarted");
	});

	// Half a minute for each engine and broker, in which nothing happens that the test before does not show.
	if (process.env.SLOW)
		it("is back without help when the broker was away for 20 s, and delivers the alerts raised in between", function () {
			this.timeout(120_000);
			return outage(stage(), broker(), 20_000);
		});
}

async function outage(scene: Scene, broker: TestBroker, length: number): Promise<void> {
	await scene.start({
		sensors: [{ name: "temp", driver: "script", every: 20 }],
		alerts: [{ name: "overheat", sensor: "temp", above: 30, clear: 28 }],
	});
	const { mark } = scene.observer;
	await broker.stop();
	for (const value of [31, 27, 32, 26]) await scene.reads(value);
	await new Promise(done => setTimeout(done, length));
	await broker.start();
	await scene.next("status", "online", mark);
	await scene.next("alerts/overheat", message => json(message).v === 26, mark);
	const alerts = once(scene.since(mark, "alerts/overheat"));
	assert.deepEqual(
		alerts.map(message => json(message).v),
		[31, 27, 32, 26],
	);
	assert.deepEqual(states(alerts), ["ON", "OFF", "ON", "OFF"]);
}

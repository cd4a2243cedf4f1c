/**
 * The real Home Assistant and a board, where $HOMEASSISTANT names an installed `hass`: at the desk's broker and at Mosquitto, with a
 * configuration made for the test. Elsewhere pending, with the reason: the validator and template.ts stand for it.
 */

import assert from "node:assert/strict";
import { startBroker } from "../../hosts/desk/broker.js";
import { type BrokerKind, mosquitto, type TestBroker } from "../firmware/brokers.js";
import { Observer } from "../firmware/observer.js";
import { ROOT, Scene } from "../firmware/scene.js";
import { Hass, missing } from "./hass.js";
import { expand } from "./validator.js";

interface Component {
	readonly unique_id: string;
	readonly default_entity_id: string;
	readonly entity_category?: string;
}

const never = () => Promise.reject(new Error("it is not stopped"));
const desk: BrokerKind = {
	name: "the desk's broker",
	retainedToWildcards: true,
	QoS: 2,
	redelivers: { duplicate: true, sameIdentifier: true },
	async open(): Promise<TestBroker> {
		const broker = await startBroker({ host: "127.0.0.1", port: 0 });
		const { port, url } = broker;
		return { port, url, stop: never, start: never, close: () => broker.close() };
	},
};

for (const kind of [desk, mosquitto]) {
	const reason = missing ?? kind.missing;
	describe(`the real Home Assistant at ${kind.name}${reason ? ` – pending: ${reason}` : ""}`, function () {
		this.timeout(700_000);
		let broker: TestBroker | undefined;
		let scene: Scene;
		let hub: Observer | undefined;
		let hass: Hass;
		let components: { readonly [key: string]: Component };

		before(async function () {
			if (reason) this.skip();
			broker = await kind.open();
			scene = await Scene.open("node", kind, broker);
			hub = await Observer.connect(broker.url, "homeassistant/#");
			scene.value = 21.5;
			await scene.start({
				sensors: [
					{ name: "temp", driver: "script", every: 100, unit: "°C", decimals: 1 },
					{ name: "batch", driver: "wave", every: 50, batch: 5, unit: "%" },
				],
				alerts: [{ name: "overheat", sensor: "temp", above: 30, clear: 28 }],
				commands: ["info", "config", "identify", "restart", "forget"],
				button: { pin: 0 },
				homeAssistant: { area: "Hall" },
			});
			const topic = `homeassistant/device/${scene.id}/config`;
			const { text } = await hub.next(topic, /^./, 0);
			components = expand(text).components as { readonly [key: string]: Component };
			const mark = hub.mark;
			hass = await Hass.start({ host: "127.0.0.1", port: broker.port });
			// Its birth, and the board's answer to it.
			await hub.next("homeassistant/status", "online", mark, 60_000);
			await hub.next(topic, /^./, hub.mark, 60_000);
		});
		after(async () => {
			await hass?.close();
			await hub?.close();
			await scene?.end();
			await broker?.close();
		});

		const entity = (key: string) => components[key]?.default_entity_id ?? key;
		const all = () => Object.values(components).map(({ default_entity_id: id }) => id);
		const shows = (key: string, right: (state: string) => boolean, what: string) =>
			hass.until(`${entity(key)} ${what}`, states => right(states[entity(key)]?.state ?? ""));

		it("has every entity of the document, under its ids and in its category, and no other", async () => {
			await hass.until("all entities", states => all().every(id => id in states));
			const found = (await hass.registered()).map(({ entity_id, unique_id, entity_category }) => [
				unique_id,
				entity_id,
				entity_category,
			]);
			const wanted = Object.values(components).map(
				({ unique_id, default_entity_id, entity_category = null }) => [
					unique_id,
					default_entity_id,
					entity_category,
				],
			);
			assert.deepEqual(found.sort(), wanted.sort());
		});

		it("shows what the board measures, with its unit, and what it retains", async () => {
			await shows("measurement_temp", state => Number(state) === 21.5, "21.5");
			assert.equal(hass.states[entity("measurement_temp")]?.attributes.unit_of_measurement, "°C");
			await shows("measurement_batch", state => Number.isFinite(Number.parseFloat(state)), "a number");
			await shows("alert_overheat", state => state === "off", "off");
			await shows("light_lamp", state => state === "off", "off");
			await shows("info_boot", state => state === "1", "1");
			await shows("info_outbox", state => state === "flash", "flash");
		});

		it("shows an alert as a problem, and its edge as an event", async () => {
			await scene.reads(31);
			await shows("alert_overheat", state => state === "on", "on");
			await hass.until(
				"the event",
				states => states[entity("edge_overheat")]?.attributes.event_type === "ON",
			);
			await scene.reads(21.5);
			await shows("alert_overheat", state => state === "off", "off");
		});

		it("switches the lamp, and shows the level that it was brought to", async () => {
			const { mark } = scene.observer;
			await hass.call("light.turn_on", entity("light_lamp"), { brightness: 128 });
			const { text } = await scene.next("lamp/state", /"ON"/, mark);
			assert.equal(JSON.parse(text).brightness, 128);
			await hass.until("the lamp's level", states => {
				const light = states[entity("light_lamp")];
				return light?.state === "on" && light.attributes.brightness === 128;
			});
			await hass.call("light.turn_off", entity("light_lamp"));
			await shows("light_lamp", state => state === "off", "off");
		});

		it("sets a period and a threshold, and presses a button, and the board does each", async () => {
			for (const [action, key, data] of [
				["number.set_value", "every_temp", { value: 0.2 }],
				["number.set_value", "above_overheat", { value: 31.5 }],
				["button.press", "command_identify", {}],
			] as const) {
				const { mark } = scene.observer;
				await hass.call(action, entity(key), data);
				const { text } = await scene.next("cmd/result", undefined, mark);
				assert.equal(JSON.parse(text).ok, true, `${key}: ${text}`);
			}
		});

		it("calls everything unavailable once the board's power is cut, and nothing once it is back", async () => {
			scene.cut();
			await hass.until("unavailable", states => all().every(id => states[id]?.state === "unavailable"));
			await scene.restart();
			await hass.until("available", states => all().every(id => states[id]?.state !== "unavailable"));
			await shows("measurement_temp", state => Number(state) === 21.5, "21.5");
			await shows("info_boot", state => state === "2", "2");
		});

		it("has nothing left of a board that is forgotten", async () => {
			await scene.send("cmd", "forget");
			await hass.until("no entity", states => !all().some(id => id in states));
			assert.deepEqual(await hass.registered(), []);
		});

		it("has warned of nothing that names the board", () => {
			assert.deepEqual(hass.complaints([scene.id, "glowworm", ROOT]), []);
		});
	});
}

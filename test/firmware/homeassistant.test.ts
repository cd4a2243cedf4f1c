/**
 * What Home Assistant would find of a real board at a real broker: one document that it takes whole, whose templates resolve
 * against what the board publishes, and whose commands the board carries out.
 */

import assert from "node:assert/strict";
import { commandOf, rendered } from "../homeassistant/template.js";
import { expand, validate } from "../homeassistant/validator.js";
import { aedes, brokers, type TestBroker } from "./brokers.js";
import { Observer } from "./observer.js";
import { engines, Scene } from "./scene.js";

type Component = { readonly [key: string]: string };

const kinds = [aedes, ...brokers.filter(({ name }) => /mosquitto|nats/i.test(name))];

for (const engine of engines)
	for (const kind of kinds) {
		const reason = engine.missing ?? kind.missing;
		describe(`Home Assistant's view of a board on ${engine.name} at ${kind.name}${reason ? ` – pending: ${reason}` : ""}`, function () {
			this.timeout(40_000);
			let broker: TestBroker;
			let scene: Scene;
			let observer: Observer;
			let late: Observer | undefined;

			before(async function () {
				if (reason) this.skip();
				broker = await kind.open();
				scene = await Scene.open(engine.name, kind, broker);
				observer = await Observer.connect(broker.url, "homeassistant/#");
				await scene.start({
					sensors: [
						{ name: "temp", driver: "script", every: 50, unit: "°C", decimals: 1 },
						{ name: "batch", driver: "wave", every: 20, batch: 5 },
					],
					alerts: [{ name: "overheat", sensor: "temp", above: 30, clear: 28 }],
					commands: ["info", "config", "identify", "restart", "forget"],
					homeAssistant: { area: "Hall" },
				});
			});
			after(async () => {
				await scene?.end();
				await late?.close();
				await observer?.close();
				await broker?.close();
			});
			const document = async () => {
				const topic = `homeassistant/device/${scene.id}/config`;
				return { topic, text: (await observer.next(topic, ({ text }) => text !== "", 0)).text };
			};
			const components = async () =>
				expand((await document()).text).components as { readonly [key: string]: Component };

			it("is one retained document that it takes whole", async () => {
				const { topic, text } = await document();
				assert.deepEqual(validate(topic, text), []);
				late = await Observer.connect(broker.url, topic);
				const found = await late.next(topic, undefined, 0);
				assert.deepEqual([found.text, found.retain], [text, true]);
			});

			it("has a value for each entity from what the board publishes", async () => {
				await scene.reads(31);
				for (const [key, component] of Object.entries(await components())) {
					const { state_topic: topic, value_template: template, platform, event_types: types } = component;
					// The button is not pressed, and no sensor fails.
					if (!topic || key === "button") continue;
					const { text } = await scene.observer.next(topic, undefined, 0);
					if (!template) {
						assert.ok(["ON", "OFF"].includes(JSON.parse(text).state), key);
						continue;
					}
					const value = rendered(template, text);
					if (platform === "event") assert.ok(types?.includes(JSON.parse(value).event_type), value);
					else if (platform === "binary_sensor") assert.ok(["ON", "OFF"].includes(value), value);
					else assert.ok(value !== "" && value !== "undefined" && value !== "null", `${key}: ${value}`);
					if (component.state_class) assert.ok(Number.isFinite(Number(value)), `${key}: ${value}`);
				}
			});

			it("switches the lamp as its JSON light does", async () => {
				const { light_lamp: lamp } = await components();
				const { mark } = scene.observer;
				await scene.observer.publish(lamp?.command_topic ?? "", { state: "ON", brightness: 128 });
				const state = await scene.observer.next(lamp?.state_topic ?? "", /"ON"/, mark);
				assert.equal(JSON.parse(state.text).brightness, 128);
			});

			it("changes a period and a threshold by its numbers", async () => {
				const { every_temp: every, above_overheat: above } = await components();
				for (const [component, value] of [
					[every, 0.2],
					[above, 31.5],
				] as const) {
					const { mark } = scene.observer;
					const command = commandOf(component?.command_template ?? "", value);
					await scene.observer.publish(component?.command_topic ?? "", command);
					const { text } = await scene.next("cmd/result", undefined, mark);
					assert.equal(JSON.parse(text).ok, true, `${command}: ${text}`);
				}
			});

			it("ends with a cleared document when the board is forgotten", async () => {
				const { mark } = observer;
				await scene.send("cmd", "forget");
				await observer.next(`homeassistant/device/${scene.id}/config`, "", mark);
			});
		});
	}

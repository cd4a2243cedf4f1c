/** The validator finds each kind of mistake, with its key; a right document has none. */

import assert from "node:assert/strict";
import { type Problem, validate } from "./validator.js";

const TOPIC = "homeassistant/device/desk-1/config";
const sensor = {
	platform: "sensor",
	unique_id: "a_temp",
	default_entity_id: "sensor.a_temp",
	state_topic: "a/b/measurements/temp",
	value_template: "{{ value_json.v }}",
	device_class: "temperature",
	state_class: "measurement",
	unit_of_measurement: "°C",
};
const right = {
	device: { identifiers: ["a"], name: "a" },
	origin: { name: "Glowworm" },
	availability_topic: "a/b/status",
	components: { temp: sensor },
};
const check = (document: object, topic = TOPIC): Problem[] => validate(topic, JSON.stringify(document));
const changed = (change: object) => ({ ...right, components: { temp: { ...sensor, ...change } } });
const light = {
	platform: "light",
	schema: "json",
	unique_id: "l",
	command_topic: "a/b/lamp/set",
	supported_color_modes: ["brightness"],
};
const number = { platform: "number", unique_id: "n", command_topic: "a/b/cmd", min: 0, max: 10, step: 1 };

/** What is wrong, and the key that must be named. */
const mistakes: readonly (readonly [what: string, document: object, key: string, topic?: string])[] = [
	["a topic with a dot in the id", right, "topic", "homeassistant/device/desk.1/config"],
	["a topic of one component", right, "topic", "homeassistant/sensor/desk-1/config"],
	["no device", { ...right, device: undefined }, "device"],
	["no identifiers", { ...right, device: { name: "a" } }, "device.identifiers"],
	[
		"an unknown key of the device",
		{ ...right, device: { identifiers: ["a"], vendor: "x" } },
		"device.vendor",
	],
	["no origin", { ...right, origin: undefined }, "origin"],
	["an origin without a name", { ...right, origin: { sw_version: "1" } }, "origin.name"],
	["an unknown key at the root", { ...right, availabilty_topic: "x" }, "availabilty_topic"],
	["a wildcard in the availability", { ...right, availability_topic: "a/#" }, "availability_topic"],
	["no components", { ...right, components: {} }, "components"],
	["an unknown platform", changed({ platform: "sensors" }), "components.temp.platform"],
	["no unique id", changed({ unique_id: undefined }), "components.temp.unique_id"],
	["no state topic", changed({ state_topic: undefined }), "components.temp.state_topic"],
	["a key that Home Assistant would drop in silence", changed({ unit: "°C" }), "components.temp.unit"],
	["object_id, ignored since 2026.4", changed({ object_id: "x" }), "components.temp.object_id"],
	["an unknown device class", changed({ device_class: "heat" }), "components.temp.device_class"],
	[
		"a unit that the class lacks",
		changed({ unit_of_measurement: "V" }),
		"components.temp.unit_of_measurement",
	],
	[
		"the micro sign",
		changed({ device_class: undefined, unit_of_measurement: "\u00b5g" }),
		"components.temp.unit_of_measurement",
	],
	["an unknown state class", changed({ state_class: "gauge" }), "components.temp.state_class"],
	[
		"a meter that is a measurement",
		changed({ device_class: "energy", unit_of_measurement: "kWh" }),
		"components.temp.state_class",
	],
	["a temperature that is a sum", changed({ state_class: "total" }), "components.temp.state_class"],
	[
		"a wind direction that is averaged as a number",
		changed({ device_class: "wind_direction", unit_of_measurement: "°" }),
		"components.temp.state_class",
	],
	[
		"an angle in radians",
		changed({ device_class: undefined, unit_of_measurement: "rad", state_class: "measurement_angle" }),
		"components.temp.unit_of_measurement",
	],
	[
		"a template that does not end",
		changed({ value_template: "{{ value_json.v" }),
		"components.temp.value_template",
	],
	["config for a sensor", changed({ entity_category: "config" }), "components.temp.entity_category"],
	[
		"an entity id of another platform",
		changed({ default_entity_id: "light.a" }),
		"components.temp.default_entity_id",
	],
	[
		"the same unique id twice",
		{ ...right, components: { temp: sensor, again: { ...sensor, default_entity_id: "sensor.b" } } },
		"components.again.unique_id",
	],
	[
		"a colour mode that does not exist",
		{ ...right, components: { l: { ...light, supported_color_modes: ["white"] } } },
		"components.l.supported_color_modes",
	],
	[
		"a deprecated flag",
		{ ...right, components: { l: { ...light, brightness: true } } },
		"components.l.brightness",
	],
	["a retained command", { ...right, components: { l: { ...light, retain: true } } }, "components.l.retain"],
	["a number upside down", { ...right, components: { n: { ...number, min: 20 } } }, "components.n.min"],
	["steps too small", { ...right, components: { n: { ...number, step: 0.0001 } } }, "components.n.step"],
];

describe("the validator of Home Assistant's device documents", () => {
	it("finds nothing wrong with a right one", () => {
		assert.deepEqual(check(right), []);
		assert.deepEqual(
			check({ ...right, components: { l: light, n: number, gone: { platform: "event" } } }),
			[],
		);
	});
	for (const [what, document, key, topic] of mistakes)
		it(`finds ${what}, at ${key}`, () => {
			const keys = check(document, topic).map(problem => problem.key);
			assert.ok(keys.includes(key), `found ${keys.join(", ") || "nothing"}`);
		});
	it("finds a document that is no JSON", () => {
		assert.deepEqual(
			validate(TOPIC, "{").map(({ key }) => key),
			["document"],
		);
	});
});

/** What the page makes of a device document, and of the states of its entities. */

import assert from "node:assert/strict";
import { type Document, Documents, type Entity, stateOf } from "../../hosts/desk/page/model/entities.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const at = 1_000_000;
const message = (topic: string, text: string, byteLength = bytes(text).byteLength) => ({
	...{ topic, payload: bytes(text), byteLength, QoS: 0 as const, retain: true, duplicate: false, id: 0, at },
});
const TOPIC = "homeassistant/device/b/config";
const head = { dev: { name: "b", mf: "Glowworm", mdl: "node", sa: "Hall" }, avty_t: "a/b/status" };

function document(...components: object[]): Document | undefined {
	const documents = new Documents();
	const cmps = Object.fromEntries(components.map((component, index) => [`c${index}`, component]));
	documents.receive(message(TOPIC, JSON.stringify({ ...head, cmps })));
	return documents.of("a/b");
}
const entity = (keys: object): Entity =>
	document({ uniq_id: "u", name: "X", def_ent_id: "x.x", ...keys })?.groups[0]?.entities[0] as Entity;
const sensor = { p: "sensor", stat_t: "a/b/measurements/t", val_tpl: "{{ value_json.v }}" };
const state = (keys: object, payload: string, online = true, now = at) =>
	stateOf(entity(keys), online, message("", payload), now);

describe("entities of a device document", () => {
	it("are of the board whose status is their availability, in Home Assistant's groups", () => {
		const found = document({ ...sensor, uniq_id: "u", name: "T" }, { p: "sensor" });
		assert.equal(found?.device, "b, Glowworm node, in Hall");
		assert.deepEqual(
			found?.groups.map(({ name, entities }) => [name, entities.map(({ name }) => name)]),
			[["Sensors", ["T"]]],
		);
	});
	it("are none of a payload that is no document, that was cut off, or on another topic", () => {
		const documents = new Documents();
		const text = JSON.stringify({ ...head, cmps: {} });
		for (const one of ["", "[]", "{}", '{"cmps":{}}', '{"avty_t":"a/b/status","cmps":[]}'])
			documents.receive(message(TOPIC, one));
		documents.receive(message(TOPIC, text, 100_000));
		documents.receive(message("homeassistant/b/config", text));
		assert.equal(documents.of("a/b"), undefined);
	});
	it("are gone with their document", () => {
		const documents = new Documents();
		documents.receive(message(TOPIC, JSON.stringify({ ...head, cmps: {} })));
		assert.ok(documents.of("a/b"));
		documents.receive(message(TOPIC, ""));
		assert.equal(documents.of("a/b"), undefined);
	});

	for (const [keys, payload, expected] of [
		[{ ...sensor, unit_of_meas: "°C", sug_dsp_prc: 1 }, '{"v":20.04}', "20.0 °C"],
		[{ ...sensor, val_tpl: "{{ value_json.v | last }}" }, '{"v":[1,2,3]}', "3"],
		[{ ...sensor, val_tpl: "{{ value_json.firmware }}" }, '{"firmware":"glowworm 0.1.0"}', "glowworm 0.1.0"],
		[{ ...sensor, val_tpl: "{{ value | int }}" }, '{"v":1}', "Unknown"],
		[sensor, "no JSON", "Unknown"],
		[{ ...sensor, p: "binary_sensor", dev_cla: "problem" }, '{"v":"ON"}', "Problem"],
		[{ ...sensor, p: "binary_sensor", dev_cla: "problem" }, '{"v":"OFF"}', "OK"],
		[{ ...sensor, p: "switch", val_tpl: "{{ value_json.state }}" }, '{"state":"ON"}', "On"],
		[{ p: "light", stat_t: "t" }, '{"state":"ON","brightness":255}', "On, 100 %"],
		[{ p: "light", stat_t: "t" }, '{"state":"OFF"}', "Off"],
		[{ p: "event", stat_t: "t" }, '{"event_type":"press"}', "press"],
		[{ p: "number" }, "", "Unknown"],
		[{ p: "button" }, "", "Press"],
	] as const)
		it(`say ${expected} of ${payload || "nothing"} on a ${keys.p}`, () =>
			assert.equal(state(keys, payload), expected));
	it("are unavailable without the board, and a value that has expired", () => {
		assert.equal(state(sensor, '{"v":1}', false), "Unavailable");
		const expiring = { ...sensor, exp_aft: 60 };
		assert.equal(state(expiring, '{"v":1}', true, at + 60_000), "1");
		assert.equal(state(expiring, '{"v":1}', true, at + 60_001), "Unavailable");
	});
});

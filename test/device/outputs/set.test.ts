/** What a message asks of an output, and which one is refused before anything is looked at. */

import assert from "node:assert/strict";
import { Names } from "../../../modules/device/json.js";
import { parseLive, parseRequest } from "../../../modules/device/outputs/set.js";
import { encode } from "../../../modules/mqtt/codec.js";

const names = new Names({ knows: () => true });

/** Without what is not said. */
const said = (request: object): object => JSON.parse(JSON.stringify(request));

const live = { QoS: 1, retain: false, duplicate: false, id: 1 };

describe("a request", () => {
	for (const [payload, request] of [
		["ON", { on: true }],
		["OFF", { on: false }],
		["on", { on: true }],
		["off", { on: false }],
		['{"state":"on"}', { on: true }],
		['{"state":"Off","cid":1}', { on: false, cid: 1 }],
		['{"state":"ON","brightness":9,"cid":7}', { on: true, brightness: 9, cid: 7 }],
	] as const)
		it(`is read from ${payload}, on set and on desired`, () => {
			assert.deepEqual(said(parseRequest(encode(payload), names)), request);
			assert.deepEqual(said(parseLive(encode(payload), live, "", names)), request);
		});

	it("has a version on desired, and is refused with one on set", () => {
		const payload = encode('{"state":"ON","ver":0,"cid":7}');
		assert.deepEqual(said(parseRequest(payload, names)), { on: true, ver: 0, cid: 7 });
		const error = "ver: expected none, for a live command has no version: desired has";
		assert.deepEqual(parseLive(payload, live, "", names), { on: true, error, cid: 7 });
	});

	it("on set is refused where the broker had kept it, with its cid", () => {
		const error = "expected a live message, found an old one: ignored";
		const payload = encode('{"state":"OFF","ver":1,"cid":"c"}');
		assert.deepEqual(parseLive(payload, live, "an old one", names), { on: false, error, cid: "c" });
	});

	it("on set is refused as a retained copy, with its cid, for any request", () => {
		const error = "expected a live message, found a retained copy: ignored";
		const retained = { ...live, retain: true };
		assert.deepEqual(parseLive(encode('{"state":"ON","cid":"c"}'), retained, "", names), {
			on: true,
			error,
			cid: "c",
		});
		assert.deepEqual(said(parseLive(encode("nonsense"), retained, "", names)), { on: false, error });
	});
});

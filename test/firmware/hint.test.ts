/** Plain words beside the codes of the board's log (hosts/desk/hint.ts). */

import assert from "node:assert/strict";
import { hinted } from "../../hosts/desk/hint.js";

describe("the desk's log", () => {
	for (const [line, words] of [
		["session: failed h:8883 disconnected (tls-authority)", "--ca"],
		["session: failed h:8883 disconnected (tls-name)", "another name"],
		["session: failed h:8883 disconnected (tls-expired)", "expired"],
		["session: failed h:8883 disconnected (tls-client-certificate)", "--cert"],
		["session: failed h:1883 disconnected (tls-closed)", "mqtt:// instead"],
		["session: failed h:8883 disconnected (ECONNRESET)", "mqtts:// instead"],
		["session: failed h:1883 disconnected (ECONNREFUSED)", "no server listens"],
		["session: failed nowhere.test:1883 unresolved", "unknown"],
		["session: failed h:80 malformed", "speaks no MQTT"],
		["session: failed h:8883 silent", "mqtts://"],
		["session: refused h:1883 4", "password"],
		["session: refused h:1883 5", "may not connect"],
		["session: duplicateSuspected desk-1", "another client"],
	] as const)
		it(`says what to do about "${line}"`, () => {
			const said = hinted(line);
			assert.ok(said.startsWith(line), said);
			assert.ok(said.includes(words), said);
		});
	it("leaves other lines as they are", () => {
		for (const line of ["online", "session: lateWill x", "temp: no reading"])
			assert.equal(hinted(line), line);
	});
});

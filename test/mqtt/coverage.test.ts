/** Every normative statement of MQTT 3.1.1 that binds a client has its line and its test, or says who serves it. */

import assert from "node:assert/strict";
import { SERVERS, STATEMENTS } from "./statements.js";
import { strangers, survey } from "./survey.js";

describe("coverage of MQTT 3.1.1", () => {
	for (const { statement, lines, titles } of survey()) {
		const [id, by, text, note] = statement;
		if (by === "mqtt")
			it(`${id}, ${text}: has a line in modules/mqtt and a test that names it`, () => {
				assert.ok(lines.length > 0, "no line in modules/mqtt names it");
				assert.ok(titles.length > 0, "no test names it");
			});
		else if (by !== "session")
			it(`${id}, ${text}: says why modules/mqtt does not serve it`, () => {
				assert.ok(note);
			});
	}

	it("Each statement of appendix B stands in the table once", () => {
		const all = [...STATEMENTS.map(([id]) => id), ...SERVERS];
		assert.equal(new Set(all).size, all.length);
		assert.equal(all.length, 141);
	});

	it("No statement's text is longer than ten words", () => {
		for (const [id, , text] of STATEMENTS) assert.ok(text.split(" ").length <= 10, id);
	});

	it("No mark in modules/mqtt or its tests names a statement that is not there, or binds servers alone", () => {
		const own = strangers().filter(line => /^(modules|test)\/mqtt\//.test(line));
		const servers = new Set(SERVERS.map(id => `[MQTT-${id}]`));
		assert.deepEqual(
			own.filter(line => !servers.has(line.split(" ")[1] as string)),
			[],
		);
	});
});

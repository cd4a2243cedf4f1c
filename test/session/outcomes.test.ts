/** modules/session/outcomes.ts: the numbers of a session. */
import assert from "node:assert/strict";
import * as outcomes from "../../modules/session/outcomes.js";
import { State } from "../../modules/session/supervisor.js";

describe("the numbers of a session", () => {
	const { Outcome, Reason, Report, Packet } = outcomes;
	for (const [name, numbers] of Object.entries({ Outcome, Reason, Report, Packet, State }))
		it(`of ${name} stand for one thing each`, () => {
			const values = Object.values(numbers);
			assert.ok(values.length > 4);
			assert.deepEqual([...new Set(values)], values);
		});
});

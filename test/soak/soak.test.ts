/** The soak, for two months: `npm run soak` takes more. */

import assert from "node:assert/strict";
import { soak } from "./soak.js";

describe("a board over two simulated months of faults (seed 1)", function () {
	this.timeout(120_000);

	it("delivers every alert, follows each request and is back within a bound, over both wraps of its ticks", () => {
		const { complaints, accepted, delivered, deaf, days } = soak(60, 1);
		assert.deepEqual(complaints, []);
		assert.ok(days >= 60 && accepted > 600, `${accepted} edges in ${days} days`);
		assert.deepEqual([delivered, deaf], [accepted, 0]);
	});
});

/** The page's budget. `npm run size` prints what it is made of. */

import assert from "node:assert/strict";
import { BUDGET, sizes } from "../../hosts/desk/web/size.js";

describe("the page", () => {
	it(`weighs at most ${BUDGET} bytes, gzipped, with all its files`, async () => {
		const { total, files } = await sizes();
		assert.ok(total <= BUDGET, `${total} bytes: ${JSON.stringify(files)}`);
	});
	it("brings the firmware's own MQTT client, and no other", async () => {
		const { parts } = await sizes();
		const names = parts.map(({ name }) => name);
		assert.ok(names.includes("modules/mqtt"));
		assert.deepEqual(
			names.filter(name => /mqtt/.test(name) && !name.startsWith("hosts/")),
			["modules/mqtt"],
		);
	});
});

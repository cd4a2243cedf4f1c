/** Memory over many connections, counted in slots by the XS engine itself. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Harness, unavailable } from "../../hosts/xs/harness.js";

const reason = unavailable();

describe(`A session over 1000 connections in XS${reason ? ` (pending: ${reason})` : ""}`, function () {
	this.timeout(60_000);

	it("holds as many slots after each hundred as after the first ten", async function () {
		if (reason) this.skip();
		const harness = await Harness.open(fileURLToPath(new URL("reconnects.ts", import.meta.url)));
		try {
			await harness.call("reconnect", 10);
			const first = (await harness.collect()).heapCount;
			const later: number[] = [];
			for (let hundred = 0; hundred < 10; hundred++) {
				const { result } = await harness.call("reconnect", 99);
				const { connects, received, held } = result as { connects: number; received: number; held: number };
				assert.equal(connects, 10 + 99 * (hundred + 1), "each try was online");
				assert.equal(received, connects, "each command was taken");
				assert.equal(held, 0, "each alert was acknowledged");
				later.push((await harness.collect()).heapCount);
			}
			console.log(`      slots alive after 10 connections: ${first}; then ${later.join(", ")}`);
			for (const slots of later)
				assert.ok(slots <= first + 16, `${slots} slots, ${first} after the first ten`);
		} finally {
			await harness.close();
		}
	});
});

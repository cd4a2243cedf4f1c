/** Packet identifiers in use: free ones, the order of sending, and what a restart leaves. */

import assert from "node:assert/strict";
import { Flight, Lane } from "../../modules/session/inflight.js";

describe("flight", () => {
	it("gives out identifiers from 1 to 65535 and round again, never 0 and never one in use [MQTT-2.3.1-1]", () => {
		const flight = new Flight();
		flight.add(2, Lane.live, 1);
		assert.equal(flight.take(), 1);
		assert.equal(flight.take(), 3);
		for (let i = 4; i <= 65_535; i++) assert.equal(flight.take(), i);
		assert.equal(flight.take(), 1);
		assert.equal(flight.take(), 3);
	});
	it("finds a message's place by its identifier, and keeps its turn when the place changes", () => {
		const flight = new Flight();
		flight.add(5, Lane.durable, 70_000);
		flight.add(4, Lane.live, 3);
		assert.deepEqual([flight.lane(5), flight.sequence(5)], [Lane.durable, 70_000]);
		assert.deepEqual([flight.lane(9), flight.sequence(9)], [-1, 0]);
		flight.add(5, Lane.released, 0);
		assert.deepEqual(flight.identifiers(), [5, 4]);
		assert.deepEqual([flight.place(4), flight.place(9)], [3 * 4 + Lane.live, 0]);
	});
	it("restores the order of sending after a restart, also where the identifiers have wrapped", () => {
		for (const [ids, order] of [
			[[], []],
			[[9], [9]],
			[
				[3, 1, 2],
				[1, 2, 3],
			],
			[
				[1, 65_534, 2, 65_535],
				[65_534, 65_535, 1, 2],
			],
			[
				[40_000, 1],
				[40_000, 1],
			],
		] as const) {
			const flight = new Flight();
			flight.restore(
				ids.map((id, index) => [id, index + 1] as const),
				Lane.durable,
			);
			assert.deepEqual(flight.identifiers(), order);
			const last = order.at(-1) ?? 0;
			assert.equal(flight.take(), (last % 65_535) + 1);
		}
	});
});

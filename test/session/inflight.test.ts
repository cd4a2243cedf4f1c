/** Packet identifiers in use: free ones, the order of sending, and what a restart leaves. */

import assert from "node:assert/strict";
import { InFlight, Lane, laneOf, placeOf, sequenceOf } from "../../modules/session/inflight.js";
import { Queue } from "../../modules/session/queue.js";
import { Status } from "../../modules/session/status.js";
import { TestClock } from "../clock.js";

const status = new Status(
	{ status: { topic: "s", online: "online", offline: "offline" }, timer: new TestClock() } as never,
	undefined as never,
	{ deaf() {} },
);
const make = (durable = new Queue(), random = 0) => new InFlight(new Queue(), durable, status, () => random);

describe("messages in flight", () => {
	it("have identifiers from 1 to 65535 and round again, never 0 and never one in use [MQTT-2.3.1-1]", () => {
		const inflight = make();
		inflight.add(2, placeOf(Lane.live, 1));
		assert.equal(inflight.take(), 1);
		assert.equal(inflight.take(), 3);
		for (let i = 4; i <= 65_535; i++) assert.equal(inflight.take(), i);
		assert.equal(inflight.take(), 1);
		assert.equal(inflight.take(), 3);
	});
	it("are found by their identifier, and keep their turn when their place changes", () => {
		const inflight = make();
		inflight.add(5, placeOf(Lane.durable, 4_000_000_000));
		inflight.add(4, placeOf(Lane.live, 3));
		const place = inflight.place(5);
		assert.deepEqual([laneOf(place), sequenceOf(place)], [Lane.durable, 4_000_000_000]);
		assert.equal(inflight.place(9), 0);
		inflight.add(5, placeOf(Lane.released, 0));
		inflight.begin(true);
		assert.deepEqual(inflight.waiting, [5, 4]);
	});
	it("begin at a random one where the broker has kept the session, which may remember those of an earlier life", () => {
		const first = (present: boolean) => {
			const inflight = make(undefined, 0.5);
			inflight.begin(present);
			return inflight.take();
		};
		assert.deepEqual([first(false), first(true)], [1, 32_768]);
		const inflight = make(undefined, 0.5);
		inflight.begin(true);
		inflight.take();
		inflight.begin(true);
		assert.equal(inflight.take(), 32_769, "only once in a life");
	});
	it("are blamed for a hang-up oldest first, our status only when it is alone", () => {
		const inflight = make();
		inflight.add(7, placeOf(Lane.status, 0));
		inflight.add(8, placeOf(Lane.released, 0));
		assert.equal(inflight.oldest(), 7);
		inflight.add(9, placeOf(Lane.live, 1));
		inflight.add(3, placeOf(Lane.live, 2));
		assert.equal(inflight.oldest(), 9);
		inflight.waiting = [9];
		assert.equal(inflight.oldest(), 3);
	});
	it("keep their order of sending over a restart, also where the identifiers have wrapped", () => {
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
			const outbox = new Queue();
			for (const id of ids) outbox.sent(outbox.append("a", new Uint8Array(1)), id);
			const inflight = make(outbox);
			inflight.begin(true);
			assert.deepEqual(inflight.waiting, order);
			const last = order.at(-1) ?? 0;
			assert.equal(inflight.take(), (last % 65_535) + 1);
		}
	});
});

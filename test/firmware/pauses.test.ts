/** What `npm run rate` says of pauses of its own process (pauses.ts). */

import assert from "node:assert/strict";
import { Pauses } from "./pauses.js";

const BEGAN = 1_000_000;

describe("pauses of the process that measures", () => {
	let pauses: Pauses;
	/** Beats at these milliseconds after `BEGAN`. */
	const beats = (...times: number[]) => {
		for (const time of times) pauses.beat(BEGAN + time);
	};
	beforeEach(() => {
		pauses = new Pauses(8, BEGAN);
	});

	it("are none while the event loop runs in time", () => {
		beats(1, 2, 9, 16.9, 17);
		assert.deepEqual(pauses.told(BEGAN), []);
	});
	it("are told with their length and their beginning", () => {
		beats(1, 2, 14, 15, 16_000, 16_008, 16_009);
		assert.deepEqual(pauses.told(BEGAN), ["12 ms after 2 ms", "15985 ms after 15 ms", "8 ms after 16000 ms"]);
	});
	it("say how much of them was garbage collection, which began in them", () => {
		pauses.collected(BEGAN + 1, 3);
		beats(2, 20, 21, 31);
		pauses.collected(BEGAN + 2, 7.4);
		pauses.collected(BEGAN + 12, 3);
		// Too short to count, and at the end of the pause.
		pauses.collected(BEGAN + 13, 0.9);
		pauses.collected(BEGAN + 20, 5);
		assert.deepEqual(pauses.told(BEGAN), [
			"18 ms after 2 ms, at least 10 of it collecting garbage",
			"10 ms after 21 ms",
		]);
	});
	it("are seen in this process", async () => {
		const { pauses, end } = Pauses.watch(20);
		try {
			await new Promise(done => setTimeout(done, 5));
			const until = performance.now() + 25;
			while (performance.now() < until);
			await new Promise(done => setTimeout(done, 5));
		} finally {
			end();
		}
		assert.ok(pauses.told(Date.now()).length > 0);
	});
});

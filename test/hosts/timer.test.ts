/** What the timer of hosts/node must make good in Node's: wrapping ticks, delays beyond 31 bits, early wake-ups. */

import assert from "node:assert/strict";
import { HostTimer } from "../../hosts/node/timer.js";

describe("hosts/node: timer", () => {
	const fired = (timer: HostTimer, delay: number, repeat?: number) =>
		new Promise<void>(resolve => timer.set(() => resolve(), delay, repeat));

	it("waits across the moment at which ticks wrap", async () => {
		const start = performance.now();
		const ticks = {
			get ticks() {
				return (2 ** 31 - 10 + Math.floor(performance.now() - start)) | 0;
			},
		};
		const timer = new HostTimer(ticks);
		const before = ticks.ticks;
		assert.ok(before > 0);
		await fired(timer, 30);
		assert.ok(ticks.ticks < 0, "ticks have wrapped");
		assert.ok(((ticks.ticks - before) | 0) >= 30);
		timer.close();
	});

	it("does not fire while its ticks stand still, however often Node wakes it", async () => {
		const clock = { ticks: 0 };
		const timer = new HostTimer(clock);
		let count = 0;
		timer.set(() => count++, 5);
		// Timers of Node alone, so that 5 ms have gone by for it many times over.
		for (let i = 0; i < 5; i++) await new Promise(resolve => setTimeout(resolve, 6));
		assert.equal(count, 0);
		clock.ticks = 5;
		await fired(timer, 0);
		await new Promise(resolve => setTimeout(resolve, 10));
		assert.equal(count, 1);
		timer.close();
	});

	for (const delay of [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY])
		it(`takes a delay of ${delay} ms for a long one, which Node would take for none`, async () => {
			const timer = new HostTimer({ ticks: 0 });
			let count = 0;
			timer.set(() => count++, delay);
			await fired(timer, 0);
			await new Promise(resolve => setTimeout(resolve, 5));
			assert.equal(count, 0);
			timer.close();
		});

	it("tells sleep from `at once` by the number of arguments, as the device does", async () => {
		const timer = new HostTimer({ ticks: 0 });
		const order: string[] = [];
		const asleep = timer.set(() => order.push("asleep"), 0);
		const awake = timer.set(() => order.push("awake"), 1e6);
		timer.schedule(asleep);
		timer.schedule(awake, undefined);
		await fired(timer, 0);
		await new Promise(resolve => setTimeout(resolve, 5));
		assert.deepEqual(order, ["awake"]);
		timer.close();
	});

	it("lets a repeating timer go that its callback moved without a repeat, as the device does", async () => {
		const timer = new HostTimer({ ticks: 0 });
		let count = 0;
		const handle = timer.set(
			() => {
				count++;
				timer.schedule(handle, 0);
			},
			0,
			1,
		);
		await new Promise(resolve => setTimeout(resolve, 10));
		assert.equal(count, 1);
		assert.throws(() => timer.schedule(handle, 0), /no longer stands/);
		timer.close();
	});
});

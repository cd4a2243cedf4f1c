/** What a board costs its flash: an edge of an alert, through the Board and the outbox. */

import assert from "node:assert/strict";
import { TestFlash } from "../flash.js";
import { scripted, World } from "./stage.js";

/** Flash of 64 KiB in 16 blocks; the price of an edge after the ring was gone round. */
function price(sensors: number, online: boolean) {
	const world = new World();
	let value = 20;
	world.sensors = { script: scripted(() => value) };
	world.flash = new TestFlash({ blocks: 16, blockLength: 4096 });
	world.start({
		root: "r",
		sensors: Array.from({ length: sensors }, (_, index) => ({
			name: `temperature-${index}`,
			driver: "script",
			every: 1000,
		})),
		alerts: [{ name: "overheat", sensor: "temperature-0", above: 30, clear: 28 }],
		lamp: { pin: 2 },
	});
	const { link } = world;
	let released = 0;
	if (!online) link.drain = () => {};
	link.connect();
	let swing = 0;
	const run = (edges: number) => {
		for (let count = 0; count < edges; count++) {
			value = ++swing & 1 ? 31 : 20;
			const { outbox } = world;
			const { length } = outbox;
			world.clock.advance(1000);
			const oldest = outbox.next(0);
			if (online || !oldest || outbox.length > length) continue;
			// It was full: the broker takes one.
			outbox.sent(oldest.sequence, 1);
			outbox.release(1);
			released++;
		}
	};
	run(2000);
	const flash = world.flash as TestFlash;
	const { writes, erases, bytesWritten } = flash;
	const before = world.outbox.length + (online ? world.on("alerts/overheat").length : released);
	run(6000);
	const edges = world.outbox.length + (online ? world.on("alerts/overheat").length : released) - before;
	return {
		edges,
		writes: (flash.writes - writes) / edges,
		bytes: (flash.bytesWritten - bytesWritten) / edges,
		perErase: edges / (flash.erases - erases),
		held: world.outbox.length,
	};
}

const years = (perErase: number, perDay: number) => (16 * 100_000 * perErase) / perDay / 365;

describe("An edge's price in flash", () => {
	it("is three records with the broker there: message with its packet identifier, the rule's state, released", () => {
		const { edges, writes, bytes, perErase } = price(1, true);
		assert.ok(edges > 5900);
		console.log(
			`      ${writes.toFixed(2)} writes, ${bytes.toFixed(0)} bytes, ${perErase.toFixed(1)} edges an erase; 100 000 erases last ${[100, 1000, 10_000].map(perDay => years(perErase, perDay).toFixed(1)).join(", ")} years at 100, 1000, 10 000 a day`,
		);
		// Headers of blocks and what compaction carries along are the rest.
		assert.ok(writes < 3.3 && bytes < 240 && perErase > 18, `${writes} ${bytes} ${perErase}`);
	});
	it("is more in an outbox that is always full: what is held is carried round, and each edge is kept until there is room", () => {
		const { edges, writes, bytes, perErase, held } = price(1, false);
		assert.ok(edges > 2900, `${edges}`);
		console.log(
			`      ${held} held; ${writes.toFixed(2)} writes, ${bytes.toFixed(0)} bytes, ${perErase.toFixed(1)} edges an erase; ${[100, 1000, 10_000].map(perDay => years(perErase, perDay).toFixed(1)).join(", ")} years`,
		);
		assert.ok(bytes < 1700 && perErase > 2.3, `${bytes} ${perErase}`);
	});
});

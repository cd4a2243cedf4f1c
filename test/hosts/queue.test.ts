/** The timers of all boards of a process over one of Node's: order, moves, how many of Node's there are, exceptions. */

import assert from "node:assert/strict";
import { Queue, type Waiting } from "../../hosts/node/queue.js";
import { HostTimer } from "../../hosts/node/timer.js";
import { Chance } from "../chaos/random.js";

class Entry implements Waiting {
	at = 0;
	place = -1;
	turn = 0;
	readonly fire: () => void;
	constructor(fire: () => void) {
		this.fire = fire;
	}
}

/** Node's timers that are set now. */
const timeouts = () => process.getActiveResourcesInfo().filter(name => name === "Timeout").length;
const clock = {
	get ticks() {
		return Math.floor(performance.now()) | 0;
	},
};

describe("hosts/node: the queue of all timers", () => {
	it("fires what was set, moved and cleared at random in the order of time, then of setting", async () => {
		const seed = 7;
		const chance = new Chance(seed);
		const queue = new Queue();
		const order: Entry[] = [];
		const entries = Array.from({ length: 500 }, () => {
			const entry: Entry = new Entry(() => order.push(entry));
			return entry;
		});
		const standing = new Set<Entry>();
		const pick = () => entries[chance.whole(0, entries.length - 1)] as Entry;
		for (let step = 0; step < 3000; step++) {
			const entry = pick();
			if (chance.next() < 0.2) {
				queue.clear(entry);
				standing.delete(entry);
			} else {
				queue.set(entry, chance.whole(20, 60));
				standing.add(entry);
			}
		}
		const wanted = [...standing].sort((one, other) => one.at - other.at || one.turn - other.turn);
		await new Promise<void>(resolve => queue.set(new Entry(resolve), 70));
		assert.deepEqual(
			order.map(entry => entries.indexOf(entry)),
			wanted.map(entry => entries.indexOf(entry)),
			`seed ${seed}`,
		);
	});
	it("has one timer of Node for a hundred boards with ten timers each, and none when all are cleared", () => {
		const before = timeouts();
		const boards = Array.from({ length: 100 }, () => new HostTimer(clock));
		for (const board of boards) for (let delay = 1000; delay < 2000; delay += 100) board.set(() => {}, delay);
		assert.equal(timeouts(), before + 1);
		for (const board of boards) board.close();
		assert.equal(timeouts(), before);
	});
	it("lets other things happen between timers that set each other without a delay", async () => {
		const timer = new HostTimer(clock);
		let count = 0;
		const handle = timer.set(
			() => {
				count++;
				timer.schedule(handle, 0, 1);
			},
			0,
			1,
		);
		await new Promise(resolve => setTimeout(resolve, 5));
		assert.ok(count > 0);
		timer.close();
	});
	it("fires the others when one throws, and the exception is Node's to report", async () => {
		const queue = new Queue();
		// Mocha's own handlers would take it for a failure.
		const handlers = process.listeners("uncaughtException");
		process.removeAllListeners("uncaughtException");
		try {
			const reported = new Promise<Error>(resolve => process.once("uncaughtException", resolve));
			const other = new Promise<void>(resolve => {
				queue.set(
					new Entry(() => {
						throw new Error("as it was told to");
					}),
					1,
				);
				queue.set(new Entry(resolve), 1);
			});
			assert.match((await reported).message, /as it was told to/);
			await other;
		} finally {
			for (const handler of handlers) process.on("uncaughtException", handler);
		}
	});
});

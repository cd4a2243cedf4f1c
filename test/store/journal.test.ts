import assert from "node:assert/strict";
import Store from "../../modules/store/store.js";
import { TestFlash } from "../flash.js";
import { BLOCKS, contentOf, Driver, EMPTY, flashOf, generator, randomStep, reopen } from "./model.js";

describe("Blocks that fail", () => {
	const ways = ["write", "erase", "silent"] as const;
	/** Steps on a partition where `blocks` begin to fail on the way. */
	function suffer(
		way: (typeof ways)[number],
		blocks: readonly number[],
		begin: number,
		apart = 0,
		most = 512,
	): Driver {
		const flash = flashOf();
		const random = generator(begin + (blocks[0] as number));
		const driver = new Driver(() => reopen(flash));
		for (let count = 0; count < 200; count++) {
			for (const [index, block] of blocks.entries())
				if (count === begin + index * apart) flash.failing[way].add(block);
			const step = randomStep(random);
			const { held, aside } = driver.content;
			if (step.do === "append" && held.size + aside.size >= most) continue;
			// With too few blocks left a change of state lives in RAM only, so these stay without a restart.
			if (step.do !== "reopen" || blocks.length < 2) driver.step(step);
		}
		return driver;
	}
	/** The rest goes on working: what was held goes out. False when no new message is taken. */
	function drain({ outbox }: Store): boolean {
		let identifier = 50000;
		for (let entry = outbox?.aside(0); entry; entry = outbox?.aside(0)) outbox?.readmit(entry.sequence);
		for (let entry = outbox?.next(0); entry; entry = outbox?.next(0)) {
			outbox?.sent(entry.sequence, ++identifier);
			assert.equal(outbox?.release(identifier), true);
		}
		return (outbox?.append("a", new Uint8Array(40)) ?? 0) > 0 && !outbox?.broken;
	}
	for (const way of ways) {
		const title = way === "silent" ? "on writes that go wrong unnoticed" : `on every ${way}`;
		it(`${title}: one of them, from any time on, changes nothing of what is kept`, () => {
			for (let block = 0; block < BLOCKS; block++)
				for (let begin = 0; begin < 200; begin += 7) {
					const driver = suffer(way, [block], begin);
					assert.ok(driver.store.counters.retired <= 1);
					driver.check();
					driver.step({ do: "reopen" });
					driver.check();
				}
		});
		it(`${title}: one after the other, two in all, are done without, and the rest goes on working`, () => {
			let stuck = 0;
			let all = 0;
			for (let block = 0; block < BLOCKS; block++)
				for (let begin = 0; begin < 40; begin += 3) {
					// Not next to each other: two that fail while both are the reserve are the case below.
					const blocks = [block, (block + 3) % BLOCKS];
					const driver = suffer(way, blocks, begin, 50, 3);
					driver.check();
					all++;
					if (!drain(driver.store)) stuck++;
				}
			assert.equal(stuck, 0, `${stuck} of ${all} take nothing more`);
		});
		it(`${title}: two at the same time lose no message, even in a full partition, though it may take no more`, () => {
			for (let block = 0; block < BLOCKS; block++)
				for (let second = block + 1; second < BLOCKS; second++)
					for (let begin = 0; begin < 200; begin += 29) {
						const driver = suffer(way, [block, second], begin);
						driver.check();
						driver.step({ do: "reopen" });
						const found = contentOf(driver.store);
						// A change that flash did not note is not there: perhaps it is still set aside.
						for (const [sequence, { payload }] of driver.content.held)
							if (!driver.content.spared.has(sequence))
								assert.equal(
									(found.held.get(sequence) ?? found.aside.get(sequence))?.payload,
									payload,
									`${block}, ${second}, ${begin}`,
								);
					}
		});
	}
	it("four of eight, one after the other: no value takes the last free block, so the end of each message can be noted", () => {
		// The records that are live fill three blocks.
		for (const failing of [
			[0, 3, 6, 1],
			[1, 4, 7, 2],
			[5, 3, 1, 6],
		]) {
			const flash = new TestFlash({ blocks: 8, blockLength: 512 });
			const keys = Array.from({ length: 8 }, (_, index) => `k${index}`);
			const promised = new Map(keys.map(key => [key, 20]));
			const open = () => {
				const { outbox, state } = new Store({ partition: flash, promised });
				assert.ok(outbox && state);
				return { outbox, state };
			};
			const { outbox, state } = open();
			for (const key of keys) {
				state.write(key, "".padEnd(20, "x"));
				for (let count = 0; count < 2 && outbox.length < 11; count++)
					assert.ok(outbox.append("a/b", new Uint8Array(47)));
			}
			let refused = 0;
			for (let count = 1; count <= 200; count++) {
				const block = failing[count / 40 - 1];
				if (block !== undefined) flash.failing.erase.add(block);
				try {
					state.write(`k${count % 8}`, `${count}`.padEnd(20, "y"));
				} catch {
					refused++;
				}
			}
			assert.ok(refused > 0 && outbox.length === 11);
			for (let entry = outbox.next(0); entry; entry = outbox.next(0)) {
				outbox.sent(entry.sequence, entry.sequence);
				assert.equal(outbox.release(entry.sequence), true);
			}
			assert.equal(open().outbox.length, 0, `${failing}: acknowledged messages are back`);
		}
	});
	it("are counted, and the others take over their work", () => {
		const flash = flashOf();
		flash.failing.erase.add(2);
		flash.failing.write.add(4);
		const { outbox, counters } = reopen(flash);
		assert.equal(counters.retired, 0);
		const store = reopen(flash);
		for (let count = 1; count < 300; count++) {
			assert.ok((store.outbox?.append("a/b", new Uint8Array(40)) ?? 0) > 0);
			store.outbox?.sent(count, 5);
			assert.equal(store.outbox?.release(5), true);
		}
		assert.equal(outbox?.length, 0);
		assert.equal(store.counters.retired, 2);
		assert.ok(store.counters.failures >= 2);
	});
});

describe("Wear", () => {
	it("is spread over the whole partition: no block is erased more than once oftener than another", () => {
		const flash = flashOf();
		const driver = new Driver(() => reopen(flash), EMPTY);
		const random = generator(11);
		for (let count = 0; count < 6000; count++) driver.step(randomStep(random));
		const least = Math.min(...flash.wear);
		const most = Math.max(...flash.wear);
		console.log(`      erases of each block: ${flash.wear.join(" ")}`);
		assert.ok(least > 50 && most - least <= 1);
	});
});

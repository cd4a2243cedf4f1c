/** The count of a board's starts, over memories that keep it, lose it or refuse it; and the ids made of it. */

import assert from "node:assert/strict";
import Memory, { Boot } from "../../modules/device/memory.js";
import { World } from "./stage.js";

const used = { fresh: false, whole: true };
const unused = { fresh: true, whole: true };
const hit = { fresh: false, whole: false };

/** A life with what the world remembers. */
const start = ({ memory }: World, storage = used) => new Boot(new Memory(memory), storage);

describe("the count of starts", () => {
	it("is 1 for a new board, and one more with each start after it", () => {
		const world = new World();
		assert.equal(start(world, unused).count, 1);
		assert.deepEqual([start(world).count, start(world).count], [2, 3]);
	});

	it("goes on where the storage calls itself erased and the count is there all the same", () => {
		const world = new World();
		world.records.set("boot", '{"n":7}');
		assert.equal(start(world, unused).count, 8);
	});

	for (const [title, record, storage] of [
		["is not there", undefined, used],
		["is no number", '{"n":"7"}', used],
		["cannot be read", "7", used],
		["may be older than it was", '{"n":7}', hit],
	] as const)
		it(`goes on somewhere above a million where it ${title}, and from there with the next start`, () => {
			const lives = [new World(), new World()].map(world => {
				if (record !== undefined) world.records.set("boot", record);
				const { count } = start(world, storage);
				assert.ok(count > 1_000_000, `${count}`);
				assert.equal(start(world).count, count + 1);
				return count;
			});
			assert.notEqual(lives[0], lives[1], "not at one place for all");
		});

	it("is another one at each start that could not be stored, or without any memory, lest ids come again", () => {
		const world = new World();
		world.records.set("boot", '{"n":7}');
		world.refusing = true;
		const blank = () => new Boot(new Memory(undefined), unused);
		const counts = [start(world), start(world), start(world, unused), blank(), blank()].map(
			({ count }) => count,
		);
		assert.ok(
			counts.every(count => count >= 1_000_000),
			`${counts}`,
		);
		assert.equal(new Set(counts).size, counts.length);
	});
});

describe("an id", () => {
	it("is the count of starts and a number that grows from 1, of which the name of a question takes none", () => {
		const world = new World();
		const first = start(world, unused);
		assert.deepEqual([first.nextId(), first.nextToken(), first.nextId()], ["1-1", "1.1", "1-2"]);
		const second = start(world);
		assert.deepEqual([second.nextId(), second.nextToken(), second.nextToken()], ["2-1", "2.1", "2.2"]);
	});
});

import assert from "node:assert/strict";
import Store from "../../modules/store/store.js";
import { TestFlash } from "../flash.js";

const partition = () => new TestFlash({ blocks: 8, blockLength: 512 });

function opened(flash = partition(), promised: ReadonlyMap<string, number> = new Map()) {
	const { state, outbox } = new Store({ partition: flash, promised });
	assert.ok(state && outbox);
	return { state, outbox, flash, again: () => opened(flash, promised) };
}

describe("State (ECMA-419 §28 Key-Value)", () => {
	it("reads what was written last, also after a restart, and undefined for what was never written or is deleted", () => {
		const { state, again } = opened();
		state.write("lamp", "ON");
		state.write("lamp", '{"state":"OFF"}');
		state.write("boot", "17");
		state.write("wörd", "☂ 水");
		state.write("empty", "");
		state.delete("boot");
		state.delete("never");
		for (const one of [state, again().state]) {
			assert.equal(one.read("lamp"), '{"state":"OFF"}');
			assert.equal(one.read("wörd"), "☂ 水");
			assert.equal(one.read("empty"), "");
			assert.equal(one.read("boot"), undefined);
			assert.equal(one.read("never"), undefined);
			assert.deepEqual([...one].sort(), ["empty", "lamp", "wörd"]);
		}
	});
	it("has nothing under an empty key, also where no other was looked for since the first was written", () => {
		const { state } = opened();
		state.write("lamp", "ON");
		state.delete("");
		assert.deepEqual([state.read(""), state.read("lamp")], [undefined, "ON"]);
	});
	it("gives up and counts a value that flash has lost since it was written, and takes another", () => {
		const { state, flash } = opened();
		state.write("ver", "17");
		const { counters } = new Store({ partition: flash });
		assert.equal(counters.damaged, 0);
		const at = 32 + 20 + 1 + 3;
		flash.image[at] = (flash.image[at] as number) ^ 1;
		assert.deepEqual([state.read("ver"), [...state]], [undefined, []]);
		state.write("ver", "18");
		assert.equal(state.read("ver"), "18");
	});
	it("writes an equal value to flash no second time", () => {
		const { state, flash } = opened();
		state.write("ver", "17");
		const { writes } = flash;
		state.write("ver", "17");
		assert.equal(flash.writes, writes);
	});
	it("keeps values that never change while others wear out the partition around them", () => {
		const { state, outbox, flash, again } = opened();
		state.write("ver", "17");
		outbox.append("a", new Uint8Array(5));
		for (let count = 0; count < 2000; count++) state.write("boot", `${count}`);
		assert.ok(Math.min(...flash.wear) > 5);
		const { state: one, outbox: other } = again();
		assert.deepEqual([one.read("ver"), one.read("boot"), other.length], ["17", "1999", 1]);
	});
	it("has the room it was promised when the outbox is full, for each key at once, for any promises in any order", () => {
		for (const lengths of [
			[100],
			[1, 1, 1, 1, 1, 1],
			[300, 20, 20],
			[200, 150, 90, 5],
			[40, 41, 42, 43, 44, 45],
		]) {
			const promised = new Map(lengths.map((length, index) => [`key${index}`, length]));
			const { state, outbox, again } = opened(partition(), promised);
			assert.equal(state.lacking, 0);
			while (outbox.append("a/b", new Uint8Array(60)));
			while (outbox.append("a", new Uint8Array(0)));
			for (let round = 0; round < 300; round++)
				lengths.forEach((length, index) => {
					state.write(`key${index}`, `${round % 9}`.repeat(round % 3 ? length : 1));
				});
			const { state: one, outbox: other } = again();
			lengths.forEach((length, index) => {
				assert.equal(one.read(`key${index}`), "2".repeat(length));
			});
			assert.equal(other.length, outbox.length);
		}
	});
	it("replaces a value it was promised nothing for by one that is no longer, in a full outbox too", () => {
		const { state, outbox, again } = opened();
		state.write("ver", "x".repeat(99));
		while (outbox.append("a/b", new Uint8Array(60)));
		for (let count = 0; count < 500; count++) state.write("ver", `${count}`.padEnd(99 - (count % 2), "."));
		assert.match(again().state.read("ver") ?? "", /^499\.+$/);
	});
	it("throws when more than was promised does not fit, keeping the old value", () => {
		const { state, outbox, again } = opened(partition(), new Map([["ver", 9]]));
		state.write("ver", "17");
		while (outbox.append("a", new Uint8Array(0)));
		assert.throws(() => state.write("ver", "x".repeat(200)), /state: full/);
		assert.throws(() => state.write("other", "1"), /state: full/);
		assert.deepEqual(
			[...again().state].map(key => state.read(key)),
			["17"],
		);
	});
	it("leaves a message as it is that was asked for, where it refuses a value", () => {
		const { state, outbox } = opened();
		while (outbox.append("a/b", new Uint8Array(60).fill(65)));
		const payload = () => `${outbox.next(0)?.payload}`;
		const before = payload();
		assert.throws(() => state.write("other", "x".repeat(200)), /state: full/);
		assert.equal(payload(), before);
	});
	it("leaves an eighth to messages under any promise, and says how much is lacking", () => {
		const promised = new Map(Array.from({ length: 99 }, (_, index) => [`${index}`, 100]));
		const { state, outbox } = opened(partition(), promised);
		// A block of 512 bytes: 32 of header, 20 for a tail, 124 that a record may leave; five of eight, less seven tails.
		const capacity = 5 * (512 - 32 - 20 - 124) - 7 * 20;
		// Records of 128 bytes: 20 of header, 1 of length, 1 or 2 of key, 100, 4 of check.
		assert.equal(state.lacking, 99 * 128 - Math.floor(capacity * 0.875));
		let held = 0;
		while (outbox.append("a/b", new Uint8Array(47))) held++;
		// Of 76 bytes each.
		assert.equal(held, Math.floor((capacity - Math.floor(capacity * 0.875)) / 76));
	});
	it("reckons a promise with no more than the longest value, which can be written and read in a full journal", () => {
		// A record is at most as long as a block less its header and a tail: here 460, with 24 beside the body.
		const longest = 512 - 32 - 20 - 24 - 4;
		const costs = [longest, longest + 1, 0xffff].map(length => {
			const { state, outbox, again } = opened(partition(), new Map([["key", length]]));
			let held = 0;
			while (outbox.append("a/b", new Uint8Array(47))) held++;
			const value = "x".repeat(longest);
			state.write("key", value);
			assert.equal(again().state.read("key"), value);
			const message = `state: ${longest + 1} bytes for "key", expected at most ${longest}`;
			assert.throws(() => state.write("key", `${value}x`), { name: "RangeError", message });
			return held;
		});
		assert.deepEqual(costs, [costs[0], costs[0], costs[0]]);
	});
	it("gets the room it is promised from the messages, byte for byte", () => {
		const held = (promised: ReadonlyMap<string, number>) => {
			const { outbox } = new Store({ partition: partition(), promised });
			let count = 0;
			while (outbox?.append("a/b", new Uint8Array(47))) count++;
			return count;
		};
		// Records of 76 bytes: 20 of header, 2, 3 of topic, 47, 4 of check; and 1 of length, 1 of key, 50, 4.
		const ten = new Map(Array.from({ length: 10 }, (_, index) => [`${index}`, 50]));
		assert.equal(held(new Map()) - held(ten), 10);
	});
	it("refuses a key that is empty or longer than 15 bytes, and a value that no record can hold", () => {
		const { state, flash } = opened();
		for (const key of ["", "0123456789abcdef", "ääääääää"])
			assert.throws(() => state.write(key, "1"), RangeError);
		assert.throws(() => state.write("key", "x".repeat(500)), /state: 500 bytes for "key", expected at most/);
		assert.equal(flash.writes, 0);
	});
});

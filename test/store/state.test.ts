import assert from "node:assert/strict";
import Store from "../../modules/store/store.js";
import { TestFlash } from "../flash.js";

const partition = () => new TestFlash({ blocks: 8, blockLength: 512 });

function opened(flash = partition()) {
	const { state, outbox } = new Store({ partition: flash });
	assert.ok(state && outbox);
	return { state, outbox, flash, again: () => opened(flash) };
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
	it("has room left for itself when the outbox is full, and throws when that is used up, keeping the old value", () => {
		const { state, outbox, again } = opened();
		while (outbox.append("a/b", new Uint8Array(60)));
		for (let count = 0; count < 500; count++) state.write("ver", `${count}`.padEnd(100, "."));
		assert.throws(() => {
			for (let count = 0; count < 100; count++) state.write(`key${count}`, "x".repeat(50));
		}, /state: full/);
		assert.match(again().state.read("ver") ?? "", /^499\./);
	});
	it("gets the room it is promised from the messages, byte for byte", () => {
		const held = (promised: number) => {
			const { outbox } = new Store({ partition: partition(), promised });
			let count = 0;
			while (outbox?.append("a/b", new Uint8Array(47))) count++;
			return count;
		};
		// Records of 76 bytes: 20 of header, 2, 3 of topic, 47, 4 of check.
		const [none, some] = [held(0), held(760)];
		assert.equal(none - some, 10);
	});
	it("refuses a key that is empty or longer than 15 bytes, and a value that no record can hold", () => {
		const { state, flash } = opened();
		for (const key of ["", "0123456789abcdef", "ääääääää"])
			assert.throws(() => state.write(key, "1"), RangeError);
		assert.throws(() => state.write("key", "x".repeat(500)), /state: 500 bytes for "key", expected at most/);
		assert.equal(flash.writes, 0);
	});
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { Messages } from "../../modules/store/places.js";

/** What an outbox sees of its places. */
class Table extends Messages {
	override replay(): void {}
	override check(): boolean {
		return true;
	}
	override remove(place: number): void {
		this.take(place);
	}
	hold(sequence: number, address: number, length: number, state: number): void {
		this.put(this.above(sequence), sequence, address, length, state);
	}
	placeOf(sequence: number): number {
		return this.at(sequence);
	}
	get rows() {
		return Array.from({ length: this.count }, (_, place) => [
			this.sequences[place],
			this.addresses[place],
			this.lengths[place],
			this.tagOf(place),
		]);
	}
	/** States beyond those in use. */
	get rest(): readonly number[] {
		return [...this.states.subarray(this.count)];
	}
}

const message = fc.record({
	sequence: fc.integer({ min: 1, max: 60 }),
	state: fc.integer({ min: 1, max: 0xffff }),
});

describe("Places", () => {
	it("keep messages in the order of their sequences, for any that come and go", () => {
		fc.assert(
			fc.property(fc.array(message, { maxLength: 120 }), steps => {
				const table = new Table();
				const model = new Map<number, number[]>();
				for (const { sequence, state } of steps) {
					const place = table.placeOf(sequence);
					assert.equal(place >= 0, model.has(sequence));
					if (place >= 0) {
						table.remove(place);
						model.delete(sequence);
					} else {
						table.hold(sequence, 40 * sequence, sequence + 1, state);
						model.set(sequence, [sequence, 40 * sequence, sequence + 1, state]);
					}
					const rows = [...model.values()].sort(([one = 0], [other = 0]) => one - other);
					assert.deepEqual(table.rows, rows);
					// A search by identifier, which is a search of all states, finds no message that is gone.
					assert.ok(table.rest.every(rest => rest === 0));
				}
			}),
			{ seed: 419 },
		);
	});
	it("find the first record that lies in a block, its end excluded, from any place on", () => {
		const table = new Table();
		for (const [sequence, address] of [3000, 1000, 2000, 1999, 1500].entries())
			table.hold(sequence, address, 1, 0);
		assert.equal(table.find(1000, 2000), 1);
		assert.equal(table.find(1000, 2000, 2), 3);
		assert.equal(table.find(1000, 2000, 4), 4);
		assert.equal(table.find(1000, 2000, 5), -1);
		assert.equal(table.find(2000, 2001), 2);
		assert.equal(table.find(0, 1000), -1);
	});
});

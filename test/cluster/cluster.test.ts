/** The account of a cluster's campaign, and a short campaign. The long ones are `npm run cluster`. */

import assert from "node:assert/strict";
import { codeOf, Shown } from "./boards.js";
import { campaign } from "./campaign.js";
import { missing } from "./nodes.js";

describe("what an actuator of a cluster's board has shown", () => {
	const shown = (numbers: readonly number[], unsure: readonly number[] = []) => {
		const actuator = new Shown("lamp");
		for (const number of unsure) actuator.unsure.add(number);
		for (const number of numbers) {
			actuator.told = Math.max(actuator.told, number);
			actuator.show(codeOf(number));
		}
		return actuator;
	};
	it("is right where each number is newer, also past the brightness that comes round", () => {
		const { last, count, wrong } = shown([1, 2, 5, 100, 200, 249, 250, 251, 300, 400, 510]);
		assert.deepEqual({ last, count, wrong }, { last: 510, count: 11, wrong: [] });
	});
	it("is wrong where a number comes twice, or an older one over a newer", () => {
		assert.deepEqual(shown([1, 2, 2]).wrong, ["lamp: 2 after 2"]);
		assert.deepEqual(shown([1, 300 - 250, 60, 49]).wrong, ["lamp: 49 after 60"]);
	});
	it("is right where the board was away for long and does not hear of what it was told meanwhile", () => {
		const { last, wrong } = shown([1, 2, 243, 443, 690]);
		assert.deepEqual({ last, wrong }, { last: 690, wrong: [] });
	});
	it("may be one that a node sent again, or behind a newer one, without DUP", () => {
		const actuator = new Shown("lamp");
		actuator.told = 3;
		for (const [number, duplicate] of [
			[1, false],
			[3, false],
			[2, false],
			[1, true],
		] as const) {
			actuator.arrive(codeOf(number), duplicate);
			actuator.show(codeOf(number));
		}
		assert.deepEqual([actuator.unmarked, actuator.wrong], [1, ["lamp: 1 after 3"]]);
	});
	it("is wrong where what was sent again without DUP, and left, is done when it comes with DUP", () => {
		const actuator = new Shown("lamp");
		actuator.told = 3;
		for (const number of [2, 3]) {
			actuator.arrive(codeOf(number), false);
			actuator.show(codeOf(number));
		}
		actuator.arrive(codeOf(2), false);
		actuator.arrive(codeOf(2), true);
		actuator.show(codeOf(2));
		assert.deepEqual([actuator.unmarked, actuator.wrong], [0, ["lamp: 2 after 3"]]);
	});
	it("may be an older one that no node has acknowledged: it may have been on its way", () => {
		assert.deepEqual(shown([1, 3, 2], [2]).wrong, []);
	});
});

const reason = missing("nats");
describe(`a cluster of three NATS nodes${reason ? ` – pending: ${reason}` : ""}`, function () {
	this.timeout(120_000);
	before(function () {
		if (reason) this.skip();
	});
	it("loses no accepted alert when nodes are killed and frozen", async () => {
		const account = await campaign({ kind: "nats", seed: 3, seconds: 10, boards: 3 });
		assert.ok(account.accepted > 0 && account.kills + account.freezes > 0, JSON.stringify(account));
		assert.equal(account.lost, 0, account.complaints.join("\n"));
	});
});

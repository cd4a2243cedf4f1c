/**
 * What modules/mqtt costs in the XS engine, against the committed budget and the product's promises. The figures are the
 * engine's own and the same on each machine. `npm run bench` compares with others; `npm run bench -- --budget` makes a new budget.
 */

import assert from "node:assert/strict";
import { unavailable } from "../../hosts/xs/harness.js";
import { type Budget, committed, current } from "./budget.js";

/** What must hold beside the budget: meter units, slots and socket writes per operation. */
const PROMISES = [
	// Of the units of a publish 128 are for 64 bytes that are copied, so that they go out in one write.
	["publish0", 340, 0, 1],
	["publish0-vary", 450, 0, 1],
	["publish0-topics8", 530, 0, 1],
	["publish1", 820, 0, 1],
	// The client chooses the identifier; its writes are publish1's.
	["publish1-unidentified", 900, 0, 1],
	["receive0", 1010, 0, 0],
	["receive1", 1180, 0, 1],
] as const;

/** Below this share of the budget, the budget is no longer one. */
const SHARE = 0.9;

const reason = unavailable();
const budget = committed();

(reason ? describe.skip : describe)(`the MQTT client's budget in XS${reason ? ` (${reason})` : ""}`, () => {
	let found: Budget;
	before(async function () {
		this.timeout(60_000); // a slow machine: nothing here depends on time
		found = await current();
	});

	for (const [scenario, limits] of Object.entries(budget.scenarios))
		it(`${scenario} costs no more than ${describeFigures(limits)}`, () =>
			compare(found.scenarios[scenario] ?? {}, limits, scenario));

	for (const [way, limits] of Object.entries(budget.firmware))
		it(`The whole firmware's ${way} costs no more than ${describeFigures(limits)}`, () =>
			compare(found.firmware[way] ?? {}, limits, way));

	for (const [scenario, units, slots, writes] of PROMISES)
		it(`${scenario} keeps to ${units} units, ${slots} slots and ${writes} writes`, () => {
			const figures = found.scenarios[scenario] ?? {};
			exceeds(figures, { units, slots, ...(figures.writes !== undefined && { writes }) });
		});

	it("An alert's edge takes half of the 38 047 units that it took before", () => {
		assert.ok((found.firmware.edge?.units ?? Number.NaN) <= 38_047 / 2);
	});

	it("Repeated publications leave no garbage, in slots or in bytes", () => {
		for (const scenario of ["publish0", "publish0-alternating", "publish0-vary", "publish0-topics8"]) {
			const { slots, bytes } = found.scenarios[scenario] ?? {};
			assert.deepEqual({ scenario, slots, bytes }, { scenario, slots: 0, bytes: 0 });
		}
	});

	it("16 KiB, out or in, need no buffer of the message's size: chunks stay below 1 KiB", () => {
		for (const scenario of ["out16k", "in16k"])
			assert.ok((found.scenarios[scenario]?.bytes ?? Number.NaN) < 1024, scenario);
	});

	it(`A connected idle client holds no more than ${describeFigures(budget.idle)}`, () =>
		compare(found.idle, budget.idle, "idle"));

	it("A topic that is kept holds no more than 250 bytes on a device, its 64 in the client's buffer included", () => {
		compare(found.topic, budget.topic, "topic");
		assert.ok(found.topic.slots * 16 + found.topic.bytes + 64 <= 250);
	});

	it(`The module is no larger than ${budget.minified} bytes, minified`, () =>
		compare({ minified: found.minified }, { minified: budget.minified }, "module"));
});

type Numbers = { readonly [key: string]: number };

function describeFigures(figures: object): string {
	return Object.entries(figures)
		.map(([key, value]) => `${value} ${key}`)
		.join(", ");
}

function exceeds(figures: object, limits: object): void {
	for (const [key, limit] of Object.entries(limits)) {
		const value = (figures as Numbers)[key] ?? Number.NaN;
		assert.ok(value <= limit, `expected at most ${limit} ${key}, found ${value}`);
	}
}

/** Fails on what is over the limits; says so where one is no limit any more. */
function compare(figures: object, limits: object, what: string): void {
	exceeds(figures, limits);
	for (const [key, limit] of Object.entries(limits))
		if (((figures as Numbers)[key] ?? Number.NaN) < limit * SHARE)
			console.log(
				`      ${what}: ${key} are down from ${limit} to ${(figures as Numbers)[key]}: npm run bench -- --budget`,
			);
}

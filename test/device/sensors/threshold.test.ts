/** When an alert is ON: each kind as a table of samples, a second apart, and the state after each. */

import assert from "node:assert/strict";
import type { AlertDescription } from "../../../modules/device/description/description.js";
import Threshold from "../../../modules/device/sensors/threshold.js";

const plain = { name: "a", sensor: "s", over: 1000, holdOn: 0, holdOff: 0, rearm: 0 };

/** One character a sample: `-` OFF, `#` ON. */
function states(
	description: object,
	samples: readonly (number | undefined)[],
	start = 0,
	on = false,
): string {
	const make = () => new Threshold({ ...plain, ...description } as AlertDescription, on);
	const rule = make();
	// Not asked where it says that it need not be.
	const spared = make();
	let text = "";
	let last = on;
	let latest = start;
	samples.forEach((value, index) => {
		const now = start + index * 1000;
		if (value !== undefined) latest = now;
		const within = value !== undefined && value > spared.lowest && value < spared.highest;
		const edge = rule.update(value, now, latest);
		if (!within) spared.update(value, now, latest);
		assert.equal(spared.on, rule.on, "a sample that need not be looked at changes nothing");
		assert.equal(edge, rule.on !== last, "an edge is a change, and a change an edge");
		last = rule.on;
		text += rule.on ? "#" : "-";
	});
	return text;
}

const none = undefined;
const tables: readonly (readonly [
	title: string,
	description: object,
	samples: readonly (number | undefined)[],
	states: string,
])[] = [
	[
		"above: ON beyond the threshold, OFF at clear, in between as before",
		{ above: 30, clear: 28 },
		[25, 30, 31, 29, 28.1, 28, 29, 30, 31],
		"--###---#",
	],
	["above without clear: OFF at the threshold", { above: 30 }, [30, 30.1, 30, 31], "-#-#"],
	[
		"below: ON under the threshold, OFF at clear",
		{ below: 10, clear: 12 },
		[11, 10, 9, 11, 12, 11, 9],
		"--##--#",
	],
	["below without clear: OFF at the threshold", { below: 10 }, [10, 9.9, 10], "-#-"],
	[
		"outside: ON on either side, OFF within the clear band",
		{ outside: [10, 20], clear: [12, 18] },
		[15, 21, 19, 18, 9, 11, 12],
		"-##-##-",
	],
	["outside without clear: OFF within the band itself", { outside: [10, 20] }, [10, 20, 20.1, 20], "--#-"],
	[
		"rate: ON when it changes faster, either way, OFF when slower than clear",
		{ rate: 2, clear: 1 },
		[0, 1, 3, 6, 4.5, 4, 1, 1],
		"---##-#-",
	],
	[
		"rate over a longer time: one judgement each so long",
		{ rate: 2, over: 2000 },
		[0, 9, 5, 5, 5, 5, 5],
		"--##---",
	],
	["rate: a missing sample is bridged", { rate: 2 }, [0, none, 6, 6], "--#-"],
	[
		"stale: ON after so long without a sample, OFF at the first",
		{ stale: 3000 },
		[1, none, none, none, none, 1, none],
		"---##--",
	],
	[
		"stale: counted from the start when there never was a sample",
		{ stale: 2000 },
		[none, none, none, 1],
		"--#-",
	],
	[
		"missing samples change nothing for a threshold",
		{ above: 30, clear: 28 },
		[31, none, none, 29, none, 28],
		"#####-",
	],
	["hold before ON: only what lasts", { above: 30, holdOn: 2000 }, [31, 31, 29, 31, 31, 31, 31], "-----##"],
	[
		"hold before ON: the band between clear and threshold breaks it",
		{ above: 30, clear: 28, holdOn: 2000 },
		[31, 29, 31, 31, 31],
		"----#",
	],
	[
		"hold before ON: a missing sample neither breaks nor starts it",
		{ above: 30, holdOn: 2000 },
		[31, none, 31, 20, none, none, 31],
		"--#----",
	],
	[
		"hold before OFF: only what lasts",
		{ above: 30, clear: 28, holdOff: 2000 },
		[31, 27, 29, 27, 27, 27],
		"#####-",
	],
	["hold before either edge", { above: 30, holdOn: 1000, holdOff: 1000 }, [31, 31, 20, 20, 31, 31], "-##--#"],
	["re-arm: not ON again before a pause", { above: 30, rearm: 3000 }, [31, 20, 31, 31, 31, 31], "#---##"],
	[
		"re-arm: the hold begins after the pause",
		{ above: 30, rearm: 2000, holdOn: 1000 },
		[31, 31, 20, 31, 31, 31],
		"-#---#",
	],
];

describe("alert rule", () => {
	for (const [title, description, samples, expected] of tables)
		it(title, () => {
			assert.equal(states(description, samples), expected);
		});

	for (const [title, description, samples, expected] of tables)
		it(`does the same when 24.8 and 49.7 days have passed – ${title}`, () => {
			assert.equal(states(description, samples, 2 ** 31 - 2500), expected);
			assert.equal(states(description, samples, 2 ** 32 - 2500), expected);
		});

	it("goes on from the state before a restart", () => {
		assert.equal(states({ above: 30, clear: 28 }, [29, 28], 0, true), "#-");
		assert.equal(states({ above: 30, clear: 28 }, [31], 0, true), "#");
		assert.equal(states({ stale: 2000 }, [none, none, 1], 0, true), "##-");
	});

	it("stays stale for as long as there is nothing, for months", () => {
		const rule = new Threshold({ ...plain, stale: 1000 } as AlertDescription);
		let edges = 0;
		for (let day = 0; day < 60; day++) if (rule.update(undefined, day * 86_400_000, 0)) edges++;
		assert.deepEqual([rule.on, edges], [true, 1]);
	});

	for (const [title, weeks] of [
		["half round", 2 ** 31 + 1000],
		["round", 2 ** 32 + 1000],
	] as const)
		it(`counts what has passed between two samples, also when ticks have gone ${title} meanwhile`, () => {
			const rule = (description: object) => new Threshold({ ...plain, ...description } as AlertDescription);
			const stale = rule({ stale: 86_400_000 });
			assert.equal(stale.update(undefined, weeks, 0), true, "stale");
			const rate = rule({ rate: 1 });
			rate.update(0, 0, 0);
			// 5 000 within a second would be too fast.
			assert.equal(rate.update(5000, weeks, 0), false, "rate");
			const hold = rule({ above: 1, holdOn: 86_400_000 });
			hold.update(2, 0, 0);
			assert.equal(hold.update(2, weeks, 0), true, "hold");
			const rearm = rule({ above: 1, rearm: 86_400_000 });
			rearm.update(2, 0, 0);
			rearm.update(0, 1, 0);
			assert.equal(rearm.update(2, weeks, 0), true, "re-arm");
		});

	it("need not be asked between its thresholds, also while it is ON", () => {
		const band = (description: object, value: number) => {
			const rule = new Threshold({ ...plain, ...description } as AlertDescription);
			if (!(value > rule.lowest && value < rule.highest)) rule.update(value, 0, 0);
			return [rule.on, rule.lowest, rule.highest];
		};
		const above = { above: 30, clear: 28 };
		assert.deepEqual(band(above, 29), [false, -Infinity, 30]);
		assert.deepEqual(band(above, 31), [true, 28, Infinity]);
		assert.deepEqual(band({ below: 5 }, 6), [false, 5, Infinity]);
		assert.deepEqual(band({ below: 5 }, 4), [true, -Infinity, 5]);
		assert.deepEqual(band({ outside: [1, 2] }, 1.5), [false, 1, 2]);
		assert.equal(band({ outside: [1, 2] }, 3)[1], Infinity);
		assert.equal(band({ above: 30, holdOn: 1000 }, 31)[1], Infinity, "a hold runs");
		assert.equal(band({ rate: 1 }, 0)[1], Infinity);
	});

	it("is armed again after a pause of weeks", () => {
		const rule = new Threshold({ ...plain, above: 1, rearm: 1000 } as AlertDescription);
		rule.update(2, 0, 0);
		rule.update(0, 1000, 0);
		for (let day = 1; day < 40; day++) rule.update(0, day * 86_400_000, 0);
		assert.equal(rule.update(2, 40 * 86_400_000, 0), true);
	});
});

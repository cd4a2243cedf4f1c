/** Sensor `replay` of hosts/node: pace, end, loop, and files that are refused. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Replay, type ReplayOptions } from "../../hosts/node/replay.js";
import { TestClock } from "../clock.js";

describe("hosts/node: sensor replay", () => {
	const directory = mkdtempSync(join(tmpdir(), "glowworm-replay-"));
	after(() => rmSync(directory, { recursive: true }));

	function play(text: string, more: Partial<ReplayOptions> = {}, clock = new TestClock()) {
		writeFileSync(join(directory, "ramp.csv"), text);
		const sensor = new Replay({ ticks: clock, file: "ramp.csv", directory, ...more });
		return { sensor, clock };
	}
	/** Values at each `step` milliseconds, the first at once; `-` where there is none. */
	function values({ sensor, clock }: ReturnType<typeof play>, step: number, count: number): string {
		return Array.from({ length: count }, (_, i) => {
			if (i) clock.advance(step);
			return sensor.sample()?.value ?? "-";
		}).join();
	}
	const ramp = "seconds,value\n0,10\n0.1,20\n0.2,30\n0.3,40\n";

	it("gives each row at its time, the last once, and then nothing", () => {
		assert.equal(values(play(ramp), 100, 6), "10,20,30,40,-,-");
	});
	it("lets a row stand until the next, and begins at the first row's time", () => {
		assert.equal(values(play("5,1\n6,2\n8,3\n"), 500, 9), "1,1,2,2,2,2,3,-,-");
	});
	it("plays faster by `speed`", () => {
		assert.equal(values(play(ramp, { speed: 10 }), 10, 5), "10,20,30,40,-");
	});
	it("gives the last row even if it was asked for long after", () => {
		assert.equal(values(play(ramp), 60_000, 3), "10,40,-");
	});
	it("begins again with `loop`, the last row standing as long as the one before", () => {
		assert.equal(values(play(ramp, { loop: true }), 100, 10), "10,20,30,40,10,20,30,40,10,20");
	});
	it("repeats a single row with `loop`", () => {
		assert.equal(values(play("0,7\n", { loop: true }), 5000, 4), "7,7,7,7");
	});
	it("keeps its pace when ticks wrap", () => {
		assert.equal(values(play(ramp, {}, new TestClock(2 ** 31 - 150)), 100, 5), "10,20,30,40,-");
	});
	it("takes files without a header, with blank lines, CRLF, spaces and a byte order mark", () => {
		assert.equal(values(play("\uFEFFseconds, value\r\n\r\n0 , 1.5\r\n1,-2e1\r\n\r\n"), 1000, 3), "1.5,-20,-");
	});

	const bad = [
		["a row with one column", "0,1\n1\n", 'line 2: expected seconds,value, found "1"'],
		["a row with three columns", "0,1,2\n", 'line 1: expected seconds,value, found "0,1,2"'],
		["text in a row", "seconds,value\n0,1\n1,warm\n", 'line 3: expected seconds,value, found "1,warm"'],
		["an empty value", "0,\n", 'line 1: expected seconds,value, found "0,"'],
		[
			"a second header",
			"seconds,value\nseconds,value\n",
			'line 2: expected seconds,value, found "seconds,value"',
		],
		["an infinite value", "0,Infinity\n", 'line 1: expected seconds,value, found "0,Infinity"'],
		["seconds that go back", "0,1\n2,1\n1,1\n", "line 3: expected seconds of at least 2, found 1"],
	] as const;
	for (const [what, text, expected] of bad)
		it(`refuses ${what} with one line that names file and line`, () => {
			assert.throws(() => play(text), { message: `replay: ramp.csv: ${expected}` });
		});
	it("refuses a file without rows", () => {
		assert.throws(() => play("seconds,value\n"), {
			message: "replay: ramp.csv: expected rows of seconds,value, found none",
		});
	});
	it("refuses a file that is not there", () => {
		assert.throws(
			() => play(ramp, { file: "nothing.csv" }),
			/^Error: replay: nothing\.csv: expected a readable CSV file in \S+, found ENOENT$/,
		);
	});
	for (const [option, value] of [
		["speed", 0],
		["speed", Number.NaN],
		["loop", "yes"],
		["file", ""],
	] as const)
		it(`refuses ${option} ${JSON.stringify(value)}`, () => {
			assert.throws(() => play(ramp, { [option]: value }), new RegExp(`replay: ${option}`));
		});
});

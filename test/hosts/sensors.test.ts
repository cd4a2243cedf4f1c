/** The other sensors of hosts/node, with sources of their own: wave, cpu-load, free-memory, temperature. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type CpuInfo, tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { CPULoad } from "../../hosts/node/cpu.js";
import { FreeMemory } from "../../hosts/node/memory.js";
import { find, Temperature } from "../../hosts/node/temperature.js";
import { Wave } from "../../hosts/shared/wave.js";
import { TestClock } from "../clock.js";

describe("hosts/node: sensor wave", () => {
	it("is a sine that starts at the middle, rising, the same for the same ticks", () => {
		for (const start of [0, 2 ** 31 - 1000]) {
			const clock = new TestClock(start);
			const wave = new Wave({ ticks: clock, minimum: 10, maximum: 30, period: 4000 });
			const values = [0, 1000, 1000, 1000, 1000, 500].map(step => {
				clock.advance(step);
				return wave.sample().value.toFixed(3);
			});
			assert.deepEqual(values, ["20.000", "30.000", "20.000", "10.000", "20.000", "27.071"]);
		}
	});
	it("can be configured while it runs, each option by itself", () => {
		const clock = new TestClock();
		const wave = new Wave({ ticks: clock, period: 1000 });
		clock.advance(250);
		assert.equal(wave.sample().value, 25);
		wave.configure({ maximum: 35 });
		assert.equal(wave.sample().value, 35);
		assert.throws(() => wave.configure({ minimum: 40 }), /minimum 40 is greater than maximum 35/);
		assert.equal(wave.sample().value, 35);
	});
	for (const [option, value] of [
		["period", 0],
		["period", Number.NaN],
		["minimum", "1"],
		["minimum", 99],
		["ticks", undefined],
	] as const)
		it(`refuses ${option} ${value}`, () => {
			assert.throws(() => new Wave({ ticks: new TestClock(), [option]: value } as never), new RegExp(option));
		});
});

describe("hosts/node: sensor cpu-load", () => {
	function cpu(busy: number, idle: number): CpuInfo {
		return { model: "", speed: 0, times: { user: busy - 3, nice: 1, sys: 1, irq: 1, idle } };
	}
	it("gives the share of busy time between two samples, over all processors", () => {
		const states = [
			[cpu(100, 900), cpu(100, 900)],
			[cpu(150, 950), cpu(100, 1000)],
			[cpu(250, 950), cpu(200, 1000)],
		];
		let now = 0;
		const sensor = new CPULoad({ source: () => states[now] as CpuInfo[] });
		const loads = [0, 1, 2].map(index => {
			now = index;
			return sensor.sample().load;
		});
		assert.deepEqual(loads, [10, 25, 100]);
	});
	it("repeats its value when the kernel has not counted on", () => {
		let state = [cpu(100, 100)];
		const sensor = new CPULoad({ source: () => state });
		state = [cpu(101, 103)];
		assert.equal(sensor.sample().load, 25);
		assert.equal(sensor.sample().load, 25);
	});
	it("refuses to be made where there are no counters", () => {
		assert.throws(() => new CPULoad({ source: () => [] }), /no processor times/);
	});
});

describe("hosts/node: sensor free-memory", () => {
	it("is in MiB, more than none and less than all", () => {
		const { memory } = new FreeMemory({}).sample();
		assert.ok(memory > 0 && memory < totalmem() / 2 ** 20, `${memory} MiB`);
	});
});

describe("hosts/node: sensor temperature", () => {
	let root: string;
	beforeEach(() => {
		root = mkdtempSync(join(tmpdir(), "glowworm-thermal-"));
	});
	afterEach(() => rmSync(root, { recursive: true }));
	function file(name: string, content: string): string {
		const path = join(root, name);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, `${content}\n`);
		return path;
	}

	it("reads thousandths of a degree, below zero too", () => {
		const sensor = new Temperature({ file: file("temp", "47500") });
		assert.deepEqual(sensor.sample(), { temperature: 47.5 });
		file("temp", "-1250");
		assert.deepEqual(sensor.sample(), { temperature: -1.25 });
	});
	it("throws while the kernel gives no number, rather than saying 0 °C", () => {
		const sensor = new Temperature({ file: file("temp", "20000") });
		file("temp", "");
		assert.throws(() => sensor.sample(), /expected thousandths of a degree, found ""/);
		file("temp", "21000");
		assert.deepEqual(sensor.sample(), { temperature: 21 });
	});
	it("prefers the processor among zones and chips, and leaves out what cannot be read", () => {
		file("thermal/thermal_zone0/type", "acpitz");
		file("thermal/thermal_zone0/temp", "30000");
		file("thermal/thermal_zone1/type", "x86_pkg_temp");
		file("thermal/thermal_zone1/temp", "");
		file("hwmon/hwmon0/name", "nvme");
		file("hwmon/hwmon0/temp1_input", "35000");
		file("hwmon/hwmon1/name", "coretemp");
		const best = file("hwmon/hwmon1/temp1_input", "50000");
		assert.deepEqual(find(root), { file: best });
	});
	it("says why there is none: nothing there, or nothing that can be read", () => {
		assert.deepEqual(find(root), {
			reason: `this machine has no thermal zone and no hwmon chip under ${root}`,
		});
		file("thermal/thermal_zone0/temp", "N/A");
		assert.deepEqual(find(root), { reason: `none of the 1 thermal files under ${root} can be read` });
	});
});

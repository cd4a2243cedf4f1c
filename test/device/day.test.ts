/**
 * A day in the life of a board, in simulated time: 24 hours of samples, a sensor that fails, a broker that goes, a restart,
 * a power cut without a clock, commands new and old. Everything it published is compared with day.log, line by line;
 * `ts` is shown as the time of day it says. `DAY=write` writes day.log anew, to be read before it is committed.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import type { NTPClass } from "../../modules/device/io.js";
import { firmware } from "../../modules/device/retained.js";
import { TestClock } from "../clock.js";
import { scripted, type TestInput, World } from "./stage.js";

const MIDNIGHT = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const description = {
	sensors: [
		{
			name: "air",
			driver: "air",
			every: 1000,
			decimals: 1,
			window: 60_000,
			deadband: 2,
			maxSilence: 21_600_000,
		},
		{
			name: "soil",
			driver: "soil",
			every: 60_000,
			decimals: 0,
			deadband: 1,
			maxSilence: 21_600_000,
			faultAfter: 600_000,
		},
	],
	alerts: [
		{ name: "hot", sensor: "air", above: 30, clear: 28, holdOn: 60_000, severity: "warning" },
		{ name: "dry", sensor: "soil", below: 20, clear: 25 },
	],
	lamp: { pin: 2, failSafe: 2 * HOUR },
	button: { pin: 0 },
};

/** `13:05:00` as milliseconds of the day. */
function at(clock: string): number {
	const [hours = 0, minutes = 0, seconds = 0] = clock.split(":").map(Number);
	return ((hours * 60 + minutes) * 60 + seconds) * 1000;
}
function clockOf(milliseconds: number): string {
	const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
	const day = milliseconds - MIDNIGHT;
	if (day < 0) return `+${milliseconds / 1000}s`;
	return `${two(day / HOUR)}:${two((day / 60_000) % 60)}:${two((day / 1000) % 60)}`;
}
/** The value at a time of the day on a line through points. */
function curve(points: readonly (readonly [hour: number, value: number])[], day: number): number {
	const hour = day / HOUR;
	const next = points.findIndex(([when]) => when > hour);
	const [from, to] = [points[next - 1], points[next]] as [
		readonly [number, number],
		readonly [number, number],
	];
	return from[1] + ((to[1] - from[1]) * (hour - from[0])) / (to[0] - from[0]);
}
const air = (day: number) =>
	curve(
		[
			[0, 18],
			[5, 15],
			[13, 33],
			[16, 27],
			[17, 31],
			[20, 22],
			[25, 18],
		],
		day,
	);
const soil = (day: number) =>
	curve(
		[
			[0, 30],
			[14, 16],
			[14.1, 45],
			[25, 40],
		],
		day,
	);

describe("a day", function () {
	this.timeout(60_000);

	it("is told as it was, failures included", () => {
		const clock = new TestClock(0, 0);
		clock.synchronized = false;
		const world = new World(clock);
		const day = () => clock.now;
		const log: string[] = [];
		let ntp = true;
		let faulty = false;
		world.ntp = {
			client: {
				io: class {
					getTime(callback: (error: Error | null, time?: number) => void) {
						clock.set(() => (ntp ? callback(null, MIDNIGHT + day()) : callback(new Error("no route"))), 3000);
					}
					close() {}
				} as NTPClass,
			},
		};
		world.sensors = {
			air: scripted(() => air(day())),
			soil: scripted(() => {
				if (faulty) throw new Error("no answer on the bus");
				return soil(day());
			}),
		};
		world.onPublish = ({ topic, payload, retain }) => {
			const text = payload
				.replace(firmware, "glowworm")
				.replace(/"ts":(\d+)/g, (_, ts) => `"ts":${clockOf(Number(ts))}`);
			log.push(`${clockOf(MIDNIGHT + day())} ${topic}${retain ? " (retained)" : ""} ${text}`);
		};
		const note = (text: string) => log.push(`${clockOf(MIDNIGHT + day())} – ${text}`);
		const power = () => {
			world.start(description);
			clock.set(() => world.link.connect(true), 2000);
		};
		const send = (topic: string, payload: string, about = {}) => {
			note(`${payload || "nothing"} on ${topic}`);
			world.link.receive(topic, payload, about);
		};
		const story: readonly (readonly [when: string, what: () => void])[] = [
			[
				"05:00",
				() => {
					note("the soil sensor fails");
					faulty = true;
				},
			],
			[
				"05:30",
				() => {
					note("the soil sensor works");
					faulty = false;
				},
			],
			["07:00", () => send("lamp/desired", '{"state":"ON","ver":1}')],
			["07:01", () => send("lamp/desired", '{"state":"ON","ver":1}', { duplicate: true })],
			[
				"10:00",
				() => {
					note("the broker goes");
					world.link.disconnect();
				},
			],
			[
				"11:00",
				() => {
					note("a hand on the button");
					(world.inputs.get(0) as TestInput).turn(1);
				},
			],
			[
				"11:30",
				() => {
					note("a hand on the button");
					(world.inputs.get(0) as TestInput).turn(1);
				},
			],
			[
				"13:30",
				() => {
					note("the broker is back");
					world.link.connect(true);
				},
			],
			["13:30", () => send("lamp/desired", '{"state":"ON","ver":1}', { retain: true })],
			["15:00", () => send("cmd", '{"cmd":"restart","cid":"r1"}')],
			[
				"15:00:02",
				() => {
					note("restarts");
					world.kill();
					world.reset = "software";
					power();
				},
			],
			[
				"17:10",
				() => {
					note("the power goes, and the clock with it");
					ntp = false;
					world.kill();
					world.reset = "power-on";
					clock.time = 0;
				},
			],
			[
				"17:20",
				() => {
					note("the power is back");
					power();
				},
			],
			[
				"19:00",
				() => {
					ntp = true;
				},
			],
			["20:00", () => send("lamp/desired", '{"state":"ON","ver":3}')],
			["20:01", () => send("lamp/desired", '{"state":"OFF","ver":2}')],
			["20:02", () => send("lamp/set", "OFF", { retain: true })],
			["20:03", () => send("lamp/desired", "", { retain: true })],
			["22:00", () => send("lamp/set", "OFF", { id: 9 })],
			["22:00:01", () => send("lamp/set", "toggle", { id: 10 })],
		];
		power();
		for (const [when, what] of story) {
			clock.advance(at(when) - day());
			what();
		}
		clock.advance(24 * HOUR - day());

		const file = new URL("day.log", import.meta.url);
		if (process.env.DAY === "write") writeFileSync(file, `${log.join("\n")}\n`);
		const expected = readFileSync(file, "utf8").trimEnd().split("\n");
		for (const [index, line] of log.entries()) assert.equal(line, expected[index], `line ${index + 1}`);
		assert.equal(log.length, expected.length);
		assert.deepEqual(world.pins.get(2), [0, 1, 0, 1, 0, 1, 0]);
	});
});

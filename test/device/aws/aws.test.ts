/** The feature's keys, and Basic Ingest. */

import assert from "node:assert/strict";
import aws from "../../../modules/device/aws/aws.js";
import { check, line } from "../../../modules/device/description/description.js";
import homeAssistant from "../../../modules/device/homeassistant/homeassistant.js";
import { roomFor } from "../../../modules/device/start.js";
import { scripted, World } from "../stage.js";

const right = { root: "greenhouse/1", id: "bed-3", profile: "aws", lamp: { pin: 2 } };

function problems(raw: object, features = [aws, homeAssistant]): string[] {
	return check(raw, { sensor: {}, forms: features }).problems.map(problem => line(problem));
}

describe("AWS as a feature", () => {
	for (const [title, raw, expected] of [
		[
			"a shadow elsewhere",
			{ profile: "plain", shadow: true },
			'shadow: expected nothing without "profile":"aws", found true',
		],
		[
			"jobs elsewhere",
			{ profile: "plain", jobs: true },
			'jobs: expected nothing without "profile":"aws", found true',
		],
		[
			"a rule's name with a dash",
			{ ingest: "a-b" },
			'ingest: expected the name of a rule: A-Z a-z 0-9 _, found "a-b"',
		],
		[
			"Home Assistant beside ingest",
			{ ingest: "lake", homeAssistant: true },
			"homeAssistant: expected nothing beside ingest: measurements reach AWS's rules only, found true",
		],
		[
			"parameters of the template that are no texts",
			{ provisioning: "fleet", parameters: { Site: 7 } },
			"parameters: expected an object of texts, as the template names them, found an object",
		],
	] as const)
		it(`says of ${title}: ${expected}`, () => assert.deepEqual(problems({ ...right, ...raw }), [expected]));
	it("takes all its keys with the profile, found by itself too", () => {
		const broker = "mqtts://abc-ats.iot.eu-central-1.amazonaws.com";
		const all = { shadow: true, jobs: true, ingest: "lake_1" };
		assert.deepEqual(problems({ ...right, ...all }), []);
		assert.deepEqual(problems({ ...right, profile: undefined, broker, ...all }), []);
	});
	it("is refused key by key where it is left out", () => {
		assert.equal(problems({ ...right, shadow: true, jobs: true, ingest: "a" }, []).length, 3);
	});
	const roomsOf = (raw: object) => {
		const { description } = check({ ...right, ...raw }, { sensor: {}, forms: [aws] });
		assert.ok(description);
		return roomFor(description, [aws]);
	};
	it("keeps a record for the settings, and one for jobs, where they are wanted", () => {
		const keys = (raw: object) => [...roomsOf(raw).keys()].filter(key => ["sh", "job"].includes(key));
		assert.deepEqual(keys({}), []);
		assert.deepEqual(keys({ shadow: true, jobs: true }), ["sh", "job"]);
	});
	it("has room for the longest of its records", () => {
		const rooms = roomsOf({ shadow: true, jobs: true });
		const job = JSON.stringify({ id: "x".repeat(64), end: "y".repeat(100) });
		assert.ok((rooms.get("job") ?? 0) >= job.length);
		const mark = {
			at: 2_000_000_000,
			version: 2_000_000_000,
			ver: Number.MAX_SAFE_INTEGER,
			own: false,
			state: "OFF",
			brightness: 255,
		};
		const output = roomsOf({}).get("o:lamp") ?? Infinity;
		// A comma in place of the braces.
		assert.ok((rooms.get("o:lamp") ?? 0) >= output + JSON.stringify({ mark }).length - 1);
		assert.ok((rooms.get("sh") ?? 0) >= JSON.stringify({ at: 2_000_000_000 }).length);
	});
	it("sends measurements to the rule, without retain, and all else on the board's own topics", () => {
		const world = new World();
		let value = 20;
		world.sensors = { t: scripted(() => value) };
		world.start(
			{
				profile: "aws",
				ingest: "lake",
				sensors: [{ name: "temp", driver: "t", every: 1000 }],
				alerts: [{ name: "hot", sensor: "temp", above: 30 }],
			},
			[aws],
		);
		world.link.connect();
		world.clock.advance(1000);
		value = 40;
		world.clock.advance(1000);
		const topic = "$aws/rules/lake/r/b/measurements/temp";
		assert.deepEqual(
			world.json(topic).map(({ v, seq }) => [v, seq]),
			[
				[20, 1],
				[20, 2],
				[40, 3],
			],
		);
		assert.deepEqual(world.on("measurements/temp"), []);
		assert.equal(world.on("alerts/hot").length, 1);
		assert.ok(world.trace.some(line => line.startsWith(`> ${topic} `)));
	});
});

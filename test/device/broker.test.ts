/** Profiles: found from the broker's name, limits as data, and one line for what of a description would not fit. */

import assert from "node:assert/strict";
import { excess, limitsOf, profileOf } from "../../modules/device/broker.js";
import { check, line } from "../../modules/device/description/description.js";
import homeAssistant from "../../modules/device/homeassistant/homeassistant.js";
import type { SensorDriver } from "../../modules/device/io.js";

const drivers = { wave: { io: Object as unknown as SensorDriver["io"], quantity: "value" } };
const right = { root: "factory/1/machine", id: "desk-1", broker: "mqtt://127.0.0.1:1883" };
const aws = { ...right, broker: "mqtts://abc123-ats.iot.eu-central-1.amazonaws.com:443" };
const sensor = { name: "temp", driver: "wave", every: 1000 };

function problems(raw: object): string[] {
	return check(raw, { sensor: drivers, forms: [homeAssistant] }).problems.map(problem => line(problem));
}

describe("broker profiles", () => {
	for (const [broker, profile] of [
		["mqtts://abc123-ats.iot.eu-central-1.amazonaws.com", "aws"],
		["mqtts://abc123.ats.iot.cn-north-1.amazonaws.com.cn:8883", "aws"],
		["mqtts://iot.example.com", "plain"],
		["mqtts://abc.iot.amazonaws.com.example.com", "plain"],
		["mqtts://queue.amazonaws.com", "plain"],
		["mqtt://[::1]:1883", "plain"],
		["nonsense .iot. .amazonaws.com", "plain"],
	] as const)
		it(`finds ${profile} from ${broker}`, () => assert.equal(profileOf({ broker }), profile));
	it("is aws if one of several brokers is AWS's, unless the description says otherwise", () => {
		const broker = [right.broker, aws.broker];
		assert.equal(profileOf({ broker }), "aws");
		assert.equal(profileOf({ broker, profile: "plain" }), "plain");
		assert.equal(profileOf({ profile: "aws" }), "aws");
		assert.equal(profileOf({}), "plain");
	});
	it("has the limits of a description in the place of the profile's", () => {
		const limits = limitsOf({ ...aws, limits: { publishRate: 20, retain: false } });
		assert.deepEqual(
			[limits.publishRate, limits.retain, limits.maximumPayload, limits.keepAlive],
			[20, false, 131_072, [30_000, 1_200_000]],
		);
		assert.equal(limitsOf(right).publishRate, undefined);
	});
	it("takes what fits", () => {
		assert.deepEqual(problems(right), []);
		assert.deepEqual(problems({ ...aws, sensors: [sensor] }), []);
		// VerneMQ's depth, Mosquitto's message_size_limit.
		assert.deepEqual(problems({ ...right, root: "a/b/c/d/e", limits: { topicLevels: 10 } }), []);
		assert.deepEqual(
			problems({ ...right, sensors: [{ ...sensor, batch: 50 }], limits: { maximumPayload: 2048 } }),
			[],
		);
	});
	const lamp = { pin: 2 };
	const fast = { ...sensor, every: 5 };
	for (const [title, raw, expected] of [
		[
			"a keep-alive that AWS does not take",
			{ ...aws, keepAlive: 20_000 },
			"keepAlive: expected a number from 30000 to 1200000 (what the broker takes), found 20000",
		],
		[
			"a keep-alive above Mosquitto's max_keepalive",
			{ ...right, keepAlive: 120_000, limits: { keepAlive: [1000, 60_000] } },
			"keepAlive: expected a number from 1000 to 60000 (what the broker takes), found 120000",
		],
		[
			"more measurements than AWS takes messages",
			{ ...aws, sensors: [fast, { ...sensor, name: "b" }] },
			"sensors: expected at most 80 measurements a second together (the broker takes 100 messages), found 201",
		],
		[
			"a batch that is longer than the broker's messages",
			{ ...right, sensors: [{ ...sensor, batch: 100 }], limits: { maximumPayload: 2048 } },
			"sensors[0].batch: expected at most 69 (the broker takes messages of 2048 bytes), found 100",
		],
		[
			"a batch of ranges that is longer than the broker's messages",
			{
				...right,
				sensors: [{ ...sensor, batch: 100, aggregate: "range" }],
				limits: { maximumPayload: 2048 },
			},
			"sensors[0].batch: expected at most 30 (the broker takes messages of 2048 bytes), found 100",
		],
		[
			"a root that is too deep for the limit",
			{ ...right, lamp, limits: { topicLevels: 5 } },
			"root: expected at most 1 slashes (the board adds 3, brokers take 4), found 2 slashes",
		],
		[
			"topics that are too long for the limit, in bytes",
			{ ...right, root: "ä".repeat(40), limits: { topicBytes: 90 } },
			"root: expected topics of at most 90 bytes, found 98 bytes in the longest",
		],
		[
			"more subscriptions than a connection may have",
			{ ...right, lamp: { ...lamp, liveOnly: true }, limits: { filters: 2 } },
			"limits.filters: expected a whole number from 4 to 1000, found 2",
		],
		[
			"Home Assistant where nothing is retained",
			{ ...right, homeAssistant: true, limits: { retain: false } },
			"homeAssistant: expected a broker that retains, found limits.retain false",
		],
		[
			"a profile that there is not",
			{ ...right, profile: "azure" },
			'profile: expected one of plain, aws, found "azure"',
		],
		[
			"a limit that there is not",
			{ ...right, limits: { topicLevel: 8 } },
			'limits.topicLevel: expected a known key, perhaps "topicLevels", found "topicLevel"',
		],
	] as const)
		it(`says of ${title}: ${expected}`, () => assert.deepEqual(problems(raw), [expected]));
	it("counts an output with a desired state as two subscriptions, one that is live only as one", () => {
		const pump = { io: Object as never, options: {} };
		const actuators = ["a", "b", "c"].map(name => ({ name, driver: "pump", liveOnly: name === "c" }));
		const found = (filters: number) =>
			check(
				{ ...right, actuators, limits: { filters } },
				{ sensor: drivers, actuator: { pump } },
			).problems.map(item => line(item));
		assert.deepEqual(found(7), []);
		assert.deepEqual(found(6), [
			"actuators: expected outputs that need at most 6 subscriptions together with `cmd` and `status`, found 7",
		]);
	});
	it("leaves out sensors with a deadband, since their rate is not known", () => {
		assert.deepEqual(problems({ ...aws, sensors: [{ ...sensor, every: 5, deadband: 1 }] }), []);
	});
	it("tells a topic that does not fit by its levels and its bytes", () => {
		const limits = limitsOf({});
		assert.equal(excess("a/b/c/d/e/f/g/h", limits), "");
		assert.equal(excess("a/b/c/d/e/f/g/h/i", limits), "9 levels, the broker takes 8");
		assert.equal(excess("é".repeat(128), limits), "");
		assert.equal(excess("é".repeat(129), limits), "258 bytes, the broker takes 256");
	});
});

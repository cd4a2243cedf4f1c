/** The board description: what is right, and for everything that is not, one line with the key's path. */

import assert from "node:assert/strict";
import { addresses } from "../../../modules/device/broker.js";
import { check, line } from "../../../modules/device/description/description.js";
import type { ActuatorDriver, SensorDriver } from "../../../modules/device/io.js";
import topics from "../../../modules/device/topics.js";

const driver = { io: Object as unknown as SensorDriver["io"], quantity: "value" };
const drivers: { [name: string]: SensorDriver } = {
	replay: {
		...driver,
		options: {
			file: { type: "string", required: true },
			speed: { type: "number", minimum: 0.001 },
			loop: { type: "boolean" },
		},
	},
	"cpu-load": driver,
};
const actuators: { [name: string]: ActuatorDriver } = {
	pump: {
		io: Object as unknown as ActuatorDriver["io"],
		options: { pin: { type: "number", required: true } },
	},
};
const sensor = { name: "temp", driver: "cpu-load", every: 1000 };
const alert = { name: "hot", sensor: "temp", above: 30 };
const right = { root: "factory/1/machine", id: "desk-1", broker: "mqtt://127.0.0.1:1883" };

/** The one problem there is, as it is printed. */
function only(raw: unknown): string {
	const { description, problems } = check(raw, { sensor: drivers, actuator: actuators });
	assert.equal(description, undefined);
	assert.equal(problems.length, 1, problems.map(problem => line(problem)).join("\n"));
	return line(problems[0] as (typeof problems)[number], "board.json");
}

const name = "1 to 32 characters of A-Z a-z 0-9 _ -";
const BROKER = "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]";

const wrong: readonly (readonly [title: string, raw: unknown, line: string])[] = [
	["no object", [], "description: expected an object, found []"],
	[
		"no root",
		{ id: "a" },
		"root: expected topic levels between single slashes, without + # or control characters, not starting with $, found nothing",
	],
	[
		"an empty level in root",
		{ ...right, root: "a//b" },
		'root: expected topic levels between single slashes, without + # or control characters, not starting with $, found "a//b"',
	],
	[
		"a wildcard in root [MQTT-3.3.2-2]",
		{ ...right, root: "a/+" },
		'root: expected topic levels between single slashes, without + # or control characters, not starting with $, found "a/+"',
	],
	[
		"a control character in root",
		{ ...right, root: "a\u007f" },
		'root: expected topic levels between single slashes, without + # or control characters, not starting with $, found "a\u007f"',
	],
	[
		"the broker's own tree as root",
		{ ...right, root: "$SYS" },
		'root: expected topic levels between single slashes, without + # or control characters, not starting with $, found "$SYS"',
	],
	[
		"a topic deeper than 7 slashes",
		{ ...right, root: "a/b/c/d/e", sensors: [sensor] },
		"root: expected at most 3 slashes (the board adds 4, brokers take 7), found 4 slashes",
	],
	[
		"a topic longer than 256 bytes",
		{ ...right, root: "é".repeat(130) },
		"root: expected topics of at most 256 bytes, found 278 bytes in the longest",
	],
	[
		"an id of 24 characters",
		{ ...right, id: "x".repeat(24) },
		'id: expected 1 to 23 characters of A-Z a-z 0-9 _ -, found "xxxxxxxxxxxxxxxxxxxxxxxx" (24 characters)',
	],
	[
		"an id with a slash",
		{ ...right, id: "a/b" },
		'id: expected 1 to 23 characters of A-Z a-z 0-9 _ -, found "a/b"',
	],
	["a number as id", { ...right, id: 7 }, "id: expected 1 to 23 characters of A-Z a-z 0-9 _ -, found 7"],
	["another scheme", { ...right, broker: "http://x" }, `broker: expected ${BROKER}, found "http://x"`],
	[
		"a port that is none",
		{ ...right, broker: "mqtt://x:99999" },
		`broker: expected ${BROKER}, found "mqtt://x:99999"`,
	],
	[
		"a wrong second broker",
		{ ...right, broker: ["mqtt://a", "b"] },
		`broker[1]: expected ${BROKER}, found "b"`,
	],
	[
		"a wrong address with a password, which is not shown",
		{ ...right, broker: "mqtt://me:secret@" },
		`broker: expected ${BROKER}, found "mqtt://…@…"`,
	],
	[
		"a password that is no text, which is not shown",
		{ ...right, user: "me", password: 1234 },
		'password: expected a text, found "…"',
	],
	[
		"a password without user [MQTT-3.1.2-22]",
		{ ...right, password: "x" },
		"user: expected a user name beside the password, found nothing",
	],
	[
		"an order of brokers that is none",
		{ ...right, brokerOrder: "best" },
		'brokerOrder: expected one of listed, random, found "best"',
	],
	[
		"a back-off whose minimum is above its maximum",
		{ ...right, backoff: { minimum: 5000, maximum: 1000 } },
		"backoff.maximum: expected at least minimum (5000), found 1000",
	],
	[
		"a back-off whose maximum is below the usual minimum",
		{ ...right, backoff: { maximum: 500 } },
		"backoff.maximum: expected at least minimum (1000), found 500",
	],
	[
		"a deadline in seconds",
		{ ...right, deadlines: { connect: 30 } },
		"deadlines.connect: expected a number from 1000 to 3600000, found 30",
	],
	[
		"an unknown deadline",
		{ ...right, deadlines: { subscirbe: 5000 } },
		'deadlines.subscirbe: expected a known key, perhaps "subscribe", found "subscirbe"',
	],
	[
		"a keep-alive in seconds",
		{ ...right, keepAlive: 30 },
		"keepAlive: expected a number from 1000 to 65535000, found 30",
	],
	[
		"an unknown key",
		{ ...right, sensor: [] },
		'sensor: expected a known key, perhaps "sensors", found "sensor"',
	],
	[
		"an unknown key that is like nothing",
		{ ...right, zzzzzzzz: 1 },
		'zzzzzzzz: expected one of root, id, broker, user, password, brokerOrder, backoff, deadlines, keepAlive, refresh, profile, limits, sensors, alerts, lamp, actuators, button, commands, homeAssistant, shadow, jobs, ingest, provisioning, parameters, found "zzzzzzzz"',
	],
	[
		"an unknown key of a sensor",
		{ ...right, sensors: [{ ...sensor, evry: 5 }] },
		'sensors[0].evry: expected a known key, perhaps "every", found "evry"',
	],
	[
		"an unknown driver",
		{ ...right, sensors: [{ ...sensor, driver: "cpuload" }] },
		'sensors[0].driver: expected a known driver, perhaps "cpu-load", found "cpuload"',
	],
	[
		"a driver of a name that every object has as a property, whose options are not known",
		{ ...right, sensors: [{ ...sensor, driver: "constructor", file: "a" }] },
		'sensors[0].driver: expected one of replay, cpu-load, found "constructor"',
	],
	[
		"an option the driver needs",
		{ ...right, sensors: [{ ...sensor, driver: "replay" }] },
		"sensors[0].file: expected a text, found nothing",
	],
	[
		"an option of another driver",
		{ ...right, sensors: [{ ...sensor, file: "x" }] },
		'sensors[0].file: expected one of name, driver, every, unit, decimals, deadband, maxSilence, window, aggregate, batch, faultAfter, deviceClass, stateClass, found "file"',
	],
	[
		"an option out of range",
		{ ...right, sensors: [{ ...sensor, driver: "replay", file: "x", speed: 0 }] },
		"sensors[0].speed: expected a number of at least 0.001, found 0",
	],
	[
		"faster than 200 Hz",
		{ ...right, sensors: [{ ...sensor, every: 4 }] },
		"sensors[0].every: expected a number from 5 to 86400000, found 4",
	],
	[
		"not a number",
		{ ...right, sensors: [{ ...sensor, every: "1000" }] },
		'sensors[0].every: expected a number from 5 to 86400000, found "1000"',
	],
	[
		"NaN",
		{ ...right, sensors: [{ ...sensor, every: Number.NaN }] },
		"sensors[0].every: expected a number from 5 to 86400000, found NaN",
	],
	[
		"a fraction of a decimal",
		{ ...right, sensors: [{ ...sensor, decimals: 1.5 }] },
		"sensors[0].decimals: expected a whole number from 0 to 9, found 1.5",
	],
	[
		"a window shorter than a sample",
		{ ...right, sensors: [{ ...sensor, window: 500 }] },
		"sensors[0].window: expected at least every (1000), found 500",
	],
	[
		"an unknown aggregate",
		{ ...right, sensors: [{ ...sensor, aggregate: "median" }] },
		'sensors[0].aggregate: expected one of mean, minimum, maximum, range, found "median"',
	],
	[
		"two sensors of one name",
		{ ...right, sensors: [sensor, sensor] },
		'sensors[1].name: expected a name that sensors[0] does not have, found "temp"',
	],
	[
		"a name that is no topic level",
		{ ...right, sensors: [{ ...sensor, name: "a/b" }] },
		`sensors[0].name: expected ${name}, found "a/b"`,
	],
	["a sensor that is no object", { ...right, sensors: [null] }, "sensors[0]: expected an object, found null"],
	[
		"an alert of no sensor",
		{ ...right, sensors: [sensor], alerts: [{ ...alert, sensor: "tmp" }] },
		'alerts[0].sensor: expected a known sensor, perhaps "temp", found "tmp"',
	],
	[
		"an alert without condition",
		{ ...right, sensors: [sensor], alerts: [{ name: "a", sensor: "temp" }] },
		"alerts[0]: expected exactly one of above, below, outside, rate, stale, found none",
	],
	[
		"an alert with two conditions",
		{ ...right, sensors: [sensor], alerts: [{ ...alert, below: 3 }] },
		"alerts[0]: expected exactly one of above, below, outside, rate, stale, found above and below",
	],
	[
		"clear above an upper threshold",
		{ ...right, sensors: [sensor], alerts: [{ ...alert, clear: 31 }] },
		"alerts[0].clear: expected a number of at most 30 (above), found 31",
	],
	[
		"clear below a lower threshold",
		{ ...right, sensors: [sensor], alerts: [{ name: "a", sensor: "temp", below: 3, clear: 2 }] },
		"alerts[0].clear: expected a number of at least 3 (below), found 2",
	],
	[
		"clear outside a band",
		{ ...right, sensors: [sensor], alerts: [{ name: "a", sensor: "temp", outside: [1, 5], clear: [2, 6] }] },
		"alerts[0].clear: expected a list [low, high] within [1, 5], found [2, 6]",
	],
	[
		"clear upside down within its band",
		{ ...right, sensors: [sensor], alerts: [{ name: "a", sensor: "temp", outside: [1, 5], clear: [4, 2] }] },
		"alerts[0].clear: expected a list [low, high] within [1, 5], found [4, 2]",
	],
	[
		"a band upside down",
		{ ...right, sensors: [sensor], alerts: [{ name: "a", sensor: "temp", outside: [5, 1] }] },
		"alerts[0].outside: expected a list [low, high] of two numbers, low below high, found [5, 1]",
	],
	[
		"clear beside stale",
		{ ...right, sensors: [sensor], alerts: [{ name: "a", sensor: "temp", stale: 1000, clear: 1 }] },
		"alerts[0].clear: expected nothing beside stale: any sample clears it, found 1",
	],
	[
		"an alert named as a sensor's fault",
		{ ...right, sensors: [sensor], alerts: [{ ...alert, name: "temp-fault" }] },
		'alerts[0].name: expected a name other than that of a fault alert, found "temp-fault"',
	],
	[
		"an alert named as that of the flash",
		{ ...right, sensors: [sensor], alerts: [{ ...alert, name: "storage-fault" }] },
		'alerts[0].name: expected a name other than that of a fault alert, found "storage-fault"',
	],
	[
		"a rate whose clear is negative",
		{ ...right, sensors: [sensor], alerts: [{ name: "a", sensor: "temp", rate: 2, clear: -1 }] },
		"alerts[0].clear: expected a number of at most 2 (rate), found -1",
	],
	[
		"two alerts of one name",
		{ ...right, sensors: [sensor], alerts: [alert, alert] },
		'alerts[1].name: expected a name that alerts[0] does not have, found "hot"',
	],
	[
		"an unknown severity",
		{ ...right, sensors: [sensor], alerts: [{ ...alert, severity: "bad" }] },
		'alerts[0].severity: expected one of info, warning, critical, found "bad"',
	],
	[
		"a lamp without pin",
		{ ...right, lamp: {} },
		"lamp.pin: expected a pin number or the name of a pin, found nothing",
	],
	[
		"a lamp with a negative pin",
		{ ...right, lamp: { pin: -1 } },
		"lamp.pin: expected a pin number or the name of a pin, found -1",
	],
	[
		"an unknown power-on policy",
		{ ...right, lamp: { pin: 1, powerOn: "on" } },
		'lamp.powerOn: expected one of last, off, desired, found "on"',
	],
	[
		"an actuator beside the lamp with its name",
		{ ...right, lamp: { pin: 1 }, actuators: [{ name: "lamp", driver: "pump", pin: 1 }] },
		'actuators[0].name: expected a name other than lamp, status, info, cmd, button, measurements, alerts, found "lamp"',
	],
	[
		"an actuator named as another topic",
		{ ...right, actuators: [{ name: "cmd", driver: "pump", pin: 1 }] },
		'actuators[0].name: expected a name other than status, info, cmd, button, measurements, alerts, found "cmd"',
	],
	[
		"a button without anything to switch",
		{ ...right, button: { pin: 0 } },
		"button.actuator: expected an actuator or a lamp to switch, found nothing",
	],
	[
		"a command that is none",
		{ ...right, commands: ["info", "reboot"] },
		'commands[1]: expected one of help, info, config, identify, provision, restart, forget, found "reboot"',
	],
	[
		"a button that switches nothing",
		{ ...right, lamp: { pin: 1 }, button: { pin: 0, actuator: "pump" } },
		'button.actuator: expected one of lamp, found "pump"',
	],
];

describe("board description", () => {
	it("takes the example of the first issue as it is and fills in the defaults", () => {
		const raw = {
			...right,
			sensors: [
				{ name: "temp", driver: "replay", file: "ramp.csv", every: 100, unit: "°C" },
				{ name: "load", driver: "cpu-load", every: 1000 },
			],
			alerts: [{ name: "overheat", sensor: "temp", above: 30, clear: 28 }],
			lamp: { pin: 2, dimmable: true },
		};
		const { description, problems } = check(raw, { sensor: drivers });
		assert.deepEqual(problems, []);
		assert.equal(description?.keepAlive, 30_000);
		assert.equal(description?.refresh, 86_400_000);
		assert.deepEqual(description?.lamp, {
			pin: 2,
			dimmable: true,
			activeLow: false,
			powerOn: "last",
			liveOnly: false,
		});
		assert.deepEqual({ ...description?.sensors[0] }, raw.sensors[0]);
		assert.deepEqual([description?.sensors[0]?.aggregate, description?.sensors[0]?.batch], ["mean", 1]);
		const { over, holdOn, holdOff, rearm } = description?.alerts[0] ?? {};
		assert.deepEqual([over, holdOn, holdOff, rearm], [1000, 0, 0, 0]);
	});

	it("takes its own result again, unchanged", () => {
		const { description } = check(
			{ ...right, sensors: [sensor], alerts: [alert], lamp: { pin: 1 } },
			{ sensor: drivers },
		);
		assert.deepEqual(check(description, { sensor: drivers }).description, description);
	});

	it("takes names and bounds at their very limits", () => {
		const raw = {
			...right,
			root: "a/b/c/d",
			id: "x".repeat(23),
			sensors: [
				{ ...sensor, every: 5 },
				{ ...sensor, name: "t".repeat(32) },
			],
		};
		assert.deepEqual(check(raw, { sensor: drivers }).problems, []);
	});

	for (const [title, raw, expected] of wrong)
		it(`says of ${title} in one line where it is, what was expected and what was found`, () => {
			assert.equal(only(raw), `board.json: ${expected}`);
		});

	it("keeps to its own form of a key that a driver has an option of the same name for", () => {
		const own = { ...drivers, odd: { ...driver, options: { every: { type: "string" as const } } } };
		const { problems } = check(
			{ ...right, sensors: [{ ...sensor, driver: "odd", every: "x" }] },
			{ sensor: own },
		);
		assert.deepEqual(
			problems.map(({ expected }) => expected),
			["a number from 5 to 86400000"],
		);
	});

	it("names every mistake, not only the first", () => {
		const { problems } = check({ root: "", id: "", sensors: [{}], lamp: { pin: "" } }, { sensor: drivers });
		assert.deepEqual(
			problems.map(({ key }) => key),
			["root", "id", "sensors[0].name", "sensors[0].driver", "sensors[0].every", "lamp.pin"],
		);
	});

	it("puts no line break of the input into its line", () => {
		assert.equal(only({ ...right, id: "a\nb" }).includes("\n"), false);
	});

	it("throws at nothing, however odd", () => {
		const odd = [
			undefined,
			null,
			0,
			"",
			[],
			{ sensors: {} },
			{ alerts: 5 },
			{ actuators: [[]] },
			{ button: [] },
			{ lamp: null },
		];
		for (const raw of odd) assert.equal(check(raw, { sensor: drivers }).description, undefined);
		for (const key of ["root", "id", "broker", "sensors", "alerts", "lamp", "actuators", "button"])
			for (const value of odd)
				assert.doesNotThrow(() => check({ ...right, [key]: value }, { sensor: drivers }));
	});
});

describe("broker address", () => {
	const of = (broker: string | string[], more: object = {}) =>
		addresses(check({ ...right, broker, ...more }, { sensor: drivers }).description as never, true).addresses;

	for (const [text, expected] of [
		["mqtt://host", { secure: false, host: "host", port: 1883 }],
		["mqtts://host/", { secure: true, host: "host", port: 8883 }],
		["mqtt://[::1]:1884", { secure: false, host: "::1", port: 1884 }],
		["mqtt://me@host", { secure: false, host: "host", port: 1883, user: "me" }],
		["mqtt://me:a%40b:c@host:1", { secure: false, host: "host", port: 1, user: "me", password: "a@b:c" }],
	] as const)
		it(`is understood as ${text}`, () => assert.deepEqual(of(text), [expected]));

	it("takes user and password from their own keys first", () => {
		const [address] = of("mqtt://x:y@host", { user: "me", password: "secret" });
		assert.deepEqual([address?.user, address?.password], ["me", "secret"]);
	});

	for (const text of [
		"",
		"mqtt://",
		"mqtt://:1883",
		"mqtt://h:",
		"mqtt://h:0",
		"mqtt://h:1x",
		"mqtt://a/b",
		"mqtt://[::1",
		"mqtt://[::1]x",
		"mqtt://%zz@h",
		"mqtt://:p@h",
		"mqtt://u:%zz@h",
		"MQTT://h",
	])
		it(`is refused as ${JSON.stringify(text)}`, () => {
			assert.deepEqual(
				check({ ...right, broker: text }, { sensor: drivers }).problems.map(({ key }) => key),
				["broker"],
			);
		});

	it("says which key is missing when there is no broker, and that a host without TLS has none", () => {
		const keys = (raw: object, tls: boolean) =>
			addresses(check(raw, { sensor: drivers }).description as never, tls).problems.map(problem =>
				line(problem),
			);
		assert.deepEqual(keys({ root: "a", id: "b" }, true), [`broker: expected ${BROKER}, found nothing`]);
		assert.deepEqual(keys({ ...right, broker: "mqtts://h" }, false), [
			"broker: expected mqtt:// (this host has no TLS), found mqtts://",
		]);
	});
});

describe("an actuator's name", () => {
	it("is not the first level of a topic that the board has without it", () => {
		const { status, info, command, button, result, measurement, alert, alertState } = topics;
		const own = [status, info, command, button, result, measurement("a"), alert("a"), alertState("a")];
		assert.deepEqual([...new Set(own.map(topic => topic.split("/")[0]))], topics.taken);
	});
});

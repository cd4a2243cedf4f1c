/**
 * The device document that Home Assistant finds a board by: two of them in full, as documents a person can read, and the
 * property that every description that passes the check makes one that the strict validator accepts.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { driver as wave } from "../../../hosts/shared/wave.js";
import { check, type Description, line } from "../../../modules/device/description/description.js";
import { classKeys } from "../../../modules/device/homeassistant/classes.js";
import Document from "../../../modules/device/homeassistant/document.js";
import homeAssistant from "../../../modules/device/homeassistant/homeassistant.js";
import type { SensorDriver } from "../../../modules/device/io.js";
import { expand, validate } from "../../homeassistant/validator.js";

const namesIn = (form: string) => form.slice(0, form.indexOf(" ")).split("|");
const deviceClasses = namesIn(classKeys.deviceClass);
const stateClasses = namesIn(classKeys.stateClass);

const driver: SensorDriver = { io: class {} as unknown as SensorDriver["io"], quantity: "value" };
const drivers = {
	temperature: driver,
	humidity: { ...driver, quantity: "humidity" },
	wave: wave({ ticks: 0 }),
	"cpu-load": driver,
	"free-memory": driver,
};

const device = { name: "esp32", sensor: drivers, network: {} };

function described(raw: object): Description {
	const all = { root: "factory/1/machine", id: "desk-1", ...raw };
	const { description, problems } = check(all, { sensor: drivers, forms: [homeAssistant] });
	assert.deepEqual(problems, []);
	return description as Description;
}

function documentOf(description: Description): Document {
	const { lamp, actuators } = description;
	const outputs = [
		...(lamp ? [{ name: "lamp", dimmable: lamp.dimmable }] : []),
		...actuators.map(({ name }) => ({ name, dimmable: false })),
	];
	const own = [{ name: "storage-fault" }];
	return new Document(description, { device, outputs, own });
}

function* pieces(made: Document, removed: readonly string[]): Generator<string> {
	for (
		let index = 0, piece = made.piece(0, removed);
		piece !== undefined;
		piece = made.piece(++index, removed)
	)
		yield piece;
}

function text(made: Document, removed = guarded): string {
	let all = "";
	for (const piece of pieces(made, removed)) all += piece;
	return all;
}

/** A list that may not be asked for a place below 0: to XS that is a name, and it gives no name back. */
const guarded: readonly string[] = new Proxy([], {
	get(list, key) {
		assert.ok(typeof key === "symbol" || !key.startsWith("-"), `place ${String(key)}`);
		return Reflect.get(list, key);
	},
});

/** Compares with a committed document, abbreviations written out; `DOCUMENTS=write` writes it anew, to be read before it is committed. */
function recorded(name: string, document: string): void {
	const file = new URL(name, import.meta.url);
	const made = expand(document);
	if (process.env.DOCUMENTS === "write") writeFileSync(file, `${JSON.stringify(made, undefined, "\t")}\n`);
	// With the order of the keys, not with their layout.
	assert.equal(
		JSON.stringify(made, undefined, "\t"),
		JSON.stringify(JSON.parse(readFileSync(file, "utf8")), undefined, "\t"),
	);
}

/** The board of `npm start`. */
const standard = JSON.parse(readFileSync(new URL("../../../hosts/desk/board.json", import.meta.url), "utf8"));

describe("the device document for Home Assistant", () => {
	it("of the default board is the one in desk.json", () => {
		const made = documentOf(described({ ...standard, homeAssistant: { area: "Hall" } }));
		assert.equal(made.topic, "homeassistant/device/desk-1/config");
		recorded("desk.json", text(made));
		assert.deepEqual(validate(made.topic, text(made)), []);
	});

	it("of 16 sensors is the one in sixteen.json, and no piece of it is longer than 512 bytes", () => {
		const sensors = Array.from({ length: 16 }, (_, index) => ({
			name: `sensor_${index}`,
			driver: "humidity",
			every: 5000,
			unit: "%",
			decimals: 0,
		}));
		const alerts = sensors.map(({ name }) => ({ name: `dry_${name}`, sensor: name, below: 20 }));
		const made = documentOf(described({ sensors, alerts }));
		const document = text(made);
		recorded("sixteen.json", document);
		assert.deepEqual(validate(made.topic, document), []);
		for (const piece of pieces(made, [])) assert.ok(Buffer.byteLength(piece) <= 512, piece);
	});

	it("has the strength of the radio's signal where the host knows it", () => {
		const network = { signal: () => -60 };
		const about = { device: { ...device, network }, outputs: [], own: [] };
		const made = new Document(described({}), about);
		const { components } = expand(text(made)) as { components: { info_signal: { device_class: string } } };
		assert.equal(components.info_signal.device_class, "signal_strength");
		assert.deepEqual(validate(made.topic, text(made)), []);
	});

	it("has a button for identify only where a lamp may blink: there is one, and it does not take live commands only", () => {
		const commands = ["identify"];
		const has = (more: object) =>
			text(documentOf(described({ commands, ...more }))).includes("command_identify");
		assert.equal(has({ lamp: { pin: 2 } }), true);
		assert.equal(has({ lamp: { pin: 2, liveOnly: true } }), false);
		assert.equal(has({}), false);
		assert.equal(has({ lamp: { pin: 2 }, commands: ["info"] }), false);
	});

	it("has a prefix and an area as the description says, of at most 64 characters, and each mistake is told with its key", () => {
		const problems = (value: unknown) =>
			check(
				{ root: "a", id: "b", homeAssistant: value },
				{ sensor: drivers, forms: [homeAssistant] },
			).problems.map(problem => line(problem));
		assert.deepEqual(problems({ prefix: "ha/test", area: "x".repeat(64) }), []);
		assert.deepEqual(problems({ prefix: "a//b", area: "" }), [
			'homeAssistant.prefix: expected topic levels between single slashes, without + # or control characters, not starting with $, 64 characters at most, found "a//b"',
			'homeAssistant.area: expected a text of 1 to 64 characters, found ""',
		]);
		assert.equal(problems({ prefix: "x".repeat(65), area: "x".repeat(65) }).length, 2);
		assert.deepEqual(problems({ prefx: "a" }), [
			'homeAssistant.prefx: expected a known key, perhaps "prefix", found "prefx"',
		]);
		assert.deepEqual(problems("yes"), [
			'homeAssistant: expected true, or an object such as {"prefix":"homeassistant","area":"Hall"}, found "yes"',
		]);
	});

	it("names a component that has left the description with its platform only, so that it is removed", () => {
		const made = documentOf(described({}));
		const document = text(made, ["sensor/measurement_old"]);
		const { components } = expand(document) as { components: { measurement_old: object } };
		assert.deepEqual(components.measurement_old, { platform: "sensor" });
		assert.deepEqual(validate(made.topic, document), []);
	});

	it("has another unique id for each component, which no change of the description changes", () => {
		const ids = (made: Document) =>
			Object.entries(expand(text(made)).components as object).map(([key, component]) => [
				key,
				(component as { unique_id: string }).unique_id,
			]);
		const all = new Map(ids(documentOf(described(standard))) as [string, string][]);
		assert.equal(new Set(all.values()).size, all.size);
		const less = documentOf(described({ ...standard, sensors: standard.sensors.slice(0, 1), root: "attic" }));
		for (const [key, id] of ids(less)) assert.equal(all.get(key as string), id);
	});

	const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
	const sensor = fc.record(
		{
			name,
			driver: fc.constantFrom("temperature", "humidity", "wave"),
			every: fc.integer({ min: 5, max: 86_400_000 }),
			unit: fc.constantFrom("°", "L", "kg", "°C", "%", "hPa", "\u00b5g/m³", "kWh", "lux", "dBm", "V"),
			decimals: fc.integer({ min: 0, max: 9 }),
			deadband: fc.double({ min: 0, max: 10, noNaN: true }),
			maxSilence: fc.integer({ min: 100, max: 86_400_000 }),
			batch: fc.integer({ min: 1, max: 200 }),
			deviceClass: fc.constantFrom(...deviceClasses),
			stateClass: fc.constantFrom(...stateClasses),
		},
		{ requiredKeys: ["name", "driver", "every"] },
	);
	const description = fc.record(
		{
			root: fc.constantFrom("factory/1/machine", "home", "Keller/Süd", "a b/c"),
			id: fc.stringMatching(/^[A-Za-z0-9_-]{1,23}$/),
			sensors: fc.uniqueArray(sensor, { selector: ({ name }) => name, maxLength: 6 }),
			lamp: fc.record({ pin: fc.constant(2), dimmable: fc.boolean() }),
			button: fc.constant({ pin: 0 }),
			homeAssistant: fc.constantFrom(true, { prefix: "ha/test" }, { prefix: "Süd", area: "Süd" }),
			commands: fc.subarray(["info", "config", "identify", "restart", "forget"]),
		},
		{ requiredKeys: ["root", "id", "sensors"] },
	);

	it("of any description that passes the check is one that Home Assistant takes whole", () => {
		let passed = 0;
		fc.assert(
			fc.property(description, raw => {
				const alerts = raw.sensors.slice(0, 2).map(({ name }, index) => ({
					name: `rule${index}`,
					sensor: name,
					...(index ? { below: 3 } : { above: 5 }),
				}));
				const { description: found } = check({ ...raw, alerts }, { sensor: drivers, forms: [homeAssistant] });
				if (!found) return;
				passed++;
				const made = documentOf(found);
				assert.deepEqual(validate(made.topic, text(made)), []);
			}),
			{ numRuns: 1000 },
		);
		assert.ok(passed > 100, `only ${passed} passed the check`);
	});

	const one = (more: object) => {
		const sensors = [{ name: "a", driver: "wave", every: 1000, ...more }];
		return check(
			{ root: "a", id: "b", homeAssistant: true, sensors },
			{ sensor: drivers, forms: [homeAssistant] },
		);
	};

	it("is one that Home Assistant takes whole for every device class, with every unit that the check lets it have", () => {
		let tried = 0;
		for (const deviceClass of deviceClasses) {
			const [problem] = one({ unit: "parsec", deviceClass }).problems;
			const [list = ""] = (problem?.expected ?? "").split(" (");
			for (const unit of list.split(", ")) {
				const { description, problems } = one({ deviceClass, ...(unit !== "no unit" && { unit }) });
				assert.deepEqual(problems, [], `${deviceClass} in ${unit}`);
				const made = documentOf(description as Description);
				assert.deepEqual(validate(made.topic, text(made)), [], `${deviceClass} in ${unit}`);
				tried++;
			}
		}
		assert.ok(tried > 100, `${tried}`);
	});

	it("is not needed for a state class that its device class may not have, nor for a class that there is none of", () => {
		const words = (more: object) => one(more).problems.map(({ key, expected }) => `${key}: ${expected}`);
		assert.deepEqual(words({ unit: "°C", stateClass: "total" }), [
			"sensors[0].stateClass: measurement (temperature)",
		]);
		assert.deepEqual(words({ unit: "L", deviceClass: "volume", stateClass: "measurement" }), [
			"sensors[0].stateClass: total_increasing or total (volume)",
		]);
		assert.match(
			words({ unit: "°C", deviceClass: "temprature" }).join("\n"),
			/^sensors\[0\]\.deviceClass: one of [^\n]*$/,
		);
	});

	for (const unit of [5, null, {}])
		it(`is not needed for a unit that is no text, such as ${JSON.stringify(unit)}: the description is refused, in one line`, () => {
			assert.deepEqual(
				one({ unit }).problems.map(({ key, expected }) => `${key}: ${expected}`),
				["sensors[0].unit: a text of 1 to 32 characters"],
			);
		});

	it("is not needed for a unit that its class does not know: the description is refused, with the units that it may have", () => {
		const sensors = [{ name: "a", driver: "wave", every: 1000, unit: "V", deviceClass: "temperature" }];
		const { problems } = check({ root: "a", id: "b", sensors }, { sensor: drivers, forms: [homeAssistant] });
		assert.deepEqual(problems, [
			{ key: "sensors[0].unit", expected: "°C, °F, K (deviceClass temperature)", found: '"V"' },
		]);
	});
});

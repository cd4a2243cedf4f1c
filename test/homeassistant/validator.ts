/**
 * Says what Home Assistant would refuse, drop or misread in a device document (MQTT discovery): more strictly than it does
 * itself, since it strips unknown keys in silence. Keys, required ones and classes are facts of Home Assistant 2026.9, for the
 * platforms that a board uses. Does not know how a document was made.
 */

import { wrong } from "./template.js";

export interface Problem {
	/** `components.measurement_temp.device_class`. */
	readonly key: string;
	readonly expected: string;
	readonly found: string;
}

type Json = { readonly [key: string]: unknown };
type Check = (value: unknown) => string | undefined;

const text: Check = value => (typeof value === "string" && value !== "" ? undefined : "a text");
const truth: Check = value => (typeof value === "boolean" ? undefined : "true or false");
const number: Check = value => (typeof value === "number" && Number.isFinite(value) ? undefined : "a number");
const positive: Check = value =>
	number(value) ?? ((value as number) > 0 && Number.isInteger(value) ? undefined : "a whole number above 0");
const one =
	(...choices: string[]): Check =>
	value =>
		choices.includes(value as string) ? undefined : `one of ${choices.join(", ")}`;
const list =
	(item: Check): Check =>
	value =>
		Array.isArray(value) && value.length > 0 && value.every(each => !item(each))
			? undefined
			: `a list, of each ${item(undefined)}`;
/** A topic name: no wildcard, no level `$`. */
const topic: Check = value =>
	typeof value === "string" && value !== "" && !/[+#\0]/.test(value) && !value.startsWith("$")
		? undefined
		: "a topic without wildcards";
const template: Check = value =>
	typeof value === "string" && value.includes("{{") && !wrong(value) ? undefined : "a template";

const availability = {
	availability_topic: topic,
	availability_mode: one("all", "any", "latest"),
	availability_template: template,
	payload_available: text,
	payload_not_available: text,
};
const shared: { readonly [key: string]: Check } = {
	...availability,
	encoding: text,
	qos: oneOf(0, 1, 2),
	state_topic: topic,
	command_topic: topic,
	message_expiry_interval: positive,
};
const entity: { readonly [key: string]: Check } = {
	...availability,
	platform: text,
	unique_id: text,
	default_entity_id: text,
	name: value => (value === null ? undefined : text(value)),
	icon: text,
	enabled_by_default: truth,
	visible_by_default: truth,
	entity_category: one("config", "diagnostic"),
	entity_picture: text,
	encoding: text,
	qos: oneOf(0, 1, 2),
	json_attributes_topic: topic,
	json_attributes_template: template,
	message_expiry_interval: positive,
};

interface Platform {
	readonly required: readonly string[];
	readonly keys: { readonly [key: string]: Check };
}

const commands = { command_topic: topic, command_template: template, retain: truth };

export const platforms: { readonly [platform: string]: Platform } = {
	sensor: {
		required: ["state_topic"],
		keys: {
			state_topic: topic,
			value_template: template,
			device_class: text,
			state_class: one("measurement", "measurement_angle", "total", "total_increasing"),
			unit_of_measurement: text,
			suggested_display_precision: number,
			expire_after: positive,
			force_update: truth,
			last_reset_value_template: template,
			options: list(text),
		},
	},
	binary_sensor: {
		required: ["state_topic"],
		keys: {
			state_topic: topic,
			value_template: template,
			device_class: text,
			payload_on: text,
			payload_off: text,
			off_delay: positive,
			expire_after: positive,
			force_update: truth,
		},
	},
	event: {
		required: ["state_topic", "event_types"],
		keys: { state_topic: topic, value_template: template, event_types: list(text), device_class: text },
	},
	light: {
		required: ["command_topic"],
		keys: {
			...commands,
			schema: one("json"),
			state_topic: topic,
			supported_color_modes: list(one("onoff", "brightness")),
			brightness_scale: positive,
			flash: truth,
			transition: truth,
			optimistic: truth,
		},
	},
	switch: {
		required: ["command_topic"],
		keys: {
			...commands,
			state_topic: topic,
			value_template: template,
			payload_on: text,
			payload_off: text,
			state_on: text,
			state_off: text,
			device_class: one("outlet", "switch"),
			optimistic: truth,
		},
	},
	button: {
		required: ["command_topic"],
		keys: { ...commands, payload_press: text, device_class: one("identify", "restart", "update") },
	},
	number: {
		required: ["command_topic"],
		keys: {
			...commands,
			state_topic: topic,
			value_template: template,
			device_class: text,
			unit_of_measurement: text,
			min: number,
			max: number,
			step: number,
			mode: one("auto", "box", "slider"),
			optimistic: truth,
		},
	},
};

function oneOf(...choices: number[]): Check {
	return value => (choices.includes(value as number) ? undefined : `one of ${choices.join(", ")}`);
}

/** Units by class of `sensor` and `number`; an empty text stands for none. */
const units: { readonly [deviceClass: string]: readonly string[] } = {
	apparent_power: ["mVA", "VA", "kVA"],
	aqi: [""],
	atmospheric_pressure: ["cbar", "bar", "hPa", "mmHg", "inHg", "inH₂O", "kPa", "mbar", "Pa", "mPa", "psi"],
	battery: ["%"],
	carbon_dioxide: ["ppm"],
	carbon_monoxide: ["ppb", "ppm", "mg/m³", "μg/m³"],
	conductivity: ["S/cm", "mS/cm", "μS/cm"],
	current: ["A", "mA"],
	data_rate: [
		...["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "B/s", "kB/s", "MB/s", "GB/s"],
		...["KiB/s", "MiB/s", "GiB/s"],
	],
	data_size: ["bit", "kbit", "Mbit", "Gbit", "B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"],
	distance: ["km", "m", "cm", "mm", "mi", "nmi", "yd", "ft", "in"],
	duration: ["d", "h", "min", "s", "ms", "μs"],
	energy: ["J", "kJ", "MJ", "GJ", "mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "cal", "kcal", "Mcal", "Gcal"],
	frequency: ["Hz", "kHz", "MHz", "GHz"],
	gas: ["L", "m³", "ft³", "CCF", "MCF"],
	humidity: ["%"],
	illuminance: ["lx"],
	irradiance: ["W/m²", "BTU/(h⋅ft²)"],
	moisture: ["%"],
	ph: [""],
	pm1: ["μg/m³"],
	pm10: ["μg/m³"],
	pm25: ["μg/m³"],
	power: ["mW", "W", "kW", "MW", "GW", "TW"],
	power_factor: ["%", ""],
	precipitation: ["cm", "in", "mm"],
	precipitation_intensity: ["in/d", "in/h", "mm/d", "mm/h"],
	pressure: ["cbar", "bar", "hPa", "mmHg", "inHg", "inH₂O", "kPa", "mbar", "Pa", "mPa", "psi"],
	signal_strength: ["dB", "dBm"],
	sound_pressure: ["dB", "dBA"],
	speed: ["ft/s", "in/d", "in/h", "in/s", "km/h", "kn", "m/s", "mph", "mm/d", "mm/s"],
	temperature: ["°C", "°F", "K"],
	volatile_organic_compounds: ["μg/m³", "mg/m³"],
	voltage: ["V", "mV", "μV", "kV", "MV"],
	volume: ["L", "mL", "gal", "fl. oz.", "m³", "ft³", "CCF", "MCF"],
	volume_storage: ["L", "mL", "gal", "fl. oz.", "m³", "ft³", "CCF", "MCF"],
	volume_flow_rate: ["m³/h", "m³/min", "m³/s", "ft³/min", "L/h", "L/min", "L/s", "mL/s", "gal/min", "gal/h"],
	water: ["L", "gal", "m³", "ft³", "CCF", "MCF"],
	weight: ["kg", "g", "mg", "μg", "oz", "lb", "st"],
	wind_direction: ["°"],
	wind_speed: ["ft/s", "km/h", "kn", "m/s", "mph", "mm/s"],
};
/** State classes by class, where they are not `measurement` alone. */
const totals = ["total", "total_increasing"];
const states: { readonly [deviceClass: string]: readonly string[] } = {
	...{ energy: totals, gas: totals, volume: totals, water: totals },
	wind_direction: ["measurement_angle"],
	data_size: ["measurement", "measurement_angle", ...totals],
	distance: ["measurement", "measurement_angle", ...totals],
	duration: ["measurement", "measurement_angle", ...totals],
	precipitation: ["measurement", "measurement_angle", ...totals],
	weight: ["measurement", ...totals],
};
const binaryClasses = [
	"battery",
	"cold",
	"connectivity",
	"door",
	"heat",
	"moisture",
	"motion",
	"problem",
	"safety",
	"smoke",
];

const device: { readonly [key: string]: Check } = {
	identifiers: list(text),
	connections: list(list(text)),
	name: text,
	manufacturer: text,
	model: text,
	model_id: text,
	hw_version: text,
	sw_version: text,
	serial_number: text,
	suggested_area: text,
	configuration_url: text,
	via_device: text,
};
const origin: { readonly [key: string]: Check } = { name: text, sw_version: text, support_url: text };

/** Abbreviations that Home Assistant expands before it looks at anything, as far as a board uses them. */
const abbreviations: { readonly [key: string]: string } = {
	...{ p: "platform", cmps: "components", dev: "device", o: "origin" },
	...{ avty_t: "availability_topic", stat_t: "state_topic", cmd_t: "command_topic" },
	...{ val_tpl: "value_template", cmd_tpl: "command_template", pl_prs: "payload_press" },
	...{ uniq_id: "unique_id", def_ent_id: "default_entity_id", ent_cat: "entity_category" },
	...{ dev_cla: "device_class", stat_cla: "state_class", unit_of_meas: "unit_of_measurement" },
	...{ exp_aft: "expire_after", sug_dsp_prc: "suggested_display_precision", evt_typ: "event_types" },
	...{ sup_clrm: "supported_color_modes", flsh: "flash", trns: "transition", ret: "retain" },
};
const ofDevice: { readonly [key: string]: string } = {
	...{ ids: "identifiers", mf: "manufacturer", mdl: "model", sw: "sw_version", sa: "suggested_area" },
};
const ofOrigin: { readonly [key: string]: string } = { sw: "sw_version", url: "support_url" };

/** The document as Home Assistant reads it. Throws for what is no JSON object. */
export function expand(document: string): Json {
	const rename = (value: unknown, names: { readonly [key: string]: string }) =>
		typeof value === "object" && value !== null && !Array.isArray(value)
			? Object.fromEntries(Object.entries(value).map(([key, each]) => [names[key] ?? key, each]))
			: value;
	const root = rename(JSON.parse(document), abbreviations) as { [key: string]: unknown };
	if (root.device !== undefined) root.device = rename(root.device, ofDevice);
	if (root.origin !== undefined) root.origin = rename(root.origin, ofOrigin);
	const { components } = root;
	if (typeof components === "object" && components !== null)
		root.components = Object.fromEntries(
			Object.entries(components).map(([key, each]) => [key, rename(each, abbreviations)]),
		);
	return root;
}

/** What is wrong with the document that is retained on `name`. */
export function validate(name: string, document: string): Problem[] {
	const problems: Problem[] = [];
	const report = (key: string, expected: string, found: unknown) =>
		void problems.push({ key, expected, found: found === undefined ? "nothing" : JSON.stringify(found) });
	// Of the prefix nothing is known but that it is a topic.
	if (topic(name) || !/^[^/].*\/device\/([a-zA-Z0-9_-]+\/)?[a-zA-Z0-9_-]+\/config$/.test(name))
		report("topic", "PREFIX/device/[NODE/]ID/config of A-Z a-z 0-9 _ -", name);
	let root: Json;
	try {
		root = expand(document);
	} catch {
		report("document", "JSON", document.slice(0, 40));
		return problems;
	}
	const keys = (
		at: string,
		value: unknown,
		known: { readonly [key: string]: Check },
		...required: string[]
	) => {
		if (typeof value !== "object" || value === null || Array.isArray(value)) {
			report(at, "an object", value);
			return;
		}
		for (const key of required) if (!(key in value)) report(`${at}.${key}`, "a value", undefined);
		for (const [key, each] of Object.entries(value)) {
			const check = known[key];
			const expected = check ? check(each) : `one of ${Object.keys(known).join(", ")}`;
			if (expected) report(`${at}.${key}`, expected, check ? each : key);
		}
	};
	const { device: about, origin: from, components, ...rest } = root;
	keys("device", about, device);
	const { identifiers, connections } = (about ?? {}) as Json;
	if (!identifiers && !connections) report("device.identifiers", "identifiers or connections", undefined);
	keys("origin", from, origin, "name");
	for (const [key, value] of Object.entries(rest)) {
		const expected = shared[key] ? shared[key](value) : "a key of a device document";
		if (expected) report(key, expected, value);
	}
	if (typeof components !== "object" || components === null || !Object.keys(components).length) {
		report("components", "an object of components", components);
		return problems;
	}
	const seen = new Set<unknown>();
	for (const [key, value] of Object.entries(components)) {
		const at = `components.${key}`;
		const component = value as Json;
		const platform = platforms[component.platform as string];
		if (!platform) {
			report(`${at}.platform`, `one of ${Object.keys(platforms).join(", ")}`, component.platform);
			continue;
		}
		// Only its platform: to be removed.
		if (Object.keys(component).length === 1) continue;
		keys(at, component, { ...entity, ...platform.keys }, "unique_id", ...platform.required);
		// Two that would have the same entity id are told apart there by a number.
		const { unique_id: id } = component;
		if (seen.has(id)) report(`${at}.unique_id`, "one that no other component has", id);
		if (id !== undefined) seen.add(id);
		const { default_entity_id: entityId } = component;
		const pattern = new RegExp(`^${component.platform}\\.[a-z0-9_]+$`);
		if (entityId !== undefined && !pattern.test(entityId as string))
			report(`${at}.default_entity_id`, `${component.platform}. and a-z 0-9 _`, entityId);
		classes(at, component, report);
	}
	return problems;
}

/** Rules between the keys of a component. */
function classes(
	at: string,
	component: Json,
	report: (key: string, expected: string, found: unknown) => void,
) {
	const {
		platform,
		device_class: deviceClass,
		unit_of_measurement: unit,
		state_class: stateClass,
	} = component;
	if (platform === "sensor" || platform === "number") {
		if (deviceClass !== undefined) {
			const known = units[deviceClass as string];
			if (!known) report(`${at}.device_class`, `one of ${Object.keys(units).join(", ")}`, deviceClass);
			else if (!known.includes((unit as string | undefined) ?? ""))
				report(`${at}.unit_of_measurement`, known.map(each => each || "none").join(", "), unit);
		}
		if (typeof unit === "string" && unit.includes("\u00b5"))
			report(`${at}.unit_of_measurement`, "the Greek letter mu", unit);
		const known = deviceClass === undefined ? undefined : (states[deviceClass as string] ?? ["measurement"]);
		if (stateClass !== undefined && known && !known.includes(stateClass as string))
			report(`${at}.state_class`, known.join(" or "), stateClass);
		if (stateClass === "measurement_angle" && unit !== "°")
			report(`${at}.unit_of_measurement`, "° (measurement_angle)", unit);
	}
	if (
		platform === "binary_sensor" &&
		deviceClass !== undefined &&
		!binaryClasses.includes(deviceClass as string)
	)
		report(`${at}.device_class`, `one of ${binaryClasses.join(", ")}`, deviceClass);
	if (platform === "event" && deviceClass !== undefined)
		if (!["button", "doorbell", "motion"].includes(deviceClass as string))
			report(`${at}.device_class`, "one of button, doorbell, motion", deviceClass);
	if ((platform === "sensor" || platform === "binary_sensor") && component.entity_category === "config")
		report(`${at}.entity_category`, "diagnostic, or none", "config");
	if (platform === "number") {
		const { min = 1, max = 100, step = 1 } = component as { min?: number; max?: number; step?: number };
		if (min > max) report(`${at}.min`, `at most max, ${max}`, min);
		if (step < 0.001) report(`${at}.step`, "at least 0.001", step);
	}
	if (component.retain === true) report(`${at}.retain`, "false: a retained command acts again", true);
}

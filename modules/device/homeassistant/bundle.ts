/**
 * Home Assistant's device document (MQTT discovery, 2024.11 and later; keys of 2026.4) of one board, made from its
 * description: which entities it has, on which topics, with which names and units. It comes in pieces, one component each, and
 * is never held whole: 16 sensors with alerts make 36 KB. Publishes nothing; discovery.ts does.
 */

import { type Description, faultName, type SensorDescription } from "../description/description.js";
import type { Values } from "../description/schema.js";
import type { Device } from "../io.js";
import topics from "../topics.js";
import { classOf, stateClassOf, unitOf } from "./classes.js";

export interface BundleOptions {
	readonly description: Description;
	/** "glowworm 0.1.0", and the platform that the board runs on. */
	readonly firmware: string;
	readonly host: string;
	/** Alerts that the board has of its own, beside those of its sensors. */
	readonly own: readonly { readonly name: string }[];
	/** The host's: a sensor without a unit has its driver's. */
	readonly drivers: Device["sensor"];
	/** Outputs that were made, with the lamp: `dimmable` is the driver's word. */
	readonly outputs: readonly { readonly name: string; readonly dimmable: boolean }[];
}

/** A component: its key, its platform, and its other keys. */
export interface Component {
	readonly key: string;
	readonly platform: string;
	/** Made when it is asked for; absent where the component is to be removed. */
	readonly make?: () => Values;
}

/** Milliseconds. */
const HEARTBEAT = 300_000;
const MINUTE = 60_000;

export default class Bundle {
	readonly topic: string;
	/** Home Assistant's own status. */
	readonly birth: string;
	readonly components: readonly Component[];
	private readonly options: BundleOptions;
	private readonly base: string;

	constructor(options: BundleOptions) {
		const { description } = options;
		const { prefix } = settings(description);
		this.options = options;
		this.base = topics.base(description.root, description.id);
		this.topic = `${prefix}/device/${description.id}/config`;
		this.birth = `${prefix}/status`;
		this.components = this.list();
	}

	/** `removed`: components of an earlier description, which Home Assistant then removes. */
	pieces(removed: readonly Component[]): number {
		return this.components.length + removed.length + 2;
	}

	/** JSON text, with Home Assistant's own abbreviations of its keys (a third of the bytes); all pieces in their order are the document. */
	piece(index: number, removed: readonly Component[]): string {
		const { components } = this;
		if (index === 0) return this.head();
		const component = components[index - 1] ?? removed[index - 1 - components.length];
		if (component === undefined) return "}}";
		const { key, platform, make } = component;
		const identity = { uniq_id: this.unique(key), def_ent_id: `${platform}.${this.slug(key)}` };
		const value = { p: platform, ...(make && { ...make(), ...identity }) };
		return `${index === 1 ? "" : ","}${JSON.stringify(key)}:${JSON.stringify(value)}`;
	}

	private head(): string {
		const { description, firmware, host } = this.options;
		const { area } = settings(description);
		const [, version = firmware] = firmware.split(" ");
		const dev = {
			ids: [`glowworm_${description.id}`],
			name: description.id,
			mf: "Glowworm",
			mdl: host,
			sw: version,
			...(area !== undefined && { sa: area }),
		};
		const o = { name: "Glowworm", sw: version };
		const availability = this.base + topics.status;
		const shared = JSON.stringify({ dev, o, avty_t: availability, qos: 1 });
		return `${shared.slice(0, -1)},"cmps":{`;
	}

	private unique(key: string): string {
		return `glowworm_${this.options.description.id}_${key}`;
	}

	/** Of root, id and key, with the letters that an entity id may have. */
	private slug(key: string): string {
		const { root, id } = this.options.description;
		let slug = "";
		for (const letter of `${root}_${id}_${key}`.toLowerCase())
			slug += (letter >= "a" && letter <= "z") || (letter >= "0" && letter <= "9") ? letter : "_";
		return slug;
	}

	private list(): Component[] {
		const { sensors, alerts, commands, button } = this.options.description;
		const list: Component[] = [];
		const add = (key: string, platform: string, make: () => Values) => list.push({ key, platform, make });
		for (const sensor of sensors) add(`measurement_${sensor.name}`, "sensor", () => this.sensor(sensor));
		for (const { name } of alerts) {
			add(`alert_${name}`, "binary_sensor", () => this.alert(name));
			add(`edge_${name}`, "event", () => this.edge(name));
		}
		const faults = [
			...sensors.map(({ name }) => faultName(name)),
			...this.options.own.map(({ name }) => name),
		];
		for (const name of faults)
			add(`alert_${name}`, "binary_sensor", () => ({ ...this.alert(name), ent_cat: "diagnostic" }));
		// Another key for another platform: the component of an output that changes it is removed under the one it had.
		for (const { name, dimmable } of this.options.outputs)
			if (name === "lamp" || dimmable) add(`light_${name}`, "light", () => this.light(name, dimmable));
			else add(`switch_${name}`, "switch", () => this.switch(name));
		if (button) add("button", "event", () => this.button());
		const words = this.options.outputs.length ? ["identify", "restart"] : ["restart"];
		for (const word of words)
			if (commands.includes(word)) add(`command_${word}`, "button", () => this.command(word));
		if (commands.includes("config")) {
			for (const { name } of sensors) add(`every_${name}`, "number", () => this.every(name));
			for (const { name, above, below } of alerts)
				if (above !== undefined) add(`above_${name}`, "number", () => this.threshold(name, "above"));
				else if (below !== undefined) add(`below_${name}`, "number", () => this.threshold(name, "below"));
		}
		add("info_firmware", "sensor", () => this.info("Firmware", "value_json.firmware"));
		add("info_boot", "sensor", () => this.info("Starts", "value_json.boot", "total_increasing"));
		add("info_reset", "sensor", () => this.info("Reason of the last start", "value_json.reset"));
		add("info_outbox", "sensor", () => this.info("Outbox", "value_json.outbox"));
		return list;
	}

	private sensor(description: SensorDescription): Values {
		const { name, driver, decimals, batch } = description;
		const unit = description.unit ?? this.options.drivers[driver]?.unit;
		const deviceClass = description.deviceClass ?? classOf(driver, unit);
		return {
			name: title(name),
			stat_t: this.base + topics.measurement(name),
			val_tpl: batch > 1 ? "{{ value_json.v | last }}" : "{{ value_json.v }}",
			...(unit !== undefined && { unit_of_meas: unitOf(unit) }),
			...(deviceClass !== undefined && { dev_cla: deviceClass }),
			stat_cla: description.stateClass ?? stateClassOf(deviceClass),
			exp_aft: Math.ceil(silence(description) / 1000),
			...(decimals !== undefined && { sug_dsp_prc: decimals }),
		};
	}

	private alert(name: string): Values {
		return {
			name: title(name),
			stat_t: this.base + topics.alertState(name),
			val_tpl: "{{ value_json.state }}",
			dev_cla: "problem",
		};
	}

	private edge(name: string): Values {
		return {
			name: `${title(name)} edge`,
			stat_t: this.base + topics.alert(name),
			evt_typ: ["ON", "OFF"],
			val_tpl: "{{ {'event_type': value_json.state, 'id': value_json.id, 'value': value_json.v} | tojson }}",
		};
	}

	private light(name: string, dimmable: boolean): Values {
		return {
			name: title(name),
			schema: "json",
			stat_t: this.base + topics.outputState(name),
			cmd_t: this.base + topics.outputSet(name),
			sup_clrm: [dimmable ? "brightness" : "onoff"],
			// The board refuses what it does not know.
			flsh: false,
			trns: false,
		};
	}

	private switch(name: string): Values {
		return {
			name: title(name),
			stat_t: this.base + topics.outputState(name),
			val_tpl: "{{ value_json.state }}",
			cmd_t: this.base + topics.outputSet(name),
		};
	}

	private button(): Values {
		return {
			name: "Button",
			stat_t: this.base + topics.button,
			evt_typ: ["press"],
			dev_cla: "button",
		};
	}

	private command(word: string): Values {
		return {
			name: title(word),
			cmd_t: this.base + topics.command,
			pl_prs: word,
			ent_cat: word === "restart" ? "config" : "diagnostic",
			dev_cla: word,
		};
	}

	private every(name: string): Values {
		return {
			name: `${title(name)} period`,
			cmd_t: this.base + topics.command,
			cmd_tpl: `{"cmd":"config","set":{"sensors":{"${name}":{"every":{{ (value * 1000) | int }}}}}}`,
			unit_of_meas: "s",
			dev_cla: "duration",
			min: 0.1,
			max: 86_400,
			step: 0.1,
			mode: "box",
			ent_cat: "config",
		};
	}

	private threshold(name: string, key: "above" | "below"): Values {
		return {
			name: `${title(name)} ${key}`,
			cmd_t: this.base + topics.command,
			cmd_tpl: `{"cmd":"config","set":{"alerts":{"${name}":{"${key}":{{ value }}}}}}`,
			min: -1_000_000,
			max: 1_000_000,
			step: 0.001,
			mode: "box",
			ent_cat: "config",
		};
	}

	private info(name: string, template: string, stateClass?: string): Values {
		return {
			name,
			stat_t: this.base + topics.info,
			val_tpl: `{{ ${template} }}`,
			ent_cat: "diagnostic",
			...(stateClass !== undefined && { stat_cla: stateClass }),
		};
	}
}

/** What a description says of Home Assistant, with the defaults. */
function settings({ homeAssistant }: Description): { readonly prefix: string; readonly area?: string } {
	return { prefix: "homeassistant", ...(typeof homeAssistant === "object" && homeAssistant) };
}

/** Without a measurement for so long, a sensor's value means nothing any more: three times the longest usual silence. */
function silence({ every, window, batch, deadband, maxSilence }: SensorDescription): number {
	const period = Math.max(every, window ?? 0) * batch;
	return Math.max(MINUTE, 3 * Math.max(period, deadband === undefined ? 0 : (maxSilence ?? HEARTBEAT)));
}

/** "pump_2" → "Pump 2". */
function title(name: string): string {
	const words = name.replaceAll("_", " ").replaceAll("-", " ").trim();
	return words === "" ? name : words.slice(0, 1).toUpperCase() + words.slice(1);
}

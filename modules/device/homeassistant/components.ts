/**
 * The components of a board's device document, one for each entity that Home Assistant shows: which there are, in which order,
 * and what each says, with Home Assistant's own abbreviations of its keys. Each is made when it is asked for: a board of 16
 * sensors has a hundred, which would fill half of a heap of 80 KB. bundle.ts makes the document of them.
 */

import {
	type AlertDescription,
	type Description,
	faultName,
	type SensorDescription,
} from "../description/description.js";
import type { Values } from "../description/schema.js";
import type { Device } from "../io.js";
import topics from "../topics.js";
import { classOf, statesOf, unitOf } from "./classes.js";

export interface About {
	readonly description: Description;
	/** The host's: a sensor without a unit has its driver's. */
	readonly drivers: Device["sensor"];
	/** Outputs that were made, with the lamp: `dimmable` is the driver's word. */
	readonly outputs: readonly { readonly name: string; readonly dimmable: boolean }[];
	/** Alerts that the board has of its own, beside those of its sensors. */
	readonly own: readonly Item[];
	/** `info` has the strength of the radio's signal. */
	readonly signal?: boolean;
}

/** A component: its key, its platform, and its other keys. */
export interface Component {
	readonly key: string;
	readonly platform: string;
	/** Made when it is asked for; absent where the component is to be removed. */
	readonly make?: () => Values;
}

/** What there is a component of. */
interface Item {
	readonly name: string;
}

/** Groups of components, in the order of the document. */
const groups: readonly string[] = Object.freeze(
	"measurement alert event fault own output button command every threshold info".split(" "),
);

/** Milliseconds. */
const HEARTBEAT = 300_000;
const MINUTE = 60_000;
/** Of a threshold, either way. */
const MOST = 1_000_000;

const none: readonly Item[] = Object.freeze([]);
const named = (name: string): Item => Object.freeze({ name });
const button: readonly Item[] = Object.freeze([named("button")]);
const words: readonly Item[] = Object.freeze([named("identify"), named("restart")]);
/** Keys of `info`. */
const infos: readonly Item[] = Object.freeze("firmware boot reset outbox".split(" ").map(named));
const radio: readonly Item[] = Object.freeze([...infos, named("signal")]);

export default class Components {
	private readonly about: About;
	private readonly base: string;
	private readonly words: readonly Item[];
	private readonly thresholds: readonly AlertDescription[];

	constructor(about: About) {
		const { root, id, commands, alerts, lamp } = about.description;
		// Nothing that takes live commands only blinks.
		const blinks = about.outputs.some(({ name }) => name === "lamp") && !lamp?.liveOnly;
		this.about = about;
		this.base = topics.base(root, id);
		this.words = words.filter(({ name }) => commands.includes(name) && (blinks || name !== "identify"));
		this.thresholds = alerts.filter(({ above, below }) => above !== undefined || below !== undefined);
	}

	get length(): number {
		return groups.reduce((sum, group) => sum + this.items(group).length, 0);
	}

	at(index: number): Component | undefined {
		let left = index;
		for (let group = 0; group < groups.length; group++) {
			const name = groups[group] as string;
			const items = this.items(name);
			const item = items[left];
			if (item !== undefined) return this.component(name, item);
			left -= items.length;
		}
		return undefined;
	}

	private items(group: string): readonly Item[] {
		const { description, outputs, own, signal } = this.about;
		const { sensors, alerts, commands } = description;
		const settable = commands.includes("config");
		switch (group) {
			case "measurement":
			case "fault":
				return sensors;
			case "alert":
			case "event":
				return alerts;
			case "own":
				return own;
			case "output":
				return outputs;
			case "button":
				return description.button ? button : none;
			case "command":
				return this.words;
			case "every":
				return settable ? sensors : none;
			case "threshold":
				return settable ? this.thresholds : none;
			default:
				return signal ? radio : infos;
		}
	}

	private component(group: string, item: Item): Component {
		const name = item.name;
		switch (group) {
			case "measurement":
				return made("measurement", name, "sensor", () => this.sensor(item as SensorDescription));
			case "alert":
				return made("alert", name, "binary_sensor", () => this.alert(name));
			case "event":
				return made("edge", name, "event", () => this.event(name));
			case "fault":
				return made("alert", faultName(name), "binary_sensor", () => this.fault(faultName(name)));
			case "own":
				return made("alert", name, "binary_sensor", () => this.fault(name));
			case "output": {
				// Another key for another platform: the component of an output that changes it is removed under the one it had.
				const { dimmable } = item as About["outputs"][number];
				return dimmable || name === "lamp"
					? made("light", name, "light", () => this.light(name, dimmable))
					: made("switch", name, "switch", () => this.switch(name));
			}
			case "button":
				return { key: name, platform: "event", make: () => this.button() };
			case "command":
				return made("command", name, "button", () => this.command(name));
			case "every":
				return made("every", name, "number", () => this.every(item as SensorDescription));
			case "threshold": {
				const key = (item as AlertDescription).above === undefined ? "below" : "above";
				return made(key, name, "number", () => this.threshold(item as AlertDescription));
			}
			default:
				return made("info", name, "sensor", () => this.info(name));
		}
	}

	private sensor(description: SensorDescription): Values {
		const { name, driver, decimals, batch } = description;
		const own = this.about.drivers[driver];
		const unit = description.unit ?? own?.unit;
		const deviceClass = description.deviceClass ?? classOf(own?.quantity, unit);
		return {
			name: title(name),
			stat_t: this.base + topics.measurement(name),
			val_tpl: batch > 1 ? "{{ value_json.v | last }}" : "{{ value_json.v }}",
			...(unit !== undefined && { unit_of_meas: unitOf(unit) }),
			...(deviceClass !== undefined && { dev_cla: deviceClass }),
			stat_cla: description.stateClass ?? statesOf(deviceClass).split("|")[0],
			exp_aft: Math.ceil(silence(description) / 1000),
			...(decimals !== undefined && { sug_dsp_prc: decimals }),
			...(deviceClass === "signal_strength" && { ent_cat: "diagnostic" }),
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

	private fault(name: string): Values {
		return { ...this.alert(name), ent_cat: "diagnostic" };
	}

	private event(name: string): Values {
		return {
			name: `${title(name)} event`,
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

	private every({ name, window }: SensorDescription): Values {
		// No window is shorter than the period.
		const max = (window ?? 86_400_000) / 1000;
		return {
			name: `${title(name)} period`,
			cmd_t: this.base + topics.command,
			cmd_tpl: `{"cmd":"config","set":{"sensors":{"${name}":{"every":{{ (value * 1000) | round | int }}}}}}`,
			unit_of_meas: "s",
			dev_cla: "duration",
			min: Math.min(0.1, max),
			max,
			step: 0.1,
			mode: "box",
			ent_cat: "config",
		};
	}

	private threshold({ name, above, clear }: AlertDescription): Values {
		const key = above === undefined ? "below" : "above";
		// It stays on its side of `clear`.
		const bound = typeof clear === "number" ? clear : undefined;
		return {
			name: `${title(name)} threshold`,
			cmd_t: this.base + topics.command,
			cmd_tpl: `{"cmd":"config","set":{"alerts":{"${name}":{"${key}":{{ value }}}}}}`,
			min: above !== undefined && bound !== undefined ? bound : Math.min(-MOST, bound ?? 0),
			max: above === undefined && bound !== undefined ? bound : Math.max(MOST, bound ?? 0),
			step: 0.001,
			mode: "box",
			ent_cat: "config",
		};
	}

	private info(key: string): Values {
		return {
			name: infoName(key),
			stat_t: this.base + topics.info,
			val_tpl: `{{ value_json.${key} }}`,
			ent_cat: "diagnostic",
			...(key === "boot" && { stat_cla: "total_increasing" }),
			...(key === "signal" && { unit_of_meas: "dBm", dev_cla: "signal_strength", stat_cla: "measurement" }),
		};
	}
}

const made = (kind: string, name: string, platform: string, make: () => Values): Component => {
	return { key: `${kind}_${name}`, platform, make };
};

const infoName = (key: string): string =>
	key === "boot" ? "Starts" : key === "reset" ? "Reason of the last start" : title(key);

/** Without a measurement for so long, a sensor's value means nothing any more: three times the longest usual silence. */
const silence = ({ every, window, batch, deadband, maxSilence }: SensorDescription): number => {
	const period = Math.max(every, window ?? 0) * batch;
	return Math.max(MINUTE, 3 * Math.max(period, deadband === undefined ? 0 : (maxSilence ?? HEARTBEAT)));
};

/** "pump_2" → "Pump 2". */
const title = (name: string): string => {
	const words = name.replaceAll("_", " ").replaceAll("-", " ").trim();
	return words === "" ? name : words.slice(0, 1).toUpperCase() + words.slice(1);
};

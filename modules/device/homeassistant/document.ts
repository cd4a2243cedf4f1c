/**
 * Home Assistant's device document (MQTT discovery, 2024.11 and later; keys of 2026.4; DESIGN.md, "Home Assistant") of one board, made from
 * its description: one component for each entity that Home Assistant shows, as the table below says. It comes in pieces, one component each,
 * and is never held whole: 16 sensors with alerts make 36 KB of a hundred components. Publishes nothing and remembers nothing:
 * homeassistant.ts does. Which device class a sensor has is in classes.ts.
 */

import {
	type AlertDescription,
	type Description,
	faultName,
	type SensorDescription,
} from "../description/description.js";
import type { Device } from "../io.js";
import { firmware } from "../retained.js";
import topics from "../topics.js";
import { classOf, statesOf, unitOf } from "./classes.js";

export interface DocumentParts {
	/** A sensor without a unit has its driver's; where there is a `signal`, `info` has its strength. */
	readonly device: Pick<Device, "name" | "sensor"> & { readonly network: Pick<Device["network"], "signal"> };
	/** Outputs that were made, with the lamp: `dimmable` is the driver's word. */
	readonly outputs: readonly { readonly name: string; readonly dimmable: boolean }[];
	/** Alerts that the board has of its own, beside those of its sensors. */
	readonly own: readonly Item[];
}

/** What there is a component of. */
interface Item {
	readonly name: string;
}

const { freeze } = Object;
const HEARTBEAT = 300_000;
const MINUTE = 60_000;
/** Of a threshold, either way. */
const MOST = 1_000_000;

// All of these are put together when the firmware is linked, and only the table stays: as objects it would take four times the flash.
const state = (name: string): string =>
	`"stat_t":"~${topics.alertState(name)}","val_tpl":"{{ value_json.state }}","dev_cla":"problem"`;
const output = `"stat_t":"~${topics.outputState("$")}","cmd_t":"~${topics.outputSet("$")}"`;
// The board refuses what it does not know: flash and transition.
const light = `light/light_$ "name":"%",${output},"schema":"json","flsh":false,"trns":false`;
const command = `"cmd_t":"~${topics.command}"`;
const edge = "{{ {'event_type': value_json.state, 'id': value_json.id, 'value': value_json.v} | tojson }}";
const diagnostic = '"ent_cat":"diagnostic"';
const set = (section: string, value: string): string =>
	`${command},"cmd_tpl":${JSON.stringify(`{"cmd":"config","set":{"${section}":{"$":${value}}}}`)},"mode":"box","ent_cat":"config"`;
const threshold = (key: string): string =>
	`number/${key}_$ "name":"% threshold",${set("alerts", `{"${key}":{{ value }}}`)},"step":0.001`;
const info = (key: string, name: string): string =>
	`sensor/info_${key} "name":"${name}","stat_t":"~${topics.info}","val_tpl":"{{ value_json.${key} }}",${diagnostic}`;
const fault = faultName("$");
const every = set("sensors", '{"every":{{ (value * 1000) | round | int }}}');

/**
 * Each kind of component, in the order of the document: the list that has one item for each, platform and key, and its other keys as
 * JSON with Home Assistant's own abbreviations. `$` is the name of the item, `%` its title, `~` the base of the topics.
 */
const kinds: readonly string[] = freeze([
	`measured sensor/measurement_$ "name":"%","stat_t":"~${topics.measurement("$")}"`,
	`alerts binary_sensor/alert_$ "name":"%",${state("$")}`,
	`alerts event/edge_$ "name":"% event","stat_t":"~${topics.alert("$")}","evt_typ":["ON","OFF"],"val_tpl":"${edge}"`,
	`sensors binary_sensor/alert_${fault} "name":"% fault",${state(fault)},${diagnostic}`,
	`own binary_sensor/alert_$ "name":"%",${state("$")},${diagnostic}`,
	`dimmers ${light},"sup_clrm":["brightness"]`,
	`lamps ${light},"sup_clrm":["onoff"]`,
	// An output that becomes dimmable has another key then: the component of the other platform is removed.
	`switches switch/switch_$ "name":"%",${output},"val_tpl":"{{ value_json.state }}"`,
	`button event/button "name":"Button","stat_t":"~${topics.button}","evt_typ":["press"],"dev_cla":"button"`,
	`identify button/command_identify "name":"Identify",${command},"pl_prs":"identify",${diagnostic},"dev_cla":"identify"`,
	`restart button/command_restart "name":"Restart",${command},"pl_prs":"restart","ent_cat":"config","dev_cla":"restart"`,
	`periods number/every_$ "name":"% period",${every},"step":0.1,"unit_of_meas":"s","dev_cla":"duration"`,
	`above ${threshold("above")}`,
	`below ${threshold("below")}`,
	`board ${info("firmware", "Firmware")}`,
	`board ${info("boot", "Starts")},"stat_cla":"total_increasing"`,
	`board ${info("reset", "Reason of the last start")}`,
	`board ${info("outbox", "Outbox")}`,
	`radio ${info("signal", "Signal")},"unit_of_meas":"dBm","dev_cla":"signal_strength","stat_cla":"measurement"`,
]);

const none: readonly Item[] = freeze([]);
const one: readonly Item[] = freeze([freeze({ name: "" })]);

export default class Document {
	readonly topic: string;
	/** Of Home Assistant's own status. */
	readonly birth: string;
	/** Of components. */
	readonly length: number;
	private readonly description: Description;
	private readonly device: DocumentParts["device"];
	private readonly area: string | undefined;
	/** The items of each kind. Made once: a piece is found in them by its index. */
	private readonly lists: readonly (readonly Item[])[];

	constructor(description: Description, { device, outputs, own }: DocumentParts) {
		const { id, sensors, alerts, commands, lamp, button, homeAssistant } = description;
		const { prefix = "homeassistant", area } = typeof homeAssistant === "object" ? homeAssistant : {};
		const settable = commands.includes("config");
		const plain = outputs.filter(({ dimmable }) => !dimmable);
		// Nothing that takes live commands only blinks.
		const blinks =
			commands.includes("identify") && outputs.some(({ name }) => name === "lamp") && !lamp?.liveOnly;
		this.description = description;
		this.device = device;
		this.area = area;
		this.topic = `${prefix}/device/${id}/config`;
		this.birth = `${prefix}/status`;
		const lists: { readonly [of: string]: readonly Item[] } = {
			measured: sensors,
			alerts,
			sensors,
			own,
			dimmers: outputs.filter(({ dimmable }) => dimmable),
			lamps: plain.filter(({ name }) => name === "lamp"),
			switches: plain.filter(({ name }) => name !== "lamp"),
			button: button ? one : none,
			identify: blinks ? one : none,
			restart: commands.includes("restart") ? one : none,
			periods: settable ? sensors : none,
			above: settable ? alerts.filter(({ above }) => above !== undefined) : none,
			below: settable ? alerts.filter(({ below }) => below !== undefined) : none,
			board: one,
			radio: device.network.signal ? one : none,
		};
		this.lists = kinds.map(kind => lists[kind.slice(0, kind.indexOf(" "))] as readonly Item[]);
		this.length = this.lists.reduce((sum, items) => sum + items.length, 0);
	}

	/**
	 * JSON text; all pieces in their order are the document, and none is behind them. `removed`: components of an earlier description,
	 * which Home Assistant then removes.
	 */
	piece(index: number, removed: readonly string[]): string | undefined {
		// Of the removed: not before its time, since an index below 0 is a name to XS, which it never gives back.
		const behind = index - 1 - this.length;
		const comma = index > 1 ? "," : "";
		if (index === 0) return this.head();
		if (behind < 0) return comma + this.component(index - 1);
		if (behind < removed.length) return `${comma}${opening(removed[behind] as string)}}`;
		return behind === removed.length ? "}}" : undefined;
	}

	/** A component with its platform and key as `at`: `sensor/measurement_temp`. */
	find(index: number): { readonly kind: string; readonly item: Item; readonly at: string } {
		let left = index;
		for (let i = 0; ; i++) {
			const items = this.lists[i] as readonly Item[];
			const item = items[left];
			left -= items.length;
			if (item === undefined) continue;
			const kind = kinds[i] as string;
			const start = kind.indexOf(" ") + 1;
			return { kind, item, at: kind.slice(start, kind.indexOf(" ", start)).replace("$", item.name) };
		}
	}

	private head(): string {
		const { description, device, area } = this;
		const { root, id } = description;
		const version = firmware.slice(firmware.indexOf(" ") + 1);
		const suggested = area === undefined ? "" : `,"sa":${JSON.stringify(area)}`;
		const model = `"mf":"Glowworm","mdl":${JSON.stringify(device.name)},"sw":"${version}"`;
		const dev = `{"ids":["glowworm_${id}"],"name":"${id}",${model}${suggested}}`;
		const availability = JSON.stringify(topics.base(root, id) + topics.status);
		return `{"dev":${dev},"o":{"name":"Glowworm","sw":"${version}"},"avty_t":${availability},"qos":1,"cmps":{`;
	}

	private component(index: number): string {
		const { root, id } = this.description;
		const { kind, item, at } = this.find(index);
		const name = item.name;
		const slash = at.indexOf("/");
		const key = at.slice(slash + 1);
		const base = JSON.stringify(topics.base(root, id)).slice(1, -1);
		const keys = kind.slice(kind.indexOf('"')).replaceAll("$", name).replaceAll("%", title(name));
		// Not replaceAll: a root may have a `$`, which means something in a replacement.
		const form = keys.split("~").join(base);
		const entity = `${at.slice(0, slash)}.${slug(`${root}_${id}_${key}`)}`;
		return `${opening(at)},${form}${this.more(kind, item)},"uniq_id":"glowworm_${id}_${key}","def_ent_id":"${entity}"}`;
	}

	/** Keys that depend on more than the item's name. */
	private more(kind: string, item: Item): string {
		if (kind.startsWith("measured")) return this.measured(item as SensorDescription);
		if (kind.startsWith("periods")) {
			// No window is shorter than the period.
			const most = ((item as SensorDescription).window ?? 86_400_000) / 1000;
			return `,"min":${Math.min(0.1, most)},"max":${most}`;
		}
		const above = kind.startsWith("above");
		if (!above && !kind.startsWith("below")) return "";
		// It stays on its side of `clear`.
		const clear = (item as AlertDescription).clear;
		const bound = typeof clear === "number" ? clear : undefined;
		const least = above ? (bound ?? -MOST) : Math.min(-MOST, bound ?? 0);
		const most = above ? Math.max(MOST, bound ?? 0) : (bound ?? MOST);
		return `,"min":${least},"max":${most}`;
	}

	private measured(description: SensorDescription): string {
		const { driver, decimals, every, window, batch, deadband, maxSilence } = description;
		const own = this.device.sensor[driver];
		const unit = description.unit ?? own?.unit;
		const deviceClass = description.deviceClass ?? classOf(own?.quantity, unit);
		const period = Math.max(every, window ?? 0) * batch;
		const usual = Math.max(period, deadband === undefined ? 0 : (maxSilence ?? HEARTBEAT));
		// What is undefined is left out of the text.
		const values = {
			val_tpl: batch > 1 ? "{{ value_json.v | last }}" : "{{ value_json.v }}",
			unit_of_meas: unit && unitOf(unit),
			dev_cla: deviceClass,
			stat_cla: description.stateClass ?? statesOf(deviceClass).split("|")[0],
			// Without a measurement for so long, the value means nothing any more: three times the longest usual silence.
			exp_aft: Math.ceil(Math.max(MINUTE, 3 * usual) / 1000),
			sug_dsp_prc: decimals,
			ent_cat: deviceClass === "signal_strength" ? "diagnostic" : undefined,
		};
		return `,${JSON.stringify(values).slice(1, -1)}`;
	}
}

/** The beginning of a component. */
const opening = (item: string): string => {
	const at = item.indexOf("/");
	return `"${item.slice(at + 1)}":{"p":"${item.slice(0, at)}"`;
};

/** With the letters that an entity id may have. */
const slug = (text: string): string => {
	const whole = text.toLowerCase();
	let slug = "";
	for (let i = 0; i < whole.length; i++) {
		const letter = whole.charAt(i);
		slug += (letter >= "a" && letter <= "z") || (letter >= "0" && letter <= "9") ? letter : "_";
	}
	return slug;
};

/** "pump_2" → "Pump 2". */
const title = (name: string): string => {
	const words = name.replaceAll("_", " ").replaceAll("-", " ").trim();
	return words === "" ? name : words.slice(0, 1).toUpperCase() + words.slice(1);
};

/**
 * What Home Assistant would show of a board: the entities in its device document (MQTT discovery), in the groups of Home
 * Assistant's device page, each with its state in words. Documents of others are read too, as far as they look like ours: a
 * template that is more than a value of a JSON payload is shown as unknown. Nothing is asked for here.
 */

import { type Signal, signal } from "@preact/signals";
import type { Message } from "../mqtt/link.js";
import { mark } from "./beat.js";
import { type Json, objectOf } from "./json.js";

export interface Entity {
	readonly name: string;
	/** `sensor.factory_1_…`, as Home Assistant will name it. */
	readonly id: string;
	readonly platform: string;
	readonly stateTopic: string;
	/** Abbreviations of its keys as the board has them. */
	readonly keys: Json;
}

export interface Document {
	readonly topic: string;
	/** What its availability topic is below. */
	readonly base: string;
	/** `desk-1, Glowworm node, in Hall`. */
	readonly device: string;
	readonly groups: readonly { readonly name: string; readonly entities: readonly Entity[] }[];
}

/** Documents, and entities of each. */
const MOST = 500;
const STATUS = "/status";
const TOPIC = /^.+\/device\/[^/]+\/config$/;
const names = ["Controls", "Sensors", "Events", "Configuration", "Diagnostic"] as const;

export class Documents {
	/** Grows when a document comes, changes or goes. */
	readonly version: Signal<number> = signal(0);
	readonly #all = new Map<string, Document>();

	receive({ topic, payload, byteLength }: Message): void {
		if (!TOPIC.test(topic)) return;
		const found = byteLength === payload.byteLength ? documentOf(topic, objectOf(payload)) : undefined;
		if (found && this.#all.size < MOST) this.#all.set(topic, found);
		else if (!this.#all.delete(topic)) return;
		mark(this.version);
	}

	of(base: string): Document | undefined {
		return [...this.#all.values()].find(document => document.base === base);
	}
}

function documentOf(topic: string, value: Json | undefined): Document | undefined {
	const { avty_t: available, cmps, dev } = value ?? {};
	if (typeof available !== "string" || !available.endsWith(STATUS) || !isObject(cmps)) return undefined;
	const groups = names.map(name => ({ name, entities: [] as Entity[] }));
	for (const keys of Object.values(cmps).slice(0, MOST)) {
		// Without an id of its own it is to be removed.
		if (!isObject(keys) || keys.uniq_id === undefined) continue;
		groups
			.find(({ name }) => name === groupOf(keys))
			?.entities.push({
				name: text(keys.name),
				id: text(keys.def_ent_id),
				platform: text(keys.p),
				stateTopic: text(keys.stat_t),
				keys,
			});
	}
	const { name, mf, mdl, sa } = isObject(dev) ? dev : {};
	return {
		topic,
		base: available.slice(0, -STATUS.length),
		device: [name, `${text(mf)} ${text(mdl)}`, ...(sa === undefined ? [] : [`in ${text(sa)}`])].join(", "),
		groups: groups.filter(({ entities }) => entities.length > 0),
	};
}

function groupOf({ ent_cat: category, p: platform }: Json): (typeof names)[number] {
	if (category === "config") return "Configuration";
	if (category === "diagnostic") return "Diagnostic";
	if (platform === "event") return "Events";
	return platform === "sensor" || platform === "binary_sensor" ? "Sensors" : "Controls";
}

/** Its state, as Home Assistant words it, from the last message on its topic. */
export function stateOf(entity: Entity, online: boolean, last: Message | undefined, now: number): string {
	const { platform, keys, stateTopic } = entity;
	if (!online) return "Unavailable";
	if (platform === "button") return "Press";
	if (!stateTopic || !last?.byteLength) return "Unknown";
	if (typeof keys.exp_aft === "number" && now - last.at > keys.exp_aft * 1000) return "Unavailable";
	const value = objectOf(last.payload);
	if (platform === "light") return lit(value);
	const found = resolved(text(keys.val_tpl), value);
	if (found === undefined) return "Unknown";
	if (platform === "binary_sensor" && keys.dev_cla === "problem") return found === "ON" ? "Problem" : "OK";
	if (platform === "event") return String(found);
	if (found === "ON" || found === "OFF") return found === "ON" ? "On" : "Off";
	const digits = keys.sug_dsp_prc;
	const shown =
		typeof found === "number" && typeof digits === "number" ? found.toFixed(digits) : String(found);
	return [shown, text(keys.unit_of_meas)].join(" ").trim();
}

function lit(value: Json | undefined): string {
	const { state, brightness } = value ?? {};
	if (state !== "ON") return state === "OFF" ? "Off" : "Unknown";
	return typeof brightness === "number" ? `On, ${Math.round((100 * brightness) / 255)} %` : "On";
}

/** What the templates of our documents make of a payload. */
function resolved(template: string, value: Json | undefined): unknown {
	const [, key = "", filter] =
		/^\{\{ value_json\.(\w+) (?:\| (last) )?\}\}$/.exec(template) ??
		/^\{\{ \{'event_type': value_json\.(\w+)[,}]/.exec(template) ??
		[];
	// Without a template, of an event: the payload says its type.
	const found = value?.[key || (template ? "" : "event_type")];
	return filter && Array.isArray(found) ? found.at(-1) : found;
}

function isObject(value: unknown): value is Json {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
	return typeof value === "string" ? value : "";
}

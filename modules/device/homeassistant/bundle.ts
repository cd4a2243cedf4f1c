/**
 * Home Assistant's device document (MQTT discovery, 2024.11 and later; keys of 2026.4) of one board, made from its
 * description: topics, device and origin, and the components (components.ts). It comes in pieces, one component each, and
 * is never held whole: 16 sensors with alerts make 36 KB. Publishes nothing; discovery.ts does.
 */

import type { Description } from "../description/description.js";
import topics from "../topics.js";
import Components, { type About, type Component } from "./components.js";

export interface BundleOptions extends About {
	/** "glowworm 0.1.0", and the platform that the board runs on. */
	readonly firmware: string;
	readonly host: string;
}

export default class Bundle {
	readonly topic: string;
	/** Home Assistant's own status. */
	readonly birth: string;
	readonly components: Components;
	private readonly options: BundleOptions;

	constructor(options: BundleOptions) {
		const description = options.description;
		const prefix = settings(description).prefix;
		this.options = options;
		this.topic = `${prefix}/device/${description.id}/config`;
		this.birth = `${prefix}/status`;
		this.components = new Components(options);
	}

	/** `removed`: components of an earlier description, which Home Assistant then removes. */
	pieces(removed: readonly Component[]): number {
		return this.components.length + removed.length + 2;
	}

	/** JSON text, with Home Assistant's own abbreviations of its keys (a third of the bytes); all pieces in their order are the document. */
	piece(index: number, removed: readonly Component[]): string {
		const components = this.components;
		if (index === 0) return this.head();
		const component = components.at(index - 1) ?? removed[index - 1 - components.length];
		if (component === undefined) return "}}";
		const { key, platform, make } = component;
		const identity = { uniq_id: this.unique(key), def_ent_id: `${platform}.${this.slug(key)}` };
		const value = { p: platform, ...(make && { ...make(), ...identity }) };
		return `${index === 1 ? "" : ","}${JSON.stringify(key)}:${JSON.stringify(value)}`;
	}

	private head(): string {
		const { description, firmware, host } = this.options;
		const { root, id } = description;
		const area = settings(description).area;
		const [, version = firmware] = firmware.split(" ");
		const dev = {
			ids: [`glowworm_${id}`],
			name: id,
			mf: "Glowworm",
			mdl: host,
			sw: version,
			...(area !== undefined && { sa: area }),
		};
		const o = { name: "Glowworm", sw: version };
		const availability = topics.base(root, id) + topics.status;
		const shared = JSON.stringify({ dev, o, avty_t: availability, qos: 1 });
		return `${shared.slice(0, -1)},"cmps":{`;
	}

	private unique(key: string): string {
		return `glowworm_${this.options.description.id}_${key}`;
	}

	/** Of root, id and key, with the letters that an entity id may have. */
	private slug(key: string): string {
		const { root, id } = this.options.description;
		const whole = `${root}_${id}_${key}`.toLowerCase();
		let slug = "";
		for (let i = 0; i < whole.length; i++) {
			const letter = whole.charAt(i);
			slug += (letter >= "a" && letter <= "z") || (letter >= "0" && letter <= "9") ? letter : "_";
		}
		return slug;
	}
}

/** What a description says of Home Assistant, with the defaults. */
const settings = ({ homeAssistant }: Description): { readonly prefix: string; readonly area?: string } => ({
	prefix: "homeassistant",
	...(typeof homeAssistant === "object" && homeAssistant),
});

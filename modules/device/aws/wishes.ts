/**
 * The wishes for outputs in the classic shadow, `{"lamp":{"state":"ON","brightness":128,"ver":17}}`, beside `lamp/desired`. Decides
 * which is newer (DESIGN.md, "Two ways to wish"): a wish has a `ver`, or else the time at which the service took it stands for one;
 * the output applies a greater one only. What is handled is noted before it is done, so that a delta which comes again, perhaps
 * with fewer keys, is not taken for a wish.
 */

import { encode } from "../../mqtt/text.js";
import { isRecord, type Values } from "../description/schema.js";
import type { Parts } from "../feature.js";
import type { Names } from "../json.js";
import { keyOf, type Room } from "../memory.js";
import type Output from "../outputs/output.js";
import topics from "../topics.js";
import Shadow from "./shadow.js";

const PREFIX = "s:";
/** Versions from here on are milliseconds since 1970; below they count. */
const CLOCK = 1e11;
/** As a copy that the broker retains: one that is not newer needs no answer. */
const kept = Object.freeze({ QoS: 1, retain: true, duplicate: false, id: 0 });

/** The last wish of an output that was handled: when the service took it, its version, and what it wanted. */
interface Mark {
	readonly at: number;
	readonly ver: number;
	/** The wish itself had that version. */
	readonly own: boolean;
	readonly state: unknown;
	readonly brightness: unknown;
}

/** The keys of a wish; further ones are not looked at. */
const keys: readonly string[] = Object.freeze(["state", "brightness", "ver"]);
const none: Mark = Object.freeze({ at: -1, ver: -1, own: false, state: "", brightness: 0 });

export const markRoom = (name: string): Room => [
	keyOf(PREFIX, name),
	'{"at":1780272000,"ver":9007199254740991,"own":false,"state":"OFF","brightness":255}'.length,
];

export default class Wishes {
	readonly shadow: Shadow;
	private readonly parts: Parts;

	constructor(parts: Parts, names: Pick<Names, "admits">) {
		const { publisher, outputs } = parts;
		this.parts = parts;
		this.shadow = new Shadow(parts, names, "", (state, times) =>
			outputs.forEach(output => {
				const part = state[output.name];
				const taken = times[output.name];
				if (isRecord(part) && isRecord(taken)) this.wish(output, part, taken);
			}),
		);
		publisher.stated = (name, payload) => {
			const output = outputs.find(each => name === topics.outputState(each.name));
			if (output) this.report(output, payload);
		};
	}

	/** A version that came by the other way is not reported: else a wish with the same one would have none in the delta. */
	private report({ name }: Output, payload: string): void {
		const { ver, ...state } = JSON.parse(payload) as Values;
		const mark = this.mark(name);
		this.shadow.report(name, JSON.stringify({ ...state, ver: mark.own && mark.ver === ver ? ver : null }));
	}

	/** Throws where the output does: then the message is not acknowledged, and comes again. */
	private wish(output: Output, part: Values, times: Values): void {
		const { publisher, memory } = this.parts;
		const { name, description, applied } = output;
		const { on, ver, brightness: level } = applied.state;
		const at = latest(part, times);
		if (at === 0) return;
		const mark = this.mark(name);
		// One that was noted and not done was cut off by a loss of power.
		const handled = mark.ver <= ver;
		if (handled && (at < mark.at || (at === mark.at && same(part, mark)))) return;
		const own = part.ver !== undefined;
		const counts = !own && ver >= 0 && ver < CLOCK;
		if (counts || description.liveOnly) {
			const why = counts ? `expected a ver, since version ${ver} stands` : "it takes live commands only";
			publisher.refuse(`shadow ${name}`, why);
			return;
		}
		const { state = on ? "ON" : "OFF", brightness } = part;
		const wanted = own ? part.ver : versionAt(at, ver, handled && at === mark.at ? mark.ver : -1);
		if (typeof wanted === "number" && wanted > ver) {
			const next = { at, ver: wanted, own, state, brightness: brightness ?? level };
			if (!memory.put(keyOf(PREFIX, name), next) && memory.lasting)
				throw new Error(`shadow ${name}: not stored`);
		}
		const text = JSON.stringify({ state, ...(brightness !== undefined && { brightness }), ver: wanted });
		output.desired(encode(text), kept);
	}

	private mark(name: string): Mark {
		return { ...none, ...this.parts.memory.get(keyOf(PREFIX, name)) };
	}
}

/**
 * The version of a wish that has none, taken at this second while `ver` stands. The end of the second where it is newer than `ver`,
 * so that nothing of the same second by the other way is done over it. `mark`: of a wish before it in the same second, or -1.
 */
const versionAt = (at: number, ver: number, mark: number): number => {
	if (mark >= 0) return mark + 1;
	return at * 1000 > ver ? at * 1000 + 999 : at * 1000;
};

/** When the last of the keys that count was wished, in seconds since 1970. */
const latest = (part: Values, times: Values): number =>
	keys.reduce((last, key) => {
		const { timestamp } = (part[key] === undefined || !isRecord(times[key]) ? none : times[key]) as Values;
		return typeof timestamp === "number" && timestamp > last ? timestamp : last;
	}, 0);

/** No key says otherwise than the wish that was handled. */
const same = (part: Values, mark: Mark): boolean =>
	(part.state === undefined || part.state === mark.state) &&
	(part.brightness === undefined || part.brightness === mark.brightness) &&
	(part.ver === undefined || part.ver === mark.ver);

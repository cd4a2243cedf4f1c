/**
 * The wishes for outputs in the classic shadow, `{"lamp":{"state":"ON","brightness":128,"ver":17}}`, beside `lamp/desired`. Decides
 * which is newer (DESIGN.md, "Two ways to wish"): a wish has a `ver`, or else the time at which the service took it stands for one;
 * the output applies a greater one only. What is handled is noted before it is done, so that of a delta which comes again, perhaps
 * with fewer keys or beside a newer one, only keys are taken that were written since.
 */

import { encode } from "../../mqtt/text.js";
import type { Parts } from "../feature.js";
import { isRecord, type Values } from "../json.js";
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
	/** `at` of the wish before it. */
	readonly from: number;
	/** Of the document. */
	readonly version: number;
	readonly ver: number;
	/** The wish itself had that version. */
	readonly own: boolean;
	readonly state: unknown;
	readonly brightness: unknown;
}

/** The keys of a wish; further ones are not looked at. */
const keys = Object.freeze(["state", "brightness", "ver"] as const);
type Key = (typeof keys)[number];
const none: Mark = Object.freeze({
	at: -1,
	from: -1,
	version: 0,
	ver: -1,
	own: false,
	state: "",
	brightness: 0,
});

export const markRoom = (name: string): Room => [
	keyOf(PREFIX, name),
	'{"at":1780272000,"from":1780272000,"version":1780272000,"ver":9007199254740991,"own":false,"state":"OFF","brightness":255}'
		.length,
];

export default class Wishes extends Shadow {
	/** Of each output, what it was last reported to be. */
	private readonly reported: { [name: string]: Values } = {};

	constructor(parts: Parts) {
		super(parts, "");
		const { publisher, outputs } = parts;
		publisher.stated = (name, payload) => {
			const output = outputs.find(each => name === topics.outputState(each.name));
			if (output) this.state(output, payload);
		};
	}

	/** A version that came by the other way is not reported: else a wish with the same one would have none in the delta. */
	private state({ name }: Output, payload: string): void {
		const { ver, ...state } = JSON.parse(payload) as Values;
		this.reported[name] = state;
		const mark = this.mark(name);
		this.report(name, JSON.stringify({ ...state, ver: mark.own && mark.ver === ver ? ver : null }));
	}

	protected override take(state: Values, times: Values, version: number, desired?: Values): void {
		this.parts.outputs.forEach(output => {
			const part = state[output.name];
			const taken = times[output.name];
			const whole = desired?.[output.name];
			if (isRecord(part) && isRecord(taken))
				this.wish(output, isRecord(whole) ? whole : part, taken, version, whole !== undefined);
		});
	}

	/** Throws where the output does: then the message is not acknowledged, and comes again. */
	private wish(output: Output, part: Values, times: Values, version: number, whole: boolean): void {
		const { publisher, memory } = this.parts;
		const { name, description, newest } = output;
		const { on, ver, brightness: level } = newest.state;
		const mark = this.mark(name);
		// One that was noted and not done was cut off by a loss of power.
		const handled = mark.ver <= ver;
		const since = handled ? mark.at : mark.from;
		const own = part.ver !== undefined;
		const versioned = timeOf(part, times, "ver");
		/** Of what came by the other way since the mark: a key from before it is not done over it. */
		const least = mark.ver === ver ? 0 : own ? versioned : (ver + 1) / 1000;
		/** Within one second by a later document, and otherwise than before, or under another version of that second. */
		const other = (key: Key) =>
			version > mark.version && (part[key] !== mark[key] || (versioned === mark.at && part.ver !== mark.ver));
		/** The key was written since the mark. */
		const fresh = (key: Key) => {
			const at = timeOf(part, times, key);
			return at > 0 && at >= least && (at > since || (at === mark.at && (!handled || other(key))));
		};
		if (!keys.some(fresh)) return;
		const at = Math.max(...keys.map(key => timeOf(part, times, key)));
		const counts = !own && ver >= 0 && ver < CLOCK;
		if (counts || description.liveOnly) {
			const why = counts ? `expected a ver, since version ${ver} stands` : "it takes live commands only";
			publisher.refuse(`shadow ${name}`, why);
			return;
		}
		const wanted = own ? part.ver : versionAt(at, ver, handled ? mark : none);
		const { state = on ? "ON" : "OFF", brightness = level } = part;
		if (typeof wanted === "number" && wanted > ver) {
			// A delta lacks what is as the service has it reported, which need not be what the output does: a report brings the rest.
			const lacks = part.state === undefined || (output.dimmable && part.brightness === undefined);
			if (own && lacks && !whole && !this.isReported(output)) {
				output.announce();
				return;
			}
			// What the shadow says, also where it is not done.
			const next = { at, from: since, version, ver: wanted, own, state, brightness };
			if (!memory.put(keyOf(PREFIX, name), next) && memory.lasting)
				throw new Error(`shadow ${name}: not stored`);
		}
		const text = JSON.stringify({
			state: fresh("state") ? state : on ? "ON" : "OFF",
			...(fresh("brightness") && { brightness }),
			ver: wanted,
		});
		output.desired(encode(text), kept);
	}

	/** The service knows what the output does. */
	private isReported({ name, dimmable, newest }: Output): boolean {
		const { on, brightness } = newest.state;
		const { state, brightness: level } = this.reported[name] ?? none;
		return this.current && state === (on ? "ON" : "OFF") && (!dimmable || level === brightness);
	}

	private mark(name: string): Mark {
		return { ...none, ...this.parts.memory.get(keyOf(PREFIX, name)) };
	}
}

/**
 * The version of a wish that has none, taken at this second while `ver` stands. The end of the second where it is newer than `ver`,
 * so that nothing of the same second by the other way is done over it. `mark`: of the wish before it, which was handled.
 */
const versionAt = (at: number, ver: number, mark: Mark): number => {
	if (at === mark.at) return mark.ver + 1;
	// Several wishes within one second reach into the next.
	if (ver === mark.ver && !mark.own) return Math.max(ver + 1, at * 1000 + 999);
	return at * 1000 > ver ? at * 1000 + 999 : at * 1000;
};

/** When the key was wished, in seconds since 1970; 0 where it is not. */
const timeOf = (part: Values, times: Values, key: string): number => {
	const { timestamp } = (part[key] === undefined || !isRecord(times[key]) ? none : times[key]) as Values;
	return typeof timestamp === "number" ? timestamp : 0;
};

/**
 * The wishes for outputs in the classic shadow, `{"lamp":{"state":"ON","brightness":128,"ver":17}}`, beside `lamp/desired`. Decides
 * which is newer (DESIGN.md, "Two ways to wish"): a wish has a `ver`, or else the time at which the service took it stands for one;
 * the output applies a greater one only. What is handled is noted before it is done, so that of a delta which comes again, perhaps
 * with fewer keys or beside a newer one, only keys are taken that were written since. Reports the outputs' states to the shadow too.
 * Sends and reads no document itself: shadow.ts does.
 */

import { encode } from "../../mqtt/codec.js";
import type Board from "../board.js";
import { isRecord, type Values } from "../json.js";
import { keyOf, type Room } from "../memory.js";
import type Output from "../outputs/output.js";
import topics from "../topics.js";
import Shadow, { type Wished } from "./shadow.js";

const { freeze } = Object;
const PREFIX = "s:";
/** Versions from here on are milliseconds since 1970; below they count. */
const CLOCK = 1e11;
/** As a copy that the broker retains: one that is not newer needs no answer. */
const kept = freeze({ QoS: 1, retain: true, duplicate: false, id: 0 });

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

const none: Mark = freeze({ at: -1, from: -1, version: 0, ver: -1, own: false, state: "", brightness: 0 });
/** The keys of a wish; further ones are not looked at. */
const keys = freeze(["state", "brightness", "ver"] as const);

export const markRoom = (name: string): Room => [
	keyOf(PREFIX, name),
	'{"at":1780272000,"from":1780272000,"version":1780272000,"ver":9007199254740991,"own":false,"state":"OFF","brightness":255}'
		.length,
];

export default class Wishes extends Shadow {
	/** Of each output, what it was last reported to be. */
	private readonly reported: { [name: string]: Values } = {};

	constructor(parts: Board) {
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
		const mark = this.mark(name);
		this.reported[name] = { ...state, ver: mark.own && mark.ver === ver ? ver : null };
		this.report(name);
	}

	protected override told(name: string): string {
		return JSON.stringify(this.reported[name]);
	}

	protected override take(wished: Wished): void {
		this.parts.outputs.forEach(output => {
			const part = wished.state[output.name];
			const times = wished.times[output.name];
			const whole = wished.desired?.[output.name];
			if (isRecord(part) && isRecord(times)) this.wish(output, isRecord(whole) ? whole : part, times, wished);
		});
	}

	/** Throws where the output does: then the message is not acknowledged, and comes again. */
	private wish(output: Output, wish: Values, times: Values, { desired, version, token }: Wished): void {
		const { publisher, memory } = this.parts;
		const { name, newest } = output;
		const { on, ver, brightness: level } = newest.state;
		const mark = this.mark(name);
		// What is new in it?
		const fresh = freshKeys(wish, times, version, mark, ver);
		if (!fresh.length) return;
		// May it be done?
		const why = refusal(output, wish);
		if (why) {
			publisher.refuse(`shadow ${name}`, why);
			return;
		}
		// Which version has it?
		const own = wish.ver !== undefined;
		const at = Math.max(...keys.map(key => timeOf(wish, times, key)));
		const wanted = own ? wish.ver : versionAt(at, ver, mark.ver <= ver ? mark : none);
		const { state = on ? "ON" : "OFF", brightness = level } = wish;
		// A newer one has to be whole, and is noted before it is done, as the shadow says it.
		if (typeof wanted === "number" && wanted > ver) {
			if (!desired && !this.isWhole(output, wish, token)) return;
			const from = handled(mark, ver);
			const next: Mark = { at, from, version, ver: wanted, own, state, brightness };
			if (!memory.put(keyOf(PREFIX, name), next) && memory.lasting)
				throw new Error(`shadow ${name}: not stored`);
		}
		// What is new in it is done, and the rest stays. What is undefined is left out of the text.
		const text = JSON.stringify({
			state: fresh.includes("state") ? state : on ? "ON" : "OFF",
			brightness: fresh.includes("brightness") ? brightness : undefined,
			ver: wanted,
		});
		output.desired(encode(text), kept);
	}

	/**
	 * A delta lacks a key that is wished as it is reported, or that is not wished. If it answers our last report, the output has the
	 * value of such a key already. If it answers an earlier one, that value is not known here: the wish is not done, the output is
	 * reported once more, and the delta that answers this report has every key that differs.
	 */
	private isWhole(
		{ name, dimmable, newest }: Output,
		{ state, brightness }: Values,
		token: unknown,
	): boolean {
		if (state !== undefined && (brightness !== undefined || !dimmable)) return true;
		if (!this.knows(name, token)) return false;
		const reported = this.reported[name] as Values;
		const { on, brightness: level } = newest.state;
		return reported.state === (on ? "ON" : "OFF") && (!dimmable || reported.brightness === level);
	}

	private mark(name: string): Mark {
		return { ...none, ...this.parts.memory.get(keyOf(PREFIX, name)) };
	}
}

/** When the last wish was taken that was done. One that was noted and not done was cut off by a loss of power: it is done now. */
const handled = (mark: Mark, ver: number): number => (mark.ver <= ver ? mark.at : mark.from);

/**
 * The keys of a wish that were written since `mark`, and since `ver`, which may have come by the other way. Example: the mark is of
 * second 100, with `state` ON. A delta with `state` of 100 and `brightness` of 103 has one new key, `brightness`.
 */
const freshKeys = (wish: Values, times: Values, version: number, mark: Mark, ver: number): string[] => {
	const since = handled(mark, ver);
	const versioned = timeOf(wish, times, "ver");
	const least = mark.ver === ver ? 0 : wish.ver !== undefined ? versioned : (ver + 1) / 1000;
	return keys.filter(key => {
		const at = timeOf(wish, times, key);
		if (at === 0 || at < least) return false;
		if (at !== mark.at) return at > since;
		// Of the second of the mark: by a later document, if it says something else or has another version.
		const other = wish[key] !== mark[key] || (versioned === at && wish.ver !== mark.ver);
		return mark.ver > ver || (version > mark.version && other);
	});
};

/** Why an output does not take the wish, if so. */
const refusal = ({ description, newest }: Output, wish: Values): string => {
	const { ver } = newest.state;
	if (wish.ver === undefined && ver >= 0 && ver < CLOCK) return `expected a ver, since version ${ver} stands`;
	return description.liveOnly ? "it takes live commands only" : "";
};

/**
 * The version of a wish without one that the service took at the second `at`, while `ver` stands. Such versions are milliseconds. A
 * wish newer than `ver` gets the last millisecond of its second: a `lamp/desired` with the time of the same second as its version
 * is then older. Example: at 100 over 98 500 gives 100 999; at 100 over 100 400 gives 100 000, which is not newer, so it is not
 * done. `mark`: of the wish before it, which was handled.
 */
const versionAt = (at: number, ver: number, mark: Mark): number => {
	if (at === mark.at) return mark.ver + 1;
	// Several wishes within one second reach into the next.
	if (ver === mark.ver && !mark.own) return Math.max(ver + 1, at * 1000 + 999);
	return at * 1000 > ver ? at * 1000 + 999 : at * 1000;
};

/** When the key was wished, in seconds since 1970; 0 where it is not. */
const timeOf = (wish: Values, times: Values, key: string): number => {
	const { timestamp } = (wish[key] === undefined || !isRecord(times[key]) ? none : times[key]) as Values;
	return typeof timestamp === "number" ? timestamp : 0;
};

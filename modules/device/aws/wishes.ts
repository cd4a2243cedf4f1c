/**
 * The wishes for outputs in the classic shadow, `{"lamp":{"state":"ON","brightness":128,"ver":17}}`, beside `lamp/desired` (DESIGN.md,
 * "Two ways to wish"). A document comes late, again, and with keys that were done long ago. So the last wish that was done is stored with
 * the state of its output, and three questions are put to each: which of its keys are new (`freshKeys`), may it be done (`refusal`), and is
 * the rest of it known (`isWhole`). What is new goes to the output as a `desired` of a version that decides between both ways: the wish's
 * own, or else the time at which the service took it. Reports the outputs' states too. Sends and reads no document itself: shadow.ts does.
 */

import { encode } from "../../mqtt/codec.js";
import type Board from "../board.js";
import { isRecord, type Values } from "../json.js";
import type { Room } from "../memory.js";
import { roomOf, type State } from "../outputs/newest.js";
import type Output from "../outputs/output.js";
import topics from "../topics.js";
import Shadow, { type Wished } from "./shadow.js";

const { freeze } = Object;
/** Versions from here on are milliseconds since 1970; below they count. */
const CLOCK = 1e11;
/** As a copy that the broker retains: one that is not newer needs no answer. */
const kept = freeze({ QoS: 1, retain: true, duplicate: false, id: 0 });
/** The keys of a wish; further ones are not looked at. */
const keys = freeze(["state", "brightness", "ver"] as const);

/** The last wish of an output that was done. */
interface Mark {
	/** When the service took it. */
	readonly at: number;
	/** Of the document. */
	readonly version: number;
	/** That it was done with. The output has it too, unless something newer came by the other way. */
	readonly ver: number;
	/** The wish itself had that version. */
	readonly own: boolean;
	readonly state: unknown;
	readonly brightness: unknown;
}

const none: Mark = freeze({ at: -1, version: 0, ver: -1, own: false, state: "", brightness: 0 });
const LONGEST =
	'"mark":{"at":1780272000,"version":1780272000,"ver":9007199254740991,"own":false,"state":"OFF","brightness":255},';

/** Of an output's record, where there is a shadow. */
export const wishRoom = (name: string): Room => roomOf(name, LONGEST.length);

export default class Wishes extends Shadow {
	/** Of each output, what it was last reported to be. */
	private readonly reported: { [name: string]: Values } = {};

	constructor(board: Board) {
		super(board);
		const { publisher, outputs } = board;
		publisher.stated = (name, payload) => {
			const output = outputs.find(each => name === topics.outputState(each.name));
			if (output) this.state(output, payload);
		};
	}

	/** A version that came by the other way is not reported: else a wish with the same one would have none in the delta. */
	private state({ name, newest }: Output, payload: string): void {
		const { ver, ...state } = JSON.parse(payload) as Values;
		const mark = markOf(newest.state);
		this.reported[name] = { ...state, ver: mark.own && mark.ver === ver ? ver : null };
		this.report(name);
	}

	protected override told(name: string): string {
		return JSON.stringify(this.reported[name]);
	}

	protected override take(wished: Wished): void {
		this.board.outputs.forEach(output => {
			const part = wished.state[output.name];
			const times = wished.times[output.name];
			const whole = wished.desired?.[output.name];
			if (isRecord(part) && isRecord(times)) this.wish(output, isRecord(whole) ? whole : part, times, wished);
		});
	}

	/** Throws where the output does: then the message is not acknowledged, and comes again. */
	private wish(output: Output, wish: Values, times: Values, { desired, version, token }: Wished): void {
		const { name, newest } = output;
		const { on, ver, brightness: level } = newest.state;
		const fresh = freshKeys(wish, times, version, newest.state);
		if (!fresh.length) return;
		const why = refusal(output, wish);
		if (why) {
			this.board.publisher.refuse(`shadow ${name}`, why);
			return;
		}
		const at = Math.max(...keys.map(key => timeOf(wish, times, key)));
		const own = wish.ver !== undefined;
		// Milliseconds, the end of its second: a `lamp/desired` of that second is then older. More wishes in it reach into the next.
		const wanted = own ? wish.ver : Math.max(ver + 1, at * 1000 + 999);
		const newer = typeof wanted === "number" && wanted > ver;
		if (newer && !desired && !this.isWhole(output, wish, token)) return;
		const now = on ? "ON" : "OFF";
		const { state = now, brightness = level } = wish;
		// What is new in it is done, and the rest stays. What is undefined is left out of the text.
		const text = JSON.stringify({
			state: fresh.includes("state") ? state : now,
			brightness: fresh.includes("brightness") ? brightness : undefined,
			ver: wanted,
		});
		output.desired(
			encode(text),
			kept,
			newer ? { at, version, ver: wanted, own, state, brightness } : undefined,
		);
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
}

const markOf = ({ mark }: State): Mark => ({ ...none, ...mark });

/**
 * The keys of a wish that are new, by the seconds in which they were written:
 *
 * | what the output has | a key is new if it was written |
 * |---|---|
 * | the last wish that was done (`mark`) | after it, or in its second if a later document has another value of the key or another `ver` |
 * | what came by the other way since | likewise; and not before the wish's `ver` was, or without one after `ver` (milliseconds) |
 *
 * Example: the mark is of second 100, with `state` ON. A delta with `state` of 100 and `brightness` of 103 has one new key, `brightness`.
 */
const freshKeys = (wish: Values, times: Values, version: number, output: State): string[] => {
	const { ver } = output;
	const mark = markOf(output);
	const versioned = timeOf(wish, times, "ver");
	const other = wish.ver === undefined ? (ver + 1) / 1000 : versioned;
	// The mark's version stands: nothing came by the other way since.
	const least = mark.ver === ver ? 0 : other;
	return keys.filter(key => {
		const at = timeOf(wish, times, key);
		if (at === 0 || at < least) return false;
		if (at !== mark.at) return at > mark.at;
		return version > mark.version && (wish[key] !== mark[key] || (versioned === at && wish.ver !== mark.ver));
	});
};

/** Why an output does not take the wish, if so. */
const refusal = ({ description, newest }: Output, wish: Values): string => {
	const { ver } = newest.state;
	if (wish.ver === undefined && ver >= 0 && ver < CLOCK) return `expected a ver, since version ${ver} stands`;
	return description.liveOnly ? "it takes live commands only" : "";
};

/** When the key was wished, in seconds since 1970; 0 where it is not. */
const timeOf = (wish: Values, times: Values, key: string): number => {
	const { timestamp } = (wish[key] === undefined || !isRecord(times[key]) ? none : times[key]) as Values;
	return typeof timestamp === "number" ? timestamp : 0;
};

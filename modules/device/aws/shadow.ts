/**
 * A device shadow: its topics, what is wished in it and what is reported to it; and `Remote`, the named shadow of the settings.
 * A delta and the answer to `get` are read alike: what `desired` says otherwise than `reported`, with the time at which the
 * service took each key. AWS keeps no order and repeats, so by these times it is decided what is new: here for settings, for
 * outputs in wishes.ts. Also how any of AWS's answers is received, and the keys of its documents.
 * https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-mqtt.html
 */

import { Deadline } from "../../session/deadline.js";
import type Board from "../board.js";
import { isRecord, type Names, parse, type Values } from "../json.js";
import type { Inbound, Part } from "../listener.js";
import type { Room } from "../memory.js";

/** A classic shadow has 8 KB, and about as much of metadata. */
const LONGEST = 20_000;

/** A part of a board that asks AWS on topics below `base`, one question at a time, and hears the answers. */
export abstract class Exchange implements Part {
	readonly board: Board;
	readonly base: string;
	readonly inbound: readonly Inbound[];
	/** Of the last question; no other start of the board uses it again. It comes back in the answers. */
	protected token = "";
	/** Until the next question. */
	protected readonly turn: Deadline;

	/** `answers`: names of topics below `base`. */
	constructor(board: Board, base: string, answers: readonly string[]) {
		this.board = board;
		this.base = `$aws/things/${board.description.id}/${base}/`;
		this.turn = new Deadline(board.device.timer, this, this.ask);
		this.inbound = answers.map(name => new Answer(this, name));
	}

	protected abstract ask(): void;

	/** A document that came on the topic of this name. Throws where what it asks for could not be stored. */
	abstract answered(document: Values, name: string): void;

	online(): void {
		this.ask();
	}

	offline(): void {
		this.turn.clear();
	}

	close(): void {
		this.turn.close();
	}
}

/** One topic of them. A closure would take 168 bytes more. */
class Answer implements Inbound {
	readonly topic: string;
	readonly QoS: 1;
	private readonly owner: Exchange;
	private readonly name: string;

	constructor(owner: Exchange, name: string) {
		this.topic = owner.base + name;
		this.QoS = 1;
		this.owner = owner;
		this.name = name;
	}
	receive(payload: Uint8Array): void {
		const { names, publisher } = this.owner.board;
		const { value, error } = parse(payload, LONGEST, admitting(names));
		if (isRecord(value)) this.owner.answered(value, this.name);
		else publisher.report(`${this.topic}: ${error ?? "no object"}`);
	}
}

/** As names of a literal they lie in flash: a name that only a message brings takes memory for good. */
// biome-ignore format: a list of names
const keys = Object.freeze({
	state: 1, desired: 1, reported: 1, delta: 1, metadata: 1, timestamp: 1, version: 1, clientToken: 1, src: 1, code: 1,
	message: 1, execution: 1, jobId: 1, jobDocument: 1, status: 1, statusDetails: 1, thingName: 1, queuedAt: 1, startedAt: 1,
	lastUpdatedAt: 1, versionNumber: 1, executionNumber: 1, approximateSecondsBeforeTimedOut: 1, certificateId: 1,
	certificatePem: 1, certificateOwnershipToken: 1, deviceConfiguration: 1, statusCode: 1, errorCode: 1, errorMessage: 1,
});

/** The names of a board and those of AWS. */
export const admitting = (names: Names): Pick<Names, "admits"> => ({
	admits: name => Object.keys(keys).includes(name) || names.admits(name),
});

/**
 * Milliseconds in which reports are gathered, until one that was refused is tried again, and until one is taken for lost. AWS may
 * take two reports in another order than they were sent in: so one waits until the one before it is answered.
 */
const Wait = Object.freeze({ gather: 50, again: 500, answer: 2000 });
/** Of a rejection: too many requests, and all that is the service's own fault. */
const THROTTLED = 429;
const SETTINGS = "settings";
const SINCE = "sh";
export const remoteRoom: Room = Object.freeze([SINCE, 19] as const);
const REJECTED = "update/rejected";
const ACCEPTED = "update/accepted";
const WHOLE = "get/accepted";
const named: readonly string[] = Object.freeze(["update/delta", REJECTED]);
const classic: readonly string[] = Object.freeze([...named, WHOLE, ACCEPTED]);

/** What a document says is wished. */
export interface Wished {
	/** What differs from what was reported, and when the service took each key. */
	readonly state: Values;
	readonly times: Values;
	/** All that is wished, where the document has it. */
	readonly desired: Values | undefined;
	/** Of the document. */
	readonly version: number;
	/** Of the update that the document answers. */
	readonly token: unknown;
}

export default abstract class Shadow extends Exchange {
	/** Of each key that is reported, the report that says it last, by its token; "" where it is still to be sent. */
	private readonly reports: { [key: string]: string } = {};

	/** `name`: of a named shadow; a wish for it comes with the answer to a report, so it is not asked for. */
	constructor(board: Board, name?: string) {
		super(board, name ? `shadow/name/${name}` : "shadow", name ? named : classic);
	}

	protected abstract take(wished: Wished): void;

	/** What a key is to be reported as, in JSON. */
	protected abstract told(key: string): string;

	/** Where the question finds no room, the report that follows brings the difference. */
	override online(): void {
		this.board.publisher.send(`${this.base}get`, "");
	}

	/** Reports a key, soon. */
	protected report(key: string): void {
		this.reports[key] = "";
		if (!this.turn.standing) this.turn.set(Wait.gather);
	}

	/** The document that answers `token` has the key as it was last reported. Otherwise it is reported, and its answer will. */
	protected knows(key: string, token: unknown): boolean {
		const last = this.reports[key];
		if (last === undefined || last === token) return last !== undefined;
		this.report(key);
		return false;
	}

	/** All that is to be reported. */
	protected override ask(): void {
		const { boot, publisher } = this.board;
		const keys = Object.keys(this.reports).filter(key => this.reports[key] === "");
		if (!keys.length || !publisher.retaining) return;
		const json = keys.map(key => `"${key}":${this.told(key)}`).join();
		const token = boot.nextToken();
		const update = `{"state":{"reported":{${json}}},"clientToken":"${token}"}`;
		const sent = publisher.send(`${this.base}update`, update);
		if (sent) {
			for (const key of keys) this.reports[key] = token;
			this.token = token;
		}
		this.turn.set(sent ? Wait.answer : Wait.again);
	}

	override answered(document: Values, name: string): void {
		const { reports } = this;
		const { version, state, metadata, clientToken, code } = document;
		if (clientToken === this.token) this.turn.set(name === REJECTED ? Wait.again : Wait.gather);
		if (name === REJECTED) {
			this.board.publisher.report(`${this.base}: a report was rejected`);
			const keys = Object.keys(reports).filter(key => reports[key] === clientToken);
			if (Number(code) >= THROTTLED) keys.forEach(this.report, this);
			return;
		}
		if (!isRecord(state)) return;
		if (name === ACCEPTED) {
			// The service has taken an earlier report after a later one, or twice: its keys are said once more, else they would stand.
			const keys = Object.keys(state.reported ?? {}).filter(key => reports[key] !== clientToken);
			keys.filter(key => reports[key] !== undefined).forEach(this.report, this);
			return;
		}
		if (typeof version !== "number" || !isRecord(metadata)) return;
		const whole = name === WHOLE;
		const wished = whole ? state.delta : state;
		const times = whole ? metadata.desired : metadata;
		const desired = whole && isRecord(state.desired) ? state.desired : undefined;
		if (isRecord(wished) && isRecord(times))
			this.take({ state: wished, times, desired, version, token: clientToken });
	}
}

/**
 * Settings by the named shadow `settings`: what `cmd config` takes as `set`, without `provision`, is wished in `desired`, and all
 * settings are reported. A key is newer than what was done if the service took it later than the last change that came this way:
 * so a change by `cmd` since is not undone by an older wish. (Of two changes within one second the later may be missed.) What is
 * refused stays wished: with a mistake in one key the others wait until it is mended.
 */
export class Remote extends Shadow {
	/** Why the last was refused: what comes again with each report is said once. */
	private said: unknown;

	constructor(board: Board) {
		super(board, SETTINGS);
	}

	override online(): void {
		this.configured();
	}

	configured(): void {
		const { settings, publisher } = this.board;
		const sections = settings.readable;
		if (JSON.stringify(sections).length > publisher.longestAnswer)
			publisher.report(`${SETTINGS}: too long for a report, ${publisher.longestAnswer} bytes are possible`);
		else Object.keys(sections).forEach(this.report, this);
	}

	protected override told(key: string): string {
		return JSON.stringify((this.board.settings.readable as Values)[key]);
	}

	protected override take({ state, times }: Wished): void {
		const { memory, publisher } = this.board;
		const { at = 0 } = memory.get(SINCE) as { readonly at?: number };
		const values = newer(state, times, at) as Values | undefined;
		if (!values) return;
		const { provision, ...set } = values;
		const error =
			provision === undefined
				? this.board.perform({ cmd: "config", set }).error
				: "provision: expected nothing";
		if (error === undefined) memory.put(SINCE, { at: latest(times) });
		else if (error !== this.said) publisher.refuse(`shadow/${SETTINGS}`, error as string);
		this.said = error;
	}
}

/** What of `value` the service took after `at`; undefined where there is nothing. */
const newer = (value: unknown, times: unknown, at: number): unknown => {
	if (!isRecord(value)) return latest(times) > at ? value : undefined;
	const values: { [key: string]: unknown } = {};
	for (const key of Object.keys(value)) {
		const found = newer(value[key], (times as Values)?.[key], at);
		if (found !== undefined) values[key] = found;
	}
	return Object.keys(values).length ? values : undefined;
};

/** The last of the times in metadata: `{"timestamp":…}` for each value, and for each item of a list. */
const latest = (times: unknown): number => {
	if (typeof times === "number") return times;
	return typeof times === "object" ? Math.max(0, ...Object.values(times ?? {}).map(latest)) : 0;
};

/**
 * One device shadow: its topics, what is wished in it and what is reported to it. A delta and the answer to `get` are read alike:
 * what `desired` says otherwise than `reported`, with the time at which the service took each key. AWS keeps no order and repeats:
 * which key is newer than what was done is for wishes.ts and remote.ts, by these times.
 * https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-mqtt.html
 */

import { Deadline } from "../../session/deadline.js";
import type { Inbound, Part, Parts } from "../feature.js";
import { isRecord, type Values } from "../json.js";
import Answer from "./answer.js";

/**
 * Milliseconds in which reports are gathered, until one that was refused is tried again, and until one is taken for lost. AWS may
 * take two reports in another order than they were sent in: so one waits until the one before it is answered.
 */
const Wait = Object.freeze({ gather: 50, again: 500, answer: 2000 });
/** Of a rejection: too many requests, and all that is the service's own fault. */
const THROTTLED = 429;
/** Kinds of answers. */
const Kind = Object.freeze({ delta: 0, whole: 1, rejected: 2, accepted: 3 });

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

export default abstract class Shadow implements Part {
	readonly inbound: readonly Inbound[];
	readonly parts: Parts;
	private readonly base: string;
	/** Of each key that is reported, the report that says it last, by its token; "" where it is still to be sent. */
	private readonly reports: { [key: string]: string } = {};
	/** Of the last report, in this life as in no other. It comes back in the answers. */
	private token = "";
	/** Until the next report. */
	private readonly turn: Deadline;

	/** `name`: of a named shadow; a wish for it comes with the answer to a report, so it is not asked for. */
	constructor(parts: Parts, name: string) {
		const base = `$aws/things/${parts.description.id}/shadow/${name && `name/${name}/`}`;
		this.parts = parts;
		this.base = base;
		this.turn = new Deadline(parts.device.timer, this, this.send);
		const inbound = [
			new Answer(`${base}update/delta`, this, Kind.delta),
			new Answer(`${base}update/rejected`, this, Kind.rejected),
		];
		if (!name) {
			inbound.push(new Answer(`${base}get/accepted`, this, Kind.whole));
			inbound.push(new Answer(`${base}update/accepted`, this, Kind.accepted));
		}
		this.inbound = inbound;
	}

	protected abstract take(wished: Wished): void;

	/** What a key is to be reported as, in JSON. */
	protected abstract told(key: string): string;

	/** Where the question finds no room, the report that follows brings the difference. */
	online(): void {
		this.parts.publisher.send(`${this.base}get`, "");
	}

	offline(): void {
		this.turn.clear();
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

	close(): void {
		this.turn.close();
	}

	private send(): void {
		const { boot, publisher } = this.parts;
		const keys = Object.keys(this.reports).filter(key => this.reports[key] === "");
		if (!keys.length || !publisher.retaining) return;
		const json = keys.map(key => `"${key}":${this.told(key)}`).join();
		const token = boot.nextToken();
		const update = `{"state":{"reported":{${json}}},"clientToken":"${token}"}`;
		const sent = publisher.send(`${this.base}update`, update);
		if (sent) this.carried(keys, token);
		this.turn.set(sent ? Wait.answer : Wait.again);
	}

	private carried(keys: readonly string[], token: string): void {
		keys.forEach(key => {
			this.reports[key] = token;
		});
		this.token = token;
	}

	/** An answer of this kind. Throws where a wish could not be stored. */
	answered(document: Values, kind: number): void {
		const { reports, token } = this;
		const { version, state, metadata, clientToken, code } = document;
		const last = clientToken === token;
		if (last) this.turn.set(kind === Kind.rejected ? Wait.again : Wait.gather);
		if (kind === Kind.rejected) {
			this.parts.publisher.report(`${this.base}: a report was rejected`);
			if (last && Number(code) >= THROTTLED)
				this.carried(
					Object.keys(reports).filter(key => reports[key] === token),
					"",
				);
			return;
		}
		if (!isRecord(state)) return;
		if (kind === Kind.accepted) {
			// Behind the last report, or again since: what it says would stand.
			if (!last && isRecord(state.reported))
				Object.keys(state.reported)
					.filter(key => reports[key] !== undefined)
					.forEach(this.report, this);
			return;
		}
		if (typeof version !== "number" || !isRecord(metadata)) return;
		const whole = kind === Kind.whole;
		const wished = whole ? state.delta : state;
		const times = whole ? metadata.desired : metadata;
		const desired = whole && isRecord(state.desired) ? state.desired : undefined;
		if (isRecord(wished) && isRecord(times))
			this.take({ state: wished, times, desired, version, token: clientToken });
	}
}

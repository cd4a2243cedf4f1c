/**
 * One device shadow: its topics, what is wished in it and what is reported to it. A delta and the answer to `get` are read alike:
 * what `desired` says otherwise than `reported`, with the time at which the service took each key. Older documents than the last that
 * was read are passed over, for AWS keeps no order. Which wish is newer than what was done is for wishes.ts and remote.ts.
 * https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-mqtt.html
 */

import { Deadline } from "../../session/deadline.js";
import type { Inbound, Part, Parts } from "../feature.js";
import { isRecord, type Values } from "../json.js";
import Answer from "./answer.js";

/** Milliseconds in which reports are gathered, and until one that found no room is tried again: ten may be unanswered. */
const GATHER = Object.freeze({ first: 50, again: 500 });
/** Kinds of answers. */
const Kind = Object.freeze({ delta: 0, whole: 1, rejected: 2, accepted: 3 });

export default abstract class Shadow implements Part {
	readonly inbound: readonly Inbound[];
	readonly parts: Parts;
	private readonly base: string;
	/** Version and time of the last document that was read. */
	private seen = 0;
	private at = 0;
	/** Reported keys that are still to be sent, as JSON. */
	private due: { [key: string]: string } = {};
	/** Names the last report, in this life as in no other. It comes back in the answer. */
	private token = "";
	/** The last report that was accepted. */
	private told: string | undefined;
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

	/**
	 * What is wished and differs from what was reported, when the service took each key, and the document's version. `desired`: all
	 * that is wished, if it was read.
	 */
	protected abstract take(state: Values, metadata: Values, version: number, desired?: Values): void;

	/** Where the question finds no room, the report that follows brings the difference. */
	online(): void {
		this.parts.publisher.send(`${this.base}get`, "");
	}

	/** The service has the last report: what a delta lacks is as that says. */
	get current(): boolean {
		return !this.turn.standing && this.told === this.token;
	}

	/** Reports a key, soon. */
	report(key: string, json: string): void {
		this.due[key] = json;
		if (!this.turn.standing) this.turn.set(GATHER.first);
	}

	close(): void {
		this.turn.close();
	}

	private send(): void {
		const keys = Object.keys(this.due);
		const json = keys.map(key => `"${key}":${this.due[key]}`).join();
		const { boot, publisher } = this.parts;
		if (!publisher.retaining) return;
		const next = boot.nextToken();
		const update = `{"state":{"reported":{${json}}},"clientToken":"${next}"}`;
		if (publisher.send(`${this.base}update`, update)) {
			this.due = {};
			this.token = next;
		} else this.turn.set(GATHER.again);
	}

	/** An answer of this kind. Throws where a wish could not be stored. */
	answered(document: Values, kind: number): void {
		if (kind === Kind.rejected) {
			this.parts.publisher.report(`${this.base}: a report was rejected`);
			return;
		}
		const { version, timestamp = 0, state, metadata, clientToken } = document;
		// An update that is not the last report says nothing; a delta from before that report is overtaken.
		const accepted = kind === Kind.accepted;
		if (accepted && clientToken !== this.token) return;
		if (accepted) this.told = this.token;
		if (typeof version !== "number" || typeof timestamp !== "number") return;
		// A shadow that was deleted counts from 1 again after a while.
		if ((version < this.seen && timestamp <= this.at) || !isRecord(state) || !isRecord(metadata)) return;
		this.seen = version;
		this.at = timestamp;
		if (accepted) return;
		const whole = kind === Kind.whole;
		const wished = whole ? state.delta : state;
		const times = whole ? metadata.desired : metadata;
		const desired = whole && isRecord(state.desired) ? state.desired : undefined;
		if (isRecord(wished) && isRecord(times)) this.take(wished, times, version, desired);
	}
}

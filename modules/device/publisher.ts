/**
 * What a board says, each kind with the QoS that is its own: measurements, edges, states, answers, and clearings of what is
 * retained. All of it goes through one gate, so that what a broker cannot take is stopped before it is queued. When
 * something is said, and in which words, is decided by those who say it.
 */

import type { PublishOptions, SessionLike } from "../session/options.js";
import { Outcome } from "../session/outcomes.js";
import type { Values } from "./description/schema.js";
import topics from "./topics.js";
import { said } from "./trace.js";

const measured: PublishOptions = Object.freeze({ QoS: 0 });
const durable: PublishOptions = Object.freeze({ QoS: 1, durable: true });
const retained: PublishOptions = Object.freeze({ QoS: 1, retain: true, latest: true });
/** By way of the outbox, which keeps it until it is acknowledged. */
const cleared: PublishOptions = Object.freeze({ QoS: 1, retain: true, durable: true });
const answered: PublishOptions = Object.freeze({ QoS: 1 });

export interface VoiceOptions {
	/** What all topics begin with. */
	readonly base: string;
	readonly trace: ((line: string) => void) | undefined;
	/** None while a board is put together: it says nothing then. */
	readonly link: () => SessionLike | undefined;
	/** All that is retained is being taken back. Asked once there is a link. */
	readonly forgetting: () => boolean;
}

export default class Voice {
	private readonly options: VoiceOptions;

	constructor(options: VoiceOptions) {
		this.options = options;
	}

	/** The whole topic of a name below the board's own. */
	topic(name: string): string {
		return this.options.base + name;
	}

	/** On a whole topic. False when it did not go out. */
	measurement(topic: string, payload: string): boolean {
		return this.say(topic, payload, measured);
	}

	/** False when the outbox did not take it. */
	edge(name: string, payload: string): boolean {
		return this.say(this.topic(name), payload, durable);
	}

	get online(): boolean {
		return this.options.link()?.online === true;
	}

	/** What is retained can be said: the broker is there, and it is not all being taken back. */
	get retaining(): boolean {
		return this.online && !this.options.forgetting();
	}

	report(line: string): void {
		this.options.trace?.(line);
	}

	state(name: string, payload: string): void {
		// What is retained is said at each connect, so nothing is lost by not keeping it until then.
		if (this.retaining) this.say(this.topic(name), payload, retained);
	}

	answer(result: Values): void {
		this.say(this.topic(topics.result), JSON.stringify(result), answered);
	}

	/** A command that asked for an answer was carried out. */
	confirm(topic: string, cid: string | number): void {
		this.answer({ cid, topic, ok: true });
	}

	/** Nothing was changed, for this reason. `ver`: the version that stands. */
	refuse(topic: string, error: string, cid?: string | number, ver = -1): void {
		this.answer({ ...(cid !== undefined && { cid }), topic, ok: false, error, ...(ver >= 0 && { ver }) });
	}

	/** Takes back what is retained; `lasting`: also after a restart. False when there is no room for it now. */
	clear(name: string, lasting: boolean): boolean {
		return this.say(this.topic(name), "", lasting ? cleared : retained);
	}

	/** The gate. */
	private say(topic: string, payload: string, options: PublishOptions): boolean {
		const { base, trace, link } = this.options;
		const outcome = link()?.publish(topic, payload, options) ?? Outcome.droppedOffline;
		// Without a connection each sample would say so.
		if (trace && outcome !== Outcome.droppedOffline)
			trace(said(topic.slice(base.length), payload, options, outcome));
		return outcome === Outcome.sent || outcome === Outcome.queued;
	}
}

/**
 * What a board listens to, as one table: each name below its base, whether it is subscribed to, and who receives it.
 * What the session subscribes to is made from it, and what comes goes by it. Reads no payload, and lets through what its
 * receivers throw: then a message is not acknowledged.
 */

import type { Received, UserOptions } from "../session/options.js";
import topics from "./topics.js";
import { heard } from "./trace.js";

export type Receive = (payload: Uint8Array, about: Received) => void;

/** An output, as far as messages for it go. */
export interface Addressee {
	readonly name: string;
	readonly description: { readonly liveOnly: boolean };
	readonly set: Receive;
	readonly desired: Receive;
}

export interface RoutesOptions {
	/** What all topics begin with. */
	readonly base: string;
	readonly command: { readonly receive: Receive };
	readonly outputs: readonly Addressee[];
	readonly trace: ((line: string) => void) | undefined;
}

export default class Routes {
	readonly subscriptions: UserOptions["subscriptions"];
	private readonly base: string;
	private readonly trace: ((line: string) => void) | undefined;
	private readonly receivers = new Map<string, Receive>();

	constructor({ base, command, outputs, trace }: RoutesOptions) {
		this.base = base;
		this.trace = trace;
		const subscriptions: { topic: string; QoS: 0 | 1 }[] = [];
		const add = (name: string, QoS: 0 | 1 | undefined, receive: Receive) => {
			this.receivers.set(name, receive);
			if (QoS !== undefined) subscriptions.push({ topic: base + name, QoS });
		};
		add(topics.command, 1, (payload, about) => command.receive(payload, about));
		for (const output of outputs) {
			// What a broker may keep while we are away is not live; at QoS 0 it keeps nothing.
			const { liveOnly } = output.description;
			add(topics.outputSet(output.name), liveOnly ? 0 : 1, (payload, about) => output.set(payload, about));
			// Not asked for, but an earlier description may have: then it is refused in words.
			const desired: Receive = (payload, about) => output.desired(payload, about);
			add(topics.outputDesired(output.name), liveOnly ? undefined : 1, desired);
		}
		this.subscriptions = subscriptions;
	}

	/** A message on a whole topic. What nobody receives is only traced. */
	receive(topic: string, payload: Uint8Array, about: Received): void {
		const name = topic.startsWith(this.base) ? topic.slice(this.base.length) : topic;
		const receive = this.receivers.get(name);
		// A command may hold a password, and so may what nobody here knows: a command to an earlier name of this board.
		this.trace?.(heard(name, payload, about, receive !== undefined && name !== topics.command));
		receive?.(payload, about);
	}
}

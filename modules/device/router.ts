/**
 * The list of topics that a board subscribes to, and the receiver of each message: `cmd`, and `set` and `desired` of each
 * output, as one table. Reads no payload. An exception of a receiver passes through: then the message is not acknowledged.
 */

import type { Received, UserOptions } from "../session/options.js";
import type Command from "./commands/command.js";
import type Output from "./outputs/output.js";
import { heard } from "./publisher.js";
import topics from "./topics.js";

type Receive = (payload: Uint8Array, about: Received) => void;

export interface RouterOptions {
	/** All topics begin with it. */
	readonly base: string;
	readonly command: Pick<Command, "receive">;
	readonly outputs: readonly Pick<Output, "name" | "description" | "set" | "desired">[];
	readonly trace: ((line: string) => void) | undefined;
}

export default class Router {
	readonly subscriptions: UserOptions["subscriptions"];
	private readonly base: string;
	private readonly trace: ((line: string) => void) | undefined;
	private readonly receivers = new Map<string, Receive>();

	constructor({ base, command, outputs, trace }: RouterOptions) {
		this.base = base;
		this.trace = trace;
		const subscriptions: { topic: string; QoS: 0 | 1 }[] = [{ topic: base + topics.command, QoS: 1 }];
		this.receivers.set(topics.command, (payload, about) => command.receive(payload, about));
		for (const output of outputs) {
			const set = topics.outputSet(output.name);
			const desired = topics.outputDesired(output.name);
			this.receivers.set(set, (payload, about) => output.set(payload, about));
			this.receivers.set(desired, (payload, about) => output.desired(payload, about));
			// A broker queues nothing at QoS 0, and a queued command is not live. `desired` is still received where an earlier
			// description has subscribed to it: the output refuses it with the reason.
			const { liveOnly } = output.description;
			subscriptions.push({ topic: base + set, QoS: liveOnly ? 0 : 1 });
			if (!liveOnly) subscriptions.push({ topic: base + desired, QoS: 1 });
		}
		this.subscriptions = subscriptions;
	}

	/** A message on a whole topic. Without a receiver it is only traced. */
	receive(topic: string, payload: Uint8Array, about: Received): void {
		const name = topic.startsWith(this.base) ? topic.slice(this.base.length) : topic;
		const receive = this.receivers.get(name);
		// A command may hold a password, and so may a message without receiver: a command to an earlier name of this board.
		this.trace?.(heard(name, payload, about, receive !== undefined && name !== topics.command));
		receive?.(payload, about);
	}
}

/**
 * The list of topics that a board subscribes to, and the receiver of each message: `cmd`, and `set` and `desired` of each
 * output, as one table. Reads no payload. An exception of a receiver passes through to the session
 * (inbound.ts), which does not acknowledge the message then unless it came with DUP.
 */

import type { Subscription, UserOptions } from "../session/options.js";
import type Command from "./commands/command.js";
import type { Inbound } from "./feature.js";
import type Output from "./outputs/output.js";
import { heard } from "./publisher.js";
import topics from "./topics.js";

type Routed = Pick<Output, "name" | "description" | "set" | "desired">;

export interface RouterOptions {
	/** All topics begin with it. */
	readonly base: string;
	readonly command: Pick<Command, "receive">;
	readonly outputs: readonly Routed[];
	readonly trace: ((line: string) => void) | undefined;
	/** Of features, on topics that are not the board's. */
	readonly others?: readonly Inbound[];
}

export default class Router {
	readonly subscriptions: UserOptions["subscriptions"];
	/** A message on a whole topic. Without a receiver it is only traced. For the session as it is: a frame less of the stack. */
	readonly receive: UserOptions["onMessage"];

	constructor({ base, command, outputs, trace, others = [] }: RouterOptions) {
		const set = new Map<string, Routed>();
		const desired = new Map<string, Routed>();
		const subscriptions: Subscription[] = [{ topic: base + topics.command, QoS: 1 }];
		outputs.forEach(output => {
			const { name, description } = output;
			set.set(topics.outputSet(name), output);
			desired.set(topics.outputDesired(name), output);
			// A broker queues nothing at QoS 0, and a queued command is not live. `desired` is still received where an earlier
			// description has subscribed to it: the output refuses it with the reason.
			subscriptions.push({ topic: base + topics.outputSet(name), QoS: description.liveOnly ? 0 : 1 });
			if (!description.liveOnly) subscriptions.push({ topic: base + topics.outputDesired(name), QoS: 1 });
		});
		others.forEach(({ topic, QoS }) => subscriptions.push({ topic, QoS }));
		this.subscriptions = subscriptions;
		this.receive = (topic, payload, about) => {
			const name = topic.startsWith(base) ? topic.slice(base.length) : topic;
			const open = set.has(name) || desired.has(name);
			// A command may hold a password, and so may a message without receiver: a command to an earlier name of this board.
			trace?.(heard(name, payload, about, open));
			if (name === topics.command) command.receive(payload, about);
			else if (set.has(name)) (set.get(name) as Routed).set(payload, about);
			else if (open) (desired.get(name) as Routed).desired(payload, about);
			else
				for (let i = 0; i < others.length; i++)
					if (others[i]?.topic === topic) others[i]?.receive(payload, about);
		};
	}
}

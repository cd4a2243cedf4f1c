/**
 * The list of topics that a board subscribes to, and the receiver of each message: `cmd`, and `set` and `desired` of each
 * output, as one table. Reads no payload. An exception of a receiver passes through to the session
 * (inbound.ts), which does not acknowledge the message then unless it came with DUP.
 */

import type { Received, Subscription, UserOptions } from "../session/options.js";
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
	private readonly options: RouterOptions;

	constructor(options: RouterOptions) {
		const { base, outputs, others = [] } = options;
		const subscriptions: Subscription[] = [{ topic: base + topics.command, QoS: 1 }];
		outputs.forEach(({ name, description }) => {
			// A broker queues nothing at QoS 0, and a queued command is not live. `desired` is still received where an earlier
			// description has subscribed to it: the output refuses it with the reason.
			subscriptions.push({ topic: base + topics.outputSet(name), QoS: description.liveOnly ? 0 : 1 });
			if (!description.liveOnly) subscriptions.push({ topic: base + topics.outputDesired(name), QoS: 1 });
		});
		others.forEach(({ topic, QoS }) => subscriptions.push({ topic, QoS }));
		this.subscriptions = subscriptions;
		this.options = options;
	}

	/** A message on a whole topic. Without a receiver it is only traced. */
	receive(topic: string, payload: Uint8Array, about: Received): void {
		const { base, command, outputs, trace, others = [] } = this.options;
		const name = topic.startsWith(base) ? topic.slice(base.length) : topic;
		const setting = outputs.find(output => topics.outputSet(output.name) === name);
		const wishing = setting ?? outputs.find(output => topics.outputDesired(output.name) === name);
		// A command may hold a password, and so may a message without receiver: a command to an earlier name of this board.
		trace?.(heard(name, payload, about, wishing !== undefined));
		if (name === topics.command) command.receive(payload, about);
		else if (setting) setting.set(payload, about);
		else if (wishing) wishing.desired(payload, about);
		else
			for (let i = 0; i < others.length; i++)
				if (others[i]?.topic === topic) others[i]?.receive(payload, about);
	}
}

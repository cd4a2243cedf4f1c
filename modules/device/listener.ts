/**
 * What a board tells its session, and all that it hears of it (TOPICS.md): the receiver of each message (topics.ts lists the topics); the
 * broker as it comes and goes, of which it tells outputs, features and the trial of new settings, and then has the retained topics
 * announced. The options that are called are one object with methods, for as closures they took 1.4 KB of RAM more. Reads no payload.
 */

import { decode } from "../mqtt/codec.js";
import type { Outbox, Received, SessionOptions, Subscription } from "../session/options.js";
import { nameOf, Report } from "../session/outcomes.js";
import type { SessionLike } from "../session/session.js";
import { onlyTLS } from "./broker.js";
import type Command from "./commands/command.js";
import type Decommission from "./commands/decommission.js";
import type { Description } from "./description/description.js";
import { words } from "./description/schema.js";
import type { Device } from "./io.js";
import { type Boot, hashOf } from "./memory.js";
import type Output from "./outputs/output.js";
import type Trial from "./provisioning/trial.js";
import type Publisher from "./publisher.js";
import type Retained from "./retained.js";
import type Time from "./time.js";
import topics from "./topics.js";

/** What a feature (start.ts) adds to one board. It is told what happens to the board, and all of it is optional but its end. */
export interface Part {
	readonly inbound?: readonly Inbound[];
	/** In place of the broker's session, while the board has no identity of its own. */
	connect?(options: SessionOptions): SessionLike | undefined;
	/** The broker is there, and all other parts know. */
	online?(present: boolean): void;
	offline?(): void;
	/** `cmd config` has changed something. */
	configured?(): void;
	/** The button was pressed. */
	pressed?(): void;
	/** Takes back what it has retained: the board is taken out of service. False: to be asked again. */
	clear?(): boolean;
	close(): void;
}

/** A whole topic beside the board's own, and who receives what comes on it. */
export interface Inbound extends Subscription {
	receive(payload: Uint8Array, about: Received): void;
}

export interface Listening {
	readonly description: Pick<Description, "brokerOrder">;
	readonly publisher: Pick<Publisher, "idle" | "report" | "topic" | "trace">;
	readonly command: Pick<Command, "receive">;
	readonly outputs: readonly Heard[];
	readonly parts: readonly Part[];
	readonly retained: Pick<Retained, "announce">;
	readonly decommission: Pick<Decommission, "online">;
	readonly trial: Pick<Trial, "online" | "offline" | "refused">;
}

interface Telling {
	readonly device: Device;
	readonly description: Description;
	readonly publisher: Publisher;
	readonly time: Time;
	readonly outbox: Outbox;
	readonly boot: Boot;
}

type Heard = Pick<Output, "name" | "description" | "set" | "desired" | "accepted" | "online" | "offline">;

/** The part of the session's options that is data. */
export const optionsOf = ({ device, description, publisher, time, outbox, boot }: Telling) => {
	const { id, brokerOrder, backoff, deadlines, keepAlive } = description;
	const { timer, clock, network } = device;
	const { retain, maximumPayload, publishRate } = publisher.limits;
	// Some engines have the same random numbers at each start (desktop XS, the simulator, not an ESP32): neither the boards of a fleet
	// nor the starts of one may have the same waits and identifiers.
	const own = hashOf(`${id} ${boot.count}`) / 2 ** 32;
	return {
		id,
		brokerOrder,
		...(backoff && { backoff }),
		...(deadlines && { deadlines }),
		keepAlive,
		longest: maximumPayload,
		publishRate,
		status: { topic: publisher.topic(topics.status), online: "online", offline: "offline", retain },
		outbox,
		timer,
		ticks: clock,
		random: () => (Math.random() + own) % 1,
		watch: onlyTLS(description) ? time.watch(network.watch) : network.watch,
	};
};

export default class Listener {
	readonly subscriptions: readonly Subscription[];
	private readonly told: Listening;

	constructor(told: Listening) {
		const { publisher, outputs, parts } = told;
		const subscriptions = topics.subscribed(publisher.topic(""), outputs);
		parts.forEach(({ inbound = [] }) =>
			inbound.forEach(({ topic, QoS }) => subscriptions.push({ topic, QoS })),
		);
		this.subscriptions = subscriptions;
		this.told = told;
	}

	/** All that was to be published has been. */
	ready(): boolean {
		return this.told.publisher.idle;
	}

	/**
	 * A message on a whole topic. Without a receiver it is only traced. What a receiver throws passes through to the session
	 * (session/subscriptions.ts), which does not acknowledge the message then unless it came with DUP.
	 */
	onMessage(topic: string, payload: Uint8Array, about: Received): void {
		const { publisher, command, outputs, parts } = this.told;
		const base = publisher.topic("");
		const name = topic.startsWith(base) ? topic.slice(base.length) : topic;
		const setting = outputs.find(output => topics.outputSet(output.name) === name);
		const wishing = setting ?? outputs.find(output => topics.outputDesired(output.name) === name);
		// A command may hold a password, and so may a message without receiver: a command to an earlier name of this board.
		publisher.trace?.(heard(name, payload, about, wishing !== undefined));
		if (name === topics.command) command.receive(payload, about);
		else if (setting) setting.set(payload, about);
		else if (wishing) wishing.desired(payload, about);
		else
			for (let i = 0; i < parts.length; i++)
				parts[i]?.inbound?.find(each => each.topic === topic)?.receive(payload, about);
	}

	onAccepted(broker: number): void {
		const { outputs, description } = this.told;
		// Nodes of a cluster share their sessions.
		const one = description.brokerOrder === "random" ? 0 : broker;
		outputs.forEach(output => output.accepted(one));
	}

	onOnline(present: boolean): void {
		const { publisher, trial, outputs, decommission, retained, parts } = this.told;
		publisher.report("online");
		trial.online();
		outputs.forEach(output => output.online(present));
		decommission.online();
		retained.announce();
		parts.forEach(part => part.online?.(present));
	}

	onOffline(): void {
		const { publisher, trial, outputs, parts } = this.told;
		publisher.report("offline");
		trial.offline();
		outputs.forEach(output => output.offline());
		parts.forEach(part => part.offline?.());
	}

	onReport(event: number, detail?: string): void {
		const { publisher, trial } = this.told;
		const left = event === Report.filterRefused || event === Report.filterLeftOut;
		if (left && detail === publisher.topic(topics.command)) trial.refused();
		publisher.report(`session: ${nameOf(Report, event)} ${detail}`);
	}
}

/** The line of a message that came. `open`: nothing in it is a secret. */
const heard = (name: string, payload: Uint8Array, { retain, duplicate }: Received, open: boolean): string =>
	`< ${name} ${printable(payload, open)}${retain ? " (retained)" : ""}${duplicate ? " (duplicate)" : ""}`;

const printable = (payload: Uint8Array, open: boolean): string => {
	try {
		const text = payload.byteLength <= 200 ? decode(payload) : undefined;
		if (text !== undefined && (open || words.includes(text))) return text;
	} catch {
		// Shown as a count.
	}
	return `(${payload.byteLength} bytes)`;
};

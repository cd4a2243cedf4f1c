/**
 * The layer that ECMA-419 §25 leaves out: keeps a device connected to one of several brokers, subscribed, and its
 * QoS 1 messages safe until they are acknowledged (MQTT 3.1.1 §4.4). This is its surface, and where its parts meet:
 * supervisor.ts (states), sender.ts (what leaves), inbound.ts (what comes). Never restarts the device, never
 * throws for the loss of a link, and looks at monotonic time only.
 */

import { decode, encode, isTopicName } from "../mqtt/text.js";
import { Deadline } from "./deadline.js";
import { Inbound, type InboundOwner } from "./inbound.js";
import { Flight } from "./inflight.js";
import type { Link } from "./link.js";
import {
	type Broker,
	type ClientControl,
	type ClientMessage,
	check,
	defaults,
	type PublishOptions,
	type Received,
	type SessionLike,
	type SessionOptions,
} from "./options.js";
import {
	type Counters,
	kindOf,
	Outcome,
	PUBACK,
	PUBCOMP,
	PUBREC,
	PUBREL,
	Reason,
	Report,
	type Tally,
	tally,
} from "./outcomes.js";
import { Sender, type SenderOwner } from "./sender.js";
import { State, Supervisor, type SupervisorOwner } from "./supervisor.js";

const none: PublishOptions = Object.freeze({});

export default class Session implements SessionLike {
	private readonly options: SessionOptions;
	private readonly tally: Tally = tally();
	private readonly sender: Sender;
	private readonly inbound: Inbound;
	private readonly supervisor: Supervisor;
	/** For what must not happen inside a call of the application. */
	private readonly soon: Deadline;
	/** The connection whose message is being handed over. */
	private link: Link | undefined;
	/** A call of the application is on the stack: what it brings about is told after it. */
	private inside = false;
	private owed: (readonly [event: number, detail: string])[] = [];
	/** It was said that messages are refused, and none has been accepted since. */
	private full = false;
	private callbacks: (() => void)[] = [];

	/** Throws on options of which no session can be made. Connects as soon as the caller is done. */
	constructor(options: SessionOptions) {
		check(options);
		const flight = new Flight();
		this.options = options;
		this.soon = new Deadline(options.timer, () => this.later());
		this.inbound = new Inbound(options.longestInbound ?? defaults.longestInbound, this.receiving());
		this.sender = new Sender(options, flight, this.tally, this.sending());
		this.supervisor = new Supervisor(options, flight, this.supervising());
		options.watch?.(up => (up ? this.networkUp() : this.networkDown()));
	}

	get online(): boolean {
		return this.supervisor.state === State.Online;
	}
	/** One of `State` (state.ts). */
	get state(): State {
		return this.supervisor.state;
	}
	get counters(): Counters {
		return this.tally;
	}
	/** The broker that is connected, or tried. */
	get broker(): Broker {
		return this.supervisor.broker;
	}

	/**
	 * Returns what became of the message; throws only on what is no message: no topic name, another QoS.
	 * Text is sent as UTF-8. The payload may be used again at once.
	 */
	publish(topic: string, payload: Uint8Array | string, options: PublishOptions = none): Outcome {
		const { QoS = 0, retain = false, durable = false, latest = false } = options;
		if (!isTopicName(topic)) throw new RangeError(`topic: expected a topic name, found ${topic}`);
		if (QoS !== 0 && QoS !== 1 && QoS !== 2) throw new RangeError(`QoS: expected 0, 1 or 2, found ${QoS}`);
		if (durable && QoS !== 1) throw new RangeError(`durable: expected QoS 1, found ${QoS}`);
		const bytes = typeof payload === "string" ? encode(payload) : payload;
		if (this.supervisor.state >= State.Closing) return Outcome.droppedClosed;
		if (bytes.byteLength > (this.options.longest ?? defaults.longest)) {
			this.tally.dropped.long++;
			return Outcome.droppedLong;
		}
		this.inside = true;
		const outcome = durable
			? this.sender.offerDurable(topic, bytes, retain)
			: this.sender.offer(topic, bytes, QoS, retain, latest);
		if (outcome !== Outcome.droppedFull) this.full = false;
		else if (!this.full) {
			this.full = true; // once, until something fits again
			this.report(Report.full, topic);
		}
		this.inside = false;
		return outcome;
	}
	/** The host's network came up: tries at once, but never twice within `backoff.minimum`. */
	networkUp(): void {
		this.supervisor.up();
	}
	/** The host's network is gone: what is connected ends, and no try is made before `networkUp` or a deadline. */
	networkDown(): void {
		this.supervisor.down();
		this.soon.set(0);
	}
	/**
	 * Publishes `farewell` retained as the status (empty clears it), sends DISCONNECT, and calls back within a second even
	 * on a dead link. May be repeated. What is not acknowledged stays in `outbox`, which belongs to the caller.
	 */
	close(callback?: () => void, farewell = this.options.status.offline): void {
		if (callback) this.callbacks.push(callback);
		if (this.supervisor.close(farewell)) this.soon.set(0);
	}

	private supervising(): SupervisorOwner {
		return {
			accepted: sessionPresent => {
				this.inbound.begin(sessionPresent);
				this.sender.restore(sessionPresent);
			},
			online: (link, sessionPresent) => this.stand(link, sessionPresent),
			leaving: () => this.sender.close(Reason.network),
			ended: (reason, online) => {
				this.tally.reconnects[kindOf(reason, online)]++;
				if (!online) return;
				this.sender.close(reason);
				this.call(() => this.options.onOffline?.(reason));
			},
			control: (link, operation, message) => this.control(link, operation, message),
			readable: (link, count, message) => this.readable(link, count, message),
			writable: () => this.sender.pump(),
			closed: () => this.end(),
			report: (event, detail) => this.report(event, detail),
		};
	}
	private sending(): SenderOwner {
		return {
			stalled: () => this.supervisor.lost(Reason.acknowledge, 0),
			quarantined: topic => this.report(Report.quarantined, topic),
			recovered: topic => this.report(Report.recovered, topic),
			fault: error => this.report(Report.internal, `${error}`),
		};
	}
	private receiving(): InboundOwner {
		return {
			taken: (topic, payload, message) => this.take(topic, payload, message),
			acknowledge: (QoS, packetIdentifier) => {
				this.link?.reply(QoS === 1 ? PUBACK : PUBREC, packetIdentifier);
			},
			overrun: () => this.supervisor.lost(Reason.overrun, 0),
		};
	}

	private stand(link: Link, sessionPresent: boolean): void {
		this.tally.connects++;
		this.announce();
		this.sender.open(link);
		this.call(() => this.options.onOnline?.(sessionPresent));
	}
	private announce(): void {
		const { topic, online } = this.options.status;
		this.sender.offer(topic, encode(online), 1, true, true);
	}
	private control(link: Link, operation: number, { id = 0 }: ClientControl): void {
		if (operation === PUBACK || operation === PUBCOMP) this.sender.acknowledged(id);
		else if (operation === PUBREC) {
			this.sender.received(id);
			link.reply(PUBREL, id); // [MQTT-4.3.3-1]
		} else if (operation === PUBREL) {
			this.inbound.released(id);
			link.reply(PUBCOMP, id); // [MQTT-4.3.3-2]
		}
	}
	private readable(link: Link, count: number, message: ClientMessage): void {
		this.link = link;
		this.inbound.readable(count, message, buffer => link.read(buffer));
		this.link = undefined;
	}
	/** True when the message was taken, so that it is acknowledged. */
	private take(topic: string, payload: Uint8Array | undefined, message: Received): boolean {
		this.tally.received++;
		if (message.duplicate) this.tally.duplicates++;
		if (!payload) {
			this.report(Report.long, topic);
			return true;
		}
		if (topic === this.options.status.topic && this.contradict(payload, message.retain)) return true;
		// One that could not be taken twice is given up, or it would come for ever.
		return this.call(() => this.options.onMessage?.(topic, payload, message)) || message.duplicate;
	}
	/**
	 * Our own status. A will of an older connection that comes late hides that we are online (field-notes §2, line 15).
	 * False when the application has asked for this topic too.
	 */
	private contradict(payload: Uint8Array, retained: boolean): boolean {
		const { status, subscriptions = [] } = this.options;
		// Before we are online, `online` is still to come. A retained copy answers our SUBSCRIBE, which `online` follows:
		// a will that comes late is no copy, since we are subscribed when it does [MQTT-3.3.1-9].
		if (this.online && !retained && isText(payload, status.offline)) {
			this.tally.lateWills++;
			this.announce();
			this.report(Report.lateWill, status.topic);
		}
		return !subscriptions.some(({ topic }) => topic === status.topic);
	}

	private report(event: number, detail: string): void {
		if (!this.inside) this.call(() => this.options.onReport?.(event, detail));
		else if (this.owed.push([event, detail])) this.soon.set(0);
	}
	/** Calls the application. False when it threw, which must not end the virtual machine. */
	private call(callback: () => void): boolean {
		try {
			callback();
			return true;
		} catch (error) {
			try {
				this.options.onReport?.(Report.handler, `${error}`);
			} catch {
				// A handler of reports that throws: there is nobody left to tell.
			}
			return false;
		}
	}
	/** What a call of the application has left to be done after it. */
	private later(): void {
		const owed = this.owed;
		this.owed = [];
		for (const [event, detail] of owed) this.report(event, detail);
		if (this.supervisor.state === State.Closed) this.end();
		else this.supervisor.settle();
	}
	private end(): void {
		const callbacks = this.callbacks;
		this.callbacks = [];
		this.soon.close();
		this.supervisor.end();
		this.sender.end();
		for (const callback of callbacks) this.call(callback);
	}
}

function isText(payload: Uint8Array, text: string): boolean {
	try {
		return decode(payload) === text;
	} catch {
		return false; // not UTF-8
	}
}

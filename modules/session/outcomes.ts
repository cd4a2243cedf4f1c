/**
 * The words of a session (DESIGN.md, "The session"): the `Outcome` of a publish, the `Reason` of a connection's end, events for a log line
 * (`Report`), counters, and the calls of the application that carry them (`Application`). Also the control packet types that a session
 * knows. Decides nothing.
 */

import { Reason as Client } from "../mqtt/connection.js";
import type { Deadline } from "./deadline.js";
import type { Received, SessionOptions } from "./options.js";

/** The fate of a message given to `publish`. Anything above `queued` means that it was not accepted. */
export const Outcome = Object.freeze({
	/** Handed to the connection. At QoS 1 it is kept until the broker has acknowledged it. */
	sent: 1,
	/** Kept; leaves when the connection, its window and its rate allow. */
	queued: 2,
	/** QoS 0, there is no connection, and `latest` was not asked for. */
	droppedOffline: 3,
	/** The byte budget of the queue or outbox is used up. */
	droppedFull: 4,
	/** Longer than brokers take: it would end each connection it is sent on. */
	droppedLong: 5,
	/** The session is closed. */
	droppedClosed: 6,
});
export type Outcome = (typeof Outcome)[keyof typeof Outcome];

/** Why a connection ended, as `onOffline` hands it on: the client's own reasons (below 32) and those of this layer. */
export const Reason = Object.freeze({
	...Client,
	/** The host said that its network is gone. */
	network: 32,
	/** No CONNACK in time, and the client did not say so itself. */
	connect: 33,
	/** No SUBACK in time. */
	subscribe: 34,
	/** Nothing that is in flight was acknowledged in time. */
	acknowledge: 35,
	/** The client refuses what should fit, again and again. */
	stuck: 36,
	/** The client could not even be made, or gave no reason that we know. */
	unknown: 37,
});
export type Reason = (typeof Reason)[keyof typeof Reason];

/** CONNACK return codes of which only time is the cure (§3.2.2.3): VerneMQ says 3 while its cluster is split. */
export const passes = (returnCode: number): boolean => returnCode === 3;

/** The name of one of these numbers, for a line. */
export const nameOf = (names: { readonly [name: string]: number }, number: number): string =>
	Object.keys(names).find(name => names[name] === number) ?? `${number}`;

/** The counter of a connection's end. */
export const kindOf = (reason: number, online: boolean): keyof Tally["reconnects"] => {
	switch (reason) {
		case Reason.disconnected:
			return online ? "ended" : "unreachable";
		case Reason.unresolved:
		case Reason.silent:
		case Reason.connect:
			return "unreachable";
		case Reason.refused:
			return "refused";
		case Reason.unanswered:
		case Reason.subscribe:
		case Reason.acknowledge:
			return "unanswered";
		case Reason.malformed:
		case Reason.unexpected:
		case Reason.overrun:
			return "protocol";
		case Reason.network:
			return "network";
		default:
			return "internal";
	}
};

/** Events beside going online and offline, each with a detail in text. */
export const Report = Object.freeze({
	/** A try failed: `host:port reason`. */
	failed: 1,
	/** CONNACK with a code that only a person can change (§3.2.2.3): `host:port code`. The tries go on, slowly. */
	refused: 2,
	/** The broker refused a filter [MQTT-3.9.3-2]: the filter. The others work. */
	filterRefused: 3,
	/** Granted at a lower QoS than asked for: the filter. */
	filterLowered: 4,
	/** Several short connections in a row: another client may use this id. */
	duplicateSuspected: 5,
	/** The broker hung up on this message three times and it was put aside, to be offered again later: its topic. */
	quarantined: 6,
	/** The outbox or queue is full and refuses messages: the topic of the first. */
	full: 7,
	/** An inbound message is longer than this board takes, and was not delivered: its topic, or that this is too long itself. */
	long: 8,
	/** The application's handler threw: the error. */
	handler: 9,
	/** Our own `offline` came while we are connected; `online` was published again. */
	lateWill: 10,
	/** A fault inside, survived: the error. */
	internal: 11,
	/** The broker has taken a message that had been put aside: its topic. */
	recovered: 12,
	/** The board is online without this filter, since the broker hangs up on it: the filter. */
	filterLeftOut: 13,
	/** Our own `online` did not come back: the subscriptions are made again. The status topic. */
	deaf: 14,
});
export type Report = (typeof Report)[keyof typeof Report];

/** Counts from the moment the session was made. Plain data, so that `info` can carry it as it is. */
const tally = () => ({
	/** Messages handed to a connection for the first time. */
	sent: 0,
	/** Messages that had to wait. */
	queued: 0,
	/** QoS 1 messages that the broker has acknowledged. */
	acknowledged: 0,
	/** QoS 1 messages sent again after a reconnect. */
	retransmitted: 0,
	/** Inbound messages, and those of them with the DUP flag. */
	received: 0,
	duplicates: 0,
	/** Wills of an earlier connection of ours that came late and were corrected. */
	lateWills: 0,
	/** Times that a message was put aside, and messages put aside that the broker has taken after all. */
	quarantined: 0,
	recovered: 0,
	/** Times online. */
	connects: 0,
	/** Messages that were not accepted: at QoS 0 without a connection, without room, and too long. */
	dropped: { offline: 0, full: 0, long: 0 },
	/**
	 * Connections and tries that ended; after each of them there was another try. `ended`: gone while online. `unreachable`: no name,
	 * no connection, or no CONNACK. `unanswered`: no PINGRESP, SUBACK or PUBACK. `network`: the host's network went or came.
	 */
	reconnects: {
		ended: 0,
		unreachable: 0,
		refused: 0,
		unanswered: 0,
		protocol: 0,
		network: 0,
		internal: 0,
	},
});
export type Tally = ReturnType<typeof tally>;
/** As the session's user sees them. */
export type Counters = { readonly [K in keyof Tally]: Readonly<Tally[K]> };

/** Control packet types, MQTT 3.1.1 table 2.1: the numbers of ECMA-419 §25's `operation`. */
export const Packet = Object.freeze({
	CONNACK: 2,
	PUBLISH: 3,
	PUBACK: 4,
	PUBREC: 5,
	PUBREL: 6,
	PUBCOMP: 7,
	SUBSCRIBE: 8,
	SUBACK: 9,
	DISCONNECT: 14,
});

/**
 * The application: its callbacks, and its counters. Each call is guarded: an exception that leaves a callback of the host
 * ends the virtual machine.
 */
export class Application {
	readonly counters: Tally = tally();
	private readonly options: SessionOptions;
	private readonly soon: Deadline;
	private owed: { readonly event: number; readonly detail: string }[] = [];

	/** When `soon` fires, its owner calls `flush`. */
	constructor(options: SessionOptions, soon: Deadline) {
		this.options = options;
		this.soon = soon;
	}
	report(event: number, detail: string): void {
		this.call(() => this.options.onReport?.(event, detail));
	}
	/** As `report`, where a call of the application may be on the stack: after it. */
	owe(event: number, detail: string): void {
		this.owed.push({ event, detail });
		this.soon.set(0);
	}
	fault(error: unknown): void {
		this.owe(Report.internal, `${error}`);
	}
	flush(): void {
		const owed = this.owed;
		this.owed = [];
		owed.forEach(each => this.report(each.event, each.detail));
	}
	/** It takes the next message now. */
	ready(): boolean {
		try {
			return this.options.ready?.() ?? true;
		} catch (error) {
			this.owe(Report.handler, `${error}`);
			return true;
		}
	}
	/** False when the application threw. */
	message(topic: string, payload: Uint8Array, message: Received): boolean {
		try {
			this.options.onMessage?.(topic, payload, message);
			return true;
		} catch (error) {
			this.threw(error);
			return false;
		}
	}
	/** Does a thing that may fail inside (flash, a client's `close`); then the session goes on with what it knows. */
	guard(action: () => void): void {
		try {
			action();
		} catch (error) {
			this.fault(error);
		}
	}
	/** One of the application's callbacks. */
	call(callback: () => void): void {
		try {
			callback();
		} catch (error) {
			this.threw(error);
		}
	}
	private threw(error: unknown): void {
		try {
			this.options.onReport?.(Report.handler, `${error}`);
		} catch {
			// A handler of reports that throws: nothing is left to tell it to.
		}
	}
}

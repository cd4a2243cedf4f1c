/**
 * The board's retained status (MQTT 3.1.1 §3.1.2.5): `online`, the will and farewell `offline`, and the subscription to both. A will of an
 * older connection that comes late would hide that the board is online, so it is contradicted; and a board that does not hear its own
 * `online` back knows that it is deaf.
 */

import { decode, encode } from "../mqtt/codec.js";
import type { Will } from "../mqtt/io.js";
import { Deadline } from "./deadline.js";
import type { Link } from "./link.js";
import { defaults, type OutboxEntry, type SessionOptions, type Subscription } from "./options.js";
import { type Application, Report } from "./outcomes.js";

/** Milliseconds between two looks at most, where `online` does not come back: a day. */
const seldom = 86_400_000;

export class Status {
	/** `online`. */
	readonly message: OutboxEntry;
	/** For CONNECT (§3.1.2.5). */
	readonly will: Will;
	/** All that is subscribed to, the status among it. QoS 0: a status missed while away is published anew at each connect. */
	readonly subscriptions: readonly Subscription[];
	private readonly online: string;
	private readonly application: Application;
	private readonly owner: { deaf(): void };
	/** `online` has come back on this connection, so the subscriptions work. */
	private heard = false;
	/** Until it has to, and how long that is given: twice as long each time that it does not. */
	private readonly echo: Deadline;
	private readonly hear: number;
	private patience: number;
	/** The application has asked for the topic as well, and is told of messages on it. */
	readonly shared: boolean;

	/** `owner` is told that `online` has not come back in time. */
	constructor(options: SessionOptions, application: Application, owner: { deaf(): void }) {
		const { subscriptions = [], deadlines = {} } = options;
		const { topic, online, offline, retain = true } = options.status;
		this.application = application;
		this.owner = owner;
		this.echo = new Deadline(options.timer, this, this.expired);
		this.hear = this.patience = deadlines.hear ?? defaults.deadlines.hear;
		this.online = online;
		this.message = { sequence: 0, packetIdentifier: 0, topic, payload: encode(online), retain };
		this.will = { topic, message: offline, QoS: 1, retain };
		this.shared = subscriptions.some(item => item.topic === topic);
		this.subscriptions = this.shared ? subscriptions : [...subscriptions, { topic, QoS: 0 }];
	}
	/** `online` was published: it has to come back, or the broker has lost our subscriptions, or never had them. */
	listen(): void {
		if (this.patience > 0 && !this.heard) this.echo.set(this.patience);
	}
	/** The farewell, with a packet identifier. False when there is no room. */
	part(link: Link, farewell: string, packetIdentifier: number): boolean {
		const { topic, retain } = this.message;
		// From here on `online` need not come back: the subscriptions are not made again.
		this.echo.clear();
		return link.send({ topic, payload: encode(farewell), retain }, false, packetIdentifier);
	}
	/** The connection has ended. */
	lost(): void {
		this.heard = false;
		this.echo.clear();
	}
	/** Gives the timer back. */
	end(): void {
		this.echo.close();
	}
	/**
	 * Hears a message on our topic. True when it is our own will that came late. A retained copy is none: it answers our SUBSCRIBE, and
	 * `online` follows; a late will is live, since we are subscribed when it comes [MQTT-3.3.1-9].
	 */
	contradicts(payload: Uint8Array, retained: boolean): boolean {
		let text: string | undefined;
		try {
			text = decode(payload);
		} catch {
			return false; // not UTF-8
		}
		if (text === this.online) {
			this.heard = true;
			this.patience = this.hear;
			this.echo.clear();
		}
		return !retained && text === this.will.message;
	}
	private expired(): void {
		// Once may be a broker that honours a subscription a moment after its SUBACK (AWS).
		if (this.patience > this.hear) this.application.report(Report.deaf, this.message.topic);
		this.patience = Math.min(2 * this.patience, seldom);
		this.owner.deaf();
	}
}

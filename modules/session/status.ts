/**
 * The board's retained status: `online`, the will and farewell `offline`, and the subscription to both. A will of an older
 * connection that comes late would hide that the board is online, so it is contradicted. Sends nothing itself.
 */

import { decode, encode } from "../mqtt/text.js";
import type { OutboxEntry, SessionOptions, Subscription } from "./options.js";

export class Status {
	readonly topic: string;
	/** `online`. */
	readonly message: OutboxEntry;
	/** For CONNECT (§3.1.2.5). */
	readonly will: {
		readonly topic: string;
		readonly message: string;
		readonly QoS: 0 | 1 | 2;
		readonly retain: boolean;
	};
	/** All that is subscribed to, the status among it. QoS 0: a status missed while away is published anew at each connect. */
	readonly subscriptions: readonly Subscription[];
	/** The application has asked for the topic as well. */
	private readonly shared: boolean;

	constructor({ status, subscriptions = [] }: SessionOptions) {
		const { topic, online, offline } = status;
		this.topic = topic;
		const payload = encode(online);
		this.message = { sequence: 0, packetIdentifier: 0, topic, payload, retain: true, failures: 0 };
		this.will = { topic, message: offline, QoS: 1, retain: true };
		this.shared = subscriptions.some(item => item.topic === topic);
		this.subscriptions = this.shared ? subscriptions : [...subscriptions, { topic, QoS: 0 }];
	}
	/** The application is not told of a message on this topic. */
	own(topic: string): boolean {
		return topic === this.topic && !this.shared;
	}
	/**
	 * True when the message is our own will that came late. A retained copy is none: it answers our SUBSCRIBE, and `online`
	 * follows; a late will is live, since we are subscribed when it comes [MQTT-3.3.1-9].
	 */
	contradicts(topic: string, payload: Uint8Array, retained: boolean): boolean {
		if (retained || topic !== this.topic) return false;
		try {
			return decode(payload) === this.will.message;
		} catch {
			return false; // not UTF-8
		}
	}
}

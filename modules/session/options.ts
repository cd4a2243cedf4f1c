/** What a session is made of: the types of its constructor's options, their defaults, and their check. */

import type { ByteBuffer, Ticks, Timer, With } from "../mqtt/io.js";
import { isTopicName } from "../mqtt/topic.js";
import type { BackoffOptions } from "./backoff.js";
import type { ClientClass, ClientDefaults } from "./client.js";
import type { Received } from "./inbound.js";
import type { Outbox } from "./outbox.js";
import type { Memory, Subscription } from "./subscriptions.js";

export interface Broker {
	readonly host: string;
	readonly port: number;
	readonly user?: string;
	readonly password?: string | ByteBuffer;
	/** Takes the place of the client's defaults, such as the socket of `device.network.mqtts.client`. */
	readonly client?: Partial<ClientDefaults>;
}

/** Milliseconds. */
export interface Deadlines {
	/** Without network, until a try is made all the same; 60 000 by default. */
	readonly network?: number;
	/** Name, TCP, TLS and CONNACK together; 30 000 by default. */
	readonly connect?: number;
	/** Each SUBACK; 10 000 by default. */
	readonly subscribe?: number;
	/** Until anything that is in flight is acknowledged; 60 000 by default. */
	readonly acknowledge?: number;
	/** `offline` and DISCONNECT; 1000 by default. */
	readonly close?: number;
}

export interface SessionOptions {
	readonly client: With<ClientClass, ClientDefaults>;
	/** In the order of preference. */
	readonly brokers: readonly Broker[];
	readonly id: string;
	/** Milliseconds. */
	readonly keepAlive: number;
	/** False by default: the broker keeps the session. */
	readonly clean?: boolean;
	/** Retained, QoS 1; `offline` is also the will. */
	readonly status: { readonly topic: string; readonly online: string; readonly offline: string };
	readonly subscriptions?: readonly Subscription[];
	/** Holds what is published as `durable`. The session does not close it. */
	readonly outbox: Outbox;
	/** Survives a restart, so that a session that the broker kept is not subscribed to again. */
	readonly memory?: Memory;
	readonly timer: Timer;
	readonly ticks: Ticks;
	/** The host's word on its network (`device.network.watch`), told at once or later, and at each change: up or down. */
	readonly watch?: ((changed: (up: boolean) => void) => void) | undefined;
	/** 0 up to 1, for the jitter. */
	readonly random?: () => number;
	readonly backoff?: BackoffOptions;
	readonly deadlines?: Deadlines;
	/** QoS 1 messages in flight; 20 by default. */
	readonly window?: number;
	/** Durable messages a second while a backlog drains; 20 by default. */
	readonly rate?: number;
	/** Milliseconds between two offers of what was put aside; a day by default, and the first after a 24th of it. */
	readonly recall?: number;
	/** Bytes of messages in RAM; 16 384 by default. */
	readonly queueBytes?: number;
	/** Bytes of payload, outbound; 131 072 by default (AWS). */
	readonly longest?: number;
	/** Bytes of payload, inbound; 4096 by default. What is longer is reported and not delivered. */
	readonly longestInbound?: number;
	/**
	 * A message on a topic that was subscribed to. `payload` is the callee's to keep. PUBACK goes out when this has
	 * returned; when it throws, the broker sends the message again after a reconnect.
	 */
	readonly onMessage?: (topic: string, payload: Uint8Array, message: Received) => void;
	readonly onOnline?: (sessionPresent: boolean) => void;
	/** `reason` is one of `Reason` (reason.ts). */
	readonly onOffline?: (reason: number) => void;
	/** `event` is one of `Report` (report.ts). */
	readonly onReport?: (event: number, detail: string) => void;
}

export const defaults = Object.freeze({
	deadlines: Object.freeze({
		network: 60_000,
		connect: 30_000,
		subscribe: 10_000,
		acknowledge: 60_000,
		close: 1000,
	}),
	window: 20,
	rate: 20,
	recall: 86_400_000,
	queueBytes: 16_384,
	longest: 131_072,
	longestInbound: 4096,
});

/** Throws on what no connection could be made of. */
export function check(options: SessionOptions): void {
	const { brokers, id, keepAlive, status, subscriptions = [], window = 1, rate = 1, outbox } = options;
	if (!options.client?.io) throw new TypeError("client: expected an object with io, an MQTT client class");
	if (!brokers || brokers.length === 0) throw new RangeError("brokers: expected at least one");
	for (const { host, port } of brokers)
		if (!host || !(port > 0 && port < 65_536))
			throw new RangeError(`broker: expected host and port, found ${host}:${port}`);
	if (!id) throw new RangeError("id: expected a client identifier");
	if (!(keepAlive >= 0)) throw new RangeError(`keepAlive: expected milliseconds, found ${keepAlive}`);
	if (!status || !isTopicName(status.topic)) throw new RangeError("status.topic: expected a topic name");
	for (const { topic, QoS } of subscriptions)
		if (!isTopicName(topic) || (QoS !== 0 && QoS !== 1 && QoS !== 2))
			throw new RangeError(`subscriptions: expected exact names at QoS 0, 1 or 2, found ${topic} at ${QoS}`);
	if (!(window >= 1 && window <= 1000)) throw new RangeError(`window: expected 1…1000, found ${window}`);
	if (!(rate > 0)) throw new RangeError(`rate: expected messages a second, found ${rate}`);
	if (!outbox) throw new TypeError("outbox: expected an Outbox");
}

/**
 * The types at a session's border, each here once (DESIGN.md, "The session"): what it is made of (`SessionOptions` and its parts, the MQTT
 * client class, the outbox), what is published and received, and how its user sees it. Also the defaults, and the check of what is given.
 */

import { isTopicName } from "../mqtt/codec.js";
import type { ByteBuffer, Ticks, Timer, With } from "../mqtt/io.js";
import type { ClientClass, ClientDefaults, Outbox } from "./io.js";

export type * from "./io.js";

/** How a message is sent and kept. */
export interface PublishOptions {
	/** 0 when it is missing. */
	readonly QoS?: 0 | 1 | 2;
	/** The broker keeps it; false when it is missing. */
	readonly retain?: boolean;
	/** By way of `outbox`; QoS 1. */
	readonly durable?: boolean;
	/** While it waits, only the latest on this topic is kept. Also lets a QoS 0 message wait for a connection. */
	readonly latest?: boolean;
	/** Goes at QoS 0, and at once or not at all, where RAM has no room to keep it. */
	readonly unkept?: boolean;
	/** The caller has seen that the topic is a topic name: a look at it takes 7000 instructions. */
	readonly checked?: boolean;
}

/** What a delivered message brings beside topic and payload. */
export interface Received {
	/** As it was delivered: 0, 1 or 2. */
	readonly QoS: number;
	/** The broker had kept it from before the subscription. */
	readonly retain: boolean;
	/** The broker says that it may have sent this before. A missing flag proves nothing (AWS). */
	readonly duplicate: boolean;
	/** Packet identifier; 0 at QoS 0. */
	readonly id: number;
}

/** Made at each connect that needs it. */
export interface Subscription {
	/** An exact name: AWS delivers no retained messages to wildcards. */
	readonly topic: string;
	/** The greatest at which messages are delivered. */
	readonly QoS: 0 | 1 | 2;
}

/** QoS 1, retained unless it says otherwise; `offline` is also the will. */
export interface StatusOptions {
	/** A topic name. */
	readonly topic: string;
	/** Payload once the board is connected and subscribed. */
	readonly online: string;
	/** Payload of the goodbye and of the will. */
	readonly offline: string;
	/** True when it is missing. */
	readonly retain?: boolean;
}

/** How long is waited between tries: a random time, whose limit doubles with each. */
export interface BackoffOptions {
	/** Milliseconds; 1000 by default. */
	readonly minimum?: number;
	/** Milliseconds; 60000 by default. */
	readonly maximum?: number;
	/** For how long a connection must stand before the next loss starts at `minimum` again; 60000 ms by default. */
	readonly stable?: number;
	/** Milliseconds over which the boards of a fleet spread their first try after a start and after a loss; 0 by default. */
	readonly spread?: number;
}

/** One of the brokers, in order of preference. */
export interface Broker {
	/** A name or an address. */
	readonly host: string;
	/** 1 to 65535. */
	readonly port: number;
	/** None when it is missing. */
	readonly user?: string;
	/** Only beside `user`. */
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
	/** The same while other brokers are left to try; 10 000 by default. */
	readonly next?: number;
	/** Each SUBACK; 10 000 by default. Twice as long each time that a broker is slower, up to `connect`. */
	readonly subscribe?: number;
	/** Until anything that is in flight is acknowledged; 60 000 by default. */
	readonly acknowledge?: number;
	/** `offline` and DISCONNECT; 1000 by default. */
	readonly close?: number;
	/** Until our own `online` has come back; 30 000 by default, then twice as long each time, up to a day. 0 is never. */
	readonly hear?: number;
}

/** What a session is made of. The constructor throws on what `check` below finds wrong. */
export interface SessionOptions {
	/** `io`, the MQTT client class, and its defaults: those of `device.network.mqtt.client`. */
	readonly client: With<ClientClass, ClientDefaults>;
	/** One at least; the next is tried when one fails. */
	readonly brokers: readonly Broker[];
	/** `listed`, the default: in the order of preference. `random`: in an order of each board's own, over equal nodes. */
	readonly brokerOrder?: "listed" | "random";
	/** Client identifier, the same at each start: the broker keeps the session under it. */
	readonly id: string;
	/** Milliseconds. */
	readonly keepAlive: number;
	/** False by default: the broker keeps the session. */
	readonly clean?: boolean;
	/** Says whether the board is there. */
	readonly status: StatusOptions;
	/** None when it is missing. */
	readonly subscriptions?: readonly Subscription[];
	/** Holds messages that are published as `durable`. The session does not close it. */
	readonly outbox: Outbox;
	/** The host's. */
	readonly timer: Timer;
	/** Monotonic milliseconds; wall time is not looked at. */
	readonly ticks: Ticks;
	/** The host's word on its network (`device.network.watch`), told at once or later, and at each change: up or down. */
	readonly watch?: ((changed: (up: boolean) => void) => void) | undefined;
	/** 0 up to 1, for the jitter. */
	readonly random?: () => number;
	/** Each part has its default. */
	readonly backoff?: BackoffOptions;
	/** Each part has its default. */
	readonly deadlines?: Deadlines;
	/** QoS 1 messages in flight; 20 by default. */
	readonly window?: number;
	/** Durable messages a second while a backlog drains; 20 by default. */
	readonly rate?: number;
	/** Messages a second, all kinds together, that the broker takes on a connection: 5 or more; any number by default. */
	readonly publishRate?: number | undefined;
	/** Bytes of messages in RAM; 16 384 by default. */
	readonly queueBytes?: number;
	/** Bytes of payload, outbound; 131 072 by default (AWS). */
	readonly longest?: number;
	/**
	 * Bytes of topics and payloads that `onMessage` may publish in answer to one message; 0 by default. A message is taken from
	 * the connection only when there is room for so much.
	 */
	readonly replyBytes?: number;
	/** Bytes of payload, inbound; 4096 by default. A longer message is reported and not delivered. */
	readonly longestInbound?: number;
	/** False while the next message has to wait; then `resume` is called. */
	readonly ready?: () => boolean;
	/**
	 * A message on a topic that was subscribed to. `payload` is the callee's to keep. PUBACK goes out when this has
	 * returned; when it throws, the broker sends the message again after a reconnect, but one with DUP is given up.
	 */
	readonly onMessage?: (topic: string, payload: Uint8Array, message: Received) => void;
	/** CONNACK, before any message: the place of this broker in `brokers`. A kept session's messages may precede `onOnline`. */
	readonly onAccepted?: (broker: number) => void;
	/** Connected, and each subscription granted. `sessionPresent`: the broker has kept the session. */
	readonly onOnline?: (sessionPresent: boolean) => void;
	/** `reason` is one of `Reason` (outcomes.ts). */
	readonly onOffline?: (reason: number) => void;
	/** `event` is one of `Report` (outcomes.ts). */
	readonly onReport?: (event: number, detail: string) => void;
}

/** The part of the options that a session's user brings; main.ts adds client and brokers. */
export type UserOptions = Omit<SessionOptions, "client" | "brokers"> &
	Required<Pick<SessionOptions, "subscriptions" | "ready" | "onMessage" | "onOnline" | "onOffline">>;

/** What holds where an option is missing; milliseconds and bytes. */
export const defaults = Object.freeze({
	deadlines: Object.freeze({
		network: 60_000,
		connect: 30_000,
		next: 10_000,
		subscribe: 10_000,
		acknowledge: 60_000,
		close: 1000,
		hear: 30_000,
	}),
	window: 20,
	rate: 20,
	queueBytes: 16_384,
	longest: 131_072,
	longestInbound: 4096,
});

const expect = (name: string, wanted: string, fine: unknown, found?: unknown): void => {
	if (!fine)
		throw new RangeError(`${name}: expected ${wanted}${found === undefined ? "" : `, found ${found}`}`);
};

/** Throws on options with which each try would fail, without end, or no message would ever leave. */
export const check = (options: SessionOptions): void => {
	const { brokers, brokerOrder = "listed", id, keepAlive, outbox, status, subscriptions = [] } = options;
	const { publishRate = 5, rate = 1, window = 1 } = options;
	expect("client", "an object with io, an MQTT client class", options.client?.io);
	expect("brokers", "at least one", brokers?.length);
	const broker = brokers.find(({ host, port }) => !host || !(port > 0 && port < 65_536));
	expect("broker", "host and port", !broker, broker && `${broker.host}:${broker.port}`);
	expect("brokerOrder", "listed or random", ["listed", "random"].includes(brokerOrder), brokerOrder);
	expect("id", "a client identifier", id);
	expect("keepAlive", "milliseconds", keepAlive >= 0, keepAlive);
	expect("status.topic", "a topic name", status && isTopicName(status.topic));
	const item = subscriptions.find(({ topic, QoS }) => !isTopicName(topic) || ![0, 1, 2].includes(QoS));
	expect("subscriptions", "exact names at QoS 0, 1 or 2", !item, item && `${item.topic} at ${item.QoS}`);
	expect("window", "1…1000", window >= 1 && window <= 1000, window);
	expect("rate", "messages a second", rate > 0, rate);
	expect("publishRate", "at least 5", publishRate >= 5, publishRate);
	expect("outbox", "an Outbox", outbox);
};

/**
 * The types at a session's border, each here once (DESIGN.md, "The session"): what a user writes (`SessionOptions` and its parts), what is
 * published and received, the outbox, and the MQTT client class (ECMA-419 §25). Also the defaults.
 */

import type { ByteBuffer, MQTTClientOptions, Ticks, Timer, With, WriteOptions } from "../mqtt/io.js";

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

/** What a session is made of. */
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

/** The part of the options that a session's user brings; device/start.ts adds client and brokers. */
export type UserOptions = Omit<SessionOptions, "client" | "brokers"> &
	Required<Pick<SessionOptions, "subscriptions" | "ready" | "onMessage" | "onOnline" | "onOffline">>;

/**
 * A message that is held. Valid until the next `next`, `append` or `close` of its outbox; `sent` leaves it as it is.
 */
export interface OutboxEntry {
	/** Position in the order of acceptance, from 1 upward; never used again in the life of the outbox. */
	readonly sequence: number;
	/** 1…65535 while a broker's session knows the message, else 0. */
	readonly packetIdentifier: number;
	/** As it was appended. */
	readonly topic: string;
	/** As it was appended. */
	readonly payload: Uint8Array;
	/** As it was appended. */
	readonly retain: boolean;
	/** 1 where it is missing. */
	readonly QoS?: number;
}

/** A message on its way out. */
export type Message = Pick<OutboxEntry, "topic" | "payload" | "QoS" | "retain">;

/** The same, as the client is told of it. */
export type Outgoing = WriteOptions & { readonly topic: string; readonly QoS: number };

/** Of a message that is appended. */
export type OutboxOptions = Pick<PublishOptions, "retain">;

/**
 * Holds QoS 1 messages until the broker has acknowledged them: queue.ts in RAM, bounded by bytes, and store/outbox.ts in flash. A
 * message is `queued` (no packet identifier) → `sent` (identifier kept, so that DUP is right after a reconnect or a restart
 * [MQTT-4.4.0-1]) → `released` (gone). A poison message is put aside until `readmit` makes it `queued` again; it is never thrown away.
 */
export interface Outbox {
	/** Messages held and not quarantined. */
	readonly length: number;
	/** Bytes of topics and payloads held. */
	readonly byteLength: number;
	/** Its memory takes no writes: the messages that it accepts are in RAM, and lost with the power. */
	readonly broken?: boolean;
	/** How often a message was put aside so far. */
	readonly quarantined: number;
	/**
	 * Accepts a message (copied). Returns its sequence, or 0 when it was refused because the outbox is full. With a packet identifier it
	 * is `sent` as it is accepted: it leaves at once, and flash is spared a record of that.
	 */
	append(topic: string, payload: Uint8Array, options?: OutboxOptions, packetIdentifier?: number): number;
	/** The oldest held message whose sequence is greater than `sequence`; 0 asks for the oldest of all. */
	next(sequence: number): OutboxEntry | undefined;
	/** The message goes out under this packet identifier; call before the bytes leave. */
	sent(sequence: number, packetIdentifier: number): void;
	/** The broker acknowledged this packet identifier. False when no held message has it. */
	release(packetIdentifier: number): boolean;
	/** The broker has no session (Session Present 0): every identifier is forgotten, the order stays. */
	reset(): void;
	/** Puts a message aside: it is counted, kept, and not offered by `next` until it is readmitted. */
	quarantine(sequence: number): void;
	/** As `next`, of the messages put aside. */
	aside(sequence: number): OutboxEntry | undefined;
	/** A message that was put aside is offered again, in its old place. False when it is not aside. */
	readmit(sequence: number): boolean;
	/** Releases its memory; what it holds stays. Every other method may throw then. */
	close(): void;
}

/** An MQTT client as a session uses it: ECMA-419 §25 with the extensions that DESIGN.md lists. The tests have a scripted one. */
export interface Client {
	/** Bytes of the message that is delivered into `buffer`: how many; `undefined` when there are none. */
	read(buffer: ByteBuffer): number | undefined;
	/** Throws when the packet does not fit into what is writable now; nothing has left then. */
	write(data: ByteBuffer | undefined, options?: WriteOptions): number;
	/** At once and without DISCONNECT; nothing is called back any more. May be repeated. */
	close(): void;
}

/** What the host gives a client: its classes and clocks. */
export type ClientDefaults = Pick<MQTTClientOptions, "socket" | "dns" | "timer" | "kept"> & {
	readonly ticks: Ticks;
};

/** The reason of an end. `cause` is the socket's error, with a `code` of its own where the host knows more (TLS). */
export interface ClientError {
	/** One of `Reason` of the MQTT client. */
	readonly code?: unknown;
	/** For people. */
	readonly message?: unknown;
	/** The socket's error. */
	readonly cause?: unknown;
}

type Always = "port" | "id" | "keepAlive" | "clean" | "will" | "onReadable" | "onWritable" | "onControl";

/** What a session makes a client of. The session acknowledges, once the application has taken a message. */
export type ClientOptions = Omit<MQTTClientOptions, "onError"> &
	Required<Pick<MQTTClientOptions, Always>> &
	ClientDefaults & { readonly acknowledge: false; readonly onError: (error?: ClientError) => void };

/** An MQTT client class, ECMA-419 §25. */
export type ClientClass = new (options: ClientOptions) => Client;

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
	backoff: Object.freeze({ minimum: 1000, maximum: 60_000, stable: 60_000, spread: 0 }),
	window: 20,
	rate: 20,
	queueBytes: 16_384,
	longest: 131_072,
	longestInbound: 4096,
});

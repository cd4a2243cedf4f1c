/**
 * What a session is given by others: the outbox, and the MQTT client class (ECMA-419 §25). Types only; what a user writes is in options.ts.
 */

import type { ByteBuffer, MQTTClientOptions, Ticks, WriteOptions } from "../mqtt/io.js";

// The outbox: holds QoS 1 messages until the broker has acknowledged them. Two implementations: queue.ts (RAM, bounded by
// bytes) and store/outbox.ts (flash journal). A message is `queued` (no packet identifier) → `sent` (identifier kept, so that
// DUP is right after a reconnect or a restart [MQTT-4.4.0-1]) → `released` (gone). A poison message is put aside and
// counted until `readmit` makes it `queued` again; it is never thrown away.

/**
 * A message that is held. Valid until the next `next`, `append` or `close` of its outbox (`sent` leaves it as it is), and
 * until control goes back to the host at the longest: a payload in flash is read into a buffer that others use.
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
export interface OutboxOptions {
	/** False when it is missing. */
	readonly retain?: boolean;
}

/** Holds QoS 1 messages until the broker has acknowledged them, as above. */
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

// The MQTT client class: ECMA-419 §25 with the extensions that DESIGN.md lists. modules/mqtt/client.ts is one, and the
// tests have a scripted one.

/** An MQTT client as a session uses it. */
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

/** What a session makes a client of. */
export type ClientOptions = Omit<MQTTClientOptions, "onError"> &
	Required<Pick<MQTTClientOptions, Always>> &
	ClientDefaults & {
		/** The session acknowledges once the application has taken a message. */
		readonly acknowledge: false;
		readonly onError: (error?: ClientError) => void;
	};

/** Those of them that stay the same from connection to connection. */
export type LinkOptions = Omit<
	ClientOptions,
	"acknowledge" | "onReadable" | "onWritable" | "onControl" | "onError"
>;

/** An MQTT client class, ECMA-419 §25. */
export type ClientClass = new (options: ClientOptions) => Client;

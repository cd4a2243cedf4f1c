/**
 * What goes into a client and comes out of it: ECMA-419 §25's options objects, with our extensions marked.
 * Types only; DESIGN.md lists where the standard, Moddable's client and this one differ.
 */

import type { ByteBuffer, ResolverClass, TCPClass, Timer, With } from "./io.js";

/** What the broker publishes when the connection ends without DISCONNECT (§3.1.2.5). */
export interface Will {
	/** A topic name. */
	readonly topic: string;
	/** Text goes as UTF-8; at most 65 535 bytes. */
	readonly message: string | ByteBuffer;
	/** 0 when it is missing. */
	readonly QoS?: number;
	/** False when it is missing. */
	readonly retain?: boolean;
}

/** One filter of SUBSCRIBE or UNSUBSCRIBE. */
export interface Item {
	/** A topic filter, `+` and `#` included (§4.7). */
	readonly topic: string;
	/** The greatest that is wanted; 0 when it is missing. Not of UNSUBSCRIBE. */
	readonly QoS?: number;
}

/** Of a message that is there as a whole it is one object, filled anew: valid until the message is read. */
export interface ReadableOptions {
	/** Whether another fragment of this message follows. */
	readonly more: boolean;
	/** On the first fragment only, as all below. */
	readonly topic?: string;
	/** As it was delivered: 0, 1 or 2. */
	readonly QoS?: number;
	/** Bytes in the whole payload. */
	readonly byteLength?: number;
	/** Extension: the message was retained by the broker before we subscribed. */
	readonly retain?: boolean;
	/** Extension: the broker has sent it before. */
	readonly duplicate?: boolean;
	/** Extension: packet identifier, above QoS 0. */
	readonly id?: number | undefined;
}

/** The options of a message, to be filled in. */
export type Message = { -readonly [Key in keyof ReadableOptions]: ReadableOptions[Key] };

/** Valid during the call: of acknowledgements it is one object that is filled anew. */
export interface ControlMessage {
	/** Packet type: `MQTTClient.CONNACK` … */
	readonly operation: number;
	/** Packet identifier, of packets that have one. */
	readonly id?: number | undefined;
	/** SUBACK: a return code for each filter (§3.9.3). */
	readonly payload?: readonly number[] | undefined;
	/** Extension: of a PUBLISH that was passed over, since its topic is longer than `longestTopic`. */
	readonly QoS?: number;
	/** Extensions: CONNACK (§3.2.2). */
	readonly sessionPresent?: boolean;
	/** 0: accepted; 1 to 5: refused (§3.2.2.3), and `onError` follows. */
	readonly returnCode?: number;
}

/** What is sent; without them `write` goes on with a payload that was begun. */
export interface WriteOptions {
	/** Packet type; PUBLISH when it is missing. */
	readonly operation?: number;
	/** Packet identifier; chosen by the client when it is missing. Bring all or none. */
	readonly id?: number;
	/** Of PUBLISH: a topic name, at most 65 535 bytes. */
	readonly topic?: string;
	/** Of PUBLISH; 0 when it is missing. */
	readonly QoS?: number;
	/** Of PUBLISH: the broker keeps it; false when it is missing. */
	readonly retain?: boolean;
	/** Of PUBLISH: it was sent before, under the same `id`; false when it is missing. */
	readonly duplicate?: boolean;
	/** Bytes in the whole payload, when it is written in fragments. */
	readonly byteLength?: number;
	/** Of SUBSCRIBE and UNSUBSCRIBE: one at least. */
	readonly items?: readonly Item[];
}

/** `Client` is the instance that the callbacks are called on. */
export interface MQTTClientOptions<Client = unknown> {
	/** `io`, the TCP or TLS class, and options of it. */
	readonly socket: With<TCPClass>;
	/** `io`, the resolver class, and options of it. */
	readonly dns: With<ResolverClass>;
	/** Extension: the standard has no timer. */
	readonly timer: Timer;
	/** A name or an address. */
	readonly host: string;
	/** 1883 when it is missing. */
	readonly port?: number;
	/** Client identifier; empty, the default, lets the broker choose: then `clean` must not be false. */
	readonly id?: string;
	/** None when it is missing. */
	readonly user?: string;
	/** Only beside `user` [MQTT-3.1.2-22]. */
	readonly password?: string | ByteBuffer;
	/** Milliseconds; 0, the default, is off. Sent as seconds, rounded up. */
	readonly keepAlive?: number;
	/** Clean Session (§3.1.2.4); true when it is missing. */
	readonly clean?: boolean;
	/** None when it is missing. */
	readonly will?: Will;
	/** Extension: false leaves PUBACK, PUBREC, PUBREL and PUBCOMP to the caller. */
	readonly acknowledge?: boolean;
	/** Extension: milliseconds from construction to CONNACK; 30 000 when it is missing. */
	readonly timeout?: number;
	/** Extension: topics of outgoing messages that are kept encoded; 4 when it is missing, 96 bytes each on a device. */
	readonly kept?: number;
	/**
	 * Extension: bytes of an inbound topic, up to which each is taken; 503 when it is missing or less. A message whose topic does
	 * not fit into a buffer of 9 more is passed over: its bytes are dropped, and `onControl` has PUBLISH instead of `onReadable`.
	 */
	readonly longestTopic?: number;
	/** The application's, kept as `target` (§8). */
	readonly target?: unknown;
	/** `count` bytes of a message can be read; what has not been read when the next one comes is waited for. */
	readonly onReadable?: (this: Client, count: number, options: ReadableOptions) => void;
	/** So many bytes of a packet can be written now. */
	readonly onWritable?: (this: Client, count: number) => void;
	/** A packet that is no message has come: CONNACK, PUBACK, SUBACK … */
	readonly onControl?: (this: Client, opcode: number, message: ControlMessage) => void;
	/** The connection has ended; the instance is closed already. */
	readonly onError?: (this: Client, error: MQTTError) => void;
}

/** Values of `Reason` (connection.ts): why a connection ended. */
export type ReasonCode = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** What `onError` gets. */
export interface MQTTError extends Error {
	/** One of `Reason`. */
	readonly code: ReasonCode;
	/** CONNACK's return code (§3.2.2.3), with `Reason.refused`. */
	readonly returnCode?: number | undefined;
}

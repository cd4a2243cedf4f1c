/**
 * What goes into a client and comes out of it: ECMA-419 §25's options objects, with our extensions marked.
 * Types only; DESIGN.md lists where the standard, Moddable's client and this one differ.
 */

import type { ByteBuffer, ResolverClass, TCPClass, Timer, With } from "./io.js";
import type { MQTTError } from "./reason.js";

export interface Will {
	readonly topic: string;
	readonly message: string | ByteBuffer;
	readonly QoS?: number;
	readonly retain?: boolean;
}

export interface Item {
	readonly topic: string;
	readonly QoS?: number;
}

/** Of a message that is there as a whole it is one object, filled anew: valid until the message is read. */
export interface ReadableOptions {
	/** Whether another fragment of this message follows. */
	readonly more: boolean;
	/** On the first fragment only, as all below. */
	readonly topic?: string;
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

/** Valid during the call: of acknowledgements it is one object that is filled anew. */
export interface ControlMessage {
	readonly operation: number;
	readonly id?: number | undefined;
	/** SUBACK: a return code for each filter (§3.9.3). */
	readonly payload?: readonly number[];
	/** Extension: of a PUBLISH that was passed over, since its topic is longer than `longestTopic`. */
	readonly QoS?: number;
	/** Extensions: CONNACK (§3.2.2). */
	readonly sessionPresent?: boolean;
	readonly returnCode?: number;
}

export interface WriteOptions {
	/** Packet type; PUBLISH when it is missing. */
	readonly operation?: number;
	/** Packet identifier; chosen by the client when it is missing. Bring all or none. */
	readonly id?: number;
	readonly topic?: string;
	readonly QoS?: number;
	readonly retain?: boolean;
	readonly duplicate?: boolean;
	/** Bytes in the whole payload, when it is written in fragments. */
	readonly byteLength?: number;
	readonly items?: readonly Item[];
}

/** `Client` is the instance that the callbacks are called on. */
export interface MQTTClientOptions<Client = unknown> {
	readonly socket: With<TCPClass>;
	readonly dns: With<ResolverClass>;
	/** Extension: the standard has no timer. */
	readonly timer: Timer;
	readonly host: string;
	/** 1883 when it is missing. */
	readonly port?: number;
	readonly id?: string;
	readonly user?: string;
	readonly password?: string | ByteBuffer;
	/** Milliseconds; 0, the default, is off. Sent as seconds, rounded up. */
	readonly keepAlive?: number;
	readonly clean?: boolean;
	readonly will?: Will;
	/** Extension: false leaves PUBACK, PUBREC, PUBREL and PUBCOMP to the caller. */
	readonly acknowledge?: boolean;
	/** Extension: milliseconds from construction to CONNACK; 30 000 when it is missing. */
	readonly timeout?: number;
	/** Extension: topics of outgoing messages that are kept encoded; 4 when it is missing, 232 bytes each on a device. */
	readonly kept?: number;
	/**
	 * Extension: bytes of an inbound topic, up to which each is taken; 503 when it is missing or less. A message whose topic does
	 * not fit into a buffer of 9 more is passed over: its bytes are dropped, and `onControl` has PUBLISH instead of `onReadable`.
	 */
	readonly longestTopic?: number;
	readonly target?: unknown;
	readonly onReadable?: (this: Client, count: number, options: ReadableOptions) => void;
	readonly onWritable?: (this: Client, count: number) => void;
	readonly onControl?: (this: Client, opcode: number, message: ControlMessage) => void;
	/** The connection has ended; the instance is closed already. */
	readonly onError?: (this: Client, error: MQTTError) => void;
}

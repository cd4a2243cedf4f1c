/**
 * What a session needs of an MQTT client class: ECMA-419 §25 with the extensions that DESIGN.md lists
 * (`retain`, `duplicate`, `id` on a message, `sessionPresent` and `returnCode` on CONNACK, a coded error,
 * `acknowledge: false`). Types only; modules/mqtt/client.ts is such a class, and so is the tests' scripted one.
 */

import type { ByteBuffer, ResolverClass, TCPClass, Ticks, Timer, With } from "../mqtt/io.js";
import type { ReadableOptions, WriteOptions } from "../mqtt/options.js";

export type ClientMessage = ReadableOptions;

export interface ClientControl {
	readonly operation: number;
	readonly id?: number;
	readonly sessionPresent?: boolean;
	readonly returnCode?: number;
	/** SUBACK: one code for each filter of the SUBSCRIBE. */
	readonly payload?: ArrayLike<number>;
}

export type ClientWriteOptions = WriteOptions;

/** Anything that says what went wrong; `code` is a number where the client is ours. */
export interface ClientError {
	readonly code?: unknown;
	readonly message?: unknown;
	/** What the socket said, with a `code` of its own where the host knows more (TLS). */
	readonly cause?: unknown;
}

export interface Client {
	read(buffer: ByteBuffer): number | undefined;
	/** Throws when the packet does not fit into what is writable now; nothing has left then. */
	write(data: ByteBuffer | undefined, options?: ClientWriteOptions): number;
	close(): void;
}

export interface ClientDefaults {
	readonly socket: With<TCPClass>;
	readonly dns: With<ResolverClass>;
	readonly timer: Timer;
	readonly ticks: Ticks;
}

export interface ClientOptions extends ClientDefaults {
	readonly host: string;
	readonly port: number;
	readonly id: string;
	readonly user?: string;
	readonly password?: string | ByteBuffer;
	/** Milliseconds. */
	readonly keepAlive: number;
	readonly clean: boolean;
	readonly will: {
		readonly topic: string;
		readonly message: string;
		readonly QoS: 0 | 1 | 2;
		readonly retain: boolean;
	};
	/** Milliseconds until CONNACK. */
	readonly timeout?: number;
	/** Always false: the session acknowledges once the application has taken a message. */
	readonly acknowledge: boolean;
	readonly onReadable: (count: number, message: ClientMessage) => void;
	readonly onWritable: (count: number) => void;
	readonly onControl: (operation: number, message: ClientControl) => void;
	readonly onError: (error?: ClientError) => void;
}

export type ClientClass = new (options: ClientOptions) => Client;

/**
 * Types of an MQTT client; nothing here exists at run time. First what goes in and comes out: the options objects of ECMA-419 §25, with
 * our extensions marked (DESIGN.md lists where the standard, Moddable's client and this one differ). Then the classes it takes from its
 * host: TCP socket (§10), Domain Name Resolver (§18), and, because the standard has none, Moddable's `timer` and `time` modules.
 */

/** What the broker publishes when the connection ends without DISCONNECT (§3.1.2.5). */
export interface Will extends Pick<WriteOptions, "QoS" | "retain"> {
	/** A topic name. */
	readonly topic: string;
	/** Text goes as UTF-8; at most 65 535 bytes. */
	readonly message: string | ByteBuffer;
}

/** One filter of SUBSCRIBE, where QoS is the greatest that is wanted, or UNSUBSCRIBE. */
export interface Item extends Pick<WriteOptions, "QoS"> {
	/** A topic filter, `+` and `#` included (§4.7). */
	readonly topic: string;
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

/** ECMA-419 "Byte Buffer" (§6). */
export type ByteBuffer = ArrayBuffer | Uint8Array | Int8Array | DataView;

/** For what is written in parts (§10). */
export interface TCPWriteOptions {
	/** More fragments of the same sequence follow. */
	readonly more?: boolean;
	/** Bytes in the whole sequence; on its first fragment. */
	readonly byteLength?: number;
}

/** A connection (TCP, or TLS as its logical subclass). All methods throw after `close`, which may be repeated. */
export interface TCP {
	/** `number`: single bytes are read and written. Setting another throws. */
	format: "buffer" | "number";
	/** Fills as much of `buffer` as there is and returns how many bytes; `undefined` when there is nothing. */
	read(buffer: ByteBuffer): number | undefined;
	/** A new buffer of at most `byteLength` bytes, or the next byte in "number" format. */
	read(byteLength?: number): ArrayBuffer | number | undefined;
	/** Writes all or throws and writes nothing. Returns how many bytes may be written next. */
	write(data: ByteBuffer | number, options?: TCPWriteOptions): number;
	/** What was written still leaves; nothing is called back any more. May be repeated. */
	close(): void;
}

/** Of the constructor, which throws on wrong ones. */
export interface TCPOptions {
	/** An IP address, no name. */
	readonly address: string;
	/** 1 to 65535. */
	readonly port: number;
	/** TLS only: server name and credentials (§10, TLS Client socket). */
	readonly tls?: object;
	/** `bytes` may be read. Called again only once more has arrived. */
	readonly onReadable?: (this: TCP, bytes: number) => void;
	/** `bytes` may be written. The first call says that the connection stands. */
	readonly onWritable?: (this: TCP, bytes: number) => void;
	/** The connection is gone. Hosts that know more pass a reason. */
	readonly onError?: (this: TCP, reason?: unknown) => void;
}

/** A constructor options object that names its class, as ECMA-419 passes them about. */
export type With<Class, More = unknown> = { readonly io: Class } & More;

/** A TCP socket class, or a TLS one. */
export type TCPClass = new (options: TCPOptions) => TCP;

/** Names to addresses (§18). */
export interface Resolver {
	/** `host` may be a name or an address. `callback(null, address, host)` or `callback(error)`, once, later. */
	resolve(
		options: { readonly host: string },
		callback: (error: Error | null, address?: string, host?: string) => void,
	): void;
	/** No callback comes after it. May be repeated. */
	close(): void;
}

/** Its options are what stands beside `io`. */
export type ResolverClass = new (options: object) => Resolver;

declare const timer: unique symbol;
/**
 * What `Timer.set` returns: opaque to all but the `Timer` that made it. Its maker may note on it whose timer it is: one callback then
 * serves all timers of a kind, where a closure for each would take 168 bytes.
 */
export type TimerHandle = { readonly [timer]: true; owner?: unknown };

/** Moddable's `timer` module. Delays are in milliseconds; a callback gets its handle. */
export interface Timer {
	/** Calls back once after `delay`, and then every `repeat` milliseconds if that is given. */
	set(callback: (handle: TimerHandle) => void, delay?: number, repeat?: number): TimerHandle;
	/** As `set` with the interval as delay and repeat. */
	repeat(callback: (handle: TimerHandle) => void, interval: number): TimerHandle;
	/** Moves a timer that still stands. With neither delay nor repeat it sleeps until moved again. */
	schedule(handle: TimerHandle, delay?: number, repeat?: number): void;
	/** It no longer stands. Without a handle, or with one that has gone, nothing happens. */
	clear(handle: TimerHandle | undefined): void;
}

/** The monotonic half of Moddable's `time` module. */
export interface Ticks {
	/** Milliseconds since some moment, 32 bits, wrapping: only `(later - earlier) | 0` means anything. */
	readonly ticks: number;
}

/**
 * The classes an MQTT client takes from its host, as ECMA-419 describes them: TCP socket (§10),
 * Domain Name Resolver (§18), and, because the standard has none, the timer and clock of Moddable's
 * `timer` and `time` modules. Types only: nothing here exists at run time.
 */

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

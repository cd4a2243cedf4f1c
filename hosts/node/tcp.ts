/**
 * ECMA-419 §10, TCP socket, over `node:net`, adapted up to the standard: `write` is all or nothing into a finite
 * buffer, `onWritable` first fires at connect, a sequence announced by `more` leaves as one segment, what is read
 * is bounded. All that a turn of the event loop writes leaves at its end, in one system call. Callbacks come from Node's event loop only, so never inside a public method.
 * Not here: `from` (there is no listener), and TLS, which is a subclass (tls.ts).
 */

import { connect as connectSocket, isIP, type Socket } from "node:net";
import type { ByteBuffer, TCPOptions, TCP as TCPPattern, TCPWriteOptions } from "../../modules/mqtt/io.js";
import { normal, view } from "./bytes.js";
import { Received } from "./received.js";

/** The options of §10, and one of our own. */
export interface NodeTCPOptions extends TCPOptions {
	/** No Nagle's algorithm; false if not given. */
	readonly noDelay?: boolean;
	/** Milliseconds. */
	readonly keepAlive?: number;
	/** `buffer` if not given. */
	readonly format?: "buffer" | "number";
	/** The application's, handed on as it is (§8). */
	readonly target?: unknown;
	/** Ours: bytes that may wait to be sent; 16 KiB if not given. A board has some 5 KiB. */
	readonly writeBuffer?: number;
	/** Ours: called before bytes leave. If it throws they do not, and the connection has failed. */
	readonly onLeave?: () => void;
}

/** A socket on its way, and the event that says it stands. Options are already checked. */
export interface Connection {
	/** Node's own, connected or not yet. */
	readonly socket: Socket;
	/** The event that says that it stands: `connect`, or `secureConnect`. */
	readonly event: "connect" | "secureConnect";
	/** Gives an error of Node's the code and words of ours. */
	readonly explain?: (error: Error) => Error;
}

const defaultWriteBuffer = 16384;
/** Above this the socket is paused; Node may still deliver one chunk of 64 KiB. */
const readBuffer = 16384;
/** A sequence whose end does not come leaves after this, as with Linux's TCP_CORK. */
const corkTime = 200;

/** How long bytes that were written may still leave after `close`. */
const closeTime = 1000;

const State = Object.freeze({ connecting: 0, open: 1, failing: 2, failed: 3, closed: 4 });
type State = (typeof State)[keyof typeof State];

/**
 * TCP socket (ECMA-419 §10) over `node:net`. The constructor throws on wrong options; what happens later comes by
 * `onError`.
 */
export class TCP implements TCPPattern {
	target: unknown;
	#state: State = State.connecting;
	#format: "buffer" | "number" = "buffer";
	#socket: Socket;
	#options: NodeTCPOptions;
	#explain: ((error: Error) => Error) | undefined;

	readonly #received = new Received();
	#paused = false;

	#capacity: number;
	/** Bytes taken by `write` that the kernel has not taken yet; those held for the rest of a sequence included. */
	#pending = 0;
	#held: Buffer[] = [];
	#heldLength = 0;
	/** What is missing of the announced sequence; 0 when its length was not told. */
	#sequence = 0;
	#cork: NodeJS.Timeout | undefined;
	/** Bytes leave when the turn ends. */
	#leaving = false;
	#reason: Error | undefined;

	/** The second argument is how a subclass brings its own kind of connection. */
	constructor(options: NodeTCPOptions, connect: (options: NodeTCPOptions) => Connection = connectTCP) {
		check(options);
		this.#options = { ...options };
		this.target = options.target;
		this.#format = options.format ?? "buffer";
		this.#capacity = options.writeBuffer ?? defaultWriteBuffer;
		const { socket, event, explain } = connect(options);
		this.#socket = socket;
		this.#explain = explain;
		if (options.noDelay) socket.setNoDelay(true);
		if (options.keepAlive) socket.setKeepAlive(true, options.keepAlive);
		socket.on(event, () => this.#connected());
		socket.on("data", data => this.#hear(data));
		socket.on("error", error => this.#failed(this.#explain?.(error) ?? error));
		socket.on("end", () => {
			// In the middle of a TLS handshake the error that follows says more.
			if (this.#state !== State.connecting)
				this.#failed(coded("closed", "the other side closed the connection"));
		});
		socket.on("close", () => this.#failed(coded("closed", "the connection was closed")));
	}

	get format() {
		return this.#format;
	}
	set format(value) {
		this.#check();
		if (value !== "buffer" && value !== "number") throw new RangeError(`TCP: no format "${value}"`);
		this.#format = value;
	}
	/** The peer's address; `undefined` before the connection stands. */
	get remoteAddress(): string | undefined {
		const address = this.#state === State.closed ? undefined : this.#socket.remoteAddress;
		return address === undefined ? undefined : normal(address);
	}
	/** The peer's port; `undefined` before the connection stands. */
	get remotePort(): number | undefined {
		return this.#state === State.closed ? undefined : this.#socket.remotePort;
	}

	read(buffer: ByteBuffer): number | undefined;
	read(byteLength?: number): ArrayBuffer | number | undefined;
	read(option?: ByteBuffer | number): ArrayBuffer | number | undefined {
		this.#check();
		if (this.#format === "number") {
			if (option !== undefined) throw new TypeError('TCP: read takes no argument in format "number"');
			if (this.#received.length === 0) return undefined;
			const byte = new Uint8Array(1);
			this.#take(byte);
			return byte[0];
		}
		if (option === undefined || typeof option === "number") {
			if (option !== undefined && !(Number.isInteger(option) && option > 0))
				throw new RangeError("TCP: byteLength must be a positive integer");
			if (this.#received.length === 0) return undefined;
			const result = new ArrayBuffer(Math.min(option ?? this.#received.length, this.#received.length));
			this.#take(new Uint8Array(result));
			return result;
		}
		const target = view(option);
		if (this.#received.length === 0) return undefined;
		return this.#take(target);
	}

	write(data: ByteBuffer | number, options?: TCPWriteOptions): number {
		this.#check();
		const bytes = this.#format === "number" ? one(data) : view(data);
		const more = Boolean(options?.more);
		const announced = options?.byteLength;
		if (announced !== undefined && !(Number.isInteger(announced) && announced >= 0))
			throw new RangeError("TCP: byteLength of a sequence must be a whole number");
		// `onError` may still be on its way to the writer: the reason is the same.
		if (this.#state === State.failed) throw this.#reason ?? new Error("TCP: the connection is gone");
		if (bytes.byteLength > this.#writable()) throw new Error("TCP: write does not fit");
		// The other side went, but its last bytes are still to be read and onError is to come: lost like any byte in flight.
		if (this.#state === State.failing) return this.#writable();

		const expected = announced ?? this.#sequence;
		this.#sequence = more ? Math.max(expected - bytes.byteLength, 0) : 0;
		this.#pending += bytes.byteLength;
		if (bytes.byteLength) {
			this.#held.push(Buffer.from(bytes));
			this.#heldLength += bytes.byteLength;
		}
		// A sequence that is longer than the buffer must not wait for an end which cannot be written.
		const complete = !more || (expected > 0 && this.#sequence === 0);
		if (complete || this.#heldLength * 2 >= this.#capacity) this.#leave();
		else this.#cork ??= setTimeout(() => this.#flush(), corkTime);
		return this.#writable();
	}

	close(): void {
		if (this.#state === State.closed) return;
		const open = this.#state === State.open;
		if (open) this.#flush();
		this.#state = State.closed;
		clearTimeout(this.#cork);
		this.#received.clear();
		if (!open) {
			this.#socket.destroy();
			return;
		}
		// What was written still leaves, as it does from lwIP, for a second; what arrives is let go, or the kernel resets.
		this.#socket.resume();
		this.#socket.destroySoon();
		setTimeout(() => this.#socket.destroy(), closeTime).unref();
	}

	#check(): void {
		if (this.#state === State.closed) throw new Error("TCP: closed");
	}
	#writable(): number {
		return this.#state === State.open || this.#state === State.failing ? this.#capacity - this.#pending : 0;
	}

	/** Fills `target` with what has come; there is at least one byte. */
	#take(target: Uint8Array): number {
		const filled = this.#received.take(target);
		if (this.#received.length === 0 && this.#state === State.failing) setImmediate(() => this.#report());
		if (this.#paused && this.#received.length < readBuffer) {
			this.#paused = false;
			this.#socket.resume();
		}
		return filled;
	}

	#leave(): void {
		if (this.#leaving) return;
		this.#leaving = true;
		setImmediate(() => {
			this.#leaving = false;
			this.#flush();
		});
	}
	#flush(): void {
		clearTimeout(this.#cork);
		this.#cork = undefined;
		if (this.#heldLength === 0) return;
		try {
			this.#options.onLeave?.();
		} catch (error) {
			this.#held = [];
			this.#heldLength = 0;
			setImmediate(() =>
				this.#failed(coded("closed", "what was to leave rests on a write that failed", error)),
			);
			return;
		}
		const bytes = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
		this.#held = [];
		this.#heldLength = 0;
		this.#socket.write(bytes, error => error || this.#sent(bytes.byteLength));
	}

	#connected(): void {
		if (this.#state !== State.connecting) return;
		this.#state = State.open;
		this.#options.onWritable?.call(this, this.#writable());
	}
	#sent(byteLength: number): void {
		this.#pending -= byteLength;
		if (this.#state === State.open) this.#options.onWritable?.call(this, this.#writable());
	}
	#hear(data: Uint8Array): void {
		if (this.#state !== State.open) return;
		this.#received.push(data);
		if (this.#received.length >= readBuffer) {
			this.#paused = true;
			this.#socket.pause();
		}
		this.#options.onReadable?.call(this, this.#received.length);
	}

	/** The end, from either side. What has arrived is read first, as on the ESP32. */
	#failed(reason: Error): void {
		if (this.#state >= State.failing) return;
		this.#reason = reason;
		clearTimeout(this.#cork);
		this.#state = State.failing;
		if (this.#received.length === 0) this.#report();
	}
	#report(): void {
		if (this.#state !== State.failing) return;
		this.#state = State.failed;
		this.#socket.destroy();
		this.#options.onError?.call(this, this.#reason);
	}
}

/** An Error with the code that layers above tell apart. */
export function coded(code: string, message: string, cause?: unknown): Error & { code: string } {
	return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}

function connectTCP({ address, port }: NodeTCPOptions): Connection {
	return { socket: connectSocket({ host: address, port }), event: "connect" };
}

function one(value: unknown): Uint8Array {
	if (!(Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 255))
		throw new TypeError('TCP: write takes a byte value in format "number"');
	return Uint8Array.of(value as number);
}

function check(options: NodeTCPOptions): void {
	const { address, port, keepAlive, format, writeBuffer, onReadable, onWritable, onError } = options;
	if (typeof address !== "string" || !isIP(address))
		throw new TypeError(`TCP: address must be an IP address, found ${address}`);
	if (!(Number.isInteger(port) && port >= 0 && port <= 65535))
		throw new RangeError(`TCP: port must be 0 … 65535, found ${port}`);
	if (keepAlive !== undefined && !(Number.isInteger(keepAlive) && keepAlive > 0))
		throw new RangeError("TCP: keepAlive must be a positive number of milliseconds");
	if (format !== undefined && format !== "buffer" && format !== "number")
		throw new RangeError(`TCP: no format "${format}"`);
	if (writeBuffer !== undefined && !(Number.isInteger(writeBuffer) && writeBuffer > 0))
		throw new RangeError("TCP: writeBuffer must be a positive integer");
	for (const callback of [onReadable, onWritable, onError])
		if (callback !== undefined && callback !== null && typeof callback !== "function")
			throw new TypeError("TCP: a callback must be a function");
}

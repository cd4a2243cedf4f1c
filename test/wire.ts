/**
 * A network in memory, driven by hand: an ECMA-419 TCP class and resolver for a client, and the broker's end
 * of each connection for the test. Callbacks run inside the test's own calls, where no other script runs.
 */

import type { ByteBuffer, Resolver, TCP, TCPOptions, TCPWriteOptions } from "../modules/mqtt/io.js";

type Resolved = (error: Error | null, address?: string, host?: string) => void;

/** The broker's end of one connection. */
export class Line {
	readonly options: TCPOptions;
	/** Each write of the client, in order. */
	readonly writes: { bytes: Uint8Array; options: TCPWriteOptions | undefined }[] = [];
	/** Bytes the client may still write. */
	room: number;
	closed = false;
	/** The client asked for bytes that are not there: the standard allows it, a careful client never does. */
	idleReads = 0;
	reads = 0;
	#incoming: Uint8Array = new Uint8Array(0);
	readonly #socket: Socket;

	constructor(socket: Socket, options: TCPOptions, room: number) {
		this.#socket = socket;
		this.options = options;
		this.room = room;
	}
	/** All that the client has written. */
	get written(): Buffer {
		return Buffer.concat(this.writes.map(({ bytes }) => bytes));
	}
	get unread(): number {
		return this.#incoming.byteLength;
	}
	/** The connection stands. */
	connect(): void {
		this.options.onWritable?.call(this.#socket, this.room);
	}
	/** `bytes` arrive in one segment; fewer are announced when some come after the announcement was made. */
	send(bytes: Iterable<number>, announced?: number): void {
		if (this.closed) return;
		const more = Uint8Array.from(bytes);
		const all = new Uint8Array(this.#incoming.byteLength + more.byteLength);
		all.set(this.#incoming);
		all.set(more, this.#incoming.byteLength);
		this.#incoming = all;
		this.options.onReadable?.call(this.#socket, announced ?? all.byteLength);
	}
	/** The network took `bytes` off the client's hands. */
	drain(bytes: number): void {
		if (this.closed) return;
		this.room += bytes;
		this.options.onWritable?.call(this.#socket, this.room);
	}
	/** The connection is lost. */
	drop(reason?: unknown): void {
		if (this.closed) return;
		this.options.onError?.call(this.#socket, reason);
	}
	take(count: number): Uint8Array {
		this.reads++;
		if (this.#incoming.byteLength === 0) this.idleReads++;
		const bytes = this.#incoming.subarray(0, count);
		this.#incoming = this.#incoming.subarray(bytes.byteLength);
		return bytes;
	}
}

class Socket implements TCP {
	format: "buffer" | "number" = "buffer";
	line!: Line;
	read(buffer: ByteBuffer): number | undefined;
	read(byteLength?: number): ArrayBuffer | undefined;
	read(target?: ByteBuffer | number): ArrayBuffer | number | undefined {
		if (this.line.closed) throw new Error("socket: closed");
		if (target === undefined || typeof target === "number") {
			const bytes = this.line.take(target ?? Number.POSITIVE_INFINITY);
			return bytes.byteLength ? Uint8Array.from(bytes).buffer : undefined;
		}
		const bytes = this.line.take(target.byteLength);
		if (bytes.byteLength === 0) return undefined;
		const view =
			target instanceof ArrayBuffer
				? new Uint8Array(target)
				: new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
		view.set(bytes);
		return bytes.byteLength;
	}
	write(data: ByteBuffer | number, options?: TCPWriteOptions): number {
		const { line } = this;
		if (line.closed) throw new Error("socket: closed");
		const bytes =
			typeof data === "number"
				? Uint8Array.of(data)
				: data instanceof ArrayBuffer
					? new Uint8Array(data)
					: new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
		if (bytes.byteLength > line.room) throw new Error("socket: no room");
		line.room -= bytes.byteLength;
		line.writes.push({ bytes: bytes.slice(), options: options && { ...options } });
		return line.room;
	}
	close(): void {
		this.line.closed = true;
	}
}

export class Wire {
	/** A line for each connection the client has tried to make, the newest last. */
	readonly lines: Line[] = [];
	readonly resolutions: { host: string; callback: Resolved; closed: boolean }[] = [];
	readonly socket: { io: new (options: TCPOptions) => TCP };
	readonly dns: { io: new (options: object) => Resolver };

	/** `room` is how many bytes each socket takes before it must be drained. */
	constructor(room = 65_536) {
		const { lines, resolutions } = this;
		this.socket = {
			io: class extends Socket {
				constructor(options: TCPOptions) {
					super();
					this.line = new Line(this, options, room);
					lines.push(this.line);
				}
			},
		};
		this.dns = {
			io: class implements Resolver {
				#own: { closed: boolean }[] = [];
				resolve({ host }: { host: string }, callback: Resolved) {
					const resolution = { host, callback, closed: false };
					this.#own.push(resolution);
					resolutions.push(resolution);
				}
				close() {
					for (const resolution of this.#own) resolution.closed = true;
				}
			},
		};
	}
	get line(): Line {
		const line = this.lines.at(-1);
		if (!line) throw new Error("wire: no connection was tried");
		return line;
	}
	/** Answers the newest name look-up, unless its resolver was closed. */
	resolve(error: Error | null = null, address = "127.0.0.1"): void {
		const resolution = this.resolutions.at(-1);
		if (!resolution) throw new Error("wire: no look-up was asked for");
		if (resolution.closed) return;
		if (error) resolution.callback(error);
		else resolution.callback(null, address, resolution.host);
	}
}

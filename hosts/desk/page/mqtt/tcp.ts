/**
 * ECMA-419 §10, TCP socket, made of a WebSocket to the desk (subprotocol `mqtt`), so that the firmware's own MQTT client
 * runs in a browser. `write` is all or nothing into what the WebSocket has not sent yet; callbacks come from its events
 * and from timers, so never inside a public method. `address` and `port` are not looked at: the desk knows one broker.
 * Of the formats only `buffer` is there. A WebSocket cannot be told to wait, so what comes is held until it is read.
 */

import type {
	ByteBuffer,
	TCPOptions,
	TCP as TCPPattern,
	TCPWriteOptions,
} from "../../../../modules/mqtt/io.js";
import type { Through } from "./link.js";
import { DeskResolver } from "./timer.js";

export interface WebSocketOptions extends TCPOptions {
	readonly format?: string;
	/** Ours: where the desk is. */
	readonly url: string;
	/** Ours: a WebSocket class; the browser's if not given. */
	readonly Socket?: new (
		url: string,
		protocol: string,
	) => WebSocket;
}

/** Bytes that may wait to be sent. */
const CAPACITY = 1 << 18;
/** A WebSocket does not say when it has sent something. */
const LOOK = 20;

export class WebSocketTCP implements TCPPattern {
	readonly #options: WebSocketOptions;
	readonly #socket: WebSocket;
	#open = false;
	#closed = false;
	#failed: string | undefined;
	#chunks: Uint8Array[] = [];
	#gathered: Uint8Array<ArrayBuffer>[] = [];
	#readable = 0;
	#look: ReturnType<typeof setTimeout> | undefined;

	constructor(options: WebSocketOptions) {
		const { url, Socket = WebSocket, format = "buffer" } = options;
		this.format = format;
		for (const callback of [options.onReadable, options.onWritable, options.onError])
			if (callback !== undefined && typeof callback !== "function")
				throw new TypeError("TCP: expected a function for a callback");
		this.#options = options;
		this.#socket = new Socket(url, "mqtt");
		this.#socket.binaryType = "arraybuffer";
		this.#socket.onopen = () => {
			this.#open = true;
			this.#options.onWritable?.call(this, CAPACITY);
		};
		this.#socket.onmessage = ({ data }: MessageEvent<unknown>) => {
			if (this.#closed || !(data instanceof ArrayBuffer) || data.byteLength === 0) return;
			this.#chunks.push(new Uint8Array(data));
			this.#readable += data.byteLength;
			this.#options.onReadable?.call(this, this.#readable);
		};
		this.#socket.onclose = ({ reason, code }) => this.#fail(reason || `the desk is gone (${code})`);
	}

	get format(): "buffer" {
		return "buffer";
	}
	set format(value: string) {
		this.#check();
		if (value !== "buffer") throw new RangeError("TCP: format must be buffer");
	}

	read(buffer: ByteBuffer): number | undefined;
	read(byteLength?: number): ArrayBuffer | undefined;
	read(option?: ByteBuffer | number): ArrayBuffer | number | undefined {
		this.#check();
		if (this.#readable === 0) return undefined;
		if (typeof option === "object") return this.#take(view(option));
		if (option !== undefined && !(Number.isInteger(option) && option > 0))
			throw new RangeError("TCP: byteLength must be a positive integer");
		const bytes = new Uint8Array(Math.min(option ?? this.#readable, this.#readable));
		this.#take(bytes);
		return bytes.buffer;
	}

	write(data: ByteBuffer | number, { more = false }: TCPWriteOptions = {}): number {
		this.#check();
		if (typeof data === "number") throw new TypeError("TCP: expected a Byte Buffer");
		const bytes = view(data);
		if (!this.#open || this.#failed) throw new Error("TCP: not connected");
		if (bytes.byteLength > this.#writable) throw new Error("TCP: write does not fit");
		// A copy: the owner reuses its buffer.
		this.#gathered.push(bytes.slice());
		if (!more) this.#send();
		this.#look ??= setTimeout(() => this.#sent(), LOOK);
		return this.#writable;
	}

	close(): void {
		if (this.#closed) return;
		if (this.#open && !this.#failed) this.#send();
		this.#closed = true;
		clearTimeout(this.#look);
		this.#chunks = [];
		this.#readable = 0;
		this.#socket.onclose = this.#socket.onmessage = this.#socket.onopen = null;
		// What was written leaves before the close frame does.
		this.#socket.close();
	}

	get #writable(): number {
		const waiting = this.#gathered.reduce(
			(sum, { byteLength }) => sum + byteLength,
			this.#socket.bufferedAmount,
		);
		return Math.max(CAPACITY - waiting, 0);
	}

	/** The fragments of a sequence, as one. */
	#send(): void {
		const [first, ...others] = this.#gathered;
		this.#gathered = [];
		if (others.length) this.#socket.send(new Blob([first as Uint8Array<ArrayBuffer>, ...others]));
		else if (first?.byteLength) this.#socket.send(first);
	}

	#check(): void {
		if (this.#closed) throw new Error("TCP: closed");
	}

	/** Fills `target` from the chunks; there is at least one byte. */
	#take(target: Uint8Array): number {
		let filled = 0;
		while (filled < target.byteLength && this.#chunks.length) {
			const chunk = this.#chunks[0] as Uint8Array;
			const part = chunk.subarray(0, target.byteLength - filled);
			target.set(part, filled);
			filled += part.byteLength;
			if (part.byteLength === chunk.byteLength) this.#chunks.shift();
			else this.#chunks[0] = chunk.subarray(part.byteLength);
		}
		this.#readable -= filled;
		if (this.#readable === 0 && this.#failed) setTimeout(() => this.#report());
		return filled;
	}

	#sent(): void {
		this.#look = undefined;
		if (this.#closed || this.#failed) return;
		// Of a sequence whose end does not come, too.
		this.#send();
		if (this.#socket.bufferedAmount) this.#look = setTimeout(() => this.#sent(), LOOK);
		this.#options.onWritable?.call(this, this.#writable);
	}

	/** What has arrived is read first, as on the other hosts. */
	#fail(reason: string): void {
		if (this.#closed || this.#failed) return;
		this.#failed = reason;
		clearTimeout(this.#look);
		if (this.#readable === 0) this.#report();
	}

	#report(): void {
		if (this.#closed) return;
		this.#options.onError?.call(this, new Error(this.#failed));
	}
}

/** The way to the desk's broker, for a link. */
export function through(url: string): Through {
	return {
		host: "desk",
		socket: { io: WebSocketTCP, url } as unknown as Through["socket"],
		dns: { io: DeskResolver },
	};
}

function view(value: ByteBuffer): Uint8Array {
	return ArrayBuffer.isView(value)
		? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
		: new Uint8Array(value);
}

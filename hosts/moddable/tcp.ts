/**
 * The SDK's TCP socket adapted up to ECMA-419 §10: a read that asks for more than there is gets what there is
 * (the SDK throws), a write tells the room that is left, nothing is called back after `close` nor after `onError`.
 * `address` must be an IPv4 address on the simulator. Fragments need no care here: lwIP sends what a turn wrote as one.
 *
 * Fields are plain and callbacks are methods that all sockets share, for each message passes here twice (-70 % of instructions on a
 * receive).
 */

import SDKTCP from "embedded:io/socket/tcp";
import Timer from "timer";
import type { ByteBuffer, TCPOptions, TCP as TCPPattern } from "../../modules/mqtt/io.js";

/** The SDK's class as it is, which its typings only sketch. */
const Base = SDKTCP as unknown as new (options: object) => TCPPattern;

export class TCP extends Base {
	// Declared, and made in the constructor, in the order in which they are looked for. `readable` and `writable` are taken: the SDK's
	// TLSSocket keeps figures of its own there.
	/** Bytes announced and not yet read. */
	declare private unread: number;
	/** 0 open → 1 failed, of which `end` is told → 2 closed. */
	declare private state: 0 | 1 | 2;
	/** Format is `number`: the SDK's getter is called for each read otherwise. */
	declare private single: boolean;
	/** Room as last told; the SDK returns nothing where a connection has just failed. */
	declare private room: number;
	declare private hear: (bytes: number) => void;
	declare private tell: (bytes: number) => void;
	declare private end: () => void;
	/** The buffer of the last short read, and views of its beginnings by the last bits of their length: a client has one. */
	declare private buffer: ByteBuffer | undefined;
	declare private views: Uint8Array[];

	constructor(options: TCPOptions) {
		const { address, onReadable, onWritable, onError } = options;
		// The SDK makes a text of any value it is given, and fails on a callback when it is due.
		if (typeof address !== "string") throw new TypeError(`TCP: expected an address, found ${address}`);
		[onReadable, onWritable, onError].forEach(callback => {
			if (callback !== undefined && typeof callback !== "function")
				throw new TypeError("TCP: callbacks must be functions");
		});
		const shared = TCP.prototype;
		super({ ...options, onReadable: shared.heard, onWritable: shared.told, onError: shared.failed });
		// All that is called back comes from later turns.
		this.unread = 0;
		this.state = 0;
		this.single = (options as { format?: string }).format === "number";
		this.room = 0;
		this.hear = onReadable ?? nothing;
		this.tell = onWritable ?? nothing;
		this.end = onError ?? nothing;
	}

	override get format(): "buffer" | "number" {
		return super.format;
	}
	override set format(value: "buffer" | "number") {
		super.format = value;
		this.single = value === "number";
	}

	override read(buffer: ByteBuffer): number | undefined;
	override read(byteLength?: number): ArrayBuffer | number | undefined;
	override read(option?: ByteBuffer | number): ArrayBuffer | number | undefined {
		const readable = this.unread;
		if (this.state === 2) throw new Error("TCP: closed");
		if (readable === 0) return undefined;
		if (this.single || typeof option !== "object") return this.take(option as number | undefined);
		const size = option.byteLength;
		if (size <= readable) {
			this.unread = readable - size;
			super.read(option);
			return size;
		}
		this.unread = 0;
		super.read(this.part(option, readable));
		return readable;
	}
	/** The next byte, or a new buffer. */
	private take(byteLength: number | undefined): ArrayBuffer | number | undefined {
		const count = this.single
			? 1
			: byteLength !== undefined && byteLength < this.unread
				? byteLength
				: this.unread;
		this.unread -= count;
		return this.single ? super.read() : super.read(count);
	}
	/** The first `count` bytes of a buffer, as a view. */
	private part(buffer: ByteBuffer, count: number): Uint8Array {
		if (buffer !== this.buffer) {
			this.buffer = buffer;
			this.views = [];
		}
		const view = this.views[count & 3];
		if (view && view.byteLength === count) return view;
		const made = ArrayBuffer.isView(buffer)
			? new Uint8Array(buffer.buffer, buffer.byteOffset, count)
			: new Uint8Array(buffer, 0, count);
		this.views[count & 3] = made;
		return made;
	}

	override write(data: ByteBuffer | number): number {
		if (this.state) throw new Error("TCP: the connection is gone");
		const writable = super.write(data) as number | undefined;
		if (writable === undefined) return this.lost(data);
		this.room = writable;
		return writable;
	}
	/**
	 * The connection is gone in this moment, and what is written meanwhile is lost like any byte in flight. The simulator's socket
	 * would never say so.
	 */
	private lost(data: ByteBuffer | number): number {
		Timer.set(() => this.failed());
		this.room = Math.max(this.room - (typeof data === "number" ? 1 : data.byteLength), 0);
		return this.room;
	}

	override close(): void {
		if (this.state === 2) return;
		this.state = 2;
		super.close();
	}

	private heard(bytes: number): void {
		if (this.state === 2) return;
		this.unread = bytes;
		this.hear(bytes);
	}
	private told(bytes: number): void {
		if (this.state) return;
		this.room = bytes;
		this.tell(bytes);
	}
	private failed(): void {
		if (this.state) return;
		this.state = 1;
		this.end();
	}
}

const nothing = (): void => {};

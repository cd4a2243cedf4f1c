/**
 * The SDK's TCP socket adapted up to ECMA-419 §10: a read that asks for more than there is gets what there is
 * (the SDK throws), a write tells the room that is left, nothing is called back after `close` nor after `onError`.
 * `address` must be an IPv4 address on the simulator. Fragments need no care here: lwIP sends what a turn wrote as one.
 */

import SDKTCP from "embedded:io/socket/tcp";
import Timer from "timer";
import type { ByteBuffer, TCPOptions, TCP as TCPPattern } from "../../modules/mqtt/io.js";

/** The SDK's class as it is, which its typings only sketch. */
const Base = SDKTCP as unknown as new (options: object) => TCPPattern;

export class TCP extends Base {
	/** Bytes announced and not yet read. */
	#readable = 0;
	/** Room as last told; the SDK returns nothing where a connection has just failed. */
	#writable = 0;
	#closed = false;
	#failed = false;
	#fail: () => void;

	constructor(options: TCPOptions) {
		const { address, onReadable, onWritable, onError } = options;
		// The SDK makes a text of whatever it is given, and fails on a callback when it is due.
		if (typeof address !== "string") throw new TypeError(`TCP: expected an address, found ${address}`);
		for (const callback of [onReadable, onWritable, onError])
			if (callback !== undefined && typeof callback !== "function")
				throw new TypeError("TCP: callbacks must be functions");
		// `this` is not there yet; all that is called back comes from later turns.
		const fail = () => {
			if (this.#closed || this.#failed) return;
			this.#failed = true;
			onError?.call(this);
		};
		super({
			...options,
			onReadable(this: TCP, bytes: number) {
				if (this.#closed) return;
				this.#readable = bytes;
				onReadable?.call(this, bytes);
			},
			onWritable(this: TCP, bytes: number) {
				if (this.#closed || this.#failed) return;
				this.#writable = bytes;
				onWritable?.call(this, bytes);
			},
			onError: fail,
		});
		this.#fail = fail;
	}

	override read(buffer: ByteBuffer): number | undefined;
	override read(byteLength?: number): ArrayBuffer | number | undefined;
	override read(option?: ByteBuffer | number): ArrayBuffer | number | undefined {
		if (this.#closed) throw new Error("TCP: closed");
		const readable = this.#readable;
		if (readable === 0) return undefined;
		if (this.format === "number") {
			this.#readable--;
			return super.read();
		}
		if (option === undefined || typeof option === "number") {
			const count = option !== undefined && option < readable ? option : readable;
			this.#readable -= count;
			return super.read(count);
		}
		const count = option.byteLength < readable ? option.byteLength : readable;
		this.#readable -= count;
		super.read(count === option.byteLength ? option : part(option, count));
		return count;
	}
	override write(data: ByteBuffer | number): number {
		if (this.#closed || this.#failed) throw new Error("TCP: the connection is gone");
		const writable = super.write(data) as number | undefined;
		// Gone in this moment, and what is written meanwhile is lost like any byte in flight. The simulator's socket would
		// never say so.
		if (writable === undefined) Timer.set(this.#fail);
		const used = typeof data === "number" ? 1 : data.byteLength;
		this.#writable = writable ?? Math.max(this.#writable - used, 0);
		return this.#writable;
	}
	override close(): void {
		if (this.#closed) return;
		this.#closed = true;
		super.close();
	}
}

/** The first `count` bytes of a buffer, as a view. */
function part(buffer: ByteBuffer, count: number): Uint8Array {
	return ArrayBuffer.isView(buffer)
		? new Uint8Array(buffer.buffer, buffer.byteOffset, count)
		: new Uint8Array(buffer, 0, count);
}

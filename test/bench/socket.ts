/**
 * The cheapest ECMA-419 socket there can be, for measuring what a client adds to it. What "arrives" is a
 * segment that is served again and again without garbage; what is written is only counted. A real socket
 * copies in C: here a `read` costs some thirty units, and two more for each byte. Runs inside the XS engine.
 */

import type { Resolver, TCP, TCPOptions } from "../../modules/mqtt/io.js";

/** What arrives at once. */
export class Segment {
	readonly bytes: Uint8Array;
	/** A plain field: `byteLength` is a getter. */
	readonly size: number;
	readonly #views: Uint8Array[] = [];

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
		this.size = bytes.byteLength;
	}

	/** A part, kept: a socket of C makes no garbage. */
	view(offset: number, count: number): Uint8Array {
		let view = this.#views[offset];
		if (view?.byteLength !== count) this.#views[offset] = view = this.bytes.subarray(offset, offset + count);
		return view;
	}
}

/** What stands for the network: one connection at a time. */
export class Net {
	segment = new Segment(new Uint8Array(0));
	/** Bytes of the segment that were read, and that were announced. */
	offset = 0;
	end = 0;
	writes = 0;
	/** Bytes a socket takes, always. */
	room = 1 << 20;
	socket!: BenchSocket;
	/** Answers the last look-up. */
	resolved: () => void = () => {};

	/** `segment` is what arrives; `socket.onReadable(segment.size)` says so. */
	load(segment: Segment): void {
		this.segment = segment;
		this.offset = 0;
		this.end = segment.size;
	}

	arrive(segment: Segment): void {
		this.load(segment);
		this.socket.onReadable(segment.size);
	}
}

export class BenchSocket {
	format: "buffer" | "number" = "buffer";
	readonly net: Net;
	readonly onReadable: (count: number) => void;
	readonly onWritable: (count: number) => void;

	constructor(options: TCPOptions & { readonly net: Net }) {
		this.net = options.net;
		this.net.socket = this;
		this.onReadable = options.onReadable as never;
		this.onWritable = options.onWritable as never;
	}

	read(target?: Uint8Array | number): unknown {
		const net = this.net;
		const segment = net.segment;
		const offset = net.offset;
		// A byte at a time, as the SDK's client asks for them.
		if (target === undefined && this.format === "number") {
			if (offset === net.end) return undefined;
			net.offset = offset + 1;
			return segment.bytes[offset];
		}
		// Whole, as it mostly is for ours.
		if (typeof target !== "object" || offset !== 0 || net.end !== segment.size) return this.part(target);
		if (segment.size > target.byteLength) return this.part(target);
		target.set(segment.bytes);
		net.offset = segment.size;
		return segment.size;
	}

	private part(target?: Uint8Array | number): unknown {
		const net = this.net;
		const { segment, offset } = net;
		const left = net.end - offset;
		// A byte that is alone costs about as much as one that is asked for by itself.
		if (left === 1 && typeof target === "object") {
			target[0] = segment.bytes[offset] as number;
			net.offset = offset + 1;
			return 1;
		}
		if (left === 0) return undefined;
		const wanted = target === undefined ? left : typeof target === "number" ? target : target.byteLength;
		const count = wanted < left ? wanted : left;
		net.offset = offset + count;
		if (typeof target !== "object") return segment.bytes.slice(offset, offset + count).buffer;
		target.set(segment.view(offset, count));
		return count;
	}

	write(_data: unknown): number {
		const net = this.net;
		net.writes++;
		return net.room;
	}

	close(): void {}
}

/** As a class of the seam, whose overloads the above has in one. */
export const Socket = BenchSocket as unknown as new (options: TCPOptions) => TCP;

export class BenchResolver implements Resolver {
	readonly #net: Net;
	constructor(options: object) {
		this.#net = (options as { net: Net }).net;
	}
	resolve({ host }: { host: string }, callback: (error: null, address: string, host: string) => void): void {
		this.#net.resolved = () => callback(null, "127.0.0.1", host);
	}
	close(): void {}
}

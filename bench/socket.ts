/**
 * The cheapest ECMA-419 socket there can be, for measuring what a client adds to it. What "arrives" is one
 * buffer that is served again and again; what is written is only counted. Runs inside the XS engine.
 */

import type { Resolver, TCP, TCPOptions } from "../modules/mqtt/io.js";

/** What stands for the network: one connection at a time. */
export class Net {
	socket: BenchSocket | undefined;
	writes = 0;
	/** Bytes to be read, from `offset` on. */
	incoming: Uint8Array = new Uint8Array(0);
	offset = 0;
	/** Bytes a socket takes before it is drained. */
	room = 1 << 24;

	/** `packet` arrives in one segment. */
	arrive(packet: Uint8Array): void {
		this.incoming = packet;
		this.offset = 0;
		const socket = this.socket as BenchSocket;
		socket.onReadable(packet.byteLength);
	}
}

export class BenchSocket implements TCP {
	format: "buffer" | "number" = "buffer";
	net: Net;
	onReadable: (count: number) => void;
	onWritable: (count: number) => void;

	constructor(options: TCPOptions & { readonly net: Net }) {
		this.net = options.net;
		this.net.socket = this;
		this.onReadable = options.onReadable as never;
		this.onWritable = options.onWritable as never;
	}
	read(target?: Uint8Array | number): never {
		const net = this.net;
		const bytes = net.incoming;
		// Whole, as it mostly is, without a view: a real socket copies in C and makes no garbage either.
		if (net.offset !== 0 || typeof target !== "object" || bytes.byteLength > target.byteLength)
			return this.part(target);
		target.set(bytes);
		net.offset = bytes.byteLength;
		return bytes.byteLength as never;
	}
	private part(target?: Uint8Array | number): never {
		const net = this.net;
		const { incoming, offset } = net;
		const left = incoming.byteLength - offset;
		if (left === 0) return undefined as never;
		if (typeof target === "object") {
			const count = target.byteLength < left ? target.byteLength : left;
			target.set(incoming.subarray(offset, offset + count));
			net.offset = offset + count;
			return count as never;
		}
		if (this.format === "number") {
			net.offset = offset + 1;
			return incoming[offset] as never;
		}
		const count = target === undefined || target > left ? left : target;
		net.offset = offset + count;
		return incoming.slice(offset, offset + count).buffer as never;
	}
	write(_data: unknown): number {
		this.net.writes++;
		return this.net.room;
	}
	close(): void {}
}

export class BenchResolver implements Resolver {
	resolve({ host }: { host: string }, callback: (error: null, address: string, host: string) => void): void {
		resolved = () => callback(null, "127.0.0.1", host);
	}
	close(): void {}
}

let resolved: () => void = () => {};
/** Answers the last look-up. */
export function resolve(): void {
	resolved();
}

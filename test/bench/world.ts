/**
 * What surrounds a whole firmware in the bench: a clock that is moved by hand, a socket that behaves as the SDK's on an
 * ESP32 (lwip/tcp.c), a broker and a flash partition. What stands for hardware or for C is not metered: the engine's
 * count is put back behind it, and it makes no garbage. One turn at a time, as the event loop of a device: timers, then
 * what has arrived, then "sent" for what was written. Runs inside the XS engine.
 */

import type { TCPOptions, Timer, TimerHandle } from "../../modules/mqtt/io.js";

/** Sets limit (0: none) and count of the engine's meter, and returns the count until now. */
declare const resetMeter: (limit: number, count: number) => number;

const ROOM = 5_744;
const BLOCK = 4_096;
const BLOCKS = 16;

interface Handle {
	readonly callback: (handle: Handle) => void;
	due: number;
	repeat: number;
	standing: boolean;
}

/** Moddable's Timer and Time. */
class WorldClock {
	ticks = 0;
	readonly #timers: Handle[] = [];

	/** Power off: no timer is left. */
	reset(): void {
		this.#timers.length = 0;
	}
	delta(from: number, to = this.ticks): number {
		return (to - from) | 0;
	}
	set(callback: (handle: Handle) => void, delay = 0, repeat = 0): Handle {
		const handle = { callback, due: this.ticks + delay, repeat, standing: true };
		this.#timers.push(handle);
		return handle;
	}
	repeat(callback: (handle: Handle) => void, interval: number): Handle {
		return this.set(callback, interval, interval);
	}
	/** With neither delay nor repeat it sleeps. */
	schedule(handle: Handle, delay?: number, repeat = 0): void {
		handle.due = delay === undefined ? Infinity : this.ticks + delay;
		handle.repeat = repeat;
	}
	clear(handle: Handle | undefined): void {
		if (handle) handle.standing = false;
	}
	/** The next that is due at or before `until`. */
	next(until: number): Handle | undefined {
		const timers = this.#timers;
		let found: Handle | undefined;
		let left = 0;
		for (let i = 0; i < timers.length; i++) {
			const handle = timers[i] as Handle;
			if (!handle.standing) continue;
			timers[left++] = handle;
			if (handle.due <= until && (!found || handle.due < found.due)) found = handle;
		}
		timers.length = left;
		if (!found) return undefined;
		if (found.due > this.ticks) this.ticks = found.due;
		if (found.repeat) found.due += found.repeat;
		else found.due = Infinity;
		return found;
	}
}

export const clock = new WorldClock();
export const timer = clock as unknown as Timer & { clear(handle: TimerHandle | undefined): void };
/** As Moddable's modules of these names. */
export default clock;

/** One connection at a time, and the broker at its other end. */
class WorldNet {
	/** Names are answered, so connections come about. */
	up = true;
	writes = 0;
	/** QoS 1 messages that the broker took. */
	taken = 0;
	/** Unread bytes for the board, and written bytes that the broker has not looked at. */
	readonly #down = new Uint8Array(8_192);
	#downStart = 0;
	#downEnd = 0;
	readonly #line = new Uint8Array(65_536);
	#length = 0;
	#announced = false;
	#sent = false;
	#opened = false;
	#socket: SDKSocket | undefined;

	open(socket: SDKSocket): void {
		this.#socket = socket;
		this.#opened = true;
		this.#sent = this.#announced = false;
		this.#downStart = this.#downEnd = this.#length = 0;
	}
	close(): void {
		this.#socket = undefined;
	}
	get unread(): number {
		return this.#downEnd - this.#downStart;
	}
	/** Not metered. */
	take(target: Uint8Array, count: number): void {
		for (let i = 0; i < count; i++) target[i] = this.#down[this.#downStart++] as number;
	}
	/** Not metered. */
	put(data: Uint8Array | ArrayBuffer): void {
		this.writes++;
		// Of a buffer, which is a payload, the length is enough: a view would be garbage that no device makes.
		if (data instanceof ArrayBuffer) this.#length += data.byteLength;
		else for (let i = 0; i < data.length; i++) this.#line[this.#length++] = data[i] as number;
		this.#sent = true;
	}
	/** Calls the socket back once, if there is a reason to; false if there is none. The meter is stopped when this is called. */
	turn(): boolean {
		this.#serve();
		const socket = this.#socket;
		if (!socket) return false;
		if (this.#opened || (this.#sent && !this.#announced)) {
			this.#opened = this.#sent = false;
			resume();
			socket.writableCallback?.(ROOM);
			pause();
			return true;
		}
		if (!this.#announced) return false;
		this.#announced = false;
		resume();
		socket.readableCallback?.(this.unread);
		pause();
		return true;
	}

	/** A broker that takes everything: CONNACK without session, SUBACK, PUBACK, PINGRESP, and a board's own `status` back to it. */
	#serve(): void {
		const line = this.#line;
		let start = 0;
		while (start + 2 <= this.#length) {
			let length = 0;
			let offset = start + 1;
			for (let shift = 0; ; shift += 7) {
				const value = line[offset++] as number;
				length |= (value & 127) << shift;
				if (value < 128) break;
			}
			if (offset + length > this.#length) break;
			this.#answer(line[start] as number, offset, length);
			start = offset + length;
		}
		line.copyWithin(0, start, this.#length);
		this.#length -= start;
	}
	#answer(first: number, offset: number, length: number): void {
		const line = this.#line;
		switch (first >> 4) {
			case 1:
				this.#reply(0x20, 0, 0);
				break;
			case 3: {
				const size = 2 + ((line[offset] as number) << 8) + (line[offset + 1] as number);
				const identified = (first & 6) !== 0;
				if (identified) {
					this.taken++;
					this.#reply(0x40, line[offset + size] as number, line[offset + size + 1] as number);
				}
				// "/status"
				if (
					line[offset + size - 7] === 47 &&
					line[offset + size - 6] === 115 &&
					line[offset + size - 5] === 116
				)
					this.#echo(offset, size, identified ? 2 : 0, length);
				break;
			}
			case 8: {
				let filters = 0;
				for (let at = offset + 2; at < offset + length; filters++)
					at += 3 + ((line[at] as number) << 8) + (line[at + 1] as number);
				this.#byte(0x90, 2 + filters, line[offset] as number, line[offset + 1] as number);
				for (; filters > 0; filters--) this.#down[this.#downEnd++] = 1;
				break;
			}
			case 12:
				this.#byte(0xd0, 0);
				break;
		}
	}
	#reply(first: number, high: number, low: number): void {
		this.#byte(first, 2, high, low);
	}
	/** A QoS 0 copy. */
	#echo(offset: number, size: number, skip: number, length: number): void {
		const line = this.#line;
		this.#byte(0x30, length - skip);
		for (let i = 0; i < size; i++) this.#down[this.#downEnd++] = line[offset + i] as number;
		for (let i = size + skip; i < length; i++) this.#down[this.#downEnd++] = line[offset + i] as number;
	}
	#byte(first: number, second: number, third = -1, fourth = -1): void {
		const down = this.#down;
		if (this.#downStart === this.#downEnd) this.#downStart = this.#downEnd = 0;
		down[this.#downEnd++] = first;
		down[this.#downEnd++] = second;
		if (third >= 0) down[this.#downEnd++] = third;
		if (fourth >= 0) down[this.#downEnd++] = fourth;
		this.#announced = true;
	}
}

export const net = new WorldNet();

/** The power is off: no timer, no connection. */
export function off(): void {
	clock.reset();
	net.close();
	net.taken = 0;
}

/** The SDK's TCP class: a read of more than there is throws, a write returns the room, callbacks come from later turns. */
export class SDKSocket {
	format = "buffer";
	readableCallback: ((count: number) => void) | undefined;
	writableCallback: ((count: number) => void) | undefined;

	constructor(options: TCPOptions) {
		this.readableCallback = options.onReadable as never;
		this.writableCallback = options.onWritable as never;
		net.open(this);
	}
	/** As many bytes as the buffer takes, or a new buffer. */
	read(target?: Uint8Array | number): unknown {
		pause();
		const unread = net.unread;
		const size = target === undefined ? unread : typeof target === "number" ? target : target.byteLength;
		if (!unread) {
			resume();
			return undefined;
		}
		if (this.format === "number") {
			net.take(byte, 1);
			resume();
			return byte[0];
		}
		if (size <= 0 || size > unread) {
			resume();
			throw new Error("invalid");
		}
		const bytes = typeof target === "object" ? target : new Uint8Array(size);
		net.take(bytes, size);
		resume();
		return typeof target === "object" ? size : bytes.buffer;
	}
	write(data: Uint8Array | ArrayBuffer): number {
		pause();
		net.put(data);
		resume();
		return ROOM;
	}
	close(): void {
		net.close();
	}
}
const byte = new Uint8Array(1);

/** Both ways of asking: ECMA-419's callback, and the SDK's in the options. */
export class WorldResolver {
	resolve(
		options: { readonly host: string; readonly onResolved?: (host: string, address: string) => void },
		callback?: (error: null, address: string, host: string) => void,
	): void {
		if (!net.up) return;
		const { host } = options;
		clock.set(() => (callback ? callback(null, "127.0.0.1", host) : options.onResolved?.(host, "127.0.0.1")));
	}
	close(): void {}
}

/** A partition of an ESP32's flash, whose driver is C. */
class WorldFlash {
	readonly image = new Uint8Array(BLOCKS * BLOCK).fill(0xff);

	status() {
		return { size: BLOCKS * BLOCK, blockLength: BLOCK, blocks: BLOCKS, eraseValue: 0xff, writeAlign: 4 };
	}
	read(target: Uint8Array | number, offset: number): ArrayBuffer | number {
		pause();
		const bytes = typeof target === "number" ? new Uint8Array(target) : target;
		for (let i = 0; i < bytes.length; i++) bytes[i] = this.image[offset + i] as number;
		resume();
		return typeof target === "number" ? (bytes.buffer as ArrayBuffer) : bytes.length;
	}
	write(data: Uint8Array | ArrayBuffer, offset: number): void {
		pause();
		const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
		for (let i = 0; i < bytes.length; i++) (this.image[offset + i] as number) &= bytes[i] as number;
		resume();
	}
	eraseBlock(block: number): void {
		pause();
		this.image.fill(0xff, block * BLOCK, (block + 1) * BLOCK);
		resume();
	}
	close(): void {}
}

export const flash = new WorldFlash();

let held = 0;
let depth = 0;
/** Stops the meter. May be nested. */
export function pause(): void {
	if (depth++ === 0) held = resetMeter(0, 0);
}
export function resume(): void {
	if (--depth === 0) resetMeter(0, held);
}

/** All that happens until nothing is due within `milliseconds`, or `enough` is true. */
export function advance(milliseconds: number, enough: () => boolean = never): void {
	pause();
	const until = clock.ticks + milliseconds;
	while (!enough()) {
		const handle = clock.next(clock.ticks);
		if (handle) call(handle);
		else if (!net.turn()) {
			const later = clock.next(until);
			if (!later) break;
			call(later);
		}
	}
	if (clock.ticks < until) clock.ticks = until;
	resume();
}

function call(handle: Handle): void {
	resume();
	handle.callback(handle);
	pause();
}

const never = () => false;

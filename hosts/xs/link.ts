/**
 * The worker's end of the channel: calls to Node that stand still until answered, callbacks that Node calls by their
 * number, and the clock that comes along with both. Runs in the XS worker; server.ts is the other end.
 */

import { decode, encode, HEADER, Host, type Reference, type Room } from "./channel.js";

declare const issueCommand: (bytes: ArrayBuffer) => ArrayBuffer;

interface Callback {
	readonly receiver: object;
	readonly method: (...rest: unknown[]) => void;
	readonly owner: number;
	readonly once: boolean;
}

/** Reads of the clock without an answer in between before it is asked for: a loop that waits for it must end. */
const STALE = 16;

export class Link {
	#next = 1;
	#callbacks = new Map<number, Callback>();
	/** Calls that need no answer, to go with the next that does or with the end of the command. */
	#posted: Uint8Array[] = [];
	#ticks = 0;
	#time = 0;
	#reads = 0;

	get ticks(): number {
		this.#refresh();
		return this.#ticks;
	}
	get time(): number {
		this.#refresh();
		return this.#time;
	}

	/** A number of its own: instances, callbacks and timers share them. */
	number(): number {
		return this.#next++;
	}

	/** Has Node make an instance for `receiver`, whose callbacks are called on it. Throws what the class throws. */
	construct(kind: string, receiver: object, options: unknown): number {
		const id = this.number();
		this.#ask(0, [Host.Construct, id, kind, options], receiver, id, false);
		return id;
	}

	/** Calls a method of an instance, or of the host (0). Functions among the arguments are called once. */
	call(id: number, receiver: object, method: string, ...rest: unknown[]): unknown {
		return this.#ask(id, [method, ...rest], receiver, id, true)[0];
	}

	/** The same for a method that fills a buffer: `room` goes first among its arguments, the rest behind it. */
	fill(id: number, receiver: object, method: string, before: unknown[], room: Room, after: unknown[]) {
		const [result, bytes] = this.#ask(id, [method, ...before, room, ...after], receiver, id, true);
		return { result, bytes: bytes as ArrayBuffer | undefined };
	}

	/** Calls the host, later but in order. Only what cannot fail goes this way. */
	post(method: string, ...rest: unknown[]): void {
		this.#posted.push(message(0, [method, ...rest]));
	}

	/** The callbacks of an instance are not called any more. */
	forget(owner: number): void {
		for (const [id, callback] of this.#callbacks) if (callback.owner === owner) this.#callbacks.delete(id);
	}

	/** A command's kind and values; the clock that came with it is set. */
	receive(bytes: Uint8Array): { kind: number; values: unknown[] } {
		return { kind: this.#clock(bytes), values: decode(bytes, HEADER, value => value) };
	}

	/** Runs the callback that an event is for. An event for an instance that is closed by now is dropped. */
	deliver([id, ...rest]: unknown[]): void {
		const callback = this.#callbacks.get(id as number);
		if (!callback) return;
		if (callback.once) this.#callbacks.delete(id as number);
		callback.method.apply(callback.receiver, rest);
	}

	/** What was posted, for the end of a command. */
	flush(): ArrayBuffer {
		return join(this.#posted.splice(0));
	}

	#refresh(): void {
		if (++this.#reads > STALE) this.call(0, this, Host.Clock);
	}

	#ask(id: number, values: unknown[], receiver: object, owner: number, once: boolean): unknown[] {
		const made: number[] = [];
		const bytes = message(id, values, method => {
			const number = this.number();
			made.push(number);
			this.#callbacks.set(number, { receiver, method: method as Callback["method"], owner, once });
			return number;
		});
		const answer = new Uint8Array(issueCommand(join([...this.#posted.splice(0), bytes])));
		const failed = this.#clock(answer) !== 0;
		const results = decode(answer, HEADER, value => value as Reference);
		if (!failed) return results;
		for (const number of made) this.#callbacks.delete(number);
		throw results[0];
	}

	#clock(bytes: Uint8Array): number {
		const header = new DataView(bytes.buffer, bytes.byteOffset);
		this.#ticks = header.getInt32(4);
		this.#time = header.getFloat64(8);
		this.#reads = 0;
		return bytes[0] as number;
	}
}

/** One call: its length, its receiver, and the list of method and arguments. */
function message(
	id: number,
	values: unknown[],
	refer: (callback: (...rest: never[]) => unknown) => number = () => 0,
): Uint8Array {
	const bytes = encode(values, 8, refer);
	const header = new DataView(bytes.buffer);
	header.setUint32(0, bytes.byteLength);
	header.setUint32(4, id);
	return bytes;
}

function join(parts: readonly Uint8Array[]): ArrayBuffer {
	let length = 0;
	for (const part of parts) length += part.byteLength;
	const all = new Uint8Array(length);
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.byteLength;
	}
	return all.buffer;
}

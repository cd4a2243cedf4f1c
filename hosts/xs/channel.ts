/**
 * What passes between a board in the XS worker and the Node that serves it: lists of values, as JSON with the bytes of
 * buffers behind it as they are. Both sides use this file; it names nothing of Node.
 */

/** Node to worker: the first byte of a command. */
export const Kind = Object.freeze({
	/** [shape of the device]: build it and call main. */
	Boot: 1,
	/** [callback, ...arguments] */
	Event: 2,
	/** [timer] */
	Timer: 3,
	/** []: ask the board for a graceful end; it answers with `closed`. */
	Stop: 4,
	/** []: collect garbage. */
	Collect: 5,
});

/** Worker to Node, on receiver 0: the host itself. Other receivers are instances, and these their methods. */
export const Host = Object.freeze({
	/** (receiver, class, options) */
	Construct: "construct",
	/** (timer, delay, repeat); repeat 0 fires once. */
	Arm: "arm",
	/** (timer) */
	Disarm: "disarm",
	/** (line) */
	Trace: "trace",
	Restart: "restart",
	/** (line): an exception left a callback. */
	Crash: "crash",
	Closed: "closed",
	/** Only for the clock that comes with each answer. */
	Clock: "clock",
	/** (milliseconds) */
	SetTime: "setTime",
	Partitions: "partitions",
});

/** Methods that each instance has on top of its class's. */
export const Instance = Object.freeze({ Get: "get ", Set: "set ", Keys: "keys " });

/** What the worker must know of the served device before it can build its own. */
export interface Shape {
	readonly name: string;
	readonly reset: string;
	readonly description: unknown;
	readonly overrides: { readonly [key: string]: string };
	readonly synchronized: boolean;
	readonly pin: { readonly [name: string]: unknown };
	/** Digital's static members; modes are their names. */
	readonly modes: readonly string[];
	readonly edges: { readonly Rising: number; readonly Falling: number };
	readonly sensor: { readonly [driver: string]: { readonly [property: string]: unknown } };
	readonly actuator?: Shape["sensor"];
	/** Which of the optional parts there are. */
	readonly mqtts: boolean;
	readonly ntp: boolean;
	readonly pwm: boolean;
	readonly analog: boolean;
	readonly flash: boolean;
	readonly request: boolean;
	readonly provision: boolean;
	readonly serial?: string;
	readonly trace: boolean;
	readonly restart: boolean;
}

/** Room for a method to fill: only its length goes there, and what was filled comes back. */
export class Room {
	readonly byteLength: number;
	constructor(byteLength: number) {
		this.byteLength = byteLength;
	}
}

/** A function of the other side, by its number. */
export interface Reference {
	readonly $callback: number;
}

/** Header of each answer and command: kind or status, ticks, time. */
export const HEADER = 16;

/** Bytes of a list of values, `header` bytes left free in front. `refer` numbers the functions in it. */
export function encode(
	values: readonly unknown[],
	header: number,
	refer: (callback: (...rest: never[]) => unknown) => number,
): Uint8Array {
	const tails: Uint8Array[] = [];
	let tail = 0;

	function wrap(value: unknown): unknown {
		if (typeof value === "function") return { $callback: refer(value as () => void) };
		if (value === undefined) return { $undefined: 0 };
		if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
		if (value === null || typeof value !== "object") return value;
		if (isBuffer(value) || ArrayBuffer.isView(value)) {
			const bytes = view(value);
			tails.push(bytes);
			tail += bytes.byteLength;
			return { $bytes: [tail - bytes.byteLength, bytes.byteLength] };
		}
		if (value instanceof Room) return { $room: value.byteLength };
		if (value instanceof Error) {
			const { name, message, code } = value as Error & { code?: unknown };
			return { $error: [name, message, wrap(code)] };
		}
		if (Array.isArray(value)) return value.map(wrap);
		const copy: { [key: string]: unknown } = {};
		for (const key of Object.keys(value)) {
			const item = (value as { [key: string]: unknown })[key];
			if (item !== undefined) copy[key] = wrap(item);
		}
		return copy;
	}

	const text = new TextEncoder().encode(JSON.stringify(values.map(wrap)));
	const result = new Uint8Array(header + 4 + text.byteLength + tail);
	new DataView(result.buffer).setUint32(header, text.byteLength);
	result.set(text, header + 4);
	let at = header + 4 + text.byteLength;
	for (const bytes of tails) {
		result.set(bytes, at);
		at += bytes.byteLength;
	}
	return result;
}

/** The list of values behind `header` bytes; buffers are new ones. `resolve` finds what a reference or a room stands for. */
export function decode(
	bytes: Uint8Array,
	header: number,
	resolve: (value: Reference | Room) => unknown,
): unknown[] {
	const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(header);
	const start = header + 4;
	const tail = start + length;

	function unwrap(value: unknown): unknown {
		if (value === null || typeof value !== "object") return value;
		if (Array.isArray(value)) return value.map(unwrap);
		const item = value as { [key: string]: unknown };
		if ("$undefined" in item) return undefined;
		if ("$bytes" in item) {
			const [offset, byteLength] = item.$bytes as [number, number];
			// Not `slice`: Node's Buffer has another one, which does not copy.
			return new Uint8Array(bytes.subarray(tail + offset, tail + offset + byteLength)).buffer;
		}
		if ("$callback" in item) return resolve(item as unknown as Reference);
		if ("$room" in item) return resolve(new Room(item.$room as number));
		if ("$number" in item) return Number(item.$number);
		if ("$error" in item) return failure(item.$error as [string, string, unknown]);
		for (const key of Object.keys(item)) item[key] = unwrap(item[key]);
		return item;
	}

	const list = JSON.parse(new TextDecoder().decode(bytes.subarray(start, tail))) as unknown[];
	return list.map(unwrap);

	function failure([name, message, code]: [string, string, unknown]): Error {
		const error =
			name === "TypeError"
				? new TypeError(message)
				: name === "RangeError"
					? new RangeError(message)
					: new Error(message);
		const found = unwrap(code);
		return found === undefined ? error : Object.assign(error, { code: found });
	}
}

/** The bytes of a Byte Buffer (§6), not copied. */
export function view(value: unknown): Uint8Array {
	if (isBuffer(value)) return new Uint8Array(value);
	if (value instanceof Uint8Array || value instanceof Int8Array || value instanceof DataView)
		return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
	throw new TypeError("expected a Byte Buffer");
}

function isBuffer(value: unknown): value is ArrayBuffer | SharedArrayBuffer {
	return value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}

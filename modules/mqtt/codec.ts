/**
 * What texts and packets are in bytes: UTF-8, and which texts are topics (MQTT 3.1.1 §1.5.3, §4.7); CONNECT (§3.1), SUBSCRIBE (§3.8)
 * and UNSUBSCRIBE (§3.10), which are fields behind one another. writer.ts has PUBLISH. Each method checks every field first and throws
 * before anything changes. XS on the device has `ArrayBuffer.fromString` and `String.fromArrayBuffer`; Node and the XS of the desk have
 * TextEncoder and TextDecoder: no other file in `modules/` names any of the four. Does not match filters against names.
 */

import type { ByteBuffer, Item, MQTTClientOptions } from "./io.js";

/** What is taken of XS's ArrayBuffer and String, and of the desk's global object. */
interface Engine {
	readonly fromString: (text: string) => ArrayBuffer;
	readonly fromArrayBuffer: (buffer: ArrayBufferLike, byteOffset: number, byteLength: number) => string;
	readonly TextEncoder: new () => { encode(text: string): Uint8Array };
	readonly TextDecoder: new (
		label: string,
		options: { fatal: boolean; ignoreBOM: boolean },
	) => { decode(bytes: Uint8Array): string };
}

const global = "fromString" in ArrayBuffer ? undefined : (globalThis as unknown as Engine);
const encoder = global && new global.TextEncoder();
// `ignoreBOM` keeps U+FEFF in the text, as [MQTT-1.5.3-3] demands.
const decoder = global && new global.TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// Looked up once: a global costs 150 instructions each time, and each sample is encoded.
const Bytes = Uint8Array;
const Buffer = ArrayBuffer as unknown as Engine;

/** The UTF-8 bytes of `text`, in a new buffer. `fromString` is called on its class, because XS takes the constructor from `this`. */
export const encode: (text: string) => Uint8Array = encoder
	? encoder.encode.bind(encoder)
	: value => new Bytes(Buffer.fromString(value));

/**
 * The text of `size` bytes of `buffer` from `start` on, which `view` shows. XS's own function takes the numbers, for the getters
 * of a view cost it more than the decoding; others take the view. Throws where they are not UTF-8 [MQTT-1.5.3-1]; XS lets some pass:
 * see parser.ts.
 */
export const decodeAt: (buffer: ArrayBufferLike, start: number, size: number, view: Uint8Array) => string =
	decoder
		? (_buffer, _start, _size, view) => decoder.decode(view)
		: (String as unknown as Engine).fromArrayBuffer;

/** The text of `bytes`, as `decodeAt`. */
export const decode = (bytes: Uint8Array): string =>
	decodeAt(bytes.buffer, bytes.byteOffset, bytes.byteLength, bytes);

// Each once: a preloaded module copies a literal of a function at each use.
const PLUS = "+";
const HASH = "#";
const NUL = "\0";

// Arrow functions: a function declaration has a prototype object, which is 48 bytes of flash.

/** Whether a message may be published to this name [MQTT-3.3.2-2] [MQTT-4.7.1-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2]. */
export const isTopicName = (name: string): boolean =>
	name !== "" && !name.includes(PLUS) && !name.includes(HASH) && !name.includes(NUL);

/** Whether this filter may be subscribed to: a wildcard is alone in its level [MQTT-4.7.1-3], `#` in the last level only [MQTT-4.7.1-2]. */
export const isTopicFilter = (name: string): boolean => {
	const values = name.split("/");
	if (values[values.length - 1] === "#") values.pop();
	return name !== "" && values.every(value => value === "" || value === "+" || isTopicName(value));
};

type Credentials = Pick<MQTTClientOptions, "id" | "user" | "password" | "will">;

export default abstract class Codec {
	/** A mistake of the caller, in one line. */
	protected wrong(name: string, kind: string, value: unknown): never {
		throw new RangeError(`${name}: expected ${kind}, found ${value}`);
	}

	/** Throws unless it is a whole number within these bounds; returns it. */
	protected range(name: string, value: number, min: number, most: number): number {
		if (!(value >= min && value <= most) || value % 1) this.wrong(name, `${min}…${most}`, value);
		return value;
	}

	/** The bytes of a Byte Buffer, not copied; `undefined` is none. Throws a TypeError on anything else. */
	protected bytes(data: ByteBuffer | undefined): Uint8Array {
		if (data instanceof Uint8Array) return data;
		if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
		const bytes = new Uint8Array((data ?? 0) as ArrayBuffer);
		// Not a copy: an ArrayBuffer or SharedArrayBuffer, which not every engine has.
		if (data !== undefined && bytes.buffer !== data) throw new TypeError("data: no byte buffer");
		return bytes;
	}

	/**
	 * Text in UTF-8 [MQTT-3.1.3-4], or bytes, that fit into a field [MQTT-4.7.3-3]; text without U+0000
	 * [MQTT-1.5.3-2], a topic name if `kind` is 1, a filter if it is 2.
	 */
	protected encode(value: string | ByteBuffer, kind?: 1 | 2): Uint8Array {
		const string = typeof value === "string";
		if (
			string ? !(kind === 2 ? isTopicFilter(value) : kind ? isTopicName(value) : !value.includes("\0")) : kind
		)
			this.wrong("text", kind ? "a topic" : "no U+0000", value);
		const bytes = string ? encode(value) : this.bytes(value);
		if (bytes.byteLength > 65_535) this.range("text", bytes.byteLength, 0, 65_535);
		return bytes;
	}

	/** A packet: fixed header, then `head`, then `values`, each behind its length and before the QoS of its item. */
	private concat(
		first: number,
		head: Uint8Array,
		values: readonly Uint8Array[],
		items?: readonly Item[],
	): Uint8Array {
		let length = head.byteLength;
		for (let index = 0; index < values.length; index++)
			length += (values[index] as Uint8Array).byteLength + (items ? 3 : 2);
		// The first byte, and one to four of Remaining Length (§2.2.3).
		let size = 2;
		for (let left = length; left > 127; left >>= 7) size++;
		const bytes = new Uint8Array(size + length);
		bytes[0] = first;
		let at = 0;
		for (; length > 127; length >>= 7) bytes[++at] = length | 128;
		bytes[++at] = length;
		bytes.set(head, at + 1);
		at += head.byteLength;
		for (let index = 0; index < values.length; index++) {
			const value = values[index] as Uint8Array;
			bytes[++at] = value.byteLength >> 8;
			bytes[++at] = value.byteLength;
			bytes.set(value, at + 1);
			at += value.byteLength;
			if (items) bytes[++at] = (items[index] as Item).QoS ?? 0;
		}
		return bytes;
	}

	/**
	 * §3.1: identifier, will, user and password, in this order, each if its flag is set, and its flag set if it
	 * is there [MQTT-3.1.3-1] [MQTT-3.1.3-3]. `keepAlive` is in seconds. Throws on a will without topic, a password
	 * without user, an empty id of a session that is to be kept.
	 */
	protected connect(options: Credentials, clean: boolean, keepAlive: number): Uint8Array {
		const { id = "", user, password, will } = options;
		if (id === "" && !clean) this.wrong("id", "one", id); // [MQTT-3.1.3-7]
		if (password != null && user == null) this.wrong("user", "one", user); // [MQTT-3.1.2-22]
		// The reserved flag is 0 [MQTT-3.1.2-3], and so are all flags of the will without one [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-15].
		let flags = clean ? 2 : 0;
		const values = Array.of(this.encode(id));
		if (will) {
			// [MQTT-3.1.2-9] [MQTT-3.1.2-14] [MQTT-3.1.3-10]
			values.push(this.encode(will.topic, 1), this.encode(will.message));
			flags |= 4 | (this.range("QoS", will.QoS ?? 0, 0, 2) << 3) | (will.retain ? 32 : 0);
		}
		if (user != null) {
			// [MQTT-3.1.2-18] [MQTT-3.1.2-19] [MQTT-3.1.3-11]
			values.push(this.encode(user));
			flags |= 128;
		}
		if (password != null) {
			// [MQTT-3.1.2-20] [MQTT-3.1.2-21]
			values.push(this.encode(password));
			flags |= 64;
		}
		// Protocol name, level 4, flags [MQTT-3.1.2-1] [MQTT-3.1.2-2].
		return this.concat(
			0x10,
			Uint8Array.of(0, 4, 77, 81, 84, 84, 4, flags, keepAlive >> 8, keepAlive),
			values,
		);
	}

	/**
	 * §3.8 and §3.10, by `type`; the packet identifier, behind the fixed header, is left at 0 for the caller.
	 * Throws on no items, or one that is no topic filter.
	 */
	protected subscribe(type: 8 | 10, items: readonly Item[] | undefined): Uint8Array {
		const count = Array.isArray(items) ? items.length : 0;
		// [MQTT-3.8.3-3] [MQTT-3.10.3-2]; of more the parser could not take the SUBACK whole. Brokers' limits are far below.
		if (count < 1 || count > 500) this.wrong("items", "1…500", count);
		const values: Uint8Array[] = [];
		for (let index = 0; index < count; index++) {
			const item = (items as readonly Item[])[index] as Item;
			this.range("QoS", item.QoS ?? 0, 0, 2); // [MQTT-3.8.3-4]
			values.push(this.encode(item.topic, 2)); // [MQTT-3.8.3-1] [MQTT-3.10.3-1] [MQTT-4.7.1-2] [MQTT-4.7.1-3]
		}
		// [MQTT-2.2.2-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]
		return this.concat((type << 4) | 2, new Uint8Array(2), values, type === 8 ? items : undefined);
	}
}

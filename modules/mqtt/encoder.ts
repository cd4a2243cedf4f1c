/**
 * The bytes of the packets that a client sends: CONNECT (§3.1), PUBLISH (§3.3), SUBSCRIBE (§3.8) and UNSUBSCRIBE
 * (§3.10). The other packets are two or four bytes, and writer.ts has them ready. Each method checks every field first and
 * throws before anything changes. Sends nothing.
 *
 * PUBLISH has a buffer that is kept: the header of the last one with room for a small payload, and the headers of other topics,
 * because to encode a topic is two thirds of the cost of a publish.
 */

import type { ByteBuffer } from "./io.js";
import type { Item, Will, WriteOptions } from "./options.js";
import { encode, isTopicFilter, isTopicName } from "./text.js";

export interface ConnectFields {
	readonly id?: string | undefined;
	readonly user?: string | undefined;
	readonly password?: string | ByteBuffer | undefined;
	readonly will?: Will | undefined;
}

/** A topic that is kept, and how it was published last. */
export interface Publication {
	/** This and the next two as the caller gave them: one comparison each tells whether they are the same. */
	readonly topic: string;
	QoS: number | undefined;
	retain: boolean | undefined;
	/** Bytes of payload that the header speaks of; -1 before the first. */
	length: number;
	/** Bytes of the whole packet; Infinity when it does not fit into `out`. */
	size: number;
	/** Where the payload begins in `out`. */
	offset: number;
	/** The bytes for the socket: the packet, or its header. */
	view: Uint8Array;
	/** Where the header is kept. */
	readonly start: number;
}

/** Bytes of a packet that goes out in one write, bytes for each topic that is kept, and bytes of the longest of them. */
const Size = Object.freeze({ packet: 256, topic: 64, longest: 192 });
/** Equal to no topic, not even to a missing one. */
export const NONE = Object.freeze({ topic: Number.NaN }) as unknown as Publication;

export default abstract class Encoder {
	/** The PUBLISH whose header stands in `out`. */
	declare protected publication: Publication;
	/**
	 * Up to `most` the PUBLISH that goes out: its topic at 5, so that Remaining Length of any size has its place before it, then
	 * the payload if it fits. From `most` on the headers that are kept, laid out alike.
	 */
	declare protected out: Uint8Array;
	declare private most: number;
	/** Views of whole packets, by the last three bits of their length: texts of a sensor have a few lengths in a row. */
	declare private views: Uint8Array[];
	declare private cache: Publication[];
	/** The place in `cache` of the last one found: topics mostly come in turn. */
	declare private index: number;
	/** Where the next header is kept, and how many are at most. */
	declare private end: number;
	declare protected kept: number;

	/** A mistake of the caller, in one line. */
	protected wrong(name: string, kind: string, value: unknown): never {
		throw new RangeError(`${name}: expected ${kind}, found ${value}`);
	}

	/** The bytes of a Byte Buffer, not copied; `undefined` is none. Throws a TypeError on anything else. */
	protected bytes(data: ByteBuffer | undefined): Uint8Array {
		if (data instanceof Uint8Array) return data;
		if (data === undefined) return new Uint8Array(0);
		if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
		const buffer = typeof data === "object" ? new Uint8Array(data) : undefined;
		// Not a copy: an ArrayBuffer or SharedArrayBuffer, which not every engine has.
		if (buffer?.buffer !== data) throw new TypeError("data: expected a byte buffer");
		return buffer as Uint8Array;
	}

	/**
	 * Text in UTF-8 [MQTT-3.1.3-4], or bytes, that fit into a field [MQTT-4.7.3-3]; text without U+0000
	 * [MQTT-1.5.3-2], a topic name if `kind` is 1, a filter if it is 2. `name` is for the error.
	 */
	private field(value: string | ByteBuffer, name: string, kind?: 1 | 2): Uint8Array {
		let result = !kind;
		if (typeof value === "string")
			result = kind === 2 ? isTopicFilter(value) : kind === 1 ? isTopicName(value) : !value.includes("\0");
		if (!result) this.wrong(name, kind ? "a topic" : "no U+0000", value);
		const bytes = typeof value === "string" ? encode(value) : this.bytes(value);
		const size = bytes.byteLength;
		if (size > 65_535) this.wrong(name, "at most 65535 bytes", size);
		return bytes;
	}

	/** Throws unless it is 0, 1 or 2 [MQTT-3.8.3-4] [MQTT-3.3.1-4]. */
	private QoS(QoS = 0): number {
		if (QoS !== 0 && QoS !== 1 && QoS !== 2) this.wrong("QoS", "0, 1 or 2", QoS);
		return QoS;
	}

	/** A packet: fixed header, then `head`, then of `values` the numbers as bytes and the others as fields, behind their lengths. */
	private concat(first: number, head: Uint8Array, values: readonly (number | Uint8Array)[]): Uint8Array {
		let length = head.byteLength;
		for (let index = 0; index < values.length; index++) {
			const value = values[index] as number | Uint8Array;
			length += typeof value === "number" ? 1 : 2 + value.byteLength;
		}
		// How many bytes Remaining Length takes (§2.2.3).
		const size = length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : 4;
		const bytes = new Uint8Array(1 + size + length);
		bytes[0] = first;
		let offset = 0;
		for (; length > 127; length >>= 7) bytes[++offset] = length | 128;
		bytes[++offset] = length;
		bytes.set(head, ++offset);
		offset += head.byteLength;
		for (let index = 0; index < values.length; index++) {
			const value = values[index] as number | Uint8Array;
			if (typeof value === "number") bytes[offset++] = value;
			else {
				const count = value.byteLength;
				bytes[offset++] = count >> 8;
				bytes[offset++] = count;
				bytes.set(value, offset);
				offset += count;
			}
		}
		return bytes;
	}

	/**
	 * §3.1: identifier, will, user and password, in this order, each if its flag is set, and its flag set if it
	 * is there [MQTT-3.1.3-1] [MQTT-3.1.3-3]. `keepAlive` is in seconds. Throws on a will without topic, a password
	 * without user, an empty id of a session that is to be kept.
	 */
	protected connect(options: ConnectFields, clean: boolean, keepAlive: number): Uint8Array {
		const { id = "", user, password, will } = options;
		if (id === "" && !clean) this.wrong("id", "one when clean is false", "none"); // [MQTT-3.1.3-7]
		if (password != null && user == null) this.wrong("password", "a user as well", "none"); // [MQTT-3.1.2-22]
		// The reserved flag is 0 [MQTT-3.1.2-3], and so are all flags of the will without one [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-15].
		let flags = clean ? 2 : 0;
		const values = Array.of(this.field(id, "id"));
		if (will) {
			// [MQTT-3.1.2-9] [MQTT-3.1.2-14] [MQTT-3.1.3-10]
			values.push(this.field(will.topic, "will.topic", 1), this.field(will.message, "will.message"));
			flags |= 4 | (this.QoS(will.QoS) << 3) | (will.retain ? 32 : 0);
		}
		if (user != null) {
			// [MQTT-3.1.2-18] [MQTT-3.1.2-19] [MQTT-3.1.3-11]
			values.push(this.field(user, "user"));
			flags |= 128;
		}
		if (password != null) {
			// [MQTT-3.1.2-20] [MQTT-3.1.2-21]
			values.push(this.field(password, "password"));
			flags |= 64;
		}
		// Protocol name, level 4, flags [MQTT-3.1.2-1] [MQTT-3.1.2-2].
		const head = Uint8Array.of(0, 4, 77, 81, 84, 84, 4, flags, keepAlive >> 8, keepAlive);
		return this.concat(0x10, head, values);
	}

	/**
	 * §3.8 and §3.10, by `type`; the packet identifier, behind the fixed header, is left at 0 for the caller.
	 * Throws on no items, or one that is no topic filter.
	 */
	protected subscribe(type: 8 | 10, items: readonly Item[] | undefined): Uint8Array {
		const count = Array.isArray(items) ? items.length : 0;
		// [MQTT-3.8.3-3] [MQTT-3.10.3-2]; of more the parser could not take the SUBACK whole. Brokers' limits are far below.
		if (!items || count < 1 || count > 500) this.wrong("items", "1…500", count);
		const values: (number | Uint8Array)[] = [];
		for (let index = 0; index < count; index++) {
			const options = items[index] as Item;
			const value = this.QoS(options.QoS);
			values.push(this.field(options.topic, "items", 2)); // [MQTT-3.8.3-1] [MQTT-3.10.3-1] [MQTT-4.7.1-2] [MQTT-4.7.1-3]
			if (type === 8) values.push(value);
		}
		return this.concat((type << 4) | 2, new Uint8Array(2), values); // [MQTT-2.2.2-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]
	}

	/**
	 * §3.3: makes `out` begin with the header of a PUBLISH of `length` bytes; the packet identifier is left for the caller. With a
	 * small payload the packet goes out in one write, for each is a round trip to the TCP task on the ESP32; else the payload
	 * follows from the caller's buffer, so that no buffer ever has the size of a message.
	 */
	protected publish(options: WriteOptions, length: number): Publication {
		const duplicate = options.duplicate;
		const retain = options.retain;
		const topic = options.topic as string;
		const QoS = this.QoS(options.QoS); // [MQTT-2.3.1-5] [MQTT-4.3.1-1] [MQTT-4.3.2-1]
		if (duplicate && !QoS) this.wrong("duplicate", "false at QoS 0", duplicate); // [MQTT-3.3.1-2]
		let publication = topic === this.publication.topic ? this.publication : this.find(topic);
		const field = publication ? null : this.field(topic, "topic", 1); // [MQTT-3.3.2-1] [MQTT-3.3.2-2]
		let offset = field ? field.byteLength + 7 : (publication as Publication).offset;
		if (publication?.QoS) offset -= 2;
		if (QoS) offset += 2;
		const max = 268_435_460 - offset; // §2.2.3
		if (!(length <= max) || length >>> 0 !== length) this.wrong("byteLength", `0…${max}`, length);
		publication ??= this.keep(topic, field as Uint8Array);
		if (options.QoS !== publication.QoS || retain !== publication.retain) {
			publication.QoS = options.QoS;
			publication.retain = retain;
			publication.offset = offset;
			publication.length = -1;
		}
		if (length !== publication.length) this.measure(publication, length);
		if (duplicate) {
			(this.out[publication.view.byteOffset] as number) |= 8;
			this.publication = NONE; // the header that is kept has no DUP
		}
		return publication;
	}

	/** Finds a topic that is kept, and begins its header. */
	protected find(topic: string | undefined): Publication | undefined {
		const cache = this.cache;
		const count = cache?.length ?? 0;
		let index = this.index;
		for (let left = count; left > 0; left--) {
			if (++index >= count) index = 0;
			const publication = cache[index] as Publication;
			if (publication.topic === topic) {
				this.index = index;
				this.publication = publication;
				this.out.copyWithin(0, publication.start, publication.start + publication.offset);
				return publication;
			}
		}
		return;
	}

	/** Keeps a topic. If there is no room left, all others are dropped, and kept again when they are published again. */
	private keep(topic: string, field: Uint8Array): Publication {
		const size = field.byteLength;
		const full = !this.out || this.cache.length === this.kept;
		if (full || size + 9 > this.most || this.end + size + 9 > this.out.byteLength) this.clear(size);
		const out = this.out;
		const start = this.end;
		out[start + 5] = size >> 8;
		out[start + 6] = size;
		out.set(field, start + 7);
		this.end = start + size + 9;
		out.copyWithin(0, start, this.end);
		const publication = {
			topic,
			QoS: 0,
			retain: false,
			length: -1,
			size: 0,
			offset: size + 7,
			view: out,
			start,
		};
		this.index = this.cache.push(publication) - 1;
		this.publication = publication;
		return publication;
	}

	/** Makes room for a topic of so many bytes. A long topic gets a larger buffer, which goes with the next `clear`. */
	private clear(size: number): void {
		const long = size > Size.longest;
		const most = long ? size + 9 : Size.packet;
		const byteLength = most + (long ? most : Math.max(this.kept * Size.topic, Size.packet));
		if (!this.out || this.out.byteLength !== byteLength) {
			this.out = new Uint8Array(byteLength);
			// Of a length that no packet has.
			this.views = new Array(8).fill(this.out.subarray(0, 0));
		}
		this.end = this.most = most;
		this.cache = [];
	}

	/** Makes the header, kept and in `out`, speak of `length` bytes of payload. */
	protected measure(publication: Publication, length: number): void {
		const start = publication.start;
		const offset = publication.offset;
		const out = this.out;
		let left = offset - 5 + length; // Remaining Length (§2.2.3)
		let at = 3;
		if (left > 127) at = left < 16_384 ? 2 : left < 2_097_152 ? 1 : 0;
		const size = offset - at + length;
		if (at === 3 && publication.length >= 0 && publication.size < 130) out[4] = out[start + 4] = left;
		else {
			let index = start + at;
			out[index] = 0x30 | ((publication.QoS ?? 0) << 1) | (publication.retain ? 1 : 0);
			for (; left > 127; left >>= 7) out[++index] = left | 128;
			out[++index] = left;
			out.copyWithin(at, start + at, start + 5);
		}
		publication.length = length;
		publication.size = size;
		let view = this.views[size & 7] as Uint8Array;
		if (view.byteLength !== size) {
			if (offset + length > this.most) {
				publication.size = Infinity;
				view = out.subarray(at, offset);
			} else view = this.views[size & 7] = out.subarray(at, at + size);
		}
		publication.view = view;
	}
}

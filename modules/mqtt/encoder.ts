/**
 * The bytes of the packets a client sends: CONNECT (§3.1), PUBLISH (§3.3), SUBSCRIBE (§3.8) and UNSUBSCRIBE
 * (§3.10); the others are two or four bytes, and made where they are sent. Checks every field first and throws
 * before anything changes. Sends nothing and keeps nothing. One writer serves all, for each function is 80 bytes of
 * flash; and they are the lowest storey of the client, for each name that a function takes from its module is 16 more.
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

/** A PUBLISH that is kept, for encoding a topic anew is a third of the cost of a publish. Empty before its first use. */
export interface Publication {
	/** This and the next three as the caller gave them, so that one comparison each tells whether they are the same. */
	topic: string;
	QoS: number | undefined;
	retain: boolean | undefined;
	/** Bytes of payload, when the packet may be used again; else -1: DUP is never kept. */
	byteLength: number;
	/** Bytes in the whole packet. */
	size: number;
	/** QoS is above 0: a packet identifier stands in the two bytes before the payload. */
	identified: boolean;
	/** Whether `packet` has room for the payload, at `offset`. */
	whole: boolean;
	/** What is written: the packet, or its header. */
	packet: Uint8Array;
	/** Where the payload begins. */
	offset: number;
	/** What the socket is told of a packet whose payload follows from the caller's buffer. */
	options: { more: boolean; byteLength: number };
	/** The topic's bytes. */
	field: Uint8Array;
}

export default abstract class Encoder {
	/** Our caller's mistake, in one line. */
	protected wrong(name: string, kind: string, value: unknown): never {
		throw new RangeError(`${name}: expected ${kind}, found ${value}`);
	}

	/** The bytes of a Byte Buffer, not copied; `undefined` is none. Throws a TypeError on anything else. */
	protected bytes(data: ByteBuffer | undefined): Uint8Array {
		if (data instanceof Uint8Array) return data;
		if (data === undefined) return new Uint8Array(0);
		if (!ArrayBuffer.isView(data) && !(data instanceof ArrayBuffer))
			throw new TypeError("data: expected a byte buffer");
		// An ArrayBuffer has no buffer, and begins at its begin.
		return new Uint8Array((data as DataView).buffer ?? data, (data as DataView).byteOffset, data.byteLength);
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

	/**
	 * A packet: fixed header, then of `values` the numbers as bytes and the others as fields, behind their lengths;
	 * `more` bytes follow, `room` of which are to fit in here.
	 */
	private concat(
		first: number,
		values: readonly (number | Uint8Array)[],
		more: number,
		room: number,
	): Uint8Array {
		let length = more;
		for (let index = 0; index < values.length; index++) {
			const value = values[index] as number | Uint8Array;
			length += typeof value === "number" ? 1 : 2 + value.byteLength;
		}
		// How many bytes Remaining Length takes (§2.2.3).
		const size = length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : 4;
		const bytes = new Uint8Array(1 + size + length - more + room);
		bytes[0] = first;
		let offset = 0;
		for (; length > 127; length >>= 7) bytes[++offset] = length | 128;
		bytes[++offset] = length;
		for (let index = 0; index < values.length; index++) {
			const value = values[index] as number | Uint8Array;
			if (typeof value === "number") bytes[++offset] = value;
			else {
				const count = value.byteLength;
				bytes[++offset] = count >> 8;
				bytes[++offset] = count;
				bytes.set(value, offset + 1);
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
		// Protocol name, level 4, flags [MQTT-3.1.2-1] [MQTT-3.1.2-2].
		const values: (number | Uint8Array)[] = [];
		values.push(this.field("MQTT", ""), 4, 0, keepAlive >> 8, keepAlive & 255, this.field(id, "id"));
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
		values[2] = flags;
		return this.concat(0x10, values, 0, 0);
	}

	/**
	 * §3.8 and §3.10, by `type`; the packet identifier, behind the fixed header, is left at 0 for the caller.
	 * Throws on no items, or one that is no topic filter.
	 */
	protected subscribe(type: 8 | 10, items: readonly Item[] | undefined): Uint8Array {
		const count = Array.isArray(items) ? items.length : 0;
		// [MQTT-3.8.3-3] [MQTT-3.10.3-2]; of more the parser could not take the SUBACK whole. Brokers' limits are far below.
		if (!items || count < 1 || count > 500) this.wrong("items", "1…500", count);
		const values: (number | Uint8Array)[] = Array.of(0, 0);
		for (let index = 0; index < count; index++) {
			const options = items[index] as Item;
			const value = this.QoS(options.QoS);
			values.push(this.field(options.topic, "items", 2)); // [MQTT-3.8.3-1] [MQTT-3.10.3-1] [MQTT-4.7.1-2] [MQTT-4.7.1-3]
			if (type === 8) values.push(value);
		}
		return this.concat((type << 4) | 2, values, 0, 0); // [MQTT-2.2.2-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]
	}

	/**
	 * §3.3: makes `publication` what these options ask for. With a small payload it is kept whole, for each write is
	 * a round trip to the TCP task on the ESP32; of others only the header is, so that no buffer ever has the size of a message.
	 */
	protected publish(publication: Publication, options: WriteOptions, byteLength: number): void {
		const QoS = this.QoS(options.QoS); // [MQTT-2.3.1-5] [MQTT-4.3.1-1] [MQTT-4.3.2-1]
		const topic = options.topic;
		const duplicate = options.duplicate;
		if (duplicate && !QoS) this.wrong("duplicate", "false at QoS 0", duplicate); // [MQTT-3.3.1-2]
		const value =
			(topic === publication.topic && publication.field) || this.field(topic as string, "topic", 1); // [MQTT-3.3.2-1] [MQTT-3.3.2-2]
		const id = QoS ? 2 : 0;
		const max = 268_435_453 - value.byteLength - id; // §2.2.3
		if (!(byteLength <= max) || byteLength >>> 0 !== byteLength)
			this.wrong("byteLength", `0…${max}`, byteLength);
		const room = byteLength <= 32 ? byteLength : 0; // XS charges two units for each byte that is copied
		const first = 0x30 | (duplicate ? 8 : 0) | (QoS << 1) | (options.retain ? 1 : 0);
		const packet = this.concat(first, Array.of(value), id + byteLength, id + room);
		const offset = packet.byteLength - room;
		publication.topic = topic as string;
		publication.QoS = options.QoS;
		publication.retain = options.retain;
		publication.byteLength = duplicate ? -1 : byteLength;
		publication.offset = offset;
		publication.size = offset + byteLength;
		publication.identified = QoS > 0;
		publication.whole = room === byteLength;
		publication.packet = packet;
		publication.options = { more: true, byteLength: offset + byteLength };
		publication.field = value;
	}
}

/**
 * The bytes of the control packets that are sent once in a while: CONNECT (§3.1), SUBSCRIBE (§3.8) and
 * UNSUBSCRIBE (§3.10), each in a buffer of its own. PUBLISH has its own file, for it must cost nothing.
 * Checks every field first and throws before anything is allocated.
 */

import type { ByteBuffer } from "./io.js";
import { CONNECT, SUBSCRIBE, type UNSUBSCRIBE } from "./packet.js";
import { encode } from "./text.js";
import { isTopicFilter, isTopicName } from "./topic.js";

export interface Will {
	readonly topic: string;
	readonly message: string | ByteBuffer;
	readonly QoS?: number;
	readonly retain?: boolean;
}

export interface ConnectFields {
	readonly id: string;
	readonly clean: boolean;
	/** Seconds, 0…65535. */
	readonly keepAlive: number;
	readonly user?: string | undefined;
	readonly password?: string | ByteBuffer | undefined;
	readonly will?: Will | undefined;
}

export interface Item {
	readonly topic: string;
	readonly QoS?: number;
}

/** Filters in one packet: of no more could the parser take the SUBACK whole. Brokers' own limits are far below. */
const MAXIMUM_ITEMS = 500;

const NOTHING = new Uint8Array(0);

/** The bytes of a Byte Buffer, not copied; `undefined` is none. Throws a TypeError on anything else. */
export function bytesOf(data: ByteBuffer | undefined): Uint8Array {
	if (data === undefined) return NOTHING;
	if (data instanceof Uint8Array) return data;
	if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	if (data instanceof ArrayBuffer) return new Uint8Array(data);
	throw new TypeError("data: expected a byte buffer");
}

/** How many bytes Remaining Length takes (§2.2.3). */
export function lengthSize(length: number): number {
	return length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : 4;
}

/** Writes a fixed header and returns the offset behind it. */
export function writeHeader(bytes: Uint8Array, first: number, length: number): number {
	bytes[0] = first;
	let offset = 1;
	while (length > 127) {
		bytes[offset++] = length | 128;
		length >>= 7;
	}
	bytes[offset++] = length;
	return offset;
}

/** Text in UTF-8 [MQTT-3.1.3-4], or bytes, as a field of at most 65 535 bytes [MQTT-4.7.3-3]; `name` is for the error. */
function field(value: string | ByteBuffer, name: string): Uint8Array {
	const text = typeof value === "string";
	if (text && value.includes("\0")) throw new RangeError(`${name}: expected no U+0000`); // [MQTT-1.5.3-2]
	const bytes = text ? encode(value) : bytesOf(value);
	if (bytes.byteLength > 65_535)
		throw new RangeError(`${name}: expected at most 65535 bytes, found ${bytes.byteLength}`);
	return bytes;
}

/** Writes a length of two bytes and what it counts; returns the offset behind it. */
export function writeField(bytes: Uint8Array, offset: number, value: Uint8Array): number {
	bytes[offset] = value.byteLength >> 8;
	bytes[offset + 1] = value.byteLength;
	bytes.set(value, offset + 2);
	return offset + 2 + value.byteLength;
}

/** Throws unless `QoS` is 0, 1 or 2 [MQTT-3.8.3-4] [MQTT-3.3.1-4]; `undefined` is 0. */
export function checkQoS(QoS: number | undefined): number {
	if (QoS === undefined) return 0;
	if (QoS !== 0 && QoS !== 1 && QoS !== 2) throw new RangeError(`QoS: expected 0, 1 or 2, found ${QoS}`);
	return QoS;
}

/**
 * §3.1: identifier, will, user and password, in this order, each if its flag is set, and its flag set if it
 * is there [MQTT-3.1.3-1] [MQTT-3.1.3-3]. Throws on a will without topic, a password without user, an empty id of a session
 * that is to be kept.
 */
export function connect(fields: ConnectFields): Uint8Array {
	const { id, clean, keepAlive, user, password, will } = fields;
	if (id === "" && !clean) throw new RangeError("id: expected a client identifier when clean is false"); // [MQTT-3.1.3-7]
	if (password !== undefined && user === undefined) throw new RangeError("password: expected a user as well"); // [MQTT-3.1.2-22]
	const parts = [field(id, "id")];
	// The reserved flag is 0 [MQTT-3.1.2-3], and so are all flags of the will without one [MQTT-3.1.2-11] [MQTT-3.1.2-13] [MQTT-3.1.2-15].
	let flags = clean ? 2 : 0;
	if (will) {
		// [MQTT-3.1.2-9] [MQTT-3.1.2-14] [MQTT-3.1.3-10]
		if (!isTopicName(will.topic))
			throw new RangeError(`will.topic: expected a topic name, found ${will.topic}`);
		parts.push(field(will.topic, "will.topic"), field(will.message, "will.message"));
		flags |= 4 | (checkQoS(will.QoS) << 3) | (will.retain ? 32 : 0);
	}
	if (user !== undefined) {
		// [MQTT-3.1.2-18] [MQTT-3.1.2-19] [MQTT-3.1.3-11]
		parts.push(field(user, "user"));
		flags |= 128;
	}
	if (password !== undefined) {
		// [MQTT-3.1.2-20] [MQTT-3.1.2-21]
		parts.push(field(password, "password"));
		flags |= 64;
	}
	let length = 10;
	for (const part of parts) length += 2 + part.byteLength;
	const bytes = new Uint8Array(1 + lengthSize(length) + length);
	let offset = writeHeader(bytes, CONNECT << 4, length);
	// Protocol name "MQTT", level 4 [MQTT-3.1.2-1] [MQTT-3.1.2-2].
	bytes.set([0, 4, 77, 81, 84, 84, 4, flags, keepAlive >> 8, keepAlive & 255], offset);
	offset += 10;
	for (const part of parts) offset = writeField(bytes, offset, part);
	return bytes;
}

/**
 * §3.8 and §3.10, by `type`; the packet identifier, behind the fixed header, is left at 0 for the caller.
 * Throws on no items, or one that is no topic filter.
 */
export function subscribe(type: typeof SUBSCRIBE | typeof UNSUBSCRIBE, items: readonly Item[]): Uint8Array {
	if (!Array.isArray(items) || items.length === 0) throw new RangeError("items: expected at least one"); // [MQTT-3.8.3-3] [MQTT-3.10.3-2]
	if (items.length > MAXIMUM_ITEMS)
		throw new RangeError(`items: expected at most ${MAXIMUM_ITEMS}, found ${items.length}`);
	const parts: Uint8Array[] = [];
	let length = 2;
	for (const { topic, QoS } of items) {
		if (typeof topic !== "string" || !isTopicFilter(topic))
			throw new RangeError(`items: expected topic filters, found ${topic}`); // [MQTT-4.7.1-2] [MQTT-4.7.1-3]
		checkQoS(QoS);
		const part = field(topic, "items"); // [MQTT-3.8.3-1] [MQTT-3.10.3-1]
		parts.push(part);
		length += 2 + part.byteLength + (type === SUBSCRIBE ? 1 : 0);
	}
	const bytes = new Uint8Array(1 + lengthSize(length) + length);
	let offset = writeHeader(bytes, (type << 4) | 2, length); // [MQTT-2.2.2-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1]
	offset += 2;
	for (let i = 0; i < parts.length; i++) {
		offset = writeField(bytes, offset, parts[i] as Uint8Array);
		if (type === SUBSCRIBE) bytes[offset++] = items[i]?.QoS ?? 0;
	}
	return bytes;
}

/**
 * Turns the bytes a broker sends into control packets, MQTT 3.1.1 §2 and §3. Three outcomes: more bytes are
 * needed, a packet (its header for PUBLISH, the whole of any other), malformed. Owns one buffer, reads no
 * socket, holds no payload: of a PUBLISH it stops behind the variable header and says how much remains. A header that is
 * longer than the buffer is passed over as it comes, with its topic: the buffer never grows.
 */

import { decodeAt, isTopicName } from "./codec.js";
import type { Message } from "./io.js";

export default class Parser {
	// The most used first: XS looks a field up in the order in which they were made.
	/** As long as any header with a topic of the longest that is wanted. */
	declare bytes: Uint8Array;
	/** Bytes `start` … `end` are read from the socket and not yet parsed. `start` is -1 while a topic is decoded. */
	declare start: number;
	declare end: number;
	/** Bytes of the current PUBLISH's payload that are not delivered, in the buffer or still to come. */
	declare left: number;
	/** The same bytes: two of them as one number cost half of what they cost one by one, four a quarter. */
	declare private readonly data: DataView;
	declare private readonly buffer: ArrayBuffer;
	/** Options of the last PUBLISH whose topic was not too long: new ones for each would be most of the garbage. */
	declare message: Message;
	/** Of PUBLISH above QoS 0 and of acknowledgements; CONNACK's flags and return code (§3.2.2). */
	declare id: number;
	/** Bytes that the caller reads before it asks `next` again; none or 0 unless more are needed. */
	declare need: number;
	/** Where `next` returned 3 for a PUBLISH, its first byte: type, DUP, QoS, RETAIN; and 256 if its topic was too long. */
	declare flags: number;
	/** SUBACK's return codes (§3.9.3). */
	declare codes: number[] | undefined;

	// Views of the last payload and topic: making one costs 64 bytes, so they are kept while their bounds repeat.
	declare payload: Uint8Array;
	declare from: number;
	declare to: number;
	declare private view: Uint8Array;
	declare private topicStart: number;
	declare private topicEnd: number;
	/** For a byte that comes alone. */
	declare byte: Uint8Array | undefined;
	/** Where Remaining Length ends, when it had to be measured. */
	declare private offset: number;
	/** Bytes that were dropped of a topic that is too long; none or 0 while there is no such topic. */
	declare private skip: number | undefined;

	constructor(longestTopic: number) {
		// The header has 9 bytes beside its topic at most; a SUBACK needs the 512.
		this.bytes = new Uint8Array(longestTopic > 503 ? longestTopic + 9 : 512);
		this.start = this.end = this.left = 0;
		this.buffer = this.bytes.buffer as ArrayBuffer;
		this.data = new DataView(this.buffer);
	}

	/**
	 * Parses what starts at `start`. The payload of a PUBLISH must be consumed before the next call. Returns the packet's type, -1
	 * when these bytes are no packet that a server may send [MQTT-4.8.0-1], -n when n bytes (2 or more) from `start` on are
	 * needed; the whole first byte instead (0x30…0x33) for a PUBLISH of QoS 0 or 1, without DUP, that is there to its end. Numbers
	 * stand for types here and in client.ts: each name of a module costs about 42 instructions at every entry of a function that
	 * mentions it.
	 */
	next(): number {
		const start = this.start;
		const end = this.end;
		let topicStart = start + 4; // mostly: Remaining Length has one byte, and the topic's length is there
		// 0xff0000: a Remaining Length of more than one byte, so that the slow way below measures what is there.
		let head = topicStart > end ? 0xff0000 : this.data.getInt32(start);
		let length = (head >> 16) & 255;
		if (length > 127) {
			if (start + 2 <= end && this.data.getUint16(start) === 0xd000) {
				this.start = start + 2;
				return 13; // PINGRESP
			}
			length = this.scan();
			if (length < 0) return length;
			topicStart = this.offset + 2;
			head = (this.data.getUint8(start) << 24) | (length < 2 ? 0 : this.data.getUint16(topicStart - 2));
		}
		const first = head >>> 24;
		if (first >> 4 !== 3) {
			if (head >> 16 !== 0x4002) return this.control(first, topicStart - 2, length);
			this.id = head & 0xffff;
			this.start = topicStart;
			return this.id ? 4 : -1; // [MQTT-2.3.1-1]
		}
		const topicEnd = topicStart + (head & 0xffff);
		let payload = topicEnd;
		if (first & 6) {
			payload += 2;
			this.id = payload > end ? 1 /* not there yet */ : this.data.getUint16(topicEnd);
			if (!this.id) return -1; // [MQTT-2.3.1-1]
		}
		length += topicStart - 2 - payload;
		if (length < 0) return -1;
		if (payload > end) return this.pass(first, topicStart, payload, length);
		if (this.topicStart !== topicStart || this.topicEnd !== topicEnd) this.look(topicStart, topicEnd);
		this.start = -1; // for the caller, whose `try` is round its loop: one here would cost each message
		const topic = decodeAt(this.buffer, topicStart, topicEnd - topicStart, this.view); // [MQTT-1.5.3-1]
		const message = this.message;
		// A topic that repeats was checked before: that costs as much as all the rest. It is handed on as it is [MQTT-4.7.3-4].
		if (topic !== message.topic) {
			if (!isTopicName(topic) || !this.isUTF8(topic, topicStart, topicEnd)) return -1; // [MQTT-3.3.2-2]
			message.topic = topic;
		}
		message.byteLength = length;
		message.retain = (first & 1) !== 0;
		this.start = payload;
		if (first < 0x34 && payload + length <= end) return first;
		this.left = length;
		this.flags = first;
		return (first & 6) === 6 ? -1 : 3; // [MQTT-3.3.1-4]
	}

	/**
	 * Whether the bytes from `start` to `end` are well-formed UTF-8 [MQTT-1.5.3-1], of which `text` was made. XS decodes overlong
	 * forms, surrogates and what is beyond U+10FFFF. A text of as many characters as bytes is ASCII and not looked at.
	 */
	isUTF8(text: string, start: number, end: number): boolean {
		if (text.length === end - start) return true;
		for (let at = start; at < end; at++) {
			const first = this.bytes[at] as number;
			if (first < 0x80) continue;
			// How many bytes follow (Unicode, table 3-6), each with six more bits of the code point.
			let count = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
			const min = 1 << (5 * count + 1);
			if (first < 0xc2 || first > 0xf4 || at + count >= end) return false;
			let code = first & (0x3f >> count);
			for (; count > 0; count--) {
				const next = this.bytes[++at] as number;
				if (next >> 6 !== 2) return false;
				code = (code << 6) | (next & 63);
			}
			// Overlong, beyond the last code point, or a surrogate (U+D800 to U+DFFF).
			if (code < min || code > 0x10ffff || code >> 11 === 27) return false;
		}
		return true;
	}

	/** Makes `view` show these bytes. */
	private look(start: number, end: number): void {
		this.view = this.bytes.subarray(start, end);
		this.topicStart = start;
		this.topicEnd = end;
		// Once, and without a topic, so that the first one is looked at.
		this.message ??= {
			more: false,
			topic: null as never,
			QoS: 0,
			byteLength: 0,
			retain: false,
			duplicate: false,
		};
	}

	/** Remaining Length, with `offset` set behind it; less than 0 like `next`. For packets that are short, or not simple. */
	private scan(): number {
		const count = this.end - this.start;
		if (!count) return -2;
		if (!this.match(this.bytes[this.start] as number)) return -1;
		let length = 0;
		// One to four bytes, least significant first (§2.2.3).
		for (let index = 1; index < 5; index++) {
			if (index === count) return -1 - index;
			const value = this.bytes[this.start + index] as number;
			length |= (value & 127) << (7 * index - 7);
			if (value < 128) {
				this.offset = this.start + index + 1;
				// The two bytes behind it are looked at, if there are any.
				return length > 1 && count < index + 3 ? -3 - index : length;
			}
		}
		return -1;
	}

	/**
	 * The header of a PUBLISH is not whole. One that the buffer cannot hold never will be: its topic is dropped as it comes, up to the
	 * identifier. What is dropped is not looked at.
	 */
	private pass(first: number, topicStart: number, payload: number, left: number): number {
		if (payload - this.start <= this.bytes.length) return this.start - payload;
		const skip = this.skip ?? 0;
		// Where the header ends in the buffer, without what is dropped.
		const end = payload - skip;
		if (end > this.end) {
			// The last two bytes stay, as the identifier may be in them.
			let count = this.end - topicStart - 2;
			if (count < 0) count = 0;
			this.bytes.copyWithin(topicStart, topicStart + count, this.end);
			this.end -= count;
			this.skip = skip + count;
			return this.start - this.end - 1;
		}
		this.id = this.data.getUint16(end - 2);
		if (first & 6 && !this.id) return -1; // [MQTT-2.3.1-1]
		this.skip = 0;
		this.left = left;
		this.flags = first | 256;
		this.start = end;
		return 3;
	}

	/** Whether a server may send a packet that begins so: its type, and the flags reserved for it [MQTT-2.2.2-2]. */
	private match(first: number): boolean {
		if (first >> 4 === 3) return (first & 6) !== 6;
		// A bit for each type: CONNACK, PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK, PINGRESP; PINGREQ is no server's
		// business in MQTT, but ECMA-419 §25 wants it answered. PUBREL has a flag set.
		return first === 0x62 || (!(first & 15) && ((0x3ab4 >> (first >> 4)) & 1) > 0);
	}

	/** Any other packet, whole. `first` is its first byte, `offset` where it goes on behind Remaining Length. */
	private control(first: number, offset: number, length: number): number {
		const type = first >> 4;
		if (!this.match(first) || (type === 9 ? length < 3 || length > 507 : length !== (type > 11 ? 0 : 2)))
			return -1;
		const end = offset + length;
		if (end > this.end) return this.start - end;
		let id: number | undefined;
		if (length) id = this.data.getUint16(offset);
		if (type === 2 ? (id as number) > 0x1ff : id === 0) return -1; // [MQTT-2.3.1-1]
		this.id = id as number;
		let codes: number[] | undefined;
		if (type === 9) codes = [];
		this.codes = codes;
		for (let index = offset + 2; index < end; index++) {
			const code = this.bytes[index] as number;
			if (code > 2 && code !== 0x80) return -1; // [MQTT-3.9.3-2]
			codes?.push(code);
		}
		this.start = end;
		return type;
	}
}

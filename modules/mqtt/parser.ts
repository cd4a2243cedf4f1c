/**
 * Turns the bytes a broker sends into control packets, MQTT 3.1.1 §2 and §3. Three outcomes: more bytes are
 * needed, a packet (its header for PUBLISH, the whole of any other), malformed. Owns one buffer, reads no
 * socket, holds no payload: of a PUBLISH it stops behind the variable header and says how much remains. A header that is
 * longer than the buffer is passed over as it comes, with its topic: the buffer never grows.
 */

import { decodeAt, isTopicName, isUTF8 } from "./text.js";

export default class Parser {
	/** As long as any header with a topic of the longest that is wanted. */
	declare bytes: Uint8Array;
	/** Bytes `start` … `end` are read from the socket and not yet parsed. `start` is -1 while a topic is decoded. */
	declare start: number;
	declare end: number;
	/** Bytes of the current PUBLISH's payload that are not delivered, in the buffer or still to come. */
	declare left: number;
	/** Bytes from `start` on without which `next` needs more again; none or 0 unless it did. */
	declare wanted: number;
	/** First byte of a PUBLISH that `next` did not return: type, DUP, QoS, RETAIN. */
	declare flags: number;
	/** Empty when it was too long. */
	declare topic: string;
	/** Of PUBLISH above QoS 0 and of acknowledgements; CONNACK's flags and return code (§3.2.2). */
	declare id: number;
	/** SUBACK's return codes (§3.9.3). */
	declare codes: number[];

	// Views of the last payload and topic: making one costs 64 bytes, so they are kept while their bounds repeat.
	declare payload: Uint8Array;
	declare payloadStart: number;
	declare payloadEnd: number;
	declare private readonly buffer: ArrayBufferLike;
	/** For a byte that comes alone. */
	declare single: Uint8Array | undefined;
	declare private topicView: Uint8Array;
	declare private topicStart: number;
	declare private topicEnd: number;
	/** Where Remaining Length ends, when it had to be measured. */
	declare private offset: number;
	/** Bytes that were dropped of a topic that is too long; none or 0 while there is no such topic. */
	declare private passed: number | undefined;

	constructor(longestTopic: number) {
		// In the order in which they are looked for. The header has 9 bytes beside its topic at most; a SUBACK needs the 512.
		this.bytes = new Uint8Array(longestTopic > 503 ? longestTopic + 9 : 512);
		this.start = this.end = this.left = 0;
		this.buffer = this.bytes.buffer;
	}

	/**
	 * Parses what starts at `start`. The payload of a PUBLISH must be consumed before the next call. Returns the packet's
	 * type, -2 when it needs more bytes, -1 when these bytes are no packet that a server may send [MQTT-4.8.0-1];
	 * its whole first byte instead (0x30…0x3d) for a PUBLISH whose payload is there to its end. Numbers stand for types here and in
	 * client.ts: each name of a module costs about 42 instructions at every entry of a function that mentions it.
	 */
	next(): number {
		const bytes = this.bytes;
		const start = this.start;
		const end = this.end;
		const first = bytes[start] as number;
		let length = bytes[start + 1] as number;
		let topicStart = start + 4;
		// Nearly all packets have a Remaining Length of one byte, and two bytes more are there.
		if (topicStart > end || length > 127) {
			if (first === 0xd0 && length === 0 && topicStart < end + 3) {
				this.start = start + 2;
				return 13;
			}
			length = this.scan(first, start);
			if (length < 0) return length;
			topicStart = this.offset + 2;
		}
		if (first >> 4 !== 3) {
			if (first !== 0x40 || length !== 2) return this.control(first, topicStart - 2, length);
			const id = ((bytes[topicStart - 2] as number) << 8) | (bytes[topicStart - 1] as number);
			this.id = id;
			this.start = topicStart;
			return id ? 4 : -1; // [MQTT-2.3.1-1]
		}

		const topicEnd =
			topicStart + ((bytes[topicStart - 2] as number) << 8) + (bytes[topicStart - 1] as number);
		let payload = topicEnd;
		if (first > 0x31) {
			payload += 2;
			if (first > 0x35 || payload > end) payload = this.identify(first, topicEnd);
			else {
				const id = ((bytes[topicEnd] as number) << 8) | (bytes[topicEnd + 1] as number);
				if (!id) return -1; // [MQTT-2.3.1-1]
				this.id = id;
			}
		}
		length += topicStart - 2 - payload;
		if (length < 0) return -1;
		let type = first;
		if (payload + length > end) {
			if (payload > end) return this.pass(first, topicStart, payload, length);
			this.flags = first;
			type = 3;
		}
		if (this.topicStart !== topicStart || this.topicEnd !== topicEnd) {
			if (topicStart === topicEnd) return -1; // [MQTT-4.7.3-1]
			this.topicView = bytes.subarray(topicStart, topicEnd);
			this.topicStart = topicStart;
			this.topicEnd = topicEnd;
		}
		// A `try` here would cost each message; the caller has one round its loop, and looks at `start`.
		this.start = -1;
		const topic = decodeAt(this.buffer, topicStart, topicEnd - topicStart, this.topicView); // [MQTT-1.5.3-1]
		// A topic that repeats was checked before: three searches cost as much as all the rest. It is handed on as it is [MQTT-4.7.3-4].
		if (topic !== this.topic) {
			if (!isTopicName(topic) || !isUTF8(topic, bytes, topicStart, topicEnd)) return -1; // [MQTT-3.3.2-2]
			this.topic = topic;
		}
		this.start = payload;
		this.left = length;
		return type;
	}

	/** Remaining Length, with `offset` set behind it; -2 or -1 like `next`. For packets that are short, or not simple. */
	private scan(first: number, start: number): number {
		const bytes = this.bytes;
		const end = this.end;
		if (start === end) return this.wait(2);
		if (!this.match(first)) return -1;
		let length = 0;
		// Two to four bytes, least significant first (§2.2.3).
		for (let shift = 0, offset = start + 1; shift < 28; shift += 7) {
			if (offset === end) return this.wait(offset - start + 1);
			const value = bytes[offset++] as number;
			length |= (value & 127) << shift;
			if (value < 128) {
				this.offset = offset;
				if (end - offset >= 2 || length < 2) return first >> 4 === 3 && length < 2 ? -1 : length;
				return this.wait(offset - start + 2);
			}
		}
		return -1;
	}

	/** So many bytes from `start` on are needed. */
	private wait(size: number): number {
		this.wanted = size;
		return -2;
	}

	/**
	 * The header of a PUBLISH is not whole. One that the buffer cannot hold never will be: its topic is dropped as it comes, up to the
	 * identifier. What is dropped is not looked at.
	 */
	private pass(first: number, topicStart: number, payload: number, left: number): number {
		const bytes = this.bytes;
		const size = payload - this.start;
		if (size <= bytes.length) return this.wait(size);
		const passed = this.passed ?? 0;
		// Where the header ends in the buffer, without what is dropped.
		const end = payload - passed;
		if (end > this.end) {
			// The last two bytes stay, as the identifier may be in them.
			const count = Math.max(this.end - topicStart - 2, 0);
			bytes.copyWithin(topicStart, topicStart + count, this.end);
			this.end -= count;
			this.passed = passed + count;
			return this.wait(Math.min(size - this.passed, bytes.length));
		}
		if (first & 6) {
			this.id = ((bytes[end - 2] as number) << 8) | (bytes[end - 1] as number);
			if (!this.id) return -1; // [MQTT-2.3.1-1]
		}
		this.passed = 0;
		this.topic = "";
		this.flags = first;
		this.start = end;
		this.left = left;
		return 3;
	}

	/** Whether a server may send a packet that begins so: its type, and the flags reserved for it [MQTT-2.2.2-2]. */
	private match(first: number): boolean {
		if (first >> 4 === 3) return (first & 6) !== 6;
		// A bit for each type: CONNACK, PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK, PINGRESP; PINGREQ is no server's
		// business in MQTT, but ECMA-419 §25 wants it answered. PUBREL has a flag set.
		return first === 0x62 || ((first & 15) === 0 && ((0x3ab4 >> (first >> 4)) & 1) === 1);
	}

	/** Where the payload begins of a PUBLISH above QoS 0, or with DUP, and the identifier before it; beyond everything if they may not be so. */
	private identify(first: number, offset: number): number {
		if ((first & 6) === 6) return 0x7fffffff; // [MQTT-3.3.1-4]
		if (!(first & 6)) return offset; // DUP at QoS 0: wrong of the sender, and seen from AWS
		if (offset + 2 > this.end) return offset + 2;
		this.id = ((this.bytes[offset] as number) << 8) | (this.bytes[offset + 1] as number);
		return this.id ? offset + 2 : 0x7fffffff; // [MQTT-2.3.1-1]
	}

	/** Any other packet, whole. `first` is its first byte. */
	private control(first: number, offset: number, length: number): number {
		if (!this.match(first)) return -1;
		const type = first >> 4;
		if (type === 9 ? length < 3 || length > 507 : length !== (type > 11 ? 0 : 2)) return -1;
		const end = offset + length;
		if (end > this.end) return this.wait(end - this.start);
		const bytes = this.bytes;
		if (length) {
			const id = ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
			if (type === 2 ? id > 0x1ff : !id) return -1; // [MQTT-2.3.1-1]
			this.id = id;
			if (type === 9) {
				const codes = Array.from(bytes.subarray(offset + 2, end));
				if (codes.some(code => code > 2 && code !== 0x80)) return -1; // [MQTT-3.9.3-2]
				this.codes = codes;
			}
		}
		this.start = end;
		return type;
	}

	/** Makes `payload` show these bytes of the buffer. */
	peek(start: number, end: number): void {
		this.payload = this.bytes.subarray(start, end);
		this.payloadStart = start;
		this.payloadEnd = end;
	}

	/** Room behind the bytes that are not parsed, at least one byte, for a socket to read into. */
	free(): Uint8Array {
		const start = this.start;
		const bytes = this.bytes;
		if (start > 0) {
			bytes.copyWithin(0, start, this.end);
			this.start = 0;
			this.end -= start;
		}
		return bytes.subarray(this.end);
	}
}

/**
 * Turns the bytes a broker sends into control packets, MQTT 3.1.1 §2 and §3. Three outcomes: more bytes are
 * needed, a packet (its header for PUBLISH, the whole of any other), malformed. Owns one buffer, reads no
 * socket, holds no payload: of a PUBLISH it stops behind the variable header and says how much remains.
 *
 * Fields are plain, not #private: every captured name costs about 42 instructions at each entry of a
 * function that mentions it, and `next` runs for each packet (-9 % on receive). The hot ones come first.
 */

import { CONNACK, PINGREQ, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, UNSUBACK } from "./packet.js";
import { decode } from "./text.js";

/** `next` needs more bytes. Packet types are 1…14. */
export const MORE = 0;
/** What stands in the buffer is no packet a server may send [MQTT-4.8.0-1]. */
export const MALFORMED = -1;

/** Longest topic that needs no buffer of its own; the other headers are far smaller. */
const CAPACITY = 512;

export default class Parser {
	bytes = new Uint8Array(CAPACITY);
	/** Bytes `start` … `end` are read from the socket and not yet parsed. */
	start = 0;
	end = 0;
	/** Bytes of the current PUBLISH's payload that are not yet consumed, in the buffer or still to come. */
	remaining = 0;
	/** QoS, DUP and RETAIN as they stand in the first byte of a PUBLISH. */
	flags = 0;
	topic = "";
	/** Of PUBLISH above QoS 0 and of acknowledgements, else 0. */
	packetIdentifier = 0;
	/** CONNACK (§3.2.2). */
	sessionPresent = false;
	returnCode = 0;
	/** SUBACK's return codes (§3.9.3). */
	codes: number[] | undefined;

	// Views of the last topic and payload: making one costs 64 bytes, so they are kept while their bounds repeat.
	private topicView = this.bytes;
	private topicStart = 0;
	private topicEnd = 0;
	private payloadView = this.bytes;
	private payloadStart = 0;
	private payloadEnd = 0;
	private readonly kept = this.bytes;

	/** Parses what starts at `start`. PUBLISH's payload must be consumed before the next call. */
	next(): number {
		const bytes = this.bytes;
		const start = this.start;
		const available = this.end - start;
		if (available < 2) return available === 1 && !isServerByte(bytes[start] as number) ? MALFORMED : MORE;
		const first = bytes[start] as number;
		let length = bytes[start + 1] as number;
		let header = start + 2;
		if (length > 127) {
			// Remaining Length of two to four bytes (§2.2.3), least significant first.
			let shift = 7;
			length &= 127;
			for (;;) {
				if (header === this.end) return header - start < 5 && isServerByte(first) ? MORE : MALFORMED;
				const digit = bytes[header++] as number;
				length |= (digit & 127) << shift;
				if (digit < 128) break;
				if (shift === 21) return MALFORMED;
				shift += 7;
			}
		}
		if (first >> 4 === PUBLISH) return this.publish(first & 15, header, length);
		return this.control(first, header, length);
	}

	/** §3.3: variable header of a PUBLISH whose fixed header ends before `offset`. */
	private publish(flags: number, offset: number, length: number): number {
		const QoS = (flags >> 1) & 3;
		if (QoS === 3) return MALFORMED; // [MQTT-3.3.1-4]
		const bytes = this.bytes;
		const end = this.end;
		if (length < (QoS ? 5 : 3)) return MALFORMED;
		if (end - offset < 2) return MORE;
		const topicLength = ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
		const first = offset + 2;
		const last = first + topicLength;
		const payload = QoS ? last + 2 : last;
		if (topicLength === 0 || payload - offset > length) return MALFORMED; // [MQTT-4.7.3-1]
		if (payload > end) {
			if (payload - this.start > bytes.length) this.grow(payload - this.start);
			return MORE;
		}
		if (QoS) {
			const packetIdentifier = ((bytes[last] as number) << 8) | (bytes[last + 1] as number);
			if (packetIdentifier === 0) return MALFORMED; // [MQTT-2.3.1-1]
			this.packetIdentifier = packetIdentifier;
		}
		if (this.topicStart !== first || this.topicEnd !== last) {
			this.topicView = bytes.subarray(first, last);
			this.topicStart = first;
			this.topicEnd = last;
		}
		const topic = text(this.topicView);
		// A topic that repeats was checked before: three searches cost as much as all the rest of this method.
		if (topic !== this.topic) {
			if (topic === undefined || topic.includes("\0") || topic.includes("+") || topic.includes("#"))
				return MALFORMED; // [MQTT-3.3.2-2]
			this.topic = topic;
		}
		this.flags = flags;
		this.start = payload;
		this.remaining = length - (payload - offset);
		return PUBLISH;
	}

	/** Any other packet, whole. `first` is its first byte. */
	private control(first: number, offset: number, length: number): number {
		if (!isServerByte(first)) return MALFORMED;
		const type = first >> 4;
		const expected = type >= PINGREQ ? 0 : 2;
		if (type === SUBACK ? length < 3 || length > CAPACITY - 5 : length !== expected) return MALFORMED;
		const end = offset + length;
		if (end > this.end) return MORE;
		const bytes = this.bytes;
		if (length !== 0) {
			const high = bytes[offset] as number;
			const low = bytes[offset + 1] as number;
			if (type === CONNACK) {
				if (high > 1) return MALFORMED;
				this.sessionPresent = high === 1;
				this.returnCode = low;
			} else {
				this.packetIdentifier = (high << 8) | low;
				if (this.packetIdentifier === 0) return MALFORMED; // [MQTT-2.3.1-1]
				if (type === SUBACK) {
					const codes = Array.from(bytes.subarray(offset + 2, end));
					for (const code of codes) if (code > 2 && code !== 0x80) return MALFORMED; // [MQTT-3.9.3-2]
					this.codes = codes;
				}
			}
		}
		this.start = end;
		return type;
	}

	/** The next `count` bytes of payload, consumed. A view, valid until `next` or `room`. */
	payload(count: number): Uint8Array {
		const start = this.start;
		const end = start + count;
		if (this.payloadStart !== start || this.payloadEnd !== end) {
			this.payloadView = this.bytes.subarray(start, end);
			this.payloadStart = start;
			this.payloadEnd = end;
		}
		this.start = end;
		return this.payloadView;
	}

	/** Room behind `end` for a socket to read into, once what is parsed has made way. At least one byte. */
	room(): Uint8Array {
		const { start, end } = this;
		if (start === end) {
			this.start = this.end = 0;
			if (this.bytes !== this.kept) this.replace(this.kept); // the long topic is done with
			return this.bytes;
		}
		if (start > 0) {
			this.bytes.copyWithin(0, start, end);
			this.start = 0;
			this.end = end - start;
		}
		return this.bytes.subarray(this.end);
	}

	/** A topic may be 65 535 bytes long: a buffer for this one, of just that size, until it is parsed. */
	private grow(size: number): void {
		const bytes = new Uint8Array(size);
		bytes.set(this.bytes.subarray(this.start, this.end));
		this.replace(bytes);
		this.end -= this.start;
		this.start = 0;
	}

	private replace(bytes: Uint8Array<ArrayBuffer>): void {
		this.bytes = bytes;
		this.topicView = this.payloadView = bytes;
		this.topicEnd = this.payloadEnd = 0;
	}
}

/** Whether a server may send a packet that begins so: its type, and the flags reserved for it [MQTT-2.2.2-2]. */
function isServerByte(first: number): boolean {
	const type = first >> 4;
	if (type === PUBLISH) return (first & 6) !== 6;
	if (type === PUBREL) return first === 0x62;
	if ((first & 15) !== 0) return false;
	// PINGREQ is no server's business in MQTT, but ECMA-419 §25 wants it answered.
	return (
		type === CONNACK ||
		type === PUBACK ||
		type === PUBREC ||
		type === PUBCOMP ||
		type === SUBACK ||
		type === UNSUBACK ||
		type === PINGREQ ||
		type === PINGREQ + 1
	);
}

/** The text, or undefined where the bytes are not UTF-8 [MQTT-1.5.3-1]. */
function text(bytes: Uint8Array): string | undefined {
	try {
		return decode(bytes);
	} catch {
		return undefined;
	}
}

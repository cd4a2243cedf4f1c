/**
 * One PUBLISH packet (§3.3) that is kept between publications, for encoding a topic anew is a third of the
 * cost of a publish. With a small payload it is kept whole: each write is a round trip to the TCP task on
 * the ESP32. Of others only the header is kept, and the payload goes out from the caller's own buffer in a
 * second write of the same sequence, so that no buffer ever has the size of a message.
 */

import { checkQoS, lengthSize, writeField, writeHeader } from "./encoder.js";
import type { WriteOptions } from "./options.js";
import { MAXIMUM_LENGTH, PUBLISH } from "./packet.js";
import { encode } from "./text.js";
import { isTopicName } from "./topic.js";

/** The largest payload that is copied behind its header, in bytes; XS charges two units for each. */
const WHOLE = 32;

export default class Publication {
	/** U+0000, which is no topic, until `prepare`. */
	topic = "\0";
	/** As the caller gave them, so that one comparison each tells whether they are the same. DUP is never kept. */
	QoS: number | undefined;
	retain: boolean | undefined;
	/** QoS is above 0: a packet identifier stands in the two bytes before the payload. */
	identified = false;
	/** Bytes of payload, when the packet may be used again; else -1. */
	byteLength = -1;
	/** Whether `packet` has room for the payload, at `offset`. */
	whole = false;
	/** Bytes in the whole packet, for us and for the socket. */
	total = 0;
	readonly sequence = { more: true, byteLength: 0 };
	/** Where the payload begins. */
	offset = 0;
	/** What is written: the packet, or its header. A view of `bytes`, remade when its length changes. */
	packet = new Uint8Array(0);

	private bytes = this.packet;
	private encoded: Uint8Array = this.packet;

	/** Whether the packet is what these options ask for. */
	resembles(options: WriteOptions, byteLength: number): boolean {
		const same = this.QoS === options.QoS && this.retain === options.retain;
		return same && this.topic === options.topic && this.byteLength === byteLength && !options.duplicate;
	}

	/** Makes the packet for these fields. Throws on what may not be sent, before anything changes. */
	prepare(
		topic: string,
		QoS: number | undefined,
		retain: boolean | undefined,
		duplicate: boolean | undefined,
		byteLength: number,
	): void {
		// Before the first time the topic is none, and not to be taken for one.
		const encoded = topic === this.topic && this.total > 0 ? this.encoded : encodeTopic(topic);
		const identified = checkQoS(QoS) !== 0; // [MQTT-2.3.1-5] [MQTT-4.3.1-1] [MQTT-4.3.2-1]
		if (duplicate && !identified) throw new RangeError("duplicate: expected false at QoS 0"); // [MQTT-3.3.1-2]
		const variable = 2 + encoded.byteLength + (identified ? 2 : 0);
		const length = variable + byteLength;
		if (!Number.isInteger(byteLength) || byteLength < 0 || length > MAXIMUM_LENGTH)
			throw new RangeError(`byteLength: expected 0…${MAXIMUM_LENGTH - variable}, found ${byteLength}`);

		const header = 1 + lengthSize(length) + variable;
		const whole = byteLength <= WHOLE;
		const size = whole ? header + byteLength : header;
		// Grown in steps, so that a reading that goes from 9.9 to 10.0 finds room.
		if (size > this.bytes.byteLength) this.bytes = new Uint8Array((size + 31) & ~31);
		const bytes = this.bytes;
		const flags = (duplicate ? 8 : 0) | ((QoS ?? 0) << 1) | (retain ? 1 : 0);
		const offset = writeHeader(bytes, (PUBLISH << 4) | flags, length);
		writeField(bytes, offset, encoded);
		if (this.packet.buffer !== bytes.buffer || this.packet.byteLength !== size)
			this.packet = bytes.subarray(0, size);

		this.topic = topic;
		this.encoded = encoded;
		this.QoS = QoS;
		this.retain = retain;
		this.identified = identified;
		this.byteLength = duplicate ? -1 : byteLength;
		this.whole = whole;
		this.total = header + byteLength;
		this.sequence.byteLength = this.total;
		this.offset = header;
	}
}

/** Throws on what is no topic name [MQTT-3.3.2-1] [MQTT-3.3.2-2]. */
function encodeTopic(topic: string): Uint8Array {
	if (typeof topic !== "string" || !isTopicName(topic))
		throw new RangeError(`topic: expected a topic name, found ${topic}`);
	const encoded = encode(topic);
	if (encoded.byteLength > 65_535)
		throw new RangeError(`topic: expected at most 65535 bytes, found ${encoded.byteLength}`);
	return encoded;
}

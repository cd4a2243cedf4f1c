/**
 * One PUBLISH packet (§3.3) that is kept between publications: while topic, flags and size repeat, sending
 * costs one copy of the payload and one write. Encoding the topic anew is a third of the cost of a publish,
 * and each write is a round trip to the TCP task on the ESP32 and a record of its own under TLS.
 *
 * Small packets are kept whole; of larger ones only the header, and their payload goes out from the
 * caller's own buffer in a second write, so that no buffer ever has the size of a message.
 */

import { checkQoS, lengthSize, writeHeader } from "./encoder.js";
import { MAXIMUM_LENGTH, PUBLISH } from "./packet.js";
import { encode } from "./text.js";
import { isTopicName } from "./topic.js";

/** The largest packet that is kept whole, in bytes. */
const WHOLE = 256;

export default class Publication {
	/** U+0000 is no topic: nothing matches until `prepare`. */
	topic = "\0";
	/** First byte of the packet: type, DUP, QoS, RETAIN. */
	first = 0;
	/** Bytes of payload. */
	byteLength = -1;
	/** Whether `packet` has room for the payload, at `offset`. */
	whole = false;
	/** Bytes in the whole packet. */
	total = 0;
	/** Where the payload begins; the packet identifier stands in the two bytes before it. */
	offset = 0;
	/** What is written: the packet, or its header. A view of `bytes`, remade when its length changes. */
	packet = new Uint8Array(0);

	private bytes = this.packet;
	private encoded: Uint8Array = this.packet;

	/** Makes the packet for these fields. Throws on what is no topic name, before anything changes. */
	prepare(topic: string, QoS: number | undefined, first: number, byteLength: number): void {
		let encoded = this.encoded;
		if (topic !== this.topic) {
			if (typeof topic !== "string" || !isTopicName(topic))
				throw new RangeError(`topic: expected a topic name, found ${topic}`);
			encoded = encode(topic);
			if (encoded.byteLength > 65_535)
				throw new RangeError(`topic: expected at most 65535 bytes, found ${encoded.byteLength}`);
		}
		const identified = checkQoS(QoS) !== 0;
		if (!identified && first & 8) throw new RangeError("duplicate: expected false at QoS 0"); // [MQTT-3.3.1-2]
		const variable = 2 + encoded.byteLength + (identified ? 2 : 0);
		const length = variable + byteLength;
		if (length > MAXIMUM_LENGTH)
			throw new RangeError(`byteLength: expected at most ${MAXIMUM_LENGTH - variable}, found ${byteLength}`);

		const header = 1 + lengthSize(length) + variable;
		const whole = header + byteLength <= WHOLE;
		const size = whole ? header + byteLength : header;
		// Grown in steps, so that a reading that goes from 9.9 to 10.0 finds room.
		if (size > this.bytes.byteLength) this.bytes = new Uint8Array((size + 31) & ~31);
		const bytes = this.bytes;
		let offset = writeHeader(bytes, first, length);
		bytes[offset] = encoded.byteLength >> 8;
		bytes[offset + 1] = encoded.byteLength;
		offset += 2;
		bytes.set(encoded, offset);

		this.topic = topic;
		this.encoded = encoded;
		this.first = first;
		this.byteLength = byteLength;
		this.whole = whole;
		this.total = header + byteLength;
		this.offset = header;
		if (this.packet.buffer !== bytes.buffer || this.packet.byteLength !== size)
			this.packet = bytes.subarray(0, size);
	}
}

/** First byte of a PUBLISH [MQTT-3.3.1-1]. */
export const FIRST = PUBLISH << 4;

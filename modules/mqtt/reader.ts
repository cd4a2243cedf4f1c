/**
 * `read` of ECMA-419 §25: the bytes of the message that is being delivered, from the parser's buffer as far as they are there, and
 * from the socket behind that. The layer over writer.ts. Knows nothing of packets: client.ts says how many bytes are `available`.
 */

import type { ByteBuffer } from "./io.js";
import type { MQTTClientOptions } from "./options.js";
import Parser from "./parser.js";
import Writer from "./writer.js";

export default abstract class Reader<Client> extends Writer<Client> {
	declare protected parser: Parser;

	constructor(options: MQTTClientOptions<Client>) {
		super(options);
		this.parser = new Parser(options.longestTopic ?? 0);
	}

	/** Always `buffer`; setting another throws (§25). */
	get format(): "buffer" {
		return "buffer";
	}
	set format(value: "buffer") {
		if (value !== "buffer") this.wrong("format", "buffer", value);
	}

	/**
	 * Bytes of the current message: as many as fit into a buffer, whose count is returned, or a new buffer of
	 * at most `count` bytes; `undefined` when there are none.
	 */
	read(count?: number): ArrayBuffer | undefined;
	read(buffer: ByteBuffer): number | undefined;
	read(target?: ByteBuffer | number): ArrayBuffer | number | undefined {
		const available = this.available;
		// All available bytes, into a byte array with room for them. The other cases have methods of their own.
		if ((target as Uint8Array)?.BYTES_PER_ELEMENT !== 1 || available <= 0) return this.readBuffer(target);
		if ((target as Uint8Array).byteLength < available)
			return this.readBlock(target as Uint8Array, (target as Uint8Array).byteLength);
		const parser = this.parser;
		const start = parser.start;
		const end = start + available;
		if (end > parser.end) return this.readBlock(target as Uint8Array, available);
		if (parser.payloadStart !== start || parser.payloadEnd !== end) parser.peek(start, end);
		(target as Uint8Array).set(parser.payload);
		parser.start = end;
		this.available = 0;
		if (this.busy) this.schedule();
		return available;
	}

	/** `read` into anything but bytes, or of nothing. */
	private readBuffer(target: ByteBuffer | number | undefined): ArrayBuffer | number | undefined {
		const available = this.available;
		if (available < 0) throw new Error("read: closed");
		if (!available) return;
		if (target !== undefined && typeof target !== "number") return this.read(this.bytes(target));
		const result = new Uint8Array((target as number) < available ? (target as number) : available);
		this.read(result);
		return result.buffer;
	}

	/** Less than is there, or more than is buffered: the rest comes straight from the socket, without a copy of its own. */
	private readBlock(target: Uint8Array, size: number): number {
		const parser = this.parser;
		// A short fragment goes through the buffer: a view of `target` would be garbage.
		if (parser.start === parser.end && size < parser.bytes.length && size !== target.byteLength) {
			parser.start = 0;
			parser.end = this.socket.read(parser.bytes) ?? 0;
			this.readable -= parser.end;
			if (parser.end >= size) return this.read(target) as number;
		}
		const start = parser.start;
		let count = parser.end - start;
		if (count > size) count = size;
		if (count) target.set(parser.bytes.subarray(start, start + count));
		parser.start = start + count;
		if (count < size) {
			// The socket must not be asked for more: what follows is the next packet.
			const rest = count || size !== target.byteLength ? target.subarray(count, size) : target;
			const read = this.socket.read(rest) ?? 0;
			this.readable -= read;
			count += read;
		}
		this.available -= count;
		if (!this.available && this.busy) this.schedule();
		return count;
	}

	/** In place of a missing callback [MQTT-4.5.0-2], for a QoS 2 message that was taken before, and for one whose topic is too long. */
	protected override drop(): void {
		while (this.available > 0) this.read(new Uint8Array(256));
	}

	/**
	 * A message whose topic is too long has gone by: told, and acknowledged, or it would come again for ever. Returns the reply that is
	 * due, or 0 where that is the caller's.
	 */
	protected passed(): number {
		const { flags, id } = this.parser;
		const QoS = (flags >> 1) & 3;
		this.notify(3, { operation: 3, QoS, id: QoS ? id : undefined });
		// PUBACK, 4, or PUBREC, 5 [MQTT-4.3.2-2] [MQTT-4.3.3-2].
		return QoS && this.acknowledge ? ((QoS + 3) << 20) | id : 0;
	}
}

/**
 * MQTT 3.1.1 client, ECMA-419 §25 (MQTT Client Class Pattern), over any ECMA-419 TCP class and resolver.
 * This layer receives: it delivers messages, which the application reads, answers them and reports control packets. Below it
 * writer.ts sends, connection.ts connects, keeps alive and ends, encoder.ts makes packets. The client does not reconnect,
 * retransmit, or remember subscriptions: §25 leaves that to "layers built on" it (modules/session).
 */

import type { ByteBuffer } from "./io.js";
import type { Message, MQTTClientOptions } from "./options.js";
import Parser from "./parser.js";
import Writer from "./writer.js";

export type * from "./io.js";
export type * from "./options.js";

/** Options of the fragments that follow the first. */
const MORE: Message = Object.freeze({ more: true });
const LAST: Message = Object.freeze({ more: false });
const PINGRESP = Object.freeze({ operation: 13 });
/** Up to so many bytes of a fragment are read into the buffer before the application asks. */
const FEW = 64;
/** QoS 2 messages that are remembered until their PUBREL comes. */
const MOST = 64;

/** One connection to one broker. Throws on wrong options, `write` on what does not fit; all else comes by callbacks, later. */
export default class MQTTClient extends Writer<MQTTClient> {
	// Declared, and made in the constructor, as in connection.ts.
	/** PUBACK or PUBREC like `owed`, due when the current message has been read. */
	declare private due: number;
	/** The rest of the payload: 0 or missing, it is delivered; 1, its first fragment is still to be delivered; 2, it is discarded. */
	declare private rest: 0 | 1 | 2;
	/** The message of every PUBACK, filled anew. */
	declare private acknowledgement: { operation: number; id: number };
	/** Packet identifiers of QoS 2 messages that were taken and are not released. */
	declare private received: number[] | undefined;

	constructor(options: MQTTClientOptions<MQTTClient>) {
		super(options);
		this.parser = new Parser(options.longestTopic ?? 0);
	}

	/**
	 * Parses and delivers until the bytes run out, the application has to read, or a reply waits for room.
	 * A message at QoS 0 or 1 that is there as a whole is delivered here. Work that is not finished sets `busy`, so the usual
	 * packet costs one check instead of five. One `try` round the loop is free. A second call cannot come while it runs:
	 * a socket calls back when no script is running (§8).
	 */
	protected override receive(count: number): void {
		this.readable = count;
		this.heard = true;
		const parser = this.parser;
		try {
			while (!this.busy || (parser.wanted ? this.fill(parser) : this.proceed(parser))) {
				if (parser.start === parser.end) {
					// Every byte that was announced is read: a TLS socket announces no more before.
					if (this.readable <= 0) break;
					const count = this.socket.read(parser.bytes) ?? 0;
					parser.start = 0;
					parser.end = count;
					this.readable -= count;
				}
				const type = parser.next();
				if (type > 15) {
					const message = parser.message as Message;
					const byteLength = message.byteLength as number;
					const id = type > 0x31 ? parser.id : undefined;
					if (id || message.id) {
						message.QoS = id ? 1 : 0;
						message.id = id;
					}
					this.available = byteLength;
					this.deliver(byteLength, message);
					if (id && this.acknowledge) {
						// As soon as it is read [MQTT-4.3.2-2].
						if (!this.available && this.state === 4 && this.writable > 3) {
							this.word.setInt32(0, 0x40020000 | id);
							this.writable = this.socket.write(this.word);
						} else {
							this.due = 0x40020000 | id;
							this.busy = true;
						}
					} else if (this.available) this.busy = true;
				} else if (type === 4) {
					const id = parser.id;
					if (this.one) this.free(id);
					this.acknowledgement ??= { operation: 4, id };
					this.acknowledgement.id = id;
					this.notify(4, this.acknowledgement);
				} else if (type === 13) {
					this.unanswered = false;
					this.notify(13, PINGRESP);
				} else this.controlled(type);
			}
		} catch (error) {
			// A text that is not UTF-8 [MQTT-1.5.3-1], or the application.
			this.fail(parser.start < 0 ? 6 /* malformed */ : 9, error);
		}
	}

	/** Goes on with unfinished work; false when it is still unfinished. */
	private proceed(parser: Parser): boolean {
		// While this runs, `read` and `write` need not `schedule`.
		this.busy = false;
		// Until the application has to read, or the client is closed.
		while (!this.available) {
			const left = parser.left;
			if (left || this.rest) {
				// The next fragment of a message. A read may give more than was announced, as more may arrive in between: then
				// `readable` is negative.
				let count = parser.end - parser.start;
				const readable = this.readable;
				if (readable > 0) {
					// A few bytes are read into the buffer; more go from the socket to the application without a copy.
					if (!count && readable < FEW) {
						count = this.socket.read(parser.bytes) ?? 0;
						parser.start = 0;
						parser.end = count;
						this.readable = readable - count;
					} else count += readable;
				}
				if (!count && left) break;
				const more = count < left;
				if (!more) count = left;
				if (this.rest) this.first(parser, count, more);
				else {
					this.available = count;
					parser.left = left - count;
					this.deliver(count, more ? MORE : LAST);
				}
				if (more) break;
			} else {
				const owed = this.due || this.owed; // the message is read whole
				this.due = 0;
				this.owed = owed;
				// Replies go out one at a time and so in order [MQTT-4.6.0-2] [MQTT-4.6.0-3]. After DISCONNECT (6)
				// nothing may be sent [MQTT-3.14.4-2]; messages are still delivered.
				if (owed && this.state !== 6) {
					if (this.state !== 4 || this.writable < 4) break;
					if (owed < 0) this.writeWord(0xd0);
					else this.reply(owed);
				}
				this.owed = 0;
				return true;
			}
		}
		this.busy = true;
		return false;
	}

	/** Reads more bytes of a packet that is not whole; false when there are still too few. */
	private fill(parser: Parser): boolean {
		let end = parser.end;
		while (end - parser.start < parser.wanted) {
			const readable = this.readable;
			if (readable <= 0) return false;
			let count: number | undefined;
			if (readable > 1 || end === parser.bytes.length) count = this.socket.read(parser.free());
			else {
				// For a single byte a view of its place would cost more than the byte.
				parser.single ??= new Uint8Array(1);
				count = this.socket.read(parser.single);
				parser.bytes[end] = parser.single[0] as number;
			}
			if (!count) return false;
			this.readable = readable - count;
			end = parser.end += count;
		}
		parser.wanted = 0;
		this.busy = false;
		return true;
	}

	/** The first fragment of a message that is above QoS 1, has DUP, or comes in fragments; or any that is discarded. */
	private first(parser: Parser, count: number, more: boolean): void {
		const options = this.rest === 1 ? this.describe(parser, more) : undefined;
		this.available = count;
		parser.left -= count;
		if (options && !this.rest) this.deliver(count, options);
		else {
			this.drop();
			if (more) return;
			this.rest = 0;
			// A message whose topic is too long has gone by.
			const QoS = (parser.flags >> 1) & 3;
			if (parser.flags > 255) this.notify(3, { operation: 3, QoS, id: QoS ? parser.id : undefined });
		}
	}

	/** The options of a message, with its first fragment; decides its reply, and whether it is delivered. */
	private describe(parser: Parser, more: boolean): Message {
		const flags = parser.flags;
		const passed = flags > 255;
		const QoS = (flags >> 1) & 3;
		const id = QoS ? parser.id : undefined;
		this.rest = passed ? 2 : 0;
		if (id && this.acknowledge) {
			// MQTT 3.1.1 has no limit: messages beyond ours are neither delivered nor acknowledged, so the broker sends them again
			// after a reconnect. Without a topic it is acknowledged, or it would come again for ever.
			this.received ??= [];
			const received = this.received;
			if (QoS === 2 && !passed) {
				if (received.indexOf(id) >= 0)
					this.rest = 2; // not to be delivered again [MQTT-4.3.3-2]
				else if (received.length < MOST) received.push(id);
				else this.rest = 2;
			}
			if (passed || QoS === 1 || received.indexOf(id) >= 0) this.due = ((QoS + 3) << 28) | 0x20000 | id;
		}
		// [MQTT-2.3.1-6] [MQTT-3.3.4-1]
		const duplicate = QoS > 0 && (flags & 8) !== 0;
		const topic = parser.message?.topic ?? "";
		return { more, topic, QoS, byteLength: parser.left, retain: (flags & 1) !== 0, duplicate, id };
	}

	/** Any packet but PUBACK, PINGRESP and a PUBLISH that is there as a whole; or no packet at all. */
	private controlled(type: number): void {
		const id = this.parser.id;
		if (type === 3) {
			this.rest = 1;
			this.busy = true;
		} else if (type === 2) this.connected(id >> 8 === 1, id & 255);
		else if (type === -2) this.busy = true;
		else if (type === 9) {
			// A return code for each filter [MQTT-3.8.4-5], handed on in their order [MQTT-3.9.3-1].
			const payload = this.parser.codes;
			if (this.granted(id, payload.length)) this.notify(9, { operation: 9, id, payload });
			else this.fail(6);
		} else if (type < 0)
			this.fail(6); // malformed
		else {
			// PUBREC and PUBREL are answered (§4.3.3), in their order [MQTT-4.6.0-4]; PUBCOMP and UNSUBACK free their identifier.
			// PINGREQ: §25 wants it answered.
			const index = type === 6 && this.received ? this.received.indexOf(id) : -1;
			if (index >= 0) this.received?.splice(index, 1);
			if (type === 12) this.owed = -1;
			else if (type !== 5 && type !== 6) this.free(id);
			else if (this.acknowledge) this.owed = (type === 5 ? 0x62020000 : 0x70020000) | id; // [MQTT-4.3.3-1] [MQTT-4.3.3-2]
			this.busy = true;
			this.notify(type, type === 12 ? { operation: type } : { operation: type, id });
		}
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

	/** In place of a missing callback [MQTT-4.5.0-2], and for what is discarded. */
	protected override drop(): void {
		while (this.available > 0) this.read(new Uint8Array(256));
	}

	/** Packet types (§2.2.1), as `operation` and in `onControl`. */
	static readonly CONNECT = 1;
	static readonly CONNACK = 2;
	static readonly PUBLISH = 3;
	static readonly PUBACK = 4;
	static readonly PUBREC = 5;
	static readonly PUBREL = 6;
	static readonly PUBCOMP = 7;
	static readonly SUBSCRIBE = 8;
	static readonly SUBACK = 9;
	static readonly UNSUBSCRIBE = 10;
	static readonly UNSUBACK = 11;
	static readonly PINGREQ = 12;
	static readonly PINGRESP = 13;
	static readonly DISCONNECT = 14;
}

// Read-only, also where the module is not preloaded (§25).
Object.freeze(MQTTClient);

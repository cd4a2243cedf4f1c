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

/** One connection to one broker. Throws on wrong options, `write` on what does not fit; all else comes by callbacks, later. */
export default class MQTTClient extends Writer<MQTTClient> {
	/** The rest of the payload: 0 or missing, it is delivered; 1, its first fragment is still to be delivered; 2, it is discarded. */
	declare private rest: 0 | 1 | 2;
	/** The message of every PUBACK, filled anew. */
	declare private message: { operation: number; id: number };

	constructor(options: MQTTClientOptions<MQTTClient>) {
		super(options);
		this.parser = new Parser(options.longestTopic ?? 0);
	}

	/**
	 * Bytes of the current message: as many as fit into a buffer, whose count is returned, or a new buffer of
	 * at most `count` bytes; `undefined` when there are none.
	 */
	read(count?: number): ArrayBuffer | undefined;
	read(buffer: ByteBuffer): number | undefined;
	read(target?: ByteBuffer | number): ArrayBuffer | number | undefined {
		const available = this.available;
		// All available bytes, out of the buffer, into a byte array with room for them. The other cases have a method of their own.
		if ((target as Uint8Array)?.BYTES_PER_ELEMENT !== 1 || available <= 0) return this.readPart(target);
		const parser = this.parser;
		const start = parser.start;
		const end = start + available;
		if (end > parser.end || (target as Uint8Array).byteLength < available) return this.readPart(target);
		if (parser.from !== start || parser.to !== end) parser.peek(start, end);
		(target as Uint8Array).set(parser.payload);
		parser.start = end;
		this.available = 0;
		if (this.busy) this.schedule();
		return available;
	}

	/** Any other `read`. What is not buffered comes straight from the socket, without a copy of its own. */
	private readPart(target: ByteBuffer | number | undefined): ArrayBuffer | number | undefined {
		const available = this.available;
		if (available < 0) throw new Error("read: closed");
		if (!available) return;
		if ((target as Uint8Array)?.BYTES_PER_ELEMENT !== 1) {
			if (target !== undefined && typeof target !== "number") return this.read(this.bytes(target));
			const result = new Uint8Array((target as number) < available ? (target as number) : available);
			this.read(result);
			return result.buffer;
		}
		const parser = this.parser;
		const bytes = target as Uint8Array;
		const length = bytes.byteLength;
		const size = length < available ? length : available;
		const start = parser.start;
		let count = parser.end - start;
		if (count > size) count = size;
		if (count) bytes.set(parser.bytes.subarray(start, start + count));
		parser.start = start + count;
		if (count < size) {
			// The socket must not be asked for more: what follows is the next packet.
			const read = this.socket.read(count || size !== length ? bytes.subarray(count, size) : bytes) ?? 0;
			this.readable -= read;
			count += read;
		}
		this.available = available - count;
		if (count === available && this.busy) this.schedule();
		return count;
	}

	/** In place of a missing callback [MQTT-4.5.0-2], and for what is discarded. */
	protected override drop(): void {
		while (this.available > 0) this.read(256);
	}

	/** Always `buffer`; setting another throws (§25). */
	get format(): "buffer" {
		return "buffer";
	}
	set format(value: "buffer") {
		if (value !== "buffer") this.wrong("format", "buffer", value);
	}

	/**
	 * Parses and delivers until the bytes run out, the application has to read, or a reply waits for room. Work that is not finished
	 * sets `busy`, so the usual packet costs one check instead of five. One `try` round the loop is free. A second call cannot come
	 * while it runs: a socket calls back when no script is running (§8).
	 */
	protected override receive(count: number): void {
		this.readable = count;
		this.active = true;
		const parser = this.parser;
		try {
			while (!this.busy || (parser.need ? this.fill(parser) : this.retry(parser))) {
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
					const message = parser.message;
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
					if (this.used) if (this.used[id] !== undefined) delete this.used[id];
					this.message ??= { operation: 4, id };
					this.message.id = id;
					this.notify(4, this.message);
				} else if (type === 13) {
					this.unanswered = false;
					this.notify(13, PINGRESP);
				} else this.process(type);
			}
		} catch (error) {
			this.fail(parser.start < 0 ? 6 : 9, error); // a text that is not UTF-8 [MQTT-1.5.3-1], or the application
		}
	}

	/** Any packet but PUBACK, PINGRESP and a PUBLISH that is there as a whole; or none. */
	private process(type: number): void {
		const parser = this.parser;
		const id = parser.id;
		// CONNACK leaves nothing to be done, all others may.
		this.busy = type !== 2;
		if (type < -1) parser.need = -type;
		else if (type < 0)
			this.fail(6); // malformed
		else if (type === 2) this.connected(id >> 8 === 1, id & 255);
		else if (type === 3) this.rest = 1;
		else {
			// A return code for each filter [MQTT-3.8.4-5], handed on in their order [MQTT-3.9.3-1].
			const payload = parser.codes;
			const filters = type === 9 && this.used?.[id];
			if (filters && filters !== payload.length) this.fail(6);
			else {
				this.answer(type, id);
				this.notify(
					type,
					type === 9
						? { operation: 9, id, payload }
						: type === 12
							? { operation: 12 }
							: { operation: type, id },
				);
			}
		}
	}

	/** Reads more bytes of a packet that is not whole; false when there are still too few. */
	private fill(parser: Parser): boolean {
		let count: number | undefined;
		while (this.readable > 0) {
			if (this.readable > 1 || parser.end === parser.bytes.length) count = this.socket.read(parser.free());
			else {
				// For a single byte a view of its place would cost more than the byte.
				parser.byte ??= new Uint8Array(1);
				count = this.socket.read(parser.byte);
				parser.bytes[parser.end] = parser.byte[0] as number;
			}
			if (!count) break;
			this.readable -= count;
			parser.end += count;
			if (parser.end - parser.start >= parser.need) {
				parser.need = 0;
				this.busy = false;
				return true;
			}
		}
		return false;
	}

	/** Goes on with unfinished work; false when it is still unfinished. */
	private retry(parser: Parser): boolean {
		// While this runs, `read` and `write` need not `schedule`.
		this.busy = false;
		// Until the application has to read, or the client is closed.
		while (!this.available) {
			const left = parser.left;
			if (!left && !this.rest) {
				const owed = this.due || this.owed; // the message is read whole
				this.due = 0;
				this.owed = owed;
				// Replies go out one at a time and so in order [MQTT-4.6.0-2] [MQTT-4.6.0-3]. After DISCONNECT (6)
				// nothing may be sent [MQTT-3.14.4-2]; messages are still delivered.
				if (owed && this.state !== 6) {
					if (this.state !== 4 || this.writable < 4) break;
					this.word.setInt32(0, owed);
					this.writable = this.socket.write(owed < 0 ? Uint8Array.of(0xd0, 0) : this.word);
				}
				this.owed = 0;
				return true;
			}
			// The next fragment. A read may give more than was announced, as more may arrive meanwhile: `readable` is negative then.
			let count = parser.end - parser.start;
			const readable = this.readable;
			if (readable > 0) {
				// A few bytes are read into the buffer; more go from the socket to the application without a copy.
				if (!count && readable < 512) {
					count = this.socket.read(parser.bytes) ?? 0;
					parser.start = 0;
					parser.end = count;
					this.readable = readable - count;
				} else count += readable;
			}
			if (count >= left) {
				if (this.rest) this.open(parser, left, false);
				else {
					this.available = left;
					parser.left = 0;
					this.deliver(left, LAST);
				}
			} else {
				if (this.rest && count) this.open(parser, count, true);
				else if (count) {
					this.available = count;
					parser.left = left - count;
					this.deliver(count, MORE);
				}
				break;
			}
		}
		this.busy = true;
		return false;
	}

	/** The first fragment of a message that is above QoS 1, has DUP, or comes in fragments; or any that is discarded. */
	private open(parser: Parser, count: number, more: boolean): void {
		const flags = parser.flags;
		const QoS = (flags >> 1) & 3;
		const id = QoS ? parser.id : undefined;
		const byteLength = parser.left;
		if (this.rest === 1) this.rest = this.take(QoS, parser.id, flags > 255) ? 0 : 2;
		this.available = count;
		parser.left = byteLength - count;
		if (!this.rest) {
			const topic = parser.message.topic as string;
			// [MQTT-2.3.1-6] [MQTT-3.3.4-1]
			const duplicate = QoS > 0 && (flags & 8) !== 0;
			this.deliver(count, { more, topic, QoS, byteLength, retain: (flags & 1) !== 0, duplicate, id });
			return;
		}
		this.drop();
		if (more) return;
		this.rest = 0;
		if (flags > 255) this.notify(3, { operation: 3, QoS, id }); // its topic was too long
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

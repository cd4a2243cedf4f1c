/**
 * MQTT 3.1.1 client, ECMA-419 §25 (MQTT Client Class Pattern), over any ECMA-419 TCP class and resolver. This layer receives; below
 * it writer.ts sends, connection.ts connects and ends, codec.ts makes packets and parser.ts takes them apart. Does not reconnect,
 * retransmit, or remember subscriptions: §25 leaves that to "layers built on" it (modules/session).
 */

import type { ByteBuffer, Message, MQTTClientOptions } from "./io.js";
import Parser from "./parser.js";
import Writer from "./writer.js";

export type * from "./io.js";

const MORE: Message = Object.freeze({ more: true });
const LAST: Message = Object.freeze({ more: false });
const PINGRESP = Object.freeze({ operation: 13 });

/** One connection to one broker. Throws on wrong options, `write` on what does not fit; all else comes by callbacks, later. */
export default class MQTTClient extends Writer<MQTTClient> {
	/** The message of every PUBACK, filled anew. */
	declare private message: { operation: number; id: number };
	/** The payload that comes in: 0 or missing, it is delivered; 1, its first fragment is still to be; 2, it is discarded. */
	declare private rest: 0 | 1 | 2;
	/** Packet identifiers of QoS 2 messages that were taken and are not released. */
	declare private received: { [id: number]: boolean } | undefined;

	constructor(options: MQTTClientOptions<MQTTClient>) {
		super(options);
		this.parser = new Parser(options.longestTopic ?? 0);
	}

	/** Bytes of the message: as many as fit into a buffer, and how many, or a new one of at most `count`; `undefined` is none. */
	read(count?: number): ArrayBuffer | undefined;
	read(buffer: ByteBuffer): number | undefined;
	read(target?: ByteBuffer | number): ArrayBuffer | number | undefined {
		const available = this.available;
		if ((target as Uint8Array)?.BYTES_PER_ELEMENT === 1 && available > 0) {
			const parser = this.parser;
			const start = parser.start;
			const end = start + available;
			// All that is available is buffered, and has room: the usual case.
			if (end <= parser.end && (target as Uint8Array).byteLength >= available) {
				if (parser.from !== start || parser.to !== end) {
					parser.payload = parser.bytes.subarray(start, end);
					parser.from = start;
					parser.to = end;
				}
				(target as Uint8Array).set(parser.payload);
				parser.start = end;
				this.available = 0;
				if (this.busy) this.schedule();
				return available;
			}
			return this.readPart(target as Uint8Array, available);
		}
		if (available < 0) throw new Error("read: closed");
		if (!available) return;
		if (target !== undefined && typeof target !== "number") return this.read(this.bytes(target));
		target = new Uint8Array((target as number) < available ? (target as number) : available);
		this.read(target);
		return target.buffer as ArrayBuffer;
	}

	/** Less than all, or what is not buffered: that comes straight from the socket, without a copy of its own. */
	private readPart(target: Uint8Array, available: number): number {
		const parser = this.parser;
		const length = target.byteLength;
		const size = length < available ? length : available;
		const start = parser.start;
		let count = parser.end - start;
		if (count > size) count = size;
		if (count) target.set(parser.bytes.subarray(start, start + count));
		parser.start = start + count;
		if (count < size) {
			// The socket must not be asked for more: what follows is the next packet.
			const whole = !count && size === length;
			const read = this.socket.read(whole ? target : target.subarray(count, size)) ?? 0;
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
		if (value !== this.format) this.wrong("format", this.format, value);
	}

	/**
	 * Parses and delivers until the bytes run out, the application has to read, or a reply waits for room. Work that is not finished
	 * sets `busy`, so the usual packet costs one check instead of five. A socket calls back when no script is running (§8).
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
					parser.start = 0;
					parser.end = this.socket.read(parser.bytes) ?? 0;
					this.readable -= parser.end;
				}
				const type = parser.next();
				if (type > 15) {
					const message = parser.message;
					const id = type > 0x31 ? parser.id : undefined;
					if (id || message.id) {
						message.QoS = id ? 1 : 0;
						message.id = id;
					}
					this.available = message.byteLength as number;
					this.deliver(this.available, message);
					if (id && this.acknowledge) {
						// As soon as it is read [MQTT-4.3.2-2].
						if (!this.available && this.state === 4 && this.writable > 3) {
							this.word.setInt32(0, 0x40020000 | id);
							this.writable = this.socket.write(this.word);
						} else {
							this.owed = 0x40020000 | id;
							this.busy = true;
						}
					} else if (this.available) this.busy = true;
				} else if (type === 4) {
					const id = parser.id;
					if (this.used) if (this.used[id] != null) delete this.used[id];
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
		const id = this.parser.id;
		this.busy = type !== 2; // CONNACK leaves nothing to be done, all others may
		if (type < -1) this.parser.need = -type;
		else if (type === 2) this.connected(id > 255, id & 255);
		else if (type === 3) this.rest = 1;
		// Malformed; or a SUBACK without a code for each filter [MQTT-3.8.4-5].
		else if (type < 0 || (type === 9 && this.used?.[id] && this.used[id] !== this.parser.codes?.length))
			this.fail(6);
		else {
			// PUBREC, PUBREL and, as §25 wants it, PINGREQ are answered [MQTT-4.6.0-4]; all others free their identifier [MQTT-2.3.1-3].
			if (type === 6) delete this.received?.[id];
			if (type === 12) this.owed = -1;
			else if (type !== 5 && type !== 6) delete this.used?.[id];
			else if (this.acknowledge) this.owed = (type === 5 ? 0x62020000 : 0x70020000) | id; // [MQTT-4.3.3-1] [MQTT-4.3.3-2]
			this.notify(type, { operation: type, id, payload: this.parser.codes }); // [MQTT-3.9.3-1]
		}
	}

	/** Reads more bytes of a packet that is not whole; false when there are still too few. */
	private fill(parser: Parser): boolean {
		let count: number | undefined;
		while (this.readable > 0) {
			if (this.readable > 1 || parser.end === parser.bytes.length) {
				parser.bytes.copyWithin(0, parser.start, parser.end);
				parser.end -= parser.start;
				parser.start = 0;
				count = this.socket.read(parser.bytes.subarray(parser.end));
			} else {
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
		this.busy = false; // while this runs, `read` and `write` need not `schedule`
		while (!this.available) {
			const left = parser.left;
			if (!left && !this.rest) {
				const owed = this.owed;
				// One at a time and so in order [MQTT-4.6.0-2] [MQTT-4.6.0-3]; none after DISCONNECT (6) [MQTT-3.14.4-2].
				if (owed && this.state !== 6) {
					if (this.state !== 4 || this.writable < 4) break;
					this.word.setInt32(0, owed);
					this.writable = this.socket.write(owed < 0 ? Uint8Array.of(0xd0, 0) : this.word);
				}
				this.owed = 0;
				return true;
			}
			// A read may give more than was announced, as more may arrive meanwhile: `readable` is negative then.
			let count = parser.end - parser.start;
			if (this.readable > 0) {
				// A few bytes go through the buffer, more from the socket to the application without a copy.
				if (!count && this.readable < 512) {
					count = this.socket.read(parser.bytes) ?? 0;
					parser.start = 0;
					parser.end = count;
					this.readable -= count;
				} else count += this.readable;
			}
			if (count < left) {
				if (!count) break;
				this.available = count;
				parser.left = left - count;
				if (this.rest) this.open();
				else this.deliver(count, MORE);
				break;
			}
			this.available = left;
			parser.left = 0;
			if (this.rest) this.open();
			else this.deliver(left, LAST);
		}
		this.busy = true;
		return false;
	}

	/**
	 * The first fragment of a message that is above QoS 1, has DUP, or comes in fragments: decides the reply, and whether it is delivered.
	 * Any fragment of one that is discarded.
	 */
	private open(): void {
		const parser = this.parser;
		const flags = parser.flags;
		const QoS = (flags >> 1) & 3;
		const id = QoS ? parser.id : undefined;
		if (this.rest === 1) {
			// One whose topic was too long is acknowledged, or it would come again for ever.
			this.rest = flags > 255 ? 2 : 0;
			let owed = this.acknowledge && id;
			if (QoS === 2 && owed && !this.rest) {
				this.received ??= {};
				if (this.received[owed])
					this.rest = 2; // not to be delivered again [MQTT-4.3.3-2]
				else if (Object.keys(this.received).length > 63) {
					// MQTT 3.1.1 has no limit: what is beyond ours is not acknowledged either, so the broker sends it after a reconnect.
					this.rest = 2;
					owed = 0;
				} else this.received[owed] = true;
			}
			if (owed) this.owed = ((QoS + 3) << 28) | 0x20000 | owed; // [MQTT-4.3.2-2] [MQTT-4.3.3-2]
			if (!this.rest) {
				const topic = parser.message.topic as string;
				// [MQTT-2.3.1-6] [MQTT-3.3.4-1]
				const duplicate = QoS > 0 && (flags & 8) !== 0;
				const retain = (flags & 1) !== 0;
				const more = parser.left > 0;
				const byteLength = this.available + parser.left;
				this.deliver(this.available, { more, topic, QoS, byteLength, retain, duplicate, id });
				return;
			}
		}
		this.drop();
		if (parser.left) return;
		this.rest = 0;
		if (flags > 255) this.notify(3, { operation: 3, QoS, id }); // its topic was too long
	}

	/** Packet types (§2.2.1). */
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

Object.freeze(MQTTClient); // read-only, also where the module is not preloaded (§25)

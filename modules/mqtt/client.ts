/**
 * MQTT 3.1.1 client, ECMA-419 §25 (MQTT Client Class Pattern), over any ECMA-419 TCP class and resolver.
 * This layer receives: it delivers messages, answers them and reports control packets. Below it reader.ts reads payloads,
 * writer.ts sends, connection.ts connects, keeps alive and ends, encoder.ts makes packets. The client does not reconnect,
 * retransmit, or remember subscriptions: §25 leaves that to "layers built on" it (modules/session).
 */

import type { Message } from "./connection.js";
import type { MQTTClientOptions } from "./options.js";
import type Parser from "./parser.js";
import Reader from "./reader.js";

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
export default class MQTTClient extends Reader<MQTTClient> {
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
		this.acknowledgement = { operation: 4, id: 0 };
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
			for (;;) {
				if (this.busy) {
					if (parser.wanted) {
						if (!this.fill(parser)) break;
					} else if (parser.left && !this.rest && !this.available) {
						// The middle of a long message, perhaps byte by byte. `busy` is off, so that `read` does not `schedule`.
						this.busy = false;
						const more = !this.advance(parser);
						this.busy = true;
						if (more) break;
						continue;
					} else if (!this.retry(parser)) break;
				}
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
					if (type > 0x33) {
						parser.flags = type;
						this.rest = 1;
						this.busy = true;
						continue;
					}
					const byteLength = parser.left;
					const exact = type > 0x31;
					const known = exact ? (this.exact ?? this.describe(1)) : (this.plain ?? this.describe(0));
					parser.left = 0;
					this.available = byteLength;
					known.topic = parser.topic;
					known.byteLength = byteLength;
					known.retain = (type & 1) !== 0;
					if (exact) known.id = parser.id;
					this.deliver(byteLength, known);
					if (exact && this.acknowledge) {
						// As soon as it is read [MQTT-4.3.2-2].
						if (!this.available && this.state === 4 && this.writable > 3) this.reply(0x40, parser.id);
						else {
							this.due = 0x400000 | parser.id;
							this.busy = true;
						}
					} else if (this.available) this.busy = true;
				} else if (type === 4) {
					const id = parser.id;
					if (this.one) this.free(id);
					this.acknowledgement.id = id;
					this.notify(4, this.acknowledgement);
				} else if (type === 3) {
					this.rest = parser.topic ? 1 : 2;
					this.busy = true;
				} else if (type === -2) this.busy = true;
				else if (type === 13) {
					this.unanswered = false;
					this.notify(13, PINGRESP);
				} else this.controlled(type);
			}
		} catch (error) {
			// A text that is not UTF-8 [MQTT-1.5.3-1], or the application.
			this.fail(parser.start < 0 ? 6 /* malformed */ : 9, error);
		}
	}

	/** Makes the options of messages that are there as a whole. They are filled anew for each: new ones would be most of the garbage. */
	private describe(QoS: 0 | 1): Message {
		const known: Message = { more: false, topic: "", QoS, byteLength: 0, retain: false, duplicate: false };
		if (!QoS) this.plain = known;
		else {
			known.id = 0;
			this.exact = known;
		}
		return known;
	}

	/** Reads more bytes of a packet that is not whole; false when there are still too few. */
	private fill(parser: Parser): boolean {
		while (parser.end - parser.start < parser.wanted) {
			const readable = this.readable;
			if (readable <= 0) return false;
			const end = parser.end;
			// For a single byte a view of its place would cost more than the byte.
			const alone = readable === 1 && end < parser.bytes.length;
			if (alone) parser.single ??= new Uint8Array(1);
			const count = this.socket.read(alone ? (parser.single as Uint8Array) : parser.free());
			if (!count) return false;
			if (alone) parser.bytes[end] = parser.single?.[0] as number;
			this.readable = readable - count;
			parser.end += count;
		}
		parser.wanted = 0;
		this.busy = false;
		return true;
	}

	/** Goes on with unfinished work; false when it is still unfinished. */
	private retry(parser: Parser): boolean {
		// While this runs, `read` and `write` need not `schedule`.
		this.busy = false;
		while (!this.available)
			// else: the application has to read, or the client is closed
			if (this.rest || parser.left) {
				if (!this.advance(parser)) break;
			} else {
				if (this.due) {
					this.owed = this.due; // the message is read whole
					this.due = 0;
				}
				const owed = this.owed;
				// Replies go out one at a time and so in order [MQTT-4.6.0-2] [MQTT-4.6.0-3]. After DISCONNECT (6)
				// nothing may be sent [MQTT-3.14.4-2]; messages are still delivered.
				if (owed && this.state !== 6) {
					if (this.state !== 4 || this.writable < 4) break;
					if (owed === 0xd00000) this.writeWord(0xd0);
					else this.reply(owed >> 16, owed & 0xffff);
				}
				this.owed = 0;
				return true;
			}
		this.busy = true;
		return false;
	}

	/**
	 * Delivers the next fragment of a message that is above QoS 1, has DUP, or comes in fragments; false when
	 * more has to come.
	 */
	private advance(parser: Parser): boolean {
		let count = parser.end - parser.start;
		const left = parser.left;
		const readable = this.readable;
		// A read may give more than was announced, as more may arrive in between: then `readable` is negative.
		if (readable > 0) {
			// A few bytes are read into the buffer; more go from the socket to the application without a copy.
			if (!count && readable < FEW) {
				count = this.socket.read(parser.bytes) ?? 0;
				parser.start = 0;
				parser.end = count;
				this.readable = readable - count;
			} else count += readable;
		}
		if (!count && left) return false;
		const more = count < left;
		if (!more) count = left;
		if (this.rest) return this.first(parser, count, more);
		this.available = count;
		parser.left = left - count;
		this.deliver(count, more ? MORE : LAST);
		return !more;
	}

	/** The first fragment of a message, or a fragment that is discarded. */
	private first(parser: Parser, count: number, more: boolean): boolean {
		const options = this.rest === 1 ? this.description(parser, more) : undefined;
		this.available = count;
		parser.left -= count;
		if (options && !this.rest) this.deliver(count, options);
		else {
			this.drop();
			if (!more) {
				this.rest = 0;
				if (!parser.topic) this.due = this.passed();
			}
		}
		return !more;
	}

	/** The options of a message, with its first fragment; decides its reply, and whether it was taken before. */
	private description(parser: Parser, more: boolean): Message {
		this.rest = 0;
		const flags = parser.flags;
		const QoS = (flags >> 1) & 3;
		const id = QoS ? parser.id : undefined;
		const options: Message = {
			more,
			topic: parser.topic,
			QoS,
			byteLength: parser.left,
			retain: (flags & 1) !== 0,
			duplicate: QoS > 0 && (flags & 8) !== 0,
			id,
		};
		// [MQTT-2.3.1-6] [MQTT-3.3.4-1]
		if (!id || !this.acknowledge) return options;
		if (QoS === 2) {
			this.received ??= [];
			const received = this.received;
			// Not to be delivered again [MQTT-4.3.3-2]. MQTT 3.1.1 has no limit: messages beyond ours are neither delivered nor
			// acknowledged, so the broker sends them again after a reconnect.
			if (received.indexOf(id) >= 0) this.rest = 2;
			else if (received.length < MOST) received.push(id);
			else {
				this.rest = 2;
				return options;
			}
		}
		this.due = (QoS === 1 ? 0x400000 : 0x500000) | id; // [MQTT-4.3.2-2] [MQTT-4.3.3-2]
		return options;
	}

	/** Any packet but PUBLISH and PUBACK, or no packet at all. */
	private controlled(type: number): void {
		this.busy = true;
		const id = this.parser.id;
		if (type < 0)
			this.fail(6); // malformed
		else if (type === 2) this.connected(id >> 8 === 1, id & 255);
		else if (type === 9) {
			// A return code for each filter [MQTT-3.8.4-5], handed on in their order [MQTT-3.9.3-1].
			const payload = this.parser.codes;
			if (!this.granted(id, payload.length)) this.fail(6);
			else this.notify(9, { operation: 9, id, payload });
		} else if (type > 11) {
			this.owed = 0xd00000; // PINGREQ: §25 wants it answered
			this.notify(type, { operation: type });
		} else {
			// PUBREC and PUBREL are answered (§4.3.3), in their order [MQTT-4.6.0-4]; PUBCOMP and UNSUBACK free their identifier.
			const received = this.received;
			if (type === 6 && received) {
				const index = received.indexOf(id);
				if (index >= 0) received.splice(index, 1);
			}
			if (type !== 5 && type !== 6) this.free(id);
			else if (this.acknowledge) this.owed = (type === 5 ? 0x620000 : 0x700000) | id; // [MQTT-4.3.3-1] [MQTT-4.3.3-2]
			this.notify(type, { operation: type, id });
		}
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

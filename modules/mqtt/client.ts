/**
 * MQTT 3.1.1 client, ECMA-419 §25 (MQTT Client Class Pattern), over any ECMA-419 TCP class and resolver.
 * This storey receives: it delivers messages, answers acknowledgements and tells of control packets;
 * writer.ts under it sends, connection.ts under both connects, keeps alive and ends. It does not reconnect,
 * retransmit, or remember subscriptions, which §25 leaves to "layers built on" it (modules/session).
 */

import { RESERVE } from "./connection.js";
import { bytesOf } from "./encoder.js";
import type { ByteBuffer } from "./io.js";
import type { MQTTClientOptions } from "./options.js";
import {
	CONNACK,
	CONNECT,
	DISCONNECT,
	PINGREQ,
	PINGRESP,
	PUBACK,
	PUBCOMP,
	PUBLISH,
	PUBREC,
	PUBREL,
	Reason,
	State,
	SUBACK,
	SUBSCRIBE,
	UNSUBACK,
	UNSUBSCRIBE,
} from "./packet.js";
import Parser, { MALFORMED } from "./parser.js";
import Writer from "./writer.js";

/** QoS 2 messages whose PUBREL is awaited [MQTT-4.3.3-2]; MQTT 3.1.1 has no limit of its own. */
const RECEIVED = 64;

const PONG = Uint8Array.of(PINGRESP << 4, 0);
const LAST = Object.freeze({ more: false });
const MORE_FOLLOWS = Object.freeze({ more: true });

const Rest = Object.freeze({
	delivered: 0,
	/** The header was parsed and no payload has come yet: nothing is delivered so far. */
	awaited: 1,
	/** A QoS 2 message that was taken before. */
	discarded: 2,
});
type Rest = (typeof Rest)[keyof typeof Rest];

export default class MQTTClient extends Writer {
	private readonly parser = new Parser();
	/** A reply that waits for room in the socket: type << 16 | packet identifier, or 0. Nothing is parsed meanwhile. */
	private owed = 0;
	/** PUBACK or PUBREC as `type << 16 | id`, due once the current message is read. */
	private due = 0;
	/** What becomes of the payload that is still to come. */
	private rest: Rest = Rest.delivered;
	/** Of every PUBACK. */
	private readonly message = { operation: PUBACK, id: 0 };
	private readonly acknowledge: boolean;
	/** Packet identifiers of QoS 2 messages that were taken and not yet released. */
	private received: number[] | undefined;

	constructor(options: MQTTClientOptions<MQTTClient>) {
		super(options as MQTTClientOptions<never>);
		this.acknowledge = options.acknowledge ?? true;
	}

	get format(): "buffer" {
		return "buffer";
	}
	set format(value: "buffer") {
		if (value !== "buffer") throw new RangeError(`format: expected buffer, found ${value}`);
	}

	/**
	 * Bytes of the current message: as many as fit into a buffer, whose count is returned, or a new buffer of
	 * at most `count` bytes; `undefined` when there are none.
	 */
	read(count?: number): ArrayBuffer | undefined;
	read(buffer: ByteBuffer): number | undefined;
	read(target?: ByteBuffer | number): ArrayBuffer | number | undefined {
		const available = this.available;
		// The whole of what is there, into bytes with room for it. The rest is not looked at here.
		if ((target as Uint8Array)?.BYTES_PER_ELEMENT !== 1 || available <= 0) return this.readOther(target);
		if ((target as Uint8Array).byteLength < available) return this.readPart(target as Uint8Array);
		const parser = this.parser;
		const start = parser.start;
		const end = start + available;
		if (end > parser.end) return this.readFromSocket(target as Uint8Array, available);
		if (parser.payloadStart !== start || parser.payloadEnd !== end) parser.lookAtPayload(start, end);
		(target as Uint8Array).set(parser.payload);
		parser.start = end;
		this.available = 0;
		if (this.stalled) this.resume();
		return available;
	}

	/** Less than is there. */
	private readPart(target: Uint8Array): number {
		const parser = this.parser;
		const { start } = parser;
		const count = target.byteLength;
		const end = start + count;
		if (end > parser.end) return this.readFromSocket(target, count);
		target.set(parser.bytes.subarray(start, end));
		parser.start = end;
		this.available -= count;
		return count;
	}

	/** `read` into anything but bytes, or of nothing. */
	private readOther(target: ByteBuffer | number = this.available): ArrayBuffer | number | undefined {
		if (this.state === State.closed) throw new Error("read: closed");
		if (this.available === 0) return undefined;
		if (typeof target !== "number") return this.read(bytesOf(target));
		const result = new Uint8Array(target < this.available ? target : this.available);
		this.read(result);
		return result.buffer;
	}

	/** What the parser's buffer holds, and the rest straight from the socket, without a copy of its own. */
	private readFromSocket(target: Uint8Array, count: number): number {
		const parser = this.parser;
		// A short fragment takes the way through the buffer: a view of `target` is made for nobody to keep.
		if (parser.start === parser.end && count < parser.bytes.length && count !== target.byteLength) {
			parser.start = 0;
			parser.end = this.socket.read(parser.bytes) ?? 0;
			this.readable -= parser.end;
			if (parser.end >= count) return this.read(target) as number;
		}
		const buffered = parser.end - parser.start;
		if (buffered) target.set(parser.bytes.subarray(parser.start, parser.end));
		parser.start = parser.end;
		// The socket must not be asked for more: what follows is the next packet.
		const rest = buffered || count !== target.byteLength ? target.subarray(buffered, count) : target;
		const read = this.socket.read(rest) ?? 0;
		this.readable -= read;
		this.available -= buffered + read;
		if (this.available === 0 && this.stalled) this.resume();
		return buffered + read;
	}

	/** Stands in for a missing `onReadable` [MQTT-4.5.0-2], and eats a QoS 2 message that was taken before. */
	protected override skip(): void {
		const bytes = new Uint8Array(256);
		while (this.available > 0) this.read(bytes);
	}

	/**
	 * Parses and delivers until the bytes run out, the application has to read, or a reply waits for room.
	 * A QoS 0 message that is there as a whole is delivered right here. Whatever is not over and done with sets
	 * `stalled`, so that the usual packet meets one check instead of five. One `try` round the loop is free.
	 * Nothing guards against being called while it runs: a socket calls back when no script does (§8).
	 */
	protected override arrived(count: number): void {
		this.readable = count;
		this.heard = true;
		const parser = this.parser;
		try {
			for (;;) {
				if (this.stalled && !this.recover(parser)) break;
				if (parser.start === parser.end) {
					// Every byte that was announced is taken: TLS sockets announce no others before.
					if (this.readable <= 0) break;
					parser.start = 0;
					parser.end = this.socket.read(parser.bytes) ?? 0;
					this.readable -= parser.end;
				}
				const type = parser.next();
				if (type > 15) {
					if (type > 0x33) {
						this.publish(parser);
						this.stalled = true;
						continue;
					}
					const byteLength = parser.remaining;
					parser.remaining = 0;
					this.available = byteLength;
					if (type > 0x31) this.deliverIdentified(parser);
					else {
						const retain = type === 0x31;
						this.deliver(byteLength, { more: false, topic: parser.topic, QoS: 0, byteLength, retain });
						if (this.available !== 0) this.stalled = true;
					}
				} else if (type === 4) {
					const id = parser.packetIdentifier;
					if (this.identifiers !== undefined) this.identifiers.release(id);
					this.message.id = id;
					this.tell(4, this.message);
				} else if (type === 3) {
					this.publish(parser);
					this.stalled = true;
				} else if (type === -2) this.stalled = true;
				else this.controlled(type);
			}
		} catch (error) {
			this.broken(error);
		}
	}

	protected override behind(): boolean {
		if (this.available !== 0) return true;
		return this.owed !== 0 && this.state === State.publishing && this.writable > RESERVE;
	}

	/** Something threw: a text that is not UTF-8 [MQTT-1.5.3-1], or the application. */
	private broken(error: unknown): void {
		this.fail(this.parser.decoding ? Reason.malformed : Reason.application, error);
	}

	/** More bytes behind a packet that is not whole; false when they are still too few. */
	private fill(parser: Parser): boolean {
		while (parser.end - parser.start < parser.wanted) {
			if (this.readable <= 0) return false;
			const count = this.socket.read(parser.room());
			if (!count) return false;
			this.readable -= count;
			parser.end += count;
		}
		parser.wanted = 0;
		return true;
	}

	/** Goes on with what was not over and done with; false when it still is not. */
	private recover(parser: Parser): boolean {
		// While this runs, `read` and `write` have nobody to call back: see `resume`.
		this.stalled = false;
		while (this.available === 0)
			// else: to be read, or closed
			if (parser.remaining !== 0) {
				if (!this.advance(parser)) break;
			} else {
				if (this.due !== 0) {
					this.owed = this.due; // the message is read whole
					this.due = 0;
				}
				if (this.owed !== 0 && !this.settle()) break;
				if (parser.wanted !== 0 && !this.fill(parser)) break;
				return true;
			}
		this.stalled = true;
		return false;
	}

	/** A QoS 1 message that is there as a whole: acknowledged as soon as it is read [MQTT-4.3.2-2]. */
	private deliverIdentified(parser: Parser): void {
		const byteLength = this.available;
		const topic = parser.topic;
		const id = parser.packetIdentifier;
		const retain = parser.flags === 0x33;
		this.deliver(byteLength, { more: false, topic, QoS: 1, byteLength, retain, duplicate: false, id });
		if (this.available === 0 && this.acknowledge && this.state === 4 && this.writable > 3)
			this.answer(0x40, id);
		else {
			if (this.acknowledge) this.due = 0x40000 | id;
			this.stalled = true;
		}
	}

	/** Bytes that can be had. A read may give more than was announced, as more may arrive in between: then `readable` is negative. */
	private there(parser: Parser): number {
		const buffered = parser.end - parser.start;
		return this.readable > 0 ? buffered + this.readable : buffered;
	}

	/** The header of a PUBLISH was parsed that is above QoS 1, was sent before, or comes in fragments. */
	private publish(parser: Parser): void {
		const { remaining, topic, packetIdentifier: id, flags } = parser;
		const there = this.there(parser);
		if (there === 0 && remaining !== 0) {
			this.rest = Rest.awaited;
			return;
		}
		const QoS = (flags >> 1) & 3;
		// [MQTT-2.3.1-6] [MQTT-3.3.4-1]
		if (QoS !== 0 && this.acknowledge) {
			this.due = ((QoS === 1 ? PUBACK : PUBREC) << 16) | id; // [MQTT-4.3.2-2] [MQTT-4.3.3-2]
			if (QoS === 2 && this.repeated(id)) {
				if (remaining !== 0) this.rest = Rest.discarded;
				return;
			}
		}
		const more = there < remaining;
		this.available = more ? there : remaining;
		parser.remaining = remaining - this.available;
		const retain = (flags & 1) !== 0;
		if (QoS === 0) this.deliver(this.available, { more, topic, QoS, byteLength: remaining, retain });
		else {
			const duplicate = (flags & 8) !== 0;
			this.deliver(this.available, { more, topic, QoS, byteLength: remaining, retain, duplicate, id });
		}
	}

	/** More of a message's payload may be there. False when there is none. */
	private advance(parser: Parser): boolean {
		const remaining = parser.remaining;
		const there = this.there(parser);
		if (there === 0) return false;
		if (this.rest === Rest.awaited) {
			this.rest = Rest.delivered;
			this.publish(parser);
			return true;
		}
		const more = there < remaining;
		this.available = more ? there : remaining;
		parser.remaining = more ? remaining - there : 0;
		if (this.rest === Rest.delivered) this.deliver(this.available, more ? MORE_FOLLOWS : LAST);
		else {
			this.skip();
			if (!more) this.rest = Rest.delivered;
		}
		return !more; // all that was there is offered
	}

	/** Whether a QoS 2 message came before, and is not to be delivered again [MQTT-4.3.3-2]; if not, it is remembered. */
	private repeated(id: number): boolean {
		this.received ??= [];
		if (this.received.indexOf(id) >= 0) return true;
		if (this.received.length < RECEIVED) {
			this.received.push(id);
			return false;
		}
		this.fail(Reason.overrun);
		return true;
	}

	/** Any packet but PUBLISH and PUBACK, or no packet at all. */
	private controlled(type: number): void {
		this.stalled = true;
		const parser = this.parser;
		const id = parser.packetIdentifier;
		if (type === MALFORMED) this.fail(Reason.malformed);
		else if (type === CONNACK) this.accepted(parser.sessionPresent, parser.returnCode);
		else if (type === SUBACK) this.subscribed(id, parser.codes as number[]);
		else if (type < PINGREQ) {
			this.exchange(type, id);
			this.tell(type, { operation: type, id });
		} else {
			if (type === PINGRESP) this.answered();
			else this.owed = PINGRESP << 16;
			this.tell(type, { operation: type });
		}
	}

	/** PUBCOMP and UNSUBACK free their identifier; PUBREC and PUBREL are answered (§4.3.3), in their order [MQTT-4.6.0-4]. */
	private exchange(type: number, id: number): void {
		if (type !== PUBREC && type !== PUBREL) this.identifiers?.release(id);
		else if (this.acknowledge) {
			this.owed = ((type + 1) << 16) | id; // PUBREL [MQTT-4.3.3-1], PUBCOMP [MQTT-4.3.3-2]
			const index = type === PUBREL && this.received ? this.received.indexOf(id) : -1;
			if (index >= 0) this.received?.splice(index, 1);
		}
	}

	/** SUBACK: a return code for each filter, handed on in their order [MQTT-3.9.3-1]. */
	private subscribed(id: number, payload: readonly number[]): void {
		const { subscribing } = this;
		let index = subscribing ? subscribing.indexOf(id) : -1;
		// What stands at an odd place is a number of filters.
		while (subscribing && index & 1 && index > 0) index = subscribing.indexOf(id, index + 1);
		if (subscribing && index >= 0) {
			const [, count] = subscribing.splice(index, 2);
			if (count !== payload.length) {
				this.fail(Reason.malformed); // [MQTT-3.8.4-5]
				return;
			}
		}
		this.identifiers?.release(id);
		this.tell(SUBACK, { operation: SUBACK, id, payload });
	}

	/**
	 * Sends the reply that is owed, one at a time and so in order [MQTT-4.6.0-2] [MQTT-4.6.0-3]; false when it
	 * has to wait for room, or for the end of a PUBLISH.
	 */
	private settle(): boolean {
		const owed = this.owed;
		// After DISCONNECT nothing may be sent [MQTT-3.14.4-2]; what comes is still delivered.
		if (this.state !== State.disconnecting) {
			if (this.state !== State.connected || this.writable < 4) return false;
			if (owed === PINGRESP << 16) this.send(PONG);
			else this.sendReply(owed >> 16, owed & 0xffff);
		}
		this.owed = 0;
		return true;
	}

	static readonly CONNECT = CONNECT;
	static readonly CONNACK = CONNACK;
	static readonly PUBLISH = PUBLISH;
	static readonly PUBACK = PUBACK;
	static readonly PUBREC = PUBREC;
	static readonly PUBREL = PUBREL;
	static readonly PUBCOMP = PUBCOMP;
	static readonly SUBSCRIBE = SUBSCRIBE;
	static readonly SUBACK = SUBACK;
	static readonly UNSUBSCRIBE = UNSUBSCRIBE;
	static readonly UNSUBACK = UNSUBACK;
	static readonly PINGREQ = PINGREQ;
	static readonly PINGRESP = PINGRESP;
	static readonly DISCONNECT = DISCONNECT;
}

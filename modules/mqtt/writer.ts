/**
 * What a client sends: ECMA-419 §25's `write`. The middle storey, over connection.ts. The path of a PUBLISH
 * that resembles an earlier one is in `write` itself, and costs one copy and one write to the socket;
 * all else has a method of its own. Does not retransmit, and remembers nothing that it has sent.
 */

import Connection, { RESERVE } from "./connection.js";
import { bytesOf, subscribe } from "./encoder.js";
import Identifiers from "./identifiers.js";
import type { ByteBuffer } from "./io.js";
import type { WriteOptions } from "./options.js";
import {
	DISCONNECT,
	PINGREQ,
	PUBACK,
	PUBCOMP,
	PUBLISH,
	PUBREC,
	PUBREL,
	State,
	SUBSCRIBE,
	UNSUBSCRIBE,
} from "./packet.js";
import Publication from "./publication.js";

/** PUBLISH packets kept between publications: the topics of a small board, at about 300 bytes each. */
const PUBLICATIONS = 4;

const PING = Uint8Array.of(PINGREQ << 4, 0);
const BYE = Uint8Array.of(DISCONNECT << 4, 0);
const MORE_FOLLOWS = Object.freeze({ more: true });
/** Before the first publication: U+0000 is no topic, and nothing else is looked at. An idle client saves 340 bytes. */
const NONE = Object.freeze({ topic: "\0" }) as Publication;

export default abstract class Writer extends Connection {
	/** The last PUBLISH; `write` looks here first. */
	private publication = NONE;
	private readonly publications: Publication[] = [];
	/** Bytes of the outgoing PUBLISH that are still to be written. */
	private outgoing = 0;
	private readonly reply = Uint8Array.of(0, 2, 0, 0);
	protected identifiers: Identifiers | undefined;
	/** Packet identifier and number of filters, of each SUBSCRIBE that has no SUBACK yet. */
	protected subscribing: number[] | undefined;

	/**
	 * Sends a control packet, or a fragment of a PUBLISH after its first. Returns the number of bytes that may
	 * be written next. Throws, and sends nothing, when there is no room, before CONNACK, and on wrong options.
	 */
	write(data: ByteBuffer | undefined, options?: WriteOptions): number {
		let publication = this.publication;
		// Each look at an option counts here. What is not like an earlier PUBLISH goes the long way.
		if (this.state !== 4) return this.fragment(data, options);
		if (options === undefined || data === undefined) return this.compose(data, options);
		if (options.topic !== publication.topic) {
			const kept = this.recall(options.topic);
			if (kept === undefined) return this.compose(data, options);
			publication = kept;
		}
		if (options.QoS !== publication.QoS || options.retain !== publication.retain || options.duplicate)
			return this.compose(data, options);
		if (data.byteLength !== publication.byteLength || options.byteLength !== undefined || options.operation)
			return this.compose(data, options);
		if (publication.total > this.writable) return this.compose(data, options);
		if (publication.identified) this.stamp(publication, options.id);
		if (publication.whole) return this.copy(publication, data);
		this.socket.write(publication.packet, publication.sequence);
		try {
			const writable = this.socket.write(data);
			this.writable = writable;
			return writable > 8 ? writable - 8 : 0; // RESERVE
		} catch (error) {
			// Half a packet is out: no other may follow.
			this.failLater(error);
			throw error;
		}
	}

	private copy(publication: Publication, data: ByteBuffer): number {
		publication.packet.set(bytesOf(data), publication.offset);
		this.writable = this.socket.write(publication.packet);
		return this.writable > RESERVE ? this.writable - RESERVE : 0;
	}

	/** Packet identifier, in the two bytes before the payload. */
	private stamp(publication: Publication, given: number | undefined): void {
		let id = given as number;
		if ((id & 0xffff) !== id || id === 0)
			id = id === undefined && this.identifiers ? this.identifiers.take() : this.identify(given);
		const packet = publication.packet;
		const offset = publication.offset;
		packet[offset - 2] = id >> 8;
		packet[offset - 1] = id;
	}

	/** The caller's packet identifier, checked [MQTT-2.3.1-1], or one of our own. */
	private identify(id: number | undefined): number {
		if (id === undefined) {
			this.identifiers ??= new Identifiers();
			return this.identifiers.take();
		}
		if (!(id >= 1 && id <= 65_535 && Number.isInteger(id)))
			throw new RangeError(`id: expected 1…65535, found ${id}`);
		return id;
	}

	/** Any packet that is not like the last PUBLISH. */
	private compose(data: ByteBuffer | undefined, options: WriteOptions | undefined): number {
		if (this.state !== State.connected || options === undefined) return this.fragment(data, options);
		const { operation, byteLength } = options;
		if (operation !== undefined && operation !== PUBLISH) return this.control(operation, options);
		const bytes = bytesOf(data);
		const size = byteLength ?? bytes.byteLength;
		if (bytes.byteLength > size)
			throw new RangeError(`byteLength: expected at least ${bytes.byteLength}, found ${size}`);
		const publication = this.prepare(options, size);
		const { total, whole } = publication;
		if (!whole || size !== bytes.byteLength) return this.begin(publication, bytes, options);
		if (total > this.writable) throw new Error("write: no room");
		if (publication.identified) this.stamp(publication, options.id);
		return this.copy(publication, bytes);
	}

	/** A kept PUBLISH with this topic, a new one, or the oldest; made ready, and the first to look at. */
	private prepare(options: WriteOptions, byteLength: number): Publication {
		const topic = options.topic as string;
		const publication = this.recall(topic) ?? this.oldest();
		if (!publication.resembles(options, byteLength))
			publication.prepare(topic, options.QoS, options.retain, options.duplicate, byteLength);
		this.publication = publication;
		return publication;
	}

	/** The kept PUBLISH with this topic becomes the first to look at. */
	private recall(topic: string | undefined): Publication | undefined {
		const publications = this.publications;
		let index = publications.length;
		while (index > 0) {
			const publication = publications[--index] as Publication;
			if (publication.topic === topic) {
				this.publication = publication;
				return publication;
			}
		}
		return undefined;
	}

	private oldest(): Publication {
		const publications = this.publications;
		const publication =
			publications.length < PUBLICATIONS ? new Publication() : (publications.shift() as Publication);
		publications.push(publication);
		return publication;
	}

	/** A PUBLISH whose payload goes out from the caller's buffer, or comes in fragments. */
	private begin(publication: Publication, data: Uint8Array, options: WriteOptions): number {
		const { packet, offset, total, whole } = publication;
		if (offset + data.byteLength > this.writable) throw new Error("write: no room");
		if (publication.identified) this.stamp(publication, options.id);
		this.writable = this.socket.write(whole ? packet.subarray(0, offset) : packet, publication.sequence);
		this.outgoing = total - offset;
		return this.continue(data);
	}

	/** Sends the next bytes of the payload that is going out. */
	private continue(data: Uint8Array): number {
		this.outgoing -= data.byteLength;
		this.state = this.outgoing === 0 ? State.connected : State.publishing;
		if (data.byteLength)
			try {
				this.writable = this.outgoing === 0 ? this.socket.write(data) : this.socket.write(data, MORE_FOLLOWS);
			} catch (error) {
				this.failLater(error);
				throw error;
			}
		return this.writable > RESERVE ? this.writable - RESERVE : 0;
	}

	/** `write` without options, or while not simply connected: the next fragment of a PUBLISH, or an error. */
	private fragment(data: ByteBuffer | undefined, options: WriteOptions | undefined): number {
		if (this.state !== State.publishing)
			throw new Error(
				this.state === State.closed
					? "write: closed"
					: this.state === State.connected
						? "write: expected options"
						: "write: not connected",
			);
		if (options !== undefined) throw new Error("write: expected the next fragment, without options");
		const bytes = bytesOf(data);
		if (bytes.byteLength > this.outgoing)
			throw new RangeError(`write: expected at most ${this.outgoing} bytes, found ${bytes.byteLength}`);
		if (bytes.byteLength > this.writable) throw new Error("write: no room");
		const writable = this.continue(bytes);
		// What had to wait for the end of the message.
		if (this.outgoing === 0 && this.stalled) this.resume();
		return writable;
	}

	/** Anything but PUBLISH. */
	private control(operation: number, options: WriteOptions): number {
		switch (operation) {
			case SUBSCRIBE:
			case UNSUBSCRIBE:
				this.sendItems(operation, options);
				break;
			case PUBACK:
			case PUBREC:
			case PUBREL:
			case PUBCOMP:
				if (options.id === undefined)
					throw new RangeError("id: expected the packet identifier to acknowledge");
				if (this.writable < 4) throw new Error("write: no room");
				this.sendReply(operation, this.identify(options.id));
				break;
			case PINGREQ:
				if (this.writable < 2) throw new Error("write: no room");
				this.send(PING);
				break;
			case DISCONNECT:
				if (this.writable < 2) throw new Error("write: no room");
				this.send(BYE);
				this.state = State.disconnecting;
				break;
			default:
				throw new RangeError(`operation: expected one that a client sends, found ${operation}`);
		}
		return this.writable > RESERVE ? this.writable - RESERVE : 0;
	}

	private sendItems(operation: typeof SUBSCRIBE | typeof UNSUBSCRIBE, options: WriteOptions): void {
		const { items = [] } = options;
		const packet = subscribe(operation, items);
		if (packet.byteLength > this.writable) throw new Error("write: no room");
		// Last, so that a refused packet takes no identifier.
		const id = this.identify(options.id);
		let offset = 1;
		while ((packet[offset++] as number) > 127);
		packet[offset] = id >> 8;
		packet[offset + 1] = id;
		this.send(packet);
		if (operation === SUBSCRIBE) {
			this.subscribing ??= [];
			this.subscribing.push(id, items.length);
		}
	}

	/** PUBACK, PUBREC, PUBREL or PUBCOMP. */
	protected sendReply(type: number, id: number): void {
		this.answer(type === PUBREL ? 0x62 : type << 4, id); // [MQTT-3.6.1-1]
	}

	/** Such a packet by its first byte, from one that is kept. */
	protected answer(first: number, id: number): void {
		const reply = this.reply;
		reply[0] = first;
		reply[2] = id >> 8;
		reply[3] = id;
		this.writable = this.socket.write(reply);
	}
}

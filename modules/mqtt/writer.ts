/**
 * `write` of ECMA-419 §25: sends packets. The layer over connection.ts. A small PUBLISH to a topic that is kept (encoder.ts) goes out
 * in `write` itself, with one copy and one write to the socket; all other packets have methods of their own. Chooses packet
 * identifiers where the caller brings none. Does not retransmit, and keeps no message.
 */

import Connection from "./connection.js";
import type { Publication } from "./encoder.js";
import type { ByteBuffer } from "./io.js";
import type { Item, MQTTClientOptions, WriteOptions } from "./options.js";

const MORE_FOLLOWS = Object.freeze({ more: true });

export default abstract class Writer<Client> extends Connection<Client> {
	/** Options of the socket for a header whose payload follows from the caller's buffer. */
	declare private sequence: { more: boolean; byteLength: number } | undefined;
	/** Bytes of the outgoing PUBLISH that are still to be written. */
	declare private left: number;
	/** The last packet identifier of our own. */
	declare private last: number;
	/** The identifier in use; 0 while there is none, -1 while there are several. Mostly there is one, and nothing is searched. */
	declare protected one: number;
	/** Several identifiers in use, in no order; 0 is a free place. `indexOf` beats a Map up to a few dozen. */
	declare private values: number[] | undefined;
	/** How many of them. */
	declare private count: number;
	/** Packet identifier << 16 | number of filters, of each SUBSCRIBE that has no SUBACK yet. */
	declare private subscribing: number[] | undefined;

	constructor(options: MQTTClientOptions<Client>) {
		super(options);
		this.one = this.last = 0;
		this.word = new DataView(new ArrayBuffer(4));
	}

	/**
	 * Sends a control packet, or a fragment of a PUBLISH after its first. Returns the number of bytes that may
	 * be written next. Throws, and sends nothing, when there is no room, before CONNACK, and on wrong options.
	 */
	write(data: ByteBuffer | undefined, options?: WriteOptions): number {
		// Each look at an option counts here. A packet that is not like an earlier PUBLISH goes the long way.
		if (this.state !== 4) return this.chunk(data, options);
		if (!options || !data) return this.transmit(data, options);
		if ((data as Uint8Array).BYTES_PER_ELEMENT !== 1) return this.transmit(data, options);
		let publication = this.publication;
		if (options.topic !== publication.topic) {
			publication = this.find(options.topic) as Publication;
			if (!publication) return this.transmit(data, options);
		}
		if (options.QoS !== publication.QoS || options.retain !== publication.retain || options.duplicate)
			return this.transmit(data, options);
		if (options.byteLength != null || options.operation) return this.transmit(data, options);
		const length = data.byteLength;
		if (length !== publication.length) this.measure(publication, length);
		if (publication.size > this.writable) return this.transmit(data, options);
		if (options.QoS) this.sign(publication, options.id);
		this.out.set(data as Uint8Array, publication.offset);
		const writable = this.socket.write(publication.view);
		this.writable = writable;
		// Eight bytes are not offered: see `writable`.
		return writable > 8 ? writable - 8 : 0;
	}

	private need(size: number): void {
		if (size > this.writable) throw new Error("write: no room");
	}

	/** Packet identifier, in the two bytes before the payload. */
	private sign(publication: Publication, value: number | undefined): void {
		let id = value as number;
		if ((id & 0xffff) !== id || !id) id = value == null ? this.take() : this.identify(value);
		const out = this.out;
		const offset = publication.offset;
		out[offset - 2] = id >> 8;
		out[offset - 1] = id;
	}

	/** The caller's packet identifier, checked [MQTT-2.3.1-1], or one of our own. */
	private identify(id: number | undefined): number {
		if (id == null) return this.take();
		if ((id & 0xffff) !== id || !id) this.wrong("id", "1…65535", id);
		return id;
	}

	/**
	 * Begins at a random identifier where the broker has kept the session: it may remember QoS 2 messages from before a power
	 * cut, and would take a new message under the same identifier for a copy.
	 */
	protected override resume(): void {
		this.last = Math.floor(Math.random() * 65_535);
	}

	/** An identifier that is free (§2.3.1): 1…65535, wrapping [MQTT-2.3.1-2]. Throws when all are in use. */
	private take(): number {
		const id = this.last + 1;
		if (this.one || id > 65_535) return this.search(id);
		this.last = this.one = id;
		return id;
	}

	/** `take` when there is more to it. */
	private search(id: number): number {
		this.values ??= [];
		const values = this.values;
		if (this.one >= 0) {
			values[0] = this.one;
			this.count = this.one ? 1 : 0;
		}
		if (this.count > 65_534) throw new Error("id: expected a free packet identifier, found none");
		for (; id > 65_535 || values.indexOf(id) >= 0; id++) if (id > 65_535) id = 0;
		const index = values.indexOf(0);
		values[index < 0 ? values.length : index] = id;
		this.count++;
		this.one = -1;
		this.last = id;
		return id;
	}

	/** Its exchange has ended [MQTT-2.3.1-3]. An identifier that was not taken here changes nothing. */
	protected free(id: number): void {
		if (this.one === id) this.one = 0;
		else if (this.one < 0) {
			const values = this.values as number[];
			const index = values.indexOf(id);
			if (index < 0 || !id) return;
			// The list is never shortened: to grow it again would make garbage.
			values[index] = 0;
			if (!--this.count) this.one = 0;
		}
	}

	/** Any packet that is not like an earlier PUBLISH. */
	private transmit(data: ByteBuffer | undefined, options: WriteOptions | undefined): number {
		if (!options) return this.chunk(data, options);
		if ((options.operation ?? 3) === 3) this.start(this.bytes(data), options);
		else this.control(options.operation as number, options);
		return this.writable > 8 ? this.writable - 8 : 0;
	}

	/** A PUBLISH that is new, long, or the first of its fragments. */
	private start(bytes: Uint8Array, options: WriteOptions): void {
		const size = bytes.byteLength;
		const byteLength = options.byteLength ?? size;
		if (!(size <= byteLength)) this.wrong("byteLength", `at least ${size}`, byteLength);
		const publication = this.publish(options, byteLength);
		const offset = publication.offset;
		const view = publication.view;
		const header = offset - view.byteOffset;
		this.need(header + size);
		if (options.QoS) this.sign(publication, options.id);
		if (publication.size < Infinity && size === byteLength) {
			this.out.set(bytes, offset);
			this.writable = this.socket.write(view);
			return;
		}
		this.sequence ??= { more: true, byteLength: 0 };
		this.sequence.byteLength = header + byteLength;
		this.writable = this.socket.write(
			view.byteLength === header ? view : view.subarray(0, header),
			this.sequence,
		);
		this.left = byteLength;
		this.append(bytes);
	}

	/** Sends the next bytes of the payload that is going out. */
	private append(bytes: Uint8Array): void {
		const rest = this.left - bytes.byteLength;
		this.left = rest;
		this.state = rest ? 5 : 4;
		if (bytes.byteLength)
			try {
				this.writable = rest ? this.socket.write(bytes, MORE_FOLLOWS) : this.socket.write(bytes);
			} catch (error) {
				this.disconnected(error);
				throw error;
			}
	}

	/** `write` without options, or while not simply connected: the next fragment of a PUBLISH, or an error. */
	private chunk(data: ByteBuffer | undefined, options: WriteOptions | undefined): number {
		const state = this.state;
		if (state !== 5)
			throw new Error(
				`write: ${state === 4 ? "expected options" : state === 7 ? "closed" : "not connected"}`,
			);
		if (options) throw new Error("write: expected the next fragment, without options");
		const bytes = this.bytes(data);
		const size = bytes.byteLength;
		if (size > this.left) this.wrong("write", `at most ${this.left} bytes`, size);
		this.need(size);
		this.append(bytes);
		// Replies had to wait for the end of the message.
		if (!this.left && this.busy) this.schedule();
		return this.writable > 8 ? this.writable - 8 : 0;
	}

	/** Anything but PUBLISH: PUBACK to PUBCOMP, SUBSCRIBE and UNSUBSCRIBE, PINGREQ and DISCONNECT. */
	private control(operation: number, options: WriteOptions): void {
		if (operation === 8 || operation === 10) {
			const packet = this.subscribe(operation, options.items);
			this.need(packet.byteLength);
			// Last, so that a refused packet takes no identifier.
			const id = this.identify(options.id);
			let offset = 1;
			while ((packet[offset++] as number) > 127);
			packet[offset] = id >> 8;
			packet[offset + 1] = id;
			this.writable = this.socket.write(packet);
			if (operation === 8) {
				this.subscribing ??= [];
				this.subscribing.push((id << 16) | (options.items as readonly Item[]).length);
			}
		} else if (operation > 3 && operation < 8) {
			if (options.id == null) this.wrong("id", "the one to acknowledge", "none");
			this.need(4);
			this.reply((operation === 6 ? 0x62020000 : (operation << 28) | 0x20000) | this.identify(options.id)); // [MQTT-3.6.1-1]
		} else if (operation === 12 || operation === 14) {
			this.need(2);
			this.writeWord(operation << 4);
			if (operation === 14) this.state = 6;
		} else this.wrong("operation", "one that a client sends", operation);
	}

	/** SUBACK with so many codes: false when SUBSCRIBE had another number of filters. */
	protected granted(id: number, count: number): boolean {
		const result = this.subscribing?.find(value => value >>> 16 === id);
		if (result != null && (result & 0xffff) !== count) return false;
		this.subscribing = this.subscribing?.filter(value => value !== result);
		this.free(id);
		return true;
	}

	/** PUBACK, PUBREC, PUBREL or PUBCOMP, its four bytes as a number, from a buffer that is kept. */
	protected reply(packet: number): void {
		this.word.setInt32(0, packet);
		this.writable = this.socket.write(this.word);
	}
}

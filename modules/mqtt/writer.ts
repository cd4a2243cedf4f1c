/**
 * `write` of ECMA-419 §25: sends packets. The layer over connection.ts. A small PUBLISH to a topic that is kept (encoder.ts) goes out
 * in `write` itself, with one copy and one write to the socket; all other packets have methods of their own. Keeps account of packet
 * identifiers (§2.3.1) and of what is owed to a broker at QoS 1 and 2 (§4.3). Does not retransmit, and keeps no message.
 */

import Connection from "./connection.js";
import type { ByteBuffer } from "./io.js";
import type { MQTTClientOptions, WriteOptions } from "./options.js";

export default abstract class Writer<Client> extends Connection<Client> {
	/** Options of the socket for a header whose payload follows from the caller's buffer, and for all fragments but the last. */
	declare private parts: { more: boolean; byteLength?: number };
	/** Bytes of the outgoing PUBLISH that are still to be written. */
	declare private left: number;
	/** The identifier of our own in use; 0 while there is none, -1 while there are several. Mostly there is one, and nothing is searched. */
	declare protected one: number;
	/** Several in use, in no order; 0 is a free place. `indexOf` beats a Map up to a few dozen. */
	declare private values: number[] | undefined;
	/** How many of them. */
	declare private count: number;
	/** PUBACK or PUBREC like `owed`, due when the current message has been read. */
	declare protected due: number;
	/** Packet identifiers of QoS 2 messages that were taken and are not released. */
	declare private received: number[] | undefined;
	/** How many filters each SUBSCRIBE has that has no SUBACK yet, by its packet identifier. */
	declare private items: { [id: number]: number | undefined };

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
		if (this.state !== 4 || !options || !data) return this.transmit(data, options);
		if (options.byteLength != null || options.operation || options.duplicate)
			return this.transmit(data, options);
		if ((data as Uint8Array).BYTES_PER_ELEMENT !== 1) return this.transmit(data, options);
		const front = this.front;
		if (options.QoS !== front.QoS || options.retain !== front.retain) this.set(options);
		if (options.topic !== front.topic) if (!this.load(options.topic)) return this.transmit(data, options);
		const length = data.byteLength;
		if (length !== front.length) this.measure(length);
		if (front.size > this.writable) return this.transmit(data, options);
		if (options.QoS) this.sign(options.id);
		this.out.set(data as Uint8Array, front.offset);
		const writable = this.socket.write(front.view);
		this.writable = writable;
		// Eight bytes are not offered: see `writable`.
		return writable > 8 ? writable - 8 : 0;
	}

	private need(size: number): void {
		if (size > this.writable) throw new Error("write: no room");
	}

	/** Packet identifier, in the two bytes before the payload. */
	private sign(value: number | undefined): void {
		let id = value as number;
		if ((id & 0xffff) !== id || !id) id = this.identity(value);
		const out = this.out;
		const offset = this.front.offset;
		out[offset - 2] = id >> 8;
		out[offset - 1] = id;
	}

	/**
	 * The caller's packet identifier, checked [MQTT-2.3.1-1]; or one that is free (§2.3.1): 1…65535, wrapping [MQTT-2.3.1-2]. Throws
	 * when all are in use.
	 */
	private identity(id: number | undefined): number {
		if (id != null) return this.range("id", id, 1, 65_535);
		const next = this.last + 1;
		if (this.one || next > 65_535) return this.search(next);
		this.last = this.one = next;
		return next;
	}

	/** The same when others are in use, or the count comes round. */
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
			if (index < 0) return;
			// The list is never shortened: to grow it again would make garbage.
			values[index] = 0;
			if (!--this.count) this.one = 0;
		}
	}

	/** Any packet that is not like an earlier PUBLISH; the next fragment of one, without options. */
	private transmit(data: ByteBuffer | undefined, options: WriteOptions | undefined): number {
		const state = this.state;
		if (state === 5 ? options : state !== 4 || !options) {
			const reason = state === 7 ? "closed" : state === 4 ? "expected options" : "not connected";
			throw new Error(`write: ${state === 5 ? "expected a fragment, without options" : reason}`);
		}
		if (!options) this.fragment(this.bytes(data));
		else if ((options.operation ?? 3) === 3) this.start(this.bytes(data), options);
		else this.control(options.operation as number, options);
		return this.writable > 8 ? this.writable - 8 : 0;
	}

	/** A PUBLISH that is new, long, or the first of its fragments. */
	private start(bytes: Uint8Array, options: WriteOptions): void {
		const size = bytes.byteLength;
		const byteLength = options.byteLength ?? size;
		const { offset, view, size: length } = this.publish(options, byteLength, size);
		const count = offset - view.byteOffset;
		this.need(count + size);
		if (options.QoS) this.sign(options.id);
		if (length < Infinity && size === byteLength) {
			this.out.set(bytes, offset);
			this.writable = this.socket.write(view);
			return;
		}
		this.parts ??= { more: true };
		this.parts.byteLength = count + byteLength;
		this.writable = this.socket.write(view.byteLength === count ? view : view.subarray(0, count), this.parts);
		this.parts.byteLength = undefined as never;
		this.left = byteLength;
		this.append(bytes);
	}

	/** The next fragment. */
	private fragment(bytes: Uint8Array): void {
		const size = bytes.byteLength;
		if (size > this.left) this.range("write", size, 0, this.left);
		this.need(size);
		this.append(bytes);
		// Replies had to wait for the end of the message.
		if (!this.left && this.busy) this.schedule();
	}

	/** Sends the next bytes of the payload that is going out. */
	private append(bytes: Uint8Array): void {
		const rest = this.left - bytes.byteLength;
		this.left = rest;
		this.state = rest ? 5 : 4;
		if (bytes.byteLength)
			try {
				this.writable = rest ? this.socket.write(bytes, this.parts) : this.socket.write(bytes);
			} catch (error) {
				this.schedule(true, error);
				throw error;
			}
	}

	/** Anything but PUBLISH: PUBACK to PUBCOMP, SUBSCRIBE and UNSUBSCRIBE, PINGREQ and DISCONNECT. */
	private control(operation: number, options: WriteOptions): void {
		if (operation === 8 || operation === 10) {
			const packet = this.subscribe(operation, options.items);
			this.need(packet.byteLength);
			// Last, so that a refused packet takes no identifier.
			const id = this.identity(options.id);
			let offset = 1;
			while ((packet[offset++] as number) > 127);
			packet[offset] = id >> 8;
			packet[offset + 1] = id;
			this.writable = this.socket.write(packet);
			if (operation === 8) {
				this.items ??= {};
				this.items[id] = options.items?.length;
			}
		} else if (operation > 3 && operation < 8) {
			if (options.id == null) this.wrong("id", "the one to acknowledge", "none");
			this.need(4);
			this.reply((operation === 6 ? 0x62020000 : (operation << 28) | 0x20000) | this.identity(options.id)); // [MQTT-3.6.1-1]
		} else if (operation === 12 || operation === 14) {
			this.need(2);
			this.writeWord(operation << 4);
			if (operation === 14) this.state = 6;
		} else this.wrong("operation", "one that a client sends", operation);
	}

	/** SUBACK with so many codes: false when SUBSCRIBE had another number of filters. */
	protected verify(id: number, count: number): boolean {
		const result = this.items?.[id];
		if (result && result !== count) return false;
		if (result) delete this.items[id];
		this.free(id);
		return true;
	}

	/**
	 * A message has begun: decides the reply, and whether it is delivered. One whose topic was too long is `passed` over and
	 * acknowledged, or it would come again for ever.
	 */
	protected take(QoS: number, id: number, passed: boolean): boolean {
		if (!QoS || !this.acknowledge) return !passed;
		let known = passed;
		if (QoS === 2 && !passed) {
			this.received ??= [];
			const received = this.received;
			known = received.indexOf(id) >= 0; // not to be delivered again [MQTT-4.3.3-2]
			if (!known) {
				// MQTT 3.1.1 has no limit: messages beyond ours are neither delivered nor acknowledged, so the broker sends them again
				// after a reconnect.
				if (received.length > 63) return false;
				received.push(id);
			}
		}
		this.due = ((QoS + 3) << 28) | 0x20000 | id; // [MQTT-4.3.2-2] [MQTT-4.3.3-2]
		return !known;
	}

	/** PUBREC and PUBREL are answered (§4.3.3), in their order [MQTT-4.6.0-4]; PUBCOMP and UNSUBACK free their identifier. */
	protected answer(type: number, id: number): void {
		const index = type === 6 && this.received ? this.received.indexOf(id) : -1;
		if (index >= 0) this.received?.splice(index, 1);
		if (type !== 5 && type !== 6) this.free(id);
		else if (this.acknowledge) this.owed = (type === 5 ? 0x62020000 : 0x70020000) | id; // [MQTT-4.3.3-1] [MQTT-4.3.3-2]
	}

	/** A packet of two bytes. */
	protected writeWord(first: number): void {
		this.writable = this.socket.write(Uint8Array.of(first, 0));
	}

	/** PUBACK, PUBREC, PUBREL or PUBCOMP, its four bytes as a number, from a buffer that is kept. */
	protected reply(packet: number): void {
		this.word.setInt32(0, packet);
		this.writable = this.socket.write(this.word);
	}
}

/**
 * `write` of ECMA-419 §25: sends packets. The layer over connection.ts. A small PUBLISH to a topic that is kept (codec.ts) goes out
 * in `write` itself, with one copy and one write to the socket; all other packets have methods of their own. Keeps account of packet
 * identifiers (§2.3.1) and of what is owed to a broker at QoS 1 and 2 (§4.3). Does not retransmit, and keeps no message.
 */

import Connection from "./connection.js";
import type { ByteBuffer, Item, MQTTClientOptions, WriteOptions } from "./io.js";

export default abstract class Writer<Client> extends Connection<Client> {
	/** Options of the socket for a header whose payload follows from the caller's buffer, and for all fragments but the last. */
	declare private parts: { more: boolean; byteLength?: number };
	/** Bytes of the outgoing PUBLISH that are still to be written. */
	declare private left: number;
	/** Packet identifiers of our own that are in use, and of any SUBSCRIBE: each with its number of filters, or 0. */
	declare protected used: { [id: number]: number | undefined } | null;
	/** The payload that comes in: 0 or missing, it is delivered; 1, its first fragment is still to be; 2, it is discarded. */
	declare protected rest: 0 | 1 | 2;
	/** Packet identifiers of QoS 2 messages that were taken and are not released. */
	declare protected received: { [id: number]: boolean } | undefined;

	constructor(options: MQTTClientOptions<Client>) {
		super(options);
		this.last = 0;
		this.used = null; // looked at with each PUBACK: to look for what is missing costs 400 instructions
	}

	/**
	 * Sends a control packet, or a fragment of a PUBLISH after its first. Returns the number of bytes that may
	 * be written next. Throws, and sends nothing, when there is no room, before CONNACK, and on wrong options.
	 */
	write(data: ByteBuffer | undefined, options?: WriteOptions): number {
		// Each look at an option counts here. A packet that is not like an earlier PUBLISH goes the long way.
		if (this.state !== 4 || !options || options.byteLength != null || options.operation || options.duplicate)
			return this.transmit(data, options);
		if ((data as Uint8Array)?.BYTES_PER_ELEMENT === 1) {
			const front = this.front;
			if (options.QoS !== front.QoS || options.retain !== front.retain) this.set(options);
			if (options.topic === front.topic || this.load(options.topic)) {
				const length = (data as Uint8Array).byteLength;
				if (length !== front.length) this.measure(length);
				if (front.size <= this.writable) {
					if (options.QoS) this.sign(options.id);
					this.out.set(data as Uint8Array, front.offset);
					const writable = this.socket.write(front.view);
					this.writable = writable;
					// Eight bytes are not offered: see `writable`.
					return writable > 8 ? writable - 8 : 0;
				}
			}
		}
		return this.transmit(data, options);
	}

	/** Makes the header speak of `length` bytes of payload. */
	private measure(length: number): void {
		const front = this.front;
		const offset = front.offset;
		const out = this.out;
		let left = offset - 5 + length; // Remaining Length (§2.2.3)
		let at = 3;
		if (left > 127) at = left < 16_384 ? 2 : left < 2_097_152 ? 1 : 0;
		const size = offset - at + length;
		let index = at;
		out[at] = front.first;
		for (; left > 127; left >>= 7) out[++index] = left | 128;
		out[++index] = left;
		front.length = length;
		front.size = size;
		let view = this.cache[size & 7];
		if (view?.byteLength !== size) {
			if (offset + length > (this.indices[0] as number)) {
				front.size = Infinity;
				view = out.subarray(at, offset);
			} else view = this.cache[size & 7] = out.subarray(at, at + size);
		}
		front.view = view;
	}

	private need(size: number): void {
		if (size > this.writable) throw new Error("write: no room");
	}

	/** Packet identifier, in the two bytes before the payload. */
	private sign(value: number | undefined): void {
		let id = value as number;
		if ((id & 0xffff) !== id || !id) id = this.identity(value, 0);
		this.out[this.front.offset - 2] = id >> 8;
		this.out[this.front.offset - 1] = id;
	}

	/** The caller's packet identifier, checked [MQTT-2.3.1-1]; or the next that is free (§2.3.1): 1…65535 [MQTT-2.3.1-2]. */
	private identity(value: number | undefined, filters: number): number {
		this.used ??= {};
		const used = this.used;
		let id = value as number;
		if (value == null) {
			id = (this.last % 65_535) + 1;
			while (used[id] != null) {
				if (id === this.last) this.wrong("id", "a free one", id);
				id = (id % 65_535) + 1;
			}
			this.last = id;
		} else this.range("id", id, 1, 65_535);
		used[id] = filters;
		return id;
	}

	/** Any packet that is not like an earlier PUBLISH; the next fragment of one, without options. */
	private transmit(data: ByteBuffer | undefined, options: WriteOptions | undefined): number {
		const state = this.state;
		if (state === 5 ? options : state !== 4 || !options) {
			throw new Error(state === 5 || state === 4 ? "write: wrong options" : "write: not connected");
		}
		if (!options) {
			const bytes = this.bytes(data);
			const size = bytes.byteLength;
			if (size > this.left) this.range("write", size, 0, this.left);
			if (size > this.writable) this.need(size);
			this.append(bytes);
			// Replies had to wait for the end of the message.
			if (!this.left && this.busy) this.schedule();
		} else if ((options.operation ?? 3) === 3) this.start(this.bytes(data), options);
		else this.control(options.operation as number, options);
		return this.writable > 8 ? this.writable - 8 : 0;
	}

	/**
	 * A PUBLISH that is new, long, or the first of its fragments (§3.3). With a small payload it goes out in one write, for each is a
	 * round trip to the TCP task on the ESP32; else the payload follows from the caller's buffer, so that no buffer ever has the size
	 * of a message.
	 */
	private start(bytes: Uint8Array, options: WriteOptions): void {
		const topic = options.topic as string;
		const size = bytes.byteLength;
		const byteLength = options.byteLength ?? size;
		const front = this.front;
		if (options.duplicate && !options.QoS) this.wrong("duplicate", "false at QoS 0", true); // [MQTT-3.3.1-2]
		if (options.QoS !== front.QoS || options.retain !== front.retain) this.set(options);
		if (topic !== front.topic && !this.load(topic)) {
			this.add(topic, this.encode(topic, 1)); // [MQTT-3.3.2-1] [MQTT-3.3.2-2]
			this.load(topic);
		}
		// Asked only if need be, since a text as an argument is garbage.
		if (size > byteLength || byteLength !== front.length) {
			this.range("byteLength", byteLength, size, 268_435_460 - front.offset); // §2.2.3
			this.measure(byteLength);
		}
		const view = front.view;
		const count = front.offset - view.byteOffset;
		if (options.duplicate) {
			this.out[view.byteOffset] = front.first | 8;
			front.length = -1; // the next one has no DUP
		}
		this.need(count + size);
		if (options.QoS) this.sign(options.id);
		if (size === byteLength && front.size < Infinity) {
			this.out.set(bytes, front.offset);
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

	/** Sends the next bytes of the payload that is going out. */
	private append(bytes: Uint8Array): void {
		const rest = this.left - bytes.byteLength;
		this.left = rest;
		this.state = rest ? 5 : 4;
		if (bytes.byteLength)
			try {
				this.writable = this.socket.write(bytes, rest ? this.parts : undefined);
			} catch (error) {
				// Half a packet is out: the end of the connection, which `onError` says after `write` has thrown (§8).
				this.state = 6;
				this.timer.clear(this.wake);
				this.wake = this.timer.set(() => this.fail(2, error), 0);
				throw error;
			}
	}

	/** Anything but PUBLISH: PUBACK to PUBCOMP, SUBSCRIBE and UNSUBSCRIBE, PINGREQ and DISCONNECT. */
	private control(operation: number, options: WriteOptions): void {
		const list = operation === 8 || operation === 10;
		let packet: Uint8Array | DataView = this.word;
		if (list) packet = this.subscribe(operation, options.items);
		else if (operation === 12 || operation === 14) packet = Uint8Array.of(operation << 4, 0);
		else if (!(operation > 3 && operation < 8)) this.wrong("operation", "a client's", operation);
		this.need(packet.byteLength);
		if (operation < 12) {
			// Last, so that a refused packet takes no identifier.
			const id = list
				? this.identity(options.id, (options.items as readonly Item[]).length)
				: this.range("id", options.id as number, 1, 65_535);
			if (!list)
				this.word.setInt32(0, (operation === 6 ? 0x62020000 : (operation << 28) | 0x20000) | id); // [MQTT-3.6.1-1]
			else {
				let at = 1;
				while (((packet as Uint8Array)[at] as number) > 127) at++;
				(packet as Uint8Array)[++at] = id >> 8;
				(packet as Uint8Array)[++at] = id;
			}
		}
		this.writable = this.socket.write(packet);
		if (operation === 14) this.state = 6;
	}

	/**
	 * The first fragment of a message that is above QoS 1, has DUP, or comes in fragments: decides the reply, and whether it is
	 * delivered; or any that is discarded. A message whose topic was too long is acknowledged, or it would come again for ever.
	 */
	protected open(count: number, more: boolean): void {
		const parser = this.parser;
		const flags = parser.flags;
		const QoS = (flags >> 1) & 3;
		let id: number | undefined;
		if (QoS) id = parser.id;
		const byteLength = parser.left;
		this.available = count;
		parser.left = byteLength - count;
		if (this.rest === 1) {
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
				this.deliver(count, { more, topic, QoS, byteLength, retain: (flags & 1) !== 0, duplicate, id });
				return;
			}
		}
		this.drop();
		if (more) return;
		this.rest = 0;
		if (flags > 255) this.notify(3, { operation: 3, QoS, id }); // its topic was too long
	}
}

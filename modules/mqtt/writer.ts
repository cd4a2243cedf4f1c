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
	/** Packet identifiers of our own that are in use, and of any SUBSCRIBE: each with its number of filters, or 0. */
	declare protected used: { [id: number]: number | undefined } | undefined;
	/** PUBACK or PUBREC like `owed`, due when the current message has been read. */
	declare protected due: number;
	/** Packet identifiers of QoS 2 messages that were taken and are not released. */
	declare private received: number[] | undefined;
	constructor(options: MQTTClientOptions<Client>) {
		super(options);
		this.last = 0;
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

	/** The caller's packet identifier, checked [MQTT-2.3.1-1]; or the next that is free (§2.3.1): 1…65535 [MQTT-2.3.1-2]. */
	private identity(value: number | undefined): number {
		if (value != null) return this.range("id", value, 1, 65_535);
		this.used ??= {};
		const used = this.used;
		const last = this.last;
		let id = (last % 65_535) + 1;
		while (used[id] !== undefined) {
			if (id === last) this.wrong("id", "a free packet identifier", "none");
			id = (id % 65_535) + 1;
		}
		used[id] = 0;
		this.last = id;
		return id;
	}

	/** Any packet that is not like an earlier PUBLISH; the next fragment of one, without options. */
	private transmit(data: ByteBuffer | undefined, options: WriteOptions | undefined): number {
		const state = this.state;
		if (state === 5 ? options : state !== 4 || !options) {
			const reason = state === 7 ? "closed" : state === 4 ? "expected options" : "not connected";
			throw new Error(`write: ${state === 5 ? "expected a fragment, without options" : reason}`);
		}
		const operation = options?.operation ?? 3;
		if (operation !== 3) this.control(operation, options as WriteOptions);
		else {
			const bytes = this.bytes(data);
			if (options) this.start(bytes, options);
			else {
				const size = bytes.byteLength;
				if (size > this.left) this.range("write", size, 0, this.left);
				if (size > this.writable) this.need(size);
				this.append(bytes);
				// Replies had to wait for the end of the message.
				if (!this.left && this.busy) this.schedule();
			}
		}
		return this.writable > 8 ? this.writable - 8 : 0;
	}

	/** A PUBLISH that is new, long, or the first of its fragments. */
	private start(bytes: Uint8Array, options: WriteOptions): void {
		const size = bytes.byteLength;
		const byteLength = options.byteLength ?? size;
		const front = this.publish(options, byteLength, size);
		const view = front.view;
		const count = front.offset - view.byteOffset;
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
		const size = bytes.byteLength;
		const rest = this.left - size;
		this.left = rest;
		this.state = rest ? 5 : 4;
		if (size)
			try {
				this.writable = rest ? this.socket.write(bytes, this.parts) : this.socket.write(bytes);
			} catch (error) {
				this.schedule(true, error);
				throw error;
			}
	}

	/** Anything but PUBLISH: PUBACK to PUBCOMP, SUBSCRIBE and UNSUBSCRIBE, PINGREQ and DISCONNECT. */
	private control(operation: number, options: WriteOptions): void {
		const list = operation === 8 || operation === 10;
		let packet: Uint8Array | DataView = this.word;
		if (list) packet = this.subscribe(operation, options.items);
		else if (operation === 12 || operation === 14) packet = Uint8Array.of(operation << 4, 0);
		else if (!(operation > 3 && operation < 8)) this.wrong("operation", "one that a client sends", operation);
		else if (options.id == null) this.wrong("id", "the one to acknowledge", "none");
		this.need(packet.byteLength);
		if (operation < 12) {
			// Last, so that a refused packet takes no identifier.
			const id = this.identity(options.id);
			if (!list)
				this.word.setInt32(0, (operation === 6 ? 0x62020000 : (operation << 28) | 0x20000) | id); // [MQTT-3.6.1-1]
			else {
				let offset = 1;
				while (((packet as Uint8Array)[offset++] as number) > 127);
				(packet as Uint8Array)[offset] = id >> 8;
				(packet as Uint8Array)[offset + 1] = id;
				if (operation === 8) {
					this.used ??= {};
					this.used[id] = options.items?.length;
				}
			}
		}
		this.writable = this.socket.write(packet);
		if (operation === 14) this.state = 6;
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

	/** PUBREC, PUBREL (§4.3.3) and PINGREQ are answered, in their order [MQTT-4.6.0-4]; all others free their identifier [MQTT-2.3.1-3]. */
	protected answer(type: number, id: number): void {
		const index = type === 6 && this.received ? this.received.indexOf(id) : -1;
		if (index >= 0) this.received?.splice(index, 1);
		if (type === 12)
			this.owed = -1; // §25 wants it
		else if (type !== 5 && type !== 6) delete this.used?.[id];
		else if (this.acknowledge) this.owed = (type === 5 ? 0x62020000 : 0x70020000) | id; // [MQTT-4.3.3-1] [MQTT-4.3.3-2]
	}
}

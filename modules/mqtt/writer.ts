/**
 * `write` of ECMA-419 §25: sends packets. The layer over connection.ts. A small PUBLISH (§3.3) goes out in `write` itself, with one copy
 * and one write to the socket, each of which is a round trip to the TCP task on the ESP32. Its buffer is kept, with the header of the
 * last one, and so are the topics of others, because to encode a topic is two thirds of the cost of a publish. Keeps account of packet
 * identifiers (§2.3.1). Does not retransmit, and keeps no message.
 */

import Connection from "./connection.js";
import type { ByteBuffer, Item, MQTTClientOptions, WriteOptions } from "./io.js";

/** The PUBLISH whose header begins `out`. */
interface Front {
	/** This and the next two as the caller gave them: one comparison each tells whether they are the same. */
	topic: string | undefined;
	QoS: number | undefined;
	retain: boolean | undefined;
	/** Bytes of payload that the header speaks of; -1 before it does. */
	length: number;
	/** Bytes of the whole packet; Infinity when it does not fit into `out`. */
	size: number;
	/** Where the payload begins in `out`. */
	offset: number;
	/** The bytes for the socket: the packet, or its header. */
	view: Uint8Array;
	/** First byte: type, DUP, QoS and RETAIN. */
	first: number;
}

export default abstract class Writer<Client> extends Connection<Client> {
	declare protected front: Front;
	/**
	 * The PUBLISH that goes out: its topic at 5, so that Remaining Length of any size has its place before it, then
	 * the payload if it fits. Behind it the topics that are kept, each with its length, at `indices`.
	 */
	declare protected out: Uint8Array;
	/** Views of whole packets, by the last three bits of their length: texts of a sensor have a few lengths in a row. */
	declare private cache: Uint8Array[];
	declare private topics: (string | undefined)[];
	/** Where each topic begins, and where the next one will. */
	declare private indices: number[];
	/** The place of the last one in `topics`. */
	declare private index: number;
	/** Options of the socket for a header whose payload follows from the caller's buffer, and for all fragments but the last. */
	declare private parts: { more: boolean; byteLength?: number };
	/** Bytes of the outgoing PUBLISH that are still to be written. */
	declare private left: number;
	/** Packet identifiers of our own that are in use, and of any SUBSCRIBE: each with its number of filters, or 0. */
	declare protected used: { [id: number]: number | undefined } | null;

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
		// Each look at an option counts here. Few name PUBLISH, which may be missing.
		if (this.state !== 4 || !options || options.operation)
			if (this.state !== 4 || options?.operation !== 3) return this.transmit(data, options);
		if ((data as Uint8Array)?.BYTES_PER_ELEMENT !== 1) data = this.bytes(data);
		const front = this.front;
		if (options.QoS !== front.QoS || options.retain !== front.retain || options.duplicate) this.set(options);
		if (options.topic !== front.topic) this.load(options.topic as string);
		const size = (data as Uint8Array).byteLength;
		if (options.byteLength != null && options.byteLength !== size)
			return this.start(data as Uint8Array, options.byteLength, options);
		if (size !== front.length) this.measure(size);
		if (front.size > this.writable) return this.start(data as Uint8Array, size, options);
		if (options.QoS) this.sign(options.id);
		this.out.set(data as Uint8Array, front.offset);
		const writable = this.socket.write(front.view);
		this.writable = writable;
		// Eight bytes are not offered: see `writable`.
		return writable > 8 ? writable - 8 : 0;
	}

	/** The next header has another QoS, which is checked, RETAIN or DUP. */
	private set(options: WriteOptions): void {
		const front = this.front;
		// [MQTT-3.3.1-4] [MQTT-2.3.1-5] [MQTT-4.3.1-1] [MQTT-4.3.2-1]
		const QoS = options.QoS ?? 0;
		if (QoS !== 0 && QoS !== 1) this.range("QoS", QoS, 0, 2);
		if (options.duplicate && !QoS) this.wrong("duplicate", "false at QoS 0", true); // [MQTT-3.3.1-2]
		front.QoS = options.duplicate ? -1 : options.QoS; // the next one has no DUP
		front.retain = options.retain;
		front.first = 0x30 | (options.duplicate ? 8 : 0) | (QoS << 1) | (options.retain ? 1 : 0);
		front.offset = -1;
		front.topic = front as never; // equal to none that is published
		this.topics ??= [];
	}

	/** Begins `out` with a topic; one that is not kept is checked, and kept. */
	private load(topic: string): void {
		// Topics mostly come in turn.
		let index = this.index + 1;
		if (this.topics[index] !== topic) index = this.topics.indexOf(topic);
		if (index < 0 || !topic) index = this.add(topic, this.encode(topic, 1)); // [MQTT-3.3.2-1] [MQTT-3.3.2-2]
		this.index = index;
		const start = this.indices[index] as number;
		const end = this.indices[index + 1] as number;
		const front = this.front;
		const offset = end - start + (front.QoS ? 7 : 5);
		if (offset !== front.offset) {
			front.offset = offset;
			front.length = -1;
		}
		front.topic = topic;
		this.out.copyWithin(5, start, end);
	}

	/** Keeps a topic and returns its place. If there is no room left, all others are dropped, and kept again when they come again. */
	private add(topic: string, bytes: Uint8Array): number {
		const size = bytes.byteLength;
		const count = this.topics.length;
		let offset = count ? (this.indices[count] as number) : 0;
		if (
			!offset ||
			count === this.kept ||
			size + 9 > (this.indices[0] as number) ||
			offset + size + 2 > this.out.byteLength
		) {
			// 256 bytes for a packet that goes out in one write, and 64 for each topic. A long one gets a larger buffer, which goes with
			// the next that finds no room.
			offset = Math.max(size + 9, 256);
			const byteLength = offset + Math.max(offset, this.kept * 64);
			if (this.out?.byteLength !== byteLength) {
				this.out = new Uint8Array(byteLength);
				this.cache = [];
				this.front.offset = -1; // its header is in the buffer that went
			}
			this.topics = [];
			this.indices = Array.of(offset);
		}
		this.out[offset] = size >> 8;
		this.out[offset + 1] = size;
		this.out.set(bytes, offset + 2);
		this.indices.push(offset + size + 2);
		return this.topics.push(topic) - 1;
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

	/**
	 * A PUBLISH that is long, or the first of its fragments: the payload follows the header from the caller's buffer, so that no buffer
	 * ever has the size of a message. A short one comes here where there is no room for it.
	 */
	private start(bytes: Uint8Array, length: number, options: WriteOptions): number {
		const front = this.front;
		const size = bytes.byteLength;
		// Asked only if need be, since a text as an argument is garbage.
		if (size > length || length !== front.length) {
			this.range("byteLength", length, size, 268_435_460 - front.offset); // §2.2.3
			this.measure(length);
		}
		const view = front.view;
		const count = front.offset - view.byteOffset;
		this.need(count + size);
		if (options.QoS) this.sign(options.id);
		this.parts ??= { more: true };
		this.parts.byteLength = count + length;
		this.writable = this.socket.write(view.byteLength === count ? view : view.subarray(0, count), this.parts);
		this.parts.byteLength = undefined as never;
		this.left = length;
		return this.append(bytes);
	}

	/** Sends the next bytes of the payload that is going out. */
	private append(bytes: Uint8Array): number {
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
		return this.writable > 8 ? this.writable - 8 : 0;
	}

	/** The next fragment of a PUBLISH, without options; or PUBACK to PUBCOMP, SUBSCRIBE and UNSUBSCRIBE, PINGREQ and DISCONNECT. */
	private transmit(data: ByteBuffer | undefined, options: WriteOptions | undefined): number {
		const state = this.state;
		if (state === 5 ? options : state !== 4 || !options)
			throw new Error(state === 5 || state === 4 ? "write: wrong options" : "write: not connected");
		if (!options) {
			const bytes = this.bytes(data);
			const size = bytes.byteLength;
			if (size > this.left) this.range("write", size, 0, this.left);
			this.need(size);
			// Replies had to wait for the end of the message.
			if (size === this.left && this.busy) this.schedule();
			return this.append(bytes);
		}
		const operation = options.operation as number;
		let packet: Uint8Array | DataView = this.word;
		if (operation === 8 || operation === 10) packet = this.subscribe(operation, options.items);
		else if (operation === 12 || operation === 14) packet = Uint8Array.of(operation << 4, 0);
		else if (!(operation > 3 && operation < 8)) this.wrong("operation", "a client's", operation);
		this.need(packet.byteLength);
		// Identifiers last, so that a refused packet takes none.
		if (operation === 8 || operation === 10) {
			const id = this.identity(options.id, (options.items as readonly Item[]).length);
			let at = 1;
			while (((packet as Uint8Array)[at] as number) > 127) at++;
			(packet as Uint8Array)[++at] = id >> 8;
			(packet as Uint8Array)[++at] = id;
		} else if (operation < 8) {
			const id = this.range("id", options.id as number, 1, 65_535);
			this.word.setInt32(0, (operation === 6 ? 0x62020000 : (operation << 28) | 0x20000) | id); // [MQTT-3.6.1-1]
		}
		this.writable = this.socket.write(packet);
		if (operation === 14) this.state = 6;
		return this.writable > 8 ? this.writable - 8 : 0;
	}
}

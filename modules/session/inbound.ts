/**
 * Inbound messages of one session: gathers fragments, hands each message to the application, and only then says
 * what is to be acknowledged (§4.3.2, §4.3.3). Keeps the identifiers of QoS 2 messages until their PUBREL, so that none is
 * delivered twice. Does not look for duplicates at QoS 1: they are lawful, and only the application can tell.
 */

import type { ClientMessage, Received } from "./options.js";

export interface InboundOwner {
	/** True when the message was taken. `payload` is undefined when it was longer than allowed. */
	taken(topic: string, payload: Uint8Array | undefined, message: Received): boolean;
	acknowledge(QoS: number, packetIdentifier: number): void;
	/** More QoS 2 messages wait for their PUBREL than are remembered. */
	overrun(): void;
}

/** QoS 2 messages whose PUBREL is awaited: as many as the client has room for. MQTT 3.1.1 has no limit of its own. */
const most = 64;

const nothing = new Uint8Array(0);

export class Inbound {
	private readonly owner: InboundOwner;
	private readonly limit: number;
	/** The message that is being gathered: its first fragment, its bytes (none when it is too long), how many are there. */
	private first: ClientMessage | undefined;
	private payload: Uint8Array | undefined;
	private offset = 0;
	/** QoS 2: taken, PUBREL not yet seen. */
	private readonly received = new Set<number>();

	constructor(limit: number, owner: InboundOwner) {
		this.limit = limit;
		this.owner = owner;
	}
	/** A connection stands. */
	begin(sessionPresent: boolean): void {
		this.first = this.payload = undefined;
		if (!sessionPresent) this.received.clear();
	}
	/** `read` fills a buffer from the current message and returns how many bytes. */
	readable(count: number, message: ClientMessage, read: (buffer: Uint8Array) => number): void {
		if (message.topic !== undefined) {
			const byteLength = message.byteLength ?? count;
			this.first = message;
			this.offset = 0;
			if (byteLength > this.limit) this.payload = undefined;
			else this.payload = byteLength ? new Uint8Array(byteLength) : nothing;
		}
		this.gather(count, read);
		if (!message.more) this.finish();
	}
	/** PUBREL: the broker will not send this identifier again. */
	released(packetIdentifier: number): void {
		this.received.delete(packetIdentifier);
	}

	private gather(count: number, read: (buffer: Uint8Array) => number): void {
		const payload = this.payload;
		while (count > 0) {
			const buffer = payload
				? payload.subarray(this.offset, this.offset + count)
				: new Uint8Array(count < 256 ? count : 256);
			const length = buffer.byteLength ? read(buffer) : 0;
			if (length <= 0) return;
			this.offset += length;
			count -= length;
		}
	}
	private finish(): void {
		const message = this.first;
		const payload = this.payload;
		this.first = this.payload = undefined;
		if (!message) return;
		const { topic = "", QoS = 0, retain = false, duplicate = false, id = 0 } = message;
		const known = QoS === 2 && this.received.has(id);
		if (QoS === 2 && !known && this.received.size >= most) {
			this.owner.overrun();
			return;
		}
		if (!known && !this.owner.taken(topic, payload, { QoS, retain, duplicate, id })) return;
		if (QoS === 2) this.received.add(id); // [MQTT-4.3.3-2]
		if (QoS > 0) this.owner.acknowledge(QoS, id);
	}
}

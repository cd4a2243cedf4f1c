/**
 * Inbound messages of one session: gathers fragments, hands each message to the application, and acknowledges it once it
 * was taken (§4.3.2, §4.3.3). Keeps the identifiers of QoS 2 messages until their PUBREL, so that none is delivered twice.
 * Does not look for duplicates at QoS 1: they are lawful, and only the application can tell.
 */

import type { ControlMessage, ReadableOptions } from "../mqtt/io.js";
import type { Link } from "./link.js";
import { defaults, type Received, type SessionOptions } from "./options.js";
import { type Application, Packet, Report } from "./outcomes.js";
import type { Sender } from "./sender.js";
import type { Status } from "./status.js";

/** QoS 2 messages whose PUBREL is awaited: as many as the client has room for. MQTT 3.1.1 has no limit of its own. */
const most = 64;

export class Inbound {
	private readonly application: Application;
	private readonly sender: Sender;
	private readonly status: Status;
	/** Bytes that the application may publish in answer to a message. */
	private readonly replyBytes: number;
	/** The most bytes of payload that are delivered. */
	private readonly longest: number;
	/** The message that is being gathered: its first fragment, its bytes (none when it is too long), how many are there. */
	private first: ReadableOptions | undefined;
	private payload: Uint8Array | undefined;
	private offset = 0;
	/** QoS 2: taken, PUBREL not yet seen. */
	private readonly received = new Set<number>();

	constructor(options: SessionOptions, status: Status, sender: Sender, application: Application) {
		this.replyBytes = options.replyBytes ?? 0;
		this.longest = options.longestInbound ?? defaults.longestInbound;
		this.status = status;
		this.sender = sender;
		this.application = application;
	}
	/** A connection stands. */
	begin(sessionPresent: boolean): void {
		this.first = this.payload = undefined;
		if (!sessionPresent) this.received.clear();
	}
	/** The application is ready for a message, and there is room for what it brings about: to keep that, or to send it unkept. */
	takes(link: Link): boolean {
		if (!this.application.ready()) return false;
		return this.sender.live.room >= this.replyBytes || link.fits(this.replyBytes);
	}
	/** `count` bytes of a message may be read from `link`. */
	readable(link: Link, count: number, message: ReadableOptions): void {
		if (message.topic !== undefined) {
			const byteLength = message.byteLength ?? count;
			this.first = message;
			this.offset = 0;
			this.payload = byteLength > this.longest ? undefined : new Uint8Array(byteLength);
		}
		for (let left = count; left > 0; ) {
			let buffer = this.payload;
			if (!buffer) buffer = new Uint8Array(256);
			else if (left < buffer.byteLength) buffer = buffer.subarray(this.offset, this.offset + left);
			const length = buffer.byteLength ? link.read(buffer) : 0;
			if (length <= 0) break;
			this.offset += length;
			left -= length;
		}
		if (!message.more) this.finish(link);
	}
	/** PUBREL: the broker will not send this identifier again. */
	released(link: Link, packetIdentifier: number): void {
		this.received.delete(packetIdentifier);
		link.reply(Packet.PUBCOMP, packetIdentifier); // [MQTT-4.3.3-2]
	}

	/** A message on a topic longer than any of ours, as a filter of an earlier firmware brings it: the client has dropped its bytes. */
	passed(link: Link, { QoS = 0, id = 0 }: ControlMessage): void {
		this.application.counters.received++;
		this.application.report(Report.long, "the topic itself");
		// At QoS 2 too nothing is remembered: there is nothing that could be done twice.
		if (QoS > 0) link.reply(QoS === 1 ? Packet.PUBACK : Packet.PUBREC, id);
	}

	private finish(link: Link): void {
		const message = this.first;
		const payload = this.payload;
		this.first = this.payload = undefined;
		if (!message) return;
		const topic = message.topic as string;
		const QoS = message.QoS ?? 0;
		const id = message.id ?? 0;
		const known = QoS === 2 && this.received.has(id);
		// Neither delivered nor acknowledged: the broker sends it again on a later connection.
		if (QoS === 2 && !known && this.received.size >= most) return;
		const retain = message.retain ?? false;
		const duplicate = message.duplicate ?? false;
		if (!known && !this.taken(topic, payload, { QoS, retain, duplicate, id })) return;
		if (QoS === 2) this.received.add(id); // [MQTT-4.3.3-2]
		if (QoS > 0) link.reply(QoS === 1 ? Packet.PUBACK : Packet.PUBREC, id);
	}
	/** True when the message is done with, so that it is acknowledged. */
	private taken(topic: string, payload: Uint8Array | undefined, message: Received): boolean {
		const counters = this.application.counters;
		counters.received++;
		if (message.duplicate) counters.duplicates++;
		if (!payload) {
			this.application.report(Report.long, topic);
			return true;
		}
		if (this.status.contradicts(topic, payload, message.retain) && this.sender.announce()) {
			counters.lateWills++;
			this.application.report(Report.lateWill, topic);
		}
		if (this.status.own(topic)) return true;
		// One with DUP is given up: twenty that a handler never takes would fill a broker's window, and nothing more would come.
		return this.application.message(topic, payload, message) || message.duplicate;
	}
}

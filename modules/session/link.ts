/**
 * One connection: an MQTT client, its room for writing, and nothing that outlives it. Messages that are longer than the
 * socket ever takes go out in fragments; acknowledgements wait behind them. Does not decide what is sent or when, and
 * lets no exception out of a callback.
 */

import type { Timer } from "../mqtt/io.js";
import { encode } from "../mqtt/text.js";
import { Deadline } from "./deadline.js";
import type { Client, ClientClass, ClientControl, ClientMessage, LinkOptions } from "./io.js";
import { Packet, Reason } from "./outcomes.js";
import type { Pace } from "./pace.js";

/** The supervisor, as a connection sees it: its callbacks. */
export interface LinkOwner {
	/** The broker takes so many messages a second. */
	readonly pace: Pace | undefined;
	/** CONNACK with code 0. */
	accepted(sessionPresent: boolean): void;
	control(operation: number, message: ClientControl): void;
	readable(count: number, message: ClientMessage): void;
	/** A message may be read. If not, this is asked again at each `onWritable` and at `resume`. */
	takes(link: Link): boolean;
	/** There is room again for something that had to wait. */
	writable(): void;
	/** Once; the link is closed then. `returnCode` is CONNACK's, or 0; `cause` the host's own word for it, or "". */
	lost(reason: number, returnCode: number, cause: string): void;
	fault(error: unknown): void;
}

/** Refusals of a message that should fit, and milliseconds in which the end of the connection may come to explain them. */
const patience = 3;
const grace = 1000;
/**
 * Replies that may wait for room. Messages stop coming at the first, since they are not read any more; packets without
 * payload (PUBREC, PUBREL, an empty message) do not.
 */
const replies = 128;
/** Milliseconds without room for a reply, after which the link is dead: while messages are unread the client does not judge. */
const silence = 60_000;

export class Link {
	/** Bytes that were writable when that was last known. */
	room = 0;
	private client: Client | undefined;
	private readonly owner: LinkOwner;
	private readonly timer: Timer;
	/** Given to each write: fresh objects would be garbage for each message. */
	private readonly message = { topic: "", QoS: 0, retain: false, duplicate: false, id: 0 };
	private readonly acknowledgement = { operation: 0, id: 0 };
	/** A write did not fit: none is tried before `onWritable`. */
	private blocked = false;
	/** The most that was ever writable: longer messages have to go in fragments. */
	private capacity = 0;
	private rest: Uint8Array | undefined;
	private offset = 0;
	/** Makes the bytes that follow `rest`, for a payload that is never held whole. */
	private source: (() => Uint8Array | undefined) | undefined;
	/** operation << 16 | packet identifier, in the order in which they are due [MQTT-4.6.0-2]. */
	private due: number[] = [];
	/** A message, or more of one, that is not read before the replies are out, or before there is room for its answer. */
	private unread: { readonly count: number; readonly message: ClientMessage } | undefined;
	private readonly deadline: Deadline;
	private refusals = 0;
	private returnCode = 0;
	private cause = "";

	/** Throws what the client's constructor throws. */
	constructor(io: ClientClass, options: LinkOptions, owner: LinkOwner) {
		this.owner = owner;
		this.timer = options.timer;
		this.deadline = new Deadline(options.timer, this, this.unanswered);
		this.client = new io({
			...options,
			acknowledge: false,
			onReadable: (count, message) => this.readable(count, message),
			onWritable: count => this.writable(count),
			onControl: (operation, message) => this.control(operation, message),
			onError: error => this.error(error?.code, error?.cause),
		});
	}
	/** A message may be sent now, as far as is known. */
	get ready(): boolean {
		return this.client !== undefined && !this.blocked && this.rest === undefined;
	}
	/** So many bytes may be written now, or as many as ever. */
	fits(byteLength: number): boolean {
		return this.ready && this.room >= (byteLength < this.capacity ? byteLength : this.capacity);
	}
	/** Replies wait for room. */
	get owing(): boolean {
		return this.due.length > 0;
	}
	/** True when the message has left, or its first fragment has. False when it has to wait for `writable`. */
	send(
		topic: string,
		payload: Uint8Array,
		QoS: number,
		retain: boolean,
		duplicate: boolean,
		packetIdentifier: number,
	): boolean {
		const client = this.client;
		if (client === undefined || this.blocked || this.rest !== undefined) return false;
		const pace = this.owner.pace;
		if (pace !== undefined && !pace.takes(QoS)) return false;
		const message = this.message;
		message.topic = topic;
		message.QoS = QoS;
		message.retain = retain;
		message.duplicate = duplicate;
		message.id = packetIdentifier;
		try {
			this.room = client.write(payload, message);
		} catch (error) {
			return this.begin(payload, error);
		}
		this.refusals = 0;
		return true;
	}
	/**
	 * Begins a retained message at QoS 0 whose payload, `byteLength` bytes, `source` makes piece by piece; nothing else leaves
	 * before its end. False when it has to wait for `writable`.
	 */
	stream(topic: string, byteLength: number, source: () => Uint8Array | undefined): boolean {
		if (!this.ready) return false;
		if (!this.packet({ topic, QoS: 0, retain: true, byteLength }, new Uint8Array(0))) return false;
		this.source = source;
		this.rest = source();
		this.offset = 0;
		this.unblock();
		return true;
	}
	/** PUBACK, PUBREC, PUBREL or PUBCOMP; it waits its turn if it has to. */
	reply(operation: number, packetIdentifier: number): void {
		if (!this.client) return;
		if (this.due.length === 0 && this.answer(operation, packetIdentifier)) return;
		this.due.push((operation << 16) | packetIdentifier);
		if (this.due.length > replies) this.fail(Reason.overrun);
	}
	/** False when it has to wait for `writable`. */
	subscribe(packetIdentifier: number, items: readonly { topic: string; QoS: number }[]): boolean {
		return this.packet({ operation: Packet.SUBSCRIBE, id: packetIdentifier, items });
	}
	/** Sends DISCONNECT if it can. */
	disconnect(): boolean {
		return !this.rest && this.packet({ operation: Packet.DISCONNECT });
	}
	read(buffer: Uint8Array): number {
		return this.client?.read(buffer) ?? 0;
	}
	private unanswered(): void {
		this.fail(Reason.unanswered);
	}
	/** Ends the connection for a reason of ours, and tells the owner. */
	fail(reason: number): void {
		if (!this.client) return;
		this.close();
		this.guard(() => this.owner.lost(reason, this.returnCode, this.cause));
	}
	close(): void {
		const client = this.client;
		this.client = undefined;
		this.rest = this.unread = this.source = undefined;
		this.due = [];
		this.deadline.close();
		if (client) this.guard(() => client.close());
	}

	/** A packet whose payload, if there is one, fits or follows. */
	private packet(options: Parameters<Client["write"]>[1], payload?: Uint8Array): boolean {
		if (!this.client) return false;
		try {
			this.room = this.client.write(payload, options);
			return true;
		} catch {
			this.blocked = true;
			return false;
		}
	}
	/** The client did not take a whole message: it waits for room, or is too long for any room there is. */
	private begin(payload: Uint8Array, error: unknown): boolean {
		const { topic, QoS, retain, duplicate, id } = this.message;
		const byteLength = payload.byteLength;
		const header = 9 + encode(topic).byteLength;
		this.blocked = true;
		if (header + byteLength <= this.room && ++this.refusals >= patience) {
			// It should have fitted. Or the socket is gone and its `onError` is on the way: that comes first, given time.
			if (this.refusals === patience) this.timer.set(() => this.giveUp(error), grace);
			return false;
		}
		// Half of what there can be, so that a long message does not go out in slivers.
		if (header + byteLength <= this.capacity || this.room < this.capacity / 2) return false;
		const first = Math.min(byteLength, this.room - header);
		const whole = { topic, QoS, retain, duplicate, id, byteLength };
		if (first <= 0 || !this.packet(whole, payload.subarray(0, first))) return false;
		// The outbox may use its bytes for something else before the last fragment is out.
		this.rest = payload.slice(first);
		this.offset = 0;
		return true;
	}
	/** The message that is refused here is to blame: three such connections set it aside. */
	private giveUp(error: unknown): void {
		if (!this.client || this.refusals < patience) return;
		this.owner.fault(error);
		this.fail(Reason.stuck);
	}
	private continue(): void {
		while (this.rest && this.room > 0) {
			const length = Math.min(this.rest.byteLength - this.offset, this.room);
			const end = this.offset + length;
			this.room = (this.client as Client).write(this.rest.subarray(this.offset, end));
			this.offset = end;
			if (end < this.rest.byteLength) continue;
			this.rest = this.source?.();
			this.offset = 0;
			if (!this.rest) this.source = undefined;
		}
	}
	private readable(count: number, message: ClientMessage): void {
		if (!this.client) return;
		if (count > 0 && this.full(message)) {
			// Every message read would owe one more reply. Unread, it stops the client, and TCP stops the broker.
			this.unread = { count, message };
			this.deadline.set(silence);
			return;
		}
		try {
			this.owner.readable(count, message);
		} catch (error) {
			this.owner.fault(error);
		}
	}
	/** Replies wait, or what the message would add to them has no room. Of one that is half read the rest is read. */
	private full(message: ClientMessage): boolean {
		return this.due.length !== 0 || (message.topic !== undefined && !this.owner.takes(this));
	}
	/** Reads the message that was left unread, if it may be read now. */
	resume(): void {
		const unread = this.unread;
		if (!unread || this.full(unread.message)) return;
		this.unread = undefined;
		this.deadline.clear();
		this.readable(unread.count, unread.message);
	}
	private writable(count: number): void {
		if (!this.client) return;
		this.room = count;
		if (count > this.capacity) this.capacity = count;
		// The usual event: bytes have left and nothing waits for their room.
		if (this.blocked || this.rest !== undefined || this.unread !== undefined) this.unblock();
	}
	private unblock(): void {
		if (this.unread) this.deadline.set(silence);
		try {
			this.continue();
		} catch (error) {
			// Half a message cannot be taken back, and no other may follow it.
			this.owner.fault(error);
			this.fail(Reason.unknown);
			return;
		}
		this.blocked = false;
		this.settle();
		this.resume();
		this.guard(() => this.owner.writable());
	}
	/** Replies leave as far as there is room. */
	private settle(): void {
		const due = this.due;
		while (due.length) {
			const first = due[0] as number;
			if (!this.answer(first >> 16, first & 0xffff)) return;
			due.shift();
		}
	}
	private answer(operation: number, packetIdentifier: number): boolean {
		if (this.rest) return false;
		this.acknowledgement.operation = operation;
		this.acknowledgement.id = packetIdentifier;
		return this.packet(this.acknowledgement);
	}
	private control(operation: number, message: ClientControl): void {
		if (!this.client) return;
		try {
			if (operation === Packet.CONNACK) this.returnCode = message.returnCode ?? 0;
			if (operation !== Packet.CONNACK) this.owner.control(operation, message);
			// A refusal comes again, as an error.
			else if (this.returnCode === 0) this.owner.accepted(message.sessionPresent ?? false);
		} catch (error) {
			this.owner.fault(error);
		}
	}
	private error(code: unknown, cause: unknown): void {
		const { code: word, message } = (cause ?? {}) as { readonly code?: unknown; readonly message?: unknown };
		this.cause = typeof word === "string" ? word : typeof message === "string" ? message : "";
		this.fail(typeof code === "number" ? code : this.returnCode ? Reason.refused : Reason.unknown);
	}
	/** No exception may leave a callback: it would end the virtual machine. */
	private guard(action: () => void): void {
		try {
			action();
		} catch (error) {
			this.owner.fault(error);
		}
	}
}

/**
 * One connection (ECMA-419 §25): an MQTT client, its room for writing, and nothing that outlives it. Messages that are longer than the
 * socket ever takes go out in fragments; acknowledgements wait behind them. Does not decide what is sent or when, and lets no exception out
 * of a callback.
 */

import { encode } from "../mqtt/codec.js";
import type { ControlMessage, ReadableOptions, Timer } from "../mqtt/io.js";
import { Deadline, type Pace } from "./deadline.js";
import type { Client, ClientClass, ClientError, ClientOptions, Message, Outgoing } from "./options.js";
import { type Application, Packet, Reason } from "./outcomes.js";

/** Without what is the connection's own. */
type Settled = Omit<ClientOptions, "acknowledge" | `on${string}`>;

/** The supervisor, as a connection sees it: its callbacks. */
export interface LinkOwner {
	/** The broker takes so many messages a second. */
	readonly pace: Pace | undefined;
	/** subscriptions.ts: whether a message may be read, and its reading. */
	readonly inbound: {
		takes(link: Link): boolean;
		readable(link: Link, count: number, message: ReadableOptions): void;
	};
	/** CONNACK with code 0. */
	accepted(sessionPresent: boolean): void;
	control(operation: number, message: ControlMessage): void;
	/** There is room again for something that had to wait. */
	writable(): void;
	/** Once; the link is closed then. `returnCode` is CONNACK's, or 0; `cause` the host's own word for it, or "". */
	lost(reason: number, returnCode: number, cause: string): void;
}

/** Refusals of a message that should fit, and milliseconds in which the end of the connection may come to explain them. */
const patience = 3;
const grace = 1000;
/** Replies that may wait for room. Messages stop coming at the first, for they are not read any more; packets without payload do not. */
const replies = 128;
/** Milliseconds without room for a reply, after which the link is dead: while messages are unread the client does not judge. */
const silence = 60_000;

/** The client, as its callbacks see it. */
type Attached = { readonly target: Link };

export class Link {
	/** A message may be sent now. Not after a write that did not fit, before `onWritable`; not between fragments; not at the end. */
	ready = true;
	// What a sample needs is among the first: XS looks for a field from the first on.
	private client: Client | undefined = undefined;
	private readonly pace: Pace | undefined = undefined;
	/** Bytes that were writable when that was last known. */
	private room = 0;
	private refusals = 0;
	/** The most that was ever writable: longer messages have to go in fragments. */
	private capacity = 0;
	private readonly owner: LinkOwner;
	private readonly application: Application;
	private readonly timer: Timer;
	private readonly message = { topic: "", QoS: 0, retain: false, duplicate: false, id: 0 };
	private readonly acknowledgement = { operation: 0, id: 0 };
	private rest: Uint8Array | undefined;
	/** Makes the bytes that follow `rest`, for a payload that is never held whole. */
	private source: (() => Uint8Array | undefined) | undefined;
	/** operation << 16 | packet identifier, in the order in which they are due [MQTT-4.6.0-2]. */
	private due: number[] = [];
	/** A message, or more of one, that is not read before the replies are out, or before there is room for its answer. */
	private unread: { readonly count: number; readonly message: ReadableOptions } | undefined;
	private readonly deadline: Deadline;
	private returnCode = 0;

	/** Throws what the client's constructor throws. */
	constructor(io: ClientClass, options: Settled, owner: LinkOwner, application: Application) {
		this.owner = owner;
		this.application = application;
		this.pace = owner.pace;
		this.timer = options.timer;
		this.deadline = new Deadline(options.timer, this, this.fail);
		this.client = new io({
			...options,
			acknowledge: false,
			target: this,
			onReadable: Link.onReadable,
			onWritable: Link.onWritable,
			onControl: Link.onControl,
			onError: Link.onError,
		});
	}
	/** So many bytes may be written now, or as many as ever. */
	fits(byteLength: number): boolean {
		return this.ready && this.room >= (byteLength < this.capacity ? byteLength : this.capacity);
	}
	/**
	 * `message` is what the client is told of it, and the caller's to use again: fresh objects would be garbage for each message.
	 * True when the message has left, or its first fragment has. False when it has to wait for `writable`.
	 */
	write(payload: Uint8Array, message: Outgoing): boolean {
		if (!this.ready || (this.pace !== undefined && !this.pace.takes(message.QoS))) return false;
		try {
			this.room = (this.client as Client).write(payload, message);
		} catch (error) {
			return this.begin(payload, message, error);
		}
		this.refusals = 0;
		return true;
	}
	/** What the client is told of a message. It has returned when `write` goes deeper. */
	told(topic: string, QoS: number, retain: boolean, duplicate: boolean, packetIdentifier: number): Outgoing {
		const message = this.message;
		message.topic = topic;
		message.QoS = QoS;
		message.retain = retain;
		message.duplicate = duplicate;
		message.id = packetIdentifier;
		return message;
	}
	/** Writes and counts a message that is held. */
	send(entry: Message, duplicate: boolean, packetIdentifier: number): boolean {
		const { topic, payload, QoS = 1, retain } = entry;
		if (!this.write(payload, this.told(topic, QoS, retain, duplicate, packetIdentifier))) return false;
		this.application.counters[duplicate ? "retransmitted" : "sent"]++;
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
		this.application.counters.sent++;
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
	/** Ends the connection for a reason of ours, that of the deadline where none is given, and tells the owner. */
	fail(reason: number = Reason.unanswered, cause = ""): void {
		if (!this.client) return;
		this.close();
		this.application.guard(() => this.owner.lost(reason, this.returnCode, cause));
	}
	close(): void {
		const client = this.client;
		this.client = undefined;
		this.ready = false;
		this.rest = this.unread = this.source = undefined;
		this.due = [];
		this.deadline.close();
		if (client) this.application.guard(() => client.close());
	}

	/** A packet whose payload, if there is one, fits or follows. */
	private packet(options: Parameters<Client["write"]>[1], payload?: Uint8Array): boolean {
		try {
			this.room = (this.client as Client).write(payload, options);
			return true;
		} catch {
			this.ready = false;
			return false;
		}
	}
	/** The client did not take a whole message: it waits for room, or is too long for any room there is. */
	private begin(payload: Uint8Array, message: Outgoing, error: unknown): boolean {
		const byteLength = payload.byteLength;
		const header = 9 + encode(message.topic).byteLength;
		this.ready = false;
		if (header + byteLength <= this.room && ++this.refusals >= patience) {
			// It should have fitted. Or the socket is gone and its `onError` is on the way: that comes first, given time.
			if (this.refusals === patience) this.timer.set(() => this.giveUp(error), grace);
			return false;
		}
		// Half of what there can be, so that a long message does not go out in slivers.
		if (header + byteLength <= this.capacity || this.room < this.capacity / 2) return false;
		const first = Math.min(byteLength, this.room - header);
		if (first <= 0 || !this.packet({ ...message, byteLength }, payload.subarray(0, first))) return false;
		// The outbox may use its bytes for something else before the last fragment is out.
		this.rest = payload.slice(first);
		return true;
	}
	/** The message that is refused here is to blame: three such connections set it aside. */
	private giveUp(error: unknown): void {
		if (!this.client || this.refusals < patience) return;
		this.application.fault(error);
		this.fail(Reason.stuck);
	}
	private readable(count: number, message: ReadableOptions): void {
		if (!this.client) return;
		if (count > 0 && this.full(message)) {
			// Every message read would owe one more reply. Unread, it stops the client, and TCP stops the broker.
			this.unread = { count, message };
			this.deadline.set(silence);
			return;
		}
		try {
			this.owner.inbound.readable(this, count, message);
		} catch (error) {
			this.application.fault(error);
		}
	}
	/** Replies wait, or what the message would add to them has no room. Of one that is half read the rest is read. */
	private full(message: ReadableOptions): boolean {
		return this.due.length !== 0 || (message.topic !== undefined && !this.owner.inbound.takes(this));
	}
	/** Reads the message that was left unread, if it may be read now. */
	resume(): void {
		const unread = this.unread;
		if (!unread || this.full(unread.message)) return;
		this.unread = undefined;
		this.deadline.clear();
		this.readable(unread.count, unread.message);
	}
	private unblock(): void {
		if (!this.client) return;
		if (this.unread) this.deadline.set(silence);
		try {
			while (this.rest && this.room > 0) {
				const length = Math.min(this.rest.byteLength, this.room);
				this.room = this.client.write(this.rest.subarray(0, length));
				this.rest = length < this.rest.byteLength ? this.rest.subarray(length) : this.source?.();
			}
		} catch (error) {
			// Half a message cannot be taken back, and no other may follow it.
			this.application.fault(error);
			this.fail(Reason.unknown);
			return;
		}
		this.ready = this.rest === undefined;
		if (this.ready) this.source = undefined;
		const due = this.due;
		while (due.length && this.answer((due[0] as number) >> 16, (due[0] as number) & 0xffff)) due.shift();
		this.resume();
		this.application.guard(() => this.owner.writable());
	}
	private answer(operation: number, packetIdentifier: number): boolean {
		if (this.rest) return false;
		this.acknowledgement.operation = operation;
		this.acknowledgement.id = packetIdentifier;
		return this.packet(this.acknowledgement);
	}

	// The client's callbacks. All links share them: closures of each link's own would be a frame more for each event, and 80 bytes each.
	// biome-ignore-start lint/complexity/noThisInStatic: a callback is called on the client (ECMA-419 §8)
	private static onReadable(this: unknown, count: number, message: ReadableOptions): void {
		(this as Attached).target.readable(count, message);
	}
	private static onWritable(this: unknown, count: number): void {
		const link = (this as Attached).target;
		link.room = count;
		if (count > link.capacity) link.capacity = count;
		// The usual event: bytes have left and nothing waits for their room.
		if (!link.ready || link.unread !== undefined) link.unblock();
	}
	private static onControl(this: unknown, operation: number, message: ControlMessage): void {
		const link = (this as Attached).target;
		if (!link.client) return;
		try {
			if (operation === Packet.CONNACK) link.returnCode = message.returnCode ?? 0;
			if (operation !== Packet.CONNACK) link.owner.control(operation, message);
			// A refusal comes again, as an error.
			else if (link.returnCode === 0) link.owner.accepted(message.sessionPresent ?? false);
		} catch (error) {
			link.application.fault(error);
		}
	}
	private static onError(this: unknown, { code, cause }: ClientError = {}): void {
		const link = (this as Attached).target;
		const { code: word, message } = (cause ?? {}) as ClientError;
		const reason = typeof code === "number" ? code : link.returnCode ? Reason.refused : Reason.unknown;
		link.fail(reason, typeof word === "string" ? word : typeof message === "string" ? message : "");
	}
	// biome-ignore-end lint/complexity/noThisInStatic: see above
}

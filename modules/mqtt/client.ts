/**
 * MQTT 3.1.1 client, ECMA-419 §25 (MQTT Client Class Pattern), over any ECMA-419 TCP class and resolver.
 * One connection: it answers acknowledgements and keeps alive; it does not reconnect, retransmit, or
 * remember subscriptions, which §25 leaves to "layers built on" it (modules/session).
 *
 * What is ours beyond §25, and where we differ from Moddable's client, is in DESIGN.md.
 *
 * Fields and methods are plain, not #private: in this one class it saves 15 % of a publish (each captured
 * name costs about 42 instructions at each entry of a function). The hot ones are declared first.
 */

import { bytesOf, connect, type Item, subscribe, type Will } from "./encoder.js";
import Identifiers from "./identifiers.js";
import type {
	ByteBuffer,
	Resolver,
	ResolverClass,
	TCP,
	TCPClass,
	Ticks,
	Timer,
	TimerHandle,
	With,
} from "./io.js";
import {
	CONNACK,
	CONNECT,
	DISCONNECT,
	type MQTTError,
	PINGREQ,
	PINGRESP,
	PUBACK,
	PUBCOMP,
	PUBLISH,
	PUBREC,
	PUBREL,
	Reason,
	State,
	SUBACK,
	SUBSCRIBE,
	UNSUBACK,
	UNSUBSCRIBE,
} from "./packet.js";
import Parser, { MALFORMED, MORE } from "./parser.js";
import Publication, { FIRST } from "./publication.js";

export interface ReadableOptions {
	/** Whether another fragment of this message follows. */
	readonly more: boolean;
	/** On the first fragment only, as all below. */
	readonly topic?: string;
	readonly QoS?: number;
	/** Bytes in the whole payload. */
	readonly byteLength?: number;
	readonly retain?: boolean;
	readonly duplicate?: boolean;
	/** Packet identifier, above QoS 0. */
	readonly id?: number;
}

/** Valid during the call: of acknowledgements it is one object that is filled anew. */
export interface ControlMessage {
	readonly operation: number;
	readonly id?: number;
	/** SUBACK: a return code for each filter (§3.9.3). */
	readonly payload?: readonly number[];
	/** CONNACK (§3.2.2). */
	readonly sessionPresent?: boolean;
	readonly returnCode?: number;
}

export interface WriteOptions {
	/** Packet type; PUBLISH when it is missing. */
	readonly operation?: number;
	/** Packet identifier; chosen by the client when it is missing. Bring all or none. */
	readonly id?: number;
	readonly topic?: string;
	readonly QoS?: number;
	readonly retain?: boolean;
	readonly duplicate?: boolean;
	/** Bytes in the whole payload, when it is written in fragments. */
	readonly byteLength?: number;
	readonly items?: readonly Item[];
}

export interface MQTTClientOptions {
	readonly socket: With<TCPClass>;
	readonly dns: With<ResolverClass>;
	readonly timer: Timer;
	readonly host: string;
	/** 1883 when it is missing. */
	readonly port?: number;
	readonly id?: string;
	readonly user?: string;
	readonly password?: string | ByteBuffer;
	/** Milliseconds; 0, the default, is off. Sent as seconds, rounded up. */
	readonly keepAlive?: number;
	readonly clean?: boolean;
	readonly will?: Will;
	/** False leaves PUBACK, PUBREC, PUBREL and PUBCOMP to the caller. */
	readonly acknowledge?: boolean;
	/** Milliseconds from construction to CONNACK; 30 000 when it is missing. */
	readonly timeout?: number;
	readonly target?: unknown;
	readonly onReadable?: (this: MQTTClient, count: number, options: ReadableOptions) => void;
	readonly onWritable?: (this: MQTTClient, count: number) => void;
	readonly onControl?: (this: MQTTClient, opcode: number, message: ControlMessage) => void;
	/** The connection has ended, whatever the cause; the instance is closed already. */
	readonly onError?: (this: MQTTClient, error: MQTTError) => void;
}

/** The part of the options object that has no defaults in a host's `device.network.mqtt.client`. */
export type { Item, Ticks, Will };

/** Bytes of the socket's room that are not offered, so that acknowledgements and pings find some. */
const RESERVE = 8;
/** PUBLISH packets kept between publications: the topics of a small board, at about 300 bytes each. */
const PUBLICATIONS = 4;
/** QoS 2 messages whose PUBREL is awaited [MQTT-4.3.3-2]; MQTT 3.1.1 has no limit of its own. */
const RECEIVED = 64;

const PING = Uint8Array.of(PINGREQ << 4, 0);
const PONG = Uint8Array.of(PINGRESP << 4, 0);
const BYE = Uint8Array.of(DISCONNECT << 4, 0);
const MORE_FOLLOWS = Object.freeze({ more: true });

const Ping = Object.freeze({
	none: 0,
	/** There was no room for it. */
	owed: 1,
	sent: 2,
});
type Ping = (typeof Ping)[keyof typeof Ping];

const Rest = Object.freeze({
	delivered: 0,
	/** The header was parsed and no payload has come yet: nothing is delivered so far. */
	awaited: 1,
	/** A QoS 2 message that was taken before. */
	discarded: 2,
});
type Rest = (typeof Rest)[keyof typeof Rest];

function nothing(): void {}

export default class MQTTClient {
	private state: State = State.resolving;
	/** Bytes the socket takes. */
	private writable = 0;
	private socket!: TCP;
	/** The last PUBLISH; `write` looks here first. */
	private publication = new Publication();
	/** Something was sent since the last look of the keep-alive timer. */
	private wrote = false;
	/** Bytes the socket has announced and we have not read. */
	private readable = 0;
	private parser = new Parser();
	/** Bytes that the application may `read` now; while there are any, nothing else is parsed. */
	private available = 0;
	/** Something arrived since the last look of the keep-alive timer. */
	private heard = false;
	/** `run` is on the stack. */
	private running = false;
	/** A reply that waits for room in the socket: type << 16 | packet identifier, or 0. Nothing is parsed meanwhile. */
	private owed = 0;
	/** PUBACK or PUBREC as `type << 16 | id`, due once the current message is read. */
	private due = 0;
	/** What becomes of the rest of the current message's payload. */
	private rest: Rest = Rest.delivered;
	private onReadable: (count: number, options: ReadableOptions) => void;
	private onWritable: (count: number) => void;
	private onControl: (opcode: number, message: ControlMessage) => void;
	private onError: (error: MQTTError) => void;
	private publications = [this.publication];
	/** Bytes of the outgoing PUBLISH that are still to be written. */
	private outgoing = 0;
	private reply = new Uint8Array(4);
	private message = { operation: 0, id: 0 };
	private sequence = { more: true, byteLength: 0 };
	private pinging: Ping = Ping.none;
	private acknowledge: boolean;
	private clean: boolean;
	/** Milliseconds, as the broker was told. */
	private keepAlive: number;
	private identifiers: Identifiers | undefined;
	/** QoS 2 messages taken, not yet released. */
	private received: number[] | undefined;
	/** Packet identifier and number of filters of each SUBSCRIBE that has no SUBACK yet. */
	private subscribing: number[] | undefined;
	private packet: Uint8Array | undefined;
	private resolver: Resolver | undefined;
	private timer: Timer;
	private deadline: TimerHandle | undefined;
	private resumption: TimerHandle | undefined;
	target: unknown;

	constructor(options: MQTTClientOptions) {
		const { host, port = 1883, keepAlive = 0, clean = true, socket, dns, timer, timeout = 30_000 } = options;
		if (typeof host !== "string" || host === "") throw new TypeError("host: expected a name or an address");
		if (!(port >= 1 && port <= 65_535)) throw new RangeError(`port: expected 1…65535, found ${port}`);
		if (!(keepAlive >= 0 && keepAlive <= 65_535_000))
			throw new RangeError(`keepAlive: expected 0…65535000 ms, found ${keepAlive}`);
		if (!socket?.io) throw new TypeError("socket: expected an object with io, a TCP class");
		if (!dns?.io) throw new TypeError("dns: expected an object with io, a resolver class");
		if (!timer) throw new TypeError("timer: expected the host's timer");
		const seconds = Math.ceil(keepAlive / 1000);
		this.packet = connect({
			id: options.id ?? "",
			clean,
			keepAlive: seconds,
			user: options.user,
			password: options.password,
			will: options.will,
		});
		this.target = options.target;
		this.clean = clean;
		this.keepAlive = seconds * 1000;
		this.acknowledge = options.acknowledge ?? true;
		this.onReadable = options.onReadable ?? this.skip;
		this.onWritable = options.onWritable ?? nothing;
		this.onControl = options.onControl ?? nothing;
		this.onError = options.onError ?? nothing;
		this.timer = timer;
		this.resolver = new dns.io(dns);
		this.deadline = timer.set(() => {
			this.deadline = undefined;
			this.fail(Reason.silent);
		}, timeout);
		try {
			this.resolver.resolve({ host }, (error, address) =>
				this.resolved(error, address, { ...socket, host, port }),
			);
		} catch (error) {
			this.close();
			throw error;
		}
	}

	get format(): "buffer" {
		return "buffer";
	}
	set format(value: "buffer") {
		if (value !== "buffer") throw new RangeError(`format: expected buffer, found ${value}`);
	}

	/** Ends the connection at once, without DISCONNECT (§25). May be repeated, and called from any callback. */
	close(): void {
		if (this.state === State.closed) return;
		this.state = State.closed;
		this.available = 0;
		this.writable = 0;
		this.timer.clear(this.deadline);
		this.timer.clear(this.resumption);
		this.resolver?.close();
		this.socket?.close();
	}

	/**
	 * Sends a control packet, or a fragment of a PUBLISH after its first. Returns the number of bytes that may
	 * be written next. Throws, and sends nothing, when there is no room, before CONNACK, and on wrong options.
	 */
	write(data: ByteBuffer | undefined, options: WriteOptions): number {
		if (this.state !== State.connected) return this.fragment(data, options);
		const operation = options.operation;
		if (operation !== undefined && operation !== PUBLISH) return this.control(operation, options);

		const QoS = options.QoS;
		let first = options.retain ? FIRST | 1 : FIRST;
		if (QoS) first |= QoS << 1;
		if (options.duplicate) first |= 8;
		if (data === undefined || (data as Uint8Array).BYTES_PER_ELEMENT !== 1) data = bytesOf(data);
		const length = data.byteLength;
		const size = options.byteLength ?? length;
		let publication = this.publication;
		if (publication.topic !== options.topic || publication.byteLength !== size || publication.first !== first)
			publication = this.prepare(options.topic as string, QoS, first, size);
		if (size !== length || !publication.whole) return this.writeParts(publication, data, options);
		if (publication.total > this.writable) throw new Error("write: no room");
		const { packet, offset } = publication;
		if (QoS) {
			const id = this.identify(options);
			packet[offset - 2] = id >> 8;
			packet[offset - 1] = id;
		}
		packet.set(data as Uint8Array, offset);
		this.wrote = true;
		const writable = this.socket.write(packet);
		this.writable = writable;
		return writable > RESERVE ? writable - RESERVE : 0;
	}

	/**
	 * Bytes of the current message: as many as fit into a buffer, whose count is returned, or a new buffer of
	 * at most `count` bytes; `undefined` when there are none.
	 */
	read(count?: number): ArrayBuffer | undefined;
	read(buffer: ByteBuffer): number | undefined;
	read(target: ByteBuffer | number = this.available): ArrayBuffer | number | undefined {
		if (this.state === State.closed) throw new Error("read: closed");
		if (this.available === 0) return undefined;
		if (typeof target === "number") {
			const result = new ArrayBuffer(target < this.available ? target : this.available);
			this.take(new Uint8Array(result));
			return result;
		}
		return this.take(
			(target as Uint8Array).BYTES_PER_ELEMENT === 1 ? (target as Uint8Array) : bytesOf(target),
		);
	}

	/** Fills `target` with payload, first what the parser's buffer holds, then straight from the socket. */
	private take(target: Uint8Array): number {
		const parser = this.parser;
		const size = target.byteLength;
		const count = size < this.available ? size : this.available;
		const start = parser.start;
		const buffered = parser.end - start;
		if (count <= buffered) {
			target.set(parser.payload(count));
		} else {
			if (buffered) target.set(parser.payload(buffered));
			// The socket must not be asked for more: what follows is the next packet.
			if (buffered || count !== size) target = target.subarray(buffered, count);
			this.readable -= count - buffered;
			this.socket.read(target);
		}
		parser.remaining -= count;
		this.available -= count;
		// Read outside the callback: what follows may be delivered only when no script is running (§8).
		if (this.available === 0 && !this.running) this.resume();
		return count;
	}

	private resume(): void {
		this.resumption ??= this.timer.set(() => {
			this.resumption = undefined;
			this.run();
		}, 0);
	}

	/** Stands in for a missing `onReadable`, and eats a QoS 2 message that was taken before. */
	private skip(): void {
		const bytes = new Uint8Array(256);
		while (this.available) this.take(bytes);
	}

	// Connecting

	private resolved(error: Error | null, address: string | undefined, options: object): void {
		if (this.state !== State.resolving) return;
		this.resolver?.close();
		this.resolver = undefined;
		if (error || !address) {
			this.fail(Reason.unresolved, error ?? undefined);
			return;
		}
		this.state = State.connecting;
		const { io, ...rest } = options as With<TCPClass, { host: string; port: number }>;
		try {
			this.socket = new io({
				...rest,
				address,
				onReadable: count => this.arrived(count),
				onWritable: count => this.drained(count),
				onError: reason => this.fail(Reason.disconnected, reason),
			});
		} catch (error) {
			this.fail(Reason.disconnected, error);
		}
	}

	/** The socket takes `count` bytes; the first time, because it is connected. */
	private drained(count: number): void {
		if (this.state === State.closed) return;
		this.writable = count;
		const packet = this.packet;
		if (this.state === State.connecting && packet) {
			if (packet.byteLength > count) return; // the deadline runs
			this.state = State.waiting;
			this.packet = undefined;
			try {
				this.writable = this.socket.write(packet); // [MQTT-3.1.0-1]
			} catch (error) {
				this.fail(Reason.disconnected, error);
			}
			return;
		}
		if (this.owed) this.run();
		this.offer();
	}

	/** Tells the application what room there is. */
	private offer(): void {
		if (this.state !== State.connected && this.state !== State.publishing) return;
		if (this.writable <= RESERVE) return;
		try {
			this.onWritable(this.writable - RESERVE);
		} catch (error) {
			this.fail(Reason.application, error);
		}
	}

	/** CONNACK is there (§3.2). */
	private accepted(): void {
		const { sessionPresent, returnCode } = this.parser;
		// Nothing can be present of a session that was to be clean, nor of one that was refused [MQTT-3.2.2-1] [MQTT-3.2.2-4].
		if (this.state !== State.waiting || (sessionPresent && (this.clean || returnCode))) {
			this.fail(Reason.unexpected);
			return;
		}
		this.timer.clear(this.deadline);
		this.deadline = undefined;
		if (returnCode === 0) {
			this.state = State.connected;
			if (this.keepAlive) this.deadline = this.timer.repeat(() => this.ping(), (this.keepAlive * 3) >> 3);
		}
		this.onControl(CONNACK, { operation: CONNACK, sessionPresent, returnCode });
		if (returnCode) {
			this.fail(Reason.refused, undefined, returnCode);
			return;
		}
		this.offer();
	}

	/**
	 * Every 3/8 of the keep-alive interval. A PINGREQ goes out when nothing was sent, or nothing came, since
	 * the last look, so there is never a silence of more than 6/8 [MQTT-3.1.2-23], and a link that swallows
	 * what we publish is found out too. The wait for PINGRESP goes on while other bytes come: a long message
	 * may stand before it, and the application may be slow to read.
	 */
	private ping(): void {
		if (this.pinging && !this.heard && !this.available) {
			this.fail(Reason.unanswered);
			return;
		}
		// Between fragments of a PUBLISH nothing else may be sent; its fragments keep alive.
		if (this.state === State.connected && this.pinging !== Ping.sent && !(this.wrote && this.heard)) {
			this.pinging = Ping.owed;
			if (this.writable >= 2) {
				this.pinging = Ping.sent;
				this.send(PING);
			}
		} else this.wrote = false;
		this.heard = false;
	}

	// Receiving

	private arrived(count: number): void {
		this.heard = true;
		this.readable = count;
		this.run();
	}

	/** Parses and delivers until the bytes run out, the application has to read, or a reply waits for room. */
	private run(): void {
		if (this.running || this.available) return;
		this.running = true;
		try {
			while (this.step());
		} catch (error) {
			this.fail(Reason.application, error);
		}
		this.running = false;
	}

	/** Delivers one packet, or one fragment. False when nothing more can be done now. */
	private step(): boolean {
		const parser = this.parser;
		if (this.state === State.closed) return false;
		if (this.owed && !this.settle()) return false;
		if (parser.remaining) return this.rest === Rest.delivered ? this.deliver(undefined) : this.proceed();
		if (this.due) return this.complete();
		const type = parser.next();
		if (type === PUBLISH) return this.state === State.waiting ? this.fail(Reason.unexpected) : this.publish();
		if (type > MORE) return this.controlled(type);
		if (type === MALFORMED) {
			return this.fail(Reason.malformed);
		}
		if (this.readable === 0) return false;
		const count = this.socket.read(parser.room());
		if (!count) return false;
		this.readable -= count;
		parser.end += count;
		return true;
	}

	/** The header of a PUBLISH was parsed. */
	private publish(): boolean {
		const { topic, flags, remaining, packetIdentifier: id, start, end } = this.parser;
		if (remaining !== 0 && start === end && this.readable === 0) {
			this.rest = Rest.awaited;
			return false;
		}
		const QoS = (flags >> 1) & 3;
		const retain = (flags & 1) !== 0;
		const duplicate = (flags & 8) !== 0;
		if (QoS === 0) return this.deliver({ more: false, topic, QoS, byteLength: remaining, retain, duplicate });
		if (this.acknowledge) {
			if (QoS === 2 && this.repeated(id)) return this.discard();
			this.due = ((QoS === 1 ? PUBACK : PUBREC) << 16) | id;
		}
		return this.deliver({ more: false, topic, QoS, byteLength: remaining, retain, duplicate, id });
	}

	/** More of a message that is not simply delivered. */
	private proceed(): boolean {
		if (this.rest === Rest.discarded) return this.discard();
		this.rest = Rest.delivered;
		return this.publish();
	}

	/** Hands on what there is of the payload. Without `first`, of a message that was begun before. */
	private deliver(first: ({ more: boolean } & ReadableOptions) | undefined): boolean {
		const parser = this.parser;
		const remaining = parser.remaining;
		const there = parser.end - parser.start + this.readable;
		if (there < remaining) {
			if (there === 0 && !first) return false;
			this.available = there;
			if (first) first.more = true;
			this.onReadable(there, first ?? { more: true });
		} else {
			this.available = remaining;
			this.onReadable(remaining, first ?? { more: false });
		}
		return this.available === 0 && this.complete();
	}

	/** Once the message is read whole: the acknowledgement that is due [MQTT-4.3.2-2] [MQTT-4.3.3-2]. */
	private complete(): boolean {
		if (this.due && this.parser.remaining === 0 && this.state !== State.closed) {
			this.owed = this.due;
			this.due = 0;
			return this.settle();
		}
		return true;
	}

	/** Whether a QoS 2 message came before, and is not to be delivered again [MQTT-4.3.3-2]; if not, it is remembered. */
	private repeated(id: number): boolean {
		this.received ??= [];
		if (this.received.indexOf(id) >= 0) {
			this.due = (PUBREC << 16) | id;
			return true;
		}
		if (this.received.length < RECEIVED) {
			this.received.push(id);
			return false;
		}
		this.fail(Reason.overrun);
		return true;
	}

	private discard(): boolean {
		if (this.state === State.closed) return false;
		const parser = this.parser;
		this.rest = Rest.discarded;
		this.available = Math.min(parser.remaining, parser.end - parser.start + this.readable);
		this.skip();
		if (parser.remaining) return false;
		this.rest = Rest.delivered;
		return this.complete();
	}

	/** Any packet but PUBLISH. */
	private controlled(type: number): boolean {
		if (type === CONNACK) {
			this.accepted();
			return true;
		}
		if (this.state === State.waiting) return this.fail(Reason.unexpected); // [MQTT-3.2.0-1]
		const id = this.parser.packetIdentifier;
		if (type === PUBACK) this.identifiers?.release(id);
		else if (type === SUBACK) return this.subscribed(id);
		else if (type === PINGRESP) this.pinging = Ping.none;
		else if (type === PINGREQ) this.owed = PINGRESP << 16;
		else if (this.acknowledge || type === PUBCOMP || type === UNSUBACK) this.exchange(type, id);
		if (type >= PINGREQ) this.onControl(type, { operation: type });
		else {
			const message = this.message;
			message.operation = type;
			message.id = id;
			this.onControl(type, message);
		}
		return true;
	}

	/** The rarer acknowledgements: PUBREC → PUBREL and PUBREL → PUBCOMP (§4.3.3), PUBCOMP, UNSUBACK. */
	private exchange(type: number, id: number): void {
		if (type === PUBREC)
			this.owed = (PUBREL << 16) | id; // [MQTT-4.3.3-1]
		else if (type === PUBREL) {
			this.owed = (PUBCOMP << 16) | id;
			const index = this.received?.indexOf(id) ?? -1;
			if (index >= 0) this.received?.splice(index, 1);
		} else this.identifiers?.release(id);
	}

	private subscribed(id: number): boolean {
		const payload = this.parser.codes as number[];
		const { subscribing } = this;
		const index = subscribing ? subscribing.indexOf(id) : -1;
		if (subscribing && index >= 0) {
			const count = subscribing[index + 1];
			subscribing.splice(index, 2);
			// One return code for each filter [MQTT-3.8.4-5].
			if (count !== payload.length) {
				return this.fail(Reason.malformed);
			}
		}
		this.identifiers?.release(id);
		this.onControl(SUBACK, { operation: SUBACK, id, payload });
		return true;
	}

	// Sending

	/** Sends the reply that is owed; false when it has to wait for room, or for the end of a PUBLISH. */
	private settle(): boolean {
		const owed = this.owed;
		const type = owed >> 16;
		if (this.state !== State.connected || this.writable < 4) return this.state === State.disconnecting;
		this.owed = 0;
		if (type === PINGRESP) this.send(PONG);
		else this.sendIdentified(type, owed & 0xffff);
		return true;
	}

	private send(packet: Uint8Array): void {
		this.wrote = true;
		this.writable = this.socket.write(packet);
	}

	/** PUBACK, PUBREC, PUBREL, PUBCOMP, from a packet that is kept. */
	private sendIdentified(type: number, id: number): void {
		const reply = this.reply;
		reply[0] = type === PUBREL ? 0x62 : type << 4; // [MQTT-3.6.1-1]
		reply[1] = 2;
		reply[2] = id >> 8;
		reply[3] = id;
		this.wrote = true;
		this.writable = this.socket.write(reply);
	}

	/** Another kept PUBLISH with that topic, a new one, or the oldest; made the first to look at. */
	private prepare(topic: string, QoS: number | undefined, first: number, byteLength: number): Publication {
		const publications = this.publications;
		let publication = this.publication;
		if (publication.topic !== topic) {
			let i = publications.length;
			while (i > 0 && publications[i - 1]?.topic !== topic) i--;
			if (i > 0) publication = publications[i - 1] as Publication;
			else {
				publication =
					publications.length < PUBLICATIONS ? new Publication() : (publications.shift() as Publication);
				publications.push(publication);
			}
		}
		if (publication.topic !== topic || publication.byteLength !== byteLength || publication.first !== first)
			publication.prepare(topic, QoS, first, byteLength);
		this.publication = publication;
		return publication;
	}

	/** A PUBLISH whose payload goes out from the caller's buffer, or comes in fragments. */
	private writeParts(publication: Publication, data: ByteBuffer, options: WriteOptions): number {
		const { packet, offset, total, byteLength } = publication;
		const length = data.byteLength;
		if (length > byteLength)
			throw new RangeError(`byteLength: expected at least ${length}, found ${byteLength}`);
		if (offset + length > this.writable) throw new Error("write: no room");
		const header = publication.whole ? packet.subarray(0, offset) : packet;
		if (options.QoS) {
			const id = this.identify(options);
			header[offset - 2] = id >> 8;
			header[offset - 1] = id;
		}
		this.sequence.byteLength = total;
		this.wrote = true;
		let writable = this.socket.write(header, this.sequence);
		this.outgoing = byteLength - length;
		if (this.outgoing) this.state = State.publishing;
		if (length) writable = this.writeLater(data);
		this.writable = writable;
		return writable > RESERVE ? writable - RESERVE : 0;
	}

	/** What follows the header. Half a packet is no packet: should the socket refuse, the connection is lost. */
	private writeLater(data: ByteBuffer): number {
		try {
			return this.outgoing ? this.socket.write(data, MORE_FOLLOWS) : this.socket.write(data);
		} catch (error) {
			this.state = State.disconnecting;
			this.timer.clear(this.resumption);
			this.resumption = this.timer.set(() => {
				this.resumption = undefined;
				this.fail(Reason.disconnected, error);
			}, 0);
			throw error;
		}
	}

	/** `write` while not simply connected: the next fragment of a PUBLISH, or an error. */
	private fragment(data: ByteBuffer | undefined, options: WriteOptions | undefined): number {
		if (this.state !== State.publishing)
			throw new Error(this.state === State.closed ? "write: closed" : "write: not connected");
		if (options !== undefined) throw new Error("write: expected the next fragment, without options");
		const bytes = bytesOf(data);
		const length = bytes.byteLength;
		if (length > this.outgoing)
			throw new RangeError(`write: expected at most ${this.outgoing} bytes, found ${length}`);
		if (length > this.writable) throw new Error("write: no room");
		this.outgoing -= length;
		this.wrote = true;
		this.writable = this.writeLater(bytes);
		if (this.outgoing === 0) {
			this.state = State.connected;
			if (this.owed) this.resume();
		}
		return this.writable > RESERVE ? this.writable - RESERVE : 0;
	}

	/** `write` of anything but PUBLISH. */
	private control(operation: number, options: WriteOptions): number {
		switch (operation) {
			case SUBSCRIBE:
			case UNSUBSCRIBE:
				this.sendItems(operation, options);
				break;
			case PUBACK:
			case PUBREC:
			case PUBREL:
			case PUBCOMP: {
				if (options.id === undefined)
					throw new RangeError("id: expected the packet identifier to acknowledge");
				const id = this.identify(options);
				if (this.writable < 4) throw new Error("write: no room");
				this.sendIdentified(operation, id);
				break;
			}
			case PINGREQ:
			case DISCONNECT:
				if (this.writable < 2) throw new Error("write: no room");
				if (operation === DISCONNECT) this.state = State.disconnecting;
				this.send(operation === PINGREQ ? PING : BYE);
				break;
			default:
				throw new RangeError(`operation: expected one that a client sends, found ${operation}`);
		}
		return this.writable > RESERVE ? this.writable - RESERVE : 0;
	}

	private sendItems(operation: typeof SUBSCRIBE | typeof UNSUBSCRIBE, options: WriteOptions): void {
		const { items = [] } = options;
		const id = this.identify(options);
		const packet = subscribe(operation, id, items);
		if (packet.byteLength > this.writable) throw new Error("write: no room");
		if (operation === SUBSCRIBE) {
			this.subscribing ??= [];
			this.subscribing.push(id, items.length);
		}
		this.wrote = true;
		this.writable = this.socket.write(packet);
	}

	/** The caller's packet identifier, checked [MQTT-2.3.1-1], or one of our own. */
	private identify(options: WriteOptions): number {
		const id = options.id;
		if (id === undefined) {
			this.identifiers ??= new Identifiers();
			return this.identifiers.take();
		}
		if (!(id >= 1 && id <= 65_535)) throw new RangeError(`id: expected 1…65535, found ${id}`);
		return id;
	}

	/** The connection has ended: closes, then says so, once. */
	private fail(code: Reason, cause?: unknown, returnCode?: number): false {
		if (this.state === State.closed) return false;
		this.close();
		const error = new Error(`MQTT connection ended: ${code}`) as Error & {
			code: Reason;
			cause?: unknown;
			returnCode?: number;
		};
		error.code = code;
		if (cause !== undefined) error.cause = cause;
		if (returnCode !== undefined) error.returnCode = returnCode;
		try {
			this.onError(error);
		} catch {
			// Nothing may leave a callback: on the device it would end the virtual machine. There is nobody left to tell.
		}
		return false;
	}

	static readonly CONNECT = CONNECT;
	static readonly CONNACK = CONNACK;
	static readonly PUBLISH = PUBLISH;
	static readonly PUBACK = PUBACK;
	static readonly PUBREC = PUBREC;
	static readonly PUBREL = PUBREL;
	static readonly PUBCOMP = PUBCOMP;
	static readonly SUBSCRIBE = SUBSCRIBE;
	static readonly SUBACK = SUBACK;
	static readonly UNSUBSCRIBE = UNSUBSCRIBE;
	static readonly UNSUBACK = UNSUBACK;
	static readonly PINGREQ = PINGREQ;
	static readonly PINGRESP = PINGRESP;
	static readonly DISCONNECT = DISCONNECT;
}

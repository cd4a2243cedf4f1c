/**
 * The subscriptions, which §25 leaves to this layer (`Subscriptions`), and the messages that come in on them (`Inbound`). Which topics they
 * are, the application says (device/topics.ts). Neither looks for duplicates at QoS 1: they are lawful, and only the application can tell.
 */

import { encode } from "../mqtt/codec.js";
import type { ControlMessage, ReadableOptions } from "../mqtt/io.js";
import type { InFlight } from "./inflight.js";
import type { Link } from "./link.js";
import { defaults, type Received, type SessionOptions, type Subscription } from "./options.js";
import { type Application, Packet, Reason, Report } from "./outcomes.js";
import type { Sender } from "./sender.js";
import type { Status } from "./status.js";

/** AWS takes no more in one SUBSCRIBE. */
const most = 8;
/** SUBACK: the filter is refused [MQTT-3.9.3-2]. */
const refusal = 0x80;
/** Hang-ups in a row after which filters go one at a time; and hang-ups on one filter alone after which it is left out. */
const enough = 2;

/** Of a filter: to be asked for, or refused; granted on this connection; left out. */
const Filter = Object.freeze({ wanted: 0, granted: 1, out: 2 });

interface Item extends Subscription {
	state: number;
	/** Hang-ups that followed this filter alone. */
	strikes: number;
}

/**
 * All of them are made at each connection, session present or not: the broker may have lost some (a node that died, a store that went
 * back), and it sends retained messages of meanwhile only in answer to SUBSCRIBE [MQTT-3.8.4-3]. A filter that the broker hangs
 * up on is found by asking for one at a time, and left out, so that the board gets online; it is asked for again in the next session.
 */
export class Subscriptions {
	/** Bytes of the longest filter. Filters are exact names: no message of ours has a longer topic. */
	readonly longest: number;
	private readonly application: Application;
	private readonly inflight: InFlight;
	/** In the order in which they are asked for. */
	private readonly items: Item[];
	/** Those that this connection has still to ask for. */
	private left: Item[] = [];
	/** The SUBSCRIBE under way: its filters, its packet identifier, and whether it waits for room. */
	private asked: Item[] = [];
	private id = 0;
	private blocked = false;
	/** Hang-ups in a row while a SUBSCRIBE was under way, and those before anything was granted. */
	private hangups = 0;
	private barren = 0;
	/** Since a filter was left out, the session was online: it may be asked for again. */
	private rested = false;

	constructor(items: readonly Subscription[], inflight: InFlight, application: Application) {
		this.items = items.map(item => ({ ...item, state: Filter.wanted, strikes: 0 }));
		this.longest = Math.max(0, ...items.map(item => encode(item.topic).byteLength));
		this.inflight = inflight;
		this.application = application;
	}
	/** Begins anew. `all`: with the filters that were left out, one at a time and last. */
	begin(all: boolean): void {
		const items = this.items;
		items.forEach(item => {
			if (item.state === Filter.granted) item.state = Filter.wanted;
		});
		this.left = items.filter(item => item.state !== Filter.out);
		if (all && this.rested) this.left.push(...items.filter(item => item.state === Filter.out));
		this.asked = [];
	}
	/** Sends the next SUBSCRIBE, or has it wait for room. False when there is none. */
	ask(link: Link): boolean {
		const left = this.left;
		const alone = this.hangups >= enough || left[0]?.state === Filter.out;
		// Those that were left out are the last.
		const others = left.filter(item => item.state !== Filter.out).length;
		this.asked = left.splice(0, alone ? 1 : Math.min(most, others));
		if (this.asked.length === 0) return false;
		this.id = this.inflight.take();
		this.blocked = true;
		this.writable(link);
		return true;
	}
	/** There is room: a SUBSCRIBE that waits for it is sent. */
	writable(link: Link): void {
		if (this.blocked && this.asked.length) this.blocked = !link.subscribe(this.id, this.asked);
	}
	/** SUBACK. False when it is not for the SUBSCRIBE under way, or has not a code for each filter [MQTT-3.8.4-5]. */
	acknowledged(link: Link, packetIdentifier: number, codes: ArrayLike<number>): boolean {
		const asked = this.asked;
		if (asked.length === 0 || packetIdentifier !== this.id) return false;
		if (codes.length !== asked.length) {
			link.fail(Reason.malformed);
			return false;
		}
		this.asked = [];
		this.barren = 0;
		asked.forEach((item, index) => {
			const code = codes[index] as number;
			item.state = code < refusal ? Filter.granted : Filter.wanted;
			item.strikes = 0;
			if (code >= refusal) this.application.report(Report.filterRefused, item.topic);
			else if (code < item.QoS) this.application.report(Report.filterLowered, item.topic);
		});
		return true;
	}
	/** Messages on this topic should come: the broker has not refused the filter, though it may be left out. */
	expects(filter: string): boolean {
		return this.items.some(item => item.topic === filter && item.state !== Filter.wanted);
	}
	/** All was asked for, and the connection stands. Filters that are left out are reported at each one. */
	online(): void {
		this.hangups = this.barren = 0;
		this.rested = true;
		this.items.forEach(item => {
			if (item.state === Filter.out) this.application.report(Report.filterLeftOut, item.topic);
		});
	}
	/** The broker has ended the connection. A SUBSCRIBE under way is to blame. */
	hungUp(): void {
		const first = this.asked[0];
		this.asked = [];
		if (!first) return;
		const known = first.state === Filter.out;
		if (known) this.rested = false;
		// One that was left out is known to be to blame: the others need not go alone because of it.
		if (known || ++this.hangups <= enough) return;
		// It went alone. Others go before it from now on: whether they are granted shows if it is to blame.
		const items = this.items;
		items.splice(items.indexOf(first), 1);
		items.push(first);
		first.strikes++;
		const served = items.some(item => item.state === Filter.granted);
		if (served ? first.strikes < enough : ++this.barren <= items.length) return;
		// It alone; or all of them, where the broker takes none at all.
		(served ? [first] : items).forEach(each => {
			each.state = Filter.out;
		});
		this.rested = false;
	}
}

/** QoS 2 messages whose PUBREL is awaited: as many as the client has room for. MQTT 3.1.1 has no limit of its own. */
const unreleased = 64;

/**
 * Gathers fragments, hands each message to the application, and acknowledges it once it was taken (§4.3.2, §4.3.3). Keeps the
 * identifiers of QoS 2 messages until their PUBREL, so that none is delivered twice.
 */
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
			const length = link.read(buffer);
			if (length === 0) break;
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
		const message = this.first as ReadableOptions;
		const payload = this.payload;
		this.first = this.payload = undefined;
		const topic = message.topic as string;
		const QoS = message.QoS ?? 0;
		const id = message.id ?? 0;
		const known = QoS === 2 && this.received.has(id);
		// Neither delivered nor acknowledged: the broker sends it again on a later connection.
		if (QoS === 2 && !known && this.received.size >= unreleased) return;
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
		const status = this.status;
		if (topic === status.message.topic) {
			if (status.contradicts(payload, message.retain) && this.sender.announce()) {
				counters.lateWills++;
				this.application.report(Report.lateWill, topic);
			}
			if (!status.shared) return true;
		}
		// One with DUP is given up: twenty that a handler never takes would fill a broker's window, and nothing more would come.
		return this.application.message(topic, payload, message) || message.duplicate;
	}
}

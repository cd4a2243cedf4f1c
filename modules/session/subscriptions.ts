/**
 * The subscriptions, which §25 leaves to this layer; which topics they are, the application says (device/topics.ts). All of
 * them are made at each connection, session present or not: the broker may have lost some (a node that died, a store that went
 * back), and it sends retained messages of meanwhile only in answer to SUBSCRIBE [MQTT-3.8.4-3]. A filter that the broker hangs
 * up on is found by asking for one at a time, and left out, so that the board gets online; it is asked for again in the next
 * session.
 */

import { encode } from "../mqtt/codec.js";
import type { InFlight } from "./inflight.js";
import type { Link } from "./link.js";
import type { Subscription } from "./options.js";
import { type Application, Reason, Report } from "./outcomes.js";

/** AWS takes no more in one SUBSCRIBE. */
const most = 8;
/** SUBACK: the filter is refused [MQTT-3.9.3-2]. */
const refusal = 0x80;
/** Hang-ups in a row after which filters go one at a time; and hang-ups on one filter alone after which it is left out. */
const enough = 2;

interface Item extends Subscription {
	/** Hang-ups that followed this filter alone. */
	strikes: number;
	/** Left out. */
	out: boolean;
	/** The broker has granted it on this connection. */
	granted: boolean;
}

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
		this.items = items.map(item => ({ ...item, strikes: 0, out: false, granted: false }));
		this.longest = Math.max(0, ...items.map(item => encode(item.topic).byteLength));
		this.inflight = inflight;
		this.application = application;
	}
	/** Begins anew. `all`: with the filters that were left out, one at a time and last. */
	begin(all: boolean): void {
		const items = this.items;
		items.forEach(item => {
			item.granted = false;
		});
		this.left = items.filter(item => !item.out);
		if (all && this.rested) this.left.push(...items.filter(item => item.out));
		this.asked = [];
	}
	/** Sends the next SUBSCRIBE, or has it wait for room. False when there is none. */
	ask(link: Link): boolean {
		const left = this.left;
		const alone = this.hangups >= enough || left[0]?.out;
		// Those that were left out are the last.
		this.asked = left.splice(0, alone ? 1 : Math.min(most, left.filter(item => !item.out).length));
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
			item.granted = code < refusal;
			item.out = false;
			item.strikes = 0;
			if (!item.granted) this.application.report(Report.filterRefused, item.topic);
			else if (code < item.QoS) this.application.report(Report.filterLowered, item.topic);
		});
		return true;
	}
	/** Messages on this topic should come: the broker has not refused the filter, though it may be left out. */
	expects(filter: string): boolean {
		return this.items.some(item => item.topic === filter && (item.granted || item.out));
	}
	/** All was asked for, and the connection stands. Filters that are left out are reported at each one. */
	online(): void {
		this.hangups = this.barren = 0;
		this.rested = true;
		this.items.forEach(item => {
			if (item.out) this.application.report(Report.filterLeftOut, item.topic);
		});
	}
	/** The broker has ended the connection. A SUBSCRIBE under way is to blame. */
	hungUp(): void {
		const first = this.asked[0];
		this.asked = [];
		if (!first) return;
		if (first.out) this.rested = false;
		// One that was left out is known to be to blame: the others need not go alone because of it.
		if (first.out || ++this.hangups <= enough) return;
		// It went alone. Others go before it from now on: whether they are granted shows if it is to blame.
		const items = this.items;
		items.splice(items.indexOf(first), 1);
		items.push(first);
		first.strikes++;
		const served = items.some(item => item.granted);
		if (served ? first.strikes < enough : ++this.barren <= items.length) return;
		// It alone; or all of them, where the broker takes none at all.
		(served ? [first] : items).forEach(each => {
			each.out = true;
		});
		this.rested = false;
	}
}

/**
 * Keeps a board's device document at the broker, where Home Assistant finds it: published at each connect, and again when Home
 * Assistant has started (its birth message, after a random wait of 1 to 10 s, since it drops what comes at once), followed by the
 * board's retained states. Components that have left the description are named for removal; where the description wants no
 * Home Assistant, or the board has another id or prefix, the document is cleared. What it consists of is document.ts's.
 */

import type { Timer } from "../../mqtt/io.js";
import { decode, encode } from "../../mqtt/text.js";
import { Deadline } from "../../session/deadline.js";
import { type Description, storageFault } from "../description/description.js";
import type { Inbound, Part } from "../feature.js";
import type Memory from "../memory.js";
import type { Room } from "../memory.js";
import type Publisher from "../publisher.js";
import topics from "../topics.js";
import Document from "./document.js";

/** The topic of the document that may be at the broker; commands/decommission.ts knows it where this feature is not built in. */
const KEY = "ha";
/** Its components, as many to a record as fit; `PREFIX` and a number. */
const PREFIX = "ha:";
/** Bytes of a record's text. */
const LONGEST = 400;
/** Milliseconds. */
const WAIT = Object.freeze({ minimum: 1000, maximum: 10_000 });
/** Milliseconds until it is tried again when the connection cannot take the document now, and after a change. */
const AGAIN = 1000;
/** On a connection that still stands after so long (ms), the document has arrived. */
const ARRIVED = 15_000;

export interface DiscoveryOptions {
	/** Of the description as it is now; none: Home Assistant is not wanted. */
	readonly document: () => Document | undefined;
	readonly timer: Timer;
	readonly memory: Memory;
	readonly publisher: Publisher;
	/** The board's id or root is on trial: the document of the other one stays. */
	readonly trying: boolean;
	/** 0 up to 1. */
	readonly random: () => number;
	/** Publishes the retained states. */
	readonly announce: () => void;
}

export default class Discovery implements Part {
	/** Home Assistant's own status. */
	readonly inbound: readonly Inbound[];
	private readonly options: DiscoveryOptions;
	private document: Document | undefined;
	private readonly turn: Deadline;
	/** The document was sent on this connection: at the next turn it has arrived. */
	private sent = false;
	/** The states follow the document: Home Assistant has started. */
	private born = false;

	constructor(options: DiscoveryOptions) {
		const document = options.document();
		this.options = options;
		this.document = document;
		this.turn = new Deadline(options.timer, this, this.next);
		const receive = (payload: Uint8Array) => this.started(payload);
		this.inbound = document ? [{ topic: document.birth, QoS: 0, receive }] : [];
	}

	/** A connection stands: the document may have been lost with the broker, or be another one than it was. */
	online(): void {
		this.clearOld();
		if (this.document) this.wait(0);
	}

	/** A period is another one, say: so is the time after which a value expires. After the last of many changes. */
	configured(): void {
		if (!this.document) return;
		this.document = this.options.document();
		this.wait(AGAIN);
	}

	pressed(): void {
		if (this.document) this.options.publisher.event(topics.button, '{"event_type":"press"}');
	}

	/** For a board that is taken out of service. False when there is no room for it now. */
	clear(): boolean {
		const topic = this.document?.topic;
		this.close();
		if (topic !== undefined && !this.options.publisher.erase(topic)) return false;
		return this.clearOld() && this.forget();
	}

	close(): void {
		this.turn.close();
	}

	private started(payload: Uint8Array): void {
		if (decode(payload) !== "online") return;
		const { minimum, maximum } = WAIT;
		this.born = true;
		this.wait(minimum + this.options.random() * (maximum - minimum));
	}

	private wait(delay: number): void {
		this.sent = false;
		this.turn.set(delay);
	}

	private next(): void {
		const { document, sent } = this;
		if (!document) return;
		if (sent) this.store(document);
		else if (this.options.publisher.retaining) this.publish(document);
	}

	/** The document is made twice: once to be counted, once to be sent. It is never held whole. */
	private publish(document: Document): void {
		const { publisher, announce } = this.options;
		const removed = this.gone(document);
		const pieces = document.pieces(removed);
		let byteLength = 0;
		for (let index = 0; index < pieces; index++)
			byteLength += encode(document.piece(index, removed)).byteLength;
		let index = 0;
		const source = () => (index < pieces ? encode(document.piece(index++, removed)) : undefined);
		this.sent = publisher.stream(document.topic, byteLength, source);
		this.turn.set(this.sent ? ARRIVED : AGAIN);
		if (!this.sent) return;
		if (this.born) announce();
		this.born = false;
	}

	/** What the broker has now is what is to be removed later. */
	private store(document: Document): void {
		const { memory, publisher, trying } = this.options;
		if (!publisher.online || trying) return;
		const put = (key: string, name: string, text: string) => {
			if (memory.get(key)[name] !== text) memory.put(key, { [name]: text });
		};
		const texts = packed(document);
		texts.forEach((text, record) => put(PREFIX + record, "c", text));
		memory.keys(PREFIX).forEach(key => {
			if (Number(key.slice(PREFIX.length)) >= texts.length) memory.delete(key);
		});
		put(KEY, "t", document.topic);
	}

	/** Components of an earlier description: to be named with their platform only, until that has arrived. */
	private gone(document: Document): string[] {
		const memory = this.options.memory;
		const gone: string[] = [];
		if (memory.get(KEY).t !== document.topic) return gone;
		for (let record = 0; ; record++) {
			const c = memory.get(PREFIX + record).c;
			if (typeof c !== "string") return gone;
			const items = c.trim().split(" ");
			for (let index = 0; index < document.length; index++) {
				const at = items.indexOf(document.at(index));
				if (at >= 0) items.splice(at, 1);
			}
			gone.push(...items);
		}
	}

	/** The document of another id or prefix, or one that is not wanted any more. */
	private clearOld(): boolean {
		const { memory, publisher, trying } = this.options;
		const topic = memory.get(KEY).t;
		if (typeof topic !== "string" || topic === this.document?.topic || trying) return true;
		return publisher.erase(topic) && this.forget();
	}

	private forget(): boolean {
		const memory = this.options.memory;
		// `KEY` itself begins so too.
		memory.keys(KEY).forEach(key => memory.delete(key));
		return true;
	}
}

/** Platforms and keys of all components, as many in a text as a record takes. */
const packed = (document: Document): string[] => {
	const texts = [""];
	for (let index = 0; index < document.length; index++) {
		const item = `${document.at(index)} `;
		const last = texts.length - 1;
		const text = texts[last] + item;
		if (text.length > LONGEST) texts.push(item);
		else texts[last] = text;
	}
	return texts;
};

/** The records that a board of this description keeps of its document: keys, and their most bytes. */
export const discoveryRooms = (description: Description): Room[] => {
	const { lamp, actuators } = description;
	const names = [...actuators, ...(lamp ? [{ name: "lamp" }] : [])];
	const outputs = names.map(({ name }) => ({ name, dimmable: false }));
	const own = [{ name: storageFault }];
	const document = new Document({ description, host: "", drivers: {}, outputs, own, signal: true });
	const rooms: Room[] = [[KEY, encode(JSON.stringify({ t: document.topic })).byteLength]];
	packed(document).forEach((_, record) => rooms.push([PREFIX + record, LONGEST + 8]));
	return rooms;
};

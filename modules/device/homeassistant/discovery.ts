/**
 * Keeps a board's device document at the broker, where Home Assistant finds it: published at each connect, and again when Home
 * Assistant has started (its birth message, after a random wait of 1 to 10 s, since it drops what comes at once), followed by the
 * board's retained states. Components that have left the description are named for removal; where the description wants no
 * Home Assistant, or the board has another id or prefix, the document is cleared. What it consists of is bundle.ts's.
 */

import type { Timer, TimerHandle } from "../../mqtt/io.js";
import { decode, encode } from "../../mqtt/text.js";
import { type Description, storageFault } from "../description/description.js";
import type { Inbound, Part } from "../feature.js";
import type Memory from "../memory.js";
import type { Room } from "../memory.js";
import type Publisher from "../publisher.js";
import topics from "../topics.js";
import Bundle from "./bundle.js";
import type Components from "./components.js";
import type { Component } from "./components.js";

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
	readonly bundle: () => Bundle | undefined;
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
	private bundle: Bundle | undefined;
	/** Of an earlier description: to be named with their platform only, until that has arrived. */
	private removed: readonly Component[] = [];
	private timer: TimerHandle | undefined;
	/** The states follow the document: Home Assistant has started. */
	private born = false;

	constructor(options: DiscoveryOptions) {
		const bundle = options.bundle();
		this.options = options;
		this.bundle = bundle;
		const receive = (payload: Uint8Array) => this.started(payload);
		this.inbound = bundle ? [{ topic: bundle.birth, QoS: 0, receive }] : [];
	}

	/** A connection stands: the document may have been lost with the broker, or be another one than it was. */
	online(): void {
		this.clearOld();
		if (this.bundle) this.wait(0);
	}

	/** A period is another one, say: so is the time after which a value expires. After the last of many changes. */
	configured(): void {
		if (!this.bundle) return;
		this.bundle = this.options.bundle();
		this.wait(AGAIN);
	}

	pressed(): void {
		if (this.bundle) this.options.publisher.event(topics.button, '{"event_type":"press"}');
	}

	private started(payload: Uint8Array): void {
		if (decode(payload) !== "online") return;
		const { minimum, maximum } = WAIT;
		this.born = true;
		this.wait(minimum + this.options.random() * (maximum - minimum));
	}

	/** For a board that is taken out of service. False when there is no room for it now. */
	clear(): boolean {
		const bundle = this.bundle;
		const { publisher, memory } = this.options;
		this.close();
		if (bundle && !publisher.erase(bundle.topic)) return false;
		return this.clearOld() && this.forget(memory);
	}

	close(): void {
		this.options.timer.clear(this.timer);
		this.timer = undefined;
	}

	private wait(delay: number): void {
		this.close();
		this.timer = this.options.timer.set(() => this.publish(), delay);
	}

	private publish(): void {
		const bundle = this.bundle;
		const { publisher, timer, announce } = this.options;
		this.timer = undefined;
		if (!publisher.retaining || !bundle) return;
		this.removed = this.gone();
		if (!publisher.stream(bundle.topic, this.byteLength(bundle), this.source(bundle))) {
			this.wait(AGAIN);
			return;
		}
		this.timer = timer.set(() => this.store(bundle), ARRIVED);
		if (this.born) announce();
		this.born = false;
	}

	/** The document is made twice: once to be counted, once to be sent. It is never held whole. */
	private byteLength(bundle: Bundle): number {
		let sum = 0;
		for (let index = 0; index < bundle.pieces(this.removed); index++)
			sum += encode(bundle.piece(index, this.removed)).byteLength;
		return sum;
	}

	private source(bundle: Bundle): () => Uint8Array | undefined {
		const removed = this.removed;
		let index = 0;
		return () => (index < bundle.pieces(removed) ? encode(bundle.piece(index++, removed)) : undefined);
	}

	/** What the broker has now is what is to be removed later. */
	private store(bundle: Bundle): void {
		const { memory, publisher, trying } = this.options;
		this.timer = undefined;
		if (!publisher.online || trying) return;
		this.removed = [];
		const put = (key: string, name: string, text: string) => {
			if (memory.get(key)[name] !== text) memory.put(key, { [name]: text });
		};
		const records = packed(bundle.components, (text, record) => put(`${PREFIX}${record}`, "c", text));
		memory.keys(PREFIX).forEach(key => {
			if (Number(key.slice(PREFIX.length)) >= records) memory.delete(key);
		});
		put(KEY, "t", bundle.topic);
	}

	private gone(): Component[] {
		const bundle = this.bundle;
		const memory = this.options.memory;
		const gone: Component[] = [];
		if (!bundle || memory.get(KEY).t !== bundle.topic) return gone;
		for (let record = 0; ; record++) {
			const c = memory.get(`${PREFIX}${record}`).c;
			if (typeof c !== "string") return gone;
			const items = c.trim().split(" ");
			for (let index = bundle.components.length - 1; index >= 0; index--) {
				const at = items.indexOf(itemOf(bundle.components.at(index) as Component));
				if (at >= 0) items.splice(at, 1);
			}
			items.forEach(item => {
				const [platform = "", key = ""] = item.split("/");
				gone.push({ platform, key });
			});
		}
	}

	/** The document of another id or prefix, or one that is not wanted any more. */
	private clearOld(): boolean {
		const bundle = this.bundle;
		const { memory, publisher, trying } = this.options;
		const topic = memory.get(KEY).t;
		if (typeof topic !== "string" || topic === bundle?.topic || trying) return true;
		return publisher.erase(topic) && this.forget(memory);
	}

	private forget(memory: Memory): boolean {
		memory.keys(PREFIX).forEach(key => memory.delete(key));
		memory.delete(KEY);
		return true;
	}
}

const itemOf = ({ platform, key }: Component): string => `${platform}/${key}`;

/** Platforms and keys, as many in a text as a record takes. Returns the number of texts. */
const packed = (components: Components, take: (text: string, record: number) => void): number => {
	let record = 0;
	let text = "";
	for (let index = 0; index < components.length; index++) {
		const item = `${itemOf(components.at(index) as Component)} `;
		if (text.length + item.length > LONGEST) {
			take(text, record++);
			text = "";
		}
		text += item;
	}
	take(text, record++);
	return record;
};

/** The records that a board of this description keeps of its document: keys, and their most bytes. */
export const discoveryRooms = (description: Description): Room[] => {
	const { lamp, actuators } = description;
	const outputs = [...actuators, ...(lamp ? [{ name: "lamp" }] : [])].map(({ name }) => ({
		name,
		dimmable: false,
	}));
	const own = [{ name: storageFault }];
	const bundle = new Bundle({ description, firmware: "", host: "", drivers: {}, outputs, own });
	const rooms: Room[] = [[KEY, encode(JSON.stringify({ t: bundle.topic })).byteLength]];
	packed(bundle.components, (_, record) => rooms.push([`${PREFIX}${record}`, LONGEST + 8]));
	return rooms;
};

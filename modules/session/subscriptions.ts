/**
 * The list of subscriptions, which §25 leaves to this layer: what the broker's session is known to hold, and what
 * has to be sent. A filter counts as held once a SUBACK has granted it, so a link that dies in between is made
 * good, also over a restart if `memory` is given. Sends nothing itself.
 */

import { encode } from "../mqtt/text.js";
import type { Memory, Subscription } from "./options.js";

/** AWS takes no more in one SUBSCRIBE (field-notes §3). */
const most = 8;
/** SUBACK: the filter is refused [MQTT-3.9.3-2]. */
const refusal = 0x80;

export class Subscriptions {
	private readonly items: readonly Subscription[];
	private readonly memory: Memory | undefined;
	/** The list as text, for the memory. */
	private readonly list: string;
	/** By broker, then by index of item: its session holds it. */
	private readonly held = new Map<string, boolean[]>();
	private granted: boolean[] = [];
	/** Index of the first item that the current connection has not gone through. */
	private cursor = 0;
	private batch: number[] = [];
	private key = "";

	constructor(items: readonly Subscription[], memory: Memory | undefined) {
		this.items = items;
		this.memory = memory;
		this.list = items.map(({ topic, QoS }) => `\n${QoS} ${topic}`).join("");
	}
	/** A connection stands. `key` names the broker, for another broker's session is another session. */
	begin(key: string, sessionPresent: boolean): void {
		let granted = this.held.get(key);
		if (!granted) {
			const known = sessionPresent && this.remembered().includes(key);
			granted = this.items.map(() => known);
			this.held.set(key, granted);
		}
		if (!sessionPresent) granted.fill(false);
		this.granted = granted;
		this.key = key;
		this.cursor = 0;
		// Before anything is subscribed: a restart in the middle must not find the old word.
		if (!sessionPresent) this.remember(key, false);
	}
	/** What the next SUBSCRIBE has to carry; empty when all is done. */
	next(): Subscription[] {
		this.batch = [];
		const items: Subscription[] = [];
		for (; this.cursor < this.items.length && items.length < most; this.cursor++)
			if (!this.granted[this.cursor]) {
				this.batch.push(this.cursor);
				items.push(this.items[this.cursor] as Subscription);
			}
		return items;
	}
	/**
	 * The SUBACK for what `next` returned. Calls back for each filter that was refused, or granted at a lower QoS.
	 * False when it does not have one code for each filter [MQTT-3.8.4-5].
	 */
	acknowledged(
		codes: ArrayLike<number>,
		problem: (subscription: Subscription, refused: boolean) => void,
	): boolean {
		if (codes.length !== this.batch.length) return false;
		for (let i = 0; i < codes.length; i++) {
			const index = this.batch[i] as number;
			const item = this.items[index] as Subscription;
			const code = codes[i] as number;
			this.granted[index] = code < refusal;
			if (code >= refusal) problem(item, true);
			else if (code < item.QoS) problem(item, false);
		}
		// Whatever was refused is asked for again at the next connection, so only the whole list is remembered.
		if (this.granted.every(granted => granted)) this.remember(this.key, true);
		return true;
	}

	/** Brokers whose session holds this very list, as the memory has it: their keys in its first line, then the list. */
	private remembered(): string[] {
		try {
			const text = this.memory?.read() ?? "";
			const end = text.indexOf("\n");
			if (end > 0 && text.slice(end) === this.list) return text.slice(0, end).split(" ");
		} catch {
			// Then it is subscribed once more, which costs a packet and loses nothing.
		}
		return [];
	}
	private remember(key: string, held: boolean): void {
		const keys = this.remembered();
		if (!this.memory || keys.includes(key) === held) return;
		const others = keys.filter(other => other !== key);
		try {
			this.memory.write((held ? [...others, key] : others).join(" ") + this.list);
		} catch {
			// As above, after the next restart.
		}
	}
}

/** Bytes of the longest text for the memory: the keys of these brokers (host and port), and the list. */
export function longestText(brokers: readonly string[], topics: readonly string[]): number {
	const keys = brokers.reduce((sum, broker) => sum + encode(broker).byteLength + 32, 0);
	return topics.reduce((sum, topic) => sum + encode(topic).byteLength + 3, keys);
}

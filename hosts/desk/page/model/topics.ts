/**
 * Every topic that was heard, as a tree: how often, how fast, what came last and before, whether the broker keeps it, and
 * that it was removed. Bounded in topics and in bytes under any load.
 */

import type { Signal } from "@preact/signals";
import type { Message } from "../mqtt/link.js";
import { mark, version } from "./beat.js";

export class Topic {
	/** The last level of its name. */
	readonly level: string;
	readonly name: string;
	readonly parent: Topic | undefined;
	readonly version: Signal<number> = version();
	children: Map<string, Topic> | undefined;
	/** Messages on this very topic, and with those below. */
	count = 0;
	total = 0;
	/** Topics below that had messages, this one included. */
	topics = 0;
	last: Message | undefined;
	previous: Message | undefined;
	/** The broker keeps a message here, as far as was seen. */
	retained = false;
	/** What it kept was cleared. */
	removed = false;
	#rate = 0;
	#at = 0;

	constructor(level: string, parent: Topic | undefined) {
		this.level = level;
		this.parent = parent;
		this.name = parent?.parent ? `${parent.name}/${level}` : level;
	}

	/** Messages a second, of late. */
	rate(now: number): number {
		return this.#rate * Math.exp((this.#at - now) / TAU);
	}

	tick(now: number): void {
		this.#rate = this.rate(now) + 1000 / TAU;
		this.#at = now;
	}
}

/** Milliseconds over which a rate is taken. */
const TAU = 5000;
const MOST = 20_000;
/** Bytes of payloads that are kept in all; above, only the beginning of each. */
const BUDGET = 32 << 20;
const BEGINNING = 256;

export class Topics {
	readonly root = new Topic("", undefined);
	/** Grows when a topic is new or removed. */
	readonly version: Signal<number> = version();
	/** Topics that were not taken, as there are too many. */
	refused = 0;
	#nodes = 0;
	#bytes = 0;

	receive(message: Message): void {
		const topic = this.#find(message.topic);
		if (!topic) {
			this.refused++;
			return;
		}
		const first = topic.count++ === 0;
		this.#keep(topic, message);
		const removed = message.byteLength === 0 && (topic.retained || message.retain);
		if (removed !== topic.removed) mark(this.version);
		topic.removed = removed;
		if (removed) topic.retained = false;
		else if (message.retain) topic.retained = true;
		for (let at: Topic | undefined = topic; at; at = at.parent) {
			at.total++;
			if (first) at.topics++;
			at.tick(message.at);
			mark(at.version);
		}
		if (first) mark(this.version);
	}

	/** What the broker was found to keep: live messages do not tell. */
	kept(messages: readonly Message[]): void {
		const names = new Set(messages.map(({ topic }) => topic));
		for (const message of messages) if (!this.get(message.topic)?.count) this.receive(message);
		for (const name of this.names()) {
			const topic = this.get(name);
			// A list from before it was removed may come behind the removal.
			if (!topic || topic.removed || topic.retained === names.has(name)) continue;
			topic.retained = names.has(name);
			mark(topic.version);
		}
	}

	get(name: string): Topic | undefined {
		let at: Topic | undefined = this.root;
		for (const level of name.split("/")) at = at?.children?.get(level);
		return at;
	}

	/** Names of topics that had messages. */
	names(): string[] {
		const found: string[] = [];
		const visit = (topic: Topic) => {
			if (topic.count) found.push(topic.name);
			for (const child of topic.children?.values() ?? []) visit(child);
		};
		visit(this.root);
		return found;
	}

	#find(name: string): Topic | undefined {
		let at = this.root;
		for (const level of name.split("/")) {
			at.children ??= new Map();
			let next = at.children.get(level);
			if (!next) {
				if (this.#nodes >= MOST) return undefined;
				this.#nodes++;
				next = new Topic(level, at);
				at.children.set(level, next);
			}
			at = next;
		}
		return at;
	}

	#keep(topic: Topic, message: Message): void {
		this.#bytes -= topic.previous?.payload.byteLength ?? 0;
		topic.previous = topic.last;
		const whole = this.#bytes + message.payload.byteLength <= BUDGET;
		topic.last = whole ? message : { ...message, payload: message.payload.slice(0, BEGINNING) };
		this.#bytes += topic.last.payload.byteLength;
	}
}

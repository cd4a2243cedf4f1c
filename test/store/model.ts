/**
 * What a store must hold, as plain maps, and a driver that does the same to a real store. A test asks the model what
 * may be there when the power goes during a step: what was before it, or what is after it, nothing else.
 */

import assert from "node:assert/strict";
import type { OutboxEntry } from "../../modules/session/options.js";
import Store from "../../modules/store/store.js";
import { TestFlash } from "../flash.js";

export interface Message {
	readonly topic: string;
	readonly payload: string;
	readonly retain: boolean;
	readonly id: number;
}

/** Never changed once made: each step makes a new one. */
export interface Content {
	readonly held: ReadonlyMap<number, Message>;
	readonly aside: ReadonlyMap<number, Message>;
	readonly values: ReadonlyMap<string, string>;
	readonly quarantined: number;
	/** The highest sequence ever returned. */
	readonly sequence: number;
	/** Messages that were accepted while flash took none: a restart may lose them. */
	readonly spared: ReadonlySet<number>;
}

export const EMPTY: Content = {
	held: new Map(),
	aside: new Map(),
	values: new Map(),
	quarantined: 0,
	sequence: 0,
	spared: new Set(),
};

/** A small generator of numbers below `n`; the same ones for the same seed. */
export function generator(seed: number): (n: number) => number {
	let state = seed >>> 0;
	return n => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
	};
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array) => new TextDecoder().decode(value);

/** What a store says it holds. */
export function contentOf(store: Store): Content {
	const { outbox, state } = store;
	assert.ok(outbox && state, store.description);
	const list = (next: (sequence: number) => OutboxEntry | undefined) => {
		const messages = new Map<number, Message>();
		for (let entry = next(0); entry; entry = next(entry.sequence)) {
			assert.ok(!messages.has(entry.sequence), "a message is offered once");
			messages.set(entry.sequence, {
				topic: entry.topic,
				payload: text(entry.payload),
				retain: entry.retain,
				id: entry.packetIdentifier,
			});
		}
		return messages;
	};
	const held = list(sequence => outbox.next(sequence));
	const aside = list(sequence => outbox.aside(sequence));
	assert.equal(outbox.length, held.size);
	let size = 0;
	for (const message of held.values())
		size += bytes(message.topic).byteLength + bytes(message.payload).byteLength;
	assert.equal(outbox.byteLength, size);
	const values = new Map<string, string>();
	for (const key of state) values.set(key, state.read(key) as string);
	const sequence = Math.max(0, ...held.keys(), ...aside.keys());
	return { held, aside, values, quarantined: outbox.quarantined, sequence, spared: new Set() };
}

/** `found` is what may stand after a loss of power on the way from `before` to `after`. */
export function allowed(found: Content, before: Content, after: Content): void {
	let last = 0;
	for (const [sequence, message] of found.held) {
		assert.ok(sequence > last, "order of acceptance");
		last = sequence;
		const wanted = [before.held.get(sequence), after.held.get(sequence)];
		assert.ok(
			wanted.some(one => one && same(one, message)),
			`message ${sequence}: found ${JSON.stringify(message)}, expected one of ${JSON.stringify(wanted)}`,
		);
	}
	for (const [sequence] of [...before.held, ...before.aside])
		assert.ok(
			found.held.has(sequence) ||
				found.aside.has(sequence) ||
				before.spared.has(sequence) ||
				!(after.held.has(sequence) || after.aside.has(sequence)),
			`message ${sequence} is lost`,
		);
	for (const [sequence, message] of found.aside) {
		const wanted = [before.aside.get(sequence), after.aside.get(sequence)];
		assert.ok(
			wanted.some(one => one && one.payload === message.payload),
			`${sequence} was not set aside`,
		);
		assert.ok(!found.held.has(sequence), `${sequence} is held and aside`);
	}
	for (const key of new Set([...found.values.keys(), ...before.values.keys(), ...after.values.keys()]))
		assert.ok(
			[before.values.get(key), after.values.get(key)].includes(found.values.get(key)),
			`${key}: found ${found.values.get(key)}, expected ${before.values.get(key)} or ${after.values.get(key)}`,
		);
	assert.ok(
		[before.quarantined, after.quarantined].includes(found.quarantined),
		`set aside ${found.quarantined}, expected ${before.quarantined} or ${after.quarantined}`,
	);
}

function same(one: Message, other: Message): boolean {
	return (
		one.topic === other.topic &&
		one.payload === other.payload &&
		one.retain === other.retain &&
		one.id === other.id
	);
}

/** One step on a store; `index` numbers choose among what there is. */
export type Step =
	| { readonly do: "append"; readonly topic: number; readonly size: number; readonly retain: boolean }
	| { readonly do: "sent" | "release" | "quarantine" | "readmit"; readonly index: number }
	| { readonly do: "write"; readonly key: number; readonly size: number }
	| { readonly do: "delete"; readonly key: number }
	| { readonly do: "reset" | "reopen" };

export function randomStep(random: (n: number) => number): Step {
	const dice = random(100);
	if (dice < 34) return { do: "append", topic: random(3), size: random(60), retain: random(4) === 0 };
	if (dice < 56) return { do: "sent", index: random(4) };
	if (dice < 82) return { do: "release", index: random(4) };
	if (dice < 86) return { do: "sent", index: random(2) };
	if (dice < 87) return { do: "quarantine", index: random(2) };
	if (dice < 88) return { do: "readmit", index: random(2) };
	if (dice < 90) return { do: "reset" };
	if (dice < 98) return { do: "write", key: random(3), size: random(20) };
	if (dice < 99) return { do: "delete", key: random(3) };
	return { do: "reopen" };
}

const TOPICS = ["a/alerts/overheat", "a/alerts/frost/state", "ä/☂"];
const KEYS = ["boot", "lamp", "version"];
/** What a store promises to the values of these tests. */
export const PROMISED: ReadonlyMap<string, number> = new Map(KEYS.map(key => [key, 20]));

/** A small partition, which steps soon go round. */
export const BLOCKS = 7;
export const LENGTH = 320;
export const flashOf = (image?: Uint8Array, strict = true): TestFlash =>
	new TestFlash({ blocks: BLOCKS, blockLength: LENGTH, strict, ...(image ? { image } : {}) });
export const reopen = (partition: TestFlash): Store => new Store({ partition, promised: PROMISED });

/** Does steps to a store and to the model, and compares what the store returns. */
export class Driver {
	content: Content;
	refused = 0;
	#open: () => Store;
	#serial = 0;
	#identifier = 0;
	store: Store;

	constructor(open: () => Store, content: Content = EMPTY) {
		this.#open = open;
		this.store = open();
		this.content = content;
	}
	/** Returns the content after the step. May throw what the flash throws. */
	step(step: Step): void {
		const { outbox, state } = this.store;
		assert.ok(outbox && state, this.store.description);
		const { content } = this;
		const held = new Map(content.held);
		const pick = (index: number, of: Iterable<number>) => [...of][index];
		switch (step.do) {
			case "append": {
				const topic = TOPICS[step.topic] as string;
				const payload = `${++this.#serial}:`.padEnd(step.size, "x");
				const { retain } = step;
				const sequence = outbox.append(topic, bytes(payload), { retain });
				if (sequence === 0) {
					this.refused++;
					return;
				}
				assert.ok(sequence > content.sequence, "sequences rise");
				held.set(sequence, { topic, payload, retain, id: 0 });
				const spared = new Set(outbox.broken ? content.spared : []);
				if (outbox.broken) spared.add(sequence);
				this.content = { ...content, held, sequence, spared };
				return;
			}
			case "sent": {
				const sequence = pick(step.index, held.keys());
				const message = held.get(sequence as number);
				if (sequence === undefined || !message) return;
				const used = new Set([...held.values()].map(({ id }) => id));
				do this.#identifier = (this.#identifier % 65535) + 1;
				while (used.has(this.#identifier));
				outbox.sent(sequence, this.#identifier);
				held.set(sequence, { ...message, id: this.#identifier });
				this.content = { ...content, held };
				return;
			}
			case "release": {
				const sent = [...held].filter(([, { id }]) => id > 0);
				const [sequence, message] = sent[step.index % (sent.length || 1)] ?? [];
				assert.equal(outbox.release(0), false);
				if (sequence === undefined || !message) return;
				assert.equal(outbox.release(message.id), true);
				held.delete(sequence);
				this.content = { ...content, held };
				return;
			}
			case "quarantine": {
				const sequence = pick(step.index, held.keys());
				const message = held.get(sequence as number);
				if (sequence === undefined || !message) return;
				outbox.quarantine(sequence);
				held.delete(sequence);
				const aside = new Map(content.aside).set(sequence, { ...message, id: 0 });
				this.content = { ...content, held, aside, quarantined: content.quarantined + 1 };
				return;
			}
			case "readmit": {
				const sequence = pick(step.index, content.aside.keys());
				const message = content.aside.get(sequence as number);
				if (sequence === undefined || !message) return;
				assert.equal(outbox.readmit(sequence), true);
				const aside = new Map(content.aside);
				aside.delete(sequence);
				held.set(sequence, message);
				// In its old place.
				const sorted = new Map([...held].sort(([one], [other]) => one - other));
				this.content = { ...content, held: sorted, aside };
				return;
			}
			case "reset":
				outbox.reset();
				for (const [sequence, message] of held) held.set(sequence, { ...message, id: 0 });
				this.content = { ...content, held };
				return;
			case "write": {
				const key = KEYS[step.key] as string;
				const value = `${this.#serial}`.padEnd(step.size, "v");
				if (!this.#admitted(() => state.write(key, value))) return;
				this.content = { ...content, values: new Map(content.values).set(key, value) };
				return;
			}
			case "delete": {
				const values = new Map(content.values);
				values.delete(KEYS[step.key] as string);
				if (!this.#admitted(() => state.delete(KEYS[step.key] as string))) return;
				this.content = { ...content, values };
				return;
			}
			case "reopen":
				this.store = this.#open();
				if (content.spared.size) this.content = contentOf(this.store);
		}
	}
	#admitted(change: () => void): boolean {
		try {
			change();
			return true;
		} catch (error) {
			const { broken } = this.store.outbox ?? {};
			assert.match((error as Error).message, broken ? /^state: (full|flash failed)$/ : /^state: full$/);
			this.refused++;
			return false;
		}
	}
	/** The store holds exactly what the model holds, its order and its counts included. */
	check(): void {
		const found = contentOf(this.store);
		allowed(found, this.content, this.content);
		assert.equal(found.aside.size, this.content.aside.size);
	}
}

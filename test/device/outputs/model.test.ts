/**
 * Everything that can switch a lamp, in any order, against a model that knows each message by itself and not by its text or
 * identifier. The board must do what the model does, in the same order; it may leave out what something newer follows at once,
 * and must come to the same end.
 */

import assert from "node:assert/strict";
import * as fc from "fast-check";
import type Board from "../../../modules/device/board.js";
import { World } from "../stage.js";

const description = { lamp: { pin: 2, failSafe: 60_000 } };

interface Message {
	readonly kind: "set" | "desired";
	readonly on: boolean;
	readonly ver: number | undefined;
	readonly retain: boolean;
	id: number;
	/** When it first came, if it could not be stored; else 0. */
	tried: number;
	/** It came and was decided upon. */
	done: boolean;
}
const textOf = (message: Message) => `${message.kind} ${payload(message)}`;

/** What the lamp must do. */
class Model {
	on = false;
	ver = -1;
	wish: boolean | undefined;
	local = false;
	settling = true;
	/** Texts of the commands that were decided upon. The last again, lost on its first way, cannot be told from it. */
	texts: readonly string[] = [];
	/** By text, when a command came that could not be stored. Nor can the same text be told from that one. */
	readonly refused = new Map<string, number>();
	/** Text of the last command that was surely handled, and what stood before those that may have been done before. */
	last = "";
	before: { readonly on: boolean; readonly wish: boolean | undefined } | undefined;
	/** Counts what came. */
	now = 0;
	/** When the newest of what was done came. */
	newest = 0;
	refusing = false;
	readonly levels = [0];

	show(on: boolean): void {
		this.on = on;
		if (this.levels.at(-1) !== Number(on)) this.levels.push(Number(on));
	}
	/** True when it is to be acknowledged. */
	receive(message: Message, duplicate: boolean): boolean {
		if (message.done) return true;
		const text = textOf(message);
		const refused = this.refused.get(text);
		const perhaps = duplicate && !message.tried && message.ver === undefined && this.last !== "";
		if (perhaps && this.before && text === this.last) {
			message.done = true;
			this.giveUp(this.before);
		} else if (duplicate && !message.tried && text === this.texts.at(-1)) message.done = true;
		else if (duplicate && refused !== undefined && this.newest > refused) message.done = true;
		else if (message.tried && this.newest > message.tried) message.done = true;
		else if (message.kind === "set" && this.local && this.settling) message.done = true;
		else if (message.kind === "desired" && this.old(message)) message.done = true;
		else if (this.refusing) {
			message.tried ||= ++this.now;
			this.refused.set(text, message.tried);
		} else {
			const { local, on, wish } = this;
			this.before = perhaps ? (this.before ?? { on, wish }) : undefined;
			this.apply(message);
			// It may have been done before, and that is not known before the broker has settled.
			if (duplicate && this.texts.includes(text) && message.ver === undefined) this.local = local;
		}
		if (message.done && !perhaps) this.last = text;
		if (message.done) this.texts = [...this.texts.filter(other => other !== text), text].slice(-20);
		return message.done;
	}
	/** The last command that was surely handled came again, or one with its text that was lost: what is held was before that one. */
	giveUp({ on, wish }: { on: boolean; wish: boolean | undefined }): void {
		this.before = undefined;
		this.wish = wish;
		this.show(on);
	}
	old({ on, ver }: Message): boolean {
		return ver === undefined ? this.wish === on : ver <= this.ver;
	}
	apply(message: Message): void {
		message.done = true;
		this.refused.delete(textOf(message));
		this.newest = Math.max(this.newest, message.tried || ++this.now);
		if (!this.settling) this.local = false;
		if (message.kind === "desired") {
			this.wish = message.on;
			this.ver = message.ver ?? this.ver;
		}
		this.show(message.on);
	}
	hand(on: boolean): void {
		this.newest = ++this.now;
		this.before = undefined;
		this.local = this.settling;
		this.show(on);
	}
}

const link = fc.constantFrom("ok", "ok", "ok", "deaf", "lost");
const other = fc.constantFrom("wait", "long", "refuse", "restart", "disconnect", "disconnect");
const step = fc.oneof(
	{ weight: 4, arbitrary: fc.record({ kind: fc.constant("set"), on: fc.boolean(), link }) },
	{
		weight: 4,
		arbitrary: fc.record({
			kind: fc.constant("desired"),
			on: fc.boolean(),
			ver: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined, freq: 1 }),
			link,
		}),
	},
	{ weight: 2, arbitrary: fc.record({ kind: fc.constant("press") }) },
	{
		weight: 2,
		arbitrary: fc.record({ kind: other }),
	},
	{
		weight: 3,
		arbitrary: fc.record({
			kind: fc.constant("connect"),
			present: fc.boolean(),
			early: fc.boolean(),
			link,
		}),
	},
);
interface Step {
	readonly kind: string;
	readonly on?: boolean;
	readonly ver?: number | undefined;
	/** `deaf`: from now on acknowledgements are lost on this connection. `lost`: the message is, and the connection. */
	readonly link?: string;
	readonly present?: boolean;
	readonly early?: boolean;
}

/** A broker, a board and the model of it. */
class Play {
	readonly world = new World();
	readonly model = new Model();
	#board: Board;
	#online = false;
	/** Messages came again, and the board has not settled since. */
	#unsure = false;
	#deaf = false;
	/** What the board has acknowledged on this connection, and could not note, was taken. */
	#proved = false;
	#waiting: Message[] = [];
	#flight: Message[] = [];
	/** What was last sent under an identifier: the same text under it again would be a redelivery. */
	readonly #used = new Map<number, string>();
	#retained: Message | undefined;

	constructor() {
		this.#board = this.world.start(description);
	}
	step({ kind, on = false, ver, link = "ok", present = false, early = false }: Step): void {
		const { model, world } = this;
		// Until then the lamp shows what stood before, and the model does not.
		if (this.#unsure && (kind === "press" || kind === "restart" || kind === "long")) {
			this.#disconnect();
			this.#connect(true, early, "ok");
		}
		if (kind === "set" || kind === "desired") {
			const message = {
				kind,
				on,
				ver,
				retain: false,
				id: 0,
				tried: 0,
				done: false,
			} as const;
			if (kind === "desired") this.#retained = message;
			this.#waiting.push({ ...message });
			this.#pump(link);
		} else if (kind === "press") {
			model.hand(!model.on);
			this.#board.outputs[0]?.press();
		} else if (kind === "wait") this.#pass(5000);
		else if (kind === "long") this.#pass(200_000);
		// What is held is done only once it is stored, and the model shows it at once.
		else if (kind === "refuse") world.refusing = model.refusing = !model.refusing && !this.#unsure;
		else if (kind === "disconnect") this.#disconnect();
		else if (kind === "restart") this.#restart();
		// What is held is not followed into a new session.
		else if (!this.#online) this.#connect(present || this.#unsure, early, link);
	}
	/** The board's levels are the model's, up to some that did not last; the last is the same. */
	compare(when: string): void {
		const levels = this.world.pins.get(2) as readonly number[];
		const { levels: expected } = this.model;
		const message = `${when}: ${levels} in place of ${expected}`;
		if (!this.#unsure) assert.equal(levels.at(-1), expected.at(-1), message);
		assert.ok(levels.length <= expected.length, message);
	}
	#pass(duration: number): void {
		const { model } = this;
		if (this.#online && !this.#deaf) {
			this.#proved = true;
			this.#unsure = false;
			if (model.before) model.last = model.texts.at(-1) ?? "";
			model.before = undefined;
		}
		if (this.#online && this.#proved) model.settling = model.local = false;
		else if (!this.#online && duration >= 60_000 && model.on && !this.#failed) model.hand(false);
		if (!this.#online && duration >= 60_000) this.#failed = true;
		this.world.clock.advance(duration);
	}
	/** The fail-safe has had its time in this absence. */
	#failed = false;
	#disconnect(): void {
		if (!this.#online) return;
		this.#online = this.#failed = false;
		this.model.settling = true;
		this.world.link.disconnect();
	}
	#restart(): void {
		const { model, world } = this;
		// What a hand did is stored as soon as that can be.
		world.refusing = model.refusing = false;
		this.#pass(200_000);
		this.#online = this.#failed = false;
		model.settling = true;
		world.kill();
		if (model.levels.at(-1) !== 0) model.levels.push(0);
		this.#board = world.start(description);
		// That a command could not be stored is forgotten, unless something newer was done meanwhile.
		for (const message of this.#flight) if (model.newest <= message.tried) message.tried = 0;
		for (const [text, tried] of model.refused) if (model.newest <= tried) model.refused.delete(text);
		model.show(model.on);
	}
	#connect(present: boolean, early: boolean, link: string): void {
		const { world, model } = this;
		this.#online = true;
		this.#deaf = world.link.deaf = link === "deaf";
		this.#proved = !this.#deaf && !model.before;
		if (!present) {
			this.#flight = [];
			this.#waiting = [];
			this.#used.clear();
			model.settling = model.local = this.#unsure = false;
			world.link.connect(false);
			if (this.#retained) this.#waiting.push({ ...this.#retained, retain: true, tried: 0, done: false });
			this.#pump(link);
			return;
		}
		// A broker may send what it kept before the session says that it is online.
		if (!early) world.link.connect(true);
		const again = this.#flight;
		this.#flight = [];
		for (const message of again) this.#deliver(message, true, "ok");
		if (early) world.link.connect(true);
		this.#pump(link);
		// What may have been done before is done when nothing more of the kind has come for a second, and the broker answers.
		if (this.#unsure) this.#pass(3000);
	}
	#pump(link: string): void {
		while (this.#online && this.#waiting.length) {
			const message = this.#waiting.shift() as Message;
			const text = payload(message) + message.kind;
			// The lowest that is free, as some brokers choose.
			let id = 1;
			while (this.#flight.some(other => other.id === id) || this.#used.get(id) === text) id++;
			this.#used.set(id, text);
			message.id = id;
			this.#deliver(message, false, this.#waiting.length ? "ok" : link);
		}
	}
	#deliver(message: Message, duplicate: boolean, link: string): void {
		if (link !== "lost") {
			const { retain, id } = message;
			const about = { retain, duplicate, id };
			const { world, model } = this;
			if (duplicate && message.kind === "set" && model.local && model.settling) this.#proved = false;
			const expected = model.receive(message, duplicate);
			if (duplicate && model.before) this.#proved = false;
			const taken = world.link.receive(`lamp/${message.kind}`, payload(message), about);
			// While memory refuses, one that may have been done is kept at the broker too.
			assert.ok(taken === expected || (duplicate && !taken && model.refusing));
			if (duplicate) this.#unsure = true;
			if (link === "deaf") this.#deaf = world.link.deaf = true;
			if (!taken || this.#deaf) this.#flight.push(message);
		} else {
			this.#flight.push(message);
			this.#disconnect();
		}
	}
}

function payload({ on, ver }: Message): string {
	const state = on ? "ON" : "OFF";
	return ver === undefined ? state : JSON.stringify({ state, ver });
}

describe("a lamp under set, desired, button and fail-safe", () => {
	it("does each command once and none after a newer one, over reconnects, restarts, redeliveries under identifiers used again, lost acknowledgements and a memory that refuses", () => {
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60 }), steps => {
				const play = new Play();
				for (const step of steps) {
					play.step(step as Step);
					play.compare(`after ${JSON.stringify(step)}`);
				}
			}),
			{ numRuns: 4000, seed: 11 },
		);
	});
});

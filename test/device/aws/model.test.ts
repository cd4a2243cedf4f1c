/**
 * Two ways to wish, in any order: the shadow and `desired`, button, lost connections and restarts, documents and messages that come
 * late, again and in another order. Senders give their wishes an order of their own; no older one may be done after a newer one,
 * and in the end the newest stands, unless something local followed it.
 */

import assert from "node:assert/strict";
import * as fc from "fast-check";
import aws from "../../../modules/device/aws/aws.js";
import type Board from "../../../modules/device/board.js";
import { World } from "../stage.js";
import { Service } from "./service.js";

const description = { profile: "aws", shadow: true, lamp: { pin: 2, dimmable: true } };

/** A brightness tells each wish from all others. */
interface Wish {
	readonly order: number;
	readonly brightness: number;
}

class Run {
	readonly world = new World();
	readonly service = new Service(this.world, () => this.world.clock.time);
	readonly versions: "own" | "clock" | "shadow";
	board: Board;
	connected = false;
	readonly wishes: Wish[] = [];
	/** On `lamp/desired`, perhaps not delivered yet; the last is the one that the broker retains. */
	readonly messages: string[] = [];
	/** Wishes that the lamp has shown, as their order. */
	readonly shown: number[] = [];
	/** What the button has left, until a wish follows. */
	pressed: boolean | undefined;

	constructor(versions: Run["versions"]) {
		this.versions = versions;
		this.board = this.world.start(description, [aws]);
		this.world.clock.advance(1000);
	}
	/** The version of the next wish. */
	get #next(): { ver?: number } {
		if (this.versions === "own") return { ver: this.wishes.length + 1 };
		return this.versions === "clock" ? { ver: this.world.clock.time } : {};
	}
	shadow(on: boolean, versioned: boolean): void {
		// Within one second a wish without version cannot be placed among those by the other way: that is stated, and not tested.
		this.world.clock.advance(1000 - (this.world.clock.time % 1000));
		const ver = versioned || this.versions === "own" ? this.#next : {};
		const { brightness } = this.#wish();
		// The version of before is taken away, as a console does that writes the whole wish.
		this.service.wish({ lamp: { state: on ? "ON" : "OFF", brightness, ver: null, ...ver } });
		this.world.clock.advance(1000);
	}
	desired(on: boolean): void {
		if (this.versions === "shadow") return;
		const ver = this.#next;
		const { brightness } = this.#wish();
		this.messages.push(JSON.stringify({ state: on ? "ON" : "OFF", brightness, ...ver }));
		this.world.clock.advance(1);
	}
	#wish(): Wish {
		const order = this.wishes.length + 1;
		const wish = { order, brightness: order };
		this.wishes.push(wish);
		return wish;
	}
	/** One of the messages that are there, again or for the first time. */
	message(choice: number): void {
		const payload = this.messages[choice % (this.messages.length || 1)];
		if (this.connected && payload) this.world.link.receive("lamp/desired", payload, {});
		this.look();
	}
	document(choice: number, stays: boolean): void {
		const { answers } = this.service;
		if (this.connected && answers.length) this.service.deliver(choice % answers.length, stays);
		this.look();
	}
	press(): void {
		this.board.outputs[0]?.press();
		this.world.clock.advance(0);
		this.pressed = this.#state.on;
		this.look();
	}
	connect(): void {
		if (this.connected) return;
		this.connected = true;
		this.world.link.connect(true);
		const retained = this.messages.at(-1);
		if (retained) this.world.link.receive("lamp/desired", retained, { retain: true });
		this.look();
	}
	disconnect(): void {
		this.connected = false;
		this.world.link.disconnect();
	}
	restart(): void {
		this.disconnect();
		this.world.kill();
		this.board = this.world.start(description, [aws]);
	}
	/** The lamp shows a wish by its brightness. */
	look(): void {
		this.world.clock.advance(0);
		const { brightness, on } = this.#state;
		if (brightness !== 255 && brightness !== this.shown.at(-1)) {
			this.shown.push(brightness);
			this.pressed = undefined;
		}
		if (this.pressed !== undefined) assert.equal(on, this.pressed, "a wish from before the button was done");
	}
	get #state() {
		return this.board.outputs[0]?.applied.state ?? { brightness: 255, on: false };
	}
	/** All that is under way arrives. */
	settle(): void {
		this.connect();
		for (const payload of this.messages) this.world.link.receive("lamp/desired", payload, {});
		this.service.settle();
		this.look();
	}
}

const step = fc.oneof(
	fc.record({ kind: fc.constant("shadow" as const), on: fc.boolean(), versioned: fc.boolean() }),
	fc.record({ kind: fc.constant("desired" as const), on: fc.boolean() }),
	fc.record({ kind: fc.constant("message" as const), choice: fc.nat(9) }),
	fc.record({ kind: fc.constant("document" as const), choice: fc.nat(9), stays: fc.boolean() }),
	fc.record({
		kind: fc.constantFrom("press" as const, "connect" as const, "disconnect" as const, "restart" as const),
	}),
	fc.record({ kind: fc.constant("wait" as const), milliseconds: fc.nat(3000) }),
);

describe("two ways to wish", () => {
	for (const versions of ["own", "clock", "shadow"] as const)
		it(`never does an older one after a newer one, and ends with the newest (versions: ${versions})`, function () {
			this.timeout(60_000);
			fc.assert(
				fc.property(fc.array(step, { maxLength: 40 }), steps => {
					const run = new Run(versions);
					for (const item of steps)
						if (item.kind === "shadow") run.shadow(item.on, item.versioned);
						else if (item.kind === "desired") run.desired(item.on);
						else if (item.kind === "message") run.message(item.choice);
						else if (item.kind === "document") run.document(item.choice, item.stays);
						else if (item.kind === "wait") run.world.clock.advance(item.milliseconds);
						else run[item.kind]();
					run.settle();
					const sorted = [...run.shown].sort((one, other) => one - other);
					assert.deepEqual(run.shown, sorted, "an older wish was done after a newer one");
					assert.equal(run.shown.at(-1) ?? 0, run.wishes.length, "the newest wish was missed");
					run.world.kill();
				}),
				{ numRuns: 400, seed: 17 },
			);
		});
});

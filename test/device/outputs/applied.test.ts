/** What stands for an output and which commands are over, with a memory that can refuse. */

import assert from "node:assert/strict";
import type { OutputDescription } from "../../../modules/device/description/description.js";
import type { KeyValueDomain } from "../../../modules/device/io.js";
import Memory from "../../../modules/device/memory.js";
import Applied from "../../../modules/device/outputs/applied.js";
import { encode } from "../../../modules/mqtt/text.js";

const description: OutputDescription = { powerOn: "last", liveOnly: false };

function stage() {
	const records = new Map<string, string>();
	const one = { refusing: false, writes: 0, applied: undefined as unknown as Applied, restart, stored };
	const domain = {
		read: (key: string) => records.get(key),
		write(key: string, value: string) {
			one.writes++;
			if (one.refusing) throw new Error("full");
			records.set(key, value);
		},
	} as unknown as KeyValueDomain;
	function restart(changes: Partial<OutputDescription> = {}): void {
		one.applied = new Applied(new Memory(domain), "lamp", { ...description, ...changes });
	}
	function stored(): { on?: boolean; seen?: string } {
		return JSON.parse(records.get("o:lamp") ?? "{}");
	}
	restart();
	return one;
}
type Stage = ReturnType<typeof stage>;

/** A command under a packet identifier. Whether it is done; `undefined` when it is over. */
function command({ applied }: Stage, id: number, on: boolean, duplicate = false): boolean | undefined {
	const seen = applied.seen("set", encode(on ? "ON" : "OFF"), { QoS: id && 1, retain: false, duplicate, id });
	return seen === undefined ? undefined : applied.order({ ...applied.state, on, seen });
}
/** What a hand does. */
function act({ applied }: Stage, on: boolean): void {
	applied.act({ ...applied.state, on, local: true });
}

describe("what a broker orders", () => {
	it("stands and is stored", () => {
		const one = stage();
		assert.ok(command(one, 1, true));
		assert.ok(one.applied.state.on);
		assert.deepEqual(one.stored(), one.applied.state);
	});

	it("does not stand when it cannot be stored", () => {
		const one = stage();
		const { state } = one.applied;
		one.refusing = true;
		assert.equal(command(one, 1, true), false);
		assert.equal(one.applied.state, state);
		assert.ok(!one.applied.unsaved, "nothing to be tried again");
	});

	it("stands where there is no memory at all", () => {
		const applied = new Applied(new Memory(undefined), "lamp", description);
		assert.ok(applied.order({ ...applied.state, on: true }));
		assert.ok(applied.state.on);
	});

	it("is what a start begins with, as the description's powerOn has it", () => {
		const one = stage();
		command(one, 1, true);
		one.restart();
		assert.ok(one.applied.state.on);
		one.restart({ powerOn: "off" });
		assert.ok(!one.applied.state.on);
	});
});

describe("what a hand did", () => {
	it("stands, and is stored by the next save that can be", () => {
		const one = stage();
		one.refusing = true;
		act(one, true);
		assert.equal(one.applied.save(), false);
		assert.ok(one.applied.state.on && one.applied.unsaved);
		assert.deepEqual(one.stored(), {});
		one.refusing = false;
		assert.ok(one.applied.save());
		assert.ok(!one.applied.unsaved);
		assert.deepEqual(one.stored(), one.applied.state);
	});

	it("is not unsaved where there is no memory at all: it never will be saved", () => {
		const applied = new Applied(new Memory(undefined), "lamp", description);
		applied.act({ ...applied.state, on: true });
		assert.equal(applied.save(), false);
		assert.ok(applied.state.on && !applied.unsaved);
	});

	it("need not be saved any more once a newer order is", () => {
		const one = stage();
		one.refusing = true;
		act(one, true);
		one.applied.save();
		one.refusing = false;
		command(one, 1, false);
		assert.ok(!one.applied.unsaved);
	});
});

describe("a command that is sent again", () => {
	it("is over when it was done, by one mark for each, also after a restart", () => {
		const one = stage();
		command(one, 1, true);
		command(one, 2, false);
		assert.equal(one.applied.state.seen.split(" ").length, 2);
		assert.equal(command(one, 1, true, true), undefined);
		one.restart();
		assert.equal(command(one, 1, true, true), undefined);
	});

	it("is another one under another identifier, with another text, on another topic, or not marked as a duplicate", () => {
		const one = stage();
		command(one, 1, true);
		const about = { QoS: 1, retain: false, duplicate: true, id: 1 };
		const { applied } = one;
		assert.equal(applied.seen("set", encode("ON"), about), undefined);
		assert.notEqual(applied.seen("set", encode("ON"), { ...about, id: 2 }), undefined);
		assert.notEqual(applied.seen("set", encode("OFF"), about), undefined);
		assert.notEqual(applied.seen("desired", encode("ON"), about), undefined);
		assert.notEqual(applied.seen("set", encode("ON"), { ...about, duplicate: false }), undefined);
	});

	it("is never known at QoS 0, and leaves no mark", () => {
		const one = stage();
		command(one, 0, true);
		assert.equal(one.applied.state.seen, "");
		assert.ok(command(one, 0, true, true));
	});

	it("is done when it could not be stored and nothing newer was done", () => {
		const one = stage();
		one.refusing = true;
		command(one, 1, true);
		one.refusing = false;
		assert.ok(command(one, 1, true, true));
	});

	for (const [title, newer] of [
		["a newer order", (one: Stage) => void command(one, 9, false)],
		[
			"what a hand did",
			(one: Stage) => {
				act(one, false);
				one.applied.save();
			},
		],
	] as const) {
		it(`is over when it could not be stored before ${title} was, also after a restart`, () => {
			const one = stage();
			one.refusing = true;
			command(one, 1, true);
			one.refusing = false;
			newer(one);
			assert.equal(command(one, 1, true, true), undefined);
			one.restart();
			assert.equal(command(one, 1, true, true), undefined);
		});

		it(`is known by its own text when its identifier was that of one that could not be stored before ${title} was`, () => {
			const one = stage();
			one.refusing = true;
			command(one, 1, true);
			one.refusing = false;
			newer(one);
			command(one, 1, false);
			command(one, 2, true);
			assert.equal(command(one, 1, false, true), undefined);
		});
	}

	it("does not hide others that could not be stored, however often it comes", () => {
		const one = stage();
		one.refusing = true;
		command(one, 1, true);
		for (let i = 0; i < 20; i++) command(one, 2, true, i > 0);
		one.refusing = false;
		act(one, false);
		assert.equal(command(one, 1, true, true), undefined);
		assert.equal(command(one, 2, true, true), undefined);
	});

	it("at QoS 0 that could not be stored does not hide them either", () => {
		const one = stage();
		one.refusing = true;
		command(one, 1, true);
		command(one, 0, true);
		one.refusing = false;
		act(one, false);
		assert.equal(command(one, 1, true, true), undefined);
	});

	it("is done when only an older one that could not be stored was done before it", () => {
		const one = stage();
		one.refusing = true;
		command(one, 1, true);
		command(one, 2, false);
		command(one, 1, true, true);
		one.refusing = false;
		assert.ok(command(one, 1, true, true));
		assert.ok(command(one, 2, false, true));
		assert.equal(command(one, 1, true, true), undefined);
	});

	it("does not take the mark of a newer one that was given the identifier of one that could not be stored", () => {
		const one = stage();
		one.refusing = true;
		command(one, 1, true);
		one.refusing = false;
		command(one, 1, false);
		assert.equal(command(one, 1, false, true), undefined);
	});

	it("is not taken for one that could not be stored in a session that the broker has lost", () => {
		const one = stage();
		one.refusing = true;
		command(one, 1, true);
		one.refusing = false;
		one.applied.forget();
		command(one, 2, false);
		assert.ok(command(one, 1, true, true));
	});

	it("is remembered among the last 20 that could not be stored", () => {
		const one = stage();
		one.refusing = true;
		for (let id = 1; id <= 21; id++) command(one, id, true);
		one.refusing = false;
		act(one, false);
		assert.equal(one.applied.state.seen.split(" ").length, 20);
		assert.equal(command(one, 2, true, true), undefined);
		assert.ok(command(one, 1, true, true));
	});
});

describe("a desired request", () => {
	for (const [title, wish, old] of [
		["is new with a greater version", { on: true, ver: 4 }, ""],
		["is old with the version that stands", { on: false, ver: 3 }, "version 3 is not newer than 3"],
		["is old with an older one", { on: false, ver: 2 }, "version 2 is not newer than 3"],
		["without a version is old when it wants what the last one did", { on: true }, "already done"],
		["without a version is new when it wants something else", { on: true, brightness: 9 }, ""],
	] as const)
		it(title, () => {
			const { applied } = stage();
			applied.order({ ...applied.state, on: true, ver: 3, wish: "ON" });
			// What else was done since does not make it new.
			applied.order({ ...applied.state, on: false });
			assert.equal(applied.old(wish), old);
		});
});

describe("a note", () => {
	it("is stored with what is done next, not before", () => {
		const one = stage();
		command(one, 1, true);
		one.applied.note("7.x");
		assert.equal(one.writes, 1);
		assert.equal(one.applied.state.seen, "7.x");
		assert.ok(one.applied.save());
		assert.equal(one.stored().seen, "7.x");
	});

	it("leaves it standing that a hand was the last, unless it says otherwise", () => {
		const one = stage();
		act(one, true);
		one.applied.note("7.x");
		assert.ok(one.applied.state.local);
		one.applied.note("7.x", false);
		assert.ok(!one.applied.state.local && one.applied.state.on);
	});
});

/** What stands for an output and which commands are over, with a memory that can refuse. */

import assert from "node:assert/strict";
import type { OutputDescription } from "../../../modules/device/description/description.js";
import type { KeyValueDomain } from "../../../modules/device/io.js";
import Memory from "../../../modules/device/memory.js";
import Newest, { type Command, LOCAL, Verdict } from "../../../modules/device/outputs/newest.js";
import { hashCommand } from "../../../modules/device/outputs/set.js";
import { encode } from "../../../modules/mqtt/codec.js";

const description: OutputDescription = { powerOn: "last", liveOnly: false };

function stage() {
	const records = new Map<string, string>();
	const one = { refusing: false, writes: 0, newest: undefined as unknown as Newest, restart, stored };
	const domain = {
		read: (key: string) => records.get(key),
		write(key: string, value: string) {
			one.writes++;
			if (one.refusing) throw new Error("full");
			records.set(key, value);
		},
	} as unknown as KeyValueDomain;
	function restart(changes: Partial<OutputDescription> = {}): void {
		one.newest = settled(new Newest(new Memory(domain), "lamp", { ...description, ...changes }));
	}
	function stored(): { on?: boolean; seen?: string } {
		return JSON.parse(records.get("o:lamp") ?? "{}");
	}
	restart();
	return one;
}
type Stage = ReturnType<typeof stage>;

/** At the first broker, which has delivered what it kept. */
function settled(newest: Newest): Newest {
	newest.accepted(0);
	newest.settle();
	return newest;
}
/** On another connection to that broker, which kept nothing. */
function reconnect({ newest }: Stage): void {
	newest.disconnected();
	settled(newest);
}

const about = (id: number, duplicate = false) => ({ QoS: id && 1, retain: false, duplicate, id });

function asked({ newest }: Stage, id: number, on: boolean): Command {
	const { brightness, ver, wish } = newest.state;
	return {
		on,
		brightness,
		ver,
		wish,
		src: "set",
		hash: hashCommand("set", encode(on ? "ON" : "OFF"), about(id)),
	};
}
/** A command under a packet identifier: whether it was stored and done, or what else it is. */
function command(one: Stage, id: number, on: boolean, duplicate = false): boolean | "over" | "unsure" {
	const order = asked(one, id, on);
	const verdict = one.newest.judge(order.hash, about(id, duplicate), {});
	if (verdict === Verdict.Over) return "over";
	return verdict === Verdict.Held ? "unsure" : one.newest.order(order, !duplicate);
}
/** A local action. */
function act({ newest }: Stage, on: boolean): void {
	newest.act(on, "local");
}

describe("what a broker orders", () => {
	it("stands and is stored", () => {
		const one = stage();
		assert.ok(command(one, 1, true));
		assert.ok(one.newest.state.on);
		assert.deepEqual(one.stored(), JSON.parse(JSON.stringify(one.newest.state)));
	});

	it("does not stand when it cannot be stored", () => {
		const one = stage();
		const { state } = one.newest;
		one.refusing = true;
		assert.equal(command(one, 1, true), false);
		assert.equal(one.newest.state, state);
		assert.ok(!one.newest.unsaved, "nothing to be tried again");
	});

	it("stands where there is no memory at all", () => {
		const newest = new Newest(new Memory(undefined), "lamp", description);
		assert.ok(newest.order(asked({ newest } as Stage, 1, true), true));
		assert.ok(newest.state.on);
	});

	it("is what a start begins with, as the description's powerOn has it", () => {
		const one = stage();
		command(one, 1, true);
		one.restart();
		assert.ok(one.newest.state.on);
		one.restart({ powerOn: "off" });
		assert.ok(!one.newest.state.on);
	});
});

describe("what a hand did", () => {
	it("stands, and is stored by the next save that can be", () => {
		const one = stage();
		one.refusing = true;
		act(one, true);
		assert.equal(one.newest.save(), false);
		assert.ok(one.newest.state.on && one.newest.unsaved);
		assert.deepEqual(one.stored(), {});
		one.refusing = false;
		assert.ok(one.newest.save());
		assert.ok(!one.newest.unsaved);
		assert.deepEqual(one.stored(), JSON.parse(JSON.stringify(one.newest.state)));
	});

	it("is not unsaved where there is no memory at all: it never will be saved", () => {
		const newest = new Newest(new Memory(undefined), "lamp", description);
		newest.act(true, "local");
		assert.equal(newest.save(), false);
		assert.ok(newest.state.on && !newest.unsaved);
	});

	it("need not be saved any more once a newer order is", () => {
		const one = stage();
		one.refusing = true;
		act(one, true);
		one.newest.save();
		one.refusing = false;
		command(one, 1, false);
		assert.ok(!one.newest.unsaved);
	});
});

describe("a command that is delivered again", () => {
	it("on the same connection is over by identifier and text, also after something newer", () => {
		const one = stage();
		command(one, 1, true);
		command(one, 2, false);
		assert.equal(command(one, 1, true, true), "over");
	});

	it("on another connection, or after a restart, is over if it is the last; if others came since it is unsure", () => {
		const one = stage();
		command(one, 1, true);
		command(one, 2, false);
		for (const next of [() => reconnect(one), () => one.restart()]) {
			next();
			// Under identifiers of their own choice.
			assert.equal(command(one, 7, true, true), "unsure");
			assert.equal(command(one, 1, false, true), "over");
		}
	});

	it("may be a late one with a text that was not handled, or on another topic, and is new without DUP, with a version, or before any other", () => {
		const one = stage();
		command(one, 1, true);
		reconnect(one);
		const { newest } = one;
		const on = encode("ON");
		assert.equal(newest.judge(hashCommand("set", on, about(1)), about(2, true), {}), Verdict.Over);
		assert.equal(newest.judge(hashCommand("set", encode("OFF"), about(1)), about(3, true), {}), Verdict.Held);
		const desired = hashCommand("desired", on, about(1));
		assert.equal(newest.judge(desired, about(4, true), {}), Verdict.Held);
		assert.equal(
			newest.judge(desired, about(4, true), { ver: 1 }),
			Verdict.Over,
			"on this connection already",
		);
		reconnect(one);
		assert.equal(newest.judge(desired, about(4, true), { ver: 1 }), Verdict.New);
		assert.equal(stage().newest.judge(desired, about(4, true), {}), Verdict.New);
		assert.equal(newest.judge(hashCommand("set", on, about(1)), about(5), {}), Verdict.New);
	});

	it("is old once a command without DUP was done on the connection, for any text; one with a version says so itself", () => {
		const one = stage();
		const { newest } = one;
		const off = hashCommand("set", encode("OFF"), about(1));
		const judge = (ver?: number) => newest.judge(off, about(9, true), { ver });
		command(one, 1, true, true);
		assert.equal(judge(), Verdict.Held, "after a redelivery the order is not known");
		reconnect(one);
		one.refusing = true;
		command(one, 2, true);
		assert.equal(newest.judge(off, about(8, true), {}), Verdict.Held, "nothing was done");
		one.refusing = false;
		command(one, 3, true);
		assert.equal(newest.judge(off, about(7, true), {}), Verdict.Over);
		assert.equal(newest.judge(off, about(6, true), { ver: 1 }), Verdict.New);
		reconnect(one);
		assert.equal(newest.judge(off, about(5, true), {}), Verdict.Held);
	});

	it("is never known at QoS 0, and leaves no mark", () => {
		const one = stage();
		command(one, 0, true);
		assert.equal(one.newest.state.seen, "");
		assert.equal(command(one, 0, true, true), true);
	});

	it("is over if it is the last that was done, also where one that could not be stored and a local action followed", () => {
		const one = stage();
		command(one, 1, false);
		command(one, 2, true);
		one.refusing = true;
		command(one, 3, false);
		one.refusing = false;
		act(one, false);
		reconnect(one);
		assert.equal(command(one, 2, true, true), "over");
	});

	it("is unsure again where it was when it could not be stored; the next of its text, without DUP, is new again", () => {
		const one = stage();
		command(one, 1, true);
		reconnect(one);
		const off = asked(one, 2, false);
		one.refusing = true;
		assert.equal(command(one, 2, false, true), "unsure");
		assert.equal(one.newest.hold(off), false);
		reconnect(one);
		assert.equal(command(one, 2, false, true), "unsure");
		one.newest.forget();
		assert.equal(command(one, 3, false), false);
		one.refusing = false;
		reconnect(one);
		assert.equal(command(one, 3, false, true), true);
	});

	it("has no place in the order of those at QoS 0", () => {
		const one = stage();
		command(one, 1, true);
		command(one, 2, false);
		reconnect(one);
		command(one, 0, true);
		assert.equal(command(one, 1, true, true), "unsure");
	});

	it("on the same connection is over however often another comes again", () => {
		const one = stage();
		command(one, 1, true);
		for (let n = 0; n < 25; n++) command(one, 2, false, n > 0);
		const { newest } = one;
		const on = asked(one, 1, true).hash;
		assert.equal(newest.judge(on, about(1, true), { ver: 1 }), Verdict.Over);
	});

	it("counts where it was done last", () => {
		const one = stage();
		for (const on of [true, false, true]) command(one, 1, on);
		reconnect(one);
		assert.equal(command(one, 1, true, true), "over");
		assert.equal(command(one, 2, false, true), "unsure");
		// Nor does a version make it a new one, which would then be the last.
		assert.equal(one.newest.judge(asked(one, 3, false).hash, about(3, true), { ver: 1 }), Verdict.Held);
	});

	it("was refused: then it is known all the same", () => {
		const one = stage();
		one.newest.note(asked(one, 1, true).hash);
		assert.equal(command(one, 9, true, true), "over");
	});

	it("is remembered among the last 20", () => {
		const one = stage();
		for (let n = 0; n <= 20; n++) one.newest.note(`${n}x`);
		assert.equal(one.newest.state.seen.split(" ").length, 20);
		// With a cid one that is remembered is over.
		assert.equal(one.newest.judge("0x", about(1, true), { cid: 1 }), Verdict.Held);
		assert.equal(one.newest.judge("1x", about(2, true), { cid: 1 }), Verdict.Over);
		assert.equal(one.newest.judge("1x", about(3, true), {}), Verdict.Held);
	});
});

/** What makes an older command old. */
const done = [
	["a newer command", (one: Stage) => void command(one, 9, false)],
	[
		"a local action",
		(one: Stage) => {
			act(one, false);
			one.newest.save();
		},
	],
] as const;

describe("a command that could not be stored", () => {
	const refused = (one: Stage, ...commands: (readonly [id: number, on: boolean])[]) => {
		one.refusing = true;
		for (const [id, on] of commands) assert.equal(command(one, id, on), false);
		one.refusing = false;
	};

	it("is done when it comes again and nothing newer was done, on the same connection too", () => {
		for (const next of [() => {}, (one: Stage) => reconnect(one)]) {
			const one = stage();
			refused(one, [1, true]);
			next(one);
			assert.equal(command(one, 1, true, true), true);
		}
	});

	for (const [title, newer] of done)
		it(`is over once ${title} was done, also under another identifier and after a restart`, () => {
			const one = stage();
			refused(one, [1, true]);
			newer(one);
			reconnect(one);
			assert.equal(command(one, 5, true, true), "over");
			one.restart();
			assert.equal(command(one, 1, true, true), "over");
		});

	it("does not hide others that could not be stored, however often it comes", () => {
		const one = stage();
		refused(one, [1, true], ...Array(25).fill([2, false]), [0, true]);
		act(one, false);
		reconnect(one);
		assert.equal(command(one, 1, true, true), "over");
		assert.equal(command(one, 2, false, true), "over");
	});

	it("is done after an older one that could not be stored either, and that one not after it", () => {
		const one = stage();
		refused(one, [1, true], [2, false]);
		assert.equal(command(one, 1, true, true), true);
		assert.equal(command(one, 2, false, true), true);
		const third = stage();
		refused(third, [1, true], [2, false]);
		command(third, 1, true, true);
		third.restart();
		assert.equal(command(third, 2, false, true), "unsure");
		const other = stage();
		refused(other, [1, true], [2, false]);
		assert.equal(command(other, 2, false, true), true);
		reconnect(other);
		assert.equal(command(other, 1, true, true), "over");
	});

	it("may be asked for again by a command without DUP, which then is the last", () => {
		const one = stage();
		refused(one, [1, true]);
		command(one, 2, false);
		command(one, 3, true);
		reconnect(one);
		assert.equal(command(one, 3, true, true), "unsure", "this one or the first: it is on in any case");
		assert.equal(one.stored().seen?.includes("!"), false);
	});

	for (const [title, first] of [
		[
			"was given up since it had DUP",
			(one: Stage) => {
				one.refusing = true;
				assert.equal(command(one, 1, true, true), false);
				one.refusing = false;
			},
		],
		[
			"was done at its next delivery",
			(one: Stage) => {
				refused(one, [1, true]);
				reconnect(one);
				assert.equal(command(one, 1, true, true), true);
			},
		],
	] as const)
		it(`does not come again if it ${title}: one with its text that is lost is another one`, () => {
			const one = stage();
			first(one);
			command(one, 2, true);
			command(one, 3, false);
			reconnect(one);
			assert.equal(command(one, 4, true, true), "unsure");
		});

	it("is over when the same was asked for again and something newer was done", () => {
		const one = stage();
		refused(one, [1, true]);
		command(one, 2, true);
		command(one, 3, false);
		reconnect(one);
		assert.equal(command(one, 1, true, true), "over");
	});

	it("is over when an older one that could not be stored either was asked for again", () => {
		const one = stage();
		refused(one, [1, true], [2, false]);
		command(one, 3, true);
		reconnect(one);
		assert.equal(command(one, 2, false, true), "over");
	});

	it("in a session that the broker has lost does not come again: the same text is another one", () => {
		const one = stage();
		refused(one, [1, true]);
		one.newest.forget();
		command(one, 2, false);
		reconnect(one);
		assert.equal(command(one, 1, true, true), "unsure");
	});

	it("is remembered among the last 20 of its kind", () => {
		const one = stage();
		const { brightness, ver, wish } = one.newest.state;
		one.refusing = true;
		for (let n = 0; n <= 20; n++)
			one.newest.order({ on: true, brightness, ver, wish, src: "set", hash: `${n}x` }, true);
		one.refusing = false;
		act(one, false);
		assert.equal(one.newest.state.seen.split(" ").length, 20);
		assert.equal(one.newest.judge("1x", about(1, true), {}), Verdict.Over);
		assert.equal(one.newest.judge("0x", about(2, true), {}), Verdict.Held);
	});
});

describe("a command that is held", () => {
	it("is stored, and still held after a restart", () => {
		const one = stage();
		command(one, 1, false);
		assert.ok(one.newest.hold(asked(one, 2, true)));
		assert.equal(one.newest.state.on, false);
		one.restart();
		assert.deepEqual(one.newest.state.held, asked(one, 2, true));
	});

	it("that cannot be stored is not held, and must not be done once something newer was", () => {
		const one = stage();
		one.refusing = true;
		assert.equal(one.newest.hold(asked(one, 2, true)), false);
		assert.equal(one.newest.state.held, undefined);
		one.refusing = false;
		command(one, 3, false);
		reconnect(one);
		assert.equal(command(one, 2, true, true), "over");
	});

	for (const [title, newer] of [
		...done,
		["a redelivery that proves it old", (one: Stage) => one.newest.drop()],
		["a new session", (one: Stage) => one.newest.forget()],
	] as const)
		it(`is given up with ${title}`, () => {
			const one = stage();
			one.newest.hold(asked(one, 2, true));
			newer(one);
			one.restart();
			assert.equal(one.newest.state.held, undefined);
		});
});

describe("a live command", () => {
	const old = "one that the broker had kept";
	const older = "one that the broker had kept, older than what was done here";
	for (const [title, settling, duplicate, liveOnly, local, why] of [
		["is one after the broker has settled", false, false, true, true, ""],
		["is one where nothing was done here since, though the broker kept it", true, false, false, false, ""],
		["is none when it was kept and something was done here since", true, false, false, true, older],
		["is none when it was kept and only live ones are taken", true, false, true, false, old],
		["is none as a redelivery where only live ones are taken", false, true, true, false, old],
		["is one as a redelivery after the broker has settled", false, true, false, true, ""],
	] as const)
		it(title, () => {
			const one = stage();
			one.newest.disconnected();
			if (local) act(one, true);
			one.newest.accepted(0);
			if (!settling) one.newest.settle();
			assert.equal(one.newest.kept(about(1, duplicate), liveOnly), why);
		});
});

describe("a desired request", () => {
	const retained = { ...about(1), retain: true };
	for (const [title, request, old] of [
		["is new with a greater version", { on: true, ver: 4 }, ""],
		["is old with the version that stands", { on: false, ver: 3 }, "version 3 is not newer than 3"],
		["is old with an older one", { on: false, ver: 2 }, "version 2 is not newer than 3"],
		["without a version is old when it wants what the last one did", { on: true }, "already done"],
		["without a version is new when it wants something else", { on: true, brightness: 9 }, ""],
	] as const)
		it(title, () => {
			const one = stage();
			one.newest.order({ ...asked(one, 1, true), ver: 3, wish: "ON" }, true);
			// What else was done since does not make it new.
			one.newest.order(asked(one, 2, false), true);
			assert.equal(one.newest.old(request, about(1)), old);
			assert.equal(one.newest.old(request, retained), old);
		});

	it("without a version is new while another is held, unless it is the retained copy", () => {
		const one = stage();
		one.newest.order({ ...asked(one, 1, true), wish: "ON", src: "desired" }, true);
		one.newest.hold({ ...asked(one, 2, false), wish: "OFF", src: "desired" });
		assert.equal(one.newest.old({ on: true }, about(3)), "");
		assert.equal(one.newest.old({ on: true }, retained), "already done");
	});

	it("without a version is new while a `set` is held that came behind another, and only then", () => {
		for (const [wish, old] of [
			["OFF", ""],
			["ON", "already done"],
		] as const) {
			const one = stage();
			one.newest.order({ ...asked(one, 1, true), wish: "ON", src: "desired" }, true);
			one.newest.hold({ ...asked(one, 2, false), wish: "OFF", src: "desired" });
			one.newest.hold({ ...asked(one, 3, false), wish, src: "set" });
			assert.equal(one.newest.old({ on: true }, about(4)), old);
			assert.equal(one.newest.old({ on: true }, retained), "already done");
		}
	});
});

describe("a note", () => {
	it("is stored with what is done next, not before", () => {
		const one = stage();
		command(one, 1, true);
		one.newest.note("7x");
		assert.equal(one.writes, 1);
		assert.ok(one.newest.state.seen.endsWith(" 7x"));
		assert.ok(one.newest.save());
		assert.equal(one.stored().seen, one.newest.state.seen);
	});

	it("leaves it standing that a local action was the last, until the broker has settled", () => {
		const one = stage();
		one.newest.disconnected();
		act(one, true);
		one.newest.note("7x");
		assert.equal(one.newest.state.from, LOCAL);
		assert.ok(one.newest.settle());
		assert.equal(one.newest.state.from, 0);
		assert.ok(one.newest.state.on);
		assert.ok(!one.newest.settle(), "nothing to be stored");
	});
});

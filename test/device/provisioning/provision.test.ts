/**
 * What a board is told of its network, its broker and itself by `cmd config`: checked, tried at the next start, kept
 * when a broker takes the board, dropped when none does; and secret.
 */

import assert from "node:assert/strict";
import type { KeyValue } from "../../../modules/device/io.js";
import { overlaid, StoredProvision } from "../../../modules/device/provisioning/trial.js";
import { Report } from "../../../modules/session/outcomes.js";
import { PowerCut, World } from "../stage.js";

const KEYS = ["ssid", "password", "broker", "id", "root"];
const SECRET = "hunter2-hunter2";
const before = { ssid: "OLD", password: "old-secret-1", broker: "mqtt://old" };
const FIVE_MINUTES = 300_000;
const MINUTE = 60_000;

/** A key-value store whose power can go before any of its writes; as the ESP32's, it does not open for reading what was never written. */
class Domain {
	readonly records: Map<string, string>;
	readonly paths = new Set<string>();
	/** Writes until the power goes; never when negative. */
	left = -1;
	writes = 0;
	full = false;
	/** The key that it has no room for. */
	refused = "";

	constructor(records: object = {}) {
		this.records = new Map(Object.entries(records));
	}
	readonly store: KeyValue = {
		open: ({ path, mode }) => {
			this.paths.add(path);
			if (mode === "r" && this.records.size === 0) throw new Error("no such domain");
			const change = (action: () => void) => {
				if (mode === "r") throw new Error("for reading only");
				if (this.full) throw new Error("full");
				if (this.left-- === 0) throw new PowerCut("power");
				this.writes++;
				action();
			};
			return {
				read: key => this.records.get(key),
				write: (key, value) => {
					assert.ok(key.length <= 15 && value.length <= 4000);
					if (key === this.refused) throw new Error("full");
					change(() => this.records.set(key, value));
				},
				delete: key => change(() => this.records.delete(key)),
				close() {},
				[Symbol.iterator]: () => this.records.keys(),
			};
		},
	};
	start(): StoredProvision {
		return new StoredProvision(this.store, KEYS);
	}
	/** What a start would go by; it is none, and counts for nothing. */
	get found(): object {
		const provision = new Domain(Object.fromEntries(this.records)).start();
		const entries = KEYS.map(key => [key, provision.get(key)]).filter(([, text]) => text !== undefined);
		return Object.fromEntries(entries);
	}
}

/** As a host does at a start. */
const provisioned = (raw: object, life: StoredProvision) => overlaid(raw, key => life.get(key));

describe("provision", () => {
	it("is empty on a board that was never told anything, and lies in one domain", () => {
		const domain = new Domain();
		assert.deepEqual(domain.found, {});
		assert.equal(domain.start().trying, false);
		assert.deepEqual([...domain.paths], ["provision"]);
	});

	it("is for the next start, then on trial, and lasts when it is kept", () => {
		const domain = new Domain(before);
		const life = domain.start();
		assert.equal(life.propose({ ssid: "NEW", broker: null }), true);
		assert.equal(life.propose({ password: SECRET }), true);
		assert.deepEqual([life.get("ssid"), life.get("broker"), life.trying], ["OLD", "mqtt://old", false]);
		assert.deepEqual(life.next, { ssid: "NEW", broker: null, password: SECRET });
		const trial = domain.start();
		assert.deepEqual([trial.trying, trial.get("ssid"), trial.get("broker")], [true, "NEW", undefined]);
		assert.deepEqual(trial.next, {});
		assert.equal(trial.keep(), true);
		assert.equal(trial.trying, false);
		assert.deepEqual(domain.found, { ssid: "NEW", password: SECRET });
		assert.equal(domain.start().trying, false);
	});

	it("is as before once it is dropped", () => {
		const domain = new Domain(before);
		domain.start().propose({ ssid: "NEW", password: SECRET });
		assert.equal(domain.start().drop(), true);
		assert.deepEqual(domain.found, before);
	});

	it("that has passed is whole and kept after a power cut at each write, and after any change then", () => {
		const after = { ssid: "NEW", password: SECRET, id: "bed-4" };
		const change = { ...after, broker: null };
		const play = (cut: number) => {
			const domain = new Domain(before);
			domain.start().propose(change);
			const trial = domain.start();
			const { writes } = domain;
			domain.left = cut;
			const kept = trial.keep();
			domain.left = -1;
			return { domain, kept, writes: domain.writes - writes };
		};
		const whole = play(-1);
		assert.ok(whole.writes >= 6);
		const first = play(0);
		assert.deepEqual([first.kept, first.domain.start().trying], [false, true]);
		for (let cut = 1; cut < whole.writes; cut++) {
			const { domain, kept } = play(cut);
			assert.equal(kept, true);
			assert.deepEqual(domain.start().next, {});
			for (const say of [
				(life: StoredProvision) => life.drop(),
				(life: StoredProvision) => life.propose({ root: "attic" }),
				(life: StoredProvision) => life.keep(),
			]) {
				const life = new Domain(Object.fromEntries(domain.records)).start();
				assert.equal(life.trying, false);
				assert.equal(say(life), true);
			}
			assert.deepEqual([domain.found, domain.start().trying], [after, false], `cut before write ${cut}`);
			domain.start().drop();
			assert.deepEqual(domain.found, after);
		}
	});

	it("that has passed and cannot be copied for want of room holds all the same, and nothing takes its place", () => {
		const domain = new Domain(before);
		domain.start().propose({ ssid: "NEW" });
		domain.start().keep();
		domain.records.set("trial", JSON.stringify({ texts: { ssid: "NEW" }, starts: 0, kept: true }));
		domain.records.set("ssid", "OLD");
		domain.full = true;
		const life = domain.start();
		assert.deepEqual([life.get("ssid"), life.propose({ id: "x" }), life.drop()], ["NEW", false, false]);
		domain.full = false;
		domain.refused = "ssid";
		assert.deepEqual([life.propose({ id: "x" }), domain.start().get("ssid")], [false, "NEW"]);
		domain.refused = "";
		assert.equal(domain.start().propose({ id: "x" }), true);
		assert.equal(domain.records.get("ssid"), "NEW");
	});

	it("is tried at three starts at most, when each ends before its time is up", () => {
		const domain = new Domain(before);
		domain.start().propose({ ssid: "NEW" });
		const starts = Array.from({ length: 5 }, () => {
			const life = domain.start();
			return [life.trying, life.get("ssid")];
		});
		const trial = [true, "NEW"];
		assert.deepEqual(starts, [trial, trial, trial, [false, "OLD"], [false, "OLD"]]);
		assert.deepEqual(domain.found, before);
	});

	it("takes nothing more while it is on trial", () => {
		const domain = new Domain(before);
		domain.start().propose({ ssid: "NEW" });
		const life = domain.start();
		assert.equal(life.propose({ id: "x" }), false);
		assert.deepEqual(domain.found, { ...before, ssid: "NEW" });
	});

	it("is not kept once it was dropped, until the next start", () => {
		const domain = new Domain(before);
		domain.start().propose({ ssid: "NEW" });
		const life = domain.start();
		life.drop();
		assert.deepEqual([life.trying, life.keep()], [false, true]);
		assert.deepEqual(domain.found, before);
	});

	for (const [what, trial] of [
		["no JSON", "{"],
		["no object", "[1]"],
		["without texts", '{"ssid":"NEW"}'],
		["of unknown keys", '{"texts":{"x":"y","ssid":7}}'],
	])
		it(`goes by what is stored where the trial is ${what}`, () => {
			const domain = new Domain({ ...before, trial });
			assert.deepEqual([domain.found, domain.start().trying], [before, false]);
		});

	it("lies over the description, where a broker of its own comes without the other one's user and password", () => {
		const built = { root: "r", id: "b", broker: "mqtt://built", user: "me", password: "secret", sensors: [] };
		const domain = new Domain({ id: "c", ssid: "HOME" });
		assert.deepEqual(provisioned(built, domain.start()), { ...built, id: "c" });
		domain.records.set("broker", "mqtt://other");
		const { user: _user, password: _password, ...rest } = built;
		assert.deepEqual(provisioned(built, domain.start()), { ...rest, id: "c", broker: "mqtt://other" });
	});
});

describe("cmd config, provision", () => {
	function scene(records: object = before) {
		const world = new World();
		const domain = new Domain(records);
		world.provision = () => domain.start();
		const raw = { lamp: { pin: 2 }, broker: "mqtt://me:built-secret@built:1884" };
		world.start(raw);
		world.link.connect();
		return {
			world,
			domain,
			again(connect = true) {
				world.kill();
				world.start(raw);
				if (connect) world.link.connect();
			},
			ask(provision?: unknown) {
				const set = provision === undefined ? {} : { set: { provision } };
				world.link.receive("cmd", JSON.stringify({ cmd: "config", cid: "p", ...set }));
				return world.json("cmd/result").at(-1) as {
					ok: boolean;
					error?: string;
					config: { provision: object };
				};
			},
		};
	}

	it("shows what is stored and what the next start will try, and no secret", () => {
		const { ask } = scene();
		assert.deepEqual(ask().config.provision, { ssid: "OLD", password: true, broker: "mqtt://old:1883" });
		const { ok, config } = ask({ password: SECRET, broker: `mqtt://user:${SECRET}@new`, ssid: null });
		assert.equal(ok, true);
		assert.deepEqual(config.provision, {
			ssid: "OLD",
			password: true,
			broker: "mqtt://old:1883",
			next: { password: true, broker: "mqtt://new:1883", ssid: null },
		});
	});

	it("shows a password that looks like an address as `true`, and one that is taken back as null", () => {
		const { ask } = scene();
		const shown = (password: string | null) => (ask({ password }).config.provision as { next: object }).next;
		assert.deepEqual(shown("mqtt://me:secret@broker"), { password: true });
		assert.deepEqual(shown(null), { password: null });
	});

	it("takes null for the built-in value of each key", () => {
		const { ask } = scene();
		const { ok, config } = ask({ broker: null, id: null, root: null });
		assert.equal(ok, true);
		assert.deepEqual((config.provision as { next: object }).next, { broker: null, id: null, root: null });
	});

	it("is kept when the board has been online for a minute after the next start, not for the old connection", () => {
		const { world, domain, again, ask } = scene();
		ask({ ssid: "NEW" });
		world.link.disconnect();
		world.link.connect();
		world.clock.advance(MINUTE);
		again(false);
		world.clock.advance(FIVE_MINUTES - 1);
		world.link.connect();
		world.clock.advance(MINUTE - 1);
		assert.equal(domain.records.get("ssid"), "OLD");
		world.clock.advance(1);
		assert.equal(domain.records.get("ssid"), "NEW");
		world.link.disconnect();
		world.clock.advance(10 * FIVE_MINUTES);
		assert.equal(world.restarts, 0);
	});

	for (const [what, live] of [
		["no broker takes the board", () => {}],
		[
			"each broker throws it out within a minute",
			(world: World) => {
				for (let time = 0; time < FIVE_MINUTES; time += MINUTE) {
					world.link.connect();
					world.clock.advance(MINUTE - 1);
					world.link.disconnect();
					world.clock.advance(1);
				}
			},
		],
		...([Report.filterRefused, Report.filterLeftOut] as const).map(
			event =>
				[
					`the broker does not let it hear commands (report ${event})`,
					(world: World) => {
						world.link.options.onReport?.(event, "r/b/cmd");
						world.link.connect();
					},
				] as const,
		),
	] as const)
		it(`is dropped when ${what} for five minutes, which restarts the board once`, () => {
			const { world, domain, again, ask } = scene();
			ask({ ssid: "NEW", password: SECRET });
			again(false);
			const { now } = world.clock;
			live(world);
			world.clock.advance(now + FIVE_MINUTES + 1000 - world.clock.now);
			assert.equal(world.restarts, 1);
			again(false);
			world.clock.advance(100 * FIVE_MINUTES);
			assert.equal(world.restarts, 1);
			assert.deepEqual(domain.found, before);
		});

	it("is kept though some other filter was refused", () => {
		const { world, domain, again, ask } = scene();
		ask({ ssid: "NEW" });
		again(false);
		world.link.options.onReport?.(Report.filterRefused, "r/b/lamp/set");
		world.link.connect();
		world.clock.advance(MINUTE);
		assert.equal(domain.records.get("ssid"), "NEW");
	});

	it("is taken back by null before the next start", () => {
		const { domain, again, ask } = scene();
		ask({ ssid: "NEW" });
		assert.deepEqual(ask(null).config.provision, { ssid: "OLD", password: true, broker: "mqtt://old:1883" });
		again();
		assert.deepEqual(domain.found, before);
	});

	it("takes nothing more while it is on trial", () => {
		const { again, ask } = scene();
		ask({ ssid: "NEW" });
		again();
		for (const more of [{ id: "x" }, null])
			assert.match(ask(more).error as string, /^provision: expected nothing while it is on trial/);
	});

	it("goes with other changes: those are in force at once, also where it cannot be stored", () => {
		const { world, domain, ask } = scene();
		domain.full = true;
		world.link.receive("cmd", '{"cmd":"config","set":{"lamp":{"failSafe":1000},"provision":{"id":"x"}}}');
		assert.match(
			world.json("cmd/result").at(-1)?.error as string,
			/^provision: expected a change that can be stored/,
		);
		const { config } = ask() as unknown as { config: { lamp: object } };
		assert.deepEqual(config.lamp, { powerOn: "last", failSafe: 1000 });
		world.link.receive("lamp/set", "ON");
		world.link.disconnect();
		world.clock.advance(1000);
		assert.equal(world.level(2), 0);
	});

	it("does not ask for the settings of a description that is gone", () => {
		const { world, ask } = scene();
		world.records.set("config", '{"sensors":{"gone":{"every":500}}}');
		assert.equal(ask({ ssid: "NEW" }).ok, true);
	});

	it("leaves the notes of what the old name retained until it has passed, for the board may go back", () => {
		const domain = new Domain();
		const world = new World();
		const start = (raw: object) => {
			world.provision = () => domain.start();
			const { id = "b" } = provisioned({}, domain.start()) as { id?: string };
			world.start({ id, ...raw });
		};
		start({ lamp: { pin: 2 } });
		domain.start().propose({ id: "c" });
		const notes = () => [...world.records.keys()].filter(key => key.startsWith("r:"));
		const old = notes();
		assert.ok(old.length > 1);
		world.kill();
		start({});
		assert.ok(old.every(key => world.records.has(key)));
	});

	it("that cannot be stored is answered so, and changes nothing", () => {
		const { domain, ask } = scene();
		domain.full = true;
		assert.match(ask({ ssid: "NEW" }).error as string, /^provision: expected a change that can be stored/);
		assert.deepEqual(domain.found, before);
	});

	it("on a host that is told by its command line is answered so", () => {
		const world = new World();
		world.start({ lamp: { pin: 2 } });
		world.link.connect();
		world.link.receive("cmd", '{"cmd":"config","set":{"provision":{"id":"x"}}}');
		const { error, config } = world.json("cmd/result").at(-1) as { error?: string; config?: object };
		assert.match(error as string, /^provision: expected nothing: this host is told when it is started/);
		assert.equal(config, undefined);
	});

	for (const [what, provision, error] of [
		["no object", 7, /^provision: expected an object, or null .*, found something else$/],
		["an unknown key", { sid: "x" }, 'provision.sid: expected a known key, perhaps "ssid", found "sid"'],
		["an empty ssid", { ssid: "" }, 'provision.ssid: expected a text of 1 to 32 bytes, found "…"'],
		[
			"an ssid of 33 bytes",
			{ ssid: `${"é".repeat(16)}x` },
			/^provision.ssid: expected a text of 1 to 32 bytes/,
		],
		[
			"a short password",
			{ password: "1234567" },
			/^provision.password: expected a text of 8 to 64 bytes, .*, found "…"$/,
		],
		["a password that is no text", { password: 1 }, /^provision.password: .* found "…"$/],
		["a broker that is none", { broker: "old" }, /^provision.broker: expected mqtt:/],
		["a broker that is a list", { broker: ["mqtt://a"] }, /^provision.broker: expected a text/],
		["a broker with TLS where there is none", { broker: "mqtts://a" }, /^provision.broker: .*no TLS/],
		["an id of 24 characters", { id: "x".repeat(24) }, /^provision.id: expected 1 to 23 characters/],
		["a root that is too deep", { root: "a/b/c/d/e/f/g" }, /^provision.root: expected at most 4 slashes/],
		["a wildcard in the root", { root: "a/#" }, /^provision.root: expected topic levels/],
	] as const)
		it(`refuses ${what}, and stores nothing of what came with it`, () => {
			const { domain, ask } = scene();
			const good = typeof provision === "object" ? { ...provision, ssid: "NEW", ...provision } : provision;
			const answer = ask(good);
			assert.equal(answer.ok, false);
			if (typeof error === "string") assert.equal(answer.error, error);
			else assert.match(answer.error as string, error);
			assert.deepEqual(Object.fromEntries(domain.records), before);
		});

	it("never prints nor publishes a secret, for any mistake in the message", () => {
		const { world, ask, again } = scene();
		const send = (text: string, topic = "cmd") => world.link.receive(topic, text);
		ask({ password: SECRET, broker: `mqtt://me:${SECRET}@new` });
		ask({ password: SECRET, ssid: "" });
		ask({ password: SECRET, broker: `mqtt://me:${SECRET}@` });
		ask({ broker: `${SECRET}@new` });
		ask({ broker: SECRET });
		ask({ ssid: `HOME ${SECRET} ${SECRET} ${SECRET}` });
		ask(`HOME ${SECRET}`);
		send(`{"set":{"provision":{"password":"${SECRET}"}}}`);
		send(`{"set":{"provision":{"password":"${SECRET}"`);
		send(`{"set":{"broker":"mqtt://m:${SECRET}`);
		send(`{"cmd":"config","set":{"pr\\u006fvision":{"p\\u0061ssword":"${SECRET}"}}}`);
		send(`{"cmd":"config","set":{"password":"${SECRET}"}}`);
		send(`{"cmd":"config","set":{"broker":"mqtt://me:${SECRET}@new"}}`);
		send(`{"cmd":"config","set":{"wifi":{"pass":"${SECRET}"}}}`);
		send(`{"cmd":"config","set":"provision ${SECRET}"}`);
		send(`{"cmd":"provision ${SECRET}"}`);
		send(`config ${SECRET}`);
		send(`["provision","${SECRET}"]`);
		// What the broker still holds of an earlier name.
		world.link.options.onMessage("old/b/cmd", Buffer.from(`{"password":"${SECRET}"}`), {
			QoS: 1,
			retain: false,
			duplicate: false,
			id: 7,
		});
		again(false);
		world.clock.advance(FIVE_MINUTES + MINUTE);
		const told = [...world.trace, ...world.published.map(({ payload }) => payload)].join("\n");
		assert.ok(world.published.length > 18 && world.trace.length > 36);
		for (const secret of [SECRET, "old-secret-1", "built-secret"])
			for (const line of told.split("\n")) assert.ok(!line.includes(secret), line);
	});
});

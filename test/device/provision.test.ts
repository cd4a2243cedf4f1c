/**
 * What a board is told of its network, its broker and itself by `cmd config`: checked, tried at the next start, kept
 * when a broker takes the board, dropped when none does; and secret.
 */

import assert from "node:assert/strict";
import type { KeyValue } from "../../modules/device/io.js";
import Provision from "../../modules/device/provision.js";
import { provisioned } from "../../modules/device/provisioning.js";
import { PowerCut, World } from "./stage.js";

const KEYS = ["ssid", "password", "broker", "id", "root"];
const SECRET = "hunter2-hunter2";
const before = { ssid: "OLD", password: "old-secret-1", broker: "mqtt://old" };
const FIVE_MINUTES = 300_000;

/** A key-value store whose power can go before any of its writes; as the ESP32's, it does not open for reading what was never written. */
class Domain {
	readonly records: Map<string, string>;
	readonly paths = new Set<string>();
	/** Writes until the power goes; never when negative. */
	left = -1;
	writes = 0;
	full = false;

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
					change(() => this.records.set(key, value));
				},
				delete: key => change(() => this.records.delete(key)),
				close() {},
				[Symbol.iterator]: () => this.records.keys(),
			};
		},
	};
	start(): Provision {
		return new Provision(this.store, KEYS);
	}
	/** What a start goes by. */
	get found(): object {
		const provision = this.start();
		const entries = KEYS.map(key => [key, provision.get(key)]).filter(([, text]) => text !== undefined);
		return Object.fromEntries(entries);
	}
}

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

	it("is whole before and after a power cut at each write of keeping it, and ends kept", () => {
		const after = { ssid: "NEW", password: SECRET, id: "bed-4" };
		const change = { ssid: "NEW", password: SECRET, id: "bed-4", broker: null };
		const whole = new Domain(before);
		whole.start().propose(change);
		const { writes } = whole;
		whole.start().keep();
		for (let cut = 0; cut < whole.writes - writes; cut++) {
			const domain = new Domain(before);
			domain.start().propose(change);
			domain.left = cut;
			assert.equal(domain.start().keep(), false);
			domain.left = -1;
			assert.deepEqual(domain.found, after, `cut before write ${cut}`);
			const trial = domain.start();
			assert.equal(trial.trying, true);
			trial.keep();
			assert.deepEqual([domain.found, domain.start().trying], [after, false]);
		}
		assert.ok(whole.writes - writes >= 5);
	});

	for (const [what, trial] of [
		["no JSON", "{"],
		["no object", "[1]"],
		["of keys that nobody knows", '{"x":"y","ssid":7}'],
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

	it("is kept when a broker takes the board after the next start, not when the old connection comes back before", () => {
		const { world, domain, again, ask } = scene();
		ask({ ssid: "NEW" });
		world.link.disconnect();
		world.link.connect();
		assert.equal(domain.records.get("ssid"), "OLD");
		again(false);
		assert.equal(domain.records.get("ssid"), "OLD");
		world.clock.advance(FIVE_MINUTES - 1);
		world.link.connect();
		assert.equal(domain.records.get("ssid"), "NEW");
		world.link.disconnect();
		world.clock.advance(10 * FIVE_MINUTES);
		assert.equal(world.restarts, 0);
	});

	it("is dropped when no broker takes the board for five minutes, which restarts it once", () => {
		const { world, domain, again, ask } = scene();
		ask({ ssid: "NEW", password: SECRET });
		again(false);
		world.clock.advance(FIVE_MINUTES);
		assert.equal(world.restarts, 0);
		world.clock.advance(1000);
		assert.equal(world.restarts, 1);
		again(false);
		world.clock.advance(100 * FIVE_MINUTES);
		assert.equal(world.restarts, 1);
		assert.deepEqual(domain.found, before);
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
		["no object", 7, "provision: expected an object, found 7"],
		["a key nobody knows", { sid: "x" }, 'provision.sid: expected a known key, perhaps "ssid", found "sid"'],
		["an empty ssid", { ssid: "" }, 'provision.ssid: expected a text of 1 to 32 bytes, found ""'],
		[
			"an ssid of 33 bytes",
			{ ssid: `${"é".repeat(16)}x` },
			/^provision.ssid: expected a text of 1 to 32 bytes/,
		],
		["a short password", { password: "1234567" }, /^provision.password: expected 8 to 64 .*, found 7$/],
		["a password that is no text", { password: 1 }, /^provision.password: .* found something else$/],
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

	it("never prints nor publishes a secret, whatever is wrong with the message", () => {
		const { world, ask, again } = scene();
		const send = (text: string) => world.link.receive("cmd", text);
		ask({ password: SECRET, broker: `mqtt://me:${SECRET}@new` });
		ask({ password: SECRET, ssid: "" });
		ask({ password: SECRET, broker: `mqtt://me:${SECRET}@` });
		send(`{"set":{"provision":{"password":"${SECRET}"}}}`);
		send(`{"set":{"provision":{"password":"${SECRET}"`);
		send(`{"cmd":"config","set":{"pr\\u006fvision":{"p\\u0061ssword":"${SECRET}"}}}`);
		send(`{"cmd":"config","set":{"password":"${SECRET}"}}`);
		again(false);
		world.clock.advance(FIVE_MINUTES);
		const told = [...world.trace, ...world.published.map(({ payload }) => payload)].join("\n");
		assert.ok(world.published.length > 8 && world.trace.length > 8);
		for (const secret of [SECRET, "old-secret-1", "built-secret"]) assert.ok(!told.includes(secret), told);
	});
});

/** The network as the session sees it: for TLS alone, none before the time is known. */

import assert from "node:assert/strict";
import type { Description } from "../../modules/device/description/description.js";
import type { Device, NTPClass } from "../../modules/device/io.js";
import Memory from "../../modules/device/memory.js";
import { watchOf } from "../../modules/device/network.js";
import Time from "../../modules/device/time.js";
import { TestClock } from "../clock.js";
import { unsynchronized, World } from "./stage.js";

const NOW = Date.UTC(2026, 5, 1);

type Changed = (up: boolean) => void;

interface Scene {
	readonly broker?: string | string[];
	/** The host tells of its network. */
	readonly told?: boolean;
	readonly ntp?: boolean;
	readonly clock?: TestClock;
	readonly remembered?: number;
}

function scene({ broker = "mqtts://b", told = true, ntp = true, clock, remembered }: Scene) {
	const world = new World(clock ?? unsynchronized(new TestClock()));
	if (remembered !== undefined) world.records.set("time", JSON.stringify({ t: remembered }));
	let asked = 0;
	let answer: ((error: Error | null, time?: number) => void) | undefined;
	const io = class {
		getTime(callback: typeof answer) {
			asked++;
			answer = callback;
		}
		close() {}
	} as unknown as NTPClass;
	let host: Changed = () => assert.fail("nobody watches the host's network");
	const watch = (changed: Changed) => {
		host = changed;
	};
	const network = { ...(told && { watch }), ...(ntp && { ntp: { client: { io } } }) };
	const time = new Time({
		clock: world.clock,
		timer: world.clock,
		memory: new Memory(world.memory),
		ntp: ntp ? { io } : undefined,
		onReport() {},
	});
	world.clock.advance(0);
	const found = watchOf({ network } as Device, { broker } as Description, time);
	const seen: boolean[] = [];
	return {
		watch,
		found,
		seen,
		attach: () => found?.(up => seen.push(up)),
		host: (up: boolean) => host(up),
		asked: () => asked,
		clock: world.clock,
		answer: (time?: number) => answer?.(time ? null : new Error("no route"), time),
	};
}

describe("network", () => {
	for (const [when, options] of [
		["a broker takes plain TCP", { broker: ["mqtts://b", "mqtt://c"] }],
		["the host keeps its clock", { clock: new TestClock(0, NOW) }],
		["the time is held from before a restart", { remembered: NOW }],
		["no NTP will ever tell the time", { ntp: false }],
	] as const)
		it(`is what the host says of it where ${when}`, () => {
			const { found, watch } = scene(options as Scene);
			assert.equal(found, watch);
			assert.equal(scene({ ...(options as Scene), told: false }).found, undefined);
		});

	it("is down for TLS alone until NTP has answered, on a host that does not tell of it", () => {
		const { attach, answer, seen } = scene({ told: false });
		attach();
		assert.deepEqual(seen, [false]);
		answer();
		assert.deepEqual(seen, [false]);
		answer(NOW);
		answer(NOW);
		assert.deepEqual(seen, [false, true]);
	});

	it("is down for TLS alone until there is both a network and the time, whichever comes first", () => {
		const first = scene({});
		first.attach();
		first.host(true);
		first.host(true);
		assert.deepEqual(first.seen, [false]);
		first.answer(NOW);
		assert.deepEqual(first.seen, [false, true]);
		const last = scene({});
		last.attach();
		last.answer(NOW);
		assert.deepEqual(last.seen, [false]);
		last.host(true);
		last.host(false);
		last.host(true);
		assert.deepEqual(last.seen, [false, true, false, true]);
	});

	it("has the time asked for when it comes, however long NTP has failed without it, and not when the time is known", () => {
		const { attach, host, asked, answer, clock } = scene({});
		attach();
		clock.advance(3_600_000);
		const before = asked();
		host(true);
		assert.equal(asked(), before + 1);
		clock.advance(25_000);
		assert.equal(asked(), before + 2);
		answer(NOW);
		host(false);
		host(true);
		assert.equal(asked(), before + 2);
	});

	it("is handed to the board's session", () => {
		const clock = unsynchronized(new TestClock());
		const world = new World(clock);
		world.ntp = { client: { io: class {} as unknown as NTPClass } };
		world.start({ broker: "mqtts://b" });
		const seen: boolean[] = [];
		world.link.options.watch?.(up => seen.push(up));
		assert.deepEqual(seen, [false]);
	});
});

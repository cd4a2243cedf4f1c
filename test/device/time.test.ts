/** `ts` and `tsq`: honest about where the time comes from. */

import assert from "node:assert/strict";
import type { NTPClass } from "../../modules/device/io.js";
import Memory from "../../modules/device/memory.js";
import Time from "../../modules/device/time.js";
import { TestClock } from "../clock.js";
import { unsynchronized, World } from "./stage.js";

const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;

type Answer = (error: Error | null, time?: number) => void;

/** NTP servers that answer when they are told to. */
class Servers {
	asked: Answer[] = [];
	open = 0;
	readonly io: NTPClass;

	constructor() {
		const servers = this;
		this.io = class {
			constructor() {
				servers.open++;
			}
			getTime(callback: Answer) {
				servers.asked.push(callback);
			}
			close() {
				servers.open--;
			}
		};
	}
}

function start(world: World, ntp?: { io: NTPClass }) {
	const { clock } = world;
	return new Time({
		device: { clock, timer: clock, network: ntp ? { ntp: { client: ntp } } : {} },
		memory: new Memory(world.memory),
		publisher: { report() {} },
	});
}
const stamp = (time: Time) => [time.now(), time.quality];

describe("time", () => {
	it("is the host's where the host keeps it true", () => {
		const world = new World(new TestClock(0, NOW));
		assert.deepEqual(stamp(start(world)), [NOW, "ntp"]);
	});

	it("is milliseconds since the start where it was never known, over wrapping ticks too", () => {
		const world = new World(unsynchronized(new TestClock(2 ** 31 - 500)));
		const time = start(world);
		assert.deepEqual(stamp(time), [0, "uptime"]);
		world.clock.advance(60 * 24 * HOUR);
		assert.deepEqual(stamp(time), [60 * 24 * HOUR, "uptime"]);
	});

	it("is set by NTP, asked again every six hours, and held when a day has passed without an answer", () => {
		const world = new World(unsynchronized(new TestClock()));
		const servers = new Servers();
		const time = start(world, servers);
		world.clock.advance(0);
		servers.asked.at(-1)?.(null, NOW);
		assert.deepEqual(stamp(time), [NOW, "ntp"]);
		world.clock.advance(6 * HOUR);
		assert.equal(servers.asked.length, 2);
		servers.asked.at(-1)?.(null, NOW + 7 * HOUR);
		assert.deepEqual(stamp(time), [NOW + 7 * HOUR, "ntp"]);
		world.clock.advance(24 * HOUR);
		assert.deepEqual(stamp(time), [NOW + 31 * HOUR, "held"]);
	});

	it("asks again, ever more rarely, when servers fail or never answer, with one client open at a time", () => {
		const world = new World(unsynchronized(new TestClock()));
		const servers = new Servers();
		start(world, servers);
		world.clock.advance(0);
		servers.asked.at(-1)?.(new Error("no route"));
		world.clock.advance(24 * HOUR);
		assert.ok(servers.asked.length > 20 && servers.asked.length < 40, `${servers.asked.length}`);
		assert.equal(servers.open, 1);
	});

	it("ignores an answer that comes when it has asked anew", () => {
		const world = new World(unsynchronized(new TestClock()));
		const servers = new Servers();
		const time = start(world, servers);
		world.clock.advance(0);
		world.clock.advance(HOUR);
		servers.asked[0]?.(null, 1);
		assert.equal(stamp(time)[1], "uptime");
	});

	describe("from an NTP answer", () => {
		const YEAR = 365 * 24 * HOUR;
		/** Two servers in turn, each asked when the one before has answered. */
		function asked(known: number | undefined, answers: readonly number[]) {
			const world = new World(unsynchronized(new TestClock()));
			if (known !== undefined) world.records.set("time", JSON.stringify({ t: known }));
			const servers = new Servers();
			const time = start(world, servers);
			world.clock.advance(0);
			let seconds = 0;
			for (const answer of answers) {
				const before = servers.asked.length;
				servers.asked.at(-1)?.(null, answer);
				for (seconds = 0; seconds < 100 && servers.asked.length === before; seconds++)
					world.clock.advance(1000);
			}
			world.clock.time -= world.clock.now;
			const { t } = JSON.parse(world.records.get("time") ?? "{}") as { t?: number };
			return { quality: stamp(time)[1], stored: t, asked: servers.asked.length, seconds };
		}

		for (const answer of [1, Date.UTC(1970, 0, 2), Date.UTC(2025, 11, 31)])
			it(`is not taken when that is from before this firmware (${new Date(answer).getUTCFullYear()}), however often it comes`, () => {
				const { quality, stored } = asked(undefined, [answer, answer, answer]);
				assert.deepEqual([quality, stored], ["uptime", undefined]);
			});

		for (const [title, known, answer] of [
			["a correction by a minute back", NOW, NOW - 60_000],
			["a correction by almost an hour back", NOW, NOW - HOUR + 60_000],
			["a month in which the board had no power", NOW, NOW + 30 * 24 * HOUR],
			["the first time ever", undefined, NOW],
		] as const)
			it(`is taken at once for ${title}`, () => {
				const { quality, stored } = asked(known, [answer]);
				assert.deepEqual([quality, stored], ["ntp", answer]);
			});

		for (const [title, known, answer] of [
			["lies a day before the time that is stored", NOW, NOW - 24 * HOUR],
			["lies more than an hour before the time that is stored", NOW, NOW - 1.2 * HOUR],
			["jumps by three years", NOW, NOW + 3 * YEAR],
			["is years later than this firmware, where the time was never known", undefined, NOW + 3 * YEAR],
		] as const) {
			it(`is not taken when that ${title}, before a second one has confirmed it`, () => {
				const once = asked(known, [answer]);
				assert.deepEqual([once.quality, once.stored], [known ? "held" : "uptime", known]);
				assert.deepEqual([once.asked, once.seconds], [2, 2]);
				const twice = asked(known, [answer, answer + 2000]);
				assert.deepEqual([twice.quality, twice.stored], ["ntp", answer + 2000]);
			});

			it(`is not taken when that ${title} and the second one says something else`, () => {
				const { quality, stored } = asked(known, [answer, answer + 2 * YEAR, answer - 2 * HOUR]);
				assert.deepEqual([quality, stored], [known ? "held" : "uptime", known]);
				assert.equal(
					asked(known, [answer, answer + 2000 + 61_000]).stored,
					known,
					"more than a minute apart",
				);
			});

			it(`is that of the second when the first one ${title}, and the second is plausible`, () => {
				assert.equal(asked(known, [answer, NOW + HOUR]).stored, NOW + HOUR);
			});
		}

		it("asks ever more rarely while servers disagree", () => {
			const world = new World(unsynchronized(new TestClock()));
			const servers = new Servers();
			start(world, servers);
			let year = 3;
			for (let hour = 0; hour < 24; hour++)
				for (let second = 0; second < 3600; second++) {
					const before = servers.asked.length;
					world.clock.advance(1000);
					if (servers.asked.length > before) servers.asked.at(-1)?.(null, NOW + year++ * YEAR);
				}
			assert.ok(servers.asked.length < 40, `${servers.asked.length}`);
		});
	});

	it("goes on from the last time known after a restart, and says that it is held", () => {
		const world = new World(new TestClock(0, NOW));
		const time = start(world);
		world.clock.advance(5 * HOUR);
		time.close();
		unsynchronized(world.clock);
		const [now, quality] = stamp(start(world));
		assert.deepEqual([now, quality], [NOW + 5 * HOUR, "held"]);
	});

	it("does not turn a clock back that ran on through the restart", () => {
		const world = new World(new TestClock(0, NOW));
		start(world).close();
		world.clock.synchronized = false;
		world.clock.advance(HOUR);
		assert.deepEqual(stamp(start(world)), [NOW + HOUR, "held"]);
	});

	for (const years of [10, -10])
		it(`jumping by ${years} years changes nothing but ts`, () => {
			const world = new World(new TestClock(0, NOW));
			let reading = 20;
			world.sensors = {
				x: {
					io: class {
						sample() {
							return { value: reading };
						}
						close() {}
					},
					quantity: "value",
				},
			};
			world.start({
				sensors: [{ name: "s", driver: "x", every: 1000 }],
				alerts: [{ name: "hot", sensor: "s", above: 30, holdOn: 3000 }],
				lamp: { pin: 2, failSafe: 10_000 },
			});
			world.link.connect();
			world.link.receive("lamp/set", "ON");
			world.clock.advance(5000);
			const before = world.on("measurements/s").length;
			reading = 31;
			world.clock.advance(1500);
			world.clock.time += years * 365 * 24 * HOUR;
			world.clock.advance(1500);
			assert.equal(world.on("measurements/s").length, before + 3);
			assert.deepEqual(world.on("alerts/hot"), []);
			world.clock.advance(1000);
			assert.equal(world.json("alerts/hot").length, 1);
			assert.equal(world.level(2), 1);
			const ts = world.json("measurements/s").map(({ ts }) => ts as number);
			assert.equal((ts.at(-1) as number) - (ts[0] as number), 9000 + years * 365 * 24 * HOUR);
		});
});

/** The network, for a session that needs the time. */
type Changed = (up: boolean) => void;

interface Scene {
	/** The host tells of its network. */
	readonly told?: boolean;
	readonly ntp?: boolean;
	readonly clock?: TestClock;
	readonly remembered?: number;
}

function scene({ told = true, ntp = true, clock, remembered }: Scene) {
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
	let host: Changed = () => assert.fail("the network is not watched");
	const watch = (changed: Changed) => {
		host = changed;
	};
	const time = new Time({
		device: {
			clock: world.clock,
			timer: world.clock,
			network: ntp ? { ntp: { client: { io } } } : {},
		},
		memory: new Memory(world.memory),
		publisher: { report() {} },
	});
	world.clock.advance(0);
	const found = time.watch(told ? watch : undefined);
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

describe("the network, for TLS alone,", () => {
	for (const [when, options] of [
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

	for (const [broker, delayed] of [
		["mqtts://b", true],
		[["mqtts://b", "mqtts://c"], true],
		[["mqtts://b", "mqtt://c"], false],
	] as const)
		it(`is ${delayed ? "so for" : "the host's for"} a board with ${broker}`, () => {
			const world = new World(unsynchronized(new TestClock()));
			world.ntp = { client: { io: class {} as unknown as NTPClass } };
			world.start({ broker });
			const seen: boolean[] = [];
			world.link.options.watch?.(up => seen.push(up));
			assert.deepEqual(seen, delayed ? [false] : []);
		});
});

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
	return new Time({ clock, timer: clock, memory: new Memory(world.memory), ntp, onReport() {} });
}
const stamp = (time: Time) => [time.now(), time.quality];

describe("time", () => {
	it("is the host's where the host keeps it true", () => {
		const world = new World(new TestClock(0, NOW));
		assert.deepEqual(stamp(start(world)), [NOW, "ntp"]);
	});

	it("is milliseconds since the start where nobody ever knew it, over wrapping ticks too", () => {
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

/** Sensors: the rate, what is missed, and sensors that fail. */

import assert from "node:assert/strict";
import type { SensorDescription } from "../../../modules/device/description/description.js";
import type { Sample, SensorClass, SensorDriver } from "../../../modules/device/io.js";
import Memory, { Boot } from "../../../modules/device/memory.js";
import Sensor from "../../../modules/device/sensors/sensor.js";
import Time from "../../../modules/device/time.js";
import type { TimerHandle } from "../../../modules/mqtt/io.js";
import { TestClock } from "../../clock.js";
import { NotedSession, publishing } from "../publishing.js";
import { scripted } from "../stage.js";

interface Took {
	readonly value: number | undefined;
	readonly at: number;
	readonly periods: number;
}

function sampling(every: number, driver: SensorDriver, clock = new TestClock(0), options: object = {}) {
	const took: Took[] = [];
	const lines: string[] = [];
	class Task extends Sensor {
		override add(value: number | undefined, _now: number, periods: number): void {
			took.push({ value, at: clock.now, periods });
		}
	}
	const sensor = new Task(parts(clock, lines), { ...plain, every, ...options }, [], driver, new Map());
	sensor.start();
	return { clock, sensor, took, lines };
}

const one = scripted(() => 1);
const plain: SensorDescription = { name: "s", driver: "x", every: 100, aggregate: "mean", batch: 1 };
function parts(clock: TestClock, lines: string[], session = new NotedSession()) {
	const memory = new Memory(undefined);
	const boot = new Boot(memory, { fresh: true, whole: true });
	const time = new Time({
		device: { clock, timer: new TestClock(), network: {} },
		memory,
		publisher: { report() {} },
	});
	const publisher = publishing({ timer: clock, trace: line => void lines.push(line) }, session);
	return { timer: clock, time, publisher, memory, boot };
}

describe("sampling task", () => {
	for (const [rate, every, samples] of [
		["120 Hz", 1000 / 120, 7201],
		["200 Hz", 5, 12_001],
		["7 Hz", 1000 / 7, 421],
		["0.1 Hz", 10_000, 7],
	] as const)
		it(`takes every sample at ${rate} over a minute, none early, none late by more than the tick it falls in`, () => {
			const { clock, took, sensor } = sampling(every, one);
			clock.advance(60_000);
			assert.equal(took.length, samples);
			took.forEach(({ at }, n) => {
				assert.ok(at <= n * every + 1e-6 && at > n * every - 1, `sample ${n} at ${at}`);
			});
			assert.equal(sensor.missed ?? 0, 0);
		});

	it("leaves a timer alone that is on time or a millisecond late, and moves it when that is lost", () => {
		const moved: number[] = [];
		class Watched extends TestClock {
			override schedule(handle: TimerHandle, delay?: number, repeat?: number): void {
				moved.push(this.now);
				super.schedule(handle, delay, repeat);
			}
		}
		const clock = new Watched(0);
		let n = 0;
		// That of 500 makes the next one begin at 601, which is as good as on time; that of 1000 the next one at 1150.
		const slow = scripted(() => {
			n++;
			clock.now += n === 6 ? 101 : n === 11 ? 150 : 0;
			return 1;
		});
		const { took } = sampling(100, slow, clock);
		clock.advance(2000);
		// At 1150 to the time of the next one; at 1200 to the period again.
		assert.deepEqual([moved, took.length], [[0, 1150, 1200], 21]);
	});

	it("is not shifted by samples that come late, and counts none of them as missed", () => {
		const clock = new TestClock(0);
		let n = 0;
		// Each sample costs time, up to nearly a whole period.
		const slow = scripted(() => {
			clock.now += [0, 3, 99, 50][n++ % 4] as number;
			return 1;
		});
		const { took, sensor } = sampling(100, slow, clock);
		clock.advance(60_000);
		assert.equal(sensor.missed ?? 0, 0);
		assert.equal(took.length, 601);
		assert.ok(took.every(({ periods }) => periods === 1));
	});

	it("counts what it missed and goes on in step", () => {
		const clock = new TestClock(0);
		let stall = 0;
		const { took, sensor } = sampling(
			100,
			scripted(() => {
				clock.now += stall;
				stall = 0;
				return 1;
			}),
			clock,
		);
		clock.advance(1000);
		stall = 350;
		clock.advance(1000);
		// Due at 1100, done at 1450: those of 1200 and 1300 are gone, that of 1400 is late.
		assert.equal(sensor.missed, 2);
		assert.deepEqual(
			took.slice(11, 14).map(({ at, periods }) => [at, periods]),
			[
				[1450, 1],
				[1450, 3],
				[1500, 1],
			],
		);
	});

	it("begins its rhythm with the first sample, however long the start of the board took", () => {
		const { clock, took, sensor } = sampling(100, one);
		clock.now += 250;
		clock.advance(200);
		assert.deepEqual(
			took.map(({ at, periods }) => [at, periods]),
			[
				[250, 1],
				[350, 1],
				[450, 1],
			],
		);
		assert.equal(sensor.missed ?? 0, 0);
	});

	it("is asked once for a sample by timers that come early, and repeat before they are due", () => {
		// Moddable's on the simulator: a millisecond early at times, and one that its own callback moves to later than it
		// would repeat fires at both times.
		const clock = new TestClock(0);
		const repeats: (readonly [delay: number, repeat: number])[] = [];
		const timer = {
			set: (callback: () => void, delay: number, repeat: number) => clock.set(callback, delay, repeat),
			schedule(handle: object, delay: number, repeat: number) {
				repeats.push([delay, repeat]);
				clock.schedule(handle as never, Math.max(delay - 1, 0), repeat);
			},
			clear: (handle: object) => clock.clear(handle as never),
		};
		const { took } = sampling(100, one, Object.assign(Object.create(clock), timer));
		clock.advance(1000);
		assert.equal(took.length, 11);
		assert.ok(repeats.length === 11 && repeats.every(([delay, repeat]) => repeat >= delay), `${repeats}`);
	});

	it("keeps its rate over days, across wrapping ticks", () => {
		const { clock, took } = sampling(10_000, one, new TestClock(2 ** 31 - 12_345));
		clock.advance(3 * 86_400_000);
		assert.equal(took.length, 3 * 8640 + 1);
		assert.ok(took.every(({ at }, n) => at === 2 ** 31 - 12_345 + n * 10_000));
	});

	it("takes a new rate from the next sample on", () => {
		const { clock, took, sensor } = sampling(1000, one);
		clock.advance(1500);
		sensor.configure({ ...plain, every: 100 });
		clock.advance(600);
		assert.deepEqual(
			took.map(({ at }) => at),
			[0, 1000, 2000, 2100],
		);
	});

	it("gives the driver its defaults and, of the description, the driver's own options only", () => {
		let given: object | undefined;
		const driver: SensorDriver = {
			io: class {
				constructor(options: object) {
					given = options;
				}
				sample(): Sample {
					return { thermometer: { temperature: 21 } };
				}
				close() {}
			},
			quantity: "thermometer.temperature",
			options: { address: { type: "number" } },
			defaults: { sensor: "bus", address: 1 },
		};
		const { clock, took } = sampling(100, driver, undefined, { address: 2, unit: "°C" });
		clock.advance(0);
		const { onError, ...rest } = given as { onError: unknown };
		assert.deepEqual(rest, { sensor: "bus", address: 2 });
		assert.equal(typeof onError, "function");
		assert.equal(took[0]?.value, 21);
	});

	it("stops when it is closed, also from within a sample", () => {
		const clock = new TestClock(0);
		let left = 3;
		const { sensor, took } = sampling(
			100,
			scripted(() => {
				if (--left === 0) sensor.close();
				return 1;
			}),
			clock,
		);
		clock.advance(1000);
		assert.equal(took.length, 3);
		assert.equal(clock.pending, 0);
	});

	it("closes its driver when it is closed, and publishes a batch that is not full", () => {
		const clock = new TestClock(0);
		const session = new NotedSession();
		let closed = 0;
		const driver: SensorDriver = {
			io: class {
				sample() {
					return { value: 1 };
				}
				close() {
					closed++;
				}
			} as SensorClass,
			quantity: "value",
		};
		const sensor = new Sensor(parts(clock, [], session), { ...plain, batch: 5 }, [], driver, new Map());
		sensor.start();
		clock.advance(100);
		assert.deepEqual([session.said.length, closed], [0, 0]);
		sensor.close();
		assert.deepEqual([session.said.length, closed], [1, 1]);
		assert.match(session.said[0]?.[1] as string, /^{"v":\[1,1\],/);
	});
});

describe("sensor that fails", () => {
	const bad: readonly (readonly [title: string, read: () => Sample | undefined, report: RegExp])[] = [
		[
			"throws",
			() => {
				throw new Error("no answer on the bus");
			},
			/^s: no answer on the bus$/,
		],
		[
			"throws what is no error",
			() => {
				throw "gone";
			},
			/^s: gone$/,
		],
		["returns nothing", () => undefined, /^s: no reading$/],
		["returns no such quantity", () => ({ humidity: 1 }), /^s: value: expected a number, found nothing$/],
		["returns NaN", () => ({ value: Number.NaN }), /^s: value: expected a number, found NaN$/],
		["returns text", () => ({ value: "21" }), /^s: value: expected a number, found "21"$/],
		["returns null", () => null as never, /^s: value: expected a number, found nothing$/],
	];
	for (const [title, read, report] of bad)
		it(`is asked again at each sample when it ${title}, and reported once a series`, () => {
			let failing = true;
			const driver: SensorDriver = {
				io: class {
					sample() {
						return failing ? read() : { value: 1 };
					}
					close() {}
				} as SensorClass,
				quantity: "value",
			};
			const { clock, took, lines, sensor } = sampling(100, driver);
			clock.advance(150);
			failing = false;
			clock.advance(100);
			assert.deepEqual(
				took.map(({ value }) => value),
				[undefined, undefined, 1],
			);
			assert.equal(sensor.failures, 2);
			assert.equal(lines.length, 2);
			assert.match(lines[0] as string, report);
			assert.equal(lines[1], "s: reads again after 2 failures");
		});

	it("is made anew after three exceptions in a row, and closed before, each time after a longer while", () => {
		let open = 0;
		const made: number[] = [];
		const clock = new TestClock(0);
		const driver: SensorDriver = {
			io: class {
				constructor() {
					made.push(clock.now);
					assert.equal(++open, 1);
				}
				sample(): Sample {
					throw new Error("stuck");
				}
				close() {
					open--;
				}
			},
			quantity: "value",
		};
		const { took, sensor } = sampling(100, driver, clock);
		clock.advance(20_000);
		assert.deepEqual(made.slice(0, 4), [0, 1200, 3400, 7600]);
		// Each sample that was due is a failure, also while there is no sensor to ask.
		assert.deepEqual([took.length, sensor.failures], [201, 201]);
	});

	it("is not made anew by exceptions between which it had nothing to say", () => {
		let made = 0;
		let n = 0;
		const { clock } = sampling(
			100,
			scripted(
				() => {
					if (n++ % 3 === 2) return undefined;
					throw new Error("stuck");
				},
				() => made++,
			),
		);
		clock.advance(60_000);
		assert.equal(made, 1);
	});

	it("reads again when the number comes that its quantity is a path to", () => {
		let failing = true;
		const driver: SensorDriver = {
			io: class {
				sample() {
					return failing ? {} : { a: { b: 1 } };
				}
				close() {}
			} as SensorClass,
			quantity: "a.b",
		};
		const { clock, lines } = sampling(100, driver);
		clock.advance(150);
		failing = false;
		clock.advance(100);
		assert.deepEqual(lines, ["s: a.b: expected a number, found nothing", "s: reads again after 2 failures"]);
	});

	it("is tried again when it could not even be made", () => {
		let attempts = 0;
		const clock = new TestClock(0);
		const { took } = sampling(
			100,
			scripted(
				() => 1,
				() => {
					if (++attempts < 3) throw new Error("not there");
				},
			),
			clock,
		);
		clock.advance(4000);
		assert.equal(attempts, 3);
		assert.equal(
			took.findIndex(({ value }) => value === 1),
			30,
		);
	});

	it("is not made anew because it has nothing to say", () => {
		let made = 0;
		const { clock } = sampling(
			100,
			scripted(
				() => undefined,
				() => made++,
			),
		);
		clock.advance(60_000);
		assert.equal(made, 1);
	});

	it("is made anew once it has called onError, after which only close may be called (ECMA-419 §13)", () => {
		const calls: string[] = [];
		let fail: (() => void) | undefined;
		const driver: SensorDriver = {
			io: class {
				#dead = false;
				constructor(options: object) {
					calls.push("made");
					fail = () => {
						this.#dead = true;
						(options as { onError: () => void }).onError();
					};
				}
				sample() {
					assert.equal(this.#dead, false);
					return { value: 1 };
				}
				close() {
					calls.push("closed");
				}
			},
			quantity: "value",
		};
		const { clock, took } = sampling(100, driver);
		clock.advance(50);
		fail?.();
		clock.advance(1100);
		assert.deepEqual(calls, ["made", "closed", "made"]);
		assert.equal(took.at(-1)?.value, 1);
	});

	it("does not stop its task when what follows from a sample throws", () => {
		const clock = new TestClock(0);
		let taken = 0;
		const lines: string[] = [];
		class Task extends Sensor {
			override add(): void {
				taken++;
				throw new Error("oops");
			}
		}
		const sensor = new Task(parts(clock, lines), plain, [], one, new Map());
		sensor.start();
		clock.advance(1000);
		assert.equal(taken, 11);
		assert.equal(lines[0], "s: oops");
	});
});

/** A board in the XS engine as its parent process sees it: boot, order of events, ends of all kinds, figures. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDevice, type DeviceOptions, type NodeDevice } from "../../hosts/node/device.js";
import { decode, encode, type Reference, Room } from "../../hosts/xs/channel.js";
import { unavailable } from "../../hosts/xs/harness.js";
import { type RunningBoard, start } from "../../hosts/xs/run.js";
import type { Device } from "../../modules/device/io.js";
import { TestClock } from "../clock.js";
import type { Task } from "./xsboard.js";

const entry = fileURLToPath(new URL("xsboard.ts", import.meta.url));
const reason = unavailable();

describe("hosts/xs: values on the channel", () => {
	const cases: readonly (readonly [string, unknown])[] = [
		["nothing", undefined],
		["null", null],
		["numbers JSON cannot say", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
		["text of any kind", 'é "\u2028" 漢 🐛 \u0000'],
		["objects in objects", { a: [1, { b: true }], c: { d: "" } }],
		["a missing argument between others", [1, undefined, 2]],
	];
	const cross = (...values: unknown[]) =>
		decode(
			encode(values, 16, () => 7),
			16,
			value => value,
		);

	for (const [title, value] of cases)
		it(`carries ${title}`, () => {
			assert.deepEqual(cross(value), [value]);
		});
	it("carries the bytes of each kind of Byte Buffer, and of a view only its window", () => {
		const bytes = Uint8Array.of(9, 1, 2, 3, 9);
		const window = [
			bytes.subarray(1, 4),
			new DataView(bytes.buffer, 1, 3),
			new Int8Array(bytes.buffer, 1, 3),
		];
		for (const value of window)
			assert.deepEqual(cross({ value }), [{ value: Uint8Array.of(1, 2, 3).buffer }]);
		assert.deepEqual(cross(bytes.buffer, new ArrayBuffer(0)), [bytes.buffer, new ArrayBuffer(0)]);
	});
	it("hands out copies, also of a message that lies within a larger buffer", () => {
		const message = encode([Uint8Array.of(1, 2)], 0, () => 0);
		const wire = Buffer.concat([Buffer.alloc(3), message]).subarray(3);
		const [copy] = decode(wire, 0, value => value) as [ArrayBuffer];
		wire.fill(0);
		assert.deepEqual(new Uint8Array(copy), Uint8Array.of(1, 2));
	});
	it("refuses a view that is no Byte Buffer", () => {
		assert.throws(() => cross(new Uint16Array(1)), /expected a Byte Buffer/);
	});
	it("carries errors with kind, message and code", () => {
		for (const error of [
			new Error("a"),
			new RangeError("b"),
			new TypeError("c"),
			Object.assign(new Error("d"), { code: "ECONNREFUSED" }),
		]) {
			const [found] = cross(error) as [Error & { code?: string }];
			assert.equal(found.constructor, error.constructor);
			assert.equal(found.message, error.message);
			assert.equal(found.code, (error as { code?: string }).code);
		}
	});
	it("carries functions as numbers and rooms as lengths", () => {
		assert.deepEqual(cross(() => {}) as Reference[], [{ $callback: 7 }]);
		assert.deepEqual(cross(new Room(5)), [new Room(5)]);
	});
});

(reason ? describe.skip : describe)(`hosts/xs: a board${reason ? ` (${reason})` : ""}`, () => {
	let data: string;
	let device: NodeDevice;
	let board: RunningBoard | undefined;
	const lines: string[] = [];

	beforeEach(() => {
		data = mkdtempSync(join(tmpdir(), "glowworm-xs-"));
		lines.length = 0;
		board = undefined;
	});
	afterEach(async () => {
		await board?.kill();
		device.close();
		rmSync(data, { recursive: true });
	});

	async function run(
		description: Task,
		options: Partial<DeviceOptions> = {},
		patience?: number,
	): Promise<RunningBoard> {
		device = createDevice({ description, data, trace: line => lines.push(line), ...options });
		board = await start({ device, entry, ...(patience !== undefined && { patience }) });
		return board;
	}

	it("gets the description as it was written, and the name of its engine", async () => {
		const values = { text: "é漢", list: [1, null, true], deep: { empty: {} } };
		await run({ values });
		assert.deepEqual(lines, [JSON.stringify(values), "up on xs"]);
	});

	it("gets drivers with what they say of themselves, while their own defaults stay with the classes", async () => {
		const pumped: unknown[] = [];
		const samples = [{ moisture: Number.NaN, temperature: -0.5 }, undefined];
		const times: [Error | null, number?][] = [
			[null, 5],
			[Object.assign(new Error("no answer"), { code: 7 })],
		];
		const served: Device = {
			...createDevice({ description: { drivers: true }, data, trace: line => lines.push(line) }),
			sensor: {
				soil: {
					io: class {
						constructor(options: object) {
							lines.push(JSON.stringify(options));
						}
						sample() {
							if (!samples.length) throw new RangeError("dried out");
							return samples.shift();
						}
						close() {}
					},
					quantity: "moisture",
					unit: "%",
					options: { depth: { type: "number" } },
					defaults: { sensor: { address: 9 } },
				},
			},
			actuator: {
				pump: {
					io: class {
						constructor(options: { initialValue: number }) {
							pumped.push(options.initialValue);
						}
						write(level: number) {
							pumped.push(level);
						}
						close() {
							pumped.push("closed");
						}
					},
					dimmable: true,
				},
			},
		};
		const ntp = class {
			getTime(callback: (error: Error | null, time?: number) => void) {
				setImmediate(() => callback(...(times.shift() ?? [null])));
			}
			close() {
				lines.push("closed");
			}
		};
		device = served as NodeDevice;
		board = await start({
			device: { ...served, network: { ...served.network, ntp: { client: { io: ntp } } } },
			entry,
		});
		while (!lines.includes("closed")) await new Promise(setImmediate);
		assert.deepEqual(pumped, [3, 128, "closed"]);
		assert.deepEqual(lines, [
			"soil in %, options depth; pump dimmable true",
			'{"sensor":{"address":9},"depth":2}',
			'{"moisture":null,"temperature":-0.5}',
			"undefined",
			"RangeError: dried out",
			"up on xs",
			"time null 5",
			"Error: no answer 7",
			"closed",
		]);
	});

	it("ends when it is asked to: `close` of the board, its callback, then the engine", async () => {
		const running = await run({ end: "at once" });
		await running.close();
		assert.deepEqual(lines, ["up on xs", "closing"]);
		assert.equal(await running.exited, undefined);
		await running.close();
	});

	for (const end of ["never", "spin"] as const)
		it(`is ended when its patience is over and \`close\` ${end === "spin" ? "does not return" : "does not call back"}`, async () => {
			const running = await run({ end }, {}, 100);
			await running.close();
			assert.equal(await running.exited, "did not end within 100 ms");
		});

	it("can be cut off without a goodbye", async () => {
		const running = await run({});
		await running.kill();
		assert.deepEqual(lines, ["up on xs"]);
		assert.equal(await running.exited, "killed");
		await running.close();
	});

	it("does not start when `main` throws, and says where in one line", async () => {
		await assert.rejects(run({ throwAt: "boot" }), error => {
			const { message } = error as Error;
			assert.match(message, /^crashed: Error: no boot today at main \(test\/hosts\/xsboard\.ts:\d+\)/);
			return !message.includes("\n");
		});
	});

	it("does not start when the firmware cannot be bundled", async () => {
		device = createDevice({ description: {}, data });
		await assert.rejects(
			start({ device, entry: join(data, "absent.ts") }),
			/Could not resolve "\.\/absent\.ts"/,
		);
	});

	it("dies of an exception that leaves a callback, as on a device, and says where in one line", async () => {
		const running = await run({ throwAt: "timer" });
		assert.match(
			(await running.exited) ?? "",
			/^crashed: RangeError: out of range at .*\(test\/hosts\/xsboard\.ts:\d+\)/,
		);
	});

	for (const [what, task, expected] of [
		["endless recursion", { recurse: true }, /^stack overflow/],
		["a rejection without a handler", { reject: true }, /^crashed: .*unhandled/],
	] as const)
		it(`dies of ${what}`, async () => {
			const running = await run(task);
			assert.match((await running.exited) ?? "", expected);
		});

	it("dies of an exception in its `close`, which then resolves all the same", async () => {
		const running = await run({ throwAt: "close" });
		await running.close();
		assert.match((await running.exited) ?? "", /^crashed: Error: no end today/);
	});

	it("gives back its timers and sockets to the device when it is gone", async () => {
		const clock = new TestClock();
		const running = await run({ delays: [10, 20] }, { timer: clock, clock });
		assert.equal(clock.pending, 2);
		await running.kill();
		assert.equal(clock.pending, 0);
	});

	it("runs by a simulated clock: each callback with the ticks of its time, in the order of the delays", async () => {
		const clock = new TestClock();
		const running = await run({ delays: [300, 100, 200] }, { timer: clock, clock });
		for (let i = 0; i < 4; i++) {
			clock.advance(100);
			await running.settled();
		}
		assert.deepEqual(lines, ["up on xs", "100 at 1100", "200 at 1200", "300 at 1300"]);
	});

	it("handles what fell due at once in order, one at a time", async () => {
		const clock = new TestClock();
		const running = await run({ delays: [3, 1, 2, 1, 0] }, { timer: clock, clock });
		clock.advance(1000);
		await running.settled();
		// The first leaves when it falls due, before the clock goes on; the others wait for it.
		assert.deepEqual(lines.slice(1), ["0 at 1000", "1 at 2000", "1 at 2000", "2 at 2000", "3 at 2000"]);
	});

	it("sees ticks go on within one callback", async () => {
		await run({ wait: 30 });
		assert.deepEqual(lines, ["waited", "up on xs"]);
	});

	it("can ask the host for a restart", async () => {
		await new Promise<void>(resolve => {
			void run({ restart: true }, { restart: resolve });
		});
	});

	describe("with a server", () => {
		let server: Server;
		let port: number;
		let accepted: Promise<Socket>;
		beforeEach(async () => {
			server = createServer();
			accepted = once(server, "connection").then(([socket]) => socket as Socket);
			server.listen(0, "127.0.0.1");
			await once(server, "listening");
			port = (server.address() as AddressInfo).port;
		});
		afterEach(() => server.close());

		it("is not told again of bytes that it has read in the meantime", async () => {
			const running = await run({ port });
			const socket = await accepted;
			// The board reads on until it has ten, so the last eight arrive within its callback.
			socket.setNoDelay(true).write("ab");
			while (!lines.includes("readable 2")) await new Promise(setImmediate);
			socket.write("cdefghij");
			await once(socket, "data");
			await running.settled();
			assert.deepEqual(
				lines.filter(line => line.startsWith("read")),
				["readable 2", "read 10"],
			);
			// And it is told of what comes then.
			socket.end("k");
			await once(socket, "close");
			while (!lines.some(line => line.startsWith("error"))) await new Promise(setImmediate);
			assert.deepEqual(lines.slice(-2), ["readable 1", "error closed"]);
		});

		it("leaves no connection open when it is cut off", async () => {
			const running = await run({ port });
			const socket = await accepted;
			const closed = once(socket.resume(), "close");
			await running.kill();
			await closed;
		});
	});

	it("collects garbage while nothing waits, long before the engine would have to", async () => {
		const clock = new TestClock();
		const running = await run({ delays: Array.from({ length: 2000 }, (_, n) => n) }, { timer: clock, clock });
		const { heapCount: alive } = await running.meter({ collect: true });
		const made: number[] = [];
		for (let n = 0; n < 2000; n++) {
			clock.advance(1);
			await running.settled();
			made.push((await running.meter()).heapCount - alive);
		}
		// 256 Ki slots is where the engine collects by itself.
		assert.ok(Math.max(...made) > 1000 && Math.max(...made) < 32_768, `at most ${Math.max(...made)} slots`);
		assert.ok(made.filter((count, n) => count < (made[n - 1] ?? 0)).length > 20);
	});

	it("tells the engine's figures: the same for the same run, and no slot more after a collection", async () => {
		const figures = [];
		for (let i = 0; i < 2; i++) {
			const clock = new TestClock();
			const running = await run({ delays: [1] }, { timer: clock, clock });
			clock.advance(1);
			await running.settled();
			figures.push(await running.meter());
			const { heapCount } = await running.meter({ collect: true });
			assert.ok(heapCount > 0 && heapCount < (figures[i]?.heapCount ?? 0));
			await running.close();
			device.close();
		}
		assert.deepEqual(figures[1], figures[0]);
	});
});

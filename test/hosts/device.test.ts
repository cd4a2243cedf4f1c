/** The provider of hosts/node: boards side by side, their pins from outside, and what power off means. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDevice, type NodeDevice } from "../../hosts/node/device.js";
import { type PinState, Pins } from "../../hosts/node/pins.js";
import { TCP } from "../../hosts/node/tcp.js";
import { TestClock } from "../clock.js";

describe("hosts/node: a board", () => {
	let root: string;
	const boards: NodeDevice[] = [];
	function board(more: Partial<Parameters<typeof createDevice>[0]> = {}): NodeDevice {
		const device = createDevice({ description: {}, data: join(root, String(boards.length)), ...more });
		boards.push(device);
		return device;
	}
	beforeEach(() => {
		root = mkdtempSync(join(tmpdir(), "glowworm-board-"));
	});
	afterEach(() => {
		for (const device of boards.splice(0)) device.close();
		rmSync(root, { recursive: true });
	});

	it("shares no pin, no value and no flash with another in the same process", () => {
		const [one, two] = [board(), board()];
		for (const device of [one, two]) {
			const { Digital } = device.io;
			new Digital({ pin: device.pin.led ?? 2, mode: Digital.Output, initialValue: device === one ? 1 : 0 });
			device.keyValue.open({ path: "x", format: "string" }).write("key", device === one ? "one" : "two");
			device.flash.open({ path: "journal" }).write(new Uint8Array(4).fill(device === one ? 1 : 2), 0);
		}
		assert.deepEqual([one.pins.read(2).level, two.pins.read(2).level], [1, 0]);
		assert.equal(one.keyValue.open({ path: "x", format: "string" }).read("key"), "one");
		assert.deepEqual(new Uint8Array(two.flash.open({ path: "journal" }).read(1, 0)), Uint8Array.of(2));
	});

	it("is off after close: sockets end, timers and callbacks are silent", async () => {
		const server = createServer().listen(0, "127.0.0.1");
		await once(server, "listening");
		const device = board();
		const { io } = device.network.mqtt.client.socket;
		const { port } = server.address() as AddressInfo;
		const connected = new Promise<void>((resolve, reject) => {
			new io({ address: "127.0.0.1", port, onWritable: () => resolve(), onError: reject });
		});
		const [socket] = await once(server, "connection");
		await connected;
		const calls: string[] = [];
		device.timer.set(() => calls.push("timer"), 1);
		device.timer.repeat(() => calls.push("repeat"), 1);
		new device.network.mqtt.client.dns.io({}).resolve({ host: "127.0.0.1" }, () => calls.push("resolver"));
		const { Digital } = device.io;
		const edge = { mode: Digital.Input, edge: Digital.Rising, onReadable: () => calls.push("pin") };
		new Digital({ pin: 7, ...edge });
		device.pins.drive(7, 1);
		device.close();
		device.timer.set(() => calls.push("late timer"), 1);
		socket.resume();
		await once(socket, "close");
		await new Promise(resolve => setTimeout(resolve, 20));
		assert.deepEqual(calls, []);
		server.close();
	});

	it("takes timer, clock, name, reset and restart from its maker", () => {
		const clock = new TestClock();
		const restart = () => {};
		const device = board({
			clock,
			timer: clock,
			name: "test",
			reset: "watchdog",
			restart,
			description: { id: "x" },
		});
		assert.deepEqual(
			[device.clock, device.timer, device.name, device.reset, device.restart, device.description],
			[clock, clock, "test", "watchdog", restart, { id: "x" }],
		);
		assert.equal(device.network.mqtt.client.timer, clock);
		assert.ok(!("restart" in board()));
	});

	it("has each sensor, or the reason why this machine has not", () => {
		const device = board();
		for (const name of ["cpu-load", "free-memory", "temperature", "wave", "replay"])
			assert.ok(
				(device.sensor[name] === undefined) !== (device.absent[name] === undefined),
				`${name}: ${device.absent[name]}`,
			);
	});
});

describe("hosts/node: pins from outside", () => {
	it("tell a watcher each change of level and duty, and nothing that stays", () => {
		const root = mkdtempSync(join(tmpdir(), "glowworm-pins-"));
		const device = createDevice({ description: {}, data: root });
		const seen: PinState[] = [];
		const stop = device.pins.watch(state => seen.push(state));
		const lamp = new (device.io.PWM as NonNullable<typeof device.io.PWM>)({ pin: 2 });
		lamp.write(1023);
		lamp.write(1023);
		lamp.write(0);
		const { Digital } = device.io;
		const output = new Digital({ pin: { port: 1, pin: 3 }, mode: Digital.Output, activeLow: true });
		output.write(1);
		stop();
		output.write(0);
		assert.deepEqual(seen, [
			{ pin: 2, level: 1, duty: 1 },
			{ pin: 2, level: 0, duty: 0 },
			{ pin: { port: 1, pin: 3 }, level: 1, duty: 1 },
			{ pin: { port: 1, pin: 3 }, level: 0, duty: 0 },
		]);
		assert.equal(device.pins.read({ port: 1, pin: 3 }).level, 1);
		device.close();
		rmSync(root, { recursive: true });
	});
	it("rest at their pull resistor until they are driven", () => {
		const pins = new Pins();
		pins.claim(0, {}, 1);
		assert.equal(pins.read(0).level, 1);
		pins.drive(0, 0);
		assert.equal(pins.read(0).level, 0);
	});
});

describe("hosts/node: TCP", () => {
	it("has a write buffer of the size it is told, and needs no more than a callback each", async () => {
		const server = createServer(socket => socket.resume()).listen(0, "127.0.0.1");
		await once(server, "listening");
		const { port } = server.address() as AddressInfo;
		const options = { address: "127.0.0.1", port, noDelay: true, keepAlive: 1000, writeBuffer: 100 };
		const room = await new Promise<number>(resolve => {
			const tcp: TCP = new TCP({
				...options,
				onWritable(bytes) {
					resolve(bytes);
					assert.throws(() => this.write(new Uint8Array(101)));
					assert.equal(this.write(new Uint8Array(100)), 0);
					assert.throws(() => this.write(Uint8Array.of(1)));
					assert.equal(tcp.remoteAddress, "127.0.0.1");
					assert.equal(tcp.remotePort, port);
					tcp.close();
					assert.equal(tcp.remoteAddress, undefined);
				},
			});
		});
		assert.equal(room, 100);
		server.close();
	});
	for (const [option, value] of [
		["keepAlive", 0],
		["keepAlive", 1.5],
		["writeBuffer", 0],
	] as const)
		it(`refuses ${option} ${value}`, () => {
			assert.throws(() => new TCP({ address: "127.0.0.1", port: 1, [option]: value }), new RegExp(option));
		});
});

/**
 * How deep the stack gets on the two ways through the whole firmware: from the timer to the socket, and from the socket to
 * the pin. XS ends the machine when its stack is used up, so these are budgets. The real session and client over a scripted
 * sensor, socket and pin; a frame is a line of a stack trace between the host's call and its callee.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Session as Inspector, type Profiler } from "node:inspector";
import * as mqtt from "mqtt-packet";
import main from "../../main.js";
import type { Device } from "../../modules/device/io.js";
import MQTTClient from "../../modules/mqtt/client.js";
import type { ResolverClass, TCPClass, TCPOptions, Timer, TimerHandle } from "../../modules/mqtt/io.js";
import type { TestClock } from "../clock.js";
import { scripted, World } from "./stage.js";

/** The calls on the stack, the latest first, as `function (file)`. */
function frames(): string[] {
	const { stack = "" } = new Error();
	return stack
		.split("\n")
		.slice(2)
		.filter(line => line.startsWith("    at "))
		.map(line =>
			line.slice(7).replace(/\(?(?:file:\/\/)?\/\S*?\/((?:modules|test)\/[^:]*):\d+:\d+\)?/, "($1)"),
		);
}

interface Way {
	/** What was reached: the topic of a PUBLISH, or the pin. */
	readonly end: string;
	/** From the callback that the host called to the host's method that was called, the latest first. */
	readonly calls: readonly string[];
}

class Stage {
	readonly ways: Way[] = [];
	/** Called before a timer's callback, and when something is reached. */
	onBegin: (() => void) | undefined;
	onEnd: ((end: string) => void) | undefined;
	readonly world = new World();
	value = 20;
	/** Depth of the host's call. */
	private base = 0;
	private room = 5744;
	private options: TCPOptions | undefined;
	private incoming: Uint8Array = new Uint8Array(0);
	private readonly replies: Uint8Array[] = [];

	constructor() {
		const stage = this;
		const { clock } = this.world;
		this.world.sensors = { script: scripted(() => this.value) };
		const parser = mqtt.parser();
		parser.on("packet", packet => this.answer(packet as mqtt.Packet));
		class Socket {
			constructor(options: TCPOptions) {
				stage.options = options;
				clock.set(() => options.onWritable?.call(this as never, stage.room));
			}
			write(data: Uint8Array): number {
				const calls = frames();
				if (data[0] !== undefined && data[0] >> 4 === 3) {
					const length = (data[2] as number) * 256 + (data[3] as number);
					stage.reach(Buffer.from(data).toString("latin1", 4, 4 + length), calls);
				}
				parser.parse(Buffer.from(data));
				return stage.room;
			}
			read(target: Uint8Array): number {
				const count = Math.min(target.byteLength, stage.incoming.byteLength);
				target.set(stage.incoming.subarray(0, count));
				stage.incoming = stage.incoming.slice(count);
				return count;
			}
			close(): void {}
		}
		class Resolver {
			resolve({ host }: { host: string }, callback: (e: null, address: string, host: string) => void): void {
				clock.set(() => callback(null, "127.0.0.1", host));
			}
			close(): void {}
		}
		const timer = this.timer(clock);
		const device = this.world.device();
		const pin = device.io.Digital.prototype as { write(value: 0 | 1): void };
		const { write } = pin;
		pin.write = function (value) {
			stage.reach("pin", frames());
			write.call(this, value);
		};
		const client = {
			io: MQTTClient,
			socket: { io: Socket as unknown as TCPClass },
			dns: { io: Resolver as unknown as ResolverClass },
			timer,
			ticks: clock,
		};
		const { trace: _, ...quiet } = device;
		const description = {
			root: "r",
			id: "b",
			broker: "mqtt://127.0.0.1",
			sensors: [{ name: "temp", driver: "script", every: 1000, decimals: 1 }],
			alerts: [{ name: "hot", sensor: "temp", above: 30, clear: 28 }],
			lamp: { pin: 2 },
		};
		const whole: Device = { ...quiet, timer, network: { mqtt: { client } }, description };
		main(whole);
		this.advance(60_000);
		this.ways.length = 0;
	}

	/** Time passes, and all that the broker has to say is received. */
	advance(milliseconds: number): void {
		const end = this.world.clock.now + milliseconds;
		while (this.world.clock.now < end) {
			this.world.clock.advance(Math.min(100, end - this.world.clock.now));
			for (let reply = this.replies.shift(); reply; reply = this.replies.shift()) this.receive(reply);
		}
		this.world.clock.advance(0);
	}

	receive(bytes: Uint8Array): void {
		this.incoming = bytes;
		this.base = frames().length;
		this.options?.onReadable?.call({} as never, bytes.byteLength);
		this.base = 0;
	}

	command(topic: string, payload: string): void {
		const packet = {
			cmd: "publish",
			topic,
			payload,
			qos: 1,
			messageId: 7,
			dup: false,
			retain: false,
		} as const;
		this.receive(mqtt.generate(packet));
		this.advance(100);
	}

	private reach(end: string, calls: string[]): void {
		if (!this.base) return;
		this.ways.push({ end, calls: calls.slice(0, calls.length - this.base) });
		this.onEnd?.(end);
	}

	/** Notes the depth at which a callback is called. */
	private timer(clock: TestClock): Timer {
		const noted = (callback: (handle: TimerHandle) => void) => (handle: TimerHandle) => {
			this.base = frames().length;
			this.onBegin?.();
			callback(handle);
			this.base = 0;
		};
		return {
			set: (callback: (handle: TimerHandle) => void, delay?: number, repeat?: number) =>
				clock.set(noted(callback), delay, repeat),
			repeat: (callback: (handle: TimerHandle) => void, interval: number) =>
				clock.repeat(noted(callback), interval),
			schedule: (handle: TimerHandle, delay?: number, repeat?: number) =>
				clock.schedule(handle, delay, repeat),
			clear: (handle: TimerHandle | undefined) => clock.clear(handle),
		};
	}

	private answer(packet: mqtt.Packet): void {
		const reply = (packet: mqtt.Packet) => void this.replies.push(mqtt.generate(packet));
		if (packet.cmd === "connect") reply({ cmd: "connack", returnCode: 0, sessionPresent: false });
		else if (packet.cmd === "subscribe")
			reply({
				cmd: "suback",
				messageId: packet.messageId as number,
				granted: packet.subscriptions.map(() => 1),
			});
		else if (packet.cmd === "publish" && packet.qos === 1)
			reply({ cmd: "puback", messageId: packet.messageId as number });
	}
}

/** The files of modules/ with a function that is called from the timer on until `end` is reached, while `action` runs. */
function touched(stage: Stage, end: string, action: () => void): string[] {
	const inspector = new Inspector();
	let files: string[] = [];
	inspector.connect();
	inspector.post("Profiler.enable");
	inspector.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
	// Counts begin anew with each look at them.
	stage.onBegin = () => inspector.post("Profiler.takePreciseCoverage");
	stage.onEnd = reached => {
		if (reached === end)
			inspector.post("Profiler.takePreciseCoverage", (_, { result }) => (files = called(result)));
	};
	action();
	inspector.disconnect();
	return files;
}

/** Functions of so many characters only read a field or a constant: tsx makes one for each export. */
const ACCESSOR = 40;

function called(scripts: readonly Profiler.ScriptCoverage[]): string[] {
	return scripts
		.filter(({ functions }) =>
			functions.some(
				({ ranges: [range] }) => range && range.count > 0 && range.endOffset - range.startOffset > ACCESSOR,
			),
		)
		.map(({ url }) => url.slice(url.lastIndexOf("/modules/") + 1))
		.filter(url => url.startsWith("modules/"))
		.sort();
}

describe("the stack of the whole firmware", () => {
	const { stackTraceLimit } = Error;
	before(() => {
		Error.stackTraceLimit = 200;
	});
	after(() => {
		Error.stackTraceLimit = stackTraceLimit;
	});

	/** The deepest of the ways that end so. */
	function deepest({ ways }: Stage, end: string): readonly string[] {
		const found = ways.filter(way => way.end === end).sort((a, b) => b.calls.length - a.calls.length)[0];
		assert.ok(found, `no way to ${end}`);
		return found.calls;
	}
	function within(calls: readonly string[], most: number): void {
		assert.ok(calls.length <= most, `${calls.length} frames, at most ${most}:\n${calls.join("\n")}`);
		pictured(calls);
	}

	/** The files of a way are in DESIGN.md's picture of it. */
	function pictured(calls: readonly string[]): void {
		const design = readFileSync(new URL("../../DESIGN.md", import.meta.url), "utf8");
		const [, picture = ""] = /### The ways through\n\n```text\n(.*?)```/s.exec(design) ?? [];
		const named = new Set(picture.match(/[a-z]+/g));
		for (const call of calls) {
			const [, file] = /\(modules\/.*?(\w+)\.ts\)/.exec(call) ?? [];
			if (file) assert.ok(named.has(file), `${call} is not in the picture`);
		}
	}

	it("is at most 8 frames deep from the timer to the socket for a measurement", () => {
		const stage = new Stage();
		for (let n = 0; n < 20; n++) {
			stage.value = 20 + n / 10;
			stage.advance(1000);
		}
		within(deepest(stage, "r/b/measurements/temp"), 8);
	});

	it("is at most 13 frames deep from the timer to the socket for an alert's edge", () => {
		const stage = new Stage();
		for (const value of [35, 20, 35]) {
			stage.value = value;
			stage.advance(1000);
		}
		within(deepest(stage, "r/b/alerts/hot"), 13);
	});

	it("goes through at most 16 files from the timer to the socket for an alert's edge", () => {
		const stage = new Stage();
		stage.value = 35;
		stage.advance(3000);
		stage.value = 20;
		const files = touched(stage, "r/b/alerts/hot", () => stage.advance(1000));
		assert.ok(files.length > 0 && files.length <= 16, `${files.length} files:\n${files.join("\n")}`);
	});

	it("is at most 13 frames deep from the socket to the pin for a command", () => {
		const stage = new Stage();
		stage.command("r/b/lamp/set", "ON");
		stage.command("r/b/lamp/desired", '{"state":"OFF","ver":1}');
		within(deepest(stage, "pin"), 13);
	});

	it("does not hold the command when its state and its answer are published: they have turns of their own", () => {
		const stage = new Stage();
		stage.command("r/b/lamp/set", '{"state":"ON","cid":1}');
		const ends = stage.ways.map(({ end }) => end);
		assert.deepEqual(ends, ["pin", "r/b/lamp/state", "r/b/cmd/result"]);
		for (const topic of ends.slice(1)) {
			const calls = deepest(stage, topic);
			assert.match(calls.at(-1) as string, /session\/deadline.ts/);
			within(calls, 14);
		}
	});
});

/** Making a client (ECMA-419 §25, §8): what the options must be, what CONNECT says, and how it gets there. */

import assert from "node:assert/strict";
import type { IConnectPacket } from "mqtt-packet";
import MQTTClient from "../../modules/mqtt/client.js";
import { Reason } from "../../modules/mqtt/connection.js";
import { TestClock } from "../clock.js";
import { Wire } from "../wire.js";
import Scene, { broker, type Options } from "./scene.js";

/** Options that are wrong in one way; the error's text begins with the option's name. */
const WRONG: readonly (readonly [string, object, RegExp])[] = [
	["no host", { host: undefined }, /^TypeError: host/],
	["an empty host", { host: "" }, /^TypeError: host/],
	["a host that is no string", { host: 7 }, /^TypeError: host/],
	["port 0", { port: 0 }, /^TypeError: port/],
	["port 65536", { port: 65_536 }, /^TypeError: port/],
	["port -1", { port: -1 }, /^TypeError: port/],
	["a port that is not a number", { port: Number.NaN }, /^TypeError: port/],
	["a negative keepAlive", { keepAlive: -1 }, /^TypeError: keepAlive/],
	["a keepAlive above 65535 seconds", { keepAlive: 65_535_001 }, /^TypeError: keepAlive/],
	["a keepAlive that is not a number", { keepAlive: Number.NaN }, /^TypeError: keepAlive/],
	["no socket", { socket: undefined }, /^TypeError: socket/],
	["a socket without io", { socket: {} }, /^TypeError: socket/],
	["no dns", { dns: undefined }, /^TypeError: dns/],
	["a dns without io", { dns: {} }, /^TypeError: dns/],
	["no timer", { timer: undefined }, /^TypeError: timer/],
	["onReadable of 5", { onReadable: 5 }, /^TypeError: callback/],
	["onWritable of null", { onWritable: null }, /^TypeError: callback/],
	["onControl of a text", { onControl: "f" }, /^TypeError: callback/],
	["onError of an object", { onError: {} }, /^TypeError: callback/],
	["an empty id and clean false [MQTT-3.1.3-7]", { id: "", clean: false }, /^RangeError: id/],
	["no id and clean false [MQTT-3.1.3-7]", { id: undefined, clean: false }, /^RangeError: id/],
	["an id with U+0000 [MQTT-1.5.3-2]", { id: "a\0" }, /^RangeError: text/],
	["a password without user [MQTT-3.1.2-22]", { password: "p" }, /^RangeError: user/],
	["a password that is neither text nor bytes", { user: "u", password: 7 }, /^TypeError/],
	["a will without topic [MQTT-3.1.2-9]", { will: { topic: "", message: "" } }, /^RangeError: text/],
	["a will with a wildcard [MQTT-4.7.1-1]", { will: { topic: "+", message: "" } }, /^RangeError: text/],
	["a will of QoS 3 [MQTT-3.1.2-14]", { will: { topic: "w", message: "", QoS: 3 } }, /^RangeError: QoS/],
	[
		"a will message of 65536 bytes",
		{ will: { topic: "w", message: "m".repeat(65_536) } },
		/^RangeError: text/,
	],
];

function minimal(wire = new Wire(), clock = new TestClock()): Options {
	return { socket: wire.socket, dns: wire.dns, timer: clock, host: "broker.test" };
}

function connected(options: Partial<Options>): IConnectPacket {
	const scene = new Scene(options).waiting();
	const [packet] = scene.sent;
	assert.equal(scene.line.writes.length, 1, "CONNECT in one write");
	return packet as IConnectPacket;
}

describe("constructor", () => {
	it("Without an options object it throws (§8)", () => {
		assert.throws(() => new MQTTClient(undefined as never), TypeError);
	});

	for (const [title, options, message] of WRONG)
		it(`With ${title} it throws, before anything is allocated (§8)`, () => {
			const wire = new Wire();
			const clock = new TestClock();
			let resolvers = 0;
			const dns = {
				io: class extends wire.dns.io {
					constructor(options: object) {
						super(options);
						resolvers++;
					}
				},
			};
			assert.throws(
				() => new MQTTClient({ ...minimal(wire, clock), dns, ...options } as never),
				(error: Error) => message.test(`${error.name}: ${error.message}`),
			);
			assert.deepEqual([resolvers, wire.resolutions.length, wire.lines.length, clock.pending], [0, 0, 0, 0]);
		});

	it("A frozen options object is enough, and stays as it is (§8)", () => {
		const options = Object.freeze({ ...minimal(), unknown: 1, io: MQTTClient });
		const before = JSON.stringify(options);
		const client = new MQTTClient(options);
		assert.equal(JSON.stringify(options), before);
		client.close();
	});

	it("When the resolver refuses at once, the constructor throws that and keeps no timer (§8)", () => {
		const clock = new TestClock();
		const dns = {
			io: class {
				resolve(): never {
					throw new Error("no network");
				}
				close() {}
			},
		};
		assert.throws(() => new MQTTClient({ ...minimal(new Wire(), clock), dns }), /no network/);
		assert.equal(clock.pending, 0);
	});

	for (const [title, answer] of [
		["an address", [null, "127.0.0.1"]],
		["an error", [new Error("no such name")]],
	] as const)
		it(`When the resolver answers with ${title} within resolve, nothing is called back from the constructor, and nothing lingers (§8)`, () => {
			const wire = new Wire();
			const clock = new TestClock();
			const dns = {
				io: class {
					resolve(_options: object, callback: (error: Error | null, address?: string) => void): void {
						callback(...(answer as [null, string]));
						callback(...(answer as [null, string]));
					}
					close() {}
				},
			};
			const errors: number[] = [];
			const client = new MQTTClient({
				...minimal(wire, clock),
				dns,
				onError: error => errors.push(error.code),
			});
			assert.deepEqual([errors, wire.lines.length], [[], 0], "within the constructor");
			clock.advance(0);
			assert.deepEqual([errors, wire.lines.length], answer[0] ? [[Reason.unresolved], 0] : [[], 1]);
			client.close();
			assert.equal(clock.pending, 0);
		});

	it("The resolver and the socket get the options of their own objects (§25)", () => {
		const wire = new Wire();
		let seen: object = {};
		const dns = {
			servers: ["10.0.0.1"],
			io: class extends wire.dns.io {
				constructor(options: object) {
					super(options);
					seen = options;
				}
			},
		};
		const socket = { ...wire.socket, tls: { applicationLayerProtocolNegotiation: "mqtt" } };
		new MQTTClient({ ...minimal(wire), dns, socket, port: 8883 });
		assert.deepEqual((seen as typeof dns).servers, ["10.0.0.1"]);
		assert.equal(wire.resolutions[0]?.host, "broker.test");
		wire.resolve(null, "10.0.0.2");
		const { address, port, tls } = wire.line.options;
		assert.deepEqual({ address, port, tls }, { address: "10.0.0.2", port: 8883, tls: socket.tls });
	});

	it("The port is 1883 when none is given (§25)", () => {
		const wire = new Wire();
		new MQTTClient(minimal(wire));
		wire.resolve();
		assert.equal(wire.line.options.port, 1883);
	});

	it("Nothing is sent before the connection stands, and CONNECT is the first packet [MQTT-3.1.0-1]", () => {
		const scene = new Scene();
		scene.wire.resolve();
		assert.equal(scene.line.writes.length, 0);
		scene.line.connect();
		assert.equal(scene.sent[0]?.cmd, "connect");
		scene.line.drain(10);
		scene.line.drain(10);
		assert.equal(scene.sent.length, 1, "CONNECT is sent once");
		assert.deepEqual(scene.log, []);
	});

	it("CONNECT goes out in pieces where it is longer than the socket's buffer", () => {
		const password = Buffer.alloc(1000, "p");
		const scene = new Scene({ id: "i", user: "u", password }, 300).waiting();
		for (let i = 0; i < 3; i++) {
			assert.equal(scene.line.room, 0);
			scene.line.drain(0);
			scene.line.drain(300);
		}
		assert.equal(scene.line.writes.length, 4, "nothing is written where there is no room");
		assert.deepEqual((scene.sent[0] as IConnectPacket).password, password);
		scene.line.send(broker.connack());
		assert.deepEqual(scene.errors, []);
		assert.equal(scene.log[0], "control 2");
	});

	it("CONNECT that fills the socket's buffer is out, and CONNACK may come", () => {
		const scene = new Scene({ id: "scene" }, 19).waiting();
		assert.equal(scene.line.room, 0);
		scene.line.send(broker.connack());
		assert.deepEqual(scene.errors, []);
		assert.equal(scene.log[0], "control 2");
	});

	it("CONNACK that comes before all of CONNECT is out ends the client as unexpected [MQTT-3.2.0-1]", () => {
		const scene = new Scene({ id: "i".repeat(100) }, 50).waiting();
		scene.line.send(broker.connack());
		assert.equal(scene.code, Reason.unexpected);
		scene.check();
	});

	it("The defaults are an empty identifier, clean session, no keep-alive, no will, no user (§25)", () => {
		const { clientId, clean, keepalive, will, username, password } = connected({ id: undefined } as never);
		assert.deepEqual(
			{ clientId, clean, keepalive, will, username, password },
			{
				clientId: "",
				clean: true,
				keepalive: 0,
				will: undefined,
				username: undefined,
				password: undefined,
			},
		);
	});

	for (const [milliseconds, seconds] of [
		[0, 0],
		[1, 1],
		[1000, 1],
		[1001, 2],
		[60_000, 60],
		[65_535_000, 65_535],
	] as const)
		it(`keepAlive of ${milliseconds} ms is sent as ${seconds} s (§25)`, () => {
			assert.equal(connected({ keepAlive: milliseconds }).keepalive, seconds);
		});

	it("Will, user and password go out as text or as bytes [MQTT-3.1.2-9] [MQTT-3.1.2-19] [MQTT-3.1.2-21]", () => {
		const packet = connected({
			clean: false,
			user: "üser",
			password: Uint8Array.of(0, 255, 10),
			will: { topic: "a/status", message: Uint8Array.of(0, 1).buffer, QoS: 1, retain: true },
		});
		assert.equal(packet.clean, false);
		assert.equal(packet.username?.toString(), "üser");
		assert.deepEqual(packet.password, Buffer.of(0, 255, 10));
		assert.equal(packet.will?.topic.toString(), "a/status");
		assert.deepEqual(packet.will?.payload, Buffer.of(0, 1));
		assert.equal(packet.will?.qos, 1);
		assert.equal(packet.will?.retain, true);
	});

	it("A name that cannot be resolved ends the client as unresolved", () => {
		const scene = new Scene();
		scene.wire.resolve(new Error("NXDOMAIN"));
		assert.equal(scene.code, Reason.unresolved);
		assert.match(String(scene.errors[0]?.cause), /NXDOMAIN/);
		scene.check();
	});

	it("A socket that cannot be made ends the client as disconnected", () => {
		const wire = new Wire();
		const errors: unknown[] = [];
		const clock = new TestClock();
		const socket = {
			io: class {
				constructor() {
					throw new Error("out of sockets");
				}
			} as never,
		};
		new MQTTClient({ ...minimal(wire, clock), socket, onError: error => errors.push(error.code) });
		wire.resolve();
		assert.deepEqual(errors, [Reason.disconnected]);
		assert.equal(clock.pending, 0);
	});

	for (const [stage, reach] of [
		["the name is being resolved", () => {}],
		["the connection is being made", (scene: Scene) => scene.wire.resolve()],
		["CONNACK is awaited", (scene: Scene) => void scene.waiting()],
		["CONNACK is half there", (scene: Scene) => scene.waiting().line.send([0x20, 2, 0])],
	] as const)
		for (const [timeout, milliseconds] of [
			[undefined, 30_000],
			[5000, 5000],
		] as const) {
			it(`While ${stage}, the deadline of ${milliseconds} ms ends the client as silent`, () => {
				const scene = new Scene(timeout === undefined ? {} : { timeout });
				reach(scene);
				scene.clock.advance(milliseconds - 1);
				assert.equal(scene.errors.length, 0);
				scene.clock.advance(1);
				assert.equal(scene.code, Reason.silent);
				scene.clock.advance(1_000_000);
				scene.check();
			});
		}

	it("A socket that never has room for CONNECT meets the same deadline", () => {
		const scene = new Scene({ timeout: 1000 }, 3).waiting();
		scene.clock.advance(1000);
		assert.equal(scene.code, Reason.silent);
		scene.check();
	});

	it("After CONNACK the deadline is gone", () => {
		const scene = new Scene({ timeout: 1000 }).connected();
		scene.clock.advance(1_000_000);
		assert.equal(scene.errors.length, 0);
	});

	for (const stage of ["resolving", "connecting", "waiting", "connected"] as const)
		it(`close() while ${stage} calls nothing back afterwards (§8)`, () => {
			const scene = new Scene({ keepAlive: 1000 });
			if (stage !== "resolving") scene.wire.resolve();
			if (stage === "waiting" || stage === "connected") scene.line.connect();
			if (stage === "connected") scene.line.send(broker.connack());
			const calls = scene.log.length;
			scene.close();
			scene.close();
			// A host may have had these on their way: the callbacks of the socket and the resolver are called past `closed`.
			scene.wire.resolutions[0]?.callback(null, "127.0.0.1");
			for (const { options } of scene.wire.lines) {
				options.onWritable?.call({} as never, 100);
				options.onReadable?.call({} as never, 4);
				options.onError?.call({} as never);
			}
			scene.clock.advance(1_000_000);
			assert.equal(scene.log.length, calls);
			assert.ok(scene.wire.lines.every(({ closed }) => closed));
			assert.ok(scene.wire.resolutions.every(({ closed }) => closed));
			scene.check();
		});

	it("The static operation numbers are those of MQTT's table 2.1 (§25)", () => {
		const names =
			"CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT";
		names.split(" ").forEach((name, index) => {
			assert.equal((MQTTClient as unknown as Record<string, number>)[name], index + 1, name);
		});
	});

	it("The static operation numbers are read-only (§25), and a subclass may have properties of its own", () => {
		const statics = MQTTClient as unknown as Record<string, number>;
		assert.throws(() => {
			statics.PUBLISH = 9;
		}, TypeError);
		assert.equal(Reflect.deleteProperty(statics, "PUBLISH"), false);
		assert.equal(MQTTClient.PUBLISH, 3);
		class Mine extends MQTTClient {
			static more = 1;
		}
		Mine.more = 2;
		assert.deepEqual([Mine.more, Mine.PUBLISH], [2, 3]);
	});

	it("format is buffer, and nothing else may be set (§25, §9)", () => {
		const { client } = new Scene();
		assert.equal(client.format, "buffer");
		client.format = "buffer";
		assert.throws(() => {
			client.format = "number" as never;
		}, RangeError);
		assert.equal(client.format, "buffer");
	});

	it("target is kept as it was given, and may be set (§8)", () => {
		const target = {};
		const { client } = new Scene({ target });
		assert.equal(client.target, target);
		client.target = 7;
		assert.equal(client.target, 7);
	});

	it("A client may be subclassed (§8)", () => {
		class Mine extends MQTTClient {}
		const wire = new Wire();
		let self: unknown;
		const mine = new Mine({
			...minimal(wire),
			onControl() {
				self = this;
			},
		});
		wire.resolve();
		wire.line.connect();
		wire.line.send(broker.connack());
		assert.equal(self, mine);
	});
});

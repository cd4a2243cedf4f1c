/** Keep-alive and the end of a connection (MQTT §3.1.2.10, ECMA-419 §8): pings, deadlines, close, exceptions. */

import assert from "node:assert/strict";
import MQTTClient from "../../modules/mqtt/client.js";
import { Reason } from "../../modules/mqtt/connection.js";
import Scene, { broker, type Options } from "./scene.js";

const KEEP_ALIVE = 10_000;
const pings = (scene: Scene) => scene.writes.filter(hex => hex === "c000").length;

/** Lets time go by, the broker answering each ping `delay` later, and returns the longest silence of the client. */
function pass(scene: Scene, milliseconds: number, answer = true, step = 100): number {
	let silence = 0;
	let longest = 0;
	for (let time = 0; time < milliseconds; time += step) {
		const before = scene.line.writes.length;
		scene.clock.advance(step);
		const written = scene.writes.slice(before);
		silence = written.length ? 0 : silence + step;
		longest = Math.max(longest, silence);
		if (answer) for (const hex of written) if (hex === "c000") scene.line.send(broker.pingresp());
	}
	return longest;
}

describe("alive: pings", () => {
	it("An idle client is never silent for as long as the keep-alive interval [MQTT-3.1.2-23]", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		// With a quarter to spare, for what delays a packet on its way.
		assert.ok(pass(scene, 10 * KEEP_ALIVE) <= (KEEP_ALIVE * 3) / 4);
		assert.ok(pings(scene) <= 30, "nor does it talk much");
		assert.equal(scene.errors.length, 0);
		scene.check();
	});

	it("A client that only receives pings all the same [MQTT-3.1.2-23]", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		let silence = 0;
		for (let time = 0; time < 10 * KEEP_ALIVE; time += 500) {
			const before = scene.line.writes.length;
			scene.clock.advance(500);
			silence = scene.line.writes.length > before ? 0 : silence + 500;
			assert.ok(silence < KEEP_ALIVE);
			scene.line.send(broker.publish("t", "x"));
			if (scene.line.writes.length > before) scene.line.send(broker.pingresp());
		}
		assert.equal(scene.errors.length, 0);
	});

	it("A client whose publications are not answered finds out by its pings", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		for (let time = 0; time < 3 * KEEP_ALIVE && !scene.errors.length; time += 100) {
			scene.clock.advance(100);
			if (!scene.errors.length) scene.client.write(undefined, { topic: "t" });
		}
		assert.equal(scene.code, Reason.unanswered);
	});

	it("Without keepAlive no ping goes out and no timer stands", () => {
		const scene = new Scene().connected();
		scene.clock.advance(100_000_000);
		assert.deepEqual(scene.writes, []);
		assert.equal(scene.clock.pending, 0);
	});

	it("A ping that is not answered ends the client as unanswered, within the keep-alive interval after it", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		while (pings(scene) === 0) scene.clock.advance(100);
		const asked = scene.clock.now;
		while (scene.errors.length === 0) scene.clock.advance(100);
		assert.equal(scene.code, Reason.unanswered);
		assert.ok(scene.clock.now - asked <= KEEP_ALIVE);
		scene.clock.advance(10 * KEEP_ALIVE);
		scene.check();
	});

	it("An answer at the last moment is in time", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		for (let round = 0; round < 5; round++) {
			const before = pings(scene);
			while (pings(scene) === before) scene.clock.advance(1);
			scene.clock.advance(3000);
			scene.line.send(broker.pingresp());
		}
		assert.equal(scene.errors.length, 0);
	});

	it("Any byte of the broker is a sign of life: PINGRESP may stand behind a long message", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		scene.line.send(broker.publish("t", Buffer.alloc(100_000)).subarray(0, 50));
		for (let time = 0; time < 10 * KEEP_ALIVE; time += 1000) {
			scene.line.send([0]);
			scene.clock.advance(1000);
		}
		assert.equal(scene.errors.length, 0);
	});

	it("While a long message stands before PINGRESP, PINGREQ goes out within each keep-alive interval [MQTT-3.1.2-23]", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		scene.line.send(broker.publish("t", Buffer.alloc(100_000)).subarray(0, 50));
		let silence = 0;
		for (let time = 0; time < 10 * KEEP_ALIVE; time += 500) {
			const before = scene.line.writes.length;
			scene.line.send([0]);
			scene.clock.advance(500);
			silence = scene.line.writes.length > before ? 0 : silence + 500;
			assert.ok(silence < KEEP_ALIVE, `silent for ${silence} ms at ${time}`);
		}
	});

	it("An application that is slow to read does not end the connection, nor does the client fall silent [MQTT-3.1.2-23]", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE, onReadable() {} }).connected();
		scene.line.send(broker.publish("t", "x"));
		assert.ok(pass(scene, 10 * KEEP_ALIVE, false) < KEEP_ALIVE);
		scene.line.send(broker.pingresp());
		scene.client.read();
		scene.clock.advance(0);
		assert.equal(scene.errors.length, 0);
		assert.ok(scene.controls.some(({ operation }) => operation === MQTTClient.PINGRESP));
	});

	it("A message that was read late leaves the broker the time of a whole ping to answer", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE, onReadable() {} }).connected();
		scene.line.send(broker.publish("t", "x"));
		pass(scene, 3 * KEEP_ALIVE, false);
		scene.client.read();
		scene.clock.advance(0);
		scene.line.send(broker.pingresp());
		assert.equal(scene.errors.length, 0);
		assert.ok(pass(scene, 3 * KEEP_ALIVE) < KEEP_ALIVE);
		assert.equal(scene.errors.length, 0);
	});

	it("An application that is slow to write its fragments does not end the connection, though PINGRESP waits behind a message", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		while (pings(scene) === 0) scene.clock.advance(100);
		scene.client.write(undefined, { topic: "t", byteLength: 2 });
		scene.line.send(
			Buffer.concat([broker.publish("a", "x", { qos: 1, id: 1 }), Buffer.from(broker.pingresp())]),
		);
		scene.clock.advance(3 * KEEP_ALIVE);
		assert.equal(scene.errors.length, 0);
		scene.client.write(Buffer.from("12"), undefined as never);
		scene.clock.advance(0);
		assert.ok(scene.controls.some(({ operation }) => operation === MQTTClient.PINGRESP));
	});

	it("A ping that was answered counts for nothing while the application is slow to write its fragments", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		while (pings(scene) === 0) scene.clock.advance(100);
		scene.line.send(broker.pingresp());
		scene.client.write(undefined, { topic: "t", byteLength: 2 });
		scene.clock.advance(3 * KEEP_ALIVE);
		assert.equal(scene.errors.length, 0);
	});

	it("Between fragments no ping goes out, and after the last they go on [MQTT-3.1.2-23]", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		scene.client.write(undefined, { topic: "t", byteLength: 20 });
		for (let i = 0; i < 20; i++) {
			scene.clock.advance(KEEP_ALIVE / 3);
			scene.client.write(Uint8Array.of(i), undefined as never);
			scene.line.send(broker.publish("a", "x"));
		}
		const bytes = scene.line.written;
		assert.deepEqual(
			[...bytes.subarray(5)],
			Array.from({ length: 20 }, (_, index) => index),
		);
		scene.clock.advance(KEEP_ALIVE);
		assert.ok(pings(scene) > 0);
	});

	// Of the eight bytes that are kept for acknowledgements and pings an application may use none, all, or some.
	for (const [title, more] of [
		["", -1],
		[", its room always used up,", 8],
		[", its room used up but for five bytes,", 3],
	] as const)
		it(`Our own message of many fragments over a slow link${title} does not end the connection, though the broker is silent`, () => {
			const scene: Scene = new Scene(
				{
					keepAlive: KEEP_ALIVE,
					onWritable(count) {
						if (left < 0) return;
						const size = Math.min(left, count + more);
						left -= size;
						if (size > 0) this.write(new Uint8Array(size), undefined as never);
					},
				},
				1000,
			);
			let left = -1;
			scene.connected();
			left = 10_000;
			scene.client.write(undefined, { topic: "t", byteLength: left });
			while (left > 0) {
				scene.line.drain(100);
				scene.clock.advance(KEEP_ALIVE / 5);
				assert.equal(scene.errors.length, 0);
			}
		});

	it("After a long message of our own the broker has the time of a whole ping to answer", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		scene.client.write(undefined, { topic: "t", byteLength: 100 });
		for (let i = 0; i < 100; i++) {
			scene.clock.advance(KEEP_ALIVE / 7);
			scene.client.write(Uint8Array.of(i), undefined as never);
		}
		assert.ok(pass(scene, 5 * KEEP_ALIVE) < KEEP_ALIVE);
		assert.equal(scene.errors.length, 0);
	});

	it("Small messages that use up all room do not end the connection, though the broker is silent and no ping finds room", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		scene.line.room = 0;
		scene.line.drain(100);
		for (let time = 0; time < 10 * KEEP_ALIVE; time += 500) {
			for (let i = 0; i < 17; i++) scene.client.write(undefined, { topic: "t" });
			assert.equal(scene.line.room, 15);
			scene.client.write(Buffer.alloc(10), { topic: "t" });
			assert.equal(scene.line.room, 0);
			scene.clock.advance(500);
			assert.equal(scene.errors.length, 0);
			scene.line.drain(100);
		}
	});

	it("A kernel that takes all that is written is no sign of life: a link that then answers nothing ends as unanswered", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }, 1000).connected();
		for (let time = 0; time < 3 * KEEP_ALIVE && scene.errors.length === 0; time += 100) {
			scene.clock.advance(100);
			// As a host does whose onWritable follows each write as soon as the bytes have left its own buffer.
			if (scene.errors.length === 0 && scene.line.room < 1000) scene.line.drain(1000 - scene.line.room);
		}
		assert.equal(scene.code, Reason.unanswered);
	});

	it("Without room for a ping the client ends as unanswered, should the broker be silent too", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		scene.line.room = 0;
		scene.line.drain(1);
		scene.clock.advance(2 * KEEP_ALIVE);
		assert.equal(scene.code, Reason.unanswered);
		scene.check();
	});

	it("A ping that had no room goes out once there is some [MQTT-3.1.2-23]", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		scene.line.room = 0;
		scene.line.drain(1);
		scene.clock.advance(0.6 * KEEP_ALIVE);
		scene.line.send(broker.publish("a", "x"));
		scene.line.drain(100);
		scene.clock.advance(0.5 * KEEP_ALIVE);
		assert.ok(pings(scene) > 0);
		assert.equal(scene.errors.length, 0);
	});

	it("A dead link in the middle of our own message ends the client as unanswered, though no ping can go out", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }, 1000).connected();
		scene.client.write(Buffer.alloc(scene.line.room - 10), { topic: "t", byteLength: 5000 });
		scene.clock.advance(3 * KEEP_ALIVE);
		assert.equal(scene.code, Reason.unanswered);
		scene.check();
	});

	it("A socket that throws when a ping is written ends the client, and nothing leaves the timer's callback", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		scene.line.closed = true; // the wire's socket throws from now on
		scene.clock.advance(2 * KEEP_ALIVE);
		assert.equal(scene.errors.length, 1);
		scene.check();
	});

	it("keepAlive of 1 ms, which is sent as 1 s, does not ping more often than that needs", () => {
		const scene = new Scene({ keepAlive: 1 }).connected();
		assert.ok(pass(scene, 10_000, true, 10) < 1000);
		assert.ok(pings(scene) <= 30);
	});
});

describe("alive: the end", () => {
	const events: readonly (readonly [keyof Options, (scene: Scene) => void])[] = [
		["onControl", scene => scene.line.send(broker.pingresp())],
		["onReadable", scene => scene.line.send(broker.publish("t", "abc", { qos: 1, id: 1 }))],
		["onWritable", scene => scene.line.drain(10)],
		["onError", scene => scene.line.drop("reset")],
	];

	for (const [name, cause] of events) {
		it(`close() in ${name}, twice, ends all: nothing is called or sent after it (§8)`, () => {
			let calls = 0;
			let after: string[] = [];
			const scene: Scene = new Scene({
				keepAlive: KEEP_ALIVE,
				[name](this: MQTTClient) {
					if (!armed) return;
					calls++;
					scene.close();
					this.close();
					after = [...scene.writes];
				},
			});
			let armed = false;
			scene.connected();
			armed = true;
			cause(scene);
			scene.line.send(broker.publish("t"));
			scene.line.drain(10);
			scene.clock.advance(10 * KEEP_ALIVE);
			assert.equal(calls, 1);
			assert.deepEqual(scene.writes, after);
			assert.ok(scene.line.closed);
			assert.equal(scene.errors.length, name === "onError" ? 1 : 0);
			scene.check();
		});

		it(`close() in ${name} while more packets stand in the same segment: none is delivered (§8)`, () => {
			const scene: Scene = new Scene({
				[name]() {
					if (armed) scene.close();
				},
			});
			let armed = false;
			scene.connected();
			armed = true;
			const again = [broker.publish("t", "x", { qos: 1, id: 1 }), Buffer.from(broker.pingresp())];
			scene.line.send(Buffer.concat(name === "onControl" ? again.reverse() : again));
			cause(scene);
			assert.ok(scene.line.closed);
			scene.check();
		});
	}

	it("close() in onControl of CONNACK: no onWritable follows (§8)", () => {
		const scene: Scene = new Scene({ onControl: () => scene.close(), keepAlive: 1000 }).waiting();
		scene.line.send(Buffer.concat([Buffer.from(broker.connack()), broker.publish("t")]));
		scene.clock.advance(100_000);
		assert.deepEqual(scene.log, ["control 2"]);
		scene.check();
	});

	it("close() in onControl of a refusing CONNACK: no onError follows (§8)", () => {
		const scene: Scene = new Scene({ onControl: () => scene.close() }).waiting();
		scene.line.send(broker.connack(5));
		assert.deepEqual(scene.log, ["control 2"]);
		scene.check();
	});

	it("close() between the fragments of a message ends all, in either direction (§8)", () => {
		const scene = new Scene({ keepAlive: 1000 }).connected();
		scene.client.write(undefined, { topic: "t", byteLength: 9 });
		scene.line.send(broker.publish("t", "0123456789").subarray(0, 9));
		scene.forget().close();
		scene.clock.advance(100_000);
		assert.deepEqual([scene.log, scene.writes], [[], []]);
		scene.check();
	});

	it("close() sends no DISCONNECT (§25)", () => {
		const scene = new Scene().connected();
		scene.close();
		assert.deepEqual(scene.writes, []);
	});

	it("close() after a read that left a resumption pending calls nothing (§8)", () => {
		const scene = new Scene({ onReadable() {} }).connected();
		scene.line.send(Buffer.concat([broker.publish("a", "1"), broker.publish("b", "2")]));
		scene.client.read();
		scene.close();
		scene.clock.advance(1000);
		assert.equal(scene.log.length, 1);
		scene.check();
	});

	it("DISCONNECT is the last packet; close() then ends the connection [MQTT-3.14.4-1] [MQTT-3.14.4-2]", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		scene.client.write(undefined, { operation: MQTTClient.DISCONNECT });
		assert.deepEqual(scene.writes, ["e000"]);
		scene.close();
		assert.ok(scene.line.closed);
		scene.check();
	});

	for (const [title, reach] of [
		["being made", (scene: Scene) => scene.wire.resolve()],
		["waiting for CONNACK", (scene: Scene) => void scene.waiting()],
		["connected", (scene: Scene) => void scene.connected()],
	] as const)
		it(`A connection lost while ${title} is one onError, as disconnected, with the host's reason`, () => {
			const scene = new Scene({ keepAlive: KEEP_ALIVE });
			reach(scene);
			const { onError } = scene.line.options;
			scene.line.drop("ECONNRESET");
			onError?.call({} as never, "again");
			assert.equal(scene.code, Reason.disconnected);
			assert.equal(scene.errors[0]?.cause, "ECONNRESET");
			assert.throws(() => scene.client.write(undefined, { topic: "t" }), /not connected/);
			scene.clock.advance(10 * KEEP_ALIVE);
			scene.check();
		});

	for (const [name, cause] of events.slice(0, 3))
		it(`What ${name} throws ends the client as application, with the error as its cause, and goes no further [MQTT-4.8.0-2]`, () => {
			const mistake = new Error("mine");
			const scene: Scene = new Scene({
				keepAlive: KEEP_ALIVE,
				[name]() {
					if (armed) throw mistake;
				},
			});
			let armed = false;
			scene.connected();
			armed = true;
			cause(scene);
			assert.equal(scene.code, Reason.application);
			assert.equal(scene.errors[0]?.cause, mistake);
			scene.clock.advance(10 * KEEP_ALIVE);
			scene.check();
		});

	it("What onControl of CONNACK throws ends the client as application", () => {
		const scene = new Scene({
			onControl() {
				throw new Error("mine");
			},
		}).waiting();
		scene.line.send(broker.connack());
		assert.equal(scene.code, Reason.application);
		scene.check();
	});

	it("What onReadable throws outside the socket's callback ends the client as application too", () => {
		let count = 0;
		const scene = new Scene({
			onReadable() {
				if (++count === 2) throw new Error("mine");
			},
		}).connected();
		scene.line.send(Buffer.concat([broker.publish("a", "1"), broker.publish("b", "2")]));
		scene.client.read();
		scene.clock.advance(0);
		assert.equal(scene.code, Reason.application);
		scene.check();
	});

	it("What onError throws goes nowhere", () => {
		const scene = new Scene({
			onError() {
				throw new Error("mine");
			},
		}).connected();
		scene.line.drop();
		assert.equal(scene.code, Reason.disconnected);
		scene.check();
	});

	it("A thing that is no Error is a cause all the same", () => {
		const scene = new Scene({
			onReadable() {
				throw 7;
			},
		}).connected();
		scene.line.send(broker.publish("t"));
		assert.equal(scene.code, Reason.application);
		assert.equal(scene.errors[0]?.cause, 7);
	});

	it("A write that throws for want of room inside a callback, uncaught, is the application's exception", () => {
		const scene = new Scene({
			onControl(opcode) {
				if (opcode === MQTTClient.PINGRESP) this.write(Buffer.alloc(100_000), { topic: "t" });
			},
		}).connected();
		scene.line.send(broker.pingresp());
		assert.equal(scene.code, Reason.application);
		assert.deepEqual(scene.writes, []);
	});

	it("All callbacks have the client as this (§8)", () => {
		const scene = new Scene({ keepAlive: KEEP_ALIVE }).connected();
		for (const [, cause] of events) cause(scene);
		assert.ok(scene.own);
		assert.deepEqual(
			new Set(scene.log.map(line => line.split(" ")[0])),
			new Set(["control", "readable", "writable", "error"]),
		);
	});

	it("An application that makes a new client in onError is not disturbed by the old one", () => {
		const scenes: Scene[] = [];
		const start = () => {
			const scene: Scene = new Scene({ onError: start, keepAlive: KEEP_ALIVE });
			scenes.push(scene);
		};
		start();
		for (let i = 0; i < 20; i++) {
			(scenes[i] as Scene).connected().line.drop();
			scenes[i]?.clock.advance(10 * KEEP_ALIVE);
		}
		assert.equal(scenes.length, 21);
		for (const scene of scenes) scene.check();
	});
});

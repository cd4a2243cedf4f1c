/**
 * A session, the real client and a network in memory, for the XS engine: `reconnect(n)` loses the connection n
 * times, each with a publication, a command and an alert on the way. Run by heap.test.ts through hosts/xs/harness.
 */

import MQTTClient from "../../modules/mqtt/client.js";
import { Queue } from "../../modules/session/queue.js";
import Session from "../../modules/session/session.js";
import { TestClock } from "../clock.js";
import { Wire } from "../wire.js";

const clock = new TestClock();
const wire = new Wire();
const outbox = new Queue();
const lamp = "board/lamp/set";
let received = 0;
let connects = 0;
const session = new Session({
	client: { io: MQTTClient, socket: wire.socket, dns: wire.dns, timer: clock, ticks: clock } as never,
	brokers: [{ host: "broker", port: 1883 }],
	id: "board",
	keepAlive: 30_000,
	status: { topic: "board/status", online: "online", offline: "offline" },
	subscriptions: [{ topic: lamp, QoS: 1 }],
	outbox,
	timer: clock,
	ticks: clock,
	random: () => 0.5,
	onMessage: () => received++,
	onOnline: () => connects++,
});

/** Answers what the client has written since: CONNECT, SUBSCRIBE, QoS 1. */
function answer(from: number): number {
	const { line } = wire;
	for (let i = from; i < line.writes.length; i++) {
		const bytes = line.writes[i]?.bytes as Uint8Array;
		const first = bytes[0] as number;
		if (first === 0x10) line.send([0x20, 2, 0, 0]);
		else if (first === 0x82) {
			// A code for each filter: 0 is granted.
			let filters = 0;
			for (let at = 4; at < bytes.length; at += 3 + ((bytes[at] as number) << 8) + (bytes[at + 1] as number))
				filters++;
			line.send([0x90, 2 + filters, bytes[2] as number, bytes[3] as number, ...new Array(filters).fill(0)]);
		} else if ((first & 0xf6) === 0x32) {
			const length = ((bytes[2] as number) << 8) | (bytes[3] as number);
			line.send([0x40, 2, bytes[4 + length] as number, bytes[5 + length] as number]);
		}
	}
	return line.writes.length;
}

export function reconnect(times: number): { received: number; connects: number; held: number } {
	for (let i = 0; i < times; i++) {
		clock.advance(120_000);
		wire.resolve();
		wire.line.connect();
		let seen = 0;
		for (let turn = 0; turn < 6; turn++) {
			seen = answer(seen);
			clock.advance(1);
		}
		session.publish("board/measurements/temp", '{"v":23.4}');
		session.publish("board/alerts/overheat", '{"state":"ON"}', { QoS: 1, durable: true });
		const set = [
			0x32,
			4 + lamp.length + 2,
			0,
			lamp.length,
			...Array.from(lamp, c => c.charCodeAt(0)),
			0,
			7,
			79,
			78,
		];
		wire.line.send(set);
		clock.advance(1);
		answer(seen);
		wire.line.drop();
		// The test's own memory of what went by must not grow.
		wire.lines.length = 0;
		wire.resolutions.length = 0;
	}
	return { received, connects, held: outbox.length };
}
